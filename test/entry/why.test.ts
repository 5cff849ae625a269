/** Why: explanations of refusals, of allowed requests and of requests that nobody has made. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Coffer, type Denial, startCoffer } from '../../runtime';

const ROLE = 'arn:aws:iam::000000000000:role/Reader';
const allow = (Action: string, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const path = (name: string) => ({ 'aws:cdk:path': `App/${name}` });

const template = {
  Resources: {
    Key: {
      Type: 'AWS::KMS::Key',
      Metadata: path('Key/Resource'),
      Properties: {
        KeyPolicy: policy({ ...allow('kms:*', '*'), Principal: { AWS: { Ref: 'AWS::AccountId' } } }),
      },
    },
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Metadata: path('Bucket/Resource'),
      Properties: {
        BucketName: 'puzzles',
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              ServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: { 'Fn::GetAtt': ['Key', 'Arn'] },
              },
            },
          ],
        },
      },
    },
    BucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Metadata: path('Bucket/Policy/Resource'),
      Properties: {
        Bucket: { Ref: 'Bucket' },
        PolicyDocument: policy({
          Sid: 'Tls',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: 'arn:aws:s3:::puzzles/*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      },
    },
    Reader: {
      Type: 'AWS::IAM::Role',
      Metadata: path('Reader/Resource'),
      Properties: {
        RoleName: 'Reader',
        AssumeRolePolicyDocument: policy({
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { AWS: { Ref: 'AWS::AccountId' } },
        }),
        ManagedPolicyArns: [{ Ref: 'Never' }],
        Policies: [
          {
            PolicyName: 'read',
            PolicyDocument: policy(
              {
                ...allow('s3:GetObject', 'arn:aws:s3:::puzzles/open/*'),
                Condition: { StringEquals: { 's3:ExistingObjectTag/stage': ['done', 'shown'] } },
              },
              allow('s3:GetObject', 'arn:aws:s3:::puzzles/free/*'),
              allow('kms:Decrypt', '*'),
            ),
          },
        ],
      },
    },
    Never: {
      Type: 'AWS::IAM::ManagedPolicy',
      Metadata: path('Never/Resource'),
      Properties: {
        ManagedPolicyName: 'never',
        PolicyDocument: policy({
          Effect: 'Deny',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::puzzles/free/not.txt',
        }),
      },
    },
  },
};

let coffer: Coffer;
let reader: S3Client;
const told: Denial[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ onDenial: (denial) => told.push(denial) });
  await coffer.deploy({ template, stackName: 'App' });
  reader = coffer.client(S3Client, { as: ROLE });
  const admin = coffer.client(S3Client);
  for (const Key of ['open/a.txt', 'free/a.txt', 'free/not.txt'])
    await admin.send(new PutObjectCommand({ Bucket: 'puzzles', Key, Body: Key, Tagging: 'stage=draft' }));
});
afterAll(() => coffer.close());

const get = (Key: string) => new GetObjectCommand({ Bucket: 'puzzles', Key });
const refused = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: Error) => error,
  );

test('a refusal names the element of each statement that did not fit, and the construct it came from', async () => {
  const error = await refused(reader.send(get('open/a.txt')));
  const why = await coffer.explain(error);
  expect(why.request).toMatchObject({ operation: 'GetObject', status: 403, error: 'AccessDenied' });
  const [explanation] = why.explanations;
  expect(explanation).toMatchObject({
    effect: 'implicitDeny',
    caller: { kind: 'session', account: '000000000000', session: { roleArn: ROLE, name: 'coffer', mfa: false } },
    nearest: {
      policy: { name: 'inline policy "read" of role Reader', origin: { constructPath: 'App/Reader/Resource' } },
      mismatch: {
        element: 'Condition',
        condition: {
          operator: 'StringEquals',
          key: 's3:ExistingObjectTag/stage',
          values: ['done', 'shown'],
          found: 'draft',
        },
      },
    },
  });
  expect(explanation.policies).toMatchObject([
    { kind: 'resource', statements: 1, origin: { constructPath: 'App/Bucket/Policy/Resource' } },
    { kind: 'identity', statements: 3, attachedTo: 'role Reader' },
    { kind: 'identity', arn: 'arn:aws:iam::000000000000:policy/never', attachedTo: 'role Reader' },
  ]);
  expect(explanation.considered.map(({ mismatch }) => mismatch?.element)).toEqual([
    'Condition',
    'Condition',
    'Resource',
    'Action',
    'Resource',
  ]);
  expect(explanation.course).toEqual([
    { step: 'explicit deny', outcome: 'passes', says: 'none of 2 denying statements' },
    { step: 'resource-based policy', outcome: 'does not allow' },
    { step: 'identity-based policy', outcome: 'does not allow', decided: true },
  ]);
  expect(why.text).toContain('NOT ALLOWED  s3:GetObject on arn:aws:s3:::puzzles/open/a.txt');
  expect(why.text).toContain('· 1 Deny "Tls": not matched by Condition: aws:SecureTransport is "true", Bool "false"');
  expect(why.text).toContain('made by App/Reader/Resource');
});

test('an explicit deny names the policy to the client, by its ARN', async () => {
  const error = await refused(reader.send(get('free/not.txt')));
  expect(error.message).toBe(
    `User: arn:aws:sts::000000000000:assumed-role/Reader/coffer is not authorized to perform: s3:GetObject on resource: ` +
      '"arn:aws:s3:::puzzles/free/not.txt" with an explicit deny in an identity-based policy: ' +
      'arn:aws:iam::000000000000:policy/never',
  );
  const { explanations, text } = await coffer.explain(error);
  expect(explanations[0].course).toEqual([
    {
      step: 'explicit deny',
      outcome: 'denies',
      says: 'statement 1 of managed policy arn:aws:iam::000000000000:policy/never of role Reader',
      decided: true,
    },
  ]);
  expect(text).toMatch(/✗ 1 Deny: matched {3}← decides/);
});

test('an error of a client in process carries its explanation as its cause', async () => {
  const error = await refused(reader.send(get('open/a.txt')));
  expect((error.cause as Error).message).toBe((await coffer.explain(error)).text.split('\n').slice(3).join('\n'));
  const missing = await refused(coffer.client(S3Client).send(get('missing')));
  expect(missing.cause).toBeUndefined();
});

test('the answer to a refusal says how to ask why; so does the record of it', async () => {
  const error = (await refused(reader.send(new HeadObjectCommand({ Bucket: 'puzzles', Key: 'else' })))) as Error & {
    $response: { headers: Record<string, string> };
    $metadata: { requestId: string };
  };
  const { requestId } = error.$metadata;
  expect(error.$response.headers['x-coffer-why']).toBe(`coffer why ${requestId}`);
  expect(told.at(-1)).toMatchObject({ requestId, action: 's3:ListBucket', effect: 'implicitDeny' });
});

test('an allowed request is explained too, with what S3 asked of KMS for it', async () => {
  const answer = await reader.send(get('free/a.txt'));
  const { explanations, text } = await coffer.explain(answer.$metadata.requestId!);
  expect(explanations.map(({ action, effect }) => [action, effect])).toEqual([
    ['s3:GetObject', 'allow'],
    ['kms:Decrypt', 'allow'],
  ]);
  expect(explanations[0].decidedBy).toMatchObject({ statement: 1, policy: { origin: { logicalId: 'Reader' } } });
  expect(text).toMatch(/✓ 2 Allow: matched {3}← decides/);
});

test('an allowed request whose policies have changed since', async () => {
  const answer = await reader.send(get('free/a.txt'));
  const iam = coffer.client(IAMClient);
  const own = { RoleName: 'Reader', PolicyName: 'read' };
  const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand(own));
  await iam.send(new DeleteRolePolicyCommand(own));
  const { explanations, text } = await coffer.explain(answer);
  expect(explanations[0].effect).toBe('implicitDeny');
  expect(text).toContain('as they stand now, which is another way: they have changed since.');
  await iam.send(new PutRolePolicyCommand({ ...own, PolicyDocument: decodeURIComponent(PolicyDocument) }));
  expect((await coffer.explain(answer)).text).toContain(
    'It was allowed; this is how the policies decide it as they stand now.',
  );
});

test('of allowed requests the newest are kept', async () => {
  const first = await reader.send(get('free/a.txt'));
  const admin = coffer.client(S3Client);
  for (let i = 0; i < 500; i++) await admin.send(new HeadObjectCommand({ Bucket: 'puzzles', Key: 'free/a.txt' }));
  const why = await coffer.explain(first);
  expect(why.explanations).toEqual([]);
  expect(why.text).toContain('longer than 128 authorisations ago');
});

test('what failed for another reason says so, what never was is not known', async () => {
  const admin = coffer.client(S3Client);
  const error = await refused(admin.send(get('missing')));
  expect((await coffer.explain(error)).explanations[0]).toMatchObject({ effect: 'allow' });
  const stranger = coffer.client(S3Client, { as: { accessKeyId: 'test', secretAccessKey: 'wrong' } });
  const forged = await coffer.explain(await refused(stranger.send(get('missing'))));
  expect(forged.text).toContain('No policy refused it: it ended with SignatureDoesNotMatch.');
  await expect(coffer.explain('0000000000000000')).rejects.toThrow('request 0000000000000000 is not known');
  await expect(coffer.explain(new Error('x'))).rejects.toThrow('carries no request id');
});

test('a request that nobody has made', async () => {
  const ask = async (principal: Parameters<Coffer['explain']>[0], context?: object) => {
    const { explanations } = await coffer.explain({
      principal,
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::puzzles/open/b.txt',
      context,
    } as never);
    return explanations[0];
  };
  expect(await ask('Reader' as never)).toMatchObject({ effect: 'implicitDeny' });
  expect(await ask('Reader' as never, { 's3:ExistingObjectTag/stage': 'done' })).toMatchObject({ effect: 'allow' });
  expect(await ask('admin', { 'aws:SecureTransport': 'false' })).toMatchObject({
    effect: 'explicitDeny',
    decidedBy: { sid: 'Tls' },
  });
  expect(await ask('admin')).toMatchObject({
    effect: 'allow',
    course: [{}, {}, { step: 'root user', decided: true }],
  });
  expect(await ask('anonymous')).toMatchObject({ effect: 'implicitDeny', course: [{}, { decided: true }] });
  expect(await ask({ service: 'sns.amazonaws.com', sourceArn: 'arn:aws:sns:::t' } as never)).toMatchObject({
    principal: 'sns.amazonaws.com',
    caller: { sourceArn: 'arn:aws:sns:::t' },
  });
  expect(await ask({ accessKeyId: '111122223333', secretAccessKey: '' } as never)).toMatchObject({
    principal: 'arn:aws:iam::111122223333:root',
    effect: 'implicitDeny',
  });
});

test('the command tells of the newest refusal, or of the one that is named', async () => {
  const endpoint = await coffer.listen({ port: 0 });
  const kms = coffer.client(KMSClient, { as: 'anonymous' });
  await refused(kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from('x') })));
  const error = (await refused(reader.send(get('open/a.txt')))) as Error & { $metadata: { requestId: string } };
  const bin = resolve(__dirname, '../../runtime/bin/coffer.js');
  const child = async (...args: string[]) => {
    const run = spawn(process.execPath, [bin, 'why', '--endpoint', endpoint, ...args]);
    let out = '';
    run.stdout.on('data', (chunk) => {
      out += chunk;
    });
    run.stderr.on('data', (chunk) => {
      out += chunk;
    });
    const code = await new Promise((done) => run.once('close', done));
    return { code, out };
  };
  const [newest, named, json, absent] = await Promise.all([
    child(),
    child(error.$metadata.requestId),
    child('--json', error.$metadata.requestId),
    child('ABSENT'),
  ]);
  expect(newest).toEqual({ code: 0, out: expect.stringContaining('NOT ALLOWED  s3:GetObject') });
  expect(named.out).toBe(newest.out);
  expect(JSON.parse(json.out).explanations[0]).toMatchObject({ action: 's3:GetObject' });
  expect(absent).toEqual({ code: 1, out: expect.stringContaining('request ABSENT is not known') });
});
