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

  test.each<[string, Partial<BucketBackupProps>, BackupVaultProps, string]>([
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
      'S/Vault:\n  lock.maxRetention is 7; allowed: days from minRetention to 36500; fix: lengthen it',
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
