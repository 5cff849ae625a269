/**
 * Writes that are not committed yet, over the committed rows: what a transaction sees. One overlay collects a whole
 * group of transactions, which run one after another; a transaction that fails takes back its own writes only.
 */
import type { Bounds } from './keys';

/** A committed or pending row; `value` is decoded. */
export interface Row {
  readonly key: string;
  readonly value: unknown;
}

/** What rows can be read from, by encoded key. */
export interface View {
  /** @param hot the row may be one that others hold as well: see `remembered.ts` */
  get(key: string, hot?: boolean): unknown;
  rows(bounds: Bounds, limit: number): Row[];
  /** Changes whenever rows that were read before may have changed within one transaction. */
  readonly version: number;
}

/** The committed state as the engine offers it. */
export interface Base {
  get(key: string, hot?: boolean): unknown;
  /** Lazy; ending the iteration early frees the cursor. */
  walk(bounds: Bounds): Iterable<Row>;
}

/** Encoded value, `null` for a deletion. */
export type Entries = ReadonlyMap<string, Uint8Array | null>;

export class Overlay implements View {
  version = 0;
  bytes = 0;
  private readonly written = new Map<string, Uint8Array | null>();
  private undo: { key: string; previous: Uint8Array | null | undefined }[] = [];
  /** Keys of `written` in order, for scans; `unsorted` holds those added since the last one. */
  private sorted: string[] = [];
  private unsorted: string[] = [];

  constructor(
    private readonly base: Base,
    private readonly decode: (value: Uint8Array) => unknown,
  ) {}

  get entries(): Entries {
    return this.written;
  }

  set(key: string, value: Uint8Array | null): void {
    const previous = this.written.get(key);
    if (previous === undefined) this.unsorted.push(key);
    this.undo.push({ key, previous });
    this.written.set(key, value);
    this.bytes += key.length + (value?.length ?? 0);
    this.version++;
  }

  /** From here on, `rollback` returns to this state. */
  mark(): void {
    this.undo = [];
  }

  rollback(): void {
    if (this.undo.length === 0) return;
    for (const { key, previous } of this.undo.reverse()) {
      if (previous === undefined) this.written.delete(key);
      else this.written.set(key, previous);
    }
    this.undo = [];
    this.sorted = [];
    this.unsorted = [...this.written.keys()];
    this.version++;
  }

  get(key: string, hot?: boolean): unknown {
    const value = this.written.get(key);
    if (value === undefined) return this.base.get(key, hot);
    return value === null ? undefined : this.decode(value);
  }

  rows(bounds: Bounds, limit: number): Row[] {
    const rows: Row[] = [];
    const { reverse } = bounds;
    this.sort();
    let pending = positionOf(this.sorted, reverse ? bounds.high : bounds.low) - (reverse ? 1 : 0);
    const end = positionOf(this.sorted, reverse ? bounds.low : bounds.high) - (reverse ? 1 : 0);
    const step = reverse ? -1 : 1;
    const takePending = () => {
      const key = this.sorted[pending];
      const value = this.written.get(key);
      if (value) rows.push({ key, value: this.decode(value) });
      pending += step;
    };
    const comesFirst = (key: string) => pending !== end && this.sorted[pending] < key !== reverse;
    for (const row of limit > 0 ? this.base.walk(bounds) : []) {
      while (rows.length < limit && this.sorted[pending] !== row.key && comesFirst(row.key)) takePending();
      if (rows.length >= limit) return rows;
      if (pending !== end && this.sorted[pending] === row.key) takePending();
      else rows.push(row);
      if (rows.length >= limit) return rows;
    }
    while (pending !== end && rows.length < limit) takePending();
    return rows;
  }

  /** A few new keys are inserted where they belong, so that writing and scanning by turns stays cheap. */
  private sort(): void {
    if (this.unsorted.length > 8) this.sorted = this.sorted.concat(this.unsorted).sort();
    else for (const key of this.unsorted) this.sorted.splice(positionOf(this.sorted, key), 0, key);
    this.unsorted = [];
  }
}

/** Index of the first key that is not below `key`. */
function positionOf(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
