/**
 * Server access logs: where a bucket sends them, and the bucket that receives them. S3 can only deliver with SSE-S3 and
 * through a bucket policy for its logging service; both are arranged here, without ACLs, whatever feature flags the app
 * has set. Source: S3 User Guide, "Enabling Amazon S3 server access logging".
 */
import { Duration, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../validation/acknowledge';
import { optOut } from '../validation/optout';
import { Problems } from '../validation/problems';
import { Lifecycle } from './lifecycle';

/** Properties of an AccessLogBucket. */
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

/** Where the access logs of a bucket go. */
export class AccessLogs {
  /** To the log bucket that the SecureBuckets of the stack share, made at first use, under `prefix` (the bucket's id). */
  public static shared(prefix?: string): AccessLogs {
    return new AccessLogs(undefined, prefix);
  }

  /** To `bucket`, in the same Region and account, under `prefix`, which ends in `/` (the bucket's id and `/`). */
  public static to(bucket: s3.IBucket, prefix?: string): AccessLogs {
    return new AccessLogs(bucket, prefix);
  }

  /** Nowhere. `reason` is recorded. */
  public static none(reason: string): AccessLogs {
    return new AccessLogs(undefined, undefined, reason);
  }

  private constructor(
    /** The bucket given. */
    public readonly bucket?: s3.IBucket,
    /** Prefix of the log objects. */
    public readonly prefix?: string,
    /** Why there are none. */
    public readonly reason?: string,
  ) {}
}

/**
 * A bucket for the server access logs of other buckets: SSE-S3 and a policy for the logging service, no ACLs.
 *
 * @example
 * const logs = new AccessLogBucket(this, 'Logs', { retention: Duration.days(90) });
 * new SecureBucket(this, 'Data', { accessLogs: AccessLogs.to(logs, 'data/') });
 */
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
      blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [
        ...Lifecycle.logs({ retention }).rules,
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    optOut(this, 'customerKey', 'S3 delivers server access logs to buckets with SSE-S3 default encryption only.');
    optOut(this, 'accessLogs', 'This bucket receives access logs; logging it to itself would never end.');
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
  }

  /** Lets S3 deliver the access logs of `source` under `prefix`, in date-based partitions by event time. */
  public receiveLogsOf(source: s3.Bucket, prefix: string): void {
    deliverLogs(source.node.defaultChild as s3.CfnBucket, this, prefix);
  }
}

/**
 * Has S3 deliver the access logs of `source` to `target` under `prefix`, and lets it. For a source in another stack the
 * statement names its account only: its ARN would make the stacks a cycle. A target that is only referred to cannot be
 * given a policy; a warning says so.
 */
export function deliverLogs(source: s3.CfnBucket, target: s3.IBucket, prefix: string): void {
  const sameStack = Stack.of(source) === Stack.of(target);
  const { statementAdded } = target.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `AccessLogsOf${source.node.addr.slice(-8)}`,
      principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [target.arnForObjects(`${prefix}*`)],
      conditions: {
        ...(sameStack ? { ArnLike: { 'aws:SourceArn': source.attrArn } } : {}),
        StringEquals: { 'aws:SourceAccount': Stack.of(source).account },
      },
    }),
  );
  if (!statementAdded)
    Validations.of(source).addWarning(
      'coffer:accessLogsPolicy',
      `the access logs' bucket is not of this app, so its policy is left alone; let logging.s3.amazonaws.com call s3:PutObject on its ${prefix}* there`,
    );
  source.loggingConfiguration = {
    destinationBucketName: Token.asString(target.bucketName),
    logFilePrefix: prefix,
    targetObjectKeyFormat: { partitionedPrefix: { partitionDateSource: 'EventTime' } },
  };
}
