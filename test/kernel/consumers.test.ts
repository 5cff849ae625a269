import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '../../runtime/base/clock';
import type { Kernel } from '../../runtime/kernel/call';
import { type Consumers, createConsumers } from '../../runtime/kernel/consumers';
import type { Consumer } from '../../runtime/kernel/service';
import { openStore } from '../../runtime/store/open';
import type { LoggedChange, Store } from '../../runtime/store/port';

let directory: string;
let store: Store;
let consumers: Consumers;
let reports: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  store = await openStore({ directory, durable: false });
  reports = [];
});
afterEach(async () => {
  await consumers.stop();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(...list: Consumer[]): Promise<void> {
  const kernel = { store, clock: new Clock(), report: (line: string) => reports.push(line) } as unknown as Kernel;
  consumers = createConsumers(kernel, list);
  await consumers.start();
}

async function restart(...list: Consumer[]): Promise<void> {
  await consumers.stop();
  await store.close();
  store = await openStore({ directory, durable: false });
  await start(...list);
}

const announce = (topic: string, key: string, n: number) =>
  store.write(async (tx) => tx.announce({ topic, key, data: { n } }));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const consumer = (topics: string[], handle: (change: LoggedChange) => Promise<void> | void, name = 'c'): Consumer => ({
  name,
  topics,
  handle: async (change) => handle(change),
});

test('each change of a topic is handled once, in order per key, keys side by side', async () => {
  const seen = new Map<string, number[]>();
  let running = 0;
  let most = 0;
  await start(
    consumer(['a', 'b'], async ({ key, data }) => {
      most = Math.max(most, ++running);
      await pause(Math.random() * 3);
      running--;
      seen.set(key, [...(seen.get(key) ?? []), data.n as number]);
    }),
  );
  await Promise.all(Array.from({ length: 1000 }, (_, n) => announce(['a', 'b', 'c'][n % 3], `${n % 50}`, n)));
  await consumers.settled();
  expect([...seen.values()].flat().sort((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, n) => n).filter((n) => n % 3 !== 2),
  );
  for (const numbers of seen.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(most).toBeGreaterThan(4);
  expect(most).toBeLessThanOrEqual(16);
});

test('settled waits for what handling announces in turn', async () => {
  const seen: string[] = [];
  await start(
    consumer(['first'], async ({ key, data }) => {
      await pause(5);
      if ((data.n as number) < 3) await announce('first', key, (data.n as number) + 1);
      else await announce('second', key, 0);
    }),
    consumer(['second'], ({ key }) => void seen.push(key), 'd'),
  );
  await announce('first', 'k', 0);
  await consumers.settled();
  expect(seen).toEqual(['k']);
});

test('a failure is tried again while other keys go on', async () => {
  const seen: string[] = [];
  let failures = 3;
  await start(
    consumer(['t'], ({ key, data }) => {
      if (key === 'bad' && failures-- > 0) throw new Error('not yet');
      seen.push(`${key}${data.n}`);
    }),
  );
  for (const [key, n] of [
    ['bad', 1],
    ['bad', 2],
    ['good', 1],
    ['good', 2],
  ] as const)
    await announce('t', key, n);
  await consumers.settled();
  expect(seen).toEqual(['good1', 'good2', 'bad1', 'bad2']);
  expect(reports).toEqual([]);
});

test('what keeps failing is set aside and reported, and holds nothing up', async () => {
  const seen: string[] = [];
  await start(
    consumer(['t'], ({ key, data }) => {
      if (data.n === 1) throw new Error('poison');
      seen.push(key);
    }),
  );
  await announce('t', 'k', 1);
  await announce('t', 'k', 2);
  await consumers.settled();
  expect(seen).toEqual(['k']);
  expect(reports).toEqual([expect.stringContaining('c set t k (change 1) aside after 8 attempts: Error: poison')]);
  expect(await consumers.setAside()).toEqual([
    expect.objectContaining({ consumer: 'c', change: { sequence: 1, topic: 't', key: 'k', data: { n: 1 } } }),
  ]);
  const again: number[] = [];
  await restart(consumer(['t'], ({ data }) => void again.push(data.n as number)));
  await consumers.settled();
  expect(again).toEqual([]);
});

test('a restart goes on where handling ended, with nothing lost', async () => {
  const seen: number[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await start(
    consumer(['t'], async ({ data }) => {
      if (data.n === 2) {
        await held;
        throw new Error('stopped in the middle');
      }
      seen.push(data.n as number);
    }),
  );
  for (let n = 1; n <= 4; n++) await announce('t', `k${n}`, n);
  while (seen.length < 3) await pause(1);
  setTimeout(release, 20);
  const after: number[] = [];
  await restart(
    consumer(['t'], ({ data }) => void after.push(data.n as number)),
    consumer(['t'], () => {}, 'new'),
  );
  await consumers.settled();
  expect(seen).toEqual([1, 3, 4]);
  // At least once: what came after the unhandled one is delivered again.
  expect(after).toEqual([2, 3, 4]);
  await restart(consumer(['t'], ({ data }) => void after.push(data.n as number)));
  await consumers.settled();
  expect(after).toEqual([2, 3, 4]);
});

test('the log is trimmed behind the slowest consumer', async () => {
  let slow = true;
  const seen: number[] = [];
  await start(
    consumer(['t'], () => {}, 'fast'),
    consumer(['t'], async ({ data }) => {
      while (slow && data.n === 1200) await pause(5);
      seen.push(data.n as number);
    }),
  );
  await Promise.all(Array.from({ length: 3000 }, (_, n) => announce(n % 2 ? 'other' : 't', `${n}`, n)));
  const oldest = async () => (await store.changes.after(0, 1))[0]?.sequence;
  while ((await oldest()) === 1) await pause(20);
  expect(await oldest()).toBeLessThanOrEqual(1201);
  slow = false;
  await consumers.settled();
  while (((await oldest()) ?? 3001) <= 2000) await pause(20);
  expect(seen.length).toBe(1500);
});
