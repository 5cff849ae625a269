/** The change log: rows in the same engine and the same commits as the tables that they tell of. */
import { boundsOf, decodeKey, encodeKey, tablePrefix } from './keys';
import { encodeValue } from './lmdb';
import type { Overlay, View } from './overlay';
import { type Change, type Changes, table, type Writer } from './port';

/** Key: the sequence number. */
const logged = table<readonly [topic: string, key: string, data: Change['data']]>('store.changes');
/** Keeps the sequence from starting over when the whole log has been trimmed. */
const trimmed = table<number>('store.trimmed');

const TRIM_ROWS = 1000;

function sequenceOf(encoded: string): number {
  return decodeKey(encoded, tablePrefix(logged.name).length)[0] as number;
}

export function encodeChange({ topic, key, data }: Change): Uint8Array {
  return encodeValue([topic, key, data]);
}

export interface ChangeLog extends Changes {
  /** Adds changes of one transaction, each from `encodeChange`, to its writes. */
  append(overlay: Overlay, changes: readonly Uint8Array[]): void;
  /** A group of transactions has been committed, or has failed. */
  settle(committed: boolean): void;
}

export function createChangeLog(view: View, write: <T>(work: (tx: Writer) => Promise<T>) => Promise<T>): ChangeLog {
  const newest = view.rows(boundsOf(logged.name, { reverse: true }), 1)[0];
  const lastTrimmed = (view.get(encodeKey(trimmed.name, [])) as number | undefined) ?? 0;
  let head = newest ? sequenceOf(newest.key) : lastTrimmed;
  let next = head;
  let told = head;
  const listeners = new Set<() => void>();

  function tell(): void {
    if (told === head) return;
    told = head;
    for (const listener of [...listeners]) listener();
  }

  return {
    head: () => head,
    async after(sequence, limit) {
      return view.rows(boundsOf(logged.name, { after: [sequence] }), limit).map((row) => {
        const [topic, key, data] = row.value as [string, string, Change['data']];
        return { sequence: sequenceOf(row.key), topic, key, data };
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async trim(sequence) {
      const upTo = Math.min(sequence, head);
      for (;;) {
        const more = await write(async (tx) => {
          const rows = await tx.page(logged, { before: [upTo + 1], limit: TRIM_ROWS });
          for (const { key } of rows) tx.delete(logged, key);
          if (rows.length > 0) tx.put(trimmed, [], rows[rows.length - 1].key[0] as number);
          return rows.length === TRIM_ROWS;
        });
        if (!more) return;
      }
    },
    append(overlay, changes) {
      for (const change of changes) overlay.set(encodeKey(logged.name, [++next]), change);
    },
    settle(committed) {
      if (!committed) next = head;
      else if (next !== head) {
        head = next;
        // Soon, and once for whatever is committed until then.
        setImmediate(tell);
      }
    },
  };
}
