/**
 * The store's interface: an ordered key-value store with transactions, a change log and blobs. Engines stand behind
 * it (`lmdb.ts`). It is asynchronous on purpose: no caller may assume that a read is synchronous or local.
 *
 * Keys are tuples. They order component by component: numbers before strings, numbers by value, strings by their
 * UTF-8 bytes. A value is anything MessagePack carries: objects, arrays, strings, numbers, booleans, Uint8Array.
 */
import type { Bytes } from '../base/bytes';
import type { DigestName } from '../base/digests';

export type KeyPart = string | number;
export type Key = readonly KeyPart[];

/** A named, typed set of rows. Declare once at module level in a service's `state.ts`: `table<Bucket>('s3.buckets')`. */
export interface Table<V> {
  readonly name: string;
  /** Few rows, read again and again: `get` may answer with a row that others hold as well, and that is frozen. */
  readonly hot?: boolean;
  /** Only carries the type. */
  readonly value?: V;
}

export function table<V>(name: string, { hot = false }: { readonly hot?: boolean } = {}): Table<V> {
  return { name, hot };
}

export interface Entry<V> {
  readonly key: Key;
  readonly value: V;
}

/** Bounds of a scan. All of them are optional; an empty range is the whole table. */
export interface Range {
  /** Only keys that begin with these whole components. */
  readonly within?: Key;
  /** With `within`: the component that follows must be a string that begins with this text. */
  readonly prefix?: string;
  /** Inclusive lower bound (upper, in reverse). */
  readonly from?: Key;
  /** Exclusive lower bound (upper, in reverse). */
  readonly after?: Key;
  /**
   * Like `after`, for all keys that begin with these components, the last of them being the beginning of a string:
   * `past: ['bucket', 'photos/']` seeks beyond a common prefix.
   */
  readonly past?: Key;
  /** Exclusive end of the scan, in its direction. */
  readonly before?: Key;
  readonly reverse?: boolean;
  /** Most rows to return. Default: no limit for `scan`, 1,000 for `page`. */
  readonly limit?: number;
}

export interface Reader {
  get<V>(from: Table<V>, key: Key): Promise<V | undefined>;
  /** Rows in key order. Lazy: stop iterating and the cost stops. */
  scan<V>(from: Table<V>, range?: Range): AsyncIterable<Entry<V>>;
  /** The first rows of a scan, as an array. */
  page<V>(from: Table<V>, range?: Range): Promise<Entry<V>[]>;
}

/** What a write announces to consumers; committed with it, in order. */
export interface Change {
  /** `service.noun`, e.g. `s3.object`. Consumers subscribe by topic. */
  readonly topic: string;
  /** Changes with the same key are delivered in order. */
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface LoggedChange extends Change {
  /** Strictly increasing position in the log. */
  readonly sequence: number;
}

export interface Writer extends Reader {
  put<V>(into: Table<V>, key: Key, value: V): void;
  delete<V>(from: Table<V>, key: Key): void;
  /** Appends to the change log in this commit. */
  announce(change: Change): void;
  /** Keeps a blob beyond this commit; without it a written blob is an orphan and is swept. One `keep` per reference. */
  keep(blob: BlobRef): void;
  /** Drops one reference; at zero the file is removed after the commit. */
  drop(blob: BlobRef): void;
}

/** An immutable stored body. Plain data: put it into a row. */
export interface BlobRef {
  /** Unguessable file name. */
  readonly id: string;
  /** Length of the content in bytes, before encryption. */
  readonly sizeBytes: number;
}

/** Takes a body while it streams in. Either `finish` or `discard` ends it. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Flushes to disk (fsync when the store is durable) and names the blob. Not reachable until a commit keeps it. */
  finish(): Promise<BlobRef>;
  discard(): Promise<void>;
  /** Those that were asked for; complete once `finish` has resolved. */
  readonly digests: Digests;
}

export type Digests = Readonly<Partial<Record<DigestName, Uint8Array>>>;

/** What to do with a body that is known to be long: another thread digests, seals and writes it. */
export interface LongBody {
  readonly digests: readonly DigestName[];
}

export interface ByteRange {
  /** First byte, inclusive. */
  readonly start: number;
  /** Last byte, inclusive. */
  readonly end: number;
}

export interface Blobs {
  /** @param key 32 bytes: the content is encrypted with AES-256-GCM in seekable frames. Absent: kept as it is. */
  create(key?: Uint8Array, long?: LongBody): Promise<BlobWriter>;
  /** Removes a finished blob that no commit has kept, ahead of the sweep. Of any other it does nothing. */
  discard(blob: BlobRef): Promise<void>;
  /** Streams a blob or a part of it. @throws Error when a frame fails authentication or the file is gone */
  read(blob: BlobRef, options?: { range?: ByteRange; key?: Uint8Array }): Bytes;
}

export interface Changes {
  /** Up to `limit` changes after `sequence`, oldest first. */
  after(sequence: number, limit: number): Promise<LoggedChange[]>;
  /** Sequence of the newest change; 0 when there is none. */
  head(): number;
  /** Calls back (soon, coalesced) after commits that announced something. Returns the unsubscribe function. */
  subscribe(listener: () => void): () => void;
  /** Forgets changes up to and including `sequence`: every consumer has passed it. */
  trim(sequence: number): Promise<void>;
}

export interface Store extends Reader {
  /**
   * Runs `work` in a transaction: it may be run again, reads and writes through its argument, has no other effect
   * (awaits nothing but its argument) and commits all or nothing. Resolves once the commit is durable. A throw rolls back.
   */
  write<T>(work: (tx: Writer) => Promise<T>): Promise<T>;
  readonly changes: Changes;
  readonly blobs: Blobs;
  /**
   * Copies what is committed, all of one moment, into a directory beside it that can be opened like any other. It stays
   * until the caller removes it, or until this store is opened again.
   */
  copy(): Promise<string>;
  /** Whether a resolved write survives a power cut. False for ephemeral stores. */
  readonly durable: boolean;
  close(): Promise<void>;
}
