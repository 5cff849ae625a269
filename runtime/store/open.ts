/** Opens a store: claims the directory, opens the engine and joins rows, change log and bodies in one commit. */
import { join } from 'node:path';
import { Random } from '../base/random';
import { createBlobs } from './blobs';
import { createChangeLog } from './changes';
import { claimDirectory, temporaryDirectory } from './directory';
import { openEngine } from './lmdb';
import type { Row, View } from './overlay';
import type { Store } from './port';
import { readerOf } from './reader';
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

/** @throws DataDirectoryError when the directory cannot be used, is open elsewhere or is not Coffer's */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { durable = options.directory !== undefined, random = new Random(), graceMs, orphanMs } = options;
  const directory = options.directory === undefined ? temporaryDirectory() : claimDirectory(options.directory);
  const engine = openEngine(join(directory.path, 'rows.mdb'), durable);
  const view: View = {
    get: engine.get,
    rows(bounds, limit) {
      const rows: Row[] = [];
      if (limit <= 0) return rows;
      for (const row of engine.walk(bounds)) if (rows.push(row) >= limit) break;
      return rows;
    },
    version: 0,
  };
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
  const { write, close } = createTransactions(engine, participant);
  const changes = createChangeLog(view, write);
  const blobs = createBlobs({ directory: directory.path, durable, random, view, write, graceMs, orphanMs });
  await blobs.recover();
  return {
    ...readerOf(view),
    write,
    changes,
    blobs,
    durable,
    async close() {
      await blobs.close();
      await close();
      await engine.close();
      await directory.release();
    },
  };
}
