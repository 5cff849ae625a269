/** Who may do what in a deployed state, and what a change of an app widens. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateGrantCommand, type GrantOperation, KMSClient } from '@aws-sdk/client-kms';
import { type Access, type AccessRow, type Coffer, compareAccess, startCoffer } from '../../runtime';

const STRANGER = '444455556666';
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const path = (name: string) => ({ 'aws:cdk:path': `App/${name}` });
const objects = (pattern: string) => ({ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, '/', pattern]] });

interface Choice {
  /** Statements of the bucket policy beyond the one for TLS. */
  readonly more?: object[];
  readonly tls?: boolean;
  readonly prefixes?: string;
  readonly readable?: string;
  /** Without Block Public Access. */
  readonly open?: boolean;
}

function template({ more = [], tls = true, prefixes = 'open/*', readable = 'open/*', open }: Choice = {}) {
  const noTls = {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, objects('*')],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  return {
    Resources: {
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Metadata: path('Data/Resource'),
        Properties: open
          ? { PublicAccessBlockConfiguration: { BlockPublicPolicy: false, RestrictPublicBuckets: false } }
          : {},
      },
      BucketPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Bucket' },
          PolicyDocument: policy(...(tls ? [noTls] : []), ...more, {
            Effect: 'Allow',
            Principal: { AWS: STRANGER },
            Action: 's3:GetObject',
            Resource: objects('shared/*'),
            Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } },
          }),
        },
      },
      Reader: {
        Type: 'AWS::IAM::Role',
        Metadata: path('Reader/Resource'),
        Properties: {
          AssumeRolePolicyDocument: policy({
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { AWS: { Ref: 'AWS::AccountId' } },
          }),
          Policies: [
            {
              PolicyName: 'read',
              PolicyDocument: policy(
                { Effect: 'Allow', Action: 's3:GetObject', Resource: objects(readable) },
                {
                  Effect: 'Allow',
                  Action: 's3:ListBucket',
                  Resource: { 'Fn::GetAtt': ['Bucket', 'Arn'] },
                  Condition: { StringLike: { 's3:prefix': prefixes } },
                },
              ),
            },
          ],
        },
      },
      Queue: { Type: 'AWS::SQS::Queue', Metadata: path('Queue/Resource'), Properties: {} },
    },
  };
}

const app = (choice?: Choice) => ({ template: template(choice), stackName: 'App' });

describe('of a deployed stack', () => {
  let coffer: Coffer;
  let access: Access;
  beforeAll(async () => {
    coffer = await startCoffer();
    await coffer.deploy(app());
    access = await coffer.access({ stack: 'App' });
  });
  afterAll(() => coffer.close());

  const rowOf = (principal: string, part: string, action: string): AccessRow | undefined =>
    access.rows.find((row) => row.principal === principal && row.part === part && row.actions.includes(action));
  const noTls = [{ operator: 'Bool', key: 'aws:SecureTransport', values: ['false'] }];

  test('principals and resources go by their constructs', () => {
    expect(rowOf('role App/Reader', 'objects open/*', 's3:GetObject')).toMatchObject({
      kind: 'bucket',
      resource: 'App/Data',
      effect: 'conditional',
      if: [],
      unless: [noTls],
    });
    expect(rowOf('role App/Reader', 'objects *', 's3:GetObject')).toMatchObject({ effect: 'denied' });
    expect(rowOf('role App/Reader', 'objects open/*', 's3:PutObject')).toMatchObject({ effect: 'denied' });
  });

  test('conditions are named', () => {
    expect(rowOf('role App/Reader', 'bucket', 's3:ListBucket')).toMatchObject({
      effect: 'conditional',
      if: [[{ operator: 'StringLike', key: 's3:prefix', values: ['open/*'] }]],
    });
    expect(rowOf(`account ${STRANGER}`, 'objects shared/*', 's3:GetObject')).toMatchObject({
      if: [[{ operator: 'StringEquals', key: 'aws:SourceVpce', values: ['vpce-1'] }]],
    });
  });

  test('strangers and the unsigned have none, the administrator has all', () => {
    for (const name of ['any other account', 'anyone, unsigned']) {
      const rows = access.rows.filter(({ principal }) => principal === name);
      expect(rows.length).toBeGreaterThan(3);
      expect(rows.every(({ effect }) => effect === 'denied')).toBe(true);
    }
    expect(rowOf('administrator of 000000000000', 'queue', 'sqs:SendMessage')).toMatchObject({ effect: 'allowed' });
  });

  test('the text says first what everybody is held to', () => {
    const [bucket] = access.text.split('\n\n');
    expect(bucket).toMatch(/^bucket App\/Data\n {2}nobody where aws:SecureTransport Bool false\n/);
    expect(bucket).toContain('  objects open/*\n    role App/Reader: allowed s3: GetObject\n');
    expect(bucket).toContain('    role App/Reader: conditional s3: ListBucket\n      if s3:prefix StringLike open/*\n');
    expect(bucket).toContain('administrator of 000000000000: allowed everything');
    expect(bucket).toContain('no access: any other account, anyone, unsigned');
  });

  test('there is no such stack', () =>
    expect(coffer.access({ stack: 'Nowhere' })).rejects.toThrow('nothing to ask about in a stack Nowhere'));
});

