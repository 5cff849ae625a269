/**
 * A bucket and its replica, in one Region or two, one way or both, with their keys. The replica is made first: the
 * source and its key refer to it, never the other way, so that two stacks are no cycle. Source: S3 User Guide,
 * "Replicating objects within and across Regions", "Configuring two-way replication".
 */
import { CustomResource, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { SecureBucket } from '../bucket/bucket';
import { Encryption } from '../bucket/encryption';
import type { StorageChoice } from '../bucket/lifecycle';
import type { SecureBucketProps } from '../bucket/props';
import { Removal } from '../bucket/removal';
import { Problems } from '../validation/problems';
import { configurator } from './configurator';
import { ReplicaKey } from './key';
import { BucketReplication, replicationRole } from './replication';
import { allowReplication, arnOf, differ, nameOf, type ReplicationTarget, replicationRules } from './rule';

/** Properties of a ReplicatedBucket. */
export interface ReplicatedBucketProps {
  /**
   * What is to be said of the bucket.
   * @default - a SecureBucket as it is
   */
  readonly bucket?: SecureBucketProps;
  /**
   * What is to be said of the replica. Object Lock is taken over from the bucket unless it is named here.
   * @default - a SecureBucket as it is
   */
  readonly replica?: SecureBucketProps;
  /**
   * Where the replica is made: a stack in another Region, whose Region is named.
   * @default - beside the bucket
   */
  readonly replicaScope?: Construct;
  /**
   * Whether what is put into the replica comes back. Adds a Lambda: neither bucket could be made first.
   * @default false
   */
  readonly twoWay?: boolean;
  /**
   * Whether deletions (not of versions) are replicated.
   * @default - true with twoWay, else false: the replica protects against deletion too
   */
  readonly deleteMarkers?: boolean;
  /**
   * Whether changes to the metadata of replicas come back; needs twoWay.
   * @default - true with twoWay
   */
  readonly replicaModifications?: boolean;
  /**
   * Whether S3 promises 15 minutes, with an alarm when it takes longer.
   * @default false
   */
  readonly timeControl?: boolean;
  /**
   * Whether objects that were there before are replicated, by S3 Batch Operations. For buckets that are not new.
   * @default false
   */
  readonly existingObjects?: boolean;
  /**
   * Key prefix of the objects that are replicated.
   * @default - all objects
   */
  readonly prefix?: string;
  /**
   * Storage class of the replicas.
   * @default - that of the source object
   */
  readonly replicaStorageClass?: StorageChoice;
  /**
   * What alarms do.
   * @default - they tell the topic that the stack shares
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * A bucket and its replica.
 *
 * @example
 * const elsewhere = new Stack(app, 'Elsewhere', { env: { account: this.account, region: 'eu-central-1' } });
 * new ReplicatedBucket(this, 'Orders', { replicaScope: elsewhere, timeControl: true });
 */
export class ReplicatedBucket extends Construct {
  /** The bucket. */
  public readonly bucket: SecureBucket;
  /** Its replica. */
  public readonly replica: SecureBucket;
  /** The replication from the bucket to the replica. */
  public readonly replication: BucketReplication;
  /** Role that copies back, with `twoWay`. */
  public readonly roleBack?: iam.Role;

  constructor(scope: Construct, id: string, props: ReplicatedBucketProps = {}) {
    super(scope, id);
    const place = props.replicaScope ?? this;
    const here = Stack.of(this);
    const there = Stack.of(place);
    const crossRegion = differ(here.region, there.region);
    this.check(props, here, there, crossRegion);

    const twoWay = props.twoWay ?? false;
    const keys = this.keys(props, place, crossRegion);
    this.replica = new SecureBucket(place, here !== there ? `${id}Replica` : 'Replica', {
      objectLockEnabled: props.bucket?.objectLockEnabled,
      objectLockDefaultRetention: props.bucket?.objectLockDefaultRetention,
      ...props.replica,
      encryption: keys.replica,
    });
    this.bucket = new SecureBucket(this, 'Bucket', {
      ...props.bucket,
      encryption: keys.bucket,
    });
    const target = {
      prefix: props.prefix,
      deleteMarkers: props.deleteMarkers ?? twoWay,
      replicaModifications: props.replicaModifications ?? twoWay,
      timeControl: props.timeControl,
    };
    this.replication = new BucketReplication(this, 'Replication', {
      source: this.bucket,
      targets: [{ ...target, bucket: this.replica, storageClass: props.replicaStorageClass }],
      existingObjects: props.existingObjects,
      alarmActions: props.alarmActions,
    });
    if (twoWay) this.roleBack = this.replicateBack({ ...target, bucket: this.bucket, ruleId: 'replicate-back' });
  }

  /**
   * Across Regions the replica's key is the multi-Region primary, since the replica is made first; the bucket has a
   * replica of that key. Otherwise each bucket has a key of its own.
   */
  private keys(props: ReplicatedBucketProps, place: Construct, crossRegion: boolean) {
    const given = { bucket: props.bucket?.encryption, replica: props.replica?.encryption };
    if (!crossRegion || given.bucket !== undefined || given.replica !== undefined)
      return { bucket: given.bucket, replica: given.replica };
    const removal = (of: SecureBucketProps | undefined, scope: Construct) =>
      (of?.removal ?? Removal.RETAIN).policyIn(scope);
    const primaryKey = new kms.Key(place, `${this.node.id}ReplicaKey`, {
      description: `Multi-Region primary key of ${this.node.path}`,
      enableKeyRotation: true,
      multiRegion: true,
      removalPolicy: removal(props.replica, place),
    });
    const replica = new ReplicaKey(this, 'Key', { primaryKey, removalPolicy: removal(props.bucket, this) });
    return { bucket: Encryption.customerKey(replica.key), replica: Encryption.customerKey(primaryKey) };
  }

  /** The way back is set once both buckets are there. */
  private replicateBack(target: ReplicationTarget): iam.Role {
    const role = replicationRole(this, 'RoleBack', this.replica);
    const policy = new iam.ManagedPolicy(this, 'PolicyBack', {
      description: `Replication of ${this.replica.node.path}`,
      roles: [role],
    });
    const region = Stack.of(this.replica).region;
    const locked = (this.replica.node.defaultChild as s3.CfnBucket).objectLockEnabled === true;
    allowReplication(policy, this.replica, region, [target], locked);
    const handler = configurator(this);
    const may = new iam.ManagedPolicy(this, 'SetBack', {
      description: `May set the replication of ${this.replica.node.path}`,
      roles: [handler.executionRole],
      statements: [
        new iam.PolicyStatement({ actions: ['s3:PutReplicationConfiguration'], resources: [arnOf(this.replica)] }),
        new iam.PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [role.roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 's3.amazonaws.com' } },
        }),
      ],
    });
    const rules = replicationRules(this.replica, [target]);
    const back = new CustomResource(this, 'Back', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::S3ReplicationBack',
      properties: {
        Task: 'Replicate',
        Bucket: nameOf(this.replica),
        Region: region,
        Configuration: Stack.of(this).toJsonString(inApi({ role: role.roleArn, rules })),
      },
    });
    // Both buckets are referred to.
    back.node.addDependency(policy, may);
    return role;
  }

  private check(props: ReplicatedBucketProps, here: Stack, there: Stack, crossRegion: boolean): void {
    const problems = new Problems(this);
    problems.check(
      !props.replicaModifications || props.twoWay === true,
      'replicaModifications',
      props.replicaModifications,
      'only with twoWay',
      'set twoWay, or leave it out',
    );
    if (differ(here.account, there.account))
      problems.check(
        false,
        'replicaScope',
        there.account,
        `a stack of account ${here.account}`,
        'use BucketReplication here and ReplicaBucket in the other account',
      );
    const one = props.bucket?.encryption;
    const other = props.replica?.encryption;
    if (crossRegion && (one === undefined) !== (other === undefined))
      problems.check(
        false,
        one === undefined ? 'bucket.encryption' : 'replica.encryption',
        undefined,
        'named at both ends, or at neither',
        'name a key of each Region, or leave both to the construct',
      );
    const bare = (it: Encryption | undefined) => it !== undefined && !it.usesKey;
    problems.check(
      bare(one) || !bare(other),
      'replica.encryption',
      other?.algorithm,
      'a key, since the bucket is encrypted under one',
      'use Encryption.customerKey()',
    );
    problems.check(
      props.bucket?.versioning?.enabled !== false,
      'bucket.versioning',
      'disabled',
      'Versioning.ENABLED on a bucket that is replicated',
      'leave it out',
    );
    problems.check(
      props.replica?.versioning?.enabled !== false,
      'replica.versioning',
      'disabled',
      'Versioning.ENABLED on a bucket that receives replicas',
      'leave it out',
    );
    problems.throwIfAny();
  }
}

/** A replication configuration as the S3 API spells it, from how CloudFormation's class does. */
function inApi(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inApi);
  if (typeof value !== 'object' || value === null) return value;
  const odd: { [name: string]: string } = { id: 'ID', replicaKmsKeyId: 'ReplicaKmsKeyID' };
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [
      odd[name] ??
        (name === 'tagFilter' ? 'Tag' : name === 'tagFilters' ? 'Tags' : name[0].toUpperCase() + name.slice(1)),
      inApi(it),
    ]),
  );
}
