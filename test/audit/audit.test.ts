// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates are written so
/** Attacks find the holes that were planted, each by its own way in, and nothing else. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Audit, type Coffer, startCoffer } from '../../runtime';

const ACCOUNT = { Ref: 'AWS::AccountId' };
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const objects = (id: string, pattern = '*') => ({ 'Fn::Join': ['', [arn(id), '/', pattern]] });
const noTls = (action: string, ...Resource: unknown[]) => ({
  Effect: 'Deny',
  Principal: '*',
  Action: action,
  Resource,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});
const bucketPolicy = (id: string, ...statements: object[]) => ({
  [`${id}Policy`]: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: { Bucket: { Ref: id }, PolicyDocument: policy(...statements) },
  },
});
const bucket = (id: string, properties: object, ...statements: object[]) => ({
  [id]: { Type: 'AWS::S3::Bucket', Properties: properties },
  ...(statements.length > 0 ? bucketPolicy(id, ...statements) : {}),
});
const tight = (id: string) => noTls('s3:*', arn(id), objects(id));
const openToPolicies = { PublicAccessBlockConfiguration: { BlockPublicPolicy: false, RestrictPublicBuckets: false } };
const openToAcls = {
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
};
const lockOf = (retention: object) => ({
  ObjectLockEnabled: true,
  ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...retention },
});
const days = (Mode: string) => ({ Rule: { DefaultRetention: { Mode, Days: 1 } } });
const queue = (id: string, ...statements: object[]) => ({
  [id]: { Type: 'AWS::SQS::Queue', Properties: {} },
  [`${id}Policy`]: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: { Queues: [{ Ref: id }], PolicyDocument: policy(...statements) },
  },
});
const topic = (id: string, ...statements: object[]) => ({
  [id]: { Type: 'AWS::SNS::Topic', Properties: {} },
  [`${id}Policy`]: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: { Topics: [{ Ref: id }], PolicyDocument: policy(...statements) },
  },
});
const key = (...statements: object[]) => ({
  Type: 'AWS::KMS::Key',
  Properties: {
    KeyPolicy: policy({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }, ...statements),
  },
});
const permission = (id: string, properties: object) => ({
  [id]: {
    Type: 'AWS::Lambda::Permission',
    Properties: { Action: 'lambda:InvokeFunction', FunctionName: { Ref: 'Function' }, ...properties },
  },
});
const allow = (Principal: unknown, Action: string | string[], Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Principal,
  Action,
  Resource,
  ...more,
});

const role = (trust: object) => ({
  Type: 'AWS::IAM::Role',
  Properties: { AssumeRolePolicyDocument: policy({ Effect: 'Allow', Action: 'sts:AssumeRole', ...trust }) },
});

/** Every resource has one hole. */
const holes = {
  ...bucket('Public', openToPolicies, tight('Public'), allow('*', 's3:GetObject', objects('Public', 'site/*'))),
  ...bucket('PlainHttp', {}),
  ...bucket('Shared', openToPolicies, tight('Shared'), allow({ AWS: '*' }, 's3:ListBucket', arn('Shared'))),
  ...bucket(
    'Logs',
    {},
    tight('Logs'),
    allow({ Service: 'logging.s3.amazonaws.com' }, 's3:PutObject', objects('Logs', 'logs/*')),
  ),
  ...bucket('Acls', openToAcls, tight('Acls')),
  ...bucket('NoRetention', lockOf({}), tight('NoRetention')),
  ...bucket('NoLock', { VersioningConfiguration: { Status: 'Enabled' } }, tight('NoLock')),
  ...bucket('Uploads', {}, tight('Uploads'), {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: objects('Uploads', 'elsewhere/*'),
    Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' } },
  }),
  Key: key(allow('*', 'kms:Decrypt', '*')),
  ServiceKey: key(allow({ Service: 'sns.amazonaws.com' }, ['kms:Decrypt', 'kms:GenerateDataKey'], '*')),
  ...queue('OpenQueue', noTls('sqs:*', arn('OpenQueue')), allow('*', 'sqs:SendMessage', arn('OpenQueue'))),
  ...queue(
    'DeputyQueue',
    noTls('sqs:*', arn('DeputyQueue')),
    allow({ Service: 's3.amazonaws.com' }, 'sqs:SendMessage', arn('DeputyQueue')),
  ),
  ...topic('OpenTopic', noTls('sns:Publish', { Ref: 'OpenTopic' }), allow('*', 'sns:Subscribe', { Ref: 'OpenTopic' })),
  ...bucket('Pointed', openToPolicies, tight('Pointed'), {
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: '*',
    Resource: [arn('Pointed'), objects('Pointed')],
    Condition: { StringEquals: { 's3:DataAccessPointAccount': ACCOUNT } },
  }),
  Point: {
    Type: 'AWS::S3::AccessPoint',
    Properties: {
      Bucket: { Ref: 'Pointed' },
      Name: 'door',
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: false,
        RestrictPublicBuckets: false,
      },
      Policy: policy(
        allow('*', 's3:GetObject', {
          'Fn::Sub': 'arn:aws:s3:${AWS::Region}:${AWS::AccountId}:accesspoint/door/object/*',
        }),
      ),
    },
  },
  ...bucket('Shut', {}, tight('Shut'), {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: objects('Shut'),
  }),
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
  BusPolicy: {
    Type: 'AWS::Events::EventBusPolicy',
    Properties: {
      EventBusName: { Ref: 'Bus' },
      StatementId: 'open',
      Statement: allow('*', 'events:PutEvents', arn('Bus')),
    },
  },
  Trusting: role({ Principal: { AWS: '*' } }),
  Execution: role({ Principal: { Service: 'lambda.amazonaws.com' } }),
  Function: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { ZipFile: 'exports.handler = async () => 1;' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: arn('Execution'),
    },
  },
  ...permission('Deputy', { Principal: 's3.amazonaws.com' }),
  Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Function' } } },
  Alias: {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      FunctionName: { Ref: 'Function' },
      FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
      Name: 'live',
    },
  },
  ...permission('Everybody', { FunctionName: { Ref: 'Alias' }, Principal: '*' }),
};

