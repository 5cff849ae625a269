/** Replication: rules, roles, keys and alarms by template; two Regions and both ways as a client of the runtime. */
import { GetBucketReplicationCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  BucketReplication,
  Encryption,
  ExistingObjects,
  ReplicaBucket,
  ReplicaKey,
  ReplicatedBucket,
  type ReplicatedBucketProps,
  type ReplicationTarget,
  SecureBucket,
  StorageChoice,
  Versioning,
} from '@coffer/constructs';
import { startCoffer } from '@coffer/runtime';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { findings } from './packs';

const context = require('aws-cdk-lib/recommended-feature-flags.json');
const account = '000000000000';

/** In one Region or two; no account is named, so nothing may need to know it. */
function pair(props: ReplicatedBucketProps = {}, regions: [string, string] | [string] = ['us-east-1']) {
  const app = new App({ context });
  const stack = new Stack(app, 'Here', { env: { region: regions[0] } });
  const there = regions[1] ? new Stack(app, 'There', { env: { region: regions[1] } }) : undefined;
  const pair = new ReplicatedBucket(stack, 'Data', { ...props, replicaScope: there });
  return { app, stack, there, pair };
}

type Statement = { Action: string | string[]; Resource: unknown; Condition?: Record<string, Record<string, unknown>> };
const policyOf = (template: Template, description: RegExp): Statement[] =>
  Object.values(template.findResources('AWS::IAM::ManagedPolicy')).find((it) =>
    description.test(JSON.stringify(it.Properties.Description)),
  )!.Properties.PolicyDocument.Statement;
const bucketOf = (template: Template, id: RegExp) =>
  Object.entries(template.findResources('AWS::S3::Bucket')).find(([it]) => id.test(it))![1].Properties;

test('in one Region: what S3 asks for, no Lambda, every pack content', () => {
  const { stack, app } = pair({ timeControl: true, prefix: 'orders/', replicaStorageClass: StorageChoice.STANDARD_IA });
  const template = Template.fromStack(stack);
  expect(bucketOf(template, /^DataBucket/).ReplicationConfiguration.Rules).toEqual([
    {
      Id: 'replicate-0',
      Status: 'Enabled',
      Priority: 0,
      Filter: { Prefix: 'orders/' },
      DeleteMarkerReplication: { Status: 'Disabled' },
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
      Destination: {
        Bucket: { 'Fn::GetAtt': [expect.stringMatching(/^DataReplica/), 'Arn'] },
        EncryptionConfiguration: {
          ReplicaKmsKeyID: { 'Fn::GetAtt': [expect.stringMatching(/^DataReplicaKey/), 'Arn'] },
        },
        StorageClass: 'STANDARD_IA',
        ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } },
        Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
      },
    },
  ]);
  template.resourceCountIs('AWS::Lambda::Function', 0);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'OperationsFailedReplication', Threshold: 0 });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ReplicationLatency',
    Threshold: 900,
    EvaluationPeriods: 3,
    AlarmActions: Match.anyValue(),
  });
  expect(findings(app)).toEqual([]);
});

test('the role can copy, with the keys only through S3 for these buckets, and nothing else', () => {
  const { stack } = pair();
  const statements = policyOf(Template.fromStack(stack), /Replication of/);
  expect(statements.map((it) => it.Action)).toEqual([
    ['s3:GetReplicationConfiguration', 's3:ListBucket'],
    ['s3:GetObjectVersionAcl', 's3:GetObjectVersionForReplication', 's3:GetObjectVersionTagging'],
    'kms:Decrypt',
    ['s3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags'],
    ['kms:Encrypt', 'kms:GenerateDataKey'],
  ]);
  for (const { Action, Resource, Condition } of statements) {
    expect(Resource).not.toBe('*');
    if (JSON.stringify(Action).includes('kms:'))
      expect(Condition!.StringLike).toEqual({
        'kms:ViaService': 's3.us-east-1.amazonaws.com',
        'kms:EncryptionContext:aws:s3:arn': [expect.anything(), expect.anything()],
      });
  }
});

test('what is locked is replicated with its lock, to a bucket that has one', () => {
  const objectLockDefaultRetention = s3.ObjectLockRetention.governance(Duration.days(7));
  const { stack } = pair({ bucket: { objectLockDefaultRetention } });
  const template = Template.fromStack(stack);
  expect(bucketOf(template, /^DataReplica/).ObjectLockEnabled).toBe(true);
  expect(JSON.stringify(policyOf(template, /Replication of/))).toContain('s3:GetObjectRetention');
});

