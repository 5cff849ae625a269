/**
 * Step 9: who asked what, when, and what came of it. The newest records are kept at hand for `coffer.requests()` and
 * `coffer.denials()`; recording never fails a request and never delays one.
 */
import type { AwsError } from '../base/errors';
import type { Explanation } from '../engine/policy/explain';
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
  readonly remoteAddress: string;
  readonly status: number;
  /** Error code of a failed request. */
  readonly error?: string;
  readonly tookMs: number;
}

/** One refusal by policy, with its explanation. */
export interface Denial extends Partial<Explanation> {
  readonly requestId: string;
  readonly at: number;
  readonly service: string;
  readonly operation: string;
  /** Code and message as the client saw them. */
  readonly error: string;
  readonly message: string;
}

export interface Records {
  request(record: RequestRecord): void;
  /** Notes a refusal; the same error passing several hands counts once. Other errors are ignored. */
  refusal(error: AwsError, call: Pick<Call, 'requestId' | 'now' | 'service' | 'operation'>): void;
  requests(): readonly RequestRecord[];
  denials(): readonly Denial[];
  clear(): void;
}

/** How many of each kind to keep. */
const KEPT = 1_000;

export function createRecords(): Records {
  const requests = ring<RequestRecord>(KEPT);
  const denials = ring<Denial>(KEPT);
  const noted = new WeakSet<AwsError>();
  return {
    request: requests.push,
    refusal(error, { requestId, now, service, operation }) {
      const explanation = explanationOf(error);
      if (!explanation || noted.has(error)) return;
      noted.add(error);
      const { code, message } = error;
      denials.push({ ...explanation, requestId, at: now, service, operation, error: code, message });
    },
    requests: requests.all,
    denials: denials.all,
    clear() {
      requests.clear();
      denials.clear();
    },
  };
}

/** The detail of a refused check: see `authorize.ts`. */
function explanationOf({ detail }: AwsError): Explanation | undefined {
  if (typeof detail !== 'object' || detail === null || !('considered' in detail)) return undefined;
  return detail as Explanation;
}

/** The newest `size` items, oldest first. */
function ring<T>(size: number) {
  let items: T[] = [];
  let next = 0;
  return {
    push(item: T): void {
      items[next] = item;
      next = (next + 1) % size;
    },
    all: (): readonly T[] => (items.length < size ? items.slice() : [...items.slice(next), ...items.slice(0, next)]),
    clear(): void {
      items = [];
      next = 0;
    },
  };
}
