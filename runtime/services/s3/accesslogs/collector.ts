/**
 * Collects records of requests on buckets that log, behind the requests: a record is pushed when its request has been
 * answered, batches are written a moment later, and a timer is set for their delivery. A crash may lose the last
 * moment; logging is "best effort". Source: S3 user guide, "Logging requests with server access logging".
 */
import { WEBSITE_ENDPOINT } from '../../../engine/website';
import type { Kernel } from '../../../kernel/call';
import type { Exchange } from '../../../kernel/service';
import { addBatches, type LogBatch, loggingBuckets, loggingOf } from '../state/accesslogs';
import { type AccessRecord, accessRecords, lineOf } from './record';

/** How long after the first record of a bucket its log is delivered. S3 promises hours at best. */
export const DELIVERY_DELAY_MS = 5 * 60_000;
export const DELIVERY_TASK = 'accessLogs';
const PAUSE_MS = 250;
/** Under load a batch is written early rather than growing. */
const LARGEST_BATCH = 2_000;
/** What comes while this many wait to be written is lost. */
const MOST_PENDING = 50_000;

export interface Collector {
  start(kernel: Kernel): Promise<void>;
  follow(exchange: Exchange): void;
  /** Writes what is pending. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export function createCollector(): Collector {
  /** Buckets that log, and perhaps some that did: what is kept is decided when it is written. */
  const watched = new Set<string>();
  let running: Kernel | undefined;
  let pending: AccessRecord[] = [];
  let pause: NodeJS.Timeout | undefined;
  let written = Promise.resolve();

  function flush(): Promise<void> {
    clearTimeout(pause);
    pause = undefined;
    const kernel = running;
    const records = pending;
    pending = [];
    if (kernel && records.length > 0) {
      written = written
        .then(() => keep(kernel, records))
        .catch((error) => kernel.report(`s3: ${records.length} access log records were lost: ${error}`));
    }
    return written;
  }

  return {
    async start(kernel) {
      running = kernel;
      for (const name of await loggingBuckets(kernel.store)) watched.add(name);
    },
    follow(exchange) {
      if (exchange.principal?.service === WEBSITE_ENDPOINT) return;
      const { operation, error } = exchange.record;
      if (operation === 'PutBucketLogging' && error === undefined) watched.add(String(exchange.input.Bucket));
      if (watched.size === 0 || !running || pending.length >= MOST_PENDING) return;
      for (const record of accessRecords(exchange)) if (watched.has(record.bucket)) pending.push(record);
      if (pending.length >= LARGEST_BATCH) void flush();
      else if (pending.length > 0) pause ??= setTimeout(() => void flush(), PAUSE_MS).unref();
    },
    flush,
    async stop() {
      await flush();
      running = undefined;
    },
  };
}

/** Writes records as batches, each with the place where it was to go when they were made. */
async function keep(kernel: Kernel, records: readonly AccessRecord[]): Promise<void> {
  const byBucket = new Map<string, AccessRecord[]>();
  for (const record of records) {
    const others = byBucket.get(record.bucket);
    if (others) others.push(record);
    else byBucket.set(record.bucket, [record]);
  }
  await kernel.store.write(async (tx) => {
    for (const [name, all] of byBucket) {
      const logging = await loggingOf(tx, name);
      const due = logging ? all.filter(({ at }) => at >= logging.since) : [];
      if (!logging || due.length === 0) continue;
      const { id } = logging.bucket;
      const first = await addBatches(tx, id, batchesOf(kernel, logging, due));
      if (first) await scheduleDelivery(kernel, tx, id, due[0].at + DELIVERY_DELAY_MS);
    }
  });
}

type Logging = NonNullable<Awaited<ReturnType<typeof loggingOf>>>;

/** With EventTime, "the logs delivered are for a specific day only". Source: S3 API reference, "PartitionedPrefix". */
function batchesOf(kernel: Kernel, { bucket, target }: Logging, records: readonly AccessRecord[]): LogBatch[] {
  const { name, account, region } = bucket;
  const partitioned = target.TargetObjectKeyFormat?.PartitionedPrefix;
  const byDay = partitioned && partitioned.PartitionDateSource !== 'DeliveryTime';
  const lines = new Map<string | undefined, string>();
  for (const record of records) {
    const day = byDay ? new Date(record.at).toISOString().slice(0, 10) : undefined;
    lines.set(day, `${lines.get(day) ?? ''}${lineOf(kernel, account, record)}\n`);
  }
  return [...lines].map(([day, text]) => ({
    source: { name, account, region },
    target,
    ...(day === undefined ? {} : { day }),
    lines: text,
  }));
}

type Transaction = Parameters<Kernel['timers']['schedule']>[0];

export function scheduleDelivery(kernel: Kernel, tx: Transaction, bucketId: string, at: number): Promise<void> {
  const timer = { at, service: 's3', task: DELIVERY_TASK, id: bucketId, payload: { bucketId } };
  return kernel.timers.schedule(tx, timer);
}
