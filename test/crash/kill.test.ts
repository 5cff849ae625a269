/**
 * `kill -9` at any moment: each acknowledged write is there afterwards, whole; an unacknowledged one is there whole or
 * not at all. The server is a process of its own, killed while clients write through the port.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

jest.setTimeout(120_000);

const ROUNDS = 4;
const coffer = resolve(__dirname, '../../runtime/bin/coffer.js');
let data: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coffer-kill-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

async function start(): Promise<{ child: ChildProcess; s3: S3Client }> {
  const child = spawn(process.execPath, [coffer, 'start', '--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((found, failed) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text);
      if (match) found(match[1]);
    });
    child.once('exit', (code) => failed(new Error(`coffer start ended with ${code}: ${text}`)));
  });
  const s3 = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return { child, s3 };
}

/** Bodies say which they are: a torn or mixed one would not match its own digest. */
function body(size: number): Buffer {
  const content = randomBytes(size);
  return Buffer.concat([createHash('sha256').update(content).digest(), content]);
}
const whole = (bytes: Buffer): boolean =>
  createHash('sha256').update(bytes.subarray(32)).digest().equals(bytes.subarray(0, 32));
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('acknowledged objects survive, half-written ones are never seen', async () => {
  const acknowledged = new Map<string, string>();
  const attempted = new Map<string, Set<string>>();
  for (let round = 0; round < ROUNDS; round++) {
    const { child, s3 } = await start();
    if (round === 0) await s3.send(new CreateBucketCommand({ Bucket: 'crash' }));
    let stopping = false;
    const writer = async (n: number): Promise<void> => {
      for (let i = 0; !stopping; i++) {
        const key = `w${n}/${i % 7}`;
        const content = body([100, 4096, 300_000][i % 3]);
        (attempted.get(key) ?? attempted.set(key, new Set()).get(key))?.add(digest(content));
        try {
          await s3.send(new PutObjectCommand({ Bucket: 'crash', Key: key, Body: content }));
          acknowledged.set(key, digest(content));
          attempted.set(key, new Set([digest(content)]));
        } catch {
          return;
        }
      }
    };
    const multipart = async (): Promise<void> => {
      for (let i = 0; !stopping; i++) {
        const key = `multipart/${round}-${i}`;
        const first = body(5 * 1024 * 1024);
        try {
          const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: 'crash', Key: key }));
          const part = await s3.send(
            new UploadPartCommand({ Bucket: 'crash', Key: key, UploadId, PartNumber: 1, Body: first }),
          );
          attempted.set(key, new Set([digest(first)]));
          await s3.send(
            new CompleteMultipartUploadCommand({
              Bucket: 'crash',
              Key: key,
              UploadId,
              MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
            }),
          );
          acknowledged.set(key, digest(first));
        } catch {
          return;
        }
      }
    };
    const work = [...Array.from({ length: 6 }, (_, n) => writer(n)), multipart()];
    await new Promise((done) => setTimeout(done, 150 + Math.random() * 700));
    const exit = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await exit;
    stopping = true;
    await Promise.all(work);
    s3.destroy();
  }

  const { child, s3 } = await start();
  expect(acknowledged.size).toBeGreaterThan(10);
  const listed = new Set<string>();
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: 'crash', ContinuationToken: token }));
    for (const object of page.Contents ?? []) listed.add(object.Key as string);
    token = page.NextContinuationToken;
  } while (token !== undefined);
  expect([...acknowledged.keys()].filter((key) => !listed.has(key))).toEqual([]);
  for (const key of listed) {
    const object = await s3.send(new GetObjectCommand({ Bucket: 'crash', Key: key }));
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) as Uint8Array);
    expect({ key, whole: whole(bytes), known: attempted.get(key)?.has(digest(bytes)) }).toEqual({
      key,
      whole: true,
      known: true,
    });
  }
  const exit = new Promise((done) => child.once('exit', done));
  child.kill('SIGINT');
  await exit;
});
