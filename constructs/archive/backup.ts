/**
 * An AWS Backup plan for buckets: to any second of the last weeks, daily and monthly recovery points, and copies in
 * another Region or account, by a role that can do exactly that. Source: AWS Backup Developer Guide, "Amazon S3 backups".
 */
import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import { Schedule } from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from '../validation/acknowledge';
import { Problems } from '../validation/problems';
import type { BackupVault } from './vault';

/** Properties of `BucketBackup`. */
export interface BucketBackupProps {
  /** Buckets to back up. They must keep versions. */
  readonly buckets: s3.Bucket[];
  /** Vault that holds the recovery points. */
  readonly vault: BackupVault;
  /**
   * For how long the buckets can be restored to any second: 1 to 35 days.
   * @default Duration.days(35)
   */
  readonly continuousRetention?: Duration;
  /**
   * How long daily recovery points are kept.
   * @default Duration.days(35)
   */
  readonly dailyRetention?: Duration;
  /**
   * How long monthly recovery points are kept.
   * @default Duration.days(365)
   */
  readonly monthlyRetention?: Duration;
  /**
   * Vault in another Region or account that gets a copy of each daily and monthly recovery point.
   * @default - none
   */
  readonly copyTo?: backup.IBackupVault;
  /**
   * How long copies are kept.
   * @default - as long as what they are copies of
   */
  readonly copyRetention?: Duration;
}

/** S3's longest time for point-in-time restore. Source: AWS Backup Developer Guide, "Continuous backups and PITR". */
const LONGEST_CONTINUOUS_DAYS = 35;

/**
 * An AWS Backup plan for buckets, with copies elsewhere.
 *
 * @example
 * const vault = new BackupVault(this, 'Vault');
 * new BucketBackup(this, 'Backup', { buckets: [bucket], vault, monthlyRetention: Duration.days(730) });
 */
