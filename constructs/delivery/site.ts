/**
 * `StaticSite`: files of a private bucket as a website. CloudFront delivers them under a certificate, turns URLs into
 * keys, answers what is missing with a page and 404, and adds security headers to every answer. Given a folder, it also
 * puts the files there and invalidates the cache. No website endpoint, nothing public in S3.
 * Source: CloudFront developer guide, "Get started with a secure static website", "Configure error response behavior".
 */
import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Removal } from '../bucket/removal';
import { makeBucket } from '../events/made';
import { Problems } from '../validation/problems';
import { SiteContent } from './content';
import { checkDelivery, deliver } from './distribution';
import { STRICT_CONTENT_SECURITY_POLICY, securityHeaders } from './headers';
import type { DeliveryProps } from './props';
import { Routing } from './routing';

/** A page for answers with an error. */
export interface ErrorPage {
  /** Status of the error: 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504. */
  readonly status: number;
  /** Path of the page, beginning with `/`. */
  readonly path: string;
  /**
   * How long the answer is kept.
   * @default Duration.minutes(1)
   */
  readonly ttl?: Duration;
}

/** Properties of `StaticSite`. */
export interface StaticSiteProps extends DeliveryProps {
  /**
   * How URLs become keys.
   * @default Routing.directories()
   */
  readonly routing?: Routing;
  /**
   * Name of the page of a directory.
   * @default 'index.html'
   */
  readonly indexDocument?: string;
  /**
   * Pages for errors. Each keeps its status.
   * @default - /404.html for 404
   */
  readonly errorPages?: ErrorPage[];
  /**
   * What pages may load and from where.
   * @default - everything from the site itself, images as data URLs, inline styles
   */
  readonly contentSecurityPolicy?: string;
  /**
   * Folder whose files are put into the bucket.
   * @default - none: files come another way
   */
  readonly content?: string;
  /**
   * Paths that are invalidated when the content changes; `[]` for none.
   * @default ['/*']
   */
  readonly invalidationPaths?: string[];
}

const STATUSES = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/**
 * A website of files in a private bucket.
 *
 * @example
 * const site = new StaticSite(this, 'Site', { content: 'site/', routing: Routing.directories() });
 * new CfnOutput(this, 'Url', { value: site.url });
 */
export class StaticSite extends Construct {
  /** Holds the files. */
  public readonly bucket: s3.IBucket;
  /** Delivers them. */
  public readonly distribution: cloudfront.Distribution;
  /** Where people find it. */
  public readonly url: string;
  /** Puts the content there, if any was given. */
  public readonly content?: SiteContent;
  /** Statements that a bucket or key needs whose policy is not ours to change. */
  public readonly requiredStatements: iam.PolicyStatement[];

  constructor(scope: Construct, id: string, props: StaticSiteProps = {}) {
    super(scope, id);
    const indexDocument = props.indexDocument ?? 'index.html';
    const errorPages = props.errorPages ?? [{ status: 404, path: '/404.html' }];
    const csp = props.contentSecurityPolicy ?? STRICT_CONTENT_SECURITY_POLICY;
    this.check(props, indexDocument, errorPages, csp);

    this.bucket = props.bucket ?? siteBucket(this, props.removal);
    const headers = securityHeaders(this, 'Headers', {
      contentSecurityPolicy: csp,
      corsOrigins: [],
      corsCredentials: false,
    });
    const source = (props.routing ?? Routing.directories())._source(indexDocument, props.domain?.canonical);
    const { distribution, required } = deliver(this, props, {
      bucket: this.bucket,
      comment: `Site ${this.node.path}`,
      tellMissing: true,
      defaultRootObject: indexDocument,
      errorResponses: errorPages.map(({ status, path, ttl }) => ({
        httpStatus: status,
        responseHttpStatus: status,
        responsePagePath: path,
        ttl: ttl ?? Duration.minutes(1),
      })),
      behaviour: {
        allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
        compress: true,
        responseHeadersPolicy: headers,
        functionAssociations:
          source === undefined
            ? undefined
            : [
                {
                  eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
                  function: new cloudfront.Function(this, 'Routing', {
                    comment: `URLs of ${this.node.path} to keys`.slice(0, 128),
                    code: cloudfront.FunctionCode.fromInline(source),
                    runtime: cloudfront.FunctionRuntime.JS_2_0,
                  }),
                },
              ],
      },
      paths: {},
    });
    this.distribution = distribution;
    this.requiredStatements = required;
    this.url = `https://${props.domain?.names[0] ?? distribution.distributionDomainName}`;
    if (props.content !== undefined)
      this.content = new SiteContent(this, 'Content', {
        folder: props.content,
        bucket: this.bucket,
        distribution,
        invalidationPaths: props.invalidationPaths,
        removal: props.removal,
        alarmActions: props.alarmActions,
      });
  }

  private check(props: StaticSiteProps, indexDocument: string, errorPages: ErrorPage[], csp: string): void {
    const problems = new Problems(this);
    checkDelivery(this, problems, props);
    problems.check(
      /^[^/]+\.[^/.]+$/.test(indexDocument),
      'indexDocument',
      indexDocument,
      'a file name with an extension and without /',
      'leave it out for index.html',
    );
    errorPages.forEach(({ status, path, ttl }, i) => {
      problems.check(
        STATUSES.includes(status),
        `errorPages[${i}].status`,
        status,
        STATUSES.join(', '),
        'CloudFront knows pages for these errors only',
      );
      problems.check(
        path.startsWith('/') && path.length > 1,
        `errorPages[${i}].path`,
        path,
        'a path that begins with /',
        `use ${JSON.stringify(`/${path.replace(/^\/+/, '') || '404.html'}`)}`,
      );
      const seconds = ttl === undefined || ttl.isUnresolved() ? 0 : ttl.toSeconds({ integral: false });
      problems.check(
        Number.isInteger(seconds) && seconds <= 31_536_000,
        `errorPages[${i}].ttl`,
        seconds,
        'whole seconds up to a year',
        'leave it out for a minute',
      );
      problems.check(
        errorPages.findIndex((page) => page.status === status) === i,
        `errorPages[${i}].status`,
        status,
        'one page for each status',
        'leave out the repetition',
      );
    });
    problems.check(
      csp.trim() !== '' && !/[\r\n]/.test(csp),
      'contentSecurityPolicy',
      csp,
      'directives in one line',
      'leave it out for a strict one',
    );
    problems.check(
      props.invalidationPaths === undefined || props.content !== undefined,
      'invalidationPaths',
      props.invalidationPaths,
      'only with content',
      'give content, or leave out invalidationPaths',
    );
    problems.throwIfAny();
  }
}

/** What a deployment replaces is kept for a while, for whoever wants it back. */
function siteBucket(scope: Construct, removal?: Removal) {
  return makeBucket(scope, 'Files', {
    lifecycleRules: [{ id: 'forget-replaced', noncurrentVersionExpiration: Duration.days(30) }],
    removal,
  });
}
