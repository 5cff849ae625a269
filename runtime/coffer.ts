/**
 * One runtime: store, kernel and services put together, and what a test or the CLI does with it. Any number of them
 * live side by side in one process; nothing here is global.
 */
import type { Duration } from './base/clock';
import { createRequestHandler } from './client';
import { createConsumers } from './kernel/consumers';
import { createKernel } from './kernel/kernel';
import type { Denial, RequestRecord } from './kernel/record';
import { createSchedule, openClock } from './kernel/schedule';
import { createProtocols } from './protocol/protocols';
import { createServices } from './services';
import { openStore } from './store/open';

export interface CofferOptions {
  /** Where the data lives. Default: nowhere, it ends with the runtime. */
  readonly directory?: string;
  /** Twelve digits. @default '000000000000' */
  readonly defaultAccount?: string;
  /** @default 'us-east-1' */
  readonly defaultRegion?: string;
  /** Takes a line for the operator: defects, what was set aside. @default lines are dropped */
  readonly report?: (line: string) => void;
}

export interface ListenOptions {
  /** 0 for any free one. @default 4566 */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
}

export interface ClientOptions {
  /** @default the default region */
  readonly region?: string;
}

export interface Coffer {
  /** Where the runtime listens; absent until `listen` was called. */
  readonly endpoint: string | undefined;
  /** Opens a port. @returns the endpoint, `http://127.0.0.1:4566` */
  listen(options?: ListenOptions): Promise<string>;
  /** A vendor's client that talks to this runtime without a socket. */
  client<C>(clientClass: new (config: never) => C, options?: ClientOptions): C;
  readonly clock: {
    /** Virtual time. */
    now(): Date;
    /** Moves virtual time forward and runs everything that falls due. */
    advance(duration: Duration): Promise<void>;
  };
  /** Resolves when all that was set in motion has come to rest. */
  settled(): Promise<void>;
  /** The newest requests, oldest first. */
  requests(): readonly RequestRecord[];
  /** The newest refusals by policy, each with its explanation, oldest first. */
  denials(): readonly Denial[];
  /** Ends the runtime: nothing of it stays open. */
  close(): Promise<void>;
}

export async function startCoffer(options: CofferOptions = {}): Promise<Coffer> {
  const { directory, defaultAccount = '000000000000', defaultRegion = 'us-east-1', report = () => {} } = options;
  const services = createServices();
  const store = await openStore({ directory });
  const clock = await openClock(store);
  const schedule = createSchedule(store, clock);
  const { timers } = schedule;
  const protocols = createProtocols(services);
  const running = createKernel({ store, clock, timers, services, protocols, defaultAccount, defaultRegion, report });
  const { kernel, answer, records } = running;
  const consumers = createConsumers(
    kernel,
    services.flatMap((service) => service.consumers ?? []),
  );
  const byName = new Map(services.map((service) => [service.name, service]));
  for (const service of services) await service.start?.(kernel);
  await consumers.start();
  await schedule.start({
    kernel,
    handler: (service, task) => byName.get(service)?.timers?.[task],
    async quiet() {
      // Each of these may set another in motion: quiet is when a whole round brought nothing new.
      for (let head = -1; head !== store.changes.head() || running.working(); ) {
        head = store.changes.head();
        await running.idle();
        await consumers.settled();
        for (const service of services) await service.idle?.();
      }
    },
  });

  return {
    get endpoint() {
      return running.listener()?.url;
    },
    async listen({ port = 4566, host = '127.0.0.1' } = {}) {
      return (await running.listen({ port, host })).url;
    },
    client(clientClass, { region = defaultRegion } = {}) {
      const config = {
        region,
        endpoint: 'http://127.0.0.1:4566',
        forcePathStyle: true,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        requestHandler: createRequestHandler(answer),
      };
      return new clientClass(config as never);
    },
    clock: {
      now: () => new Date(clock.now()),
      advance: schedule.advance,
    },
    settled: schedule.settled,
    requests: records.requests,
    denials: records.denials,
    async close() {
      await running.close();
      await schedule.stop();
      await consumers.stop();
      for (const service of services) await service.stop?.();
      await store.close();
    },
  };
}
