/**
 * The request log: who asked what, when, and what came of it. Appending costs a push; records are written in batches
 * behind the requests, never delay or fail one, and the oldest are forgotten. A crash may lose the last moment.
 */
import { type Store, table } from './port';

export interface RequestRecord {
  readonly requestId: string;
  /** Virtual milliseconds at acceptance. */
  readonly at: number;
  readonly service: string;
  readonly operation: string;
  readonly principalArn: string;
  readonly account: string;
  readonly region: string;
  /** ARN of what was asked for. */
  readonly resource?: string;
  /** HTTP status. */
  readonly status: number;
  readonly errorCode?: string;
  readonly durationMs?: number;
  readonly sourceIp: string;
  readonly userAgent?: string;
  /** What explains the outcome: the policy decision of a denial. Anything that MessagePack carries. */
  readonly detail?: unknown;
}

export interface RequestQuery {
  /** Only records that pass. */
  readonly where?: (record: RequestRecord) => boolean;
  /** Default 1,000. */
  readonly limit?: number;
}

export interface RequestLog {
  append(record: RequestRecord): void;
  /** Newest first, those not yet written included. */
  newest(query?: RequestQuery): Promise<RequestRecord[]>;
  find(requestId: string): Promise<RequestRecord | undefined>;
  /** Refused requests with their explanation, newest first. */
  denials(limit?: number): Promise<RequestRecord[]>;
  /** How many records were dropped because writing could not keep up. */
  dropped(): number;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Key: sequence. */
const requests = table<RequestRecord>('store.requests');

const KEPT = 100_000;
/** Records in memory before further ones are dropped. */
const WAITING = 20_000;
/** Records of one write: a millisecond's work, so that the writes of clients are not held up. */
const BATCH = 256;
const FLUSH_MS = 250;

export interface RequestLogOptions {
  /** Most records kept. Default 100,000. */
  readonly kept?: number;
}

export async function openRequestLog(store: Store, options: RequestLogOptions = {}): Promise<RequestLog> {
  const { kept = KEPT } = options;
  const [last] = await store.page(requests, { reverse: true, limit: 1 });
  const [oldest] = await store.page(requests, { limit: 1 });
  let next = last ? (last.key[0] as number) + 1 : 0;
  let first = oldest ? (oldest.key[0] as number) : next;
  let waiting: RequestRecord[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;

  function append(record: RequestRecord): void {
    if (waiting.length >= WAITING) {
      lost++;
      return;
    }
    waiting.push(record);
    if (waiting.length >= BATCH && !flushing) void flush();
    else timer ??= setTimeout(flush, FLUSH_MS).unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= writeWaiting().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      const to = next + batch.length;
      const keepFrom = Math.max(first, to - kept);
      try {
        await store.write(async (tx) => {
          batch.forEach((record, i) => {
            tx.put(requests, [next + i], record);
          });
          for (let old = first; old < keepFrom; old++) tx.delete(requests, [old]);
        });
        next = to;
        first = keepFrom;
      } catch {
        lost += batch.length;
      }
      waiting = waiting.slice(batch.length);
    }
  }

  async function newest({ where = () => true, limit = 1000 }: RequestQuery = {}): Promise<RequestRecord[]> {
    const found: RequestRecord[] = [];
    for (let i = waiting.length - 1; i >= 0 && found.length < limit; i--) if (where(waiting[i])) found.push(waiting[i]);
    if (found.length === limit) return found;
    const written = next;
    for await (const { value } of store.scan(requests, { after: [written], reverse: true })) {
      if (where(value) && found.push(value) >= limit) break;
    }
    return found;
  }

  return {
    append,
    newest,
    async find(requestId) {
      return (await newest({ where: (record) => record.requestId === requestId, limit: 1 }))[0];
    },
    denials: (limit) => newest({ where: ({ status, detail }) => status === 403 && detail !== undefined, limit }),
    dropped: () => lost,
    flush,
    async close() {
      await flush();
    },
  };
}
