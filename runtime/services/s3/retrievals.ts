/**
 * Bytes read from classes that charge for each, added up behind the requests and written a moment later: a read is no
 * write. A crash may lose the last moment. Objects of other classes do not come here.
 */
import type { Kernel } from '../../kernel/call';
import type { Bucket, StoredObject } from './state/tables';
import { addUsage, RETRIEVAL_CLASSES } from './state/usage';

const PAUSE_MS = 250;

interface Pending {
  readonly bucket: Pick<Bucket, 'account' | 'name'>;
  readonly at: number;
  readonly storageClass: string;
  count: number;
  bytes: number;
}

interface Collected {
  readonly pending: Map<string, Pending>;
  pause?: NodeJS.Timeout;
  written: Promise<void>;
}

const collected = new WeakMap<Kernel['store'], Collected>();

/** @param at virtual milliseconds */
export function noteRetrieval(
  kernel: Kernel,
  bucket: Bucket,
  { storageClass }: Pick<StoredObject, 'storageClass'>,
  bytes: number,
  at: number,
): void {
  if (storageClass === undefined || !RETRIEVAL_CLASSES.includes(storageClass)) return;
  let mine = collected.get(kernel.store);
  if (!mine) {
    mine = { pending: new Map(), written: Promise.resolve() };
    collected.set(kernel.store, mine);
  }
  const day = new Date(at).toISOString().slice(0, 10);
  const place = `${bucket.account} ${bucket.name} ${storageClass} ${day}`;
  const sum = mine.pending.get(place) ?? { bucket, at, storageClass, count: 0, bytes: 0 };
  sum.count++;
  sum.bytes += bytes;
  mine.pending.set(place, sum);
  mine.pause ??= setTimeout(() => void writeRetrievals(kernel), PAUSE_MS).unref();
}

/** Writes what is pending. */
export function writeRetrievals(kernel: Kernel): Promise<void> {
  const mine = collected.get(kernel.store);
  if (!mine) return Promise.resolve();
  clearTimeout(mine.pause);
  mine.pause = undefined;
  const all = [...mine.pending.values()];
  mine.pending.clear();
  if (all.length === 0) return mine.written;
  mine.written = mine.written
    .then(() =>
      kernel.store.write(async (tx) => {
        for (const { bucket, at, storageClass, count, bytes } of all)
          await addUsage(tx, bucket, at, storageClass, 'retrieval', { count, bytes });
      }),
    )
    .catch((error) => kernel.report(`s3: ${all.length} sums of retrieved bytes were lost: ${error}`));
  return mine.written;
}