/** The same kinds of things, held tight. */
const kept = {
  ...bucket(
    'KeptLogs',
    {},
    tight('KeptLogs'),
    allow({ Service: 'logging.s3.amazonaws.com' }, 's3:PutObject', objects('KeptLogs', 'logs/*'), {
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    }),
  ),
  ...bucket('Governed', lockOf(days('GOVERNANCE')), tight('Governed')),
  ...bucket('Complying', lockOf(days('COMPLIANCE')), tight('Complying')),
  ...bucket(
    'Encrypted',
    {},
    tight('Encrypted'),
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: objects('Encrypted'),
      Condition: {
        StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' },
        Null: { 's3:x-amz-server-side-encryption': 'false' },
      },
    },
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: objects('Encrypted'),
      Condition: { StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    },
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [arn('Encrypted'), objects('Encrypted')],
      Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    },
  ),
  KeptKey: key(
    allow({ Service: 'sns.amazonaws.com' }, ['kms:Decrypt', 'kms:GenerateDataKey'], '*', {
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    }),
  ),
  ...queue(
    'KeptQueue',
    noTls('sqs:*', arn('KeptQueue')),
    allow({ Service: 's3.amazonaws.com' }, 'sqs:SendMessage', arn('KeptQueue'), {
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    }),
  ),
  ...topic('KeptTopic', noTls('sns:Publish', { Ref: 'KeptTopic' })),
};

let coffer: Coffer;
let audit: Audit;
beforeAll(async () => {
  coffer = await startCoffer();
  await coffer.deploy({ template: { Resources: holes }, stackName: 'Holes' });
  await coffer.deploy({ template: { Resources: kept }, stackName: 'Kept' });
  audit = await coffer.audit({ stack: 'Holes', locked: ['Holes/NoLock'] });
});
afterAll(() => coffer.close());

/** The attacks that got through, without what they were about to do with a certain key. */
const waysInto = (id: string) =>
  audit.holes.filter(({ resource }) => resource === `Holes/${id}`).map(({ attack }) => attack);

test.each<[string, string[]]>([
  ['Public', ['anonymous: get site/victim', 'stranger: get site/victim', 'administrator: put a public policy']],
  ['PlainHttp', ['list', 'get', 'put'].map((what) => `administrator, plain HTTP: ${what}`)],
  ['Shared', ['anonymous: list', 'stranger: list', 'administrator: put a public policy']],
  [
    'Logs',
    ['', ', full control to the owner'].map((how) => `logging.s3.amazonaws.com for a stranger: put logs/victim${how}`),
  ],
  ['Acls', ['administrator: put a public ACL', 'administrator: put an object with a public ACL']],
  ['NoRetention', ['administrator: delete a locked version']],
  ['NoLock', ['administrator: delete a locked version']],
  ['Uploads', ['administrator: put with aws:kms']],
  ['Key', ['stranger: Decrypt']],
  ['ServiceKey', ['sns.amazonaws.com for a stranger: GenerateDataKey', 'sns.amazonaws.com for a stranger: Decrypt']],
  ['OpenQueue', ['anonymous: SendMessage', 'stranger: SendMessage']],
  ['DeputyQueue', ['s3.amazonaws.com for a stranger: SendMessage']],
  ['OpenTopic', ['anonymous: Subscribe', 'stranger: Subscribe']],
  [
    'Pointed',
    [
      'anonymous through access point door: get',
      'stranger through access point door: get',
      'administrator: put a public policy',
    ],
  ],
  ['Shut', []],
  ['Bus', ['stranger: PutEvents']],
  ['Trusting', ['stranger: AssumeRole']],
  ['Execution', []],
  ['Function', ['s3.amazonaws.com for a stranger: Invoke', 'stranger: Invoke live']],
])('%s', (id, attacks) => {
  const found = waysInto(id);
  for (const attack of attacks) expect(found).toContain(attack);
  // A wildcard lets services in as well, whomever they act for.
  expect(found.filter((attack) => !attacks.includes(attack) && !/for a stranger/.test(attack))).toEqual([]);
});

