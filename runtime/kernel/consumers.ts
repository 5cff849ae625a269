/**
 * Runs consumers over the change log: at least once, in order per key, different keys side by side. Each consumer has
 * a durable cursor; what fails is tried again after growing pauses while other keys go on, and what keeps failing is
 * set aside and reported, so that it holds up neither its successors nor `settled()`. Driven by commits, never polling.
 *
 *     const consumers = createConsumers(kernel, services.flatMap((service) => service.consumers ?? []));
 *     await consumers.start();   // from the durable cursors
 *     await consumers.settled(); // everything announced so far, and whatever that announced, is handled
 *     await consumers.stop();
 */
import { type LoggedChange, type Store, table } from '../store/port';
import type { Kernel } from './call';
import type { Consumer } from './service';

export interface Consumers {
  start(): Promise<void>;
  /** Lets handlers that run finish (for a while), then saves the cursors. */
  stop(): Promise<void>;
  settled(): Promise<void>;
  /** What has been set aside, oldest first. */
  setAside(): Promise<SetAside[]>;
}

/** A change that a consumer could not handle. */
export interface SetAside {
  readonly consumer: string;
  readonly change: LoggedChange;
  readonly error: string;
  /** Virtual milliseconds. */
  readonly at: number;
}

/** Key: consumer. Value: the sequence up to which everything is handled. */
const cursors = table<number>('kernel.cursors');
/** Key: consumer, sequence. */
const asides = table<SetAside>('kernel.asides');

/** Handlers of one consumer that run side by side. */
const CONCURRENCY = 16;
/** Changes that one consumer holds in memory, and reads at once. */
const BACKLOG = 256;
const ATTEMPTS = 8;
/** Pause after the first failure, in real time; it doubles with each further one: 2.5 seconds in all. */
const PAUSE_MS = 20;
/** Cursors are saved this long after they moved: a crash delivers that much again. */
const SAVE_MS = 250;
/** The log is trimmed when this many changes have been passed by every consumer. */
const TRIM_CHANGES = 1_000;
const STOP_MS = 5_000;

