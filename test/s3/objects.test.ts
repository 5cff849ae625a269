import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'photos-of-the-year';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

describe('buckets', () => {
  it('are made, found, listed and deleted', async () => {
    const { s3 } = setting;
    const made = await s3.send(new CreateBucketCommand({ Bucket: 'second-bucket' }));
    expect(made.Location).toBe('/second-bucket');
    expect((await s3.send(new HeadBucketCommand({ Bucket: 'second-bucket' }))).BucketRegion).toBe('us-east-1');
    expect(
      (await s3.send(new GetBucketLocationCommand({ Bucket: 'second-bucket' }))).LocationConstraint,
    ).toBeUndefined();
    const { Buckets, Owner } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket, 'second-bucket']);
    expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
    await s3.send(new CreateBucketCommand({ Bucket: 'second-bucket' }));
    await s3.send(new DeleteBucketCommand({ Bucket: 'second-bucket' }));
    expect(await refusal(s3.send(new HeadBucketCommand({ Bucket: 'second-bucket' })))).toBe('404 NotFound');
  });

  it.each([
    'ab',
    'Upper-case',
    'under_score',
    '192.168.0.1',
    'xn--bucket',
    'sthree-bucket',
    'amzn-s3-demo-bucket',
    'two..dots',
    'dash-.dot',
    'dot.-dash',
    'dash-',
    '.dot',
    'name-s3alias',
    'name--ol-s3',
    'name.mrap',
    'name--table-s3',
    'name-an',
    'x'.repeat(64),
  ])('refuses the name %s', async (name) => {
    expect(await refusal(setting.s3.send(new CreateBucketCommand({ Bucket: name })))).toBe('400 InvalidBucketName');
  });
});

describe('objects', () => {
  it.each([0, 1, 4096, 16_384, 16_385, 300_000])('of %d bytes come back as they went', async (size) => {
    const { s3 } = setting;
    const Key = `bodies/${size}`;
    const Body = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) & 255));
    const put = await s3.send(
      new PutObjectCommand({ Bucket, Key, Body, ContentType: 'image/png', Metadata: { a: 'b' } }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(Body)).toBe(true);
    expect(got).toMatchObject({
      ETag: put.ETag,
      ContentLength: size,
      ContentType: 'image/png',
      Metadata: { a: 'b' },
      ServerSideEncryption: 'AES256',
    });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ETag: put.ETag, ContentLength: size, ChecksumCRC32: put.ChecksumCRC32 });
  });

  it('are read in ranges', async () => {
    const { s3 } = setting;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'range', Body: '0123456789' }));
    const read = async (Range: string) => {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'range', Range }));
      return `${got.$metadata.httpStatusCode} ${got.ContentRange ?? '-'} ${await got.Body?.transformToString()}`;
    };
    expect(await read('bytes=2-4')).toBe('206 bytes 2-4/10 234');
    expect(await read('bytes=7-')).toBe('206 bytes 7-9/10 789');
    expect(await read('bytes=-3')).toBe('206 bytes 7-9/10 789');
    expect(await read('bytes=4-2')).toBe('200 - 0123456789');
    expect(await refusal(read('bytes=10-'))).toBe('416 InvalidRange');
  });

  it('are missing by name', async () => {
    const { s3 } = setting;
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'none' })))).toBe('404 NoSuchKey');
    expect(await refusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toBe('404 NotFound');
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket-here', Key: 'k' })))).toBe(
      '404 NoSuchBucket',
    );
  });

  it('keep their bucket from being deleted, and go', async () => {
    const { s3 } = setting;
    expect(await refusal(s3.send(new DeleteBucketCommand({ Bucket })))).toBe('409 BucketNotEmpty');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'range' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'range' }));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'bodies/' }));
    const { Deleted } = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }),
    );
    expect(Deleted).toHaveLength(6);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });
});

describe('listing', () => {
  const keys = ['a', 'a/b', 'a/c/d', 'b/1', 'b/2', 'c', 'ü', '\u{1f600}', '\uffee'];
  beforeAll(async () => {
    for (const Key of keys) await setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  });

  it('orders by UTF-8 bytes', async () => {
    const { Contents } = await setting.s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual([
      'a',
      'a/b',
      'a/c/d',
      'b/1',
      'b/2',
      'c',
      'ü',
      '\uffee',
      '\u{1f600}',
    ]);
  });

  it('groups by delimiter, page by page, the same whatever the page size', async () => {
    for (let size = 1; size <= 8; size++) {
      const seen: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await setting.s3.send(
          new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: size, ContinuationToken }),
        );
        expect(page.KeyCount).toBeLessThanOrEqual(size);
        seen.push(
          ...(page.Contents ?? []).map(({ Key }) => Key!),
          ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
        );
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
      expect(seen.sort()).toEqual(['a', 'a/', 'b/', 'c', 'ü', '\u{1f600}', '\uffee']);
    }
  });

  it('goes on from markers', async () => {
    const { s3 } = setting;
    const first = await s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' });
    const next = await s3.send(
      new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2, Marker: first.NextMarker }),
    );
    expect([next.CommonPrefixes?.[0].Prefix, next.Contents?.[0].Key]).toEqual(['b/', 'c']);
    const after = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: 'a/b', Prefix: 'a/' }));
    expect(after.Contents?.map(({ Key }) => Key)).toEqual(['a/c/d']);
  });
});
