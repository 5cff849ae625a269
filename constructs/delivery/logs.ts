/**
 * The access log of a distribution: delivered by CloudWatch Logs into a bucket without ACLs, in partitions that Athena
 * understands (version 2), or the way of before 2024 (legacy), which needs a bucket with ACLs, or not at all.
 * Sources: CloudFront developer guide, "Configure standard logging (v2)", "Configure standard logging (legacy)"; CloudWatch
 * Logs user guide, "Enable logging from AWS services" (the bucket's policy).
 */
import { ArnFormat, Duration, Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { AccessLogBucket, deliverLogs } from '../bucket/accesslog';
import { acknowledge } from '../validation/acknowledge';
import { optOut } from '../validation/optout';
import type { Problems } from '../validation/problems';
import { elsewhere } from './place';

export interface DeliveryLogOptions {
  /**
   * Bucket that receives the log, in any Region; SSE-S3.
   * @default - the bucket for access logs that the stack shares, below AWSLogs/
   */
  readonly bucket?: s3.IBucket;
  /**
   * Form of the files: `json`, `w3c`, `plain` or `parquet` (which CloudWatch Logs charges for).
   * @default 'json'
   */
  readonly format?: string;
}

const FORMATS = ['json', 'w3c', 'plain', 'parquet'];

/** The access log of a distribution. */
export class DeliveryLogs {
  /** Standard logging v2, in partitions by distribution and hour. Needs a stack in us-east-1. */
  public static standard(options: DeliveryLogOptions = {}): DeliveryLogs {
    return new DeliveryLogs('standard', options.bucket, options.format ?? 'json');
  }

  /** Standard logging as it was, from any Region, into a bucket with ACLs. @param bucket by default a new one */
  public static legacy(bucket?: s3.IBucket): DeliveryLogs {
    return new DeliveryLogs('legacy', bucket);
  }

  /** None. `reason`, of at least 10 characters, is recorded for reviewers. */
  public static none(reason: string): DeliveryLogs {
    return new DeliveryLogs('none', undefined, undefined, reason);
  }

  /** The newest that works where the stack is. @internal */
  public static _usual(scope: Construct): DeliveryLogs {
    return elsewhere(scope) === undefined ? DeliveryLogs.standard() : DeliveryLogs.legacy();
  }

  private constructor(
    /** `standard`, `legacy` or `none`. */
    public readonly kind: string,
    /** The bucket that was given. */
    public readonly bucket?: s3.IBucket,
    /** Form of the files. */
    public readonly format?: string,
    /** Why there is none. */
    public readonly reason?: string,
  ) {}

  /** Notes what CloudFront would refuse. @internal */
  public _check(scope: Construct, problems: Problems): void {
    const region = elsewhere(scope);
    problems.check(
      this.kind !== 'standard' || region === undefined,
      'logs',
      `DeliveryLogs.standard() in ${region}`,
      'DeliveryLogs.standard() in a stack in us-east-1, where CloudFront has its log sources',
      'leave it out for DeliveryLogs.legacy(), or move the distribution to a stack in us-east-1',
    );
    problems.check(
      this.format === undefined || FORMATS.includes(this.format),
      'logs format',
      this.format,
      FORMATS.join(', '),
      'leave it out for json',
    );
    problems.check(
      this.reason === undefined || this.reason.length >= 10,
      'logs reason',
      this.reason,
      'at least 10 characters',
      'say to a reviewer why nobody need know who came, or leave it out',
    );
  }

  /** The bucket for a legacy log. @internal */
  public _legacyBucketIn(scope: Construct): s3.IBucket | undefined {
    if (this.kind !== 'legacy') return undefined;
    return this.bucket ?? legacyBucket(scope);
  }

  /** Has the log delivered, and answers for what packs say about it. @internal */
  public _follow(scope: Construct, distribution: cloudfront.Distribution): void {
    if (this.kind === 'standard') this.deliver(scope, distribution);
    const reason =
      this.kind === 'standard'
        ? 'Its access log is delivered by standard logging v2 (AWS::Logs::Delivery); the rule knows the legacy property only (cdk-nag#1876).'
        : this.reason;
    if (reason !== undefined) acknowledge(distribution, 'AwsSolutions-CFR3', reason);
  }

  private deliver(scope: Construct, distribution: cloudfront.Distribution): void {
    const stack = Stack.of(scope);
    const bucket = this.bucket ?? AccessLogBucket.shared(scope);
    // Names of sources and destinations have at most 60 characters.
    const name = Names.uniqueResourceName(scope, { maxLength: 50, allowedSpecialCharacters: '-_' });
    const formatArn = (resource: string, resourceName: string) =>
      stack.formatArn({
        service: 'logs',
        region: 'us-east-1',
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `LogsOf${scope.node.addr.slice(-8)}`,
        principals: [new iam.ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`AWSLogs/${stack.account}/*`)],
        conditions: {
          StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceAccount': stack.account },
          ArnLike: { 'aws:SourceArn': formatArn('delivery-source', name) },
        },
      }),
    );
    const source = new logs.CfnDeliverySource(scope, 'LogSource', {
      name,
      logType: 'ACCESS_LOGS',
      resourceArn: distribution.distributionArn,
    });
    const destination = new logs.CfnDeliveryDestination(scope, 'LogDestination', {
      name,
      destinationResourceArn: bucket.bucketArn,
      outputFormat: this.format,
    });
    const delivery = new logs.CfnDelivery(scope, 'LogDelivery', {
      deliverySourceName: source.name,
      deliveryDestinationArn: destination.attrArn,
      s3SuffixPath: '{DistributionId}/{yyyy}/{MM}/{dd}/{HH}',
      s3EnableHiveCompatiblePath: true,
    });
    delivery.addResourceDependency(source);
    if (bucket instanceof s3.Bucket && bucket.policy !== undefined && Stack.of(bucket) === stack)
      delivery.node.addDependency(bucket.policy);
  }
}

/** CloudFront's account is let in by an ACL that it adds itself, so ACLs must be on. */
function legacyBucket(scope: Construct): s3.IBucket {
  const bucket = new s3.Bucket(scope, 'LegacyLogs', {
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    lifecycleRules: [
      {
        id: 'forget',
        expiration: Duration.days(365),
        noncurrentVersionExpiration: Duration.days(30),
        abortIncompleteMultipartUploadAfter: Duration.days(7),
      },
    ],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  deliverLogs(
    bucket.node.defaultChild as s3.CfnBucket,
    AccessLogBucket.shared(scope),
    `${Token.asString(scope.node.id)}-logs/`,
  );
  optOut(
    bucket,
    'customerKey',
    'Legacy logs of CloudFront are written under an ACL and take SSE-S3 without a key policy.',
  );
  const kept = 'Access logs: versions undo overwriting and deletion, and their loss harms no one who is served.';
  acknowledge(bucket, 'S3BucketReplicationEnabled', kept);
  acknowledge(bucket, 'S3BucketDefaultLockEnabled', kept);
  return bucket;
}
