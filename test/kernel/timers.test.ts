import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/base/clock';
import type { Kernel } from '../../runtime/kernel/call';
import { type Consumers, createConsumers } from '../../runtime/kernel/consumers';
import { createSchedule, openClock, type Schedule } from '../../runtime/kernel/schedule';
import type { Consumer, TimerHandler } from '../../runtime/kernel/service';
import { openStore } from '../../runtime/store/open';
import type { Store } from '../../runtime/store/port';

const HOUR = 3_600_000;
let directory: string;
let store: Store;
let clock: Clock;
let schedule: Schedule;
let consumers: Consumers;
let ran: string[];
let reports: string[];
let tasks: Record<string, TimerHandler>;
let followers: Consumer[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  ran = [];
  reports = [];
  followers = [];
  tasks = { note: async ({ name }) => void ran.push(`${name}`) };
});
afterEach(async () => {
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  store = await openStore({ directory, durable: false });
  clock = await openClock(store);
  schedule = createSchedule(store, clock);
  const { timers } = schedule;
  const kernel = { store, clock, timers, report: (line: string) => reports.push(line) } as unknown as Kernel;
  consumers = createConsumers(kernel, followers);
  await consumers.start();
  await schedule.start({ kernel, handler: (_, task) => tasks[task], quiet: () => consumers.settled() });
}

async function stop(): Promise<void> {
  await schedule.stop();
  await consumers.stop();
  await store.close();
}

const at = (time: number, id: string, task = 'note', payload: Record<string, unknown> = { name: id }) =>
  store.write((tx) => schedule.timers.schedule(tx, { at: time, service: 's', task, id, payload }));
const cancel = (id: string) => store.write((tx) => schedule.timers.cancel(tx, 's', 'note', id));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a timer runs when its time has come, by itself', async () => {
  await start();
  await at(clock.now() + 60, 'later');
  await at(clock.now() + 15, 'soon');
  await at(clock.now() - 1000, 'overdue');
  await at(clock.now() + HOUR, 'not yet');
  while (ran.length < 3) await pause(2);
  expect(ran).toEqual(['overdue', 'soon', 'later']);
});

test('moving the clock runs what falls due on the way, in the order of its time and at its time', async () => {
  await start();
  const began = clock.now();
  const times: number[] = [];
  tasks.time = async ({ name }) => {
    times.push(clock.now() - began);
    ran.push(`${name}`);
  };
  await at(began + 3 * HOUR, 'c', 'time');
  await at(began + HOUR, 'a', 'time');
  await at(began + 30 * HOUR, 'z', 'time');
  await at(began + 2 * HOUR, 'b', 'time');
  await schedule.advance({ days: 1 });
  expect(ran).toEqual(['a', 'b', 'c']);
  times.forEach((time, i) => {
    expect(time).toBeGreaterThanOrEqual((i + 1) * HOUR);
    expect(time).toBeLessThan((i + 1) * HOUR + 5_000);
  });
  expect(clock.now() - began).toBeGreaterThanOrEqual(24 * HOUR);
  await expect(schedule.advance({ seconds: -1 })).rejects.toThrow('only moves forward');
});

test('what a timer schedules or announces is done before the clock goes on', async () => {
  followers = [
    {
      name: 'follower',
      topics: ['done'],
      async handle({ data }) {
        await pause(5);
        ran.push(`consumed ${data.n}`);
        if (data.n === 1) await at(clock.now() + HOUR, 'from consumer');
      },
    },
  ];
  await start();
  tasks.repeat = async ({ n }, kernel) => {
    ran.push(`ran ${n}`);
    await kernel.store.write(async (tx) => {
      tx.announce({ topic: 'done', key: 'k', data: { n } });
      const next = (n as number) + 1;
      await kernel.timers.schedule(tx, {
        at: kernel.clock.now() + 2 * HOUR,
        service: 's',
        task: 'repeat',
        id: 'r',
        payload: { n: next },
      });
    });
  };
  await at(clock.now() + HOUR, 'r', 'repeat', { n: 1 });
  await schedule.advance({ hours: 6 });
  expect(ran).toEqual(['ran 1', 'consumed 1', 'from consumer', 'ran 2', 'consumed 2', 'ran 3', 'consumed 3']);
});

test('scheduling again moves a timer, cancelling removes it, a failed transaction does neither', async () => {
  await start();
  const now = clock.now();
  await at(now + HOUR, 'moved');
  await at(now + 2 * HOUR, 'cancelled');
  await at(now + 3 * HOUR, 'kept');
  await at(now + 4 * HOUR, 'moved');
  await cancel('cancelled');
  await cancel('unknown');
  const failing = store.write(async (tx) => {
    await schedule.timers.cancel(tx, 's', 'note', 'kept');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await schedule.advance({ hours: 5 });
  expect(ran).toEqual(['kept', 'moved']);
});

test('timers and moves of the clock survive a restart', async () => {
  await start();
  const real = Date.now();
  await at(clock.now() + 48 * HOUR, 'after');
  await schedule.advance({ days: 1 });
  await stop();
  await start();
  expect(clock.now() - real).toBeGreaterThanOrEqual(24 * HOUR);
  expect(clock.offset()).toBeGreaterThan(23 * HOUR);
  expect(ran).toEqual([]);
  await schedule.advance({ days: 1 });
  expect(ran).toEqual(['after']);
  const shown = clock.now();
  await stop();
  // The host's clock may be set back; virtual time is not.
  const setBack = jest.spyOn(Date, 'now').mockReturnValue(real - HOUR);
  await start();
  expect(clock.now()).toBeGreaterThanOrEqual(shown);
  setBack.mockRestore();
});

test('a failing timer is tried again later, and set aside in the end', async () => {
  await start();
  let attempts = 0;
  tasks.flaky = async () => {
    if (++attempts < 3) throw new Error('not yet');
    ran.push('flaky');
  };
  tasks.broken = async () => {
    throw new Error('never');
  };
  await at(clock.now(), 'f', 'flaky');
  await at(clock.now(), 'b', 'broken');
  await at(clock.now(), 'u', 'unknown');
  await schedule.settled();
  expect(ran).toEqual([]);
  await schedule.advance({ hours: 1 });
  expect(ran).toEqual(['flaky']);
  expect(reports.sort()).toEqual([
    expect.stringContaining('s set timer broken b aside after 8 attempts: Error: never'),
    expect.stringContaining('s set timer unknown u aside after 8 attempts: Error: s has no timer unknown'),
  ]);
});

test('a timer that schedules itself for this very moment runs again', async () => {
  await start();
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
  let runs = 0;
  tasks.again = async () => {
    if (++runs < 3) await at(clock.now(), 'x', 'again');
  };
  await at(clock.now(), 'x', 'again');
  await schedule.settled();
  expect(runs).toBe(3);
  now.mockRestore();
});

test('the cost of moving the clock follows what falls due', async () => {
  await start();
  const began = performance.now();
  await at(clock.now() + 5 * 365 * 24 * HOUR, 'far');
  for (let year = 0; year < 10; year++) await schedule.advance({ days: 365 });
  expect(ran).toEqual(['far']);
  expect(performance.now() - began).toBeLessThan(1_000);
});
