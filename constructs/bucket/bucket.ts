/**
 * `SecureBucket` is an `s3.Bucket` that needs no further thought: customer-managed key with rotation and bucket key,
 * versions kept, TLS only, Block Public Access, ACLs off, access logged, callers' own keys refused, unfinished uploads
 * cleaned away. Each opt-out is a named value with a reason.
 */
import { Duration, Stack, Tags, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BucketAutoDeleteObjects } from 'aws-cdk-lib/aws-s3/mixins';
import type { Construct } from 'constructs';
import { BucketNotifications } from '../events/notifications';
import { BucketAccess } from '../grants/access';
import { acknowledge } from '../validation/acknowledge';
import { optOut } from '../validation/optout';
import { judge, refuse, weakened } from '../validation/resource';
import { AccessLogBucket, AccessLogs, deliverLogs } from './accesslog';
import { auditMfaDelete } from './audit';
import { propProblems } from './check';
import { Encryption, UploadEncryption } from './encryption';
import { Lifecycle } from './lifecycle';
import type { SecureBucketProps } from './props';
import { Removal } from './removal';
import { denyCallersKeys, denyOtherEncryption } from './statements';
import { Versioning } from './versioning';

/**
 * An `s3.Bucket` that is secure without being asked; see each property for what can be chosen.
 *
 * @example
 * const uploads = new SecureBucket(this, 'Uploads', { lifecycle: Lifecycle.uploads() });
 * uploads.access.upload(role, { prefix: 'in/' });
 * uploads.access.read(role, { prefix: 'out/' });
 */
export class SecureBucket extends s3.Bucket {
  /** Bucket that receives the access logs, if any does. */
  public readonly accessLogsBucket?: s3.IBucket;
  /** How objects are encrypted; the key is `encryptionKey`. */
  public readonly secureEncryption: Encryption;
  /** Whether versions are kept. */
  public readonly versioned: boolean;
  /** Least-privilege grants: exact actions, bounded by a prefix. */
  public readonly access: BucketAccess;

  constructor(scope: Construct, id: string, props: SecureBucketProps = {}) {
    const removal = props.removal ?? Removal.RETAIN;
    const removalPolicy = removal.policyIn(scope);
    const encryption = props.encryption ?? Encryption.customerKey();
    const versioned = (props.versioning ?? Versioning.ENABLED).enabled;
    const lifecycle = props.lifecycle ?? Lifecycle.none();
    propProblems(scope, id, props).throwIfAny();
    const key = encryption._keyFor(scope, id, removalPolicy);
    super(scope, id, {
      bucketName: props.bucketName,
      ...(props.bucketNamePrefix === undefined
        ? {}
        : { bucketNamePrefix: props.bucketNamePrefix, bucketNamespace: s3.BucketNamespace.ACCOUNT_REGIONAL }),
      encryption: encryption.bucketEncryption,
      encryptionKey: key,
      bucketKeyEnabled: encryption.algorithm === 'aws:kms' ? (props.bucketKeyEnabled ?? true) : undefined,
      blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
      versioned,
      enforceSSL: true,
      minimumTLSVersion: props.minimumTlsVersion ?? 1.2,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      cors: props.cors,
      lifecycleRules: [
        {
          id: 'abort-unfinished-uploads',
          abortIncompleteMultipartUploadAfter: props.abortMultipartAfter ?? Duration.days(7),
        },
        ...(props.storageClass?._rules() ?? []),
        ...lifecycle._rulesFor(versioned),
        ...(props.lifecycleRules ?? []),
      ],
      transitionDefaultMinimumObjectSize: props.transitionDefaultMinimumObjectSize,
      intelligentTieringConfigurations: props.intelligentTieringConfigurations,
      inventories: props.inventories,
      metrics: props.metrics,
      objectLockEnabled: props.objectLockEnabled,
      objectLockDefaultRetention: props.objectLockDefaultRetention,
      transferAcceleration: props.transferAcceleration,
      abacStatus: props.abacStatus,
      removalPolicy,
    });
    this.secureEncryption = encryption;
    this.versioned = versioned;
    this.access = new BucketAccess(this, key);
    const resource = this.node.defaultChild as s3.CfnBucket;
    if (props.objectLockEnabled && props.objectLockDefaultRetention === undefined)
      resource.objectLockConfiguration = { objectLockEnabled: 'Enabled' };
    this.protect(encryption, props);
    this.accessLogsBucket = this.log(id, props.accessLogs ?? AccessLogs.shared());
    this.record(encryption, props, removal);
    for (const [name, value] of Object.entries(props.tags ?? {})) {
      Tags.of(this).add(name, value);
      if (key !== undefined && encryption.key === undefined) Tags.of(key).add(name, value);
    }
    if (removal._confirmed(this)) this.with(new BucketAutoDeleteObjects());
    // CDK's own switch brings a function that sets it after the bucket is made.
    if (props.eventBridgeEnabled) BucketNotifications.of(this).toEventBridge();
    if (props.mfaDeleteAudit) auditMfaDelete(this, this.bucketName);
    refuse(this);
    // Aspects, mixins, property injectors and overrides come later.
    this.node.addValidation({ validate: () => [...judge(this), ...weakened(this, optedOut(encryption, props))] });
  }

