/**
 * Long bodies are digested, sealed and written by threads of their own (see `thread.ts`), so that the event loop only
 * copies. A body goes over in slabs, which are handed back and forth, never copied twice; two of them are under way at
 * most, so that memory stays bounded and a slow disk slows the client. Threads start with the first long body and end
 * with the store.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DigestName } from '../base/digests';
import type { Sink } from './body';
import type { Digests } from './port';

/** A multiple of the frame, so that no frame lies in two slabs. */
export const SLAB_BYTES = 256 * 1024;
/** One fills while two are under way. */
const MOST_UNDER_WAY = 2;
const MOST_THREADS = 4;

export interface Begin {
  readonly kind: 'begin';
  readonly body: number;
  readonly fd: number;
  /** Of the frames, with the blob's id; absent: the content is written as it is. */
  readonly seal?: { readonly key: Uint8Array; readonly id: string };
  readonly digests: readonly DigestName[];
}

/** `write` is a full slab that is not the last; `end` is the last one, and may be empty. */
export interface Slab {
  readonly kind: 'write' | 'end';
  readonly body: number;
  readonly slab: ArrayBuffer;
  readonly length: number;
}

export interface Drop {
  readonly kind: 'drop';
  readonly body: number;
}

export type Order = Begin | Slab | Drop;

export type Report =
  | { readonly kind: 'slab'; readonly body: number; readonly slab: ArrayBuffer }
  | { readonly kind: 'ended'; readonly body: number; readonly digests: Digests; readonly slab: ArrayBuffer }
  | { readonly kind: 'dropped'; readonly body: number }
  | { readonly kind: 'failed'; readonly body: number; readonly message: string; readonly code?: string };

export interface ThreadedSink extends Sink {
  /** Complete once `end` has resolved. */
  readonly digests: Digests;
}

export interface Threads {
  sink(fd: number, seal: Begin['seal'], digests: readonly DigestName[]): ThreadedSink;
  close(): Promise<void>;
}

interface Listener {
  hear(report: Report): void;
  fail(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  readonly bodies: Map<number, Listener>;
}

/** Slabs that no body uses at the moment, for all stores of the process. */
const spare: ArrayBuffer[] = [];
const MOST_SPARE = 16;

const takeSlab = (): ArrayBuffer => spare.pop() ?? new ArrayBuffer(SLAB_BYTES);

function giveSlab(slab: ArrayBuffer): void {
  if (spare.length < MOST_SPARE) spare.push(slab);
}

export function createThreads(): Threads {
  const most = Math.min(availableParallelism(), MOST_THREADS);
  const threads: Thread[] = [];
  let bodies = 0;

  /** The one with the fewest bodies; another one when all are busy and there may be more. */
  function choose(): Thread {
    let least = threads[0];
    for (const thread of threads) if (thread.bodies.size < least.bodies.size) least = thread;
    if (least && (least.bodies.size === 0 || threads.length === most)) return least;
    const thread = startThread(() => threads.splice(threads.indexOf(thread), 1));
    threads.push(thread);
    return thread;
  }

  return {
    sink: (fd, seal, digests) => threadedSink(choose(), { kind: 'begin', body: ++bodies, fd, seal, digests }),
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

function startThread(onEnd: () => void): Thread {
  const worker = new Worker(script());
  const thread: Thread = { worker, bodies: new Map() };
  let reason: Error = new Error('the thread of this body has ended');
  // A thread without a body holds up nobody's end.
  worker.unref();
  worker.on('message', (report: Report) => thread.bodies.get(report.body)?.hear(report));
  worker.on('error', (error) => {
    reason = error;
  });
  worker.on('exit', () => {
    onEnd();
    for (const { fail } of thread.bodies.values()) fail(reason);
  });
  return thread;
}

/** Threads run what the build made, also below a test runner that compiles on the fly. */
function script(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return join(directory, 'dist/store/thread.js');
}

function threadedSink({ worker, bodies }: Thread, begin: Begin): ThreadedSink {
  const { body } = begin;
  let filling = takeSlab();
  let view = new Uint8Array(filling);
  let idle: ArrayBuffer | undefined;
  let fill = 0;
  let size = 0;
  let underWay = 0;
  let failure: Error | undefined;
  let digests: Digests = {};
  let over = false;
  /** Waits for the next report. */
  let waiting: { resolve(): void; reject(error: Error): void } | undefined;

  const settle = () => {
    const waiter = waiting;
    waiting = undefined;
    return waiter;
  };
  const listener: Listener = {
    hear(report) {
      if (report.kind === 'failed') {
        listener.fail(Object.assign(new Error(report.message), { code: report.code }));
        return;
      }
      if (report.kind === 'slab') underWay--;
      else over = true;
      if (report.kind === 'ended') digests = report.digests;
      if (report.kind !== 'dropped') {
        if (idle) giveSlab(report.slab);
        else idle = report.slab;
      }
      settle()?.resolve();
    },
    fail(error) {
      failure = error;
      settle()?.reject(error);
    },
  };
  if (bodies.size === 0) worker.ref();
  bodies.set(body, listener);
  worker.postMessage(begin);

  const heard = () =>
    new Promise<void>((resolve, reject) => {
      if (failure) reject(failure);
      else waiting = { resolve, reject };
    });

  function send(kind: Slab['kind']): void {
    worker.postMessage({ kind, body, slab: filling, length: fill } satisfies Slab, [filling]);
    underWay++;
    fill = 0;
  }

  function refill(): void {
    filling = idle ?? takeSlab();
    idle = undefined;
    view = new Uint8Array(filling);
  }

  function leave(): void {
    bodies.delete(body);
    if (bodies.size === 0) worker.unref();
    if (idle) giveSlab(idle);
    if (filling.byteLength > 0) giveSlab(filling);
    idle = undefined;
  }

  return {
    get digests() {
      return digests;
    },
    async write(chunk) {
      if (failure) throw failure;
      for (let from = 0; from < chunk.length; ) {
        if (fill === SLAB_BYTES) {
          // Not before another byte has come: the last slab is told by `end`.
          while (underWay >= MOST_UNDER_WAY) await heard();
          send('write');
          refill();
        }
        const part = chunk.subarray(from, from + SLAB_BYTES - fill);
        view.set(part, fill);
        fill += part.length;
        from += part.length;
        size += part.length;
      }
    },
    async end() {
      if (failure) throw failure;
      send('end');
      while (!over) await heard();
      leave();
      return size;
    },
    async abandon() {
      if (!bodies.has(body)) return;
      if (!failure) worker.postMessage({ kind: 'drop', body } satisfies Drop);
      // The file is the thread's until it says otherwise.
      while (!over && !failure) await heard().catch(() => {});
      leave();
    },
  };
}