test('across Regions the replica has the primary key, the bucket a replica of it; the stacks are no cycle', () => {
  const { app, stack, there } = pair({}, ['us-east-1', 'eu-central-1']);
  app.synth();
  Template.fromStack(there!).hasResourceProperties('AWS::KMS::Key', { MultiRegion: true, EnableKeyRotation: true });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::KMS::ReplicaKey', 1);
  const statements = policyOf(template, /Replication of/);
  expect(statements.at(-1)!.Condition!.StringLike['kms:ViaService']).toBe('s3.eu-central-1.amazonaws.com');
  expect(JSON.stringify(statements)).not.toContain('"Resource":"*"');
  expect(findings(app)).toEqual([]);
});

test('several targets: by prefix, by tags, switched off, to another account', () => {
  const stack = new Stack(new App({ context }), 'S');
  const source = new SecureBucket(stack, 'Source');
  const others = ['One', 'Two', 'Three'].map((id) => new SecureBucket(stack, id));
  const foreign = s3.Bucket.fromBucketAttributes(stack, 'Foreign', {
    bucketArn: 'arn:aws:s3:::foreign',
    account: '111122223333',
  });
  const key = kms.Key.fromKeyArn(stack, 'ForeignKey', 'arn:aws:kms:eu-west-1:111122223333:key/1234');
  const replication = new BucketReplication(stack, 'Replication', {
    source,
    roleName: 'replicate-source',
    targets: [
      { bucket: others[0], tags: { a: '1' } },
      { bucket: others[1], tags: { a: '1', b: '2' }, prefix: 'x/', ruleId: 'both' },
      { bucket: others[2], enabled: false, metrics: false },
      { bucket: foreign, key, account: '111122223333', region: 'eu-west-1', deleteMarkers: true },
    ],
  });
  expect(replication.ruleIds).toEqual(['replicate-0', 'both', 'replicate-2', 'replicate-3']);
  const template = Template.fromStack(stack);
  const rules = bucketOf(template, /^Source/).ReplicationConfiguration.Rules;
  expect(rules.map((it: { Filter: unknown; Status: string }) => [it.Status, it.Filter])).toEqual([
    ['Enabled', { TagFilter: { Key: 'a', Value: '1' } }],
    [
      'Enabled',
      {
        And: {
          Prefix: 'x/',
          TagFilters: [
            { Key: 'a', Value: '1' },
            { Key: 'b', Value: '2' },
          ],
        },
      },
    ],
    ['Disabled', { Prefix: '' }],
    ['Enabled', { Prefix: '' }],
  ]);
  expect(rules[3].Destination).toMatchObject({
    Account: '111122223333',
    AccessControlTranslation: { Owner: 'Destination' },
  });
  const statements = policyOf(template, /Replication of/);
  expect(JSON.stringify(statements.at(-2)!.Action)).toContain('s3:ObjectOwnerOverrideToBucketOwner');
  expect(statements.at(-1)!.Condition!.StringLike['kms:ViaService']).toBe('s3.eu-west-1.amazonaws.com');
  template.hasResourceProperties('AWS::IAM::Role', { RoleName: 'replicate-source' });
  expect(replication.alarms).toHaveLength(3);
  // The owner of that bucket is told what ReplicaBucket would have given.
  const [objects, versioned] = replication.requiredBucketStatements(3).map((it) => it.toStatementJson());
  expect(objects).toMatchObject({ Sid: 'Replicas0', Resource: 'arn:aws:s3:::foreign/*' });
  expect(versioned.Action).toEqual(['s3:GetBucketVersioning', 's3:ListBucket']);
  expect(replication.requiredKeyStatement(3).toStatementJson().Action).toEqual(['kms:Encrypt', 'kms:GenerateDataKey']);
  expect(() => replication.requiredBucketStatements(0)).toThrow(
    'invalid props of S/Replication:\n  index is 0; allowed: a target with an account: 3; fix: buckets of this account need nothing more',
  );
});

test('the other account lets the one role in, to replicate and no more, before that role exists', () => {
  const stack = new Stack(new App({ context }), 'S');
  const arn = 'arn:aws:iam::111122223333:role/replicate-source';
  new ReplicaBucket(stack, 'Replica', { sourceRoleArns: [arn] });
  const template = Template.fromStack(stack);
  const from = { ArnEquals: { 'aws:PrincipalArn': arn } };
  const root = { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::111122223333:root']] } };
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Sid: 'Replicas0',
          Action: [
            's3:ObjectOwnerOverrideToBucketOwner',
            's3:ReplicateDelete',
            's3:ReplicateObject',
            's3:ReplicateTags',
          ],
          Condition: from,
          Principal: root,
        }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: ['kms:Encrypt', 'kms:GenerateDataKey'], Condition: from }),
      ]),
    },
  });
});