  private protect(encryption: Encryption, props: SecureBucketProps): void {
    this.addToResourcePolicy(denyCallersKeys(this.bucketArn));
    const usual = encryption.usesKey ? UploadEncryption.MATCHING : UploadEncryption.ANY;
    const uploads = props.uploadEncryption ?? usual;
    if (uploads !== UploadEncryption.ANY) {
      const stated = uploads === UploadEncryption.STATED;
      const keyArn = this.encryptionKey?.keyArn;
      for (const statement of denyOtherEncryption(this.bucketArn, encryption.algorithm, keyArn, stated))
        this.addToResourcePolicy(statement);
    }
    for (const statement of props.perimeter?.statements(this.bucketArn) ?? []) this.addToResourcePolicy(statement);
  }

  private log(id: string, logs: AccessLogs): s3.IBucket | undefined {
    if (logs.reason !== undefined) return undefined;
    const target = logs.bucket ?? AccessLogBucket.shared(this);
    deliverLogs(this.node.defaultChild as s3.CfnBucket, target, logs.prefix ?? `${id}/`);
    return target;
  }

  private record(encryption: Encryption, props: SecureBucketProps, removal: Removal): void {
    if (encryption.reason !== undefined) optOut(this, 'customerKey', encryption.reason);
    if (props.versioning?.reason !== undefined) optOut(this, 'versioning', props.versioning.reason);
    if (props.accessLogs?.reason !== undefined) optOut(this, 'accessLogs', props.accessLogs.reason);
    acknowledge(
      this,
      'S3BucketReplicationEnabled',
      'A second copy in another Region is chosen per use, by ReplicatedBucket or BucketBackup; versions already undo overwriting and deletion.',
    );
    if (!props.objectLockEnabled && props.objectLockDefaultRetention === undefined)
      acknowledge(
        this,
        'S3BucketDefaultLockEnabled',
        'Object Lock also forbids deletion that the law asks for, so it is chosen per use; versions already undo overwriting and deletion.',
      );
    if (removal.withObjects && !removal._confirmed(this))
      Validations.of(this).addWarning(
        'coffer:destroyObjects',
        `the objects would go with the bucket only if the context says "${Removal.CONTEXT_KEY}": true too; until then the bucket stays`,
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

/** The rules of the audit pack that a bucket need not keep. */
function optedOut(encryption: Encryption, props: SecureBucketProps): string[] {
  return [
    ...(encryption.reason !== undefined ? ['Coffer-CustomerKey'] : []),
    ...(props.versioning?.enabled === false ? ['Coffer-Versioning'] : []),
    ...(props.accessLogs?.reason !== undefined ? ['Coffer-AccessLogs'] : []),
  ];
}
