/**
 * The embedded engine: LMDB through `lmdb-js`, and the only file that knows it. One ordered map of encoded keys to
 * MessagePack values; reads come from the memory map, a commit is one LMDB transaction made on a worker thread that
 * resolves once it is on disk. LMDB is crash-safe by construction: pages are copied on write and the root is switched last.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { Packr } from 'msgpackr';
import { StoreError } from './errors';
import type { Bounds } from './keys';
import type { Base, Entries, Row } from './overlay';

/** Most bytes of one encoded value. What is larger belongs into a blob. */
export const VALUE_LIMIT_BYTES = 16 * 1024 * 1024;

export interface Engine extends Base {
  /** All or nothing; resolves when the commit is visible and, unless ephemeral, on disk. @throws StoreError CommitFailed */
  commit(entries: Entries): Promise<void>;
  /** A copy of the whole file as of one moment; `file` must not be there. */
  copyTo(file: string): Promise<void>;
  close(): Promise<void>;
}

// Plain maps without shared structures: a row can be read without any state beside it.
const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });

/** @throws StoreError ValueInvalid, ValueTooLarge */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) throw new StoreError('ValueInvalid', 'a row cannot hold undefined; delete it instead');
  const bytes = packr.pack(value);
  if (bytes.length > VALUE_LIMIT_BYTES)
    throw new StoreError('ValueTooLarge', `a value of ${bytes.length} bytes is over the limit of ${VALUE_LIMIT_BYTES}`);
  return bytes;
}

export function decodeValue(bytes: Uint8Array, length?: unknown): unknown {
  return packr.unpack(bytes, typeof length === 'number' ? length : undefined);
}

const encodedKeys = {
  writeKey: (key: string, target: Buffer, start: number) => start + target.write(key, start, 'latin1'),
  readKey: (source: Buffer, start: number, end: number) => source.toString('latin1', start, end),
};
/** Values arrive encoded and leave decoded, straight from the memory map. */
const values = { encode: (value: Uint8Array) => value, decode: decodeValue };

/** @throws Error when the file is there and is not LMDB's */
export function openEngine(file: string, durable: boolean): Engine {
  checkFile(file);
  const db: RootDatabase<unknown, string> = open({
    path: file,
    noSubdir: true,
    keyEncoder: encodedKeys,
    encoder: values,
    noSync: !durable,
    // A commit resolves when it is flushed, not before.
    overlappingSync: false,
    // Groups are made here; lmdb-js's own grouping also leaves promises behind that nobody can catch.
    eventTurnBatching: false,
  });
  return {
    get: (key) => db.get(key),
    walk: (bounds) => db.getRange(rangeOf(bounds)) as Iterable<Row>,
    async commit(entries) {
      try {
        await db.batch(() => {
          for (const [key, value] of entries) void (value === null ? db.remove(key) : db.put(key, value));
        });
      } catch (error) {
        const cause = await reasonOf(error);
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new StoreError('CommitFailed', `nothing was written (${reason}); is the disk full?`, { cause });
      }
    },
    copyTo: (copy) => db.backup(copy, false),
    close: () => db.close(),
  };
}

const MAGIC = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
const MAGIC_OFFSET = 24;
/** The two roots that every file begins with. */
const SMALLEST_BYTES = 8192;

/** lmdb-js ends the process when it opens a file that is not its own. An empty one is about to be made. */
function checkFile(file: string): void {
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes === 0) return;
  const magic = Buffer.alloc(MAGIC.length);
  const fd = openSync(file, 'r');
  readSync(fd, magic, 0, magic.length, MAGIC_OFFSET);
  closeSync(fd);
  if (sizeBytes < SMALLEST_BYTES || !magic.equals(MAGIC)) throw new Error(`${basename(file)} is damaged`);
}

function rangeOf({ low, high, reverse }: Bounds) {
  return reverse
    ? { start: high, end: low, reverse, exclusiveStart: true, inclusiveEnd: true }
    : { start: low, end: high };
}

/** lmdb-js rejects with an error that promises the engine's own error. */
async function reasonOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  return commitError ? await commitError.catch((reason: unknown) => reason) : error;
}

/**
 * Marks a file as held by this process until `release`, or until the process ends in whatever way: it holds a reader's
 * slot in an environment that nobody writes, and LMDB backs a slot with a lock that the operating system releases.
 * @returns undefined when another process holds it
 */
export function holdFile(file: string): (() => Promise<void>) | undefined {
  checkFile(file);
  const db = open({ path: file, noSubdir: true, noSync: true, overlappingSync: false, maxReaders: 16 });
  try {
    const slot = db.useReadTransaction();
    db.readerCheck();
    const holders = [...db.readerList().matchAll(/^\s*(\d+)\s+[0-9a-f]+\s/gm)].map(([, pid]) => Number(pid));
    if (holders.every((pid) => pid === process.pid)) {
      return () => {
        slot.done();
        return db.close();
      };
    }
  } catch (error) {
    // The same process id in another container: the operating system still knows it for another process.
    if (!/temporarily unavailable|permission denied/i.test(String(error))) throw error;
  }
  void db.close();
  return undefined;
}
