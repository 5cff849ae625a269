/** Checksums of uploads in parts: which algorithm makes which type, and what a completion is held to. */
import {
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { type DigestName, digest } from '../../runtime/base/digests';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'sums-of-sums';
const MIB5 = 5 * 1024 * 1024;
const bodies = [Buffer.alloc(MIB5, 'a'), Buffer.alloc(77, 'b')];

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

async function sum(name: DigestName, ...chunks: Uint8Array[]): Promise<Buffer> {
  const one = digest(name);
  for (const chunk of chunks) one.update(chunk);
  return Buffer.from(await one.finish());
}

const begin = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) =>
  (await setting.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId!;
const complete = (more: Partial<CompleteMultipartUploadCommandInput> & { Key: string; UploadId: string }) =>
  setting.s3.send(new CompleteMultipartUploadCommand({ Bucket, ...more }));

type Algorithm = 'CRC32' | 'CRC32C' | 'SHA1' | 'SHA256' | 'SHA512' | 'MD5' | 'XXHASH64' | 'XXHASH3' | 'XXHASH128';

async function upload(Key: string, UploadId: string, algorithm: Algorithm | 'CRC64NVME') {
  const member = `Checksum${algorithm}` as const;
  const parts = [];
  for (const [i, Body] of bodies.entries()) {
    const value = (await sum(algorithm, Body)).toString('base64');
    const part = { Bucket, Key, UploadId, PartNumber: i + 1, Body, [member]: value };
    const { ETag, [member]: told } = await setting.s3.send(new UploadPartCommand(part));
    expect(told).toBe(value);
    parts.push({ PartNumber: i + 1, ETag, [member]: value });
  }
  return parts;
}

describe('composite checksums', () => {
  it.each<Algorithm>(['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128'])(
    'of %s are the checksum of the checksums',
    async (ChecksumAlgorithm) => {
      const Key = ChecksumAlgorithm;
      const member = `Checksum${ChecksumAlgorithm}` as const;
      const UploadId = await begin(Key, { ChecksumAlgorithm });
      const Parts = await upload(Key, UploadId, ChecksumAlgorithm);
      const listed = await setting.s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
      expect(listed).toMatchObject({ ChecksumAlgorithm, ChecksumType: 'COMPOSITE', Parts });

      const values = await Promise.all(bodies.map((body) => sum(ChecksumAlgorithm, body)));
      const whole = (await sum(ChecksumAlgorithm, ...values)).toString('base64');
      const MultipartUpload = { Parts };
      const wrong = Buffer.alloc(Buffer.from(whole, 'base64').length).toString('base64');
      expect(await refusal(complete({ Key, UploadId, MultipartUpload, [member]: `${wrong}-2` }))).toBe('400 BadDigest');
      expect(await refusal(complete({ Key, UploadId, MultipartUpload, [member]: 'no' }))).toBe('400 InvalidRequest');
      const done = await complete({
        Key,
        UploadId,
        MultipartUpload,
        [member]: `${whole}-2`,
        ChecksumType: 'COMPOSITE',
      });
      expect(done).toMatchObject({ [member]: `${whole}-2`, ChecksumType: 'COMPOSITE' });

      const head = await setting.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      expect(head).toMatchObject({ [member]: `${whole}-2`, ChecksumType: 'COMPOSITE' });
      const part = await setting.s3.send(
        new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', PartNumber: 2 }),
      );
      expect(part).toMatchObject({ [member]: values[1].toString('base64'), ChecksumType: 'COMPOSITE' });
      const attributes = await setting.s3.send(
        new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['Checksum', 'ObjectParts'] }),
      );
      // As S3 really answers: here without the number of parts.
      expect(attributes.Checksum).toEqual({ [member]: whole, ChecksumType: 'COMPOSITE' });
      expect(attributes.ObjectParts?.Parts?.map((one) => one[member])).toEqual(
        values.map((value) => value.toString('base64')),
      );
    },
  );

  it.each<[Algorithm | 'CRC64NVME', 'COMPOSITE' | 'FULL_OBJECT']>([
    ['CRC64NVME', 'COMPOSITE'],
    ['SHA1', 'FULL_OBJECT'],
    ['SHA256', 'FULL_OBJECT'],
    ['SHA512', 'FULL_OBJECT'],
    ['MD5', 'FULL_OBJECT'],
    ['XXHASH64', 'FULL_OBJECT'],
    ['XXHASH3', 'FULL_OBJECT'],
    ['XXHASH128', 'FULL_OBJECT'],
  ])('%s cannot be %s', async (ChecksumAlgorithm, ChecksumType) => {
    await expect(begin('x', { ChecksumAlgorithm, ChecksumType })).rejects.toThrow(
      `The ${ChecksumType} checksum type cannot be used with the ${ChecksumAlgorithm.toLowerCase()} checksum algorithm.`,
    );
  });

  it('have a type only with an algorithm, and no other type', async () => {
    await expect(begin('x', { ChecksumType: 'COMPOSITE' })).rejects.toThrow(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
    await expect(begin('x', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'PART' as 'COMPOSITE' })).rejects.toThrow(
      'Value for x-amz-checksum-type header is invalid.',
    );
  });
});

