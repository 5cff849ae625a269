/** The AWS SDK for JavaScript over a socket, with its companions: lib-storage, the presigner and presigned forms. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Coffer, startCoffer } from '@coffer/runtime';

const Bucket = 'from-javascript';
const MIB = 1024 * 1024;

let coffer: Coffer;
let s3: S3Client;
let endpoint: string;

beforeAll(async () => {
  coffer = await startCoffer();
  endpoint = await coffer.listen({ port: 0 });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  s3 = new S3Client({ endpoint, region: 'us-east-1', credentials });
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await coffer.close();
});

/** Bytes that nobody knows the number of before they have come. */
async function* chunks(count: number, seen?: (bytes: Buffer) => void) {
  for (let n = 0; n < count; n++) {
    const bytes = Buffer.alloc(MIB / 2, n);
    seen?.(bytes);
    yield bytes;
  }
}

describe('lib-storage', () => {
  test('uploads a stream of unknown length in parts, with metadata and a checksum', async () => {
    const sent = createHash('sha256');
    const upload = new Upload({
      client: s3,
      params: {
        Bucket,
        Key: 'a stream/ü',
        Body: Readable.from(chunks(23, (bytes) => sent.update(bytes))),
        ContentType: 'video/mp4',
        Metadata: { from: 'a stream' },
        ChecksumAlgorithm: 'SHA256',
      },
      tags: [{ Key: 'kind', Value: 'video' }],
      partSize: 5 * MIB,
      queueSize: 3,
    });
    const { ETag, ChecksumSHA256, Location } = await upload.done();
    expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect(ChecksumSHA256).toMatch(/=-3$/);
    expect(Location).toContain('a%20stream/%C3%BC');
    const { Body, ContentType, Metadata, TagCount } = await s3.send(
      new GetObjectCommand({ Bucket, Key: 'a stream/ü', ChecksumMode: 'ENABLED' }),
    );
    expect({ ContentType, Metadata, TagCount }).toEqual({
      ContentType: 'video/mp4',
      Metadata: { from: 'a stream' },
      TagCount: 1,
    });
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sent.digest('hex'));
  });

  test('sends what fits into one part as one object', async () => {
    const upload = new Upload({ client: s3, params: { Bucket, Key: 'small', Body: Readable.from(chunks(1)) } });
    expect((await upload.done()).ETag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  test('leaves nothing behind when it is aborted', async () => {
    const upload = new Upload({
      client: s3,
      params: { Bucket, Key: 'aborted', Body: Readable.from(chunks(40)) },
      partSize: 5 * MIB,
      queueSize: 1,
    });
    upload.on('httpUploadProgress', () => void upload.abort());
    await expect(upload.done()).rejects.toMatchObject({ name: 'AbortError' });
    // The library answers before it has cleaned up.
    const left = async () => (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0;
    while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const missing = s3.send(new HeadObjectCommand({ Bucket, Key: 'aborted' }));
    await expect(missing).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('the presigner', () => {
  test('signs a PUT with its headers: others, or none, are refused', async () => {
    const command = new PutObjectCommand({
      Bucket,
      Key: 'put by url',
      ContentType: 'text/plain',
      Metadata: { a: 'b' },
      ServerSideEncryption: 'AES256',
    });
    const url = await getSignedUrl(s3, command, {
      expiresIn: 60,
      signableHeaders: new Set(['content-type']),
      unhoistableHeaders: new Set(['x-amz-server-side-encryption']),
    });
    const headers = { 'content-type': 'text/plain', 'x-amz-server-side-encryption': 'AES256' };
    const put = (sent: Record<string, string>) => fetch(url, { method: 'PUT', body: 'text', headers: sent });
    expect((await put({ ...headers, 'content-type': 'text/html' })).status).toBe(403);
    expect((await put({ 'content-type': 'text/plain' })).status).toBe(403);
    expect((await put({ ...headers, 'x-amz-meta-more': 'c' })).status).toBe(403);
    expect((await put(headers)).status).toBe(200);
    const { ContentType, Metadata } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'put by url' }));
    expect({ ContentType, Metadata }).toEqual({ ContentType: 'text/plain', Metadata: { a: 'b' } });
  });

  test('signs GET with response headers, and HEAD', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'got', Body: 'text' }));
    const get = await getSignedUrl(
      s3,
      new GetObjectCommand({ Bucket, Key: 'got', ResponseContentDisposition: 'attachment; filename="ü.txt"' }),
    );
    const answer = await fetch(get, { headers: { range: 'bytes=1-2' } });
    expect([answer.status, await answer.text()]).toEqual([206, 'ex']);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename=/);
    expect((await fetch(get, { method: 'DELETE' })).status).toBe(403);
    const head = await getSignedUrl(s3, new HeadObjectCommand({ Bucket, Key: 'got' }));
    expect((await fetch(head, { method: 'HEAD' })).headers.get('content-length')).toBe('4');
  });
});
