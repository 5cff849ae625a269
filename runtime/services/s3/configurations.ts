/** How configurations of a bucket are kept and read: the small ones in its row, the others in rows of their own. */
import type { Call } from '../../kernel/call';
import { noConfiguration, noSuchBucket } from './errors';
import { changeBucket, dropConfiguration, findBucket, findConfiguration, putConfiguration } from './state/buckets';
import type { Bucket, Family } from './state/tables';
import { bucketOf } from './target';

interface OnBucket {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
}

/** Changes the row of the bucket that a request is about. */
export async function changeRow(
  call: Call,
  input: OnBucket,
  change: (bucket: Bucket, tx: Parameters<typeof dropConfiguration>[0]) => Bucket | Promise<Bucket>,
): Promise<void> {
  const bucket = await bucketOf(call, input);
  if (!(await changeBucket(call.kernel.store, bucket.name, bucket.id, change))) throw noSuchBucket(bucket.name);
}

export async function readFamily<T>(call: Call, input: OnBucket, family: Family): Promise<T | undefined> {
  const bucket = await bucketOf(call, input);
  return (await findConfiguration(call.kernel.store, bucket.id, family))?.value as T | undefined;
}

/** Reads a configuration that may never have been put: each family has its own 404. */
export async function needFamily<T>(
  call: Call,
  input: OnBucket,
  family: Family,
  code: string,
  message: string,
): Promise<T> {
  const value = await readFamily<T>(call, input, family);
  if (value === undefined) throw noConfiguration(code, message, input.Bucket ?? '');
  return value;
}

export async function putFamily(call: Call, input: OnBucket, family: Family, value: unknown, id = ''): Promise<void> {
  const bucket = await bucketOf(call, input);
  const { origin } = call;
  await call.kernel.store.write(async (tx) => {
    if ((await findBucket(tx, bucket.name))?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const row = { value: plain(value), at: call.now, ...(origin ? { origin: plain(origin) as typeof origin } : {}) };
    putConfiguration(tx, bucket.id, family, row, id);
  });
}

/** Deletes a configuration. @returns whether there was one */
export async function dropFamily(call: Call, input: OnBucket, family: Family, id = ''): Promise<boolean> {
  const bucket = await bucketOf(call, input);
  return call.kernel.store.write(async (tx) => {
    const was = await findConfiguration(tx, bucket.id, family, id);
    if (was) dropConfiguration(tx, bucket.id, family, id);
    return was !== undefined;
  });
}

/** The same value without undefined members and with dates as ISO text: what a row holds. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, plain(member)]])),
  );
}
