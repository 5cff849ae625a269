/** Uploads in parts at their limits: numbers, sizes, races, conditions, and every marker of the two listings. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'piece-by-piece';
const MIB5 = 5 * 1024 * 1024;

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

type Part = { PartNumber: number; ETag?: string };
const begin = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) =>
  (await setting.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId!;
async function send(Key: string, UploadId: string, PartNumber: number, Body: string | Buffer): Promise<Part> {
  const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
  return { PartNumber, ETag: (await setting.s3.send(part)).ETag };
}
const complete = (
  Key: string,
  UploadId: string,
  Parts: Part[],
  more: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  setting.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
const read = async (Key: string, more: object = {}) =>
  (await setting.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body!.transformToString();

describe('part numbers', () => {
  it('go from 1 to 10,000, with gaps', async () => {
    const UploadId = await begin('numbers');
    for (const number of [0, -1, 10_001])
      await expect(send('numbers', UploadId, number, 'x')).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: 'Part number must be an integer between 1 and 10000, inclusive',
      });
    const first = await send('numbers', UploadId, 1, Buffer.alloc(MIB5, 'a'));
    const last = await send('numbers', UploadId, 10_000, 'end');
    await complete('numbers', UploadId, [first, last]);
    const head = await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'numbers', PartNumber: 2 }));
    expect(head).toMatchObject({
      PartsCount: 2,
      ContentLength: 3,
      ContentRange: `bytes ${MIB5}-${MIB5 + 2}/${MIB5 + 3}`,
    });
    expect(await refusal(read('numbers', { PartNumber: 10_000 }))).toBe('416 InvalidPartNumber');
  });

  it('may be sent again: the last one counts, and only by its own tag', async () => {
    const UploadId = await begin('again');
    const old = await send('again', UploadId, 1, 'old');
    const large = await send('again', UploadId, 1, Buffer.alloc(100_000, 'l'));
    const now = await send('again', UploadId, 1, 'new');
    for (const stale of [old, large])
      expect(await refusal(complete('again', UploadId, [stale]))).toBe('400 InvalidPart');
    await complete('again', UploadId, [now]);
    expect(await read('again')).toBe('new');
  });

  it('are named once, in order, from 1', async () => {
    const UploadId = await begin('order');
    const one = await send('order', UploadId, 1, Buffer.alloc(MIB5));
    const two = await send('order', UploadId, 2, 'x');
    expect(await refusal(complete('order', UploadId, [one, one]))).toBe('400 InvalidPartOrder');
    expect(await refusal(complete('order', UploadId, [two, one]))).toBe('400 InvalidPartOrder');
    expect(await refusal(complete('order', UploadId, [one, { ...two, PartNumber: 3 }]))).toBe('400 InvalidPart');
    expect(await refusal(complete('order', UploadId, [one, { ...two, PartNumber: 10_001 }]))).toBe('400 InvalidPart');
    await expect(complete('order', UploadId, [{ ...one, PartNumber: 0 }])).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'PartNumber must be >= 1',
    });
    expect(await refusal(complete('order', UploadId, []))).toMatch(/^400/);
    await complete('order', UploadId, [one, two]);
  });

  it('other than the last are 5 MiB at least', async () => {
    const UploadId = await begin('small');
    const small = await send('small', UploadId, 1, Buffer.alloc(MIB5 - 1));
    const last = await send('small', UploadId, 2, 'x');
    await expect(complete('small', UploadId, [small, last])).rejects.toMatchObject({
      name: 'EntityTooSmall',
      message: 'Your proposed upload is smaller than the minimum allowed size',
    });
    const large = await send('small', UploadId, 1, Buffer.alloc(MIB5));
    await complete('small', UploadId, [large, last]);
  });
});

describe('a completion', () => {
  it('asked for many times at once happens once', async () => {
    const UploadId = await begin('race');
    const part = await send('race', UploadId, 1, 'content');
    const answers = await Promise.all(Array.from({ length: 8 }, () => complete('race', UploadId, [part])));
    expect(new Set(answers.map(({ ETag }) => ETag)).size).toBe(1);
    expect(await read('race')).toBe('content');
    expect((await complete('race', UploadId, [part])).ETag).toBe(answers[0].ETag);
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'race', Body: 'replaced' }));
    expect(await refusal(complete('race', UploadId, [part]))).toBe('404 NoSuchUpload');
  });

  it('holds to conditions, and the upload outlives a refusal', async () => {
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'x' }));
    const { ETag } = await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'there' }));
    const UploadId = await begin('there');
    const part = await send('there', UploadId, 1, 'new');
    const attempt = (more: object) => refusal(complete('there', UploadId, [part], more));
    expect(await attempt({ IfNoneMatch: '*' })).toBe('412 PreconditionFailed');
    expect(await attempt({ IfMatch: '"other"' })).toBe('412 PreconditionFailed');
    expect(await attempt({ IfMatch: ETag, IfNoneMatch: '*' })).toBe('501 NotImplemented');
    expect(await attempt({ IfMatch: ETag })).toBe('no error');
    const fresh = await begin('not-there');
    const only = await send('not-there', fresh, 1, 'x');
    expect(await refusal(complete('not-there', fresh, [only], { IfMatch: ETag }))).toBe('404 NoSuchKey');
    expect(await refusal(complete('not-there', fresh, [only], { IfNoneMatch: '*' }))).toBe('no error');
  });

  it('leaves parts that it does not name behind, for nobody', async () => {
    const UploadId = await begin('chosen');
    await send('chosen', UploadId, 1, Buffer.alloc(50_000, 'u'));
    const chosen = await send('chosen', UploadId, 2, 'chosen');
    await complete('chosen', UploadId, [chosen]);
    expect(await read('chosen')).toBe('chosen');
    expect(await refusal(setting.s3.send(new ListPartsCommand({ Bucket, Key: 'chosen', UploadId })))).toBe(
      '404 NoSuchUpload',
    );
  });

  it('comes to nothing after an abort', async () => {
    const UploadId = await begin('aborted');
    const part = await send('aborted', UploadId, 1, Buffer.alloc(50_000));
    const abort = () => setting.s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId }));
    await abort();
    expect(await refusal(abort())).toBe('404 NoSuchUpload');
    expect(await refusal(complete('aborted', UploadId, [part]))).toBe('404 NoSuchUpload');
    expect(await refusal(send('aborted', UploadId, 1, 'x'))).toBe('404 NoSuchUpload');
    const { KeyCount } = await setting.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'aborted' }));
    expect(KeyCount).toBe(0);
  });

  it('of another key is of nothing', async () => {
    const UploadId = await begin('mine');
    const part = await send('mine', UploadId, 1, 'x');
    expect(await refusal(complete('yours', UploadId, [part]))).toBe('404 NoSuchUpload');
  });
});

describe('parts from other objects', () => {
  it('take whole objects or ranges, which must lie within', async () => {
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }));
    const UploadId = await begin('target');
    const copy = (CopySourceRange?: string, more: object = {}) =>
      setting.s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'target',
          UploadId,
          PartNumber: 1,
          CopySource: `${Bucket}/source`,
          CopySourceRange,
          ...more,
        }),
      );
    for (const range of ['byte=1-2', 'bytes=2-1', 'bytes=1-', 'bytes=-2', 'bytes=a-b', 'bytes=0-1,3-4', '0-1', ''])
      expect(await refusal(copy(range))).toBe('400 InvalidArgument');
    expect(await refusal(copy('bytes=5-10'))).toBe('400 InvalidArgument');
    expect(await refusal(copy('bytes=10-11'))).toBe('400 InvalidRequest');
    expect(await refusal(copy(undefined, { CopySourceIfMatch: '"x"' }))).toBe('412 PreconditionFailed');
    expect(await refusal(copy(undefined, { PartNumber: 10_001 }))).toBe('400 InvalidArgument');
    expect(await refusal(copy(undefined, { CopySource: `${Bucket}/nothing` }))).toBe('404 NoSuchKey');
    const one = (await copy('bytes=9-9')).CopyPartResult!;
    expect(one.LastModified).toBeInstanceOf(Date);
    await complete('target', UploadId, [{ PartNumber: 1, ETag: one.ETag }]);
    expect(await read('target')).toBe('9');
  });
});

describe('the listing of parts', () => {
  it('goes on after every marker', async () => {
    const Key = 'listed';
    const UploadId = await begin(Key);
    for (const number of [1, 2, 5, 9]) await send(Key, UploadId, number, String(number));
    const list = (more: object = {}) => setting.s3.send(new ListPartsCommand({ Bucket, Key, UploadId, ...more }));
    const numbers = async (more: object) => (await list(more)).Parts?.map(({ PartNumber }) => PartNumber) ?? [];
    expect(await list()).toMatchObject({
      Bucket,
      Key,
      UploadId,
      MaxParts: 1000,
      IsTruncated: false,
      StorageClass: 'STANDARD',
    });
    expect(await numbers({ PartNumberMarker: '2' })).toEqual([5, 9]);
    expect(await numbers({ PartNumberMarker: '3' })).toEqual([5, 9]);
    expect(await numbers({ PartNumberMarker: '9' })).toEqual([]);
    let PartNumberMarker: string | undefined;
    const seen: number[] = [];
    do {
      const page = await list({ MaxParts: 1, PartNumberMarker });
      seen.push(...page.Parts!.map(({ PartNumber }) => PartNumber!));
      PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (PartNumberMarker !== undefined);
    expect(seen).toEqual([1, 2, 5, 9]);
    expect((await list({ MaxParts: 5000 })).MaxParts).toBe(1000);
    await expect(list({ PartNumberMarker: 'x' })).rejects.toThrow(
      'Provided part-number-marker not an integer or within integer range',
    );
    await expect(list({ PartNumberMarker: '2736457823532448723' })).rejects.toThrow('not an integer or within');
    await expect(list({ PartNumberMarker: '-1' })).rejects.toThrow('must be an integer between 0 and 2147483647');
    await expect(list({ MaxParts: -1 })).rejects.toThrow(
      'Argument max-parts must be an integer between 0 and 2147483647',
    );
  });
});

describe('the listing of uploads', () => {
  const Many = { Bucket: 'many-uploads' };
  const keys = ['a', 'a', 'b/1', 'b/2', 'c', 'ü'];
  let ids: string[] = [];
  beforeAll(async () => {
    await setting.s3.send(new CreateBucketCommand(Many));
    ids = [];
    for (const Key of keys) {
      ids.push(await begin(Key, Many));
      await setting.coffer.clock.advance({ seconds: 1 });
    }
  });
  const list = (more: object = {}) => setting.s3.send(new ListMultipartUploadsCommand({ ...Many, ...more }));
  const found = async (more: object) => (await list(more)).Uploads?.map(({ UploadId }) => ids.indexOf(UploadId!)) ?? [];

  it('is by key, and by time within one', async () => {
    expect(await found({})).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each<[string, () => object, number[]]>([
    ['a key', () => ({ KeyMarker: 'a' }), [2, 3, 4, 5]],
    ['a key between others', () => ({ KeyMarker: 'b' }), [2, 3, 4, 5]],
    ['an upload of a key', () => ({ KeyMarker: 'a', UploadIdMarker: ids[0] }), [1, 2, 3, 4, 5]],
    ['the last upload of a key', () => ({ KeyMarker: 'a', UploadIdMarker: ids[1] }), [2, 3, 4, 5]],
    ['an upload without a key, which says nothing', () => ({ UploadIdMarker: ids[3] }), [0, 1, 2, 3, 4, 5]],
    ['a prefix', () => ({ Prefix: 'b/' }), [2, 3]],
    ['a prefix and a key', () => ({ Prefix: 'b/', KeyMarker: 'b/1' }), [3]],
    ['the last key', () => ({ KeyMarker: 'ü' }), []],
  ])('goes on after %s', async (_, more, expected) => {
    expect(await found(more())).toEqual(expected);
  });

  it('can be walked page by page, groups among them', async () => {
    for (const [MaxUploads, Delimiter] of [
      [1, undefined],
      [2, '/'],
      [4, '/'],
    ] as const) {
      const seen: string[] = [];
      let marker: object = {};
      for (let more = true; more; ) {
        const page = await list({ MaxUploads, Delimiter, ...marker });
        seen.push(...(page.Uploads ?? []).map(({ Key }) => Key!), ...(page.CommonPrefixes ?? []).map((p) => p.Prefix!));
        expect((page.Uploads ?? []).length + (page.CommonPrefixes ?? []).length).toBeLessThanOrEqual(MaxUploads);
        marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker || undefined };
        more = page.IsTruncated!;
      }
      expect(seen.sort()).toEqual(Delimiter ? ['a', 'a', 'b/', 'c', 'ü'] : [...keys].sort());
    }
  });

  it('is told what its request said', async () => {
    expect(
      await list({ Prefix: 'b/', Delimiter: '/', KeyMarker: 'b/1', MaxUploads: 7, EncodingType: 'url' }),
    ).toMatchObject({
      Bucket: Many.Bucket,
      Prefix: 'b/',
      Delimiter: '/',
      KeyMarker: 'b/1',
      MaxUploads: 7,
      EncodingType: 'url',
      IsTruncated: false,
    });
    expect((await list({ EncodingType: 'url', Prefix: 'ü' })).Uploads?.[0].Key).toBe('%C3%BC');
    await expect(list({ MaxUploads: -1 })).rejects.toThrow('Argument max-uploads must be an integer between 0 and');
    await expect(list({ KeyMarker: 'a', UploadIdMarker: 'nonsense!' })).rejects.toThrow('Invalid uploadId marker');
    expect(await refusal(list({ EncodingType: 'xml' }))).toBe('400 InvalidArgument');
  });
});

it('a rule that will abort an upload is told', async () => {
  const Ruled = { Bucket: 'soon-aborted' };
  await setting.s3.send(new CreateBucketCommand(Ruled));
  const rule = (ID: string, Prefix: string, DaysAfterInitiation: number) => ({
    ID,
    Status: 'Enabled' as const,
    Filter: { Prefix },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation },
  });
  const Rules = [rule('late', '', 30), rule('soon', 'tmp/', 2)];
  const LifecycleConfiguration = { Rules };
  await setting.s3.send(new PutBucketLifecycleConfigurationCommand({ ...Ruled, LifecycleConfiguration }));
  const DAY = 86_400_000;
  const dueIn = (days: number) => new Date(Math.ceil((setting.coffer.clock.now().getTime() + days * DAY) / DAY) * DAY);
  const Key = 'tmp/k';
  const begun = await setting.s3.send(new CreateMultipartUploadCommand({ ...Ruled, Key }));
  expect(begun).toMatchObject({ AbortRuleId: 'soon', AbortDate: dueIn(2) });
  const other = await setting.s3.send(new CreateMultipartUploadCommand({ ...Ruled, Key: 'k' }));
  expect(other).toMatchObject({ AbortRuleId: 'late', AbortDate: dueIn(30) });
  const listed = await setting.s3.send(new ListPartsCommand({ ...Ruled, Key, UploadId: begun.UploadId }));
  expect(listed).toMatchObject({ AbortRuleId: 'soon', AbortDate: begun.AbortDate });
});

it('policies are asked about parts with what the upload said when it began', async () => {
  const Guarded = { Bucket: 'guarded-uploads' };
  await setting.s3.send(new CreateBucketCommand(Guarded));
  const deny = (Condition: object) => ({
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Guarded.Bucket}/*`,
    Condition,
  });
  // As AWS's own pages have them.
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      deny({ StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' } }),
      deny({ Null: { 's3:x-amz-server-side-encryption': 'true' } }),
      deny({ StringNotEquals: { 's3:RequestObjectTag/team': 'blue' } }),
    ],
  });
  await setting.s3.send(new PutBucketPolicyCommand({ ...Guarded, Policy }));
  const Key = 'k';
  expect(await refusal(begin(Key, Guarded))).toBe('403 AccessDenied');
  const UploadId = await begin(Key, { ...Guarded, ServerSideEncryption: 'AES256', Tagging: 'team=blue' });
  const part = new UploadPartCommand({ ...Guarded, Key, UploadId, PartNumber: 1, Body: 'x' });
  const { ETag } = await setting.s3.send(part);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const whole = new CompleteMultipartUploadCommand({ ...Guarded, Key, UploadId, MultipartUpload });
  expect(await refusal(setting.s3.send(whole))).toBe('no error');
});

it('policies tell what begins and continues an object from what makes it', async () => {
  const Once = { Bucket: 'only-once' };
  await setting.s3.send(new CreateBucketCommand(Once));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${Once.Bucket}/*`,
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    },
  });
  await setting.s3.send(new PutBucketPolicyCommand({ ...Once, Policy }));
  const Key = 'k';
  expect(await refusal(setting.s3.send(new PutObjectCommand({ ...Once, Key, Body: 'x' })))).toBe('403 AccessDenied');
  const UploadId = await begin(Key, Once);
  const { ETag } = await setting.s3.send(new UploadPartCommand({ ...Once, Key, UploadId, PartNumber: 1, Body: 'x' }));
  const whole = { ...Once, Key, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
  expect(await refusal(setting.s3.send(new CompleteMultipartUploadCommand(whole)))).toBe('403 AccessDenied');
  const IfNoneMatch = '*';
  expect(await refusal(setting.s3.send(new CompleteMultipartUploadCommand({ ...whole, IfNoneMatch })))).toBe(
    'no error',
  );
});
