/** Many at once: one wins, the others are told so, nothing half-done is seen, nothing of the losers stays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as sdk from '@aws-sdk/client-s3';
import { refusal } from '../s3/client';
import { type Door, openDoor } from './wire';

const directory = mkdtempSync(join(tmpdir(), 'coffer-races-'));
const Bucket = 'box';
let door: Door;
let s3: sdk.S3Client;
beforeAll(async () => {
  door = await openDoor(directory);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  s3 = new sdk.S3Client({ endpoint: door.url, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await door.close();
  rmSync(directory, { recursive: true });
});

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
async function tally(outcomes: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const name of await Promise.all(outcomes.map(refusal))) counted[name] = (counted[name] ?? 0) + 1;
  return counted;
}

test.each([
  ['small', 10],
  ['large', 200_000],
])('If-None-Match: of many %s writes exactly one is made', async (Key, size) => {
  const put = (i: number) => new sdk.PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(size, i), IfNoneMatch: '*' });
  expect(await tally(times(16, (i) => s3.send(put(i))))).toEqual({ 'no error': 1, '412 PreconditionFailed': 15 });
  expect(await door.incoming()).toBe(0);
});

test('If-Match: of many writes over one version exactly one is made', async () => {
  const { ETag } = await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'version', Body: 'first' }));
  const put = (i: number) => new sdk.PutObjectCommand({ Bucket, Key: 'version', Body: `${i}`, IfMatch: ETag });
  expect(await tally(times(16, (i) => s3.send(put(i))))).toEqual({ 'no error': 1, '412 PreconditionFailed': 15 });
});

async function uploaded(Key: string) {
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
  const { ETag } = await s3.send(new sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  return {
    complete: (more = {}) =>
      s3.send(new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload, ...more })),
    abort: () => s3.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
  };
}

test('an upload is completed once, or aborted', async () => {
  const one = await uploaded('once');
  // One of them completes it, the others are told so.
  expect(await tally(times(8, () => one.complete()))).toEqual({ 'no error': 8 });
  const other = await uploaded('either');
  const outcomes = await tally([...times(4, () => other.complete()), ...times(4, () => other.abort())]);
  expect(outcomes['404 NoSuchUpload'] + outcomes['no error']).toBe(8);
  const many = await Promise.all(times(4, () => uploaded('first')));
  const first = await tally(many.map(({ complete }) => complete({ IfNoneMatch: '*' })));
  expect(first).toEqual({ 'no error': 1, '412 PreconditionFailed': 3 });
});

test('who reads what is being deleted or replaced gets it whole, or nothing', async () => {
  const size = 700_000;
  const put = (fill: number) =>
    s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'going', Body: Buffer.alloc(size, fill) }));
  await put(1);
  const read = async (): Promise<string> => {
    try {
      const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'going' }));
      const bytes = await Body!.transformToByteArray();
      return bytes.length === size && bytes.every((byte) => byte === bytes[0]) ? 'whole' : `broken: ${bytes.length}`;
    } catch (error) {
      return (error as Error).name;
    }
  };
  const seen = await Promise.all(
    times(24, async (i) => {
      if (i % 8 === 3) await put(i);
      if (i === 20) await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'going' }));
      return read();
    }),
  );
  expect(seen.filter((one) => one !== 'whole' && one !== 'NoSuchKey')).toEqual([]);
});

test('who copies what is being replaced copies one or the other', async () => {
  const body = (fill: number) => Buffer.alloc(200_000, fill);
  const put = (fill: number) => s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'copied', Body: body(fill) }));
  await put(1);
  const { UploadId } = await s3.send(
    new sdk.CreateMultipartUploadCommand({
      Bucket,
      Key: 'joined',
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  const CopySource = `${Bucket}/copied`;
  const copies = times(40, (i) => {
    if (i % 4 === 1) return put(i);
    if (i % 4 === 2)
      return s3.send(new sdk.UploadPartCopyCommand({ Bucket, Key: 'joined', UploadId, PartNumber: i, CopySource }));
    return s3.send(new sdk.CopyObjectCommand({ Bucket, Key: `copy-${i}`, CopySource }));
  });
  expect(await tally(copies)).toEqual({ 'no error': 40 });
});

test('who copies what is being deleted copies it, or hears that it is not there', async () => {
  const Body = Buffer.alloc(300_000, 'x');
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const CopySource = `${Bucket}/fleeting`;
  for (let round = 0; round < 25; round++) {
    await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'fleeting', Body }));
    const outcomes = times(6, (i) => async () => {
      await setTimeout(Math.random() * 6);
      await s3.send(new sdk.CopyObjectCommand({ Bucket, Key: `kept/${i}`, CopySource }));
      await s3.send(new sdk.UploadPartCopyCommand({ Bucket, Key: 'parts', UploadId, PartNumber: i + 1, CopySource }));
    });
    const deleted = async () => {
      await setTimeout(Math.random() * 6);
      await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'fleeting' }));
    };
    const {
      'no error': made = 0,
      '404 NoSuchKey': missed = 0,
      ...others
    } = await tally([...outcomes.map((start) => start()), deleted()]);
    expect(others).toEqual({});
    expect(made + missed).toBe(7);
  }
});

test('a listing while others write misses nothing that was there all the time', async () => {
  const key = (i: number) => `stay/${String(i).padStart(3, '0')}`;
  await Promise.all(times(60, (i) => s3.send(new sdk.PutObjectCommand({ Bucket, Key: key(i), Body: 'x' }))));
  let over = false;
  const churn = times(4, async (writer) => {
    for (let i = writer; !over; i += 7) {
      const place = { Bucket, Key: `${key(i % 60)}-${writer}` };
      await s3.send(new sdk.PutObjectCommand({ ...place, Body: 'x' }));
      await s3.send(new sdk.DeleteObjectCommand(place));
    }
  });
  for (let round = 0; round < 3; round++) {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page: sdk.ListObjectsV2Output = await s3.send(
        new sdk.ListObjectsV2Command({ Bucket, Prefix: 'stay/', MaxKeys: 7, ContinuationToken: token }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key!).filter((name) => !name.includes('-')));
      token = page.NextContinuationToken;
    } while (token);
    expect(seen).toEqual(times(60, key));
  }
  over = true;
  await Promise.all(churn);
});
