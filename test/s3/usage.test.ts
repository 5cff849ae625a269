/** What is noted for reports of costs: looked up in the store, once the runtime that wrote it has ended. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type S3Client as Client,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { usageOf } from '../../runtime/services/s3/state/usage';
import { openStore } from '../../runtime/store/open';

const Bucket = 'counted';
const ACCOUNT = '000000000000';

async function usageAfter(use: (s3: Client, coffer: Coffer) => Promise<void>): Promise<Record<string, number[]>> {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-usage-'));
  try {
    const coffer = await startCoffer({ directory });
    const s3 = coffer.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket }));
    await use(s3, coffer);
    await coffer.close();
    const store = await openStore({ directory });
    const found: Record<string, number[]> = {};
    for await (const row of usageOf(store, ACCOUNT, { bucket: Bucket })) {
      const name = `${row.storageClass} ${row.kind}`;
      const [count, bytes, byteDays] = found[name] ?? [0, 0, 0];
      found[name] = [count + row.count, bytes + row.bytes, byteDays + row.byteDays];
    }
    await store.close();
    return found;
  } finally {
    await rm(directory, { recursive: true });
  }
}

type Class = 'STANDARD' | 'STANDARD_IA' | 'GLACIER_IR' | 'GLACIER';
const put = (s3: Client, Key: string, StorageClass: Class, bytes: number) =>
  s3.send(new PutObjectCommand({ Bucket, Key, StorageClass, Body: Buffer.alloc(bytes) }));

test('STANDARD leaves nothing', async () => {
  const usage = await usageAfter(async (s3) => {
    await put(s3, 'k', 'STANDARD', 10);
    await (await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body!.transformToByteArray();
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  });
  expect(usage).toEqual({});
});

test('bytes that are read from a class that charges for each', async () => {
  const usage = await usageAfter(async (s3) => {
    await put(s3, 'k', 'STANDARD_IA', 1000);
    for (const Range of [undefined, 'bytes=0-9'])
      await (await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }))).Body!.transformToByteArray();
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/k` }));
  });
  expect(usage).toEqual({ 'STANDARD_IA retrieval': [3, 2010, 0] });
});

test('what goes before the least time of its class, by deletion or by being overwritten', async () => {
  const usage = await usageAfter(async (s3, coffer) => {
    await put(s3, 'deleted', 'GLACIER_IR', 1024 * 1024);
    await put(s3, 'small', 'STANDARD_IA', 1);
    await put(s3, 'old', 'STANDARD_IA', 1024 * 1024);
    await coffer.clock.advance({ days: 10 });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'deleted' }));
    await put(s3, 'small', 'STANDARD', 1);
    await coffer.clock.advance({ days: 20 });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'old' }));
  });
  expect(usage['GLACIER_IR earlyDeletion'].slice(0, 2)).toEqual([1, 1024 * 1024]);
  expect(usage['GLACIER_IR earlyDeletion'][2] / (1024 * 1024)).toBeCloseTo(80, 2);
  expect(usage['STANDARD_IA earlyDeletion'].slice(0, 2)).toEqual([1, 128 * 1024]);
  expect(usage['STANDARD_IA earlyDeletion'][2] / (128 * 1024)).toBeCloseTo(20, 2);
  expect(Object.keys(usage)).toHaveLength(2);
});

test('restores by tier, and how long their copies stay', async () => {
  const usage = await usageAfter(async (s3, coffer) => {
    await put(s3, 'k', 'GLACIER', 100);
    const restore = (Days: number, Tier: 'Expedited' | 'Bulk') =>
      s3.send(new RestoreObjectCommand({ Bucket, Key: 'k', RestoreRequest: { Days, GlacierJobParameters: { Tier } } }));
    await restore(3, 'Bulk');
    await restore(3, 'Expedited');
    await coffer.clock.advance({ hours: 1 });
    await restore(5, 'Bulk');
  });
  expect(usage).toMatchObject({ 'GLACIER restoreBulk': [1, 100, 0], 'GLACIER restoreExpedited': [1, 100, 0] });
  const [count, bytes, byteDays] = usage['GLACIER restoredCopy'];
  expect([count, bytes]).toEqual([1, 100]);
  expect(byteDays / 100).toBeGreaterThanOrEqual(5);
  expect(byteDays / 100).toBeLessThanOrEqual(6.1);
});
