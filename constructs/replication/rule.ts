/**
 * One direction of replication: the rules as S3 takes them, and what the role that copies may do, exactly. Sources: S3
 * User Guide, "Setting up permissions for live replication", "Replicating encrypted objects", "Replication configuration
 * file elements".
 */
import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { StorageChoice } from '../bucket/lifecycle';
import { acknowledgeWildcard } from '../validation/acknowledge';
import type { Problems } from '../validation/problems';

/** Where objects are replicated to, which, and how. */
export interface ReplicationTarget {
  /** Bucket that receives the replicas. It keeps versions. */
  readonly bucket: s3.IBucket;
  /**
   * Key that encrypts the replicas, in the Region of that bucket.
   * @default - the key of that bucket, where it is known
   */
  readonly key?: kms.IKey;
  /**
   * Account that owns that bucket, where it is another one; it then owns the replicas too.
   * @default - the account of the source
   */
  readonly account?: string;
  /**
   * Region of that bucket, for the permission to use its key.
   * @default - the Region of its stack
   */
  readonly region?: string;
  /**
   * Key prefix of the objects that are replicated.
   * @default - all objects
   */
  readonly prefix?: string;
  /**
   * Tags of the objects that are replicated. Excludes delete markers.
   * @default - any
   */
  readonly tags?: { [key: string]: string };
  /**
   * Storage class of the replicas.
   * @default - that of the source object
   */
  readonly storageClass?: StorageChoice;
  /**
   * Whether deletions (not of versions) are replicated. Without, the replica also protects against them.
   * @default false
   */
  readonly deleteMarkers?: boolean;
  /**
   * Whether changes to replicas' metadata come back; for two-way replication.
   * @default false
   */
  readonly replicaModifications?: boolean;
  /**
   * Whether S3 promises 15 minutes (Replication Time Control, charged by the GB).
   * @default false
   */
  readonly timeControl?: boolean;
  /**
   * Whether CloudWatch gets metrics of the replication. Always with timeControl.
   * @default true
   */
  readonly metrics?: boolean;
  /**
   * Id of the rule, at most 255 characters.
   * @default - `replicate-` and its number
   */
  readonly ruleId?: string;
  /**
   * Whether the rule is in force.
   * @default true
   */
  readonly enabled?: boolean;
}

/**
 * ARN of a bucket. A bucket of this app is named by its resource: across Regions CDK then reads the ARN from the other
 * stack when it deploys, and nobody has to choose a physical name.
 */
export function arnOf(bucket: s3.IBucket): string {
  const resource = bucket.node.defaultChild;
  return CfnBucket.isCfnBucket(resource) ? resource.attrArn : bucket.bucketArn;
}

/** Name of a bucket, likewise. */
export function nameOf(bucket: s3.IBucket): string {
  const resource = bucket.node.defaultChild;
  return CfnBucket.isCfnBucket(resource) ? resource.ref : bucket.bucketName;
}

/** The id of the rule for a target. */
export function ruleIdOf(target: ReplicationTarget, i: number): string {
  return target.ruleId ?? `replicate-${i}`;
}

/** The key of the replicas. */
function keyOf(target: ReplicationTarget): kms.IKey | undefined {
  return target.key ?? target.bucket.encryptionKey;
}

/** Notes what is wrong with targets before there is a rule. */
export function checkTargets(problems: Problems, source: s3.IBucket, targets: ReplicationTarget[]): void {
  problems.check(
    targets.length > 0,
    'targets',
    targets.length,
    'at least one',
    'name the bucket that receives the replicas',
  );
  for (const [i, target] of targets.entries()) {
    const at = `targets[${i}]`;
    if (source.encryptionKey !== undefined && keyOf(target) === undefined)
      problems.check(
        false,
        `${at}.key`,
        undefined,
        'the key of the destination, since the source is encrypted under one',
        'name the key of the destination bucket',
      );
    const tagged = Object.keys(target.tags ?? {}).length > 0;
    problems.check(
      !(tagged && target.deleteMarkers),
      `${at}.deleteMarkers`,
      target.deleteMarkers,
      'false beside tags: a delete marker has none',
      'choose objects by prefix, or leave deleteMarkers out',
    );
    problems.check(
      !(target.timeControl && target.metrics === false),
      `${at}.metrics`,
      target.metrics,
      'true or left out beside timeControl',
      'leave it out',
    );
    const account = target.account ?? '000000000000';
    problems.check(/^\d{12}$/.test(account), `${at}.account`, target.account, '12 digits', "name the account's id");
  }
}

