/**
 * Mixins for the settings of anyone's bucket, each one feature of SecureBucket. They merge with what is there: lists are
 * added to (one of the same id is replaced), settings are replaced. Versioning, Block Public Access and auto-delete are
 * CDK's own, in `aws-cdk-lib/aws-s3/mixins`.
 */
import { Duration, Mixin, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BucketBlockPublicAccess, BucketVersioning } from 'aws-cdk-lib/aws-s3/mixins';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { AccessLogBucket, AccessLogs, deliverLogs } from '../bucket/accesslog';
import { auditMfaDelete } from '../bucket/audit';
import { Encryption } from '../bucket/encryption';
import type { Lifecycle } from '../bucket/lifecycle';
import { Problems } from '../validation/problems';
import { judge } from '../validation/resource';
import { type Form, joined, merged, mergedList } from './merge';
import { BucketBlockSseC, BucketTlsOnly, BucketUploadEncryption } from './policy';

/** A mixin for buckets. */
abstract class BucketMixin extends Mixin {
  /** Buckets are supported. */
  public override supports(construct: IConstruct): boolean {
    return s3.CfnBucket.isCfnBucket(construct);
  }

  /** Applies the feature to a bucket. */
  public applyTo(construct: IConstruct): void {
    if (s3.CfnBucket.isCfnBucket(construct)) this._change(construct);
  }

  /** Applies the feature to a bucket. @internal */
  protected abstract _change(bucket: s3.CfnBucket): void;
}

/**
 * Refuses at synth what AWS would refuse or silently ignore later; see `CofferChecks` for the rules.
 *
 * @example
 * Mixins.of(this).apply(new BucketValidation());
 */
export class BucketValidation extends BucketMixin {
  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    bucket.node.addValidation({ validate: () => judge(bucket) });
  }
}

/**
 * ACLs are off; everything in the bucket is its owner's.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketOwnerEnforced());
 */
export class BucketOwnerEnforced extends BucketMixin {
  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    bucket.ownershipControls = { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] };
  }
}

/**
 * Default encryption; a key is made beside the bucket where none is given. Blocked encryption types stay blocked.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketEncryption(Encryption.customerKey(key)));
 */
export class BucketEncryption extends BucketMixin {
  /** @param encryption customer-managed key unless another is named */
  constructor(private readonly encryption: Encryption = Encryption.customerKey()) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    const key = this.encryption._keyFor(owner(bucket), bucket.node.id, RemovalPolicy.RETAIN);
    const sseAlgorithm = this.encryption.algorithm;
    const rule = {
      serverSideEncryptionByDefault: { sseAlgorithm, ...(key ? { kmsMasterKeyId: key.keyArn } : {}) },
      ...(sseAlgorithm === 'aws:kms' ? { bucketKeyEnabled: true } : {}),
    };
    bucket.bucketEncryption = merged(bucket.bucketEncryption, (before) => ({
      serverSideEncryptionConfiguration: [
        {
          ...(before.serverSideEncryptionConfiguration?.[0]?.blockedEncryptionTypes
            ? { blockedEncryptionTypes: before.serverSideEncryptionConfiguration[0].blockedEncryptionTypes }
            : {}),
          ...rule,
        },
      ],
    }));
  }
}

/**
 * Access logs to a shared or given bucket, in partitions by date. Buckets that receive logs are left alone.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketAccessLogs());
 */
export class BucketAccessLogs extends BucketMixin {
  /** @param logs the log bucket that the stack shares, unless another is named */
  constructor(private readonly logs: AccessLogs = AccessLogs.shared()) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    if (this.logs.reason !== undefined || bucket.node.scope instanceof AccessLogBucket) return;
    const target = this.logs.bucket ?? AccessLogBucket.shared(bucket as unknown as Construct);
    if (target.node.defaultChild === bucket) return;
    const id = owner(bucket).node.id;
    deliverLogs(bucket, target, this.logs.prefix ?? `${id}/`);
  }
}

/**
 * Lifecycle rules, added to those that are there.
 *
 * @example
 * new s3.Bucket(this, 'Theirs', { versioned: true }).with(new BucketLifecycle(Lifecycle.uploads()));
 */
export class BucketLifecycle extends BucketMixin {
  constructor(private readonly lifecycle: Lifecycle) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    // What the class makes of rules is what aws-cdk-lib makes of them, on a bucket that is thrown away.
    const scratch = new s3.Bucket(new Stack(), 'Scratch', { lifecycleRules: this.lifecycle.rules });
    const made = Stack.of(scratch).resolve((scratch.node.defaultChild as s3.CfnBucket).lifecycleConfiguration);
    addRules(bucket, made?.rules ?? []);
  }
}

/**
 * Aborts unfinished multipart uploads.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketAbortUploads(Duration.days(3)));
 */
export class BucketAbortUploads extends BucketMixin {
  /** @param after age of the uploads, in whole days */
  constructor(private readonly after: Duration = Duration.days(7)) {
    super();
    const days = after.toDays({ integral: false });
    Problems.refuse('BucketAbortUploads', days >= 1 && Number.isInteger(days), {
      property: 'after',
      given: JSON.stringify(days),
      allowed: 'whole days, at least 1',
      fix: 'pass Duration.days(7)',
    });
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    const abortIncompleteMultipartUpload = { daysAfterInitiation: this.after.toDays() };
    addRules(bucket, [{ id: 'abort-unfinished-uploads', status: 'Enabled', abortIncompleteMultipartUpload }]);
  }
}

/**
 * Object Lock, with a default retention if one is given. Turns versioning on; only for buckets yet to be made.
 *
 * @example
 * new s3.Bucket(this, 'Theirs', { versioned: true }).with(
 *   new BucketObjectLock(s3.ObjectLockRetention.governance(Duration.days(30))),
 * );
 */
