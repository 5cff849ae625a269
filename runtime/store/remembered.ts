/**
 * Rows of `hot` tables stay decoded in memory between commits: few rows that nearly every request reads, such as a
 * bucket and its policy. Exact: what a commit writes is forgotten when the commit begins and not remembered until it
 * has ended, so that a read sees what it would see without this file. Remembered rows are shared, and therefore frozen.
 */
import type { Engine } from './lmdb';
import type { Entries } from './overlay';

/** Rows remembered at most; then all are forgotten. */
const MOST_ROWS = 10_000;
const ABSENT = Symbol('no such row');

export function rememberRows(engine: Engine): Engine {
  const rows = new Map<string, unknown>();
  let changing: Entries | undefined;
  return {
    ...engine,
    get(key, hot) {
      if (!hot || changing?.has(key)) return engine.get(key);
      const known = rows.get(key);
      if (known !== undefined) return known === ABSENT ? undefined : known;
      const value = engine.get(key);
      if (rows.size >= MOST_ROWS) rows.clear();
      rows.set(key, value === undefined ? ABSENT : frozen(value));
      return value;
    },
    async commit(entries) {
      changing = entries;
      for (const key of entries.keys()) rows.delete(key);
      try {
        await engine.commit(entries);
      } finally {
        changing = undefined;
      }
    },
  };
}

/** Bytes cannot be frozen and are left as they are. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
