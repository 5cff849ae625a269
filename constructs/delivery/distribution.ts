/** The distribution behind StaticSite and MediaDelivery: what both want of it, checked and put together once. */
import { Duration, Token } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { OriginGroup } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { act } from '../compute/alarms';
import { acknowledge } from '../validation/acknowledge';
import type { Problems } from '../validation/problems';
import { WebAcl } from './firewall';
import { DeliveryLogs } from './logs';
import { admit, signedOrigin } from './origin';
import { elsewhere } from './place';
import type { DeliveryProps } from './props';

const NO_WEB_ACL = WebAcl.none(
  'Files from S3 are delivered over GET and HEAD; nothing runs behind that a request could misuse, and Shield Standard absorbs floods. WebAcl.managed() adds limits per address.',
);

/** Notes what CloudFront would refuse. */
export function checkDelivery(scope: Construct, problems: Problems, props: DeliveryProps): void {
  props.domain?._check(scope, problems);
  (props.webAcl ?? NO_WEB_ACL)._check(scope, problems);
  props.logs?._check(scope, problems);
  for (const country of props.allowedCountries ?? [])
    problems.check(
      Token.isUnresolved(country) || /^[A-Z]{2}$/.test(country),
      'allowedCountries',
      country,
      'ISO 3166-1 alpha-2 codes in capitals',
      'write DE for Germany',
    );
  problems.check(
    props.allowedCountries === undefined || props.allowedCountries.length > 0,
    'allowedCountries',
    props.allowedCountries,
    'at least one country',
    'leave it out to serve all',
  );
  problems.check(
    props.distributionId === undefined || /^E[A-Z0-9]{9,19}$/.test(props.distributionId),
    'distributionId',
    props.distributionId,
    'an id that CloudFront gave, such as E2EXAMPLE51Z',
    'deploy without it first and take the output',
  );
  problems.check(
    props.failoverBucket === undefined || props.failoverBucket !== props.bucket,
    'failoverBucket',
    props.failoverBucket?.node.path,
    'another bucket than the first',
    'pass its replica',
  );
  problems.check(
    props.alarmActions === undefined || elsewhere(scope) === undefined,
    'alarmActions',
    `given in ${elsewhere(scope)}`,
    'only in us-east-1, where the metrics of CloudFront are',
    'leave it out, or move the distribution to a stack in us-east-1',
  );
}

/** What differs. */
export interface Plan {
  readonly bucket: s3.IBucket;
  readonly comment: string;
  readonly tellMissing: boolean;
  /** Whether it delivers anything. */
  readonly enabled?: boolean;
  readonly defaultRootObject?: string;
  readonly errorResponses?: cloudfront.ErrorResponse[];
  /** Behaviour of a path, without its origin. */
  readonly behaviour: cloudfront.AddBehaviorOptions;
  readonly paths: Readonly<Record<string, cloudfront.AddBehaviorOptions>>;
}

export interface Delivered {
  readonly distribution: cloudfront.Distribution;
  /** Statements of policies that are not ours to change. */
  readonly required: iam.PolicyStatement[];
}

export function deliver(scope: Construct, props: DeliveryProps, plan: Plan): Delivered {
  const { domain, failoverBucket } = props;
  const control = new cloudfront.S3OriginAccessControl(scope, 'OriginAccess', {
    description: `Signs requests of ${scope.node.path}`.slice(0, 256),
    signing: cloudfront.Signing.SIGV4_ALWAYS,
  });
  const primary = signedOrigin(plan.bucket, control);
  const origin =
    failoverBucket === undefined
      ? primary
      : new OriginGroup({
          primaryOrigin: primary,
          fallbackOrigin: signedOrigin(failoverBucket, control),
          fallbackStatusCodes: [500, 502, 503, 504],
        });
  const behaviour = (options: Plan['behaviour']): cloudfront.BehaviorOptions => ({
    ...options,
    origin,
    viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
  });
  const logs = props.logs ?? DeliveryLogs._usual(scope);
  const webAcl = props.webAcl ?? NO_WEB_ACL;
  const legacy = logs._legacyBucketIn(scope);
  const distribution = new cloudfront.Distribution(scope, 'Distribution', {
    comment: plan.comment.slice(0, 128),
    defaultBehavior: behaviour(plan.behaviour),
    additionalBehaviors: Object.fromEntries(
      Object.entries(plan.paths).map(([pattern, options]) => [pattern, behaviour(options)]),
    ),
    enabled: plan.enabled,
    defaultRootObject: plan.defaultRootObject,
    errorResponses: plan.errorResponses,
    httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
    priceClass: props.priceClass ?? cloudfront.PriceClass.PRICE_CLASS_100,
    webAclId: webAcl._arnIn(scope),
    geoRestriction: props.allowedCountries && cloudfront.GeoRestriction.allowlist(...props.allowedCountries),
    ...(domain === undefined
      ? {}
      : {
          domainNames: domain.names,
          certificate: domain._certificateIn(scope),
          minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
          sslSupportMethod: cloudfront.SSLMethod.SNI,
        }),
    ...(legacy === undefined ? {} : { enableLogging: true, logBucket: legacy, logFilePrefix: `${scope.node.id}/` }),
  });
  domain?._record(scope, distribution);
  logs._follow(scope, distribution);
  webAcl._answer(distribution);
  answer(distribution, props);
  if (props.alarmActions !== undefined) watch(scope, distribution, props.alarmActions);
  const admission = { distributionId: props.distributionId, tellMissing: plan.tellMissing };
  const required = [plan.bucket, ...(failoverBucket === undefined ? [] : [failoverBucket])].flatMap((bucket) =>
    admit(scope, bucket, distribution, admission),
  );
  return { distribution, required };
}

function answer(distribution: cloudfront.Distribution, props: DeliveryProps): void {
  if (props.allowedCountries === undefined)
    acknowledge(distribution, 'AwsSolutions-CFR1', 'It is meant for readers everywhere; allowedCountries bounds it.');
  if (props.domain === undefined)
    acknowledge(
      distribution,
      'AwsSolutions-CFR4',
      "No domain is given, so it answers under its cloudfront.net name, whose certificate and TLS policy are CloudFront's own; plain HTTP is redirected. A domain brings TLSv1.2_2021.",
    );
}

function watch(scope: Construct, distribution: cloudfront.Distribution, actions: cloudwatch.IAlarmAction[]): void {
  const alarm = new cloudwatch.Alarm(scope, 'ServerErrors', {
    alarmDescription: `${scope.node.path}: percentage of requests that end in an error of the server`,
    metric: distribution.metric5xxErrorRate({ period: Duration.minutes(5) }),
    threshold: 1,
    evaluationPeriods: 3,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  act(alarm, actions);
}
