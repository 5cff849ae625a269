/** What S3 asks of KMS, as whom and how often: bucket keys, permissions, grants and encryption contexts. */

import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let kms: KMSClient;
let KeyId: string;
const Bucket = 'few-questions';

beforeAll(async () => {
  setting = await start();
  kms = setting.coffer.client(KMSClient);
  KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}, s3 = setting.s3) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'secret', ...more }));
const read = async (Key: string, s3 = setting.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
const under = () => ({ ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: KeyId });

/** What S3 asked of KMS while `work` ran. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  const before = setting.coffer.calls().length;
  await work();
  const made = setting.coffer.calls().slice(before);
  return made.filter(({ service, via }) => service === 'kms' && via.at(-1) === 's3').map(({ operation }) => operation);
}

async function client(name: string, statements: object[]): Promise<S3Client> {
  const iam = setting.coffer.client(IAMClient);
  const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' };
  const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: document(trust) }));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: name,
      PolicyName: 'own',
      PolicyDocument: document([{ Effect: 'Allow', Action: 's3:*', Resource: '*' }, ...statements]),
    }),
  );
  return setting.coffer.client(S3Client, { as: `arn:aws:iam::000000000000:role/${name}` });
}

describe('without a bucket key', () => {
  it('every write and every read is a call', async () => {
    expect(await asked(() => put('each', under()))).toEqual(['GenerateDataKey']);
    expect(await asked(() => read('each'))).toEqual(['Decrypt']);
    expect(await asked(() => read('each'))).toEqual(['Decrypt']);
    const CopySource = `${Bucket}/each`;
    const copy = () => setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...under() }));
    expect((await asked(copy)).sort()).toEqual(['Decrypt', 'GenerateDataKey']);
  });

  it('metadata needs none, a checksum does', async () => {
    const head = (more: object) => setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'each', ...more }));
    expect(await asked(() => head({}))).toEqual([]);
    expect(await asked(() => head({ ChecksumMode: 'ENABLED' }))).toEqual(['Decrypt']);
  });
});

describe('with a bucket key', () => {
  it('one call serves many objects, for five minutes and each caller', async () => {
    const many = async (s3?: S3Client) => {
      for (let i = 0; i < 10; i++) await put(`many-${i}`, { ...under(), BucketKeyEnabled: true }, s3);
    };
    expect(await asked(() => many())).toEqual(['GenerateDataKey']);
    expect(await asked(() => many())).toEqual([]);
    const reading = async () => {
      for (let i = 0; i < 10; i++) expect(await read(`many-${i}`)).toBe('secret');
    };
    expect(await asked(reading)).toEqual(['Decrypt']);
    const other = await client('other', [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }]);
    expect(await asked(() => many(other))).toEqual(['GenerateDataKey']);
    await setting.coffer.clock.advance({ minutes: 6 });
    expect(await asked(() => many())).toEqual(['GenerateDataKey']);
    expect(await asked(reading)).toEqual(['Decrypt']);
  });

  it('who may not use the key does not get it from who may', async () => {
    const stranger = await client('stranger', []);
    await put('shared', { ...under(), BucketKeyEnabled: true });
    expect(await read('shared')).toBe('secret');
    expect(await refusal(read('shared', stranger))).toBe('403 AccessDenied');
    await expect(put('shared', { ...under(), BucketKeyEnabled: true }, stranger)).rejects.toThrow(
      'kms:GenerateDataKey',
    );
  });
});

describe('the encryption context', () => {
  const contextOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const only = (pattern: string) => ({
    Effect: 'Allow',
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: '*',
    Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': pattern } },
  });

  it('is the ARN of the object, or of the bucket whose key it is', async () => {
    const byObject = await client('by-object', [only(`arn:aws:s3:::${Bucket}/mine/*`)]);
    expect(await refusal(put('mine/1', under(), byObject))).toBe('no error');
    expect(await refusal(put('yours/1', under(), byObject))).toBe('403 AccessDenied');
    expect(await refusal(put('mine/2', { ...under(), BucketKeyEnabled: true }, byObject))).toBe('403 AccessDenied');
    const byBucket = await client('by-bucket', [only(`arn:aws:s3:::${Bucket}`)]);
    expect(await refusal(put('any', { ...under(), BucketKeyEnabled: true }, byBucket))).toBe('no error');
    expect(await refusal(put('any', under(), byBucket))).toBe('403 AccessDenied');
  });

  it('holds what the caller adds, which is told to writers and given to KMS for readers', async () => {
    const SSEKMSEncryptionContext = contextOf({ project: 'blue' });
    const blue = { StringEquals: { 'kms:EncryptionContext:project': 'blue' } };
    const reader = await client('blue', [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', Condition: blue }]);
    const written = await put('blue', { ...under(), SSEKMSEncryptionContext });
    expect(written.SSEKMSEncryptionContext).toBe(SSEKMSEncryptionContext);
    expect(await read('blue', reader)).toBe('secret');
    await put('grey', under());
    expect(await refusal(read('grey', reader))).toBe('403 AccessDenied');
    // It cannot stand in for S3's own.
    const forged = contextOf({ 'aws:s3:arn': `arn:aws:s3:::${Bucket}/mine/1` });
    const byObject = await client('forger', [only(`arn:aws:s3:::${Bucket}/mine/*`)]);
    expect(await refusal(put('yours/1', { ...under(), SSEKMSEncryptionContext: forged }, byObject))).toBe(
      '403 AccessDenied',
    );
  });

  it.each<[string, string]>([
    ['no JSON', Buffer.from('blue').toString('base64')],
    ['a list', contextOf(['blue'])],
    ['a number in it', contextOf({ project: 1 })],
    ['nothing', ''],
  ])('is refused when it is %s', async (_, SSEKMSEncryptionContext) => {
    await expect(put('bad', { ...under(), SSEKMSEncryptionContext })).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: expect.stringContaining('JSON which represents a string-string map'),
    });
  });

  it('has a limit', async () => {
    const SSEKMSEncryptionContext = contextOf({ long: 'x'.repeat(8192) });
    expect(await refusal(put('bad', { ...under(), SSEKMSEncryptionContext }))).toBe('400 InvalidArgument');
  });
});

describe('who may use a key', () => {
  it('says its policy, and grants', async () => {
    const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
    const s3 = await client('grantee', []);
    const grantee = { ...under(), SSEKMSKeyId: key };
    expect(await refusal(put('granted', grantee, s3))).toBe('403 AccessDenied');
    await kms.send(
      new CreateGrantCommand({
        KeyId: key,
        GranteePrincipal: 'arn:aws:iam::000000000000:role/grantee',
        Operations: ['GenerateDataKey', 'Decrypt'],
      }),
    );
    expect(await refusal(put('granted', grantee, s3))).toBe('no error');
    expect(await read('granted', s3)).toBe('secret');
    const admin = { Sid: 'all', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' };
    const deny = {
      Effect: 'Deny',
      Principal: { AWS: 'arn:aws:iam::000000000000:role/grantee' },
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [admin, deny] });
    await kms.send(new PutKeyPolicyCommand({ KeyId: key, Policy }));
    expect(await refusal(read('granted', s3))).toBe('403 AccessDenied');
    expect(await read('granted')).toBe('secret');
  });

  it('does not matter to S3 alone: a policy of the bucket may want the key named', async () => {
    const Enforced = 'one-key-only';
    await setting.s3.send(new CreateBucketCommand({ Bucket: Enforced }));
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${Enforced}/*`,
        Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': KeyId } },
      },
    });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket: Enforced, Policy }));
    const write = (more: object) =>
      refusal(setting.s3.send(new PutObjectCommand({ Bucket: Enforced, Key: 'k', Body: 'x', ...more })));
    expect(await write({})).toBe('403 AccessDenied');
    expect(await write({ ServerSideEncryption: 'aws:kms' })).toBe('403 AccessDenied');
    expect(await write(under())).toBe('no error');
  });

  it('a key that S3 was told to use and that is disabled stops writes', async () => {
    const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
    const Stopped = { Bucket: 'no-more-writes' };
    await setting.s3.send(new CreateBucketCommand(Stopped));
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: key } };
    await setting.s3.send(
      new PutBucketEncryptionCommand({ ...Stopped, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
    );
    await kms.send(new DisableKeyCommand({ KeyId: key }));
    const write = setting.s3.send(new PutObjectCommand({ ...Stopped, Key: 'k', Body: 'x' }));
    await expect(write).rejects.toMatchObject({ name: 'KMS.DisabledException', message: `${key} is disabled.` });
  });
});
