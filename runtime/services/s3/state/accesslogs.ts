/** Access log records that wait for their delivery. */
import { type Reader, table, type Writer } from '../../../store/port';
import { findBucket, findConfiguration } from './buckets';
import { buckets } from './tables';

/** Where records go, as PutBucketLogging was told. */
export interface LogTarget {
  readonly TargetBucket: string;
  readonly TargetPrefix: string;
  readonly TargetGrants?: readonly {
    readonly Grantee?: { readonly ID?: string; readonly URI?: string; readonly EmailAddress?: string };
    readonly Permission?: string;
  }[];
  readonly TargetObjectKeyFormat?: {
    readonly PartitionedPrefix?: { readonly PartitionDateSource?: string };
  };
}

/** Records of one moment that go to one place. */
export interface LogBatch {
  readonly source: { readonly name: string; readonly account: string; readonly region: string };
  readonly target: LogTarget;
  /** `2019-02-06` where log objects hold one day each. */
  readonly day?: string;
  /** Each with its end. */
  readonly lines: string;
}

/** [bucket id, number] */
const batches = table<LogBatch>('s3.accessLogs');

/** Number of the newest batch of a bucket that waits. */
export async function newestBatch(reader: Reader, bucketId: string): Promise<number | undefined> {
  const [newest] = await reader.page(batches, { within: [bucketId], reverse: true, limit: 1 });
  return newest && (newest.key[1] as number);
}

/** @returns whether none waited before */
export async function addBatches(tx: Writer, bucketId: string, added: readonly LogBatch[]): Promise<boolean> {
  const newest = await newestBatch(tx, bucketId);
  let number = newest ?? 0;
  for (const batch of added) tx.put(batches, [bucketId, ++number], batch);
  return newest === undefined;
}

/** The oldest batches, up to a number. */
export async function oldestBatches(
  reader: Reader,
  bucketId: string,
  { until, limit }: { until: number; limit: number },
): Promise<{ number: number; batch: LogBatch }[]> {
  const rows = await reader.page(batches, { within: [bucketId], limit });
  return rows.flatMap(({ key, value }) => {
    const number = key[1] as number;
    return number > until ? [] : [{ number, batch: value }];
  });
}

export function removeBatches(tx: Writer, bucketId: string, numbers: readonly number[]): void {
  for (const number of numbers) tx.delete(batches, [bucketId, number]);
}

/** Bucket and target of a bucket that logs. */
export async function loggingOf(reader: Reader, name: string) {
  const bucket = await findBucket(reader, name);
  const kept = bucket && (await findConfiguration(reader, bucket.id, 'logging'));
  return kept && { bucket, target: kept.value as LogTarget, since: kept.at };
}

/** Names of all buckets that log. */
export async function loggingBuckets(reader: Reader): Promise<string[]> {
  const names: string[] = [];
  for await (const { value } of reader.scan(buckets)) {
    if (await findConfiguration(reader, value.id, 'logging')) names.push(value.name);
  }
  return names;
}
