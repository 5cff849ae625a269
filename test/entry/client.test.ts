/** The vendor's clients without a socket: through the whole pipeline, streams both ways, as whoever they act as. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let s3: S3Client;
const reports: string[] = [];
jest.spyOn(console, 'warn').mockImplementation(() => {}); // the SDK's advice on streams
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => reports.push(line) });
  s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'first' }));
});
afterAll(async () => {
  await coffer.close();
  expect(reports).toEqual([]);
});

test('signed by the SDK, answered by a handler, in any region', async () => {
  const kms = coffer.client(KMSClient, { region: 'eu-west-1' });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'mine' }));
  expect(KeyMetadata!.Arn).toMatch(/^arn:aws:kms:eu-west-1:000000000000:key\//);
  const { KeyMetadata: seen } = await kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId }));
  expect(seen).toEqual(KeyMetadata);
});

test('a named error arrives as the SDK knows it', async () => {
  const absent = new EncryptCommand({ KeyId: 'alias/absent', Plaintext: Buffer.from('x') });
  await expect(coffer.client(KMSClient).send(absent)).rejects.toMatchObject({ name: 'NotFoundException' });
  const missing = s3.send(new GetObjectCommand({ Bucket: 'first', Key: 'missing' }));
  await expect(missing).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
});

test.each([
  ['text', 'hello', 'hello'],
  ['bytes', Buffer.from([0, 255]), Buffer.from([0, 255])],
  ['nothing', '', ''],
])('an object of %s', async (key, Body, expected) => {
  await s3.send(new PutObjectCommand({ Bucket: 'first', Key: key, Body }));
  const { Body: got, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: 'first', Key: key }));
  expect(Buffer.from(await got!.transformToByteArray())).toEqual(Buffer.from(expected as string));
  const head = await s3.send(new HeadObjectCommand({ Bucket: 'first', Key: key }));
  expect(head.ContentLength).toBe(ContentLength);
});

test('streams pass through in both directions', async () => {
  const content = randomBytes(3_000_000);
  const pieces = Array.from({ length: 46 }, (_, i) => content.subarray(i * 65_536, (i + 1) * 65_536));
  const Body = Readable.from(pieces);
  await s3.send(new PutObjectCommand({ Bucket: 'first', Key: 'large', Body, ContentLength: content.length }));
  const { Body: got } = await s3.send(new GetObjectCommand({ Bucket: 'first', Key: 'large' }));
  const hash = createHash('sha256');
  for await (const chunk of got as Readable) hash.update(chunk);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
});

test('a body shorter than declared leaves nothing behind', async () => {
  const short = new PutObjectCommand({ Bucket: 'first', Key: 'short', Body: Readable.from(['abc']), ContentLength: 4 });
  await expect(s3.send(short)).rejects.toThrow();
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'first', Prefix: 'short' }));
  expect(Contents).toBeUndefined();
});

test('nobody is nobody, and the refusal is explained', async () => {
  const nobody = coffer.client(S3Client, { as: 'anonymous' });
  const refused = nobody.send(new GetObjectCommand({ Bucket: 'first', Key: 'text' }));
  await expect(refused).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  expect(coffer.denials().at(-1)).toMatchObject({
    service: 's3',
    operation: 'GetObject',
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::first/text',
    error: 'AccessDenied',
  });
  expect(coffer.requests().at(-1)).toMatchObject({ operation: 'GetObject', principal: 'anonymous', status: 403 });
});

test('a loop that asks without pause leaves time for timers', async () => {
  await s3.send(new PutObjectCommand({ Bucket: 'first', Key: 'polled', Body: 'x' }));
  let over = false;
  setTimeout(() => {
    over = true;
  }, 20);
  for (let asked = 0; !over && asked < 20_000; asked++) {
    await s3.send(new HeadObjectCommand({ Bucket: 'first', Key: 'polled' }));
  }
  expect(over).toBe(true);
});

test('a stranger account sees its own', async () => {
  const stranger = coffer.client(S3Client, { account: '999999999999' });
  expect((await stranger.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
  const refused = stranger.send(new GetObjectCommand({ Bucket: 'first', Key: 'text' }));
  await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('given keys are used, and held to be right', async () => {
  const wrong = coffer.client(S3Client, { as: { accessKeyId: 'test', secretAccessKey: 'wrong' } });
  await expect(wrong.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
});

test('presigned URLs work over a port, and end on the virtual clock', async () => {
  await coffer.listen({ port: 0 });
  const sign = () => getSignedUrl(s3, new GetObjectCommand({ Bucket: 'first', Key: 'text' }), { expiresIn: 3600 });
  const url = await sign();
  expect(await (await fetch(url)).text()).toBe('hello');
  expect((await fetch(url.replace(/Signature=..../, 'Signature=0000'))).status).toBe(403);
  await coffer.clock.advance({ hours: 2 });
  const late = await fetch(url);
  expect(late.status).toBe(403);
  expect(await late.text()).toContain('<Message>Request has expired</Message>');
  expect(await (await fetch(await sign())).text()).toBe('hello');
});

test('many live side by side; a reset forgets behind the same client', async () => {
  const other = await startCoffer();
  try {
    const client = other.client(S3Client);
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
    await client.send(new CreateBucketCommand({ Bucket: 'first' }));
    await other.clock.advance({ days: 3 });
    await other.reset();
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
    expect(Math.abs(other.clock.now().getTime() - Date.now())).toBeLessThan(1000);
  } finally {
    await other.close();
  }
});