export class BucketBackup extends Construct {
  /** The plan. */
  public readonly plan: backup.BackupPlan;
  /** Role that AWS Backup takes on to back up and to restore into the same buckets. */
  public readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: BucketBackupProps) {
    super(scope, id);
    const continuous = props.continuousRetention ?? Duration.days(LONGEST_CONTINUOUS_DAYS);
    const daily = props.dailyRetention ?? Duration.days(35);
    const monthly = props.monthlyRetention ?? Duration.days(365);
    this.check(props, continuous, daily, monthly);

    this.role = new iam.Role(this, 'Role', {
      description: `Backs up and restores the buckets of ${this.node.path}`,
      assumedBy: new iam.ServicePrincipal('backup.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    const policy = this.permissions(props.buckets);

    const copyTo = props.copyTo === undefined ? undefined : this.byName(props.copyTo);
    const copyActions = (retention: Duration) =>
      copyTo === undefined
        ? undefined
        : [{ destinationBackupVault: copyTo, deleteAfter: props.copyRetention ?? retention }];
    this.plan = new backup.BackupPlan(this, 'Plan', {
      backupVault: props.vault,
      backupPlanRules: [
        new backup.BackupPlanRule({
          ruleName: 'continuous',
          enableContinuousBackup: true,
          deleteAfter: continuous,
          scheduleExpression: Schedule.cron({ hour: '3', minute: '0' }),
        }),
        new backup.BackupPlanRule({
          ruleName: 'daily',
          deleteAfter: daily,
          copyActions: copyActions(daily),
          scheduleExpression: Schedule.cron({ hour: '5', minute: '0' }),
        }),
        new backup.BackupPlanRule({
          ruleName: 'monthly',
          deleteAfter: monthly,
          copyActions: copyActions(monthly),
          scheduleExpression: Schedule.cron({ day: '1', hour: '7', minute: '0' }),
        }),
      ],
    });
    const selection = new backup.BackupSelection(this, 'Buckets', {
      backupPlan: this.plan,
      role: this.role,
      disableDefaultBackupPolicy: true,
      resources: props.buckets.map((bucket) => backup.BackupResource.fromArn(bucket.bucketArn)),
    });
    selection.node.addDependency(policy);
  }

  /**
   * A vault of another Region or account by the ARN that its name makes: vaults always have a name, and CDK would carry a
   * reference between Regions through functions of its own.
   */
  private byName(vault: backup.IBackupVault): backup.IBackupVault {
    const [here, there] = [Stack.of(this), Stack.of(vault)];
    const resource = vault.node.defaultChild;
    const elsewhere = here.region !== there.region || here.account !== there.account;
    if (!elsewhere || !(resource instanceof backup.CfnBackupVault)) return vault;
    if ([there.region, there.account, resource.backupVaultName].some(Token.isUnresolved)) return vault;
    here.addStackDependency(there, 'recovery points are copied there');
    const arn = `arn:${here.partition}:backup:${there.region}:${there.account}:backup-vault:${resource.backupVaultName}`;
    return backup.BackupVault.fromBackupVaultArn(this, 'CopyTo', arn);
  }

  /**
   * What `AWSBackupServiceRolePolicyForS3Backup` and `...ForS3Restore` allow, on these buckets and their keys only.
   * Restoring into a new bucket needs more; AWS's default role has it.
   */
  private permissions(buckets: s3.Bucket[]): iam.ManagedPolicy {
    const stack = Stack.of(this);
    const rules = stack.formatArn({ service: 'events', resource: 'rule', resourceName: 'AwsBackupManagedRule*' });
    const keys = buckets.flatMap((bucket) => bucket.encryptionKey?.keyArn ?? []);
    const policy = new iam.ManagedPolicy(this, 'Policy', {
      description: `Backup and restore of the buckets of ${this.node.path}`,
      roles: [this.role],
      statements: [
        new iam.PolicyStatement({
          actions: [
            's3:GetBucketAcl',
            's3:GetBucketLocation',
            's3:GetBucketNotification',
            's3:GetBucketOwnershipControls',
            's3:GetBucketTagging',
            's3:GetBucketVersioning',
            's3:GetInventoryConfiguration',
            's3:ListBucket',
            's3:ListBucketVersions',
            's3:PutBucketNotification',
            's3:PutInventoryConfiguration',
          ],
          resources: buckets.map((bucket) => bucket.bucketArn),
        }),
        new iam.PolicyStatement({
          actions: [
            's3:DeleteObject',
            's3:GetObject',
            's3:GetObjectAcl',
            's3:GetObjectTagging',
            's3:GetObjectVersion',
            's3:GetObjectVersionAcl',
            's3:GetObjectVersionTagging',
            's3:ListMultipartUploadParts',
            's3:PutObject',
            's3:PutObjectTagging',
          ],
          resources: buckets.map((bucket) => bucket.arnForObjects('*')),
        }),
        new iam.PolicyStatement({
          actions: [
            'events:DeleteRule',
            'events:DescribeRule',
            'events:DisableRule',
            'events:EnableRule',
            'events:ListTargetsByRule',
            'events:PutRule',
            'events:PutTargets',
            'events:RemoveTargets',
          ],
          resources: [rules],
        }),
        // Actions that know no resource. Source: Service Authorization Reference.
        new iam.PolicyStatement({
          actions: ['s3:ListAllMyBuckets', 'events:ListRules', 'cloudwatch:GetMetricData'],
          resources: ['*'],
        }),
        ...(keys.length === 0
          ? []
          : [
              new iam.PolicyStatement({
                actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
                resources: keys,
              }),
            ]),
      ],
    });
    acknowledgeWildcard(
      policy,
      '*',
      's3:ListAllMyBuckets, events:ListRules and cloudwatch:GetMetricData know no resource; all three only read names and figures.',
    );
    acknowledgeWildcard(
      policy,
      rules,
      'AWS Backup names its rules itself, with this beginning, which no other rule may have.',
    );
    for (const bucket of buckets)
      acknowledgeWildcard(
        policy,
        bucket.arnForObjects('*'),
        'A backup is of every object of the bucket; the actions are exact.',
      );
    return policy;
  }

  private check(props: BucketBackupProps, continuous: Duration, daily: Duration, monthly: Duration): void {
    const problems = new Problems(this);
    problems.check(props.buckets.length > 0, 'buckets', [], 'at least one bucket', 'name the buckets to back up');
    props.buckets.forEach((bucket, i) => {
      const resource = bucket.node.defaultChild as s3.CfnBucket;
      const versioning = resource.versioningConfiguration as { status?: string } | undefined;
      problems.check(
        versioning?.status === 'Enabled',
        `buckets[${i}]`,
        bucket.node.path,
        'a bucket that keeps versions (AWS Backup backs up no other)',
        'set versioned: true',
      );
    });
    const days = (duration: Duration) => duration.toDays({ integral: false });
    problems.check(
      days(continuous) >= 1 && days(continuous) <= LONGEST_CONTINUOUS_DAYS && Number.isInteger(days(continuous)),
      'continuousRetention',
      days(continuous),
      'whole days, 1 to 35',
      'use dailyRetention for longer',
    );
    const { minRetention, maxRetention } = props.vault.lock;
    const most = maxRetention === undefined ? 36500 : days(maxRetention);
    for (const [property, duration] of [
      ['continuousRetention', continuous],
      ['dailyRetention', daily],
      ['monthlyRetention', monthly],
    ] as const)
      problems.check(
        days(duration) >= days(minRetention) && days(duration) <= most,
        property,
        days(duration),
        `${days(minRetention)} to ${most} days, which the lock of the vault takes`,
        'change one of the two, or the vault refuses the job',
      );
    problems.throwIfAny();
  }
}
