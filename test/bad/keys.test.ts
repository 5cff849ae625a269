/** Names of all kinds, the edges of ranges, and the limits of parts. */
import * as sdk from '@aws-sdk/client-s3';
import { refusal } from '../s3/client';
import { ask, type Door, openDoor } from './wire';

let door: Door;
let s3: sdk.S3Client;
beforeAll(async () => {
  door = await openDoor();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  s3 = new sdk.S3Client({ endpoint: door.url, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
  await s3.send(new sdk.CreateBucketCommand({ Bucket: 'box' }));
});
afterAll(() => {
  s3.destroy();
  return door.close();
});

test.each([
  'ab',
  'Box',
  'a_b',
  'a..b',
  '-ab',
  'ab-',
  '.abc',
  'abc.',
  '192.168.1.1',
  'xn--ab',
  'sthree-ab',
  'ab-s3alias',
  'ab--ol-s3',
  'a%20b',
  '%C3%A9ab',
  '%00abc',
  'a'.repeat(64),
])('no bucket is called %s', async (name) => {
  expect((await ask(door, { method: 'PUT', target: `/${name}` })).brief).toBe('400 InvalidBucketName');
});

const KEYS = [
  ...[
    ' ',
    ' a ',
    'a+b',
    '%',
    '%25',
    '%2F',
    'a%20b',
    '..',
    '.',
    '../x',
    'a/../b',
    '/lead',
    '//',
    'a//b',
    'trail/',
    '\0',
    'a\0b',
    '\x01',
  ],
  ...[
    '\x1f',
    '\x7f',
    '\r',
    '\t',
    '\ufffe',
    '😀',
    '👨‍👩‍👧',
    'é',
    'e\u0301',
    '&<>"\'',
    '?',
    '#',
    '?versions',
    ';=@:$,',
    '[]{}|\\^`~',
    "*!'()",
  ],
  ...[
    'null',
    '__proto__',
    'constructor',
    '\u2028',
    'a'.repeat(1024),
    `${'€'.repeat(341)}a`,
    '😀'.repeat(256),
    '\0'.repeat(1024),
  ],
];

test('keys of all characters come back as they went, in the order of their bytes', async () => {
  const Bucket = 'box';
  for (const Key of KEYS) {
    await s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: Key }));
    const copy = { Bucket, Key: 'copy', CopySource: `box/${encodeURIComponent(Key)}` };
    await s3.send(new sdk.CopyObjectCommand(copy));
    for (const one of [Key, 'copy']) {
      const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: one }));
      expect(await Body!.transformToString()).toBe(Key);
    }
  }
  const expected = [...KEYS, 'copy'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const decoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
  const listed: string[] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await s3.send(
      new sdk.ListObjectsV2Command({ Bucket, MaxKeys: 7, EncodingType: 'url', ContinuationToken: token }),
    );
    listed.push(...page.Contents!.map(({ Key }) => decoded(Key!)));
    token = page.NextContinuationToken;
  }
  expect(listed).toEqual(expected);
  const plain = await s3.send(new sdk.ListObjectsV2Command({ Bucket }));
  expect(plain.Contents!.map(({ Key }) => Key)).toEqual(expected);
  for (const Key of expected) await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));
  expect((await s3.send(new sdk.ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
});

const long = 'a'.repeat(3000);
test.each<[string, string, string]>([
  ['PUT', `/box/${'a'.repeat(1025)}`, '400 KeyTooLongError'],
  ['GET', `/box/${long}`, '400 KeyTooLongError'],
  ['HEAD', `/box/${long}`, '400'],
  ['DELETE', `/box/${long}`, '400 KeyTooLongError'],
  ['GET', `/${long}`, '404 NoSuchBucket'],
  ['GET', `/box?list-type=2&prefix=${long}`, '200'],
  ['GET', `/box?list-type=2&start-after=${long}`, '200'],
  ['GET', `/box?marker=${long}`, '200'],
  ['GET', `/box?versions&key-marker=${long}`, '200'],
  ['GET', `/box?uploads&key-marker=${long}`, '200'],
  ['PUT', `/box/k?partNumber=1&uploadId=${long}`, '404 NoSuchUpload'],
  ['GET', `/box/k?versionId=${long}`, '400 InvalidArgument'],
  ['GET', '/box?list-type=2&continuation-token=zz', '400 InvalidArgument'],
  ['GET', '/box?list-type=2&max-keys=-1', '400 InvalidArgument'],
  ['GET', '/box?list-type=2&encoding-type=base64', '400 InvalidArgument'],
])('%s %.60s', async (method, target, brief) => {
  expect((await ask(door, { method, target })).brief).toBe(brief);
});

describe('ranges', () => {
  beforeAll(async () => {
    await ask(door, { method: 'PUT', target: '/box/ten', body: '0123456789' });
    await ask(door, { method: 'PUT', target: '/box/none' });
  });

  test.each<[string, string, string | undefined]>([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=9-', '9', 'bytes 9-9/10'],
    ['bytes=0-100', '0123456789', 'bytes 0-9/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    ['bytes=0-99999999999999999999', '0123456789', 'bytes 0-9/10'],
    ['bytes=5-2', '0123456789', undefined],
    ['bytes=a-b', '0123456789', undefined],
    ['bytes=0-1,3-4', '0123456789', undefined],
    ['items=0-1', '0123456789', undefined],
  ])('%s of ten bytes', async (range, body, contentRange) => {
    const answer = await ask(door, { target: '/box/ten', headers: { range } });
    expect(answer).toMatchObject({ status: contentRange ? 206 : 200, body });
    expect(answer.headers['content-range']).toBe(contentRange);
  });

  test.each([
    ['ten', 'bytes=10-'],
    ['ten', 'bytes=-0'],
    ['ten', 'bytes=99999999999999999999-'],
    ['none', 'bytes=0-0'],
    ['none', 'bytes=0-'],
    ['none', 'bytes=-1'],
  ])('not of %s: %s', async (key, range) => {
    const answer = await ask(door, { target: `/box/${key}`, headers: { range } });
    expect(answer.brief).toBe('416 InvalidRange');
    expect(answer.headers['content-range']).toBe(`bytes */${key === 'ten' ? 10 : 0}`);
  });
});

test('parts', async () => {
  const place = { Bucket: 'box', Key: 'parts' };
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(place));
  const upload = { ...place, UploadId };
  const put = (PartNumber: number, Body = 'small') =>
    s3.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }));
  const complete = (...Parts: sdk.CompletedPart[]) =>
    refusal(s3.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })));

  for (const number of [0, -1, 10_001]) expect(await refusal(put(number))).toBe('400 InvalidArgument');
  const abc = await ask(door, { method: 'PUT', target: `/box/parts?partNumber=abc&uploadId=${UploadId}`, body: 'x' });
  expect(abc.brief).toBe('400 InvalidArgument');
  const [first, last] = [await put(1), await put(10_000)];
  const one = { PartNumber: 1, ETag: first.ETag };
  const end = { PartNumber: 10_000, ETag: last.ETag };
  expect(await complete()).toBe('400 InvalidRequest');
  expect(await complete(end, one)).toBe('400 InvalidPartOrder');
  expect(await complete(one, one)).toBe('400 InvalidPartOrder');
  expect(await complete({ ...one, ETag: 'x' })).toBe('400 InvalidPart');
  expect(await complete(one, { PartNumber: 7, ETag: first.ETag })).toBe('400 InvalidPart');
  expect(await complete(one, end)).toBe('400 EntityTooSmall');
  expect((await ask(door, { target: '/box/parts' })).brief).toBe('404 NoSuchKey');
  expect(await complete(end)).toBe('no error');
  expect((await ask(door, { target: '/box/parts' })).body).toBe('small');
});