test('what was there before goes by a batch job, whose role can begin it and report', () => {
  const { stack, app } = pair({ existingObjects: true });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('Custom::S3BatchReplication', { Task: 'ReplicateExisting', Run: 'first' });
  template.resourceCountIs('AWS::Lambda::Function', 1);
  template.hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [Match.objectLike({ Principal: { Service: 'batchoperations.s3.amazonaws.com' } })],
    },
  });
  expect(policyOf(template, /Batch replication/).map((it) => it.Action)).toEqual([
    's3:InitiateReplication',
    ['s3:GetReplicationConfiguration', 's3:PutInventoryConfiguration'],
    's3:PutObject',
    ['kms:Decrypt', 'kms:GenerateDataKey'],
  ]);
  expect(findings(app)).toEqual([]);
  const given = new s3.Bucket(stack, 'Reports');
  const again = new ExistingObjects(stack, 'Again', { source: pair().pair.bucket, reports: given, run: 'second' });
  expect(again.reports).toBe(given);
});

test('both ways: one function for the stack, every pack content', () => {
  const { stack, app } = pair({ twoWay: true });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Lambda::Function', 1);
  expect(bucketOf(template, /^DataBucket/).ReplicationConfiguration.Rules[0]).toMatchObject({
    DeleteMarkerReplication: { Status: 'Enabled' },
    SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' } },
  });
  expect(findings(app)).toEqual([]);
});

test('a replica key has a policy of its own', () => {
  const app = new App();
  const primaryKey = new kms.Key(new Stack(app, 'There', { env: { account, region: 'eu-west-1' } }), 'Key', {
    multiRegion: true,
  });
  const here = new Stack(app, 'Here', { env: { account, region: 'us-east-1' } });
  new ReplicaKey(here, 'Key', { primaryKey, pendingWindow: Duration.days(7), description: 'mine' });
  Template.fromStack(here).hasResourceProperties('AWS::KMS::ReplicaKey', {
    Description: 'mine',
    PendingWindowInDays: 7,
    KeyPolicy: { Statement: [Match.objectLike({ Action: 'kms:*' })] },
  });
});

test('in the runtime: two Regions, both ways, as a client sees it', async () => {
  const { app, pair: made } = pair({ twoWay: true, timeControl: true }, ['us-east-1', 'eu-central-1']);
  const coffer = await startCoffer();
  try {
    const deployed = await coffer.deploy(app);
    const [Bucket, Replica] = [made.bucket, made.replica].map((it) => deployed.resource(it).physicalId!);
    const [here, there] = ['us-east-1', 'eu-central-1'].map((region) => coffer.client(S3Client, { region }));
    const forth = await here.send(new GetBucketReplicationCommand({ Bucket }));
    const back = await there.send(new GetBucketReplicationCommand({ Bucket: Replica }));
    const [one, other] = [forth, back].map((it) => it.ReplicationConfiguration!.Rules![0]);
    expect(one.Destination!.Bucket).toBe(`arn:aws:s3:::${Replica}`);
    expect(other.Destination!.Bucket).toBe(`arn:aws:s3:::${Bucket}`);
    expect(other).toMatchObject({
      ID: 'replicate-back',
      SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' } },
    });
    const keys = await Promise.all([
      here.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' })),
      there.send(new PutObjectCommand({ Bucket: Replica, Key: 'k', Body: 'x' })),
    ]);
    const [key, replicaKey] = keys.map((it) => it.SSEKMSKeyId!);
    expect(key.split('/')[1]).toBe(replicaKey.split('/')[1]);
    expect([key, replicaKey].map((arn) => arn.split(':')[3])).toEqual(['us-east-1', 'eu-central-1']);
    expect(one.Destination!.EncryptionConfiguration!.ReplicaKmsKeyID).toBe(replicaKey);
    expect(other.Destination!.EncryptionConfiguration!.ReplicaKmsKeyID).toBe(key);
  } finally {
    await coffer.close();
  }
});

