import { createHash } from 'node:crypto';
import { CreateKeyCommand, DisableKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let kms: KMSClient;
let KeyId: string;
const Bucket = 'under-lock-and-key';

beforeAll(async () => {
  setting = await start();
  kms = setting.coffer.client(KMSClient);
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
});
afterAll(() => setting.coffer.close());

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'secret', ...more }));
async function read(Key: string, more: object = {}): Promise<string> {
  const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Body!.transformToString();
}

describe('SSE-KMS', () => {
  it.each([6, 100_000])('encrypts %d bytes under the key, and tells which', async (size) => {
    const Body = 'x'.repeat(size);
    const written = await put('kms', { Body, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId });
    expect(written).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId });
    expect(written.ETag).not.toContain(createHash('md5').update(Body).digest('hex'));
    expect(await read('kms')).toBe(Body);
    expect(await read('kms', { Range: 'bytes=1-3' })).toBe('xxx');
    expect(await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'kms' }))).toMatchObject({ SSEKMSKeyId: KeyId });
  });

  it('takes the managed key when none is named', async () => {
    const { SSEKMSKeyId } = await put('managed', { ServerSideEncryption: 'aws:kms' });
    expect(SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\//);
    expect(await read('managed')).toBe('secret');
  });

  it('is what a bucket does by default when it is told to', async () => {
    const set = (BucketKeyEnabled: boolean) =>
      setting.s3.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [
              {
                ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KeyId },
                BucketKeyEnabled,
              },
            ],
          },
        }),
      );
    await set(true);
    expect(await put('by-default')).toMatchObject({ SSEKMSKeyId: KeyId, BucketKeyEnabled: true });
    expect(await read('by-default')).toBe('secret');
    expect(await put('override', { ServerSideEncryption: 'AES256' })).toMatchObject({ ServerSideEncryption: 'AES256' });
    const kept = await setting.s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(kept.ServerSideEncryptionConfiguration?.Rules?.[0]).toMatchObject({ BucketKeyEnabled: true });
    await setting.s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
    expect(await put('back')).toMatchObject({ ServerSideEncryption: 'AES256' });
  });

  it('takes the managed key where the request asks for KMS and names no key, whatever the bucket does by default', async () => {
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: KeyId } };
    const config = { Rules: [{ ...rule, BucketKeyEnabled: true }] };
    await setting.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: config }));
    const written = await put('managed', { ServerSideEncryption: 'aws:kms' });
    expect(written.BucketKeyEnabled).toBe(true);
    expect(written.SSEKMSKeyId).not.toBe(KeyId);
    expect((await put('managed', { ServerSideEncryption: 'aws:kms', BucketKeyEnabled: false })).BucketKeyEnabled).toBe(
      undefined,
    );
    await setting.s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  });

  it('answers what KMS refuses', async () => {
    const other = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
    await put('lost', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other });
    await kms.send(new DisableKeyCommand({ KeyId: other }));
    expect(await refusal(read('lost'))).toBe('400 KMS.DisabledException');
    expect(await refusal(put('no', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other }))).toBe(
      '400 KMS.DisabledException',
    );
    expect(await refusal(put('no', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'nonsense' }))).toBe(
      '400 KMS.NotFoundException',
    );
    expect(await refusal(put('no', { SSEKMSKeyId: KeyId }))).toBe('400 InvalidArgument');
    await expect(read('lost')).rejects.toThrow(`${other} is disabled.`);
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: other }));
    await expect(read('lost')).rejects.toMatchObject({
      name: 'KMS.KMSInvalidStateException',
      message: `${other} is pending deletion.`,
    });
    await setting.coffer.clock.advance({ days: 31 });
    await expect(read('lost')).rejects.toMatchObject({
      name: 'KMS.NotFoundException',
      message: `Key '${other}' does not exist`,
      $metadata: { httpStatusCode: 400 },
    });
    expect((await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'lost' }))).SSEKMSKeyId).toBe(other);
  });
});

