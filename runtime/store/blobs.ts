/**
 * Bodies as immutable files. A body streams into `blobs/incoming`; once a commit keeps it, it moves to its place in a
 * fan-out of directories, so that a start has to sweep `incoming` only: what no commit has kept is an orphan.
 * References are counted in rows of the same commit. A body that lost its last reference stays a little longer, for
 * readers that have just read its name; one that is being read is finished whatever happens to the file.
 */
import * as fs from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../base/random';
import { bodyBytes, bodySink } from './body';
import { syncDirectory } from './directory';
import { StoreError } from './errors';
import { frameCipher } from './frames';
import { boundsOf, decodeKey, encodeKey, tablePrefix } from './keys';
import { encodeValue } from './lmdb';
import type { Overlay, View } from './overlay';
import { type Blobs, type BlobWriter, type LongBody, table, type Writer } from './port';
import { createThreads } from './threads';

/** Key: blob id. Value: number of references. */
const references = table<number>('store.references');
/** Blobs without references whose file is still to be removed. Key: blob id. */
const doomed = table<true>('store.doomed');

/** How long a body without references can still be opened; at most twice that. */
const GRACE_MS = 5_000;
/** How long a finished body may wait for the commit that keeps it; at most twice that. */
const ORPHAN_MS = 10 * 60_000;
/** 26 characters of base32 are 130 random bits; the first two choose the directories. */
const ID_CHARACTERS = 26;

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const syncFd = promisify(fs.fsync);

export interface BlobOptions {
  readonly directory: string;
  readonly durable: boolean;
  readonly random: Random;
  readonly view: View;
  write<T>(work: (tx: Writer) => Promise<T>): Promise<T>;
  readonly graceMs?: number;
  readonly orphanMs?: number;
}

export interface BlobStore extends Blobs {
  /** Adds counted references of one transaction to its writes. @throws StoreError BlobGone */
  count(overlay: Overlay, changes: ReadonlyMap<string, number>): void;
  settle(committed: boolean): void;
  /** Finishes what an earlier life began: moves kept bodies to their place, removes orphans and doomed ones. */
  recover(): Promise<void>;
  /** Bodies never change: a copy shares them where the file system can. */
  copyTo(directory: string): Promise<void>;
  close(): Promise<void>;
}