export function createConsumers(kernel: Kernel, consumers: readonly Consumer[]): Consumers {
  const { store } = kernel;
  const log = store.changes;
  const readLog = sharedReads(store);
  let runners: Runner[] = [];
  let running = false;
  const waiting: (() => void)[] = [];
  let unsubscribe = () => {};
  let saving: NodeJS.Timeout | undefined;
  let saved = new Map<string, number>();
  let trimmed = 0;

  const settledNow = () => runners.every((runner) => runner.settled());

  function progress(): void {
    if (!running) return;
    saving ??= setTimeout(() => save().catch(() => {}), SAVE_MS).unref();
    if (waiting.length === 0 || !settledNow()) return;
    for (const resolve of waiting.splice(0)) resolve();
  }

  /** Changes that concern nobody move no cursor on disk: a trim passes them as well. */
  async function save(): Promise<void> {
    saving = undefined;
    const moved = runners.filter((runner) => runner.handled() > (saved.get(runner.name) ?? 0));
    if (moved.length > 0) {
      const positions = new Map(moved.map((runner) => [runner.name, runner.handled()]));
      await store.write(async (tx) => {
        for (const [name, position] of positions) tx.put(cursors, [name], position);
      });
      saved = new Map([...saved, ...positions]);
    }
    const passed = Math.min(log.head(), ...runners.map((runner) => runner.passed()));
    if (passed - trimmed >= TRIM_CHANGES) {
      trimmed = passed;
      await log.trim(passed);
    }
  }

  return {
    async start() {
      for (const consumer of consumers) {
        const position = (await store.get(cursors, [consumer.name])) ?? 0;
        saved.set(consumer.name, position);
        runners.push(createRunner(kernel, consumer, position, readLog, progress));
      }
      running = true;
      unsubscribe = log.subscribe(() => {
        for (const runner of runners) runner.wake();
        if (runners.length === 0) progress();
      });
      for (const runner of runners) runner.wake();
    },
    async stop() {
      if (!running) return;
      running = false;
      unsubscribe();
      const stopped = Promise.all(runners.map((runner) => runner.stop()));
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
      clearTimeout(saving);
      await save();
      runners = [];
      for (const resolve of waiting.splice(0)) resolve();
    },
    async settled() {
      for (const runner of runners) runner.wake();
      while (!settledNow()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async setAside() {
      const rows = await store.page(asides, { limit: Number.POSITIVE_INFINITY });
      return rows.map((row) => row.value);
    },
  };
}

type ReadLog = (after: number, limit: number) => Promise<LoggedChange[]>;

/** Consumers that stand at the same place read the log once between them. */
function sharedReads({ changes }: Store): ReadLog {
  let last = { after: -1, head: -1, page: Promise.resolve<LoggedChange[]>([]) };
  return (after, limit) => {
    const head = changes.head();
    if (last.after !== after || last.head !== head) last = { after, head, page: changes.after(after, limit) };
    return last.page;
  };
}

interface Runner {
  readonly name: string;
  wake(): void;
  /** At the head of the log with nothing in flight. */
  settled(): boolean;
  /** Everything up to here is handled; moves only with changes that concern this consumer. */
  handled(): number;
  /** Everything up to here is handled or does not concern this consumer. */
  passed(): number;
  stop(): Promise<void>;
}

/** Changes of one key, in order; the first is being handled, or waits for its next attempt. */
interface Lane {
  readonly key: string;
  readonly changes: LoggedChange[];
  failures: number;
}

function createRunner(
  kernel: Kernel,
  consumer: Consumer,
  start: number,
  readLog: ReadLog,
  progress: () => void,
): Runner {
  const { store } = kernel;
  const topics = new Set(consumer.topics);
  const lanes = new Map<string, Lane>();
  const ready: Lane[] = [];
  const pauses = new Set<NodeJS.Timeout>();
  /** Sequences handed to lanes and not handled yet, ascending. */
  const open = new Set<number>();
  let read = start;
  let newestHandled = start;
  let reading = false;
  let active = 0;
  let stopped = false;
  let idle = () => {};

  const behind = () => read < store.changes.head();
  const passed = () => {
    const [oldest] = open;
    return oldest === undefined ? read : oldest - 1;
  };

  async function fill(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (!stopped && behind() && open.size < BACKLOG) {
        const page = await readLog(read, BACKLOG);
        for (const change of page) {
          if (topics.has(change.topic)) enqueue(change);
          read = change.sequence;
        }
        // The rest of the log up to its head has been trimmed.
        if (page.length === 0) read = store.changes.head();
        pump();
      }
    } finally {
      reading = false;
    }
    if (open.size === 0) progress();
  }

  function enqueue(change: LoggedChange): void {
    open.add(change.sequence);
    const lane = lanes.get(change.key);
    if (lane) lane.changes.push(change);
    else {
      const fresh: Lane = { key: change.key, changes: [change], failures: 0 };
      lanes.set(change.key, fresh);
      ready.push(fresh);
    }
  }

  function pump(): void {
    while (active < CONCURRENCY && !stopped) {
      const lane = ready.shift();
      if (!lane) return;
      active++;
      void run(lane).finally(() => {
        active--;
        if (stopped && active === 0) idle();
        pump();
        wake();
      });
    }
  }

  async function run(lane: Lane): Promise<void> {
    while (!stopped) {
      const change = lane.changes[0];
      try {
        await consumer.handle(change, kernel);
      } catch (error) {
        lane.failures++;
        if (lane.failures < ATTEMPTS || !(await putAside(change, error))) return pause(lane);
      }
      lane.failures = 0;
      lane.changes.shift();
      open.delete(change.sequence);
      newestHandled = Math.max(newestHandled, change.sequence);
      if (lane.changes.length > 0) continue;
      lanes.delete(lane.key);
      return;
    }
  }

  function pause(lane: Lane): void {
    const again = () => {
      pauses.delete(timer);
      ready.push(lane);
      pump();
    };
    const timer = setTimeout(again, PAUSE_MS * 2 ** Math.min(lane.failures - 1, ATTEMPTS)).unref();
    pauses.add(timer);
  }

  async function putAside(change: LoggedChange, error: unknown): Promise<boolean> {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const value: SetAside = { consumer: consumer.name, change, error: text, at: kernel.clock.now() };
    try {
      await store.write(async (tx) => tx.put(asides, [consumer.name, change.sequence], value));
    } catch {
      return false;
    }
    const what = `${change.topic} ${change.key} (change ${change.sequence})`;
    kernel.report(`${consumer.name} set ${what} aside after ${ATTEMPTS} attempts: ${text}`);
    return true;
  }

  function wake(): void {
    if (open.size < BACKLOG / 2 && behind())
      fill().catch((error) => kernel.report(`${consumer.name} cannot read: ${error}`));
    else if (open.size === 0) progress();
  }

  return {
    name: consumer.name,
    wake,
    settled: () => stopped || (open.size === 0 && !reading && !behind()),
    handled: () => Math.min(newestHandled, passed()),
    passed,
    async stop() {
      stopped = true;
      for (const timer of pauses) clearTimeout(timer);
      if (active > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}
