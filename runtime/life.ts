/**
 * One life of a runtime, from an opened store to a closed one: services joined to their kernel, consumers and timers
 * running. `coffer.reset()` ends one life and begins another behind the same clients and ports.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duration } from './base/clock';
import { website } from './edge/website';
import type { AttachedPolicy, Authorizer } from './kernel/authorize';
import type { Kernel } from './kernel/call';
import type { Config } from './kernel/config';
import { createConsumers } from './kernel/consumers';
import type { Answer } from './kernel/http';
import { createKernel, type RunningKernel } from './kernel/kernel';
import { type Denial, openRecords, type Records } from './kernel/record';
import { createSchedule, openClock } from './kernel/schedule';
import { createProtocols } from './protocol/protocols';
import { createServices } from './services';
import { claimDirectory } from './store/directory';
import { openStore } from './store/open';

export interface LifeOptions {
  /** Absent: an ephemeral store. */
  readonly directory?: string;
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** @default nothing is declared */
  readonly config?: Config;
  /** See `Kernel.endpoint`. */
  readonly endpoint: () => Promise<string>;
  readonly report: (line: string) => void;
  /** Is told of each refusal by policy. */
  readonly denied?: (denial: Denial) => void;
}

export interface Life {
  readonly kernel: Kernel;
  readonly answer: Answer;
  readonly authorize: Authorizer;
  readonly whose: RunningKernel['whose'];
  readonly records: Records;
  readonly knownSignings: Map<string, number>;
  /** Names of the services, as among peers. */
  readonly services: readonly string[];
  /** Every policy that somebody wrote. */
  documents(): AsyncIterable<AttachedPolicy>;
  advance(duration: Duration): Promise<void>;
  settled(): Promise<void>;
  /** Ends what runs by itself. Requests are still answered: what is being ended may need it. */
  stop(): Promise<void>;
  /** After `stop`: nobody asks any more. */
  close(): Promise<void>;
}

/** @throws DataDirectoryError */
export async function beginLife(options: LifeOptions): Promise<Life> {
  const services = createServices();
  const byName = new Map(services.map((service) => [service.name, service]));
  const store = await openStore({ directory: options.directory });
  const clock = await openClock(store);
  const schedule = createSchedule(store, clock);
  const protocols = createProtocols(services);
  const records = await openRecords(store, options.report, options.denied);
  const { timers } = schedule;
  const running = createKernel({ ...options, store, clock, timers, services, edges: [website], protocols, records });
  const { kernel, answer, authorize, whose, knownSignings } = running;
  const consumers = createConsumers(
    kernel,
    services.flatMap((service) => service.consumers ?? []),
  );
  try {
    for (const service of services) await service.start?.(kernel);
    await consumers.start();
    await schedule.start({ kernel, handler: (service, task) => byName.get(service)?.timers?.[task], quiet });
  } catch (error) {
    await stop();
    await close();
    throw error;
  }

  async function quiet(): Promise<void> {
    // Each of these may set another in motion: quiet is when a whole round brought nothing new.
    for (let head = -1; head !== store.changes.head() || running.working(); ) {
      head = store.changes.head();
      await running.idle();
      await consumers.settled();
      for (const service of services) await service.idle?.();
    }
  }

  async function stop(): Promise<void> {
    await schedule.stop();
    await consumers.stop();
    for (const service of services) await service.stop?.();
  }

  async function close(): Promise<void> {
    await running.close();
    await records.close();
    await store.close();
  }

  return {
    kernel,
    answer,
    authorize,
    whose,
    records,
    knownSignings,
    services: [...byName.keys()],
    async *documents() {
      for (const service of services) if (service.documents) yield* service.documents(kernel);
    },
    advance: schedule.advance,
    settled: schedule.settled,
    stop,
    close,
  };
}

/** Empties a data directory that nobody has open. @throws DataDirectoryError */
export async function wipe(directory: string): Promise<void> {
  const claimed = claimDirectory(directory);
  await claimed.release();
  for (const name of await readdir(claimed.path)) await rm(join(claimed.path, name), { recursive: true, force: true });
}
