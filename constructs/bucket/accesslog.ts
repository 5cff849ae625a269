/**
 * The bucket that receives server access logs of other buckets. S3 can only deliver there with SSE-S3 and through a
 * bucket policy for its logging service; both are arranged here, without ACLs, whatever feature flags the app has set.
 * Source: S3 User Guide, "Enabling Amazon S3 server access logging".
 */
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../validation/acknowledge';
import { Problems } from '../validation/problems';

export interface AccessLogBucketProps {
  /**
   * Name of the bucket.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string;
  /**
   * How long log objects are kept. At least one day.
   * @default Duration.days(365)
   */
  readonly retention?: Duration;
  /**
   * What becomes of the bucket when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A bucket for the server access logs of other buckets: SSE-S3 and a policy for the logging service, no ACLs. */
export class AccessLogBucket extends s3.Bucket {
  /** The log bucket that the SecureBuckets of a stack share unless they are given one; made at first use. */
  public static shared(scope: Construct): AccessLogBucket {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild('AccessLogs');
    return existing instanceof AccessLogBucket ? existing : new AccessLogBucket(stack, 'AccessLogs');
  }

  constructor(scope: Construct, id: string, props: AccessLogBucketProps = {}) {
    const retention = props.retention ?? Duration.days(365);
    super(scope, id, {
      bucketName: props.bucketName,
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [
        {
          id: 'expire',
          expiration: retention,
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
      ],
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    const problems = new Problems(this);
    const days = retention.isUnresolved() ? 1 : retention.toDays({ integral: false });
    problems.check(
      days >= 1 && Number.isInteger(days),
      'retention',
      days,
      'whole days, at least 1',
      'pass Duration.days(n)',
    );
    problems.throwIfAny();
    acknowledge(
      this,
      'S3DefaultEncryptionKMS',
      'S3 delivers server access logs only to buckets encrypted with SSE-S3 (S3 User Guide, "Enabling server access logging").',
    );
    acknowledge(
      this,
      'S3BucketDefaultLockEnabled',
      'S3 does not deliver server access logs to a bucket with a default retention; versions are kept instead.',
    );
    acknowledge(
      this,
      'S3BucketReplicationEnabled',
      'Access logs are delivered as best effort and expire; copies of them in another Region are not needed for recovery.',
    );
  }

  /**
   * Lets S3 deliver the access logs of `source` under `prefix`, in date-based partitions by event time.
   * For a source in another stack the statement names its account only: its ARN would make the stacks a cycle.
   */
  public receiveLogsOf(source: s3.Bucket, prefix: string): void {
    const sameStack = Stack.of(source) === Stack.of(this);
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `AccessLogsOf${source.node.addr.slice(-8)}`,
        principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [this.arnForObjects(`${prefix}*`)],
        conditions: {
          ...(sameStack ? { ArnLike: { 'aws:SourceArn': source.bucketArn } } : {}),
          StringEquals: { 'aws:SourceAccount': Stack.of(source).account },
        },
      }),
    );
    const resource = source.node.defaultChild as s3.CfnBucket;
    resource.loggingConfiguration = {
      destinationBucketName: Token.asString(this.bucketName),
      logFilePrefix: prefix,
      targetObjectKeyFormat: { partitionedPrefix: { partitionDateSource: 'EventTime' } },
    };
  }
}
