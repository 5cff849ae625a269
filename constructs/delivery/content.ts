/**
 * `SiteContent`: the files of a folder, put into a bucket on deployment, with the media types and cache lifetimes that
 * their names call for; pages last, so that none refers to what is not there yet; what is gone is deleted, and the cache
 * invalidated. One function does it, held to one archive, one bucket and one distribution.
 * Sources: CDK "Assets"; CloudFormation user guide, "Custom resource reference"; CloudFront developer guide, "Invalidate files".
 */
import { existsSync, statSync } from 'node:fs';
import { ArnFormat, CustomResource, Duration, Stack, Token } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Removal } from '../bucket/removal';
import { Concurrency, SecureFunction } from '../compute/function';
import { bundled } from '../compute/handlers';
import { Problems } from '../validation/problems';

/** Properties of `SiteContent`. */
export interface SiteContentProps {
  /** Folder whose files are put into the bucket. */
  readonly folder: string;
  /** The bucket. */
  readonly bucket: s3.IBucket;
  /**
   * Beginning of the keys, ending in `/`.
   * @default '' - none
   */
  readonly prefix?: string;
  /**
   * Whether objects below the prefix that the folder does not have are deleted.
   * @default true
   */
  readonly prune?: boolean;
  /**
   * Distribution whose cache is invalidated.
   * @default - none
   */
  readonly distribution?: cloudfront.IDistribution;
  /**
   * Paths that are invalidated; `[]` for none.
   * @default - everything below the prefix
   */
  readonly invalidationPaths?: string[];
  /**
   * Key of the bucket that CDK stages assets in, if it was bootstrapped with one (`--bootstrap-customer-key`).
   * @default - none
   */
  readonly assetKey?: kms.IKey;
  /**
   * Memory of the function in MiB; the largest file has to fit.
   * @default 512
   */
  readonly memorySizeMib?: number;
  /**
   * What becomes of the function's logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
  /**
   * Who is told of alarms.
   * @default - the topic that the stack shares, `AlarmTopic.shared(stack)`
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * Files of a folder in a bucket, as of this deployment.
 *
 * @example
 * const site = new StaticSite(this, 'Site', { routing: Routing.directories() });
 * new SiteContent(this, 'Pages', { folder: 'site/', bucket: site.bucket, distribution: site.distribution });
 */
export class SiteContent extends Construct {
  /** Puts the files. */
  public readonly publisher: SecureFunction;

  constructor(scope: Construct, id: string, props: SiteContentProps) {
    super(scope, id);
    const { bucket, distribution, prefix = '' } = props;
    const paths = distribution === undefined ? [] : (props.invalidationPaths ?? [`/${prefix}*`]);
    this.check(props, prefix);
    const asset = new Asset(this, 'Archive', { path: props.folder });
    const stack = Stack.of(this);
    this.publisher = new SecureFunction(this, 'Publisher', {
      description: `Puts the content of ${scope.node.path}`,
      code: bundled('publish'),
      timeout: Duration.minutes(15),
      memorySizeMib: props.memorySizeMib ?? 512,
      concurrency: Concurrency.reserved(2),
      retryAttempts: 0,
      removal: props.removal,
      alarmActions: props.alarmActions,
    });
    this.publisher.allow(
      new iam.PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [
          stack.formatArn({
            service: 's3',
            region: '',
            account: '',
            resource: asset.s3BucketName,
            resourceName: asset.s3ObjectKey,
            arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          }),
        ],
      }),
      new iam.PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        ...(prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
      }),
    );
    const actions = ['s3:PutObject', ...(props.prune === false ? [] : ['s3:DeleteObject'])];
    this.publisher.allowObjects(bucket, `${prefix}*`, actions, bucket.encryptionKey);
    if (props.assetKey !== undefined)
      this.publisher.allow(new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [props.assetKey.keyArn] }));
    if (distribution !== undefined && paths.length > 0)
      this.publisher.allow(
        new iam.PolicyStatement({
          actions: ['cloudfront:CreateInvalidation'],
          resources: [
            stack.formatArn({
              service: 'cloudfront',
              region: '',
              resource: 'distribution',
              resourceName: distribution.distributionId,
            }),
          ],
        }),
      );
    const content = new CustomResource(this, 'Files', {
      resourceType: 'Custom::SiteContent',
      serviceToken: this.publisher.functionArn,
      serviceTimeout: Duration.minutes(15),
      properties: {
        ArchiveBucket: asset.s3BucketName,
        ArchiveKey: asset.s3ObjectKey,
        Bucket: bucket.bucketName,
        Prefix: prefix,
        Prune: props.prune ?? true,
        ...(paths.length === 0 ? {} : { DistributionId: distribution?.distributionId, InvalidationPaths: paths }),
      },
    });
    // Before what the publisher may do is attached to its role, it could do nothing.
    content.node.addDependency(this.publisher.accessPolicy);
  }

  private check(props: SiteContentProps, prefix: string): void {
    const problems = new Problems(this);
    problems.check(
      existsSync(props.folder) && statSync(props.folder).isDirectory(),
      'folder',
      props.folder,
      'a folder that is there',
      'build the site first, and give the path from where cdk runs',
    );
    problems.check(
      prefix === '' || (prefix.endsWith('/') && !prefix.startsWith('/') && !/[*?]/.test(prefix)),
      'prefix',
      prefix,
      'a prefix that ends in / and does not begin with it, without * and ?',
      'leave it out for the whole bucket',
    );
    for (const path of props.invalidationPaths ?? [])
      problems.check(
        Token.isUnresolved(path) || (path.startsWith('/') && !/\*./.test(path)),
        'invalidationPaths',
        path,
        'paths that begin with / and have * at the end only',
        'use "/*" for everything',
      );
    problems.throwIfAny();
  }
}
