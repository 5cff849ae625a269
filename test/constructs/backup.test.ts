import {
  BackupVault,
  type BackupVaultProps,
  BucketBackup,
  type BucketBackupProps,
  SecureBucket,
  VaultLock,
} from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import './packs';

describe('backup', () => {
  function plan(props: Partial<BucketBackupProps> = {}, vaultProps: BackupVaultProps = {}) {
    const app = new App();
    const stack = new Stack(app, 'S');
    const vault = new BackupVault(stack, 'Vault', vaultProps);
    new BucketBackup(stack, 'Backup', { buckets: [new SecureBucket(stack, 'Data')], vault, ...props });
    return { app, stack };
  }

  test('continuous, daily and monthly, copied elsewhere, by a role of its own', () => {
    const copies = new BackupVault(new Stack(new App(), 'Other'), 'Copies', { vaultName: 'copies' });
    const template = Template.fromStack(
      plan({
        copyTo: BackupVault.fromBackupVaultArn(
          new Stack(),
          'V',
          'arn:aws:backup:eu-central-1:111122223333:backup-vault:copies',
        ),
        copyRetention: Duration.days(90),
      }).stack,
    );
    expect(copies.lock.mode).toBe('governance');
    const copy = [{ DestinationBackupVaultArn: Match.stringLikeRegexp('copies$'), Lifecycle: { DeleteAfterDays: 90 } }];
    template.hasResourceProperties('AWS::Backup::BackupPlan', {
      BackupPlan: {
        BackupPlanRule: [
          { RuleName: 'continuous', EnableContinuousBackup: true, Lifecycle: { DeleteAfterDays: 35 } },
          { RuleName: 'daily', Lifecycle: { DeleteAfterDays: 35 }, CopyActions: copy },
          { RuleName: 'monthly', Lifecycle: { DeleteAfterDays: 365 }, CopyActions: copy },
        ],
      },
    });
    template.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  test('a compliance lock has its cooling-off days; nobody deletes recovery points by hand', () => {
    const template = Template.fromStack(
      plan({}, { lock: VaultLock.compliance({ coolingOff: Duration.days(3) }) }).stack,
    );
    template.hasResourceProperties('AWS::Backup::BackupVault', {
      LockConfiguration: { MinRetentionDays: 7, ChangeableForDays: 3 },
      AccessPolicy: { Statement: [{ Effect: 'Deny', Action: Match.arrayWith(['backup:DeleteRecoveryPoint']) }] },
    });
  });

  test('copies go to a vault in another Region', () => {
    const app = new App();
    const env = (region: string) => ({ env: { account: '111122223333', region } });
    const copyTo = new BackupVault(new Stack(app, 'Elsewhere', env('eu-central-1')), 'Copies', { vaultName: 'copies' });
    const stack = new Stack(app, 'S', env('eu-west-1'));
    const vault = new BackupVault(stack, 'Vault');
    new BucketBackup(stack, 'Backup', { buckets: [new SecureBucket(stack, 'Data')], vault, copyTo });
    const assembly = app.synth();
    const template = Template.fromJSON(assembly.getStackByName('S').template);
    const DestinationBackupVaultArn = {
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':backup:eu-central-1:111122223333:backup-vault:copies']],
    };
    template.hasResourceProperties('AWS::Backup::BackupPlan', {
      BackupPlan: {
        BackupPlanRule: Match.arrayWith([
          Match.objectLike({ RuleName: 'daily', CopyActions: [Match.objectLike({ DestinationBackupVaultArn })] }),
        ]),
      },
    });
    template.resourceCountIs('AWS::Lambda::Function', 0);
    expect(assembly.getStackByName('S').dependencies.map(({ id }) => id)).toContain('Elsewhere');
  });

  test('other accounts may copy in, and do nothing else', () => {
    const stack = new Stack(new App(), 'S');
    new BackupVault(stack, 'Vault').allowCopiesFrom('111122223333', '444455556666');
    Template.fromStack(stack).hasResourceProperties('AWS::Backup::BackupVault', {
      AccessPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ Sid: 'CopiesFrom', Effect: 'Allow', Action: 'backup:CopyIntoBackupVault' }),
        ]),
      },
    });
  });

  test.each<[string[], string]>([
    [[], 'accounts is []; allowed: at least one account; fix: name the accounts'],
    [['12'], 'accounts[0] is "12"; allowed: an account id of 12 digits; fix: keep leading zeroes: pass a string'],
  ])('copies from %p are refused', (accounts, message) => {
    const vault = new BackupVault(new Stack(new App(), 'S'), 'Vault');
    expect(() => vault.allowCopiesFrom(...accounts)).toThrow(`invalid props of S/Vault:\n  ${message}`);
  });

  test.each<[string, Partial<BucketBackupProps>, BackupVaultProps, string]>([
    [
      'a year of copies where the lock takes a month',
      {},
      { lock: VaultLock.governance({ maxRetention: Duration.days(40) }) },
      'S/Backup:\n  monthlyRetention is 365; allowed: 7 to 40 days, which the lock of the vault takes; fix: change one of the two, or the vault refuses the job',
    ],
    [
      'a lock for longer than AWS Backup keeps anything',
      {},
      { lock: VaultLock.governance({ maxRetention: Duration.days(40000) }) },
      'S/Vault:\n  lock.maxRetention is 40000; allowed: days from minRetention to 36500; fix: choose another',
    ],
    [
      'no buckets',
      { buckets: [] },
      {},
      'S/Backup:\n  buckets is []; allowed: at least one bucket; fix: name the buckets to back up',
    ],
    [
      'a bucket without versions',
      { buckets: [new s3.Bucket(new Stack(new App(), 'T'), 'Plain')] },
      {},
      'S/Backup:\n  buckets[0] is "T/Plain"; allowed: a bucket that keeps versions (AWS Backup backs up no other); fix: set versioned: true',
    ],
    [
      'restore points for longer than S3 has them',
      { continuousRetention: Duration.days(60) },
      {},
      'S/Backup:\n  continuousRetention is 60; allowed: whole days, 1 to 35; fix: use dailyRetention for longer',
    ],
    [
      'jobs that the lock would fail',
      { dailyRetention: Duration.days(3) },
      {},
      'S/Backup:\n  dailyRetention is 3; allowed: 7 to 36500 days, which the lock of the vault takes; fix: change one of the two, or the vault refuses the job',
    ],
    [
      'a lock below a day',
      {},
      { lock: VaultLock.governance({ minRetention: Duration.hours(12) }) },
      'S/Vault:\n  lock.minRetention is 0.5; allowed: whole days, at least 1; fix: pass Duration.days(1)',
    ],
    [
      'no time to think',
      {},
      { lock: VaultLock.compliance({ coolingOff: Duration.days(1) }) },
      'S/Vault:\n  lock.coolingOff is 1; allowed: whole days, at least 3; fix: pass Duration.days(3)',
    ],
    [
      'a longest retention below the shortest',
      {},
      { lock: VaultLock.governance({ minRetention: Duration.days(30), maxRetention: Duration.days(7) }) },
      'S/Vault:\n  lock.maxRetention is 7; allowed: days from minRetention to 36500; fix: choose another',
    ],
    [
      'a name with spaces',
      {},
      { vaultName: 'my vault' },
      'S/Vault:\n  vaultName is "my vault"; allowed: 2 to 50 letters, digits, - and _; fix: leave it out',
    ],
  ])('refuses %s', (_what, props, vaultProps, message) => {
    expect(() => plan(props, vaultProps)).toThrow(`invalid props of ${message}`);
  });
});
