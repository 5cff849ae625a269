/**
 * Group commit: transactions wait in a queue, run one after another over one overlay and go to the engine as one
 * commit; while it is written to disk the next group gathers. A transaction alone is committed at once, and many at
 * the same time share the flush. Because they run one after another they are serializable without locks or retries.
 */
import { encodeChange } from './changes';
import { StoreError } from './errors';
import { encodeKey } from './keys';
import { decodeValue, type Engine, encodeValue } from './lmdb';
import { Overlay } from './overlay';
import type { BlobRef, Writer } from './port';
import { readerOf } from './reader';

/** A group ends at either bound, so that no one waits for an endless group and the event loop gets its turn. */
const GROUP_TRANSACTIONS = 256;
const GROUP_BYTES = 8 * 1024 * 1024;
/** A transaction that has not ended by then awaits something that it must not. */
const STALL_MS = 10_000;

/** What a transaction has done besides writing rows. */
export interface Effects {
  /** Encoded announcements, in order. */
  readonly changes: Uint8Array[];
  /** References gained and lost, by blob id. */
  readonly references: Map<string, number>;
}

export interface Participant {
  /** Adds what follows from a transaction's effects to its writes. A throw fails that transaction. */
  apply(overlay: Overlay, effects: Effects): void;
  /** The group of transactions is committed, or has failed as a whole. */
  settle(committed: boolean): void;
}

interface Job {
  readonly work: (tx: Writer) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface Transactions {
  write<T>(work: (tx: Writer) => Promise<T>): Promise<T>;
  /** Resolves when none is under way. */
  idle(): Promise<void>;
}

export function createTransactions(engine: Engine, participant: Participant): Transactions {
  let queue: Job[] = [];
  let running = false;
  let drained = Promise.resolve();
  /** Fails the transaction that runs. One timer watches all of them, one after another. */
  let stall: ((error: StoreError) => void) | undefined;
  let watch: NodeJS.Timeout;

  function write<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      queue.push({ work, resolve: resolve as Job['resolve'], reject });
      if (running) return;
      running = true;
      drained = drain();
    });
  }

  async function drain(): Promise<void> {
    watch = setTimeout(() => stall?.(stalledError()), STALL_MS);
    while (queue.length > 0) {
      const overlay = new Overlay(engine, decodeValue);
      const settled = await runGroup(overlay);
      try {
        if (overlay.entries.size > 0) await engine.commit(overlay.entries);
        participant.settle(true);
        for (const settle of settled) settle();
      } catch (error) {
        participant.settle(false);
        for (const settle of settled) settle(error);
      }
    }
    clearTimeout(watch);
    running = false;
  }

  /** @returns what tells each caller of its outcome once the group is committed, or has failed with an error */
  async function runGroup(overlay: Overlay): Promise<((failure?: unknown) => void)[]> {
    const outcomes: ((failure?: unknown) => void)[] = [];
    const jobs = queue;
    let taken = 0;
    while (taken < jobs.length && taken < GROUP_TRANSACTIONS && overlay.bytes < GROUP_BYTES) {
      const { work, resolve, reject } = jobs[taken++];
      overlay.mark();
      try {
        const value = await runOne(overlay, work);
        outcomes.push((failure) => (failure === undefined ? resolve(value) : reject(failure)));
      } catch (error) {
        overlay.rollback();
        // Even a failure waits for the commit: it may rest on what an earlier transaction of the group wrote.
        outcomes.push((failure) => reject(failure ?? error));
      }
    }
    queue = jobs.slice(taken);
    return outcomes;
  }

  async function runOne(overlay: Overlay, work: Job['work']): Promise<unknown> {
    const effects: Effects = { changes: [], references: new Map() };
    const { tx, end } = writerOn(overlay, effects);
    try {
      const value = await new Promise((resolve, reject) => {
        stall = reject;
        watch.refresh();
        work(tx).then(resolve, reject);
      });
      participant.apply(overlay, effects);
      return value;
    } finally {
      stall = undefined;
      end();
    }
  }

  return {
    write,
    async idle() {
      while (running) await drained;
    },
  };
}

function stalledError(): StoreError {
  return new StoreError('TransactionStalled', 'a transaction awaits something other than its argument');
}

function writerOn(overlay: Overlay, { changes, references }: Effects): { tx: Writer; end(): void } {
  let ended = false;
  const live = () => {
    if (ended) throw new StoreError('TransactionEnded', 'a transaction was used after it had ended');
  };
  const count = (blob: BlobRef, by: number) => {
    live();
    references.set(blob.id, (references.get(blob.id) ?? 0) + by);
  };
  const { get, page, scan } = readerOf(overlay);
  const tx: Writer = {
    get,
    page,
    scan,
    put(into, key, value) {
      live();
      overlay.set(encodeKey(into.name, key), encodeValue(value));
    },
    delete(from, key) {
      live();
      overlay.set(encodeKey(from.name, key), null);
    },
    announce(change) {
      live();
      changes.push(encodeChange(change));
    },
    keep: (blob) => count(blob, 1),
    drop: (blob) => count(blob, -1),
  };
  return {
    tx,
    end() {
      ended = true;
    },
  };
}