describe('by way of an access point', () => {
  const throughPoint = 'arn:aws:s3:us-east-1:000000000000:accesspoint/door';
  let rows: readonly AccessRow[];
  let coffer: Coffer;
  beforeAll(async () => {
    coffer = await startCoffer();
    const more = [
      {
        Effect: 'Allow',
        Principal: { AWS: STRANGER },
        Action: '*',
        Resource: [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, objects('*')],
        Condition: { StringEquals: { 's3:DataAccessPointAccount': { Ref: 'AWS::AccountId' } } },
      },
    ];
    const { Resources } = template({ more });
    const Point = {
      Type: 'AWS::S3::AccessPoint',
      Properties: {
        Bucket: { Ref: 'Bucket' },
        Name: 'door',
        Policy: policy({
          Effect: 'Allow',
          Principal: { AWS: STRANGER },
          Action: 's3:GetObject',
          Resource: `${throughPoint}/object/parcels/*`,
          Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } },
        }),
      },
    };
    await coffer.deploy({ template: { Resources: { ...Resources, Point } }, stackName: 'App' });
    ({ rows } = await coffer.access({ stack: 'App' }));
  });
  afterAll(() => coffer.close());

  const effectOf = (principal: string, part: string, action: string) =>
    rows.find((row) => row.principal === principal && row.part === part && row.actions.includes(action));

  test('both its policy and the bucket have to allow; the conditions of both are named', () => {
    const part = 'objects parcels/* through access point App/Point';
    expect(effectOf(`account ${STRANGER}`, part, 's3:GetObject')).toMatchObject({
      effect: 'conditional',
      if: [[{ operator: 'StringEquals', key: 'aws:SourceVpc', values: ['vpc-1'] }]],
      unless: [[{ operator: 'Bool', key: 'aws:SecureTransport', values: ['false'] }]],
    });
    expect(effectOf(`account ${STRANGER}`, part, 's3:PutObject')).toMatchObject({ effect: 'denied' });
    const elsewhere = 'objects * through access point App/Point';
    expect(effectOf(`account ${STRANGER}`, elsewhere, 's3:GetObject')).toMatchObject({ effect: 'denied' });
  });

  test('what the bucket leaves to access points nobody has without one', () => {
    expect(effectOf(`account ${STRANGER}`, 'objects parcels/*', 's3:GetObject')).toMatchObject({ effect: 'denied' });
  });
});

describe('of a change', () => {
  const changesOf = async (before: Choice, after: Choice) => {
    const { changes, widens } = await compareAccess(app(before), app(after));
    const told = changes.map(({ change, part, principal, actions }) => [change, principal, part, actions.join(' ')]);
    return { told, widens };
  };

  test('the same app', async () =>
    expect(await changesOf({ prefixes: 'open/*' }, {})).toEqual({ told: [], widens: false }));

  test('a public statement', async () => {
    const more = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: objects('open/*') }];
    const { told, widens } = await changesOf({ open: true }, { open: true, more });
    expect(widens).toBe(true);
    const everybody = ['any other account', 'anyone, unsigned', `account ${STRANGER}`];
    expect(told.map(([change, who, part]) => [change, who, part])).toEqual(
      expect.arrayContaining(everybody.map((who) => ['widened', who, 'objects open/*'])),
    );
    expect(told).toHaveLength(3);
  });

  test('without the denial of plain HTTP everybody gets more', async () => {
    const { told, widens } = await changesOf({}, { tls: false });
    expect(widens).toBe(true);
    expect(told).toContainEqual(['widened', 'role App/Reader', 'objects open/*', 's3:GetObject']);
    expect(new Set(told.map(([change]) => change))).toEqual(new Set(['widened']));
  });

  test('fewer keys narrow, and the other way round', async () => {
    const narrowed = await changesOf({ readable: 'open/*' }, { readable: 'open/now/*' });
    expect(narrowed).toEqual({
      told: [['narrowed', 'role App/Reader', 'objects open/*', 's3:GetObject']],
      widens: false,
    });
    const widened = await changesOf({ readable: 'open/now/*' }, { readable: 'open/*' });
    expect(widened).toEqual({ told: [['widened', 'role App/Reader', 'objects open/*', 's3:GetObject']], widens: true });
  });

  test('another condition counts as wider', async () => {
    const { told, widens } = await changesOf({ prefixes: 'open/*' }, { prefixes: 'else/*' });
    expect(told).toEqual([['changed', 'role App/Reader', 'bucket', 's3:ListBucket']]);
    expect(widens).toBe(true);
  });
});

