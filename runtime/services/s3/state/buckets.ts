/** Buckets and their configurations: how they are found, changed and removed. */
import type { Reader, Store, Writer } from '../../../store/port';
import {
  type Bucket,
  buckets,
  type Configuration,
  configurations,
  type Family,
  history,
  objects,
  owned,
} from './tables';
import { dropUploads } from './uploads';

export function findBucket(reader: Reader, name: string): Promise<Bucket | undefined> {
  return reader.get(buckets, [name]);
}

/** All buckets of all accounts, by name. */
export async function* scanBuckets(reader: Reader): AsyncIterable<Bucket> {
  for await (const { value } of reader.scan(buckets)) yield value;
}

export function addBucket(tx: Writer, bucket: Bucket): void {
  tx.put(buckets, [bucket.name], bucket);
  tx.put(owned, [bucket.account, bucket.name], bucket.region);
}

/** Changes a bucket's row in a transaction of its own. `change` gets the row as it is then; `undefined` when it is gone. */
export async function changeBucket(
  store: Store,
  name: string,
  id: string,
  change: (bucket: Bucket, tx: Writer) => Bucket | Promise<Bucket>,
): Promise<boolean> {
  return store.write(async (tx) => {
    const bucket = await tx.get(buckets, [name]);
    if (bucket?.id !== id) return false;
    tx.put(buckets, [name], await change(bucket, tx));
    return true;
  });
}

/** Whether anything that must be deleted first is in the bucket. */
export async function isEmpty(reader: Reader, bucket: Bucket): Promise<boolean> {
  for (const rows of [objects, history]) {
    if ((await reader.page(rows as typeof history, { within: [bucket.id], limit: 1 })).length > 0) return false;
  }
  return true;
}

/** Removes an empty bucket with its configurations and unfinished uploads. */
export async function removeBucket(tx: Writer, bucket: Bucket): Promise<void> {
  const all = { within: [bucket.id], limit: Number.MAX_SAFE_INTEGER };
  for (const { key } of await tx.page(configurations, all)) tx.delete(configurations, key);
  await dropUploads(tx, bucket.id);
  tx.delete(buckets, [bucket.name]);
  tx.delete(owned, [bucket.account, bucket.name]);
}

/** Names of an account's buckets in byte order. */
export async function bucketsOf(
  reader: Reader,
  account: string,
  { prefix, after, limit }: { prefix?: string; after?: string; limit: number },
): Promise<string[]> {
  const rows = await reader.page(owned, {
    within: [account],
    prefix,
    after: after === undefined ? undefined : [account, after],
    limit,
  });
  return rows.map(({ key }) => String(key[1]));
}

export async function countBuckets(reader: Reader, account: string, limit: number): Promise<number> {
  return (await reader.page(owned, { within: [account], limit })).length;
}

// ---- configurations -----------------------------------------------------------------------------------------------

export function findConfiguration(
  reader: Reader,
  bucketId: string,
  family: Family,
  id = '',
): Promise<Configuration | undefined> {
  return reader.get(configurations, [bucketId, family, id]);
}

export function putConfiguration(tx: Writer, bucketId: string, family: Family, to: Configuration, id = ''): void {
  tx.put(configurations, [bucketId, family, id], to);
}

export function dropConfiguration(tx: Writer, bucketId: string, family: Family, id = ''): void {
  tx.delete(configurations, [bucketId, family, id]);
}

/** Configurations of a family that has many, by id. */
export async function configurationsOf(
  reader: Reader,
  bucketId: string,
  family: Family,
  { after, limit }: { after?: string; limit: number },
): Promise<{ id: string; value: unknown }[]> {
  const rows = await reader.page(configurations, {
    within: [bucketId, family],
    after: after === undefined ? undefined : [bucketId, family, after],
    limit,
  });
  return rows.map(({ key, value }) => ({ id: String(key[2]), value: value.value }));
}
