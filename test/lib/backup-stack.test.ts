/** Backup and disaster recovery: templates by property, and deployed over two Regions, used by each of its roles. */
import {
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { BackupStack } from '../../lib/backup-stack';
import { findings } from '../constructs/packs';

const flags = require('aws-cdk-lib/recommended-feature-flags.json');
const two = { region: 'us-east-1', replicaRegion: 'eu-central-1' };

function build(backup: Record<string, unknown> = {}) {
  const app = new App({ context: { ...flags, backup } });
  return { app, stack: new BackupStack(app, 'Backup', BackupStack.settings(app)) };
}

type Rule = {
  Id: string;
  Transitions?: { StorageClass: string; TransitionInDays: number }[];
  ExpirationInDays?: number;
};
function moves(stack: Stack): [string, number][] {
  const bucket = Object.values(Template.fromStack(stack).findResources('AWS::S3::Bucket')).find(
    (it) => it.Properties.ReplicationConfiguration !== undefined,
  )!;
  const rules: Rule[] = bucket.Properties.LifecycleConfiguration.Rules;
  return rules.flatMap((it) => it.Transitions ?? []).map((it) => [it.StorageClass, it.TransitionInDays]);
}

test.each<[string, Record<string, unknown>]>([
  ['in one Region', {}],
  ['in two', { ...two, timeControl: true }],
  ['with recovery points', { ...two, recoveryPoints: true }],
])('all six packs find nothing, and nothing runs: %s', (_what, settings) => {
  const { app, stack } = build(settings);
  app.synth();
  expect(findings(app)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
});

test('settings of the app reach the resources of both stacks', () => {
  const settings = {
    ...two,
    lockDays: 60,
    lockMode: 'compliance',
    retentionDays: 400,
    timeControl: true,
    recoveryPoints: true,
  };
  const { stack } = build(settings);
  for (const each of [stack, stack.replicaStack]) {
    Template.fromStack(each).hasResourceProperties('AWS::S3::Bucket', {
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 60 } } },
      LifecycleConfiguration: {
        Rules: Match.arrayWith([Match.objectLike({ Id: 'cost-optimised', ExpirationInDays: 400 })]),
      },
    });
  }
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'ReplicationLatency' });
  template.resourceCountIs('AWS::Backup::BackupVault', 1);
  template.resourceCountIs('AWS::KMS::ReplicaKey', 1);
  expect(stack.replicaStack.region).toBe('eu-central-1');
});

test('backups get colder no sooner than it pays, for as long as they are kept', () => {
  const all: [string, number][] = [
    ['STANDARD_IA', 30],
    ['GLACIER', 90],
    ['DEEP_ARCHIVE', 365],
  ];
  expect(moves(build().stack)).toEqual(all);
  expect(moves(build({ retentionDays: 400 }).stack)).toEqual(all.slice(0, 2));
  expect(moves(build({ retentionDays: 120 }).stack)).toEqual(all.slice(0, 1));
  expect(moves(build({ retentionDays: 45 }).stack)).toEqual([]);
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'a replica elsewhere than nobody knows',
    { replicaRegion: 'eu-west-1' },
    'region is undefined; allowed: the Region of the stack beside replicaRegion; fix: name it, e.g. us-east-1',
  ],
  [
    'a replica in the same Region',
    { region: 'eu-west-1', replicaRegion: 'eu-west-1' },
    'replicaRegion is "eu-west-1"; allowed: another Region than eu-west-1; fix: name another, or leave it out',
  ],
  [
    'no Region',
    { region: 'eu-west-1', replicaRegion: 'Ireland' },
    'replicaRegion is "Ireland"; allowed: a Region, e.g. us-west-2; fix: correct it',
  ],
  [
    'a lock beyond the end',
    { retentionDays: 20 },
    'retention is 20; allowed: at least the 30 days of the lock; fix: keep longer, or lock shorter',
  ],
  [
    'another lock',
    { lockMode: 'strict' },
    'backup.lockMode is "strict"; allowed: governance, compliance, none; fix: correct it here, or set COFFER_BACKUP_LOCK_MODE',
  ],
  [
    'emptying what is locked',
    { removal: 'destroyWithObjects' },
    'removal is "DESTROY_WITH_OBJECTS"; allowed: RETAIN or DESTROY with Object Lock: locked objects cannot be deleted; fix: use Removal.RETAIN',
  ],
])('%s stops the synth', (_what, settings, message) => {
  expect(() => build(settings)).toThrow(message);
});