export class BucketObjectLock extends BucketMixin {
  constructor(private readonly retention?: s3.ObjectLockRetention) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    bucket.objectLockEnabled = true;
    bucket.versioningConfiguration = { status: 'Enabled' };
    const { mode, duration } = this.retention ?? {};
    bucket.objectLockConfiguration = {
      objectLockEnabled: 'Enabled',
      ...(duration ? { rule: { defaultRetention: { mode, days: duration.toDays() } } } : {}),
    };
  }
}

/**
 * Archive tiers of Intelligent-Tiering, added to those that are there.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(
 *   new BucketIntelligentTiering({ name: 'cold', archiveAccessTierTime: Duration.days(90) }),
 * );
 */
export class BucketIntelligentTiering extends BucketMixin {
  constructor(private readonly configuration: s3.IntelligentTieringConfiguration) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    const { name, prefix, tags, archiveAccessTierTime, deepArchiveAccessTierTime } = this.configuration;
    const tierings = [
      { accessTier: 'ARCHIVE_ACCESS', days: archiveAccessTierTime?.toDays() },
      { accessTier: 'DEEP_ARCHIVE_ACCESS', days: deepArchiveAccessTierTime?.toDays() },
    ].filter(({ days }) => days !== undefined);
    const tagFilters = tags?.map(({ key, value }) => ({ key, value }));
    const added = { id: name, prefix, tagFilters, status: 'Enabled', tierings };
    const before = bucket.intelligentTieringConfigurations;
    bucket.intelligentTieringConfigurations = mergedList(before, [added]);
  }
}

/**
 * Request metrics of the whole bucket, or of a prefix, added to those that are there.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketRequestMetrics());
 */
export class BucketRequestMetrics extends BucketMixin {
  constructor(
    private readonly id: string = 'EntireBucket',
    private readonly prefix?: string,
  ) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    const added = { id: this.id, ...(this.prefix ? { prefix: this.prefix } : {}) };
    bucket.metricsConfigurations = mergedList(bucket.metricsConfigurations, [added]);
  }
}

/**
 * Inventory reports, added to those that are there.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketInventory({
 *   id: 'daily', enabled: true, includedObjectVersions: 'Current', scheduleFrequency: 'Daily',
 *   destination: { bucketArn: bucket.bucketArn, format: 'Parquet' },
 * }));
 */
export class BucketInventory extends BucketMixin {
  constructor(private readonly inventory: s3.CfnBucket.InventoryConfigurationProperty) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    const before = bucket.inventoryConfigurations;
    bucket.inventoryConfigurations = mergedList(before, [this.inventory]);
  }
}

/**
 * Who may call the bucket from a browser, added to the rules that are there.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(
 *   new BucketCors({ allowedMethods: ['GET'], allowedOrigins: ['https://app.example.com'] }),
 * );
 */
export class BucketCors extends BucketMixin {
  private readonly rules: s3.CfnBucket.CorsRuleProperty[];

  constructor(...rules: s3.CfnBucket.CorsRuleProperty[]) {
    super();
    this.rules = rules;
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    bucket.corsConfiguration = merged(bucket.corsConfiguration, (before) => ({
      corsRules: joined(before.corsRules, this.rules),
    }));
  }
}

/**
 * Events to Amazon EventBridge, beside other notifications.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketEventBridge());
 */
export class BucketEventBridge extends BucketMixin {
  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    bucket.notificationConfiguration = merged(bucket.notificationConfiguration, (before) => ({
      ...before,
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    }));
  }
}

/**
 * AWS Config checks that MFA delete is on.
 *
 * @example
 * new s3.Bucket(this, 'Theirs', { versioned: true }).with(new BucketMfaDeleteAudit());
 */
export class BucketMfaDeleteAudit extends BucketMixin {
  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    auditMfaDelete(owner(bucket), bucket.ref);
  }
}

/**
 * Everything that SecureBucket is without being asked, for anyone's bucket.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketSecure());
 */
export class BucketSecure extends BucketMixin {
  /** @param encryption customer-managed key unless another is named */
  constructor(private readonly encryption: Encryption = Encryption.customerKey()) {
    super();
  }

  /** @internal */
  protected override _change(bucket: s3.CfnBucket): void {
    // A bucket that receives access logs is what S3 asks such a bucket to be.
    if (bucket.node.scope instanceof AccessLogBucket) return;
    const key = this.encryption._keyFor(owner(bucket), bucket.node.id, RemovalPolicy.RETAIN);
    const encryption = this.encryption._with(key);
    const mixins = [
      new BucketValidation(),
      new BucketOwnerEnforced(),
      new BucketVersioning(),
      new BucketBlockPublicAccess(),
      new BucketEncryption(encryption),
      new BucketBlockSseC(),
      new BucketTlsOnly(),
      new BucketAbortUploads(),
      new BucketAccessLogs(),
      ...(encryption.usesKey ? [new BucketUploadEncryption(encryption)] : []),
    ];
    for (const mixin of mixins) mixin.applyTo(bucket);
  }
}

/** The construct that stands for the bucket: the `s3.Bucket` around it, or itself. */
function owner(bucket: s3.CfnBucket): Construct {
  const scope = bucket.node.scope;
  const around = scope?.node.defaultChild === bucket ? scope : bucket;
  if (!Construct.isConstruct(around)) throw new Error(`${bucket.node.path} is no construct`);
  return around as Construct;
}

function addRules(bucket: s3.CfnBucket, rules: Form[]): void {
  bucket.lifecycleConfiguration = merged(bucket.lifecycleConfiguration, (before) => ({
    ...before,
    rules: joined(before.rules, rules),
  }));
}
