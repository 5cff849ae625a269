/**
 * Step 9: who asked what, when, and what came of it. Records go to the store in batches a moment later; the newest stay
 * at hand for `coffer.requests()` and `coffer.denials()`. Recording never fails a request and never delays one.
 */
import type { AwsError } from '../base/errors';
import type { Explanation } from '../engine/policy/explain';
import { type Store, type Table, table } from '../store/port';
import type { Call } from './call';

/** One answered request. */
export interface RequestRecord {
  readonly requestId: string;
  /** Virtual milliseconds at acceptance. */
  readonly at: number;
  readonly method: string;
  /** Request target as received. */
  readonly target: string;
  /** Absent when the request led to no operation. */
  readonly service?: string;
  readonly operation?: string;
  /** ARN, `anonymous`, or absent when the request was not authenticated. */
  readonly principal?: string;
  /** Absent when the request led to no operation. */
  readonly region?: string;
  readonly remoteAddress: string;
  readonly status: number;
  /** Error code of a failed request. */
  readonly error?: string;
  readonly tookMs: number;
}

/** One call of a service to another, on behalf of a request or of its own accord. */
export interface CallRecord {
  readonly requestId: string;
  /** Virtual milliseconds at its beginning. */
  readonly at: number;
  readonly service: string;
  readonly operation: string;
  /** ARN of whom it was made as. */
  readonly principal: string;
  readonly region: string;
  /** Services that it came through, the caller last; empty for what a service does of its own accord. */
  readonly via: readonly string[];
  readonly status: number;
  /** Error code of a failed call. */
  readonly error?: string;
  readonly tookMs: number;
}

/** One refusal by policy, with its explanation. */
export interface Denial extends Explanation {
  readonly requestId: string;
  readonly at: number;
  readonly service: string;
  readonly operation: string;
  /** Code and message as the client saw them. */
  readonly error: string;
  readonly message: string;
}

export interface History {
  readonly requests: readonly RequestRecord[];
  readonly calls: readonly CallRecord[];
  readonly denials: readonly Denial[];
}

export interface Records {
  request(record: RequestRecord): void;
  /** Stays at hand only: nothing of it is written. */
  call(record: CallRecord): void;
  /**
   * Notes a refusal; the same error passing several hands counts once. Other errors are ignored.
   * @returns whether it is one
   */
  refusal(error: AwsError, call: Pick<Call, 'requestId' | 'now' | 'service' | 'operation'>): boolean;
  /** The newest, oldest first. */
  requests(): readonly RequestRecord[];
  calls(): readonly CallRecord[];
  denials(): readonly Denial[];
  /** Writes what is pending. */
  close(): Promise<void>;
}

/** Key: number of the batch. A row holds what came within one pause, so that a record costs a fraction of a write. */
const requestBatches = table<RequestRecord[]>('kernel.requests');
const denialBatches = table<Denial[]>('kernel.denials');

/** How many of each kind stay at hand. */
const AT_HAND = 1_000;
/** How many batches of each kind are kept; the oldest go first. */
const KEPT_BATCHES = 2_000;
const PAUSE_MS = 250;
/** Under load a batch is written early rather than growing. */
const LARGEST_BATCH = 2_000;

/** @param denied is told of each refusal by policy */
export async function openRecords(
  store: Store,
  report: (line: string) => void,
  denied?: (denial: Denial) => void,
): Promise<Records> {
  const requests = await openLog(store, requestBatches);
  const denials = await openLog(store, denialBatches);
  let calls: CallRecord[] = [];
  const noted = new WeakSet<AwsError>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const written = [requests.take(), denials.take()].filter((batch) => batch.items.length > 0);
    if (written.length === 0) return Promise.resolve();
    return store
      .write(async (tx) => {
        for (const { into, number, items } of written) {
          tx.put(into, [number], items);
          tx.delete(into, [number - KEPT_BATCHES]);
        }
      })
      .catch((error) => report(`the request log could not be written: ${error}`));
  }

  function soon(size: number): void {
    if (size >= LARGEST_BATCH) void flush();
    else timer ??= setTimeout(() => void flush(), PAUSE_MS).unref();
  }

  return {
    request: (record) => soon(requests.add(record)),
    call(record) {
      calls.push(record);
      if (calls.length >= 2 * AT_HAND) calls = calls.slice(-AT_HAND);
    },
    refusal(error, { requestId, now, service, operation }) {
      const explanation = explanationOf(error);
      if (!explanation || noted.has(error)) return explanation !== undefined;
      noted.add(error);
      const { code, message } = error;
      const denial: Denial = { ...explanation, requestId, at: now, service, operation, error: code, message };
      soon(denials.add(denial));
      denied?.(denial);
      return true;
    },
    requests: requests.newest,
    calls: () => calls.slice(-AT_HAND),
    denials: denials.newest,
    close: flush,
  };
}

/** The detail of a refused check: see `refusal.ts`. */
function explanationOf({ detail }: AwsError): Explanation | undefined {
  if (typeof detail !== 'object' || detail === null || !('considered' in detail)) return undefined;
  return detail as Explanation;
}

interface Batch {
  readonly into: Table<unknown[]>;
  readonly number: number;
  readonly items: unknown[];
}

/** One kind of record: the newest at hand, the latest still to be written. */
async function openLog<T>(store: Store, into: Table<T[]>) {
  let number = 0;
  let pending: T[] = [];
  let recent: T[] = [];
  for (const { key, value } of await store.page(into, { reverse: true, limit: 20 })) {
    number = Math.max(number, key[0] as number);
    if (recent.length < AT_HAND) recent = [...value, ...recent];
  }
  return {
    /** @returns how many are pending */
    add(item: T): number {
      recent.push(item);
      if (recent.length >= 2 * AT_HAND) recent = recent.slice(-AT_HAND);
      return pending.push(item);
    },
    take(): Batch {
      const items = pending;
      pending = [];
      if (items.length > 0) number++;
      return { into: into as Table<unknown[]>, number, items };
    },
    newest: (): readonly T[] => recent.slice(-AT_HAND),
  };
}