describe('the command', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'coffer-access-'));
    for (const [name, choice] of [
      ['old', {}],
      ['new', { tls: false }],
    ] as const) {
      mkdirSync(join(directory, name));
      const artifacts = {
        App: {
          type: 'aws:cloudformation:stack',
          environment: 'aws://unknown-account/unknown-region',
          properties: { templateFile: 'App.template.json' },
        },
      };
      writeFileSync(join(directory, name, 'manifest.json'), JSON.stringify({ version: '36.0.0', artifacts }));
      writeFileSync(join(directory, name, 'App.template.json'), JSON.stringify(template(choice)));
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const run = (...args: string[]): Promise<{ code: number; out: string }> => {
    const bin = resolve(__dirname, '../../runtime/bin/coffer.js');
    const child = spawn(process.execPath, [bin, 'access', ...args], { cwd: directory });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        out += chunk;
      });
    }
    return new Promise((done) => child.once('close', (code) => done({ code: code ?? -1, out })));
  };

  test('exits with 1 when access widens, with 0 when it narrows', async () => {
    const [wider, narrower, printed, wrong] = await Promise.all([
      run('--diff', 'old', 'new'),
      run('--diff', 'new', 'old', '--json'),
      run('old'),
      run('--diff', 'old'),
    ]);
    expect(wider).toMatchObject({
      code: 1,
      out: expect.stringContaining(
        '+ widened  bucket App/Data, objects open/*: role App/Reader: s3: GetObject\n      before: unless aws:SecureTransport Bool false\n      after:  allowed\n',
      ),
    });
    expect(narrower.code).toBe(0);
    expect(JSON.parse(narrower.out)).toMatchObject({ widens: false });
    expect(printed).toMatchObject({ code: 0, out: expect.stringContaining('bucket App/Data') });
    expect(wrong.code).toBe(2);
  });
});

test('grants on keys count, under their constraints', async () => {
  const coffer = await startCoffer();
  try {
    const Key = {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: policy({
          Effect: 'Allow',
          Principal: { AWS: { Ref: 'AWS::AccountId' } },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
    };
    const { Resources } = template();
    const deployed = await coffer.deploy({ template: { Resources: { ...Resources, Key } }, stackName: 'App' });
    const kms = coffer.client(KMSClient);
    const KeyId = deployed.resource('Key').physicalId;
    const role = `arn:aws:iam::000000000000:role/${deployed.resource('Reader').physicalId}`;
    const grant = (
      GranteePrincipal: string,
      Operation: GrantOperation,
      EncryptionContextSubset?: Record<string, string>,
    ) =>
      kms.send(
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal,
          Operations: [Operation],
          ...(EncryptionContextSubset ? { Constraints: { EncryptionContextSubset } } : {}),
        }),
      );
    await grant(role, 'Encrypt');
    await grant(role, 'Decrypt', { department: 'red' });
    await grant(`arn:aws:iam::${STRANGER}:role/Auditor`, 'Decrypt', { department: 'blue' });
    const { rows } = await coffer.access({ stack: 'App' });
    const of = (principal: string, action: string) =>
      rows.find(({ kind, principal: who, actions }) => kind === 'key' && who === principal && actions.includes(action));
    const when = (value: string) => ({
      effect: 'conditional',
      if: [[{ operator: 'EncryptionContextSubset', key: 'kms:EncryptionContext', values: [`department=${value}`] }]],
      unless: [],
    });
    expect(of('role App/Reader', 'kms:Encrypt')).toMatchObject({ effect: 'allowed' });
    expect(of('role App/Reader', 'kms:Decrypt')).toMatchObject(when('red'));
    expect(of(`arn:aws:iam::${STRANGER}:role/Auditor`, 'kms:Decrypt')).toMatchObject(when('blue'));
    expect(of('role App/Reader', 'kms:GenerateDataKey')).toMatchObject({ effect: 'denied' });
  } finally {
    await coffer.close();
  }
});

test('control policies of an organisation count, at each level', async () => {
  const [MANAGEMENT, MEMBER] = ['111111111111', '222222222222'];
  const deny = { Effect: 'Deny', Action: 's3:DeleteBucket', Resource: '*' };
  const only = {
    Effect: 'Deny',
    Action: 's3:PutBucketWebsite',
    Resource: '*',
    Condition: { StringNotEquals: { 'aws:PrincipalTag/team': 'security' } },
  };
  const coffer = await startCoffer({
    defaultAccount: MEMBER,
    config: {
      organization: {
        managementAccount: MANAGEMENT,
        units: [
          {
            name: 'Work',
            accounts: [{ id: MEMBER }],
            serviceControlPolicies: { Keep: policy(deny), Guard: policy(only) },
          },
        ],
      },
    } as never,
  });
  try {
    await coffer.deploy(app());
    const { rows } = await coffer.access({ stack: 'App' });
    const of = (action: string) =>
      rows.find(
        ({ principal, part, actions }) =>
          principal === `administrator of ${MEMBER}` && part === 'bucket' && actions.includes(action),
      )?.effect;
    expect([of('s3:DeleteBucket'), of('s3:PutBucketWebsite'), of('s3:ListBucket')]).toEqual([
      'denied',
      'denied',
      'conditional',
    ]);
  } finally {
    await coffer.close();
  }
});