describe('SSE-C', () => {
  const key = (letter: string) => {
    const bytes = Buffer.alloc(32, letter);
    return {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: bytes.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64'),
    };
  };

  it('is refused until the bucket allows it', async () => {
    const blocked = 'because this bucket has blocked upload requests that specify Server Side Encryption';
    await expect(put('c', key('a'))).rejects.toThrow(blocked);
    // Blocked before a word is said of the key.
    await expect(put('c', { ...key('a'), SSECustomerKeyMD5: 'x' })).rejects.toThrow(blocked);
    const told = () => setting.s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect((await told()).ServerSideEncryptionConfiguration?.Rules?.[0].BlockedEncryptionTypes).toEqual({
      EncryptionType: ['SSE-C'],
    });
    await setting.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
              BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
            },
          ],
        },
      }),
    );
    expect(await put('c', key('a'))).toMatchObject({ SSECustomerAlgorithm: 'AES256' });
    expect((await told()).ServerSideEncryptionConfiguration?.Rules?.[0].BlockedEncryptionTypes).toEqual({
      EncryptionType: ['NONE'],
    });
  });

  it('opens with the right key only', async () => {
    expect(await read('c', key('a'))).toBe('secret');
    expect(await refusal(read('c'))).toBe('400 InvalidRequest');
    await expect(read('c', key('b'))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('must provide the correct secret key'),
    });
    const head = (more: object) => setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'c', ...more }));
    expect(await refusal(head(key('b')))).toMatch(/^403/);
    expect(await refusal(head({}))).toMatch(/^400/);
    await put('plain');
    expect(await refusal(read('plain', key('a')))).toBe('400 InvalidRequest');
    expect(await refusal(put('d', { ...key('a'), ServerSideEncryption: 'AES256' }))).toBe('400 InvalidArgument');
  });

  it.each<[string, object, string, string]>([
    [
      'another algorithm',
      { SSECustomerAlgorithm: 'AES128' },
      'InvalidEncryptionAlgorithmError',
      'Supported value: AES256',
    ],
    ['no algorithm', { SSECustomerAlgorithm: undefined }, 'InvalidArgument', 'a valid encryption algorithm'],
    ['no key', { SSECustomerKey: undefined }, 'InvalidArgument', 'an appropriate secret key'],
    [
      'a short key',
      { SSECustomerKey: 'YQ==', SSECustomerKeyMD5: createHash('md5').update('a').digest('base64') },
      'InvalidArgument',
      'The secret key was invalid for the specified algorithm.',
    ],
  ])('of %s is refused', async (_, more, name, words) => {
    await expect(put('wrong', { ...key('a'), ...more })).rejects.toMatchObject({
      name,
      message: expect.stringContaining(words),
    });
  });

  it('is carried through parts and copies', async () => {
    const upload = await setting.s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'p', ...key('a'), ChecksumAlgorithm: 'CRC32' }),
    );
    const part = {
      Bucket,
      Key: 'p',
      UploadId: upload.UploadId,
      PartNumber: 1,
      Body: 'x',
      ChecksumAlgorithm: 'CRC32' as const,
    };
    expect(await refusal(setting.s3.send(new UploadPartCommand(part)))).toBe('400 InvalidRequest');
    expect(await refusal(setting.s3.send(new UploadPartCommand({ ...part, ...key('b') })))).toBe('400 InvalidRequest');
    const { ETag, ChecksumCRC32 } = await setting.s3.send(new UploadPartCommand({ ...part, ...key('a') }));
    const whole = {
      Bucket,
      Key: 'p',
      UploadId: upload.UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] },
    };
    expect(await refusal(setting.s3.send(new CompleteMultipartUploadCommand({ ...whole, ...key('b') })))).toBe(
      '400 InvalidRequest',
    );
    // Who chose a checksum needs the key once more.
    expect(await refusal(setting.s3.send(new CompleteMultipartUploadCommand(whole)))).toBe('400 InvalidRequest');
    await setting.s3.send(new CompleteMultipartUploadCommand({ ...whole, ...key('a') }));
    expect(await read('p', key('a'))).toBe('x');
    const CopySource = `${Bucket}/c`;
    const source = Object.fromEntries(Object.entries(key('a')).map(([name, value]) => [`CopySource${name}`, value]));
    expect(await refusal(setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'plain', CopySource })))).toBe(
      '400 InvalidRequest',
    );
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'plain', CopySource, ...source }));
    expect(await read('plain')).toBe('secret');
  });
});