test('a lock mode that only code can give is refused too', () => {
  expect(() => new BackupStack(new App(), 'Backup', { lockMode: 'x' })).toThrow(
    'lockMode is "x"; allowed: governance, compliance, none; fix: use governance',
  );
});

describe('deployed over two Regions', () => {
  let coffer: Coffer;
  let output: (name: string) => string;
  beforeAll(async () => {
    coffer = await startCoffer();
    const deployed = await coffer.deploy(build({ ...two, lockMode: 'compliance', lockDays: 10 }).app);
    output = (name) => deployed.output(name);
  });
  afterAll(() => coffer.close());

  const region = (name: string) => (name.startsWith('Replica') ? 'eu-central-1' : 'us-east-1');
  const as = (role: string) => coffer.client(S3Client, { as: output(`${role}RoleArn`), region: region(role) });
  const name = (error: Error) => error.name;

  test('the writer writes and cannot read; the restorer reads and cannot write', async () => {
    const at = { Bucket: output('BucketName'), Key: 'backups/db.dump' };
    const put = await as('Writer').send(new PutObjectCommand({ ...at, Body: 'dump' }));
    expect(put.SSEKMSKeyId).toBe(output('KeyArn'));
    expect(await as('Writer').send(new GetObjectCommand(at)).catch(name)).toBe('AccessDenied');
    const read = await as('Restorer').send(new GetObjectCommand({ ...at, VersionId: put.VersionId }));
    expect(await read.Body!.transformToString()).toBe('dump');
    expect(
      await as('Restorer')
        .send(new PutObjectCommand({ ...at, Body: 'x' }))
        .catch(name),
    ).toBe('AccessDenied');
  });

  test('nobody deletes a backup before its time, the administrator included', async () => {
    const at = { Bucket: output('BucketName'), Key: 'backups/kept' };
    const admin = coffer.client(S3Client);
    const { VersionId } = await admin.send(new PutObjectCommand({ ...at, Body: 'x' }));
    const version = new DeleteObjectCommand({ ...at, VersionId, BypassGovernanceRetention: true });
    expect(await admin.send(version).catch(name)).toBe('AccessDenied');
    await coffer.clock.advance({ days: 11 });
    expect((await admin.send(new DeleteObjectCommand({ ...at, VersionId }))).VersionId).toBe(VersionId);
  });

  test('the replica is in the other Region, under the primary of the same key, with a way to it of its own', async () => {
    const admin = coffer.client(S3Client);
    const { ReplicationConfiguration } = await admin.send(
      new GetBucketReplicationCommand({ Bucket: output('BucketName') }),
    );
    const { Destination, Status, DeleteMarkerReplication } = ReplicationConfiguration!.Rules![0];
    expect(Destination!.Bucket).toBe(`arn:aws:s3:::${output('ReplicaBucketName')}`);
    expect(Destination!.EncryptionConfiguration!.ReplicaKmsKeyID).toBe(output('ReplicaKeyArn'));
    expect([Status, DeleteMarkerReplication!.Status]).toEqual(['Enabled', 'Disabled']);
    expect(output('ReplicaKeyArn').split('/')[1]).toBe(output('KeyArn').split('/')[1]);
    const at = { Bucket: output('ReplicaBucketName'), Key: 'backups/db.dump' };
    const elsewhere = coffer.client(S3Client, { region: 'eu-central-1' });
    await elsewhere.send(new PutObjectCommand({ ...at, Body: 'as if replicated' }));
    const read = await as('ReplicaRestorer').send(new GetObjectCommand(at));
    expect(await read.Body!.transformToString()).toBe('as if replicated');
    const other = coffer.client(S3Client, { as: output('RestorerRoleArn'), region: 'eu-central-1' });
    expect(await other.send(new GetObjectCommand(at)).catch(name)).toBe('AccessDenied');
  });
});
