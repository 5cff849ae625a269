/** Tables, ranges and pages over encoded rows: the same for the committed state and inside a transaction. */
import { boundsOf, decodeKey, placeOf, tablePrefix } from './keys';
import type { Row, View } from './overlay';
import type { Entry, Range, Reader, Table } from './port';

const PAGE_ROWS = 1000;
const FIRST_CHUNK_ROWS = 16;
const LARGEST_CHUNK_ROWS = 512;

export function readerOf(view: View): Reader {
  return {
    async get<V>(from: Table<V>, key: Entry<V>['key']) {
      return view.get(placeOf(from.name, key), from.hot) as V | undefined;
    },
    async page<V>(from: Table<V>, range: Range = {}) {
      const offset = tablePrefix(from.name).length;
      return view.rows(boundsOf(from.name, range), range.limit ?? PAGE_ROWS).map((row) => entryOf<V>(row, offset));
    },
    async *scan<V>(from: Table<V>, range: Range = {}) {
      const offset = tablePrefix(from.name).length;
      for (const row of walk(view, from, range)) yield entryOf<V>(row, offset);
    },
  };
}

function entryOf<V>(row: Row, offset: number): Entry<V> {
  return { key: decodeKey(row.key, offset), value: row.value as V };
}

/**
 * Rows in growing chunks, each read in one go and continued after its last key: whatever is written meanwhile, a row
 * that stays is met exactly once, and no snapshot is held while the consumer takes its time. Inside a transaction a
 * chunk is dropped as soon as the transaction has written: it sees its own writes ahead of the scan.
 */
function* walk(view: View, from: Table<unknown>, range: Range): Generator<Row> {
  let { low, high, reverse } = boundsOf(from.name, range);
  let left = range.limit ?? Number.POSITIVE_INFINITY;
  let size = FIRST_CHUNK_ROWS;
  while (left > 0) {
    const { version } = view;
    const chunk = view.rows({ low, high, reverse }, Math.min(size, left));
    for (const row of chunk) {
      yield row;
      left--;
      if (reverse) high = row.key;
      else low = `${row.key}\0`;
      if (view.version !== version) break;
    }
    if (view.version === version && chunk.length < size) return;
    size = Math.min(size * 4, LARGEST_CHUNK_ROWS);
  }
}
