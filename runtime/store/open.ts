/** Opens a store: claims the directory, opens the engine and joins rows, change log and bodies in one commit. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../base/random';
import { createBlobs } from './blobs';
import { createChangeLog } from './changes';
import { checkFormat, claimDirectory, type Directory, syncDirectory, temporaryDirectory } from './directory';
import { dataDirectoryUnusable, StoreError } from './errors';
import { type Engine, openEngine } from './lmdb';
import type { Row, View } from './overlay';
import type { Store } from './port';
import { readerOf } from './reader';
import { rememberRows } from './remembered';
import { createTransactions, type Participant } from './transactions';

export interface StoreOptions {
  /** Where the data lives; made when missing. Absent: an ephemeral store in a temporary directory. */
  readonly directory?: string;
  /** Flush to disk before a write resolves. Default: true with a directory, false without. */
  readonly durable?: boolean;
  readonly random?: Random;
  /** How long a body without references can still be opened. Default 5 seconds. */
  readonly graceMs?: number;
  /** How long a finished body may wait for the commit that keeps it. Default 10 minutes. */
  readonly orphanMs?: number;
}

/** Where copies of a store are made. */
const COPIES = 'copies';

/** @throws DataDirectoryError when the directory cannot be used, is open elsewhere or is not Coffer's */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const directory = options.directory === undefined ? temporaryDirectory() : claimDirectory(options.directory);
  try {
    return await openIn(directory, options);
  } catch (error) {
    await directory.release();
    throw dataDirectoryUnusable(directory.path, error);
  }
}

async function openIn(directory: Directory, options: StoreOptions): Promise<Store> {
  const { durable = options.directory !== undefined, random = new Random(), graceMs, orphanMs } = options;
  const engine = rememberRows(openEngine(join(directory.path, 'rows.mdb'), durable));
  const view = viewOf(engine);
  const participant: Participant = {
    apply(overlay, effects) {
      if (effects.references.size > 0) blobs.count(overlay, effects.references);
      changes.append(overlay, effects.changes);
    },
    settle(committed) {
      blobs.settle(committed);
      changes.settle(committed);
    },
  };
  const { write, idle } = createTransactions(engine, participant);
  const changes = createChangeLog(view, write);
  const blobs = createBlobs({ directory: directory.path, durable, random, view, write, graceMs, orphanMs });
  if (durable) await syncDirectory(directory.path);
  await blobs.recover();
  await rm(join(directory.path, COPIES), { recursive: true, force: true });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await idle();
    await blobs.close();
    await engine.close();
    await directory.release();
  }

  return {
    ...readerOf(view),
    write: (work) => (closing ? Promise.reject(new StoreError('StoreClosed', 'the store is closed')) : write(work)),
    changes,
    blobs,
    async copy() {
      // Within, for bodies to be shared: a file system's links do not lead beyond it.
      const copy = join(directory.path, COPIES, random.uuid());
      await mkdir(copy, { recursive: true });
      checkFormat(copy);
      await engine.copyTo(join(copy, 'rows.mdb'));
      // After the rows: a body that they name is there, or was dropped since and is kept for a while.
      await blobs.copyTo(copy);
      return copy;
    },
    durable,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** The committed state. */
function viewOf(engine: Engine): View {
  return {
    get: engine.get,
    rows(bounds, limit) {
      const rows: Row[] = [];
      if (limit <= 0) return rows;
      for (const row of engine.walk(bounds)) if (rows.push(row) >= limit) break;
      return rows;
    },
    version: 0,
  };
}
