/**
 * Runs timers. Rows ordered by due time are the whole state; one real timer wakes for the first of them. A row is
 * removed after its handler has succeeded (at least once), and moved with growing pauses when it fails. A handler does
 * its work by committing or enqueuing: timers run one after another, in the order of their time, so none may dawdle.
 *
 *     const clock = await openClock(store);
 *     const schedule = createSchedule(store, clock);      // schedule.timers is the kernel's `timers`
 *     await schedule.start({ kernel, handler: (service, task) => …, quiet: () => consumers.settled() });
 *     await schedule.advance({ days: 1 });                // runs everything that falls due on the way
 *     await schedule.settled();                           // quiet, and nothing is due
 *     await schedule.stop();
 */
import { Clock, type Duration, type Move, milliseconds } from '../base/clock';
import { type Store, table, type Writer } from '../store/port';
import type { Kernel } from './call';
import type { TimerHandler } from './service';
import type { Timer, Timers } from './timers';

interface Due {
  readonly payload: Timer['payload'];
  readonly failures: number;
  /** Changes each time the timer is scheduled: tells whether a handler has scheduled itself again. */
  readonly serial: number;
}

/** Key: due time, service, task, id. */
const due = table<Due>('kernel.timers');
/** Key: service, task, id. Value: due time. */
const times = table<number>('kernel.timerTimes');
/** Timers that kept failing. Key: service, task, id, due time. */
const asides = table<{ payload: Timer['payload']; error: string }>('kernel.timerAsides');
/** Key: virtual time before the move. */
const moves = table<Move>('kernel.moves');
/** Latest virtual time known to have been. */
const seen = table<number>('kernel.seen');

const ATTEMPTS = 8;
/** Virtual time after the first failure; it doubles with each further one. */
const PAUSE_MS = 1_000;
/** Real time that a handler may take. */
const HANDLER_MS = 60_000;
/** Real time that `stop` waits for the handler that runs. */
const STOP_MS = 5_000;
/** Longest real timer; for what lies beyond, it wakes and looks again. */
const SLEEP_MS = 2 ** 31 - 1;

/** The clock as it was left: all its moves, and not behind what it has shown before should the host's have been set back. */
export async function openClock(store: Store): Promise<Clock> {
  const rows = await store.page(moves, { limit: Number.POSITIVE_INFINITY });
  const clock = new Clock(rows.map((row) => row.value));
  const last = rows.at(-1)?.value;
  const shown = Math.max(last ? last.from + last.byMs : 0, (await store.get(seen, [])) ?? 0);
  const behind = shown - clock.now();
  if (behind > 0) {
    const move = clock.skip(behind);
    await store.write(async (tx) => tx.put(moves, [move.from], move));
  }
  return clock;
}

export interface Running {
  readonly kernel: Kernel;
  handler(service: string, task: string): TimerHandler | undefined;
  /** Waits for consumers and for work in flight. */
  quiet(): Promise<void>;
}

export interface Schedule {
  readonly timers: Timers;
  start(running: Running): Promise<void>;
  stop(): Promise<void>;
  /** Moves the clock and runs what falls due, in the order of its time, letting consumers catch up in between. */
  advance(duration: Duration): Promise<void>;
  /** Nothing in flight, nothing unread, nothing due. */
  settled(): Promise<void>;
}

