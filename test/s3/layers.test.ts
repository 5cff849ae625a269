/** Dual-layer encryption (DSSE-KMS): two layers that are really there, and S3's rules for it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { layeredBytes, layerWriter, openLayer } from '../../runtime/services/s3/state/layers';
import { frameCipher } from '../../runtime/store/frames';
import { refusal } from './client';

const directory = mkdtempSync(join(tmpdir(), 'coffer-layers-'));
let coffer: Coffer;
let s3: S3Client;
let kms: KMSClient;
let KeyId: string;
const Bucket = 'two-layers';
const dsse = () => ({ ServerSideEncryption: 'aws:kms:dsse' as const, SSEKMSKeyId: KeyId });

beforeAll(async () => {
  coffer = await startCoffer({ directory });
  s3 = coffer.client(S3Client);
  kms = coffer.client(KMSClient);
  await s3.send(new CreateBucketCommand({ Bucket }));
  KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
});
afterAll(async () => {
  await coffer.close();
  rmSync(directory, { recursive: true });
});

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, ...dsse(), ...more }));
async function read(Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
  return Buffer.from(await Body!.transformToByteArray());
}
const pattern = (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255));

describe('DSSE-KMS', () => {
  it.each([0, 1, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 300_000])('keeps %d bytes', async (size) => {
    const Body = pattern(size);
    const written = await put('some', { Body });
    expect(written).toMatchObject({ ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: KeyId });
    expect((await read('some')).equals(Body)).toBe(true);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'some' }))).toMatchObject({
      ContentLength: size,
      ServerSideEncryption: 'aws:kms:dsse',
    });
    for (const [start, end] of [
      [0, 0],
      [65_530, 65_540],
      [size - 3, size - 1],
      [100, 70_000],
    ]) {
      if (start < 0 || end >= size) continue;
      expect((await read('some', `bytes=${start}-${end}`)).equals(Body.subarray(start, end + 1))).toBe(true);
    }
  });

  it('has no bucket key, asked for or not', async () => {
    expect((await put('key', { Body: 'x', BucketKeyEnabled: true })).BucketKeyEnabled).toBeUndefined();
  });

  it('asks KMS for every object, with its ARN as context, and cannot be read without the key', async () => {
    await put('asked', { Body: 'secret' });
    const before = coffer.calls().length;
    await put('asked', { Body: 'secret' });
    await read('asked');
    const made = coffer.calls().slice(before);
    expect(made.map(({ operation, via }) => [operation, ...via])).toEqual([
      ['GenerateDataKey', 's3'],
      ['Decrypt', 's3'],
    ]);
    await kms.send(new DisableKeyCommand({ KeyId }));
    expect(await refusal(read('asked'))).toBe('400 KMS.DisabledException');
    await kms.send(new EnableKeyCommand({ KeyId }));
    expect((await read('asked')).toString()).toBe('secret');
  });

  it('is what a bucket does by default when it is told to', async () => {
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' as const, KMSMasterKeyID: KeyId },
    };
    const Defaults = { Bucket: 'two-by-default' };
    await s3.send(new CreateBucketCommand(Defaults));
    await s3.send(
      new PutBucketEncryptionCommand({
        ...Defaults,
        ServerSideEncryptionConfiguration: { Rules: [{ ...rule, BucketKeyEnabled: true }] },
      }),
    );
    const told = await s3.send(new GetBucketEncryptionCommand(Defaults));
    expect(told.ServerSideEncryptionConfiguration?.Rules?.[0]).toMatchObject(rule);
    const written = await s3.send(new PutObjectCommand({ ...Defaults, Key: 'k', Body: 'x' }));
    expect(written).toMatchObject({ ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: KeyId });
    expect(written.BucketKeyEnabled).toBeUndefined();
  });

  it('is carried through copies and parts', async () => {
    const Body = pattern(200_000);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body }));
    const CopySource = `${Bucket}/plain`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...dsse() }));
    expect((await read('copy')).equals(Body)).toBe(true);
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'back', CopySource: `${Bucket}/copy` }));
    expect((await read('back')).equals(Body)).toBe(true);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'back' }))).ServerSideEncryption).toBe('AES256');

    const Key = 'parts';
    const begun = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...dsse() }));
    expect(begun).toMatchObject({ ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: KeyId });
    const { UploadId } = begun;
    const Parts = [];
    for (const [PartNumber, body] of [
      [1, pattern(5 * 1024 * 1024 + 1)],
      [2, pattern(70_000)],
    ] as const) {
      const part = { Bucket, Key, UploadId, PartNumber };
      const { ETag, ServerSideEncryption } = await s3.send(new UploadPartCommand({ ...part, Body: body }));
      expect(ServerSideEncryption).toBe('aws:kms:dsse');
      Parts.push({ PartNumber, ETag });
    }
    expect((await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))).Parts).toHaveLength(2);
    const done = await s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
    expect(done.ServerSideEncryption).toBe('aws:kms:dsse');
    const whole = Buffer.concat([pattern(5 * 1024 * 1024 + 1), pattern(70_000)]);
    expect((await read(Key)).equals(whole)).toBe(true);
    expect((await read(Key, 'bytes=5242870-5242890')).equals(whole.subarray(5242870, 5242891))).toBe(true);
  });

  it('is seen by policies', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${Bucket}/only/*`,
        Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms:dsse' } },
      },
    });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect(await refusal(put('only/this', { Body: 'x', ServerSideEncryption: 'aws:kms' }))).toBe('403 AccessDenied');
    expect(await refusal(put('only/this', { Body: 'x' }))).toBe('no error');
  });

  it('lies under two layers: whoever opens the second finds the first', async () => {
    const Body = Buffer.alloc(400_000, 'plain ');
    await put('deep', { Body });
    const files = readdirSync(join(directory, 'blobs'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    // Two tags per frame of 64 KiB: seven frames of the first layer, seven of the second.
    const twice = files.filter(({ length }) => length === 400_000 + 2 * 7 * 16);
    expect(twice).toHaveLength(1);
    expect(twice[0].includes('plain plain')).toBe(false);
  });

  it('opens nothing that was changed, moved or cut off', async () => {
    const cipher = () => frameCipher(Buffer.alloc(32, 1), 'body');
    const chunks: Buffer[] = [];
    const writer = layerWriter(
      {
        write: async (chunk) => void chunks.push(Buffer.from(chunk)),
        finish: async () => ({ id: 'b', sizeBytes: 0 }),
        discard: async () => {},
        digests: {},
      },
      cipher(),
    );
    const plain = pattern(150_000);
    for (let from = 0; from < plain.length; from += 7_000) await writer.write(plain.subarray(from, from + 7_000));
    await writer.finish();
    const sealed = Buffer.concat(chunks);
    expect(sealed).toHaveLength(layeredBytes(plain.length));
    const open = async (bytes: Buffer, size = plain.length) => {
      const out: Uint8Array[] = [];
      const source = async function* ({ start, end }: { start: number; end: number }) {
        for (let from = start; from <= end; from += 10_000)
          yield bytes.subarray(from, Math.min(from + 10_000, end + 1));
      };
      for await (const chunk of openLayer(source, cipher(), size)) out.push(chunk);
      return Buffer.concat(out);
    };
    expect((await open(sealed)).equals(plain)).toBe(true);
    const changed = Buffer.from(sealed);
    changed[70_000] ^= 1;
    await expect(open(changed)).rejects.toThrow();
    const frame = 64 * 1024 + 16;
    const moved = Buffer.concat([
      sealed.subarray(frame, 2 * frame),
      sealed.subarray(0, frame),
      sealed.subarray(2 * frame),
    ]);
    await expect(open(moved)).rejects.toThrow();
    await expect(open(sealed, 64 * 1024)).rejects.toThrow();
  });
});
