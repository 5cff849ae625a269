import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'in-parts';
const MIB5 = 5 * 1024 * 1024;
const bytes = (size: number, seed: number) => Buffer.alloc(size, String.fromCharCode(97 + seed));

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

type Part = { PartNumber: number; ETag?: string; ChecksumSHA256?: string };

async function begin(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  return (await setting.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId!;
}
async function send(Key: string, UploadId: string, PartNumber: number, Body: Buffer, more = {}): Promise<Part> {
  const { ETag, ChecksumSHA256 } = await setting.s3.send(
    new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }),
  );
  return { PartNumber, ETag, ...(ChecksumSHA256 ? { ChecksumSHA256 } : {}) };
}
const complete = (Key: string, UploadId: string, Parts: Part[], more = {}) =>
  setting.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));

describe('an upload in parts', () => {
  it('becomes an object that is read across its parts', async () => {
    const Key = 'whole';
    const UploadId = await begin(Key, { ContentType: 'video/mp4', Metadata: { reel: '1' } });
    const two = await send(Key, UploadId, 2, bytes(100, 1));
    const one = await send(Key, UploadId, 1, bytes(MIB5, 0));
    const again = await send(Key, UploadId, 2, bytes(200, 2));
    const three = await send(Key, UploadId, 7, bytes(9, 3));
    expect(two.ETag).not.toBe(again.ETag);
    const parts = await setting.s3.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }));
    expect(parts.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, MIB5],
      [2, 200],
    ]);
    expect(parts).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' });

    const done = await complete(Key, UploadId, [one, again]);
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(three.ETag).toBeDefined();
    const head = await setting.s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }));
    expect(head).toMatchObject({
      PartsCount: 2,
      ContentLength: 200,
      ContentType: 'video/mp4',
      Metadata: { reel: '1' },
    });
    const span = await setting.s3.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${MIB5 - 2}-${MIB5 + 2}` }));
    expect(await span.Body?.transformToString()).toBe('aaccc');
    const all = await setting.s3.send(new GetObjectCommand({ Bucket, Key }));
    expect((await all.Body!.transformToByteArray()).length).toBe(MIB5 + 200);
    expect(await refusal(setting.s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 })))).toBe(
      '416 InvalidPartNumber',
    );
    expect((await complete(Key, UploadId, [one, again])).ETag).toBe(done.ETag);
    await setting.coffer.settled();
  });

  it('is refused with the reason', async () => {
    const Key = 'refused';
    const UploadId = await begin(Key);
    const one = await send(Key, UploadId, 1, bytes(10, 0));
    const two = await send(Key, UploadId, 2, bytes(10, 1));
    expect(await refusal(complete(Key, UploadId, [two, one]))).toBe('400 InvalidPartOrder');
    expect(await refusal(complete(Key, UploadId, [one, two]))).toBe('400 EntityTooSmall');
    expect(await refusal(complete(Key, UploadId, [one, { ...two, PartNumber: 3 }]))).toBe('400 InvalidPart');
    expect(await refusal(complete(Key, UploadId, [{ ...one, ETag: '"00"' }]))).toBe('400 InvalidPart');
    expect(await refusal(complete(Key, 'nothing', [one]))).toBe('404 NoSuchUpload');
    expect(await refusal(complete(Key, UploadId, [one], { MpuObjectSize: 11 }))).toBe('400 InvalidRequest');
    expect(await refusal(send(Key, UploadId, 0, bytes(1, 0)))).toBe('400 InvalidArgument');
    await setting.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    expect(await refusal(send(Key, UploadId, 1, bytes(1, 0)))).toBe('404 NoSuchUpload');
  });

  it('is listed until it ends', async () => {
    const ids = [await begin('l/1'), await begin('l/1'), await begin('l/2'), await begin('m')];
    const first = await setting.s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 1, Prefix: 'l/' }));
    expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'l/1', NextUploadIdMarker: ids[0] });
    const rest = await setting.s3.send(
      new ListMultipartUploadsCommand({
        Bucket,
        Prefix: 'l/',
        KeyMarker: first.NextKeyMarker,
        UploadIdMarker: first.NextUploadIdMarker,
      }),
    );
    expect(rest.Uploads?.map(({ UploadId }) => UploadId)).toEqual([ids[1], ids[2]]);
    const grouped = await setting.s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }));
    expect(grouped.CommonPrefixes).toEqual([{ Prefix: 'l/' }]);
    expect(grouped.Uploads?.map(({ Key }) => Key)).toEqual(['m']);
  });
});

describe('checksums of parts', () => {
  it.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
  ] as const)('join to the %s of the whole', async (ChecksumAlgorithm, ChecksumType) => {
    const Key = `full-${ChecksumAlgorithm}`;
    const UploadId = await begin(Key, { ChecksumAlgorithm, ChecksumType });
    const parts = [
      await send(Key, UploadId, 1, bytes(MIB5, 0), { ChecksumAlgorithm }),
      await send(Key, UploadId, 2, bytes(77, 1), { ChecksumAlgorithm }),
    ];
    await complete(Key, UploadId, parts);
    const whole = Buffer.concat([bytes(MIB5, 0), bytes(77, 1)]);
    const put = await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: whole, ChecksumAlgorithm }));
    const head = await setting.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    const member = `Checksum${ChecksumAlgorithm}` as const;
    expect(head[member]).toBe(put[member]);
    expect(head.ChecksumType).toBe('FULL_OBJECT');
  });

  it('of SHA-256 are composite', async () => {
    const Key = 'composite';
    const ChecksumAlgorithm = 'SHA256';
    const UploadId = await begin(Key, { ChecksumAlgorithm });
    const one = await send(Key, UploadId, 1, bytes(12, 0), { ChecksumAlgorithm });
    expect(await refusal(complete(Key, UploadId, [{ PartNumber: 1, ETag: one.ETag }]))).toBe('400 InvalidRequest');
    const done = await complete(Key, UploadId, [one]);
    expect(done).toMatchObject({ ChecksumType: 'COMPOSITE', ChecksumSHA256: expect.stringMatching(/=-1$/) });
    const attributes = await setting.s3.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key,
        ObjectAttributes: ['Checksum', 'ObjectParts', 'ObjectSize', 'ETag'],
      }),
    );
    expect(attributes).toMatchObject({
      ObjectSize: 12,
      Checksum: { ChecksumSHA256: done.ChecksumSHA256?.slice(0, -2) },
      ObjectParts: { TotalPartsCount: 1, Parts: [{ PartNumber: 1, Size: 12, ChecksumSHA256: one.ChecksumSHA256 }] },
    });
    expect(await refusal(send(Key, await begin(Key, { ChecksumAlgorithm }), 1, bytes(1, 0)))).toBe(
      '400 InvalidRequest',
    );
  });
});

describe('copies', () => {
  it('take metadata and tags along, or not', async () => {
    const put = {
      Bucket,
      Key: 'from this',
      Body: 'content',
      ContentType: 'text/plain',
      Metadata: { a: '1' },
      Tagging: 't=1',
    };
    const { ETag } = await setting.s3.send(new PutObjectCommand(put));
    const CopySource = `${Bucket}/from%20this`;
    const copied = await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
    expect(copied.CopyObjectResult?.ETag).toBe(ETag);
    const head = await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }));
    expect(head).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' }, TagCount: 1 });
    await setting.s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'new',
        CopySource,
        MetadataDirective: 'REPLACE',
        TaggingDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    const fresh = await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'new' }));
    expect(fresh).toMatchObject({ ContentType: 'binary/octet-stream', Metadata: { b: '2' } });
    expect(fresh.TagCount).toBeUndefined();
    const itself = { Bucket, Key: 'copy', CopySource: `${Bucket}/copy` };
    expect(await refusal(setting.s3.send(new CopyObjectCommand(itself)))).toBe('400 InvalidRequest');
    await setting.s3.send(new CopyObjectCommand({ ...itself, StorageClass: 'STANDARD_IA' }));
    expect((await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).StorageClass).toBe('STANDARD_IA');
  });

  it('hold to conditions on their source', async () => {
    const CopySource = `/${Bucket}/from%20this`;
    const copy = (more: object) => setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource, ...more }));
    expect(await refusal(copy({ CopySourceIfMatch: '"other"' }))).toBe('412 PreconditionFailed');
    expect(await refusal(copy({ CopySource: `${Bucket}/nothing` }))).toBe('404 NoSuchKey');
    expect(await refusal(copy({ CopySource: 'nothing-like-this/k' }))).toBe('404 NoSuchBucket');
    expect(await refusal(copy({ CopySource: 'nothing' }))).toBe('400 InvalidArgument');
  });

  it('share a large body, which lives as long as one of them', async () => {
    const Body = bytes(200_000, 4);
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body }));
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'large-2', CopySource: `${Bucket}/large` }));
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: 'small' }));
    const { Body: copied } = await setting.s3.send(new GetObjectCommand({ Bucket, Key: 'large-2' }));
    expect(Buffer.from(await copied!.transformToByteArray()).equals(Body)).toBe(true);
  });

  it('make parts', async () => {
    const UploadId = await begin('joined');
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }));
    const copy = (PartNumber: number, CopySourceRange?: string) =>
      setting.s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'joined',
          UploadId,
          PartNumber,
          CopySource: `${Bucket}/source`,
          CopySourceRange,
        }),
      );
    expect(await refusal(copy(1, 'bytes=0-100'))).toBe('400 InvalidArgument');
    expect(await refusal(copy(1, '0-8'))).toBe('400 InvalidArgument');
    expect(await refusal(copy(1, 'bytes=100-200'))).toBe('400 InvalidRequest');
    const { CopyPartResult } = await copy(1, 'bytes=2-4');
    await complete('joined', UploadId, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket, Key: 'joined' }));
    expect(await Body?.transformToString()).toBe('234');
  });

  it('take no more than 5 GiB at once; a part that is all of its source costs no bytes', async () => {
    const { s3 } = setting;
    const MIB64 = 64 * 1024 * 1024;
    const ChecksumAlgorithm = 'CRC32';
    await s3.send(new PutObjectCommand({ Bucket, Key: 'piece', Body: bytes(MIB64, 5), ChecksumAlgorithm }));
    const UploadId = await begin('huge', { ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' });
    const part = (PartNumber: number, Key: string, more: object = {}) =>
      s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'huge',
          UploadId,
          PartNumber,
          CopySource: `${Bucket}/${Key}`,
          ...more,
        }),
      );
    const parts: Part[] = [];
    for (let PartNumber = 1; PartNumber <= 81; PartNumber++)
      parts.push({ PartNumber, ETag: (await part(PartNumber, 'piece')).CopyPartResult?.ETag });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'piece', Body: 'the pieces stay' }));
    await complete('huge', UploadId, parts);
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'huge' }));
    expect(ContentLength).toBe(81 * MIB64);
    const words = 'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120';
    const copy = new CopyObjectCommand({ Bucket, Key: 'huger', CopySource: `${Bucket}/huge` });
    await expect(s3.send(copy)).rejects.toMatchObject({ name: 'InvalidRequest', message: words });
    const again = await begin('huger');
    const from = { Bucket, Key: 'huger', UploadId: again, PartNumber: 1, CopySource: `${Bucket}/huge` };
    await expect(s3.send(new UploadPartCopyCommand(from))).rejects.toMatchObject({ message: words });
    const CopySourceRange = `bytes=${80 * MIB64 - 2}-${80 * MIB64 + 1}`;
    const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...from, CopySourceRange }));
    await complete('huger', again, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'huger' }));
    expect(await Body?.transformToString()).toBe('ffff');
  });
});
