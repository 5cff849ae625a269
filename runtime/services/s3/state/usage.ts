/**
 * What a report of costs needs to know and no object can tell any more: bytes that were retrieved from a class, restores
 * by tier, copies that were kept, and versions that went before the least time of their class was over. Added up per
 * bucket, day, class and kind, so that the rows are as many as days and not as many as requests. STANDARD leaves none.
 * Source: S3 user guide, "Comparing the Amazon S3 storage classes"; S3 pricing, "Requests & data retrievals".
 */
import { type Reader, table, type Writer } from '../../../store/port';
import type { Bucket, StoredObject } from './tables';

export type UsageKind =
  /** Bytes read from a class that asks for each. */
  | 'retrieval'
  | 'restoreExpedited'
  | 'restoreStandard'
  | 'restoreBulk'
  /** Copies that restores made, and how long they were asked for. */
  | 'restoredCopy'
  /** Versions deleted, overwritten or moved ahead of time; `byteDays` is what is charged for all the same. */
  | 'earlyDeletion';

export interface Usage {
  readonly count: number;
  readonly bytes: number;
  /** Bytes times days. */
  readonly byteDays: number;
}

export interface UsageRow extends Usage {
  readonly bucket: string;
  /** Midnight UTC at which the day begins, virtual milliseconds. */
  readonly day: number;
  readonly storageClass: string;
  readonly kind: UsageKind;
}

/** [account, bucket, day, class, kind]: it outlives the bucket, as a bill does. */
const usage = table<readonly [count: number, bytes: number, byteDays: number]>('s3.usage');

const DAY_MS = 24 * 60 * 60 * 1000;

/** Days for which an object of a class is charged at least. */
export const LEAST_DAYS: Readonly<Record<string, number>> = {
  STANDARD_IA: 30,
  ONEZONE_IA: 30,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
};
/** Bytes for which an object of a class is charged at least. */
export const LEAST_BYTES: Readonly<Record<string, number>> = {
  STANDARD_IA: 128 * 1024,
  ONEZONE_IA: 128 * 1024,
  GLACIER_IR: 128 * 1024,
};
/** Classes that charge for every byte read. */
export const RETRIEVAL_CLASSES = ['STANDARD_IA', 'ONEZONE_IA', 'GLACIER_IR'];

type Owned = Pick<Bucket, 'account' | 'name'>;

/** @param at virtual milliseconds */
export async function addUsage(
  tx: Writer,
  { account, name }: Owned,
  at: number,
  storageClass: string,
  kind: UsageKind,
  { count = 1, bytes, byteDays = 0 }: Partial<Usage> & Pick<Usage, 'bytes'>,
): Promise<void> {
  const key = [account, name, Math.floor(at / DAY_MS), storageClass, kind];
  const [counted, before, daysBefore] = (await tx.get(usage, key)) ?? [0, 0, 0];
  tx.put(usage, key, [counted + count, before + bytes, daysBefore + byteDays]);
}

/** Notes that a version goes, if its class charges for longer than it was there. */
export async function noteLeaving(tx: Writer, bucket: Owned, object: StoredObject, at: number): Promise<void> {
  const { storageClass, sizeBytes } = object;
  const days = storageClass === undefined ? undefined : LEAST_DAYS[storageClass];
  if (storageClass === undefined || days === undefined) return;
  const remaining = days - (at - (object.classSince ?? object.at)) / DAY_MS;
  if (remaining <= 0) return;
  const bytes = Math.max(sizeBytes, LEAST_BYTES[storageClass] ?? 0);
  await addUsage(tx, bucket, at, storageClass, 'earlyDeletion', { bytes, byteDays: bytes * remaining });
}

/**
 * What was noted of an account, or of one of its buckets, in the order of days.
 * @param from first day, any moment of it; `to` the last: virtual milliseconds
 */
export async function* usageOf(
  reader: Reader,
  account: string,
  { bucket, from = 0, to = Number.MAX_SAFE_INTEGER }: { bucket?: string; from?: number; to?: number } = {},
): AsyncIterable<UsageRow> {
  const first = Math.floor(from / DAY_MS);
  const range =
    bucket === undefined ? { within: [account] } : { within: [account, bucket], from: [account, bucket, first] };
  for await (const { key, value } of reader.scan(usage, range)) {
    const [, name, day, storageClass, kind] = key as [string, string, number, string, UsageKind];
    if (day < first || day * DAY_MS > to) continue;
    const [count, bytes, byteDays] = value;
    yield { bucket: name, day: day * DAY_MS, storageClass, kind, count, bytes, byteDays };
  }
}