describe('a completion', () => {
  it('tells what is wrong with the checksums of its parts', async () => {
    const Key = 'wrong';
    const UploadId = await begin(Key, { ChecksumAlgorithm: 'SHA256' });
    const [one, two] = await upload(Key, UploadId, 'SHA256');
    const answer = (Parts: object[], more = {}) => complete({ Key, UploadId, MultipartUpload: { Parts }, ...more });
    const without = { PartNumber: two.PartNumber, ETag: two.ETag };
    await expect(answer([one, without])).rejects.toThrow(
      'The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part 2 in the request.',
    );
    await expect(answer([one, { ...two, ChecksumSHA256: 'no' }])).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Invalid Base64 or multiple checksums present in request',
    });
    await expect(answer([one, { ...two, ChecksumCRC32: 'AAAAAA==' }])).rejects.toMatchObject({
      name: 'InvalidArgument',
    });
    await expect(answer([one, { ...without, ChecksumCRC32: 'AAAAAA==' }])).rejects.toMatchObject({
      name: 'BadDigest',
      message: 'The crc32 you specified for part 2 did not match what we received.',
    });
    const other = { ...two, ChecksumSHA256: (one as { ChecksumSHA256?: string }).ChecksumSHA256 };
    expect(await refusal(answer([one, other]))).toBe('400 InvalidPart');
    await expect(answer([one, two], { ChecksumType: 'FULL_OBJECT' })).rejects.toThrow(
      'The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.',
    );
    expect(await refusal(answer([one, two], { ChecksumCRC32: 'AAAAAA==', ChecksumSHA1: 'x' }))).toBe(
      '400 InvalidRequest',
    );
    await expect(answer([one, two], { MpuObjectSize: 5 })).rejects.toThrow('does not match what was computed');
    await expect(answer([one, two], { MpuObjectSize: -1 })).rejects.toThrow(
      "Value for x-amz-mp-object-size header is less than zero: '-1'",
    );
    expect(await refusal(answer([one, two], { MpuObjectSize: MIB5 + 77 }))).toBe('no error');
  });

  it('finds nothing of a part that was refused', async () => {
    const Key = 'refused';
    const UploadId = await begin(Key, { ChecksumAlgorithm: 'XXHASH128' });
    const part = { Bucket, Key, UploadId, PartNumber: 1, Body: bodies[1] };
    const ChecksumXXHASH128 = Buffer.alloc(16).toString('base64');
    expect(await refusal(setting.s3.send(new UploadPartCommand({ ...part, ChecksumXXHASH128 })))).toBe('400 BadDigest');
    await expect(setting.s3.send(new UploadPartCommand({ ...part, ChecksumCRC32: 'AAAAAA==' }))).rejects.toThrow(
      'Checksum Type mismatch occurred, expected checksum Type: xxhash128, actual checksum Type: crc32',
    );
    const listed = await setting.s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    expect(listed).toMatchObject({ ChecksumAlgorithm: 'XXHASH128', ChecksumType: 'COMPOSITE' });
    expect(listed.Parts).toBeUndefined();
  });

  it('makes an object of which a copy has the checksum of the whole', async () => {
    const Key = 'parts';
    const UploadId = await begin(Key, { ChecksumAlgorithm: 'SHA256' });
    const Parts = await upload(Key, UploadId, 'SHA256');
    await complete({ Key, UploadId, MultipartUpload: { Parts } });
    const copied = await setting.s3.send(
      new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }),
    );
    expect(copied.CopyObjectResult).toMatchObject({
      ChecksumSHA256: (await sum('SHA256', ...bodies)).toString('base64'),
      ChecksumType: 'FULL_OBJECT',
    });
  });

  it('of an upload that named no algorithm has CRC64NVME', async () => {
    const Key = 'default';
    const UploadId = await begin(Key);
    const parts = [];
    const plain = setting.coffer.client(S3Client, { config: { requestChecksumCalculation: 'WHEN_REQUIRED' } });
    for (const [i, Body] of bodies.entries()) {
      const told = await plain.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }));
      expect(told.ChecksumCRC64NVME).toBeUndefined();
      parts.push({ PartNumber: i + 1, ETag: told.ETag });
    }
    const declared = await begin('declared', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const part = { Bucket, Key: 'declared', UploadId: declared, PartNumber: 1, Body: '123456789' };
    expect((await plain.send(new UploadPartCommand(part))).ChecksumCRC32).toBe('y/Q5Jg==');
    const done = await complete({ Key, UploadId, MultipartUpload: { Parts: parts } });
    const ChecksumCRC64NVME = (await sum('CRC64NVME', ...bodies)).toString('base64');
    expect(done).toMatchObject({ ChecksumCRC64NVME, ChecksumType: 'FULL_OBJECT' });
  });

  it('takes parts that were copied, each with the checksum of the upload', async () => {
    const Key = 'copied';
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: bodies[1] }));
    const UploadId = await begin(Key, { ChecksumAlgorithm: 'XXHASH3' });
    const copy = { Bucket, Key, UploadId, PartNumber: 1, CopySource: `${Bucket}/source` };
    const { CopyPartResult } = await setting.s3.send(new UploadPartCopyCommand(copy));
    const ChecksumXXHASH3 = (await sum('XXHASH3', bodies[1])).toString('base64');
    expect(CopyPartResult).toMatchObject({ ChecksumXXHASH3 });
    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag, ChecksumXXHASH3 }];
    expect((await complete({ Key, UploadId, MultipartUpload: { Parts } })).ChecksumXXHASH3).toMatch(/=-1$/);
  });
});
