/** The thread that decodes, as seen from here: see `thread.mjs`. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { selectError } from './errors';

/** Memory of a decoding thread, MiB: a row group of 256 MiB as values. */
const MOST_MEMORY_MB = 2048;
/** Threads at a time; who comes later waits for one to end, for so long. */
const MOST_THREADS = 4;
const PATIENCE_MS = 20_000;
/** Names of refusals that the thread makes itself. */
const REFUSALS = ['OverMaxParquetBlockSize', 'UnsupportedParquetType', 'ParquetUnsupportedCompressionCodec'] as const;

type Refusal = (typeof REFUSALS)[number];

/** What the thread threw. */
export class DecodingFailure extends Error {}

interface Answer {
  readonly value?: unknown;
  readonly failure?: { readonly name: string; readonly message: string };
  readonly need?: { readonly id: number; readonly start: number; readonly end: number };
}

export interface Decoder {
  ask(message: { readonly kind: string; readonly [name: string]: unknown }): Promise<unknown>;
  close(): Promise<void>;
}

let threads = 0;
const queue: (() => void)[] = [];

/** @throws AwsError Busy */
async function enter(): Promise<void> {
  if (threads < MOST_THREADS) {
    threads++;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      queue.splice(queue.indexOf(go), 1);
      reject(selectError('Busy'));
    }, PATIENCE_MS);
    queue.push(go);
  });
}

function leave(): void {
  const next = queue.shift();
  if (next) next();
  else threads--;
}

/** @param read bytes of the object; `end` exclusive */
export async function startDecoder(
  what: 'bzip2' | 'parquet',
  read?: (start: number, end: number) => Promise<Uint8Array>,
): Promise<Decoder> {
  await enter();
  const worker = new Worker(script(), {
    workerData: what,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
  });
  let waiting: { resolve(value: unknown): void; reject(error: unknown): void } | undefined;
  let broken: unknown;
  let closed = false;
  // Who is not asked anything holds up nobody's end.
  worker.unref();
  const settle = (error: unknown, value?: unknown) => {
    const asked = waiting;
    waiting = undefined;
    worker.unref();
    if (error !== undefined) asked?.reject(error);
    else asked?.resolve(value);
  };
  worker.on('message', ({ value, failure, need }: Answer) => {
    if (need) void give(need);
    else settle(failure && failureOf(failure), value);
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    const exhausted = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    broken = exhausted ? selectError('OverMaxParquetBlockSize') : new DecodingFailure(error.message);
    settle(broken);
  });
  const give = async ({ id, start, end }: NonNullable<Answer['need']>) => {
    try {
      worker.postMessage({ kind: 'bytes', id, bytes: new Uint8Array(await read!(start, end)).buffer });
    } catch (error) {
      // The object's own refusal is what counts, not what the thread makes of it.
      broken = error;
      settle(error);
    }
  };
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        waiting = { resolve, reject };
        worker.ref();
        worker.postMessage(message);
      }),
    async close() {
      if (closed) return;
      closed = true;
      await worker.terminate();
      leave();
    },
  };
}

function failureOf({ name, message }: NonNullable<Answer['failure']>): Error {
  return REFUSALS.includes(name as Refusal) ? selectError(name as Refusal) : new DecodingFailure(message);
}

/** It lies in the package, beside sources and build output alike. */
function script(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return join(directory, 'engine/select/thread.mjs');
}

/** @throws AwsError InvalidCompressionFormat, TruncatedInput */
export async function* bunzip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = await startDecoder('bzip2');
  let begun = false;
  const taken = async (message: Parameters<Decoder['ask']>[0]): Promise<Uint8Array[]> => {
    try {
      const bytes = (await decoder.ask(message)) as Uint8Array[];
      begun ||= bytes.length > 0;
      return bytes;
    } catch (error) {
      if (!(error instanceof DecodingFailure)) throw error;
      throw selectError(begun || !/magic|header/i.test(error.message) ? 'TruncatedInput' : 'InvalidCompressionFormat');
    }
  };
  try {
    for await (const bytes of stream) yield* await taken({ kind: 'write', bytes });
    yield* await taken({ kind: 'end' });
  } finally {
    await decoder.close();
  }
}
