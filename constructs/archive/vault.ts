/**
 * An AWS Backup vault with a key of its own, whose recovery points nobody deletes before their time, and, with a
 * compliance lock, nobody can, AWS included. Source: AWS Backup Developer Guide, "AWS Backup Vault Lock".
 */
import { Duration } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { Removal } from '../bucket/removal';
import { Problems } from '../validation/problems';

/** Options of a vault lock. */
export interface VaultLockOptions {
  /**
   * Shortest retention that jobs may ask for. At least one day.
   * @default Duration.days(7)
   */
  readonly minRetention?: Duration;
  /**
   * Longest retention that jobs may ask for. At most 36500 days.
   * @default - no limit
   */
  readonly maxRetention?: Duration;
}

/** Options of `VaultLock.compliance`. */
export interface ComplianceVaultLockOptions extends VaultLockOptions {
  /**
   * Time after deployment in which the lock can still be changed or removed. At least 3 days.
   * @default Duration.days(7)
   */
  readonly coolingOff?: Duration;
}

/** How firmly a vault holds what is in it. */
export class VaultLock {
  /** Only people with permission for it can remove the lock. */
  public static governance(options: VaultLockOptions = {}): VaultLock {
    return new VaultLock('governance', options.minRetention ?? Duration.days(7), options.maxRetention);
  }

  /** After the cooling-off time nobody can remove the lock or shorten a retention, ever, AWS included. */
  public static compliance(options: ComplianceVaultLockOptions = {}): VaultLock {
    return new VaultLock(
      'compliance',
      options.minRetention ?? Duration.days(7),
      options.maxRetention,
      options.coolingOff ?? Duration.days(7),
    );
  }

  private constructor(
    /** `governance` or `compliance`. */
    public readonly mode: string,
    /** Shortest retention that jobs may ask for. */
    public readonly minRetention: Duration,
    /** Longest retention that jobs may ask for. */
    public readonly maxRetention?: Duration,
    /** Time in which a compliance lock can still be removed. */
    public readonly coolingOff?: Duration,
  ) {}

  /** Notes what AWS Backup would refuse. @internal */
  public _check(problems: Problems): void {
    const days = (duration: Duration) => duration.toDays({ integral: false });
    const whole = (property: string, duration: Duration | undefined, least: number) => {
      if (duration === undefined) return;
      problems.check(
        days(duration) >= least && Number.isInteger(days(duration)),
        property,
        days(duration),
        `whole days, at least ${least}`,
        `pass Duration.days(${least})`,
      );
    };
    whole('lock.minRetention', this.minRetention, 1);
    whole('lock.coolingOff', this.coolingOff, 3);
    if (this.maxRetention === undefined) return;
    problems.check(
      days(this.maxRetention) >= days(this.minRetention) && days(this.maxRetention) <= 36500,
      'lock.maxRetention',
      days(this.maxRetention),
      'days from minRetention to 36500',
      'choose another',
    );
  }
}

/** Properties of `BackupVault`. */
export interface BackupVaultProps {
  /**
   * Name of the vault: 2 to 50 letters, digits, `-` and `_`.
   * @default - CDK makes one from the construct's path
   */
  readonly vaultName?: string;
  /**
   * Key that encrypts the recovery points.
   * @default - a new customer-managed key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * How firmly the vault holds what is in it.
   * @default VaultLock.governance()
   */
  readonly lock?: VaultLock;
  /**
   * Topic that is told of jobs and objects that failed.
   * @default - none
   */
  readonly failureTopic?: sns.ITopic;
  /**
   * What becomes of vault and key when they leave the stack. A vault that holds recovery points is not deleted.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

/**
 * An AWS Backup vault with a key of its own, locked.
 *
 * @example
 * const vault = new BackupVault(this, 'Vault', {
 *   lock: VaultLock.compliance({ minRetention: Duration.days(30) }),
 * });
 */
export class BackupVault extends backup.BackupVault {
  /** Key that encrypts the recovery points. */
  public readonly key: kms.IKey;
  /** How firmly the vault holds what is in it. */
  public readonly lock: VaultLock;

  constructor(scope: Construct, id: string, props: BackupVaultProps = {}) {
    const removalPolicy = (props.removal ?? Removal.RETAIN).policyIn(scope);
    const lock = props.lock ?? VaultLock.governance();
    const key =
      props.encryptionKey ??
      new kms.Key(scope, `${id}Key`, {
        description: `Encrypts the recovery points of ${scope.node.path}/${id}`,
        enableKeyRotation: true,
        removalPolicy,
      });
    // Before super(), so that what is wrong is told in one form and all at once; CDK's own checks come one by one.
    const problems = new Problems({ node: { path: `${scope.node.path}/${id}` } } as Construct);
    lock._check(problems);
    problems.check(
      props.vaultName === undefined || /^[A-Za-z0-9_-]{2,50}$/.test(props.vaultName),
      'vaultName',
      props.vaultName,
      '2 to 50 letters, digits, - and _',
      'leave it out',
    );
    problems.throwIfAny();
    super(scope, id, {
      backupVaultName: props.vaultName,
      encryptionKey: key,
      blockRecoveryPointDeletion: true,
      lockConfiguration: {
        minRetention: lock.minRetention,
        maxRetention: lock.maxRetention,
        changeableFor: lock.coolingOff,
      },
      notificationTopic: props.failureTopic,
      notificationEvents:
        props.failureTopic === undefined
          ? undefined
          : [
              backup.BackupVaultEvents.BACKUP_JOB_FAILED,
              backup.BackupVaultEvents.COPY_JOB_FAILED,
              backup.BackupVaultEvents.S3_BACKUP_OBJECT_FAILED,
              backup.BackupVaultEvents.S3_RESTORE_OBJECT_FAILED,
            ],
      removalPolicy,
    });
    this.key = key;
    this.lock = lock;
  }

  /**
   * Lets backup plans of other accounts of the organisation copy recovery points into this vault. AWS Backup must be
   * allowed to copy between accounts, in the management account. Source: AWS Backup Developer Guide, "Creating backup
   * copies across AWS accounts".
   */
  public allowCopiesFrom(...accounts: string[]): void {
    const problems = new Problems(this);
    problems.check(accounts.length > 0, 'accounts', accounts, 'at least one account', 'name the accounts');
    for (const [i, account] of accounts.entries())
      problems.check(
        /^\d{12}$/.test(account),
        `accounts[${i}]`,
        account,
        'an account id of 12 digits',
        'keep leading zeroes: pass a string',
      );
    problems.throwIfAny();
    this.addToAccessPolicy(
      new iam.PolicyStatement({
        sid: 'CopiesFrom',
        principals: accounts.map((account) => new iam.AccountPrincipal(account)),
        actions: ['backup:CopyIntoBackupVault'],
        resources: ['*'],
      }),
    );
  }
}