test('each finding says which statement let it through', () => {
  const { reason } = audit.holes.find(({ attack }) => attack === 'anonymous: get site/victim')!;
  expect(reason).toMatch(
    /is allowed by statement 2 of bucket policy of .* \(Holes\/PublicPolicy\)|is allowed by statement 2/,
  );
  expect(audit.text).toMatch(/✗ HOLE {5}anonymous: get site\/victim \(200\)\n {13}s3:GetObject on .* is allowed by/);
  expect(audit.clean).toBe(false);
  expect(audit.findings.filter(({ outcome }) => outcome === 'unclear')).toEqual([]);
});

test('where nothing could be written, nothing is claimed to have been defended', () => {
  const finding = audit.findings.find(({ resource, outcome }) => resource === 'Holes/Shut' && outcome === 'skipped');
  expect(finding).toMatchObject({
    attack: 'objects of its administrator as victims',
    reason: expect.stringMatching(/none could be written: .* is explicitly denied/),
  });
});

test('what is held tight holds', async () => {
  const { holes: found, findings, clean } = await coffer.audit({ stack: 'Kept' });
  expect(found).toEqual([]);
  expect(clean).toBe(true);
  const held = findings.filter(({ outcome }) => outcome === 'held').map(({ attack }) => attack);
  expect(held).toEqual(
    expect.arrayContaining([
      'administrator: delete a locked version, bypassing governance',
      'administrator: shorten a lock',
      'administrator: put with an unsigned payload',
      'administrator: put with aws:kms',
      'administrator, TLS 1.1: get',
      'expired URL: get',
      'URL with another key: get',
      'logging.s3.amazonaws.com for a stranger: put logs/victim',
      'anonymous: Decrypt',
      'administrator, plain HTTP: Publish',
    ]),
  );
});

test('attacks leave nothing behind', async () => {
  const s3 = coffer.client(S3Client);
  const sqs = coffer.client(SQSClient);
  const { Bucket, QueueUrl } = await placesIn(coffer);
  await s3.send(
    new PutObjectCommand({ Bucket, Key: 'mine', Body: 'large enough to be a file of its own'.repeat(4000) }),
  );
  const look = async () => ({
    versions: (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions?.map(({ Key }) => Key),
    messages: (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes,
    requests: coffer.requests().length - 2,
    now: coffer.clock.now().getFullYear(),
  });
  await look();
  const before = await look();
  const again = await coffer.audit({ stack: 'Holes' });
  expect(again.holes.length).toBeGreaterThan(15);
  expect(await look()).toEqual({ ...before, requests: before.requests + 2 });
});

async function placesIn(of: Coffer): Promise<{ Bucket: string; QueueUrl: string }> {
  const { rows } = await of.access({ stack: 'Holes' });
  expect(rows.length).toBeGreaterThan(0);
  const deployed = await of.deploy({ template: { Resources: holes }, stackName: 'Holes' });
  return {
    Bucket: deployed.resource('Public').physicalId!,
    QueueUrl: deployed.resource('OpenQueue').physicalId!,
  };
}

test('the command exits with 1 when there are holes, with 0 when there are none', async () => {
  const endpoint = await coffer.listen({ port: 0 });
  const bin = resolve(__dirname, '../../runtime/bin/coffer.js');
  const run = (...args: string[]): Promise<{ code: number; out: string }> => {
    const child = spawn(process.execPath, [bin, 'audit', '--endpoint', endpoint, ...args]);
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        out += chunk;
      });
    }
    return new Promise((done) => child.once('close', (code) => done({ code: code ?? -1, out })));
  };
  const [open, shut, json, absent] = await Promise.all([
    run('Holes'),
    run('Kept'),
    run('Kept', '--json', '--locked', 'Kept/Governed'),
    run('Nowhere'),
  ]);
  expect(open).toMatchObject({ code: 1, out: expect.stringMatching(/✗ HOLE [\s\S]* held, \d+ holes, 0 unclear/) });
  expect(shut).toMatchObject({ code: 0, out: expect.stringContaining(' 0 holes, 0 unclear') });
  expect(JSON.parse(json.out)).toMatchObject({ clean: true, holes: [] });
  expect(absent).toMatchObject({ code: 1, out: expect.stringContaining('nothing to attack in a stack Nowhere') });
});

test('there is no such stack, no such bucket', async () => {
  await expect(coffer.audit({ stack: 'Nowhere' })).rejects.toThrow('nothing to attack in a stack Nowhere');
  await expect(coffer.audit({ locked: ['Nowhere/Bucket'] })).rejects.toThrow('no bucket Nowhere/Bucket');
});