export function createSchedule(store: Store, clock: Clock): Schedule {
  let running: Running | undefined;
  let sleep: NodeJS.Timeout | undefined;
  let unsubscribe = () => {};
  const oneAtATime = serially();
  const advances = serially();

  async function first(tx: Pick<Writer, 'page'> = store): Promise<{ timer: Timer; row: Due } | undefined> {
    const [entry] = await tx.page(due, { limit: 1 });
    if (!entry) return undefined;
    const [at, service, task, id] = entry.key as [number, string, string, string];
    return { timer: { at, service, task, id, payload: entry.value.payload }, row: entry.value };
  }

  const timers: Timers = {
    async schedule(tx, timer) {
      const { at, service, task, id, payload } = timer;
      const earliest = await first(tx);
      const before = await remove(tx, service, task, id);
      tx.put(due, [at, service, task, id], { payload, failures: 0, serial: (before?.serial ?? 0) + 1 });
      tx.put(times, [service, task, id], at);
      // Whoever sleeps until the earliest timer has to hear of an earlier one.
      if (!earliest || at < earliest.timer.at) tx.announce({ topic: 'kernel.timer', key: service, data: { at } });
    },
    async cancel(tx, service, task, id) {
      await remove(tx, service, task, id);
    },
  };

  async function remove(tx: Writer, service: string, task: string, id: string): Promise<Due | undefined> {
    const at = await tx.get(times, [service, task, id]);
    if (at === undefined) return undefined;
    const row = await tx.get(due, [at, service, task, id]);
    tx.delete(due, [at, service, task, id]);
    tx.delete(times, [service, task, id]);
    return row;
  }

  async function wakeForFirst(): Promise<void> {
    const next = await first();
    clearTimeout(sleep);
    if (!next || !running) return;
    const wait = Math.min(Math.max(next.timer.at - clock.now(), 0), SLEEP_MS);
    sleep = setTimeout(() => void runDue().catch(report), wait).unref();
  }

  async function runDue(): Promise<void> {
    while (await runFirstDue());
    await wakeForFirst();
  }

  /** @returns whether there was one */
  function runFirstDue(): Promise<boolean> {
    return oneAtATime(async () => {
      const next = await first();
      if (!running || !next || next.timer.at > clock.now()) return false;
      await run(running, next.timer, next.row);
      return true;
    });
  }

  async function run({ kernel, handler }: Running, timer: Timer, row: Due): Promise<void> {
    const { at, service, task, id, payload } = timer;
    let failure: unknown;
    try {
      const handle = handler(service, task);
      if (!handle) throw new Error(`${service} has no timer ${task}`);
      await withinLimit(handle(payload, kernel));
    } catch (error) {
      failure = error ?? new Error('a timer failed without an error');
    }
    const failures = row.failures + 1;
    const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    await store.write(async (tx) => {
      const current = await tx.get(due, [at, service, task, id]);
      if (current?.serial !== row.serial) return;
      await remove(tx, service, task, id);
      if (failure === undefined) return;
      if (failures < ATTEMPTS) {
        const again = clock.now() + PAUSE_MS * 2 ** (failures - 1);
        tx.put(due, [again, service, task, id], { ...row, failures });
        tx.put(times, [service, task, id], again);
      } else tx.put(asides, [service, task, id, at], { payload, error: text });
    });
    if (failures === ATTEMPTS && failure !== undefined)
      kernel.report(`${service} set timer ${task} ${id} aside after ${ATTEMPTS} attempts: ${text}`);
  }

  async function settled(): Promise<void> {
    do await running?.quiet();
    while (await runFirstDue());
  }

  async function advance(duration: Duration): Promise<void> {
    const span = milliseconds(duration);
    if (!Number.isFinite(span) || span < 0) throw new RangeError(`the clock only moves forward, not by ${span} ms`);
    const target = clock.now() + span;
    const from = clock.now();
    let movedMs = 0;
    // The way to the target is one durable move that grows from stop to stop.
    const moveTo = async (at: number) => {
      const byMs = at - clock.now();
      if (byMs <= 0) return;
      movedMs += byMs;
      await store.write(async (tx) => tx.put(moves, [from], { from, byMs: movedMs }));
      clock.skip(byMs);
    };
    await settled();
    for (let next = await first(); running && next && next.timer.at <= target; next = await first()) {
      await moveTo(next.timer.at);
      await settled();
    }
    await moveTo(target);
    await settled();
    await wakeForFirst();
  }

  function report(error: unknown): void {
    running?.kernel.report(`timers: ${error instanceof Error ? error.message : String(error)}`);
  }

  return {
    timers,
    async start(options) {
      running = options;
      unsubscribe = store.changes.subscribe(() => void wakeForFirst().catch(report));
      await wakeForFirst();
    },
    async stop() {
      unsubscribe();
      running = undefined;
      clearTimeout(sleep);
      const ran = oneAtATime(async () => {});
      await Promise.race([ran, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
      await store.write(async (tx) => tx.put(seen, [], clock.now()));
    },
    advance: (duration) => advances(() => advance(duration)),
    settled,
  };
}

async function withinLimit(work: Promise<void>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => reject(new Error(`not done after ${HANDLER_MS} ms`)), HANDLER_MS).unref();
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timeout));
}

/** Runs what it is given one after another. */
function serially(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
