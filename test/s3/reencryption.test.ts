/** UpdateObjectEncryption: another key for an object that stays where and what it is. */
import { createHash } from 'node:crypto';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  S3Client,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let kms: KMSClient;
const Bucket = 'under-new-keys';

beforeAll(async () => {
  setting = await start();
  kms = setting.coffer.client(KMSClient);
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

const newKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'secret', ...more }));
const head = (Key: string, more: object = {}) =>
  setting.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', ...more }));
const read = async (Key: string, more: object = {}, s3 = setting.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body!.transformToString();
const update = (Key: string, KMSKeyArn: string, more: object = {}, s3 = setting.s3) =>
  s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key, ObjectEncryption: { SSEKMS: { KMSKeyArn, ...more } } }));

/** What S3 asked of KMS while `work` ran. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  const before = setting.coffer.calls().length;
  await work();
  const made = setting.coffer.calls().slice(before);
  return made.filter(({ service }) => service === 'kms').map(({ operation }) => operation);
}

describe('an object', () => {
  it.each([6, 100_000])(
    'of %d bytes goes from S3’s own key to one of KMS, and is otherwise what it was',
    async (size) => {
      const key = await newKey();
      const Body = 'x'.repeat(size);
      await put('own', { Body, Metadata: { a: '1' }, StorageClass: 'STANDARD_IA', Tagging: 't=1' });
      const was = await head('own');
      await setting.coffer.clock.advance({ hours: 1 });
      expect(await asked(() => update('own', key))).toEqual(['Encrypt']);
      const now = await head('own');
      expect(now).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
      expect(now.BucketKeyEnabled).toBeUndefined();
      for (const member of ['ETag', 'LastModified', 'ChecksumCRC32', 'Metadata', 'StorageClass', 'TagCount'] as const)
        expect(now[member]).toEqual(was[member]);
      expect(await asked(() => read('own'))).toEqual(['Decrypt']);
      expect(await read('own')).toBe(Body);
      expect(await read('own', { Range: 'bytes=1-3' })).toBe('xxx');
      await kms.send(new DisableKeyCommand({ KeyId: key }));
      expect(await refusal(read('own'))).toBe('400 KMS.DisabledException');
    },
  );

  it('goes from key to key, with a bucket key and without', async () => {
    const [one, two, three] = [await newKey(), await newKey(), await newKey()];
    await put('moving', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: one });
    expect(await asked(() => update('moving', two))).toEqual(['ReEncrypt']);
    await kms.send(new DisableKeyCommand({ KeyId: one }));
    expect(await read('moving')).toBe('secret');
    expect(await asked(() => update('moving', three, { BucketKeyEnabled: true }))).toEqual([
      'Decrypt',
      'GenerateDataKey',
    ]);
    expect(await head('moving')).toMatchObject({ SSEKMSKeyId: three, BucketKeyEnabled: true });
    expect(await read('moving')).toBe('secret');
    await put('beside');
    expect(await asked(() => update('beside', three, { BucketKeyEnabled: true }))).toEqual([]);
    expect(await read('beside')).toBe('secret');
    await update('moving', two);
    expect((await head('moving')).BucketKeyEnabled).toBeUndefined();
    expect(await read('moving')).toBe('secret');
    await kms.send(new DisableKeyCommand({ KeyId: three }));
    await setting.coffer.clock.advance({ minutes: 6 });
    expect(await refusal(read('beside'))).toBe('400 KMS.DisabledException');
    expect(await read('moving')).toBe('secret');
  });

  it('in parts, and copies of it, stay readable', async () => {
    const key = await newKey();
    const Key = 'parts';
    const { UploadId } = await setting.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const Parts = [];
    for (const [PartNumber, Body] of [
      [1, Buffer.alloc(5 * 1024 * 1024, 'a')],
      [2, Buffer.from('end')],
    ] as const) {
      const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
      Parts.push({ PartNumber, ETag: (await setting.s3.send(part)).ETag });
    }
    const whole = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
    await setting.s3.send(new CompleteMultipartUploadCommand(whole));
    await put('large', { Body: 'y'.repeat(100_000) });
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'shared', CopySource: `${Bucket}/large` }));
    for (const each of [Key, 'large']) await update(each, key);
    expect(await read(Key, { Range: 'bytes=5242879-' })).toBe('aend');
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'again', CopySource: `${Bucket}/large` }));
    expect((await head('again')).ServerSideEncryption).toBe('AES256');
    await kms.send(new DisableKeyCommand({ KeyId: key }));
    expect(await read('again')).toBe('y'.repeat(100_000));
    expect(await read('shared')).toBe('y'.repeat(100_000));
    expect(await refusal(read(Key))).toBe('400 KMS.DisabledException');
  });

  it('is one version', async () => {
    const key = await newKey();
    const Versioned = { Bucket: 'versions-of-keys', Key: 'k' };
    await setting.s3.send(new CreateBucketCommand({ Bucket: Versioned.Bucket }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await setting.s3.send(new PutBucketVersioningCommand({ Bucket: Versioned.Bucket, VersioningConfiguration }));
    const first = await setting.s3.send(new PutObjectCommand({ ...Versioned, Body: '1' }));
    const second = await setting.s3.send(new PutObjectCommand({ ...Versioned, Body: '2' }));
    const ObjectEncryption = { SSEKMS: { KMSKeyArn: key } };
    const VersionId = first.VersionId;
    await setting.s3.send(new UpdateObjectEncryptionCommand({ ...Versioned, VersionId, ObjectEncryption }));
    const told = async (VersionId?: string) =>
      (await setting.s3.send(new HeadObjectCommand({ ...Versioned, VersionId }))).ServerSideEncryption;
    expect([await told(first.VersionId), await told(second.VersionId)]).toEqual(['aws:kms', 'AES256']);
    const none = new UpdateObjectEncryptionCommand({ ...Versioned, VersionId: 'x', ObjectEncryption });
    expect(await refusal(setting.s3.send(none))).toBe('400 InvalidArgument');
  });
});

describe('is refused', () => {
  it('for objects under two layers or under keys of customers', async () => {
    const key = await newKey();
    const words = "doesn't support source objects with the encryption type DSSE-KMS or SSE-C";
    await put('two', { ServerSideEncryption: 'aws:kms:dsse' });
    await expect(update('two', key)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining(words),
    });
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const },
      BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] },
    };
    const ServerSideEncryptionConfiguration = { Rules: [rule] };
    await setting.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    const bytes = Buffer.alloc(32, 'k');
    await put('customer', {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: bytes.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64'),
    });
    await expect(update('customer', key)).rejects.toThrow(words);
  });

  it.each<[string, string, string, string]>([
    ['a key id', '1234abcd-12ab-34cd-56ef-1234567890ab', 'InvalidRequest', 'a valid AWS KMS key'],
    ['an alias', 'arn:aws:kms:us-east-1:000000000000:alias/mine', 'InvalidRequest', 'a valid AWS KMS key'],
    ['a foreign key', 'arn:aws:kms:us-east-1:111111111111:key/abc', 'AccessDenied', 'owned by the same account'],
    ['a missing key', 'arn:aws:kms:us-east-1:000000000000:key/abc', 'KMS.NotFoundException', 'does not exist'],
    ['a key elsewhere', 'arn:aws:kms:us-west-2:000000000000:key/abc', 'KMS.NotFoundException', 'Invalid arn us-west-2'],
  ])('with %s', async (_, arn, name, words) => {
    await put('k');
    await expect(update('k', arn)).rejects.toMatchObject({ name, message: expect.stringContaining(words) });
    expect((await head('k')).ServerSideEncryption).toBe('AES256');
  });

  it('without a key, and for what is not there', async () => {
    const nothing = new UpdateObjectEncryptionCommand({ Bucket, Key: 'k', ObjectEncryption: {} as never });
    expect(await refusal(setting.s3.send(nothing))).toMatch(/^400/);
    expect(await refusal(update('missing', await newKey()))).toBe('404 NoSuchKey');
  });

  it('for objects that are locked', async () => {
    const Locked = { Bucket: 'locked-keys', Key: 'k' };
    await setting.s3.send(new CreateBucketCommand({ Bucket: Locked.Bucket, ObjectLockEnabledForBucket: true }));
    await setting.s3.send(new PutObjectCommand({ ...Locked, Body: 'x' }));
    const hold = (Status: 'ON' | 'OFF') =>
      setting.s3.send(new PutObjectLegalHoldCommand({ ...Locked, LegalHold: { Status } }));
    await hold('ON');
    const ObjectEncryption = { SSEKMS: { KMSKeyArn: await newKey() } };
    const again = () => setting.s3.send(new UpdateObjectEncryptionCommand({ ...Locked, ObjectEncryption }));
    await expect(again()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('protected by S3 Object Lock'),
    });
    await hold('OFF');
    expect(await refusal(again())).toBe('no error');
  });

  it('to whom policies do not allow it', async () => {
    const key = await newKey();
    const iam = setting.coffer.client(IAMClient);
    const RoleName = 'updater';
    const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
    const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' };
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(trust) }));
    const allow = (...Action: string[]) => {
      const PolicyDocument = document({ Effect: 'Allow', Action, Resource: '*' });
      return iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument }));
    };
    const s3 = setting.coffer.client(S3Client, { as: `arn:aws:iam::000000000000:role/${RoleName}` });
    await put('mine');
    await allow('s3:PutObject', 's3:GetObject', 'kms:*');
    await expect(update('mine', key, {}, s3)).rejects.toThrow('s3:UpdateObjectEncryption');
    await allow('s3:UpdateObjectEncryption');
    await expect(update('mine', key, {}, s3)).rejects.toThrow('kms:Encrypt');
    await allow('s3:UpdateObjectEncryption', 'kms:Encrypt');
    expect(await refusal(update('mine', key, {}, s3))).toBe('no error');
    await expect(update('mine', await newKey(), {}, s3)).rejects.toThrow('kms:ReEncrypt');
    await allow('s3:UpdateObjectEncryption', 'kms:ReEncrypt*');
    expect(await refusal(update('mine', await newKey(), {}, s3))).toBe('no error');
  });
});
