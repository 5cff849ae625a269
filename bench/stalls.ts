/**
 * For how long at most one request keeps everybody else waiting: the delay of the server's event loop while a client in
 * another process sends one demanding request after the other. The server is a process of its own, so that what the
 * client does is not counted.
 */
import { fork } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startCoffer } from '@coffer/runtime';
import type { Row } from './rows';

const MIB = 1024 * 1024;
const Bucket = 'bench';
/** Each request is sent so often; the median counts: what else the machine does is not the request's. */
const TIMES = 5;

async function serve(): Promise<void> {
  const coffer = await startCoffer();
  const port = Number(new URL(await coffer.listen({ port: 0 })).port);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('message', async (message) => {
    if (message === 'end') {
      await coffer.close();
      process.disconnect();
      return;
    }
    process.send!(delay.max / 1e6);
    delay.reset();
  });
  process.send!(port);
}

/** Name of what is sent, the sending of it, and what it needs first each time. */
type Demand = readonly [string, (client: S3Client) => Promise<unknown>, ((client: S3Client) => Promise<unknown>)?];

const ids = Array.from({ length: 1000 }, (_, n) => n);
const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: Array.from({ length: 90 }, (_, n) => ({
    Sid: `s${n}`,
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Bucket}/${n}/*`,
    Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
  })),
});

async function fill(s3: S3Client): Promise<void> {
  await Promise.all(ids.map((n) => s3.send(new PutObjectCommand({ Bucket, Key: `k${n}`, Body: 'x' }))));
}

const demands: readonly Demand[] = [
  [
    'PutObject of 64 MiB',
    (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: Buffer.alloc(64 * MIB) })),
  ],
  [
    'GetObject of 64 MiB',
    async (s3) => (await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))).Body?.transformToByteArray(),
  ],
  [
    'CopyObject of 64 MiB under another checksum',
    (s3) =>
      s3.send(
        new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/large`, ChecksumAlgorithm: 'SHA256' }),
      ),
  ],
  ['ListObjectsV2 of 1,000 keys', (s3) => s3.send(new ListObjectsV2Command({ Bucket }))],
  [
    'DeleteObjects of 1,000 keys',
    (s3) => s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: ids.map((n) => ({ Key: `k${n}` })) } })),
    fill,
  ],
  [
    'CompleteMultipartUpload naming 10,000 parts',
    async (s3) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
      const ETag = '"0123456789abcdef0123456789abcdef"';
      const Parts = Array.from({ length: 10_000 }, (_, n) => ({ PartNumber: n + 1, ETag }));
      const complete = new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'parts',
        UploadId,
        MultipartUpload: { Parts },
      });
      await s3.send(complete).catch((error) => {
        if (error.name !== 'InvalidPart') throw error;
      });
    },
  ],
  ['PutBucketPolicy of 20 KB', (s3) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy }))],
  [
    'PutBucketLifecycleConfiguration of 1,000 rules',
    (s3) =>
      s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: {
            Rules: ids.map((n) => ({
              ID: `r${n}`,
              Status: 'Enabled',
              Filter: { Prefix: `p${n}/` },
              Expiration: { Days: 30 },
            })),
          },
        }),
      ),
  ],
];

export async function stalls(): Promise<Row[]> {
  const server = fork(__filename, { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] });
  const told = () => new Promise<number>((resolve) => server.once('message', (value) => resolve(value as number)));
  const port = await told();
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const longest = async () => {
    server.send('next');
    return told();
  };
  try {
    await client.send(new CreateBucketCommand({ Bucket }));
    await fill(client);
    const rows: Row[] = [];
    for (const [name, send, prepare] of demands) {
      // What loads at first use, and the bodies that it needs.
      await send(client);
      const waits: number[] = [];
      for (let time = 0; time < TIMES; time++) {
        await prepare?.(client);
        await longest();
        await send(client);
        waits.push(await longest());
      }
      const median = waits.sort((a, b) => a - b)[TIMES >> 1];
      rows.push({ name: `event loop, longest wait: ${name}`, value: `${median.toFixed(0)} ms`, target: '< 50 ms' });
    }
    return rows;
  } finally {
    client.destroy();
    server.send('end');
  }
}

if (require.main === module) void serve();
