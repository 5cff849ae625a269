/**
 * Walks over keys in UTF-8 byte order, with prefix and delimiter. What shares a common prefix is skipped by seeking
 * beyond it, so that a page costs what is on it and not what lies under it.
 */
import type { Range, Reader } from '../../../store/port';
import { unpack, unpackObject } from './packing';
import { type Bucket, history, objects, type StoredObject, type Upload, uploads, type Version } from './tables';

export interface Row<V> {
  readonly key: string;
  readonly value: V;
}

/** Rows of one bucket in order, from a key on or after the place of a row. */
export interface Source<R extends P, P extends { key: string }> {
  from(key: string, limit: number): Promise<R[]>;
  after(place: P, limit: number): Promise<R[]>;
  /** Rows beyond all keys that begin with a text. */
  past(prefix: string, limit: number): Promise<R[]>;
}

export interface Query<P> {
  readonly prefix?: string;
  readonly delimiter?: string;
  /** Only rows after this place. */
  readonly after?: P;
  /** A common prefix that this begins with was on an earlier page. */
  readonly marker?: string;
  readonly max: number;
}

export type Item<R> =
  | { readonly row: R; readonly group?: undefined }
  | { readonly group: string; readonly row?: undefined };

export interface Page<R> {
  readonly items: readonly Item<R>[];
  readonly truncated: boolean;
}

/** Rows read at once where groups may make most of them unneeded. */
const GROUPED_BATCH = 32;

export async function walk<R extends P, P extends { key: string }>(
  source: Source<R, P>,
  query: Query<P>,
): Promise<Page<R>> {
  const { prefix = '', delimiter, marker, max } = query;
  const items: Item<R>[] = [];
  const batch = (): number => (delimiter ? GROUPED_BATCH : max - items.length + 1);
  let asked = batch();
  let rows =
    query.after && compareUtf8(query.after.key, prefix) >= 0
      ? await source.after(query.after, asked)
      : await source.from(prefix, asked);
  for (;;) {
    let within: string | undefined;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (!row.key.startsWith(prefix)) return { items, truncated: false };
      const group = groupOf(row.key, prefix, delimiter);
      within = group;
      if (group !== undefined) {
        while (i + 1 < rows.length && rows[i + 1].key.startsWith(group)) i++;
        if (marker?.startsWith(group)) continue;
      }
      if (items.length === max) return { items, truncated: true };
      items.push(group === undefined ? { row } : { group });
    }
    if (rows.length < asked) return { items, truncated: false };
    const last = rows[rows.length - 1];
    asked = batch();
    rows = within === undefined ? await source.after(last, asked) : await source.past(within, asked);
  }
}

function groupOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (!delimiter) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Order of UTF-8 bytes, which is that of code points and not that of JavaScript's units. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

// ---- what is walked -----------------------------------------------------------------------------------------------

export function currentObjects(reader: Reader, bucket: Bucket): Source<Row<StoredObject>, { key: string }> {
  const page = async (range: Range, limit: number) =>
    (await reader.page(objects, { within: [bucket.id], ...range, limit })).map(({ key, value }) => ({
      key: String(key[1]),
      value: unpackObject(value),
    }));
  return {
    from: (key, limit) => page({ from: [bucket.id, key] }, limit),
    after: (row, limit) => page({ after: [bucket.id, row.key] }, limit),
    past: (prefix, limit) => page({ past: [bucket.id, prefix] }, limit),
  };
}

export interface VersionPlace {
  readonly key: string;
  readonly order: number;
}

export type VersionRow = Row<Version> & VersionPlace;

/** All versions, key by key, each key's newest first: the current object of `objects`, then those of `history`. */
export function allVersions(reader: Reader, bucket: Bucket): Source<VersionRow, VersionPlace> {
  const merge = async (range: Range, pastRange: Range, limit: number) => {
    const [current, past] = await Promise.all([
      reader.page(objects, { within: [bucket.id], ...range, limit }),
      reader.page(history, { within: [bucket.id], ...pastRange, limit }),
    ]);
    const rows: VersionRow[] = [];
    for (let c = 0, p = 0; rows.length < limit && (c < current.length || p < past.length); ) {
      const isCurrent =
        p >= past.length || (c < current.length && compareUtf8(String(current[c].key[1]), String(past[p].key[1])) <= 0);
      const { key, value } = isCurrent ? current[c++] : past[p++];
      const version = unpack(value);
      rows.push({ key: String(key[1]), order: version.order, value: version });
    }
    return rows;
  };
  return {
    from: (key, limit) => merge({ from: [bucket.id, key] }, { from: [bucket.id, key] }, limit),
    after: (row, limit) => merge({ after: [bucket.id, row.key] }, { after: [bucket.id, row.key, -row.order] }, limit),
    past: (prefix, limit) => merge({ past: [bucket.id, prefix] }, { past: [bucket.id, prefix] }, limit),
  };
}

export interface UploadPlace {
  readonly key: string;
  readonly id: string;
}

export function openUploads(reader: Reader, bucket: Bucket): Source<Row<Upload> & UploadPlace, UploadPlace> {
  const page = async (range: Range, limit: number) =>
    (await reader.page(uploads, { within: [bucket.id], ...range, limit })).map(({ key, value }) => ({
      key: String(key[1]),
      id: String(key[2]),
      value,
    }));
  return {
    from: (key, limit) => page({ from: [bucket.id, key] }, limit),
    after: (row, limit) => page({ after: [bucket.id, row.key, row.id] }, limit),
    past: (prefix, limit) => page({ past: [bucket.id, prefix] }, limit),
  };
}
