/**
 * Backup and disaster recovery: backups go into a bucket whose versions nobody deletes before their time, and from there
 * into a second Region. Who writes them can do nothing else; who restores reads from either Region. The second Region
 * has a stack of its own, made here.
 */
import {
  BackupVault,
  BucketBackup,
  BucketMonitor,
  Lifecycle,
  Removal,
  ReplicatedBucket,
  type SecureBucket,
} from '@coffer/constructs';
import { CfnOutput, Duration, Stack, type StackProps, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Settings } from './settings';

export interface BackupStackProps extends StackProps {
  /**
   * Region of the replica. The Region of the stack itself has to be named then (`env.region`).
   * @default - the replica is in the Region of the stack
   */
  readonly replicaRegion?: string;
  /**
   * How long a backup cannot be deleted, nor overwritten, whoever asks.
   * @default Duration.days(30)
   */
  readonly lock?: Duration;
  /**
   * Whether administrators with `s3:BypassGovernanceRetention` can delete earlier: `governance`, or nobody at all:
   * `compliance`, or Object Lock is on without a default: `none`.
   * @default 'governance'
   */
  readonly lockMode?: string;
  /**
   * How long backups are kept.
   * @default - for ever
   */
  readonly retention?: Duration;
  /**
   * Whether S3 promises replicas within 15 minutes, and tells when it takes longer. Charged by the GB.
   * @default false
   */
  readonly timeControl?: boolean;
  /**
   * Whether AWS Backup keeps recovery points of the bucket too: to any second of 35 days, and monthly for a year.
   * @default false
   */
  readonly recoveryPoints?: boolean;
  /**
   * What becomes of buckets and keys when they leave the stacks.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

export class BackupStack extends Stack {
  /** Props from the settings `backup` of the app. */
  public static settings(scope: Construct): BackupStackProps {
    const settings = new Settings(scope, 'backup');
    const region = settings.text('region');
    const props: BackupStackProps = {
      ...(region === undefined ? {} : { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region } }),
      replicaRegion: settings.text('replicaRegion'),
      lock: settings.days('lockDays'),
      lockMode: settings.choice('lockMode', 'governance', 'compliance', 'none'),
      retention: settings.days('retentionDays'),
      timeControl: settings.flag('timeControl'),
      recoveryPoints: settings.flag('recoveryPoints'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly backups: SecureBucket;
  public readonly replica: SecureBucket;
  /** The stack of the second Region; this one without it. */
  public readonly replicaStack: Stack;
  public readonly writer: iam.Role;
  public readonly restorer: iam.Role;

  constructor(scope: Construct, id: string, props: BackupStackProps = {}) {
    super(scope, id, props);
    const removal = props.removal ?? Removal.RETAIN;
    check(this, props);
    this.replicaStack =
      props.replicaRegion === undefined
        ? this
        : new Stack(scope, `${id}Replica`, {
            description: `Replicas of the backups of ${id}`,
            env: { account: props.env?.account, region: props.replicaRegion },
          });
    const inTwo = this.replicaStack !== this;

    const replicated = new ReplicatedBucket(this, 'Backups', {
      bucket: {
        removal,
        objectLockEnabled: true,
        objectLockDefaultRetention: lockOf(props),
        lifecycle: lifecycleOf(props),
      },
      replica: { removal, lifecycle: lifecycleOf(props) },
      replicaScope: inTwo ? this.replicaStack : undefined,
      timeControl: props.timeControl,
    });
    this.backups = replicated.bucket;
    this.replica = replicated.replica;

    this.writer = role(this, 'Writer', 'Writes new backups below backups/');
    this.backups.access.upload(this.writer, { prefix: 'backups/' });
    this.restorer = role(this, 'Restorer', 'Reads backups and their versions');
    this.backups.access.read(this.restorer, { prefix: 'backups/', versions: true });
    // A disaster takes this Region's stack with it, so the way to the replica belongs to the other one.
    const elsewhere = inTwo ? role(this.replicaStack, 'Restorer', 'Reads replicas of backups') : this.restorer;
    this.replica.access.read(elsewhere, { prefix: 'backups/', versions: true });

    const monitor = new BucketMonitor(this, 'Monitor', { bucket: this.backups });
    if (props.recoveryPoints) this.keepRecoveryPoints(removal);

    new CfnOutput(this, 'BucketName', { value: this.backups.bucketName });
    new CfnOutput(this, 'KeyArn', { value: this.backups.encryptionKey!.keyArn });
    new CfnOutput(this, 'WriterRoleArn', { value: this.writer.roleArn });
    new CfnOutput(this, 'RestorerRoleArn', { value: this.restorer.roleArn });
    new CfnOutput(this, 'AlarmTopicArn', { value: monitor.topic.topicArn });
    new CfnOutput(this, 'DashboardName', { value: monitor.dashboard.dashboardName });
    new CfnOutput(this.replicaStack, 'ReplicaBucketName', { value: this.replica.bucketName });
    new CfnOutput(this.replicaStack, 'ReplicaKeyArn', { value: this.replica.encryptionKey!.keyArn });
    if (inTwo) new CfnOutput(this.replicaStack, 'ReplicaRestorerRoleArn', { value: elsewhere.roleArn });
  }

  private keepRecoveryPoints(removal: Removal): void {
    const vault = new BackupVault(this, 'Vault', { removal });
    new BucketBackup(this, 'Plan', { buckets: [this.backups], vault });
  }
}

/** A role that principals of this account may assume when their own policy says so. */
function role(stack: Stack, id: string, description: string): iam.Role {
  return new iam.Role(stack, id, { description, assumedBy: new iam.AccountPrincipal(stack.account) });
}

/** Backups are read soon or hardly ever: Standard-IA at 30 days, Glacier Flexible at 90, Deep Archive at 365. */
function lifecycleOf({ retention, lock }: BackupStackProps): Lifecycle {
  const days = retention?.toDays() ?? Number.POSITIVE_INFINITY;
  const steps = {
    infrequentAccessAfter: days > 60 ? Duration.days(30) : undefined,
    glacierFlexibleRetrievalAfter: days > 180 ? Duration.days(90) : undefined,
    deepArchiveAfter: days > 545 ? Duration.days(365) : undefined,
  };
  // A version that was replaced goes when its lock has ended; until then S3 keeps it whatever a rule says.
  const recovery = Duration.days(Math.max(30, lock?.toDays() ?? 30));
  if (days <= 60) return Lifecycle.of({ id: 'backups', expiration: retention, noncurrentVersionExpiration: recovery });
  return Lifecycle.costOptimised({ ...steps, expireAfter: retention, recovery });
}

function lockOf({ lock, lockMode = 'governance' }: BackupStackProps): s3.ObjectLockRetention | undefined {
  const time = lock ?? Duration.days(30);
  if (lockMode === 'none') return undefined;
  return lockMode === 'compliance' ? s3.ObjectLockRetention.compliance(time) : s3.ObjectLockRetention.governance(time);
}

/** @throws Error naming what is wrong with the props together */
function check(stack: Stack, props: BackupStackProps): void {
  const refuse = (property: string, given: unknown, allowed: string, fix: string) => {
    throw new Error(`${property} is ${JSON.stringify(given)}; allowed: ${allowed}; fix: ${fix}`);
  };
  const { replicaRegion, lockMode = 'governance', lock, retention } = props;
  if (replicaRegion !== undefined) {
    if (Token.isUnresolved(stack.region))
      refuse('region', undefined, 'the Region of the stack beside replicaRegion', 'name it, e.g. us-east-1');
    if (replicaRegion === stack.region)
      refuse('replicaRegion', replicaRegion, `another Region than ${stack.region}`, 'name another, or leave it out');
    if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(replicaRegion))
      refuse('replicaRegion', replicaRegion, 'a Region, e.g. us-west-2', 'correct it');
  }
  if (!['governance', 'compliance', 'none'].includes(lockMode))
    refuse('lockMode', lockMode, 'governance, compliance, none', 'use governance');
  const held = lockMode === 'none' ? 0 : (lock ?? Duration.days(30)).toDays();
  if (retention !== undefined && retention.toDays() < held)
    refuse('retention', retention.toDays(), `at least the ${held} days of the lock`, 'keep longer, or lock shorter');
}
