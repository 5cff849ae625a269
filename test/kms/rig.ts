/** Services behind a bare kernel, called as peers: what these tests need of a runtime. */
import { Clock, type Duration, milliseconds } from '../../runtime/base/clock';
import type { Kernel } from '../../runtime/kernel/call';
import { createKernel } from '../../runtime/kernel/kernel';
import { root } from '../../runtime/kernel/principal';
import type { Service } from '../../runtime/kernel/service';
import type { Timer, Timers } from '../../runtime/kernel/timers';
import { openStore } from '../../runtime/store/open';

export const account = '111122223333';
export const region = 'eu-central-1';

export async function startRig(services: readonly Service[]) {
  const store = await openStore();
  const clock = new Clock();
  const due = new Map<string, Timer>();
  const idOf = (timer: Pick<Timer, 'service' | 'task' | 'id'>) => `${timer.service} ${timer.task} ${timer.id}`;
  const timers: Timers = {
    async schedule(_, timer) {
      due.set(idOf(timer), timer);
    },
    async cancel(_, service, task, id) {
      due.delete(idOf({ service, task, id }));
    },
  };
  const lines: string[] = [];
  const { kernel, close } = createKernel({
    store,
    clock,
    timers,
    services,
    protocols: {} as never,
    defaultAccount: account,
    defaultRegion: region,
    report: (line) => lines.push(line),
  });
  async function runDue(until: number): Promise<void> {
    for (;;) {
      const next = [...due.values()].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > until) return;
      due.delete(idOf(next));
      if (next.at > clock.now()) clock.skip(next.at - clock.now());
      await services.find((one) => one.name === next.service)!.timers![next.task](next.payload, kernel);
    }
  }
  return {
    kernel,
    as: (principal = root(account), where = region, via: string[] = []) =>
      kernel.peers(principal, { account: principal.account ?? account, region: where, via }),
    async advance(duration: Duration): Promise<void> {
      const until = clock.now() + milliseconds(duration);
      await runDue(until);
      if (until > clock.now()) clock.skip(until - clock.now());
    },
    async stop(): Promise<void> {
      await close();
      await store.close();
    },
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>> & { kernel: Kernel };

/** The code of the error that a promise ends with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).name;
  }
  return 'no error';
}