export function createBlobs(options: BlobOptions): BlobStore {
  const { durable, random, view, write, graceMs = GRACE_MS, orphanMs = ORPHAN_MS } = options;
  const root = join(options.directory, 'blobs');
  const incoming = join(root, 'incoming');
  const incomingPath = (id: string) => join(incoming, id);
  const placePath = (id: string) => join(root, id[0], id[1], id);
  const made = new Set<string>();
  /** Finished, and not kept yet. */
  const loose = new Set<string>();
  const moving = new Map<string, Promise<void>>();
  /** First and last references of transactions that are not committed yet. */
  let transitions: { id: string; kept: boolean }[] = [];
  /** Bodies without references, by how long: the elder ones go at the next turn. */
  let dying: string[] = [];
  let elder: string[] = [];
  let turn: NodeJS.Timeout | undefined;
  let previousOrphans = new Set<string>();

  async function makeDirectory(path: string): Promise<void> {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true });
    made.add(path);
  }

  const syncIncoming = coalesced(() => syncDirectory(incoming));
  /** The way to the incoming bodies, once. */
  let way: Promise<void> | undefined;
  async function makeWay(): Promise<void> {
    await makeDirectory(incoming);
    if (durable) for (const path of [root, options.directory]) await syncDirectory(path);
  }

  const threads = createThreads();

  async function create(key?: Uint8Array, long?: LongBody): Promise<BlobWriter> {
    const id = random.base32(ID_CHARACTERS);
    const cipher = key && frameCipher(key, id);
    way ??= makeWay().catch((error) => {
      way = undefined;
      throw error;
    });
    await way;
    const fd = await openFd(incomingPath(id), 'wx', 0o600);
    const elsewhere = long && threads.sink(fd, key && { key, id }, long.digests);
    const sink = elsewhere ?? bodySink(fd, cipher);
    let ended = false;
    const end = () => {
      if (ended) throw new Error('this body has already ended');
      ended = true;
    };
    const discard = async () => {
      await sink.abandon();
      await closeFd(fd);
      await removeFile(incomingPath(id));
    };
    return {
      write: (chunk) => sink.write(chunk),
      get digests() {
        return elsewhere?.digests ?? {};
      },
      async finish() {
        end();
        try {
          const sizeBytes = await sink.end();
          if (durable) await syncFd(fd);
          await closeFd(fd);
          if (durable) await syncIncoming();
          loose.add(id);
          return { id, sizeBytes };
        } catch (error) {
          await discard().catch(() => {});
          throw error;
        }
      },
      async discard() {
        end();
        await discard();
      },
    };
  }

  async function openBody(id: string): Promise<number> {
    // A body on the move is at one of the two places, and at its final one after a miss at both.
    for (const path of [placePath(id), incomingPath(id), placePath(id)]) {
      try {
        return await openFd(path, 'r');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    throw gone(id);
  }

  function count(overlay: Overlay, changes: ReadonlyMap<string, number>): void {
    const crossed: typeof transitions = [];
    for (const [id, change] of changes) {
      const row = encodeKey(references.name, [id]);
      const before = (overlay.get(row) as number | undefined) ?? 0;
      if (before === 0 && !loose.has(id)) throw gone(id);
      const after = before + change;
      if (after < 0) throw new StoreError('BlobGone', `blob ${id} has no more than ${before} references to drop`);
      if (after === before) continue;
      overlay.set(row, after > 0 ? encodeValue(after) : null);
      if (after === 0) overlay.set(encodeKey(doomed.name, [id]), encodeValue(true));
      if (before === 0 || after === 0) crossed.push({ id, kept: after > 0 });
    }
    transitions.push(...crossed);
  }

  function settle(committed: boolean): void {
    const crossed = transitions;
    transitions = [];
    if (!committed) return;
    for (const { id, kept } of crossed) {
      if (kept) {
        loose.delete(id);
        move(id);
      } else dying.push(id);
    }
    if (dying.length > 0) turn ??= setTimeout(removeElder, graceMs).unref();
  }

  function removeElder(): void {
    const due = elder;
    elder = dying;
    dying = [];
    turn = elder.length > 0 ? setTimeout(removeElder, graceMs).unref() : undefined;
    // What fails here is still listed as doomed, and the next start removes it.
    if (due.length > 0) remove(due).catch(() => {});
  }

  function move(id: string): void {
    const moved = moveFile(id)
      // It stays readable where it is, and the next start moves it.
      .catch(() => {})
      .finally(() => moving.delete(id));
    moving.set(id, moved);
  }

  async function moveFile(id: string): Promise<void> {
    await makeDirectory(join(root, id[0], id[1]));
    await rename(incomingPath(id), placePath(id));
  }

  async function remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await moving.get(id);
      await removeFile(placePath(id));
      await removeFile(incomingPath(id));
    }
    await write(async (tx) => {
      for (const id of ids) tx.delete(doomed, [id]);
    });
  }

  function sweepOrphans(): void {
    const beingKept = new Set(transitions.map(({ id }) => id));
    const orphans = new Set<string>();
    for (const id of loose) {
      if (!previousOrphans.has(id) || beingKept.has(id)) orphans.add(id);
      else {
        loose.delete(id);
        removeFile(incomingPath(id)).catch(() => {});
      }
    }
    previousOrphans = orphans;
  }
  const sweep = setInterval(sweepOrphans, orphanMs).unref();

  return {
    create,
    async discard({ id }) {
      if (loose.delete(id)) await removeFile(incomingPath(id));
    },
    async *read(blob, { range, key } = {}) {
      const cipher = key && frameCipher(key, blob.id);
      const fd = await openBody(blob.id);
      try {
        yield* bodyBytes(fd, blob.sizeBytes, range, cipher);
      } finally {
        await closeFd(fd);
      }
    },
    count,
    settle,
    async recover() {
      const left = await readdir(incoming).catch(() => []);
      for (const id of left) {
        if (view.get(encodeKey(references.name, [id])) === undefined) await removeFile(incomingPath(id));
        else await moveFile(id);
      }
      const offset = tablePrefix(doomed.name).length;
      const rows = view.rows(boundsOf(doomed.name, {}), Number.POSITIVE_INFINITY);
      if (rows.length > 0) await remove(rows.map((row) => decodeKey(row.key, offset)[0] as string));
    },
    async copyTo(directory) {
      // Who moves meanwhile, moves from incoming to its place.
      const names = [...(await namesIn(incoming)), ...(await placed(root))];
      for (const id of new Set(names)) {
        const into = join(directory, 'blobs', id[0], id[1]);
        await mkdir(into, { recursive: true });
        for (const from of [incomingPath(id), placePath(id)]) if (await share(from, join(into, id))) break;
      }
    },
    async close() {
      clearInterval(sweep);
      await Promise.all(moving.values());
      clearTimeout(turn);
      const due = [...elder, ...dying];
      if (due.length > 0) await remove(due);
      for (const id of loose) await removeFile(incomingPath(id));
      await threads.close();
    },
  };
}

const namesIn = (path: string): Promise<string[]> => readdir(path).catch(() => []);

/** Ids of the bodies at their final places. */
async function placed(root: string): Promise<string[]> {
  const ids: string[] = [];
  for (const first of await namesIn(root)) {
    if (first.length > 1) continue;
    for (const second of await namesIn(join(root, first))) ids.push(...(await namesIn(join(root, first, second))));
  }
  return ids;
}

/** @returns whether the file was there */
async function share(from: string, to: string): Promise<boolean> {
  const absent = (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return false;
    throw error;
  };
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // Another file system, or one without links.
    return copyFile(from, to).then(() => true, absent);
  }
}

function gone(id: string): StoreError {
  return new StoreError('BlobGone', `blob ${id} does not exist`);
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Calls that come while one runs share the next one, which begins after all of them. */
function coalesced(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = () => {
    next = undefined;
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (!running) return start();
    next ??= running.then(start, start);
    return next;
  };
}
