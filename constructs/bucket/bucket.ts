/**
 * `SecureBucket` is an `s3.Bucket` that needs no further thought: customer-managed key with rotation and bucket key,
 * versions kept, TLS only, Block Public Access, ACLs off, access logged, unfinished uploads cleaned away.
 */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BucketAccess } from '../grants/access';
import { acknowledge } from '../validation/acknowledge';
import { Problems } from '../validation/problems';
import { AccessLogBucket } from './accesslog';

export interface SecureBucketProps {
  /**
   * Name of the bucket.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string;
  /**
   * Key that encrypts the objects (SSE-KMS with an S3 Bucket Key).
   * @default - a new customer-managed key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Bucket that receives the access logs.
   * @default - one log bucket shared by the SecureBuckets of the stack
   */
  readonly accessLogs?: AccessLogBucket;
  /**
   * Prefix of the access logs, ending in `/`.
   * @default - the construct's id and `/`
   */
  readonly accessLogsPrefix?: string;
  /**
   * Lifecycle rules beside the one that aborts unfinished multipart uploads.
   * @default - none: objects and their versions are kept
   */
  readonly lifecycleRules?: s3.LifecycleRule[];
  /**
   * When unfinished multipart uploads are aborted. At least one day.
   * @default Duration.days(7)
   */
  readonly abortMultipartAfter?: Duration;
  /**
   * Who may call the bucket from a browser.
   * @default - no one
   */
  readonly cors?: s3.CorsRule[];
  /**
   * Oldest TLS version that is accepted: 1.2 or 1.3.
   * @default 1.2
   */
  readonly minimumTlsVersion?: number;
  /**
   * What becomes of the bucket, and of a key made for it, when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** An `s3.Bucket` that is secure without being asked; see each property for what can be chosen. */
export class SecureBucket extends s3.Bucket {
  /** Key that encrypts the objects. */
  public readonly key: kms.IKey;
  /** Bucket that receives the access logs. */
  public readonly accessLogs: AccessLogBucket;
  /** Least-privilege grants: exact actions, bounded by a prefix. */
  public readonly access: BucketAccess;

  constructor(scope: Construct, id: string, props: SecureBucketProps = {}) {
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const key =
      props.encryptionKey ??
      new kms.Key(scope, `${id}Key`, {
        description: `Encrypts the objects of ${scope.node.path}/${id}`,
        enableKeyRotation: true,
        removalPolicy,
      });
    const minimumTLSVersion = props.minimumTlsVersion ?? 1.2;
    const abortAfter = props.abortMultipartAfter ?? Duration.days(7);
    super(scope, id, {
      bucketName: props.bucketName,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      versioned: true,
      enforceSSL: true,
      minimumTLSVersion,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      cors: props.cors,
      lifecycleRules: [
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: abortAfter },
        ...(props.lifecycleRules ?? []),
      ],
      removalPolicy,
    });
    this.key = key;
    this.access = new BucketAccess(this, key);

    const prefix = props.accessLogsPrefix ?? `${id}/`;
    const problems = new Problems(this);
    problems.check(
      [1.2, 1.3].includes(minimumTLSVersion),
      'minimumTlsVersion',
      minimumTLSVersion,
      '1.2 or 1.3',
      'leave it out for 1.2',
    );
    problems.check(
      prefix.endsWith('/') && !prefix.startsWith('/'),
      'accessLogsPrefix',
      prefix,
      'a prefix that ends in / and does not begin with it',
      `use "${id}/"`,
    );
    const days = abortAfter.toDays({ integral: false });
    problems.check(
      days >= 1 && Number.isInteger(days),
      'abortMultipartAfter',
      days,
      'whole days, at least 1',
      'pass Duration.days(7)',
    );
    problems.throwIfAny();

    this.accessLogs = props.accessLogs ?? AccessLogBucket.shared(this);
    this.accessLogs.receiveLogsOf(this, prefix);
    acknowledge(
      this,
      'S3BucketReplicationEnabled',
      'A second copy in another Region is chosen per use, by ReplicatedBucket or BucketBackup; versions already undo overwriting and deletion.',
    );
    acknowledge(
      this,
      'S3BucketDefaultLockEnabled',
      'Object Lock also forbids deletion that the law asks for, so it is chosen per use; versions already undo overwriting and deletion.',
    );
  }

  /**
   * Calls `destination` on events of this bucket. CDK sets notifications through one hidden function per stack; its
   * role is acknowledged for cdk-nag here, so that every user of the construct need not.
   */
  public override addEventNotification(
    event: s3.EventType,
    destination: s3.IBucketNotificationDestination,
    ...filters: s3.NotificationKeyFilter[]
  ): void {
    super.addEventNotification(event, destination, ...filters);
    const provider = Stack.of(this).node.children.find((child) =>
      child.node.id.startsWith('BucketNotificationsHandler'),
    );
    if (provider === undefined) return;
    Validations.of(provider).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      reason:
        "CDK's own function that sets notifications at deploy time; the managed policy only lets it write its logs.",
    });
  }
}
