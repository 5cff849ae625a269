import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'bits-and-bytes';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: '123456789', ...more }));
const head = (Key: string, more: Partial<HeadObjectCommandInput> = {}) =>
  setting.s3.send(new HeadObjectCommand({ Bucket, Key, ...more }));

describe('checksums', () => {
  it.each([
    ['CRC32', 'y/Q5Jg=='],
    ['CRC32C', '4waSgw=='],
    ['CRC64NVME', 'rosUhgp5mIg='],
    ['SHA1', createHash('sha1').update('123456789').digest('base64')],
    ['SHA256', createHash('sha256').update('123456789').digest('base64')],
    ['SHA512', createHash('sha512').update('123456789').digest('base64')],
    ['MD5', createHash('md5').update('123456789').digest('base64')],
    ['XXHASH64', Buffer.from('8cb841db40e6ae83', 'hex').toString('base64')],
    ['XXHASH3', Buffer.from('72dcb18b67a17dff', 'hex').toString('base64')],
    ['XXHASH128', Buffer.from('33119477ede5dcd5e9716427681d5860', 'hex').toString('base64')],
  ] as const)('%s is verified, kept and told', async (ChecksumAlgorithm, value) => {
    const member = `Checksum${ChecksumAlgorithm}` as const;
    expect((await put(ChecksumAlgorithm, { [member]: value }))[member]).toBe(value);
    const told = await head(ChecksumAlgorithm, { ChecksumMode: 'ENABLED' });
    expect(told).toMatchObject({ [member]: value, ChecksumType: 'FULL_OBJECT' });
    expect((await head(ChecksumAlgorithm))[member]).toBeUndefined();
    const wrong = Buffer.alloc(Buffer.from(value, 'base64').length).toString('base64');
    expect(await refusal(put('wrong', { [member]: wrong }))).toBe('400 BadDigest');
    await expect(put('wrong', { [member]: wrong })).rejects.toThrow(
      `The ${ChecksumAlgorithm} you specified did not match the calculated checksum.`,
    );
    await expect(put('wrong', { [member]: 'bm9uc2U=' })).rejects.toThrow(
      `Value for x-amz-checksum-${ChecksumAlgorithm.toLowerCase()} header is invalid.`,
    );
    const attributes = await setting.s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: ChecksumAlgorithm, ObjectAttributes: ['Checksum'] }),
    );
    expect(attributes.Checksum).toEqual({ [member]: value, ChecksumType: 'FULL_OBJECT' });
    const Key = `copy-to-${ChecksumAlgorithm}`;
    await put('source');
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source`, ChecksumAlgorithm }));
    expect(await head(Key, { ChecksumMode: 'ENABLED' })).toMatchObject({ [member]: value });
  });

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)('%s is computed by the client', async (ChecksumAlgorithm) => {
    const member = `Checksum${ChecksumAlgorithm}` as const;
    expect((await put('computed', { ChecksumAlgorithm }))[member]).toBe(
      (await head(ChecksumAlgorithm, { ChecksumMode: 'ENABLED' }))[member],
    );
  });

  it('of a long body is verified, kept and told', async () => {
    const Body = Buffer.alloc(1_500_000, 'long');
    const md5 = createHash('md5').update(Body).digest();
    const kept = await put('long', { Body, ChecksumMD5: md5.toString('base64') });
    expect(kept).toMatchObject({ ETag: `"${md5.toString('hex')}"`, ChecksumMD5: md5.toString('base64') });
    const wrong = Buffer.alloc(32).toString('base64');
    expect(await refusal(put('long-wrong', { Body, ChecksumSHA256: wrong }))).toBe('400 BadDigest');
    expect(await refusal(head('long-wrong'))).toBe('404 NotFound');
  });

  it('is CRC64NVME when the client brings none', async () => {
    const plain = setting.coffer.client(S3Client, { config: { requestChecksumCalculation: 'WHEN_REQUIRED' } });
    const written = await plain.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: '123456789' }));
    expect(written).toMatchObject({ ChecksumCRC64NVME: 'rosUhgp5mIg=', ChecksumType: 'FULL_OBJECT' });
  });

  it('are one per request, of the algorithm that was announced', async () => {
    const two = { ChecksumCRC32: 'y/Q5Jg==', ChecksumCRC32C: '4waSgw==' };
    await expect(put('wrong', two)).rejects.toThrow('Multiple checksum Types are not allowed.');
    await expect(put('wrong', { ChecksumAlgorithm: 'SHA256', ChecksumCRC32: 'y/Q5Jg==' })).rejects.toThrow(
      'Value for x-amz-sdk-checksum-algorithm header is invalid.',
    );
    await expect(
      setting.s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'wrong',
          CopySource: `${Bucket}/SHA1`,
          ChecksumAlgorithm: 'CRC16' as 'CRC32',
        }),
      ),
    ).rejects.toThrow(
      'Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]',
    );
  });

  it('of MD5 are verified', async () => {
    const ContentMD5 = createHash('md5').update('123456789').digest('base64');
    await put('md5', { ContentMD5 });
    expect(await refusal(put('md5', { ContentMD5: createHash('md5').digest('base64') }))).toBe('400 BadDigest');
    expect(await refusal(put('md5', { ContentMD5: 'nonsense' }))).toBe('400 InvalidDigest');
  });

  it('of documents are verified', async () => {
    const remove = (headers: Record<string, string>) => {
      const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } });
      command.middlewareStack.add(
        (next) => (args) => {
          const request = args.request as { headers: Record<string, string> };
          for (const name of Object.keys(request.headers)) if (/checksum/.test(name)) delete request.headers[name];
          Object.assign(request.headers, headers);
          return next(args);
        },
        { step: 'build', priority: 'low' },
      );
      return refusal(setting.s3.send(command));
    };
    expect(await remove({})).toBe('400 InvalidRequest');
    expect(await remove({ 'content-md5': 'nonsense' })).toBe('400 InvalidDigest');
    expect(await remove({ 'content-md5': createHash('md5').digest('base64') })).toBe('400 BadDigest');
    expect(await remove({ 'x-amz-checksum-crc32': 'AAAAAA==' })).toBe('400 BadDigest');
  });

  it('leave nothing behind when they fail', async () => {
    expect(await refusal(head('wrong'))).toBe('404 NotFound');
  });
});

describe('conditions on reads', () => {
  let etag: string;
  beforeAll(async () => {
    etag = (await put('read')).ETag!;
  });
  const past = new Date(Date.now() - 3_600_000);
  const soon = new Date(Date.now() + 3_600_000);
  const now = () => new Date();

  it.each<[string, () => Partial<HeadObjectCommandInput>, string]>([
    ['If-Match of the tag', () => ({ IfMatch: etag }), 'no error'],
    ['If-Match of another', () => ({ IfMatch: '"x"' }), '412 PreconditionFailed'],
    ['If-None-Match of the tag', () => ({ IfNoneMatch: etag }), '304 NotModified'],
    ['If-None-Match of another', () => ({ IfNoneMatch: '"x"' }), 'no error'],
    ['If-Modified-Since long ago', () => ({ IfModifiedSince: past }), 'no error'],
    ['If-Modified-Since now', () => ({ IfModifiedSince: now() }), '304 NotModified'],
    ['If-Unmodified-Since long ago', () => ({ IfUnmodifiedSince: past }), '412 PreconditionFailed'],
    ['If-Unmodified-Since later', () => ({ IfUnmodifiedSince: soon }), 'no error'],
    ['If-Match holding overrides', () => ({ IfMatch: etag, IfUnmodifiedSince: past }), 'no error'],
  ])('%s', async (_, conditions, expected) => {
    const status = expected.slice(0, 3);
    const got = await refusal(setting.s3.send(new GetObjectCommand({ Bucket, Key: 'read', ...conditions() })));
    expect(got.slice(0, 3)).toBe(status);
  });
});

describe('conditions on writes', () => {
  it('hold a key that must be new', async () => {
    await put('once', { IfNoneMatch: '*' });
    expect(await refusal(put('once', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    expect(await refusal(put('once', { IfNoneMatch: '"tag"' }))).toBe('501 NotImplemented');
  });

  it('hold a key that must be as it was', async () => {
    const { ETag } = await put('same');
    await put('same', { IfMatch: ETag, Body: 'other' });
    expect(await refusal(put('same', { IfMatch: ETag }))).toBe('412 PreconditionFailed');
    expect(await refusal(put('none', { IfMatch: ETag }))).toBe('404 NoSuchKey');
  });

  it('let one of many win', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, i) => refusal(put('race', { IfNoneMatch: '*', Body: String(i) }))),
    );
    expect(outcomes.filter((one) => one === 'no error')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['no error', '412 PreconditionFailed']));
  });

  it('hold deletes', async () => {
    const { ETag } = await put('delete');
    const remove = (IfMatch: string) =>
      refusal(setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'delete', IfMatch })));
    expect(await remove('"other"')).toBe('412 PreconditionFailed');
    expect(await remove(ETag!)).toBe('no error');
    expect(await remove('*')).toBe('412 PreconditionFailed');
  });
});

describe('metadata', () => {
  it('comes back as it went', async () => {
    await put('meta', {
      CacheControl: 'max-age=3',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-01T00:00:00Z'),
      WebsiteRedirectLocation: '/elsewhere',
      Metadata: { Mixed: 'Case', empty: '' },
      StorageClass: 'STANDARD_IA',
      Tagging: 'a=1&b=two%20words',
    });
    expect(await head('meta')).toMatchObject({
      CacheControl: 'max-age=3',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT',
      WebsiteRedirectLocation: '/elsewhere',
      Metadata: { mixed: 'Case' },
      StorageClass: 'STANDARD_IA',
      TagCount: 2,
    });
  });

  it('has its limits', async () => {
    expect(await refusal(put('big', { Metadata: { a: 'x'.repeat(2047) } }))).toBe('no error');
    expect(await refusal(put('big', { Metadata: { a: 'x'.repeat(2048) } }))).toBe('400 MetadataTooLarge');
    expect(await refusal(put('x'.repeat(1025)))).toBe('400 KeyTooLongError');
    expect(await refusal(put('big', { StorageClass: 'OUTPOSTS' }))).toBe('400 InvalidStorageClass');
    expect(await refusal(put('big', { Tagging: 'a=1&a=2' }))).toBe('400 InvalidArgument');
  });

  it('is overridden by who asks', async () => {
    const got = await setting.s3.send(
      new GetObjectCommand({ Bucket, Key: 'meta', ResponseContentType: 'text/html', ResponseCacheControl: 'no-store' }),
    );
    expect(got).toMatchObject({ ContentType: 'text/html', CacheControl: 'no-store' });
  });

  it('of archived objects is all there is', async () => {
    await put('cold', { StorageClass: 'GLACIER' });
    expect(await refusal(setting.s3.send(new GetObjectCommand({ Bucket, Key: 'cold' })))).toBe(
      '403 InvalidObjectState',
    );
    expect((await head('cold')).StorageClass).toBe('GLACIER');
  });
});

describe('readers beside writers', () => {
  it.each([10, 50_000])('see one whole version of %d bytes', async (size) => {
    const Key = `busy-${size}`;
    await put(Key, { Body: 'a'.repeat(size) });
    const write = async () => {
      for (let i = 0; i < 40; i++) await put(Key, { Body: 'abcdefgh'[i % 8].repeat(size) });
    };
    const read = async () => {
      for (let i = 0; i < 60; i++) {
        const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket, Key }));
        const text = await Body!.transformToString();
        expect([text.length, new Set(text).size]).toEqual([size, 1]);
      }
    };
    await Promise.all([write(), read(), read()]);
  });
});