const targets = (stack: Stack, target: Partial<ReplicationTarget>) => {
  const source = new SecureBucket(stack, 'Source');
  const bucket = new SecureBucket(stack, 'Target', { encryption: Encryption.s3Managed('test') });
  return new BucketReplication(stack, 'R', { source, targets: [{ bucket, key: source.encryptionKey, ...target }] });
};
const keyed = Encryption.customerKey;
test.each<[string, (stack: Stack) => unknown, string]>([
  [
    'no target',
    (it) => new BucketReplication(it, 'R', { source: new SecureBucket(it, 'B'), targets: [] }),
    'S/R:\n  targets is 0; allowed: at least one; fix: name the bucket that receives the replicas',
  ],
  [
    'a target without key',
    (it) => targets(it, { key: undefined }),
    'S/R:\n  targets[0].key is not set; allowed: the key of the destination, since the source is encrypted under one; fix: name the key of the destination bucket',
  ],
  [
    'delete markers by tag',
    (it) => targets(it, { tags: { a: 'b' }, deleteMarkers: true }),
    'S/R:\n  targets[0].deleteMarkers is true; allowed: false beside tags: a delete marker has none; fix: choose objects by prefix, or leave deleteMarkers out',
  ],
  [
    'a promise without metrics',
    (it) => targets(it, { timeControl: true, metrics: false }),
    'S/R:\n  targets[0].metrics is false; allowed: true or left out beside timeControl; fix: leave it out',
  ],
  [
    'a wrong account',
    (it) => targets(it, { account: '42' }),
    'S/R:\n  targets[0].account is "42"; allowed: 12 digits; fix: name the account\'s id',
  ],
  [
    'a wrong role name',
    (it) =>
      new BucketReplication(it, 'R', {
        source: new SecureBucket(it, 'B'),
        targets: [{ bucket: new SecureBucket(it, 'C') }],
        roleName: 'a b',
      }),
    'S/R:\n  roleName is "a b"; allowed: 1 to 64 of A-Za-z0-9_+=,.@-; fix: leave it out',
  ],
  [
    'changes to replicas one way',
    (it) => new ReplicatedBucket(it, 'R', { replicaModifications: true }),
    'S/R:\n  replicaModifications is true; allowed: only with twoWay; fix: set twoWay, or leave it out',
  ],
  [
    'a replica of another account',
    (it) =>
      new ReplicatedBucket(it, 'R', {
        replicaScope: new Stack(it.node.root, 'T', { env: { account: '111122223333', region: 'us-east-1' } }),
      }),
    'S/R:\n  replicaScope is "111122223333"; allowed: a stack of account 000000000000; fix: use BucketReplication here and ReplicaBucket in the other account',
  ],
  [
    'a key at one end',
    (it) =>
      new ReplicatedBucket(it, 'R', {
        bucket: { encryption: keyed() },
        replicaScope: new Stack(it.node.root, 'T', { env: { account, region: 'eu-west-1' } }),
      }),
    'S/R:\n  replica.encryption is not set; allowed: named at both ends, or at neither; fix: name a key of each Region, or leave both to the construct',
  ],
  [
    'a replica without key',
    (it) => new ReplicatedBucket(it, 'R', { replica: { encryption: Encryption.s3Managed('test') } }),
    'S/R:\n  replica.encryption is "AES256"; allowed: a key, since the bucket is encrypted under one; fix: use Encryption.customerKey()',
  ],
  [
    'a bucket without versions',
    (it) => new ReplicatedBucket(it, 'R', { bucket: { versioning: Versioning.disabled('test') } }),
    'S/R:\n  bucket.versioning is "disabled"; allowed: Versioning.ENABLED on a bucket that is replicated; fix: leave it out',
  ],
  [
    'a replica without versions',
    (it) => new ReplicatedBucket(it, 'R', { replica: { versioning: Versioning.disabled('test') } }),
    'S/R:\n  replica.versioning is "disabled"; allowed: Versioning.ENABLED on a bucket that receives replicas; fix: leave it out',
  ],
  [
    'no role to let in',
    (it) => new ReplicaBucket(it, 'R', { sourceRoleArns: [] }),
    'S/R:\n  sourceRoleArns is []; allowed: at least one ARN of a role; fix: name the role of the BucketReplication of the other account',
  ],
  [
    'a user to let in',
    (it) => new ReplicaBucket(it, 'R', { sourceRoleArns: ['arn:aws:iam::111122223333:user/x'] }),
    'S/R:\n  sourceRoleArns[0] is "arn:aws:iam::111122223333:user/x"; allowed: the ARN of a role, its account in digits; fix: give the BucketReplication a roleName and name it here',
  ],
  [
    'a replica key of the same Region',
    (it) => new ReplicaKey(it, 'R', { primaryKey: new kms.Key(it, 'K', { multiRegion: true }) }),
    'S/R:\n  primaryKey is "us-east-1"; allowed: a multi-Region key of another Region than us-east-1; fix: make the primary key in a stack of another Region',
  ],
  [
    'a short farewell',
    (it) =>
      new ReplicaKey(it, 'R', {
        primaryKey: kms.Key.fromKeyArn(it, 'K', 'arn:aws:kms:eu-west-1:000000000000:key/mrk-1'),
        pendingWindow: Duration.days(1),
      }),
    'S/R:\n  pendingWindow is 1; allowed: whole days from 7 to 30; fix: leave it out for 30',
  ],
])('refuses %s', (_what, make, message) => {
  const stack = new Stack(new App({ context }), 'S', { env: { account, region: 'us-east-1' } });
  expect(() => make(stack)).toThrow(new Error(`invalid props of ${message}`));
});