/** The rules for `targets`, as the class of CloudFormation spells them. */
export function replicationRules(
  source: s3.IBucket,
  targets: ReplicationTarget[],
): s3.CfnBucket.ReplicationRuleProperty[] {
  return targets.map((target, i) => {
    const key = source.encryptionKey === undefined ? undefined : keyOf(target);
    const timed = target.timeControl ?? false;
    const onOff = (on: boolean | undefined) => ({ status: on ? 'Enabled' : 'Disabled' });
    return {
      id: ruleIdOf(target, i),
      status: target.enabled === false ? 'Disabled' : 'Enabled',
      priority: i,
      filter: filterOf(target),
      deleteMarkerReplication: onOff(target.deleteMarkers),
      ...(key !== undefined || target.replicaModifications
        ? {
            sourceSelectionCriteria: {
              ...(key !== undefined ? { sseKmsEncryptedObjects: { status: 'Enabled' } } : {}),
              ...(target.replicaModifications ? { replicaModifications: { status: 'Enabled' } } : {}),
            },
          }
        : {}),
      destination: {
        bucket: arnOf(target.bucket),
        ...(key !== undefined ? { encryptionConfiguration: { replicaKmsKeyId: key.keyArn } } : {}),
        ...(target.account !== undefined
          ? { account: target.account, accessControlTranslation: { owner: 'Destination' } }
          : {}),
        ...(target.storageClass !== undefined ? { storageClass: target.storageClass.storageClass } : {}),
        ...(timed ? { replicationTime: { status: 'Enabled', time: { minutes: 15 } } } : {}),
        ...(timed || target.metrics !== false
          ? { metrics: { status: 'Enabled', ...(timed ? { eventThreshold: { minutes: 15 } } : {}) } }
          : {}),
      },
    };
  });
}

function filterOf(target: ReplicationTarget): s3.CfnBucket.ReplicationRuleFilterProperty {
  const tags = Object.entries(target.tags ?? {}).map(([key, value]) => ({ key, value }));
  if (tags.length === 0) return { prefix: target.prefix ?? '' };
  if (tags.length === 1 && target.prefix === undefined) return { tagFilter: tags[0] };
  return { and: { tagFilters: tags, ...(target.prefix !== undefined ? { prefix: target.prefix } : {}) } };
}

/** What the role that copies from `source` to `targets` may do: nothing else, and with keys only through S3. */
export function allowReplication(
  policy: iam.ManagedPolicy,
  source: s3.IBucket,
  sourceRegion: string,
  targets: ReplicationTarget[],
  locked: boolean,
): void {
  policy.addStatements(
    new iam.PolicyStatement({
      actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
      resources: [arnOf(source)],
    }),
    new iam.PolicyStatement({
      actions: [
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
        ...(locked ? ['s3:GetObjectLegalHold', 's3:GetObjectRetention'] : []),
      ],
      resources: [`${arnOf(source)}/*`],
    }),
  );
  if (source.encryptionKey !== undefined)
    policy.addStatements(throughS3(source.encryptionKey, ['kms:Decrypt'], sourceRegion, source));
  for (const target of targets) {
    policy.addStatements(
      new iam.PolicyStatement({
        actions: [
          's3:ReplicateDelete',
          's3:ReplicateObject',
          's3:ReplicateTags',
          ...(target.account !== undefined ? ['s3:ObjectOwnerOverrideToBucketOwner'] : []),
        ],
        resources: [`${arnOf(target.bucket)}/*`],
      }),
    );
    const key = keyOf(target);
    const region = target.region ?? Stack.of(target.bucket).region;
    if (source.encryptionKey !== undefined && key !== undefined)
      policy.addStatements(throughS3(key, ['kms:Encrypt', 'kms:GenerateDataKey'], region, target.bucket));
  }
  for (const bucket of [source, ...targets.map((target) => target.bucket)])
    acknowledgeWildcard(
      policy,
      `${arnOf(bucket)}/*`,
      'Replication is of whatever is put into the bucket; the actions are those that S3 documents for it.',
    );
}

/** Use of a key by S3 in one Region, for one bucket: with a bucket key its ARN is the encryption context. */
function throughS3(key: kms.IKey, actions: string[], region: string, bucket: s3.IBucket): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: {
      StringLike: {
        'kms:ViaService': `s3.${region}.amazonaws.com`,
        'kms:EncryptionContext:aws:s3:arn': [arnOf(bucket), `${arnOf(bucket)}/*`],
      },
    },
  });
}

/** Whether two Regions are known and differ. */
export function differ(one: string, other: string): boolean {
  return !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}

/** What a bucket of another account has to let the role do: replicate into it, and own nothing there. */
export function foreignBucketStatements(
  roleArn: string,
  account: string,
  bucketArn: string,
  n = 0,
): iam.PolicyStatement[] {
  return [
    foreign(
      `Replicas${n}`,
      roleArn,
      account,
      [`${bucketArn}/*`],
      ['s3:ObjectOwnerOverrideToBucketOwner', 's3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags'],
    ),
    foreign(`ReplicasVersioned${n}`, roleArn, account, [bucketArn], ['s3:GetBucketVersioning', 's3:ListBucket']),
  ];
}

/** What the key of such a bucket has to let the role do. */
export function foreignKeyStatement(roleArn: string, account: string, n = 0): iam.PolicyStatement {
  return foreign(`Replicas${n}`, roleArn, account, ['*'], ['kms:Encrypt', 'kms:GenerateDataKey']);
}

/** A policy that names a role which does not exist is refused, so the account is named, and the role by condition. */
function foreign(
  sid: string,
  roleArn: string,
  account: string,
  resources: string[],
  actions: string[],
): iam.PolicyStatement {
  const principals = [new iam.AccountPrincipal(account)];
  return new iam.PolicyStatement({
    sid,
    principals,
    actions,
    resources,
    conditions: { ArnEquals: { 'aws:PrincipalArn': roleArn } },
  });
}
