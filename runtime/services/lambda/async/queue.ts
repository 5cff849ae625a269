/**
 * Asynchronous invocations: accepted into a durable queue, run at least once, tried again as AWS documents it, and
 * given up to a dead-letter queue and a destination. The row of an event is its state; it is deleted when the event is
 * done, and what a crash leaves is resumed at the start. Source: Lambda developer guide, "How Lambda handles errors and
 * retries with asynchronous invocation".
 */
import { partitionOf } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import type { Consumer, TimerHandler } from '../../../kernel/service';
import type { Outcome } from '../execution/environment';
import type { Fleet, Target } from '../execution/fleet';
import { type FunctionName, functionArn, functionKey, qualifiedArn } from '../names';
import { targetOf } from '../resolution';
import { type EventConfigRow, type EventRow, eventConfigs, events, LATEST } from '../state';
import { type Ending, report } from './destinations';

const TOPIC = 'lambda.async';
const SERVICE = 'lambda';
const RETRY = 'retry';

const DEFAULT_RETRIES = 2;
const DEFAULT_AGE_SECONDS = 21_600;
/** Pauses before the second and the third run of the function. */
const FAILURE_PAUSE_MS = [60_000, 120_000];
/** Pauses after throttling and errors of Lambda itself: from one second, doubling, to five minutes. */
const THROTTLE_PAUSE_MS = { first: 1000, longest: 300_000 };
/** Events of one function that run side by side. */
const SIDE_BY_SIDE = 10;

/** Queues an event. It is durable when this resolves. */
export async function accept(
  kernel: Kernel,
  of: FunctionName,
  event: Pick<EventRow, 'requestId' | 'traceId' | 'payload' | 'acceptedAt'>,
): Promise<void> {
  const { account, region, name, qualifier } = of;
  await kernel.store.write(async (tx) => {
    tx.put(events, [event.requestId], { account, region, name, qualifier, ...event, failures: 0, throttles: 0 });
    tx.announce({ topic: TOPIC, key: event.requestId, data: { id: event.requestId } });
  });
}

interface Lane {
  active: number;
  readonly waiting: (() => void)[];
}

export class AsyncQueue {
  /** Events being run, so that none is run twice at a time. */
  private readonly running = new Map<string, Promise<void>>();
  private readonly lanes = new Map<string, Lane>();
  private stopped = false;

  constructor(private readonly fleet: Fleet) {}

  /** Starts what is announced and does not wait for it: a slow function must not hold up the others. */
  readonly consumer: Consumer = {
    name: TOPIC,
    topics: [TOPIC],
    handle: async (change, kernel) => void this.start(kernel, String(change.data.id)),
  };

  /** As with announcements: what is in flight is counted, and moving the clock waits for it. */
  readonly retry: TimerHandler = async (payload, kernel) => void this.start(kernel, String(payload.id));

  /** What has no timer ahead was running or about to run when the runtime last ended. */
  async resume(kernel: Kernel): Promise<void> {
    for await (const { key, value } of kernel.store.scan(events)) {
      if ((value.retryAt ?? 0) <= kernel.clock.now()) void this.start(kernel, String(key[0]));
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private start(kernel: Kernel, id: string): Promise<void> {
    const known = this.running.get(id);
    if (known) return known;
    const done = kernel.busy();
    const run = this.run(kernel, id)
      .catch((error) => {
        // Whatever went wrong here is no reason to lose the event: it is resumed at the next start.
        if (!this.stopped) kernel.report(`lambda: event ${id} stays queued: ${(error as Error).stack}`);
      })
      .finally(() => {
        this.running.delete(id);
        done();
      });
    this.running.set(id, run);
    return run;
  }

  private async run(kernel: Kernel, id: string): Promise<void> {
    const row = await kernel.store.get(events, [id]);
    if (!row) return;
    const of = nameOf(row);
    const leave = await this.enter(functionArn(of));
    try {
      if (!this.stopped) await this.attempt(kernel, of, row);
    } finally {
      leave();
    }
  }

  private async attempt(kernel: Kernel, of: FunctionName, row: EventRow): Promise<void> {
    let target: Target | undefined;
    let config: EventConfigRow | undefined;
    let outcome: Outcome | undefined;
    try {
      target = await targetOf(kernel.store, of, kernel.random);
      config = await kernel.store.get(eventConfigs, [...functionKey(of), of.qualifier ?? LATEST]);
      if (tooOld(kernel, row, config)) {
        return await this.giveUp(kernel, of, row, target, config, { condition: 'EventAgeExceeded' });
      }
      const { requestId, traceId, payload } = row;
      outcome = await this.fleet.run(kernel, target, { requestId, traceId, payload, invokedArn: qualifiedArn(of) });
    } catch (error) {
      if (this.stopped) return;
      // Its function is gone: there is nobody left to run it or to hear of it.
      if (isAwsError(error, 'ResourceNotFoundException')) return forget(kernel, row);
      if (!isAwsError(error, 'TooManyRequestsException')) kernel.report(`lambda: ${of.name} cannot run: ${error}`);
      return await this.postpone(
        kernel,
        of,
        { ...row, throttles: row.throttles + 1 },
        target,
        config,
        throttlePause(row),
      );
    }
    // What ends because this runtime ends has not failed.
    if (this.stopped) return;
    if (!outcome.failure) {
      await report(kernel, of, row, target, config, { condition: 'Success', outcome });
      return forget(kernel, row);
    }
    const failed = { ...row, failures: row.failures + 1 };
    if (failed.failures > (config?.retries ?? DEFAULT_RETRIES)) {
      return this.giveUp(kernel, of, failed, target, config, { condition: 'RetriesExhausted', outcome });
    }
    const pause = FAILURE_PAUSE_MS[failed.failures - 1];
    await this.postpone(kernel, of, failed, target, config, pause, outcome);
  }

  /** Sets a timer for the next try, unless the event would be too old by then. */
  private async postpone(
    kernel: Kernel,
    of: FunctionName,
    row: EventRow,
    target: Target | undefined,
    config: EventConfigRow | undefined,
    pauseMs: number,
    outcome?: Outcome,
  ): Promise<void> {
    const at = kernel.clock.now() + pauseMs;
    if (at > expiry(row, config)) {
      return this.giveUp(kernel, of, row, target, config, { condition: 'EventAgeExceeded', outcome });
    }
    await kernel.store.write(async (tx) => {
      tx.put(events, [row.requestId], { ...row, retryAt: at });
      const payload = { id: row.requestId };
      await kernel.timers.schedule(tx, { at, service: SERVICE, task: RETRY, id: row.requestId, payload });
    });
  }

  private async giveUp(
    kernel: Kernel,
    of: FunctionName,
    row: EventRow,
    target: Target | undefined,
    config: EventConfigRow | undefined,
    ending: Ending,
  ): Promise<void> {
    if (target) await report(kernel, of, row, target, config, ending);
    await forget(kernel, row);
  }

  /** Waits for a place among the events of one function. */
  private async enter(arn: string): Promise<() => void> {
    const lane = this.lanes.get(arn) ?? { active: 0, waiting: [] };
    this.lanes.set(arn, lane);
    if (lane.active >= SIDE_BY_SIDE) await new Promise<void>((resolve) => lane.waiting.push(resolve));
    else lane.active++;
    return () => {
      const next = lane.waiting.shift();
      if (next) return next();
      if (--lane.active === 0) this.lanes.delete(arn);
    };
  }
}

function nameOf({ account, region, name, qualifier }: EventRow): FunctionName {
  return { account, region, partition: partitionOf(region), name, qualifier };
}

async function forget(kernel: Kernel, row: EventRow): Promise<void> {
  await kernel.store.write(async (tx) => tx.delete(events, [row.requestId]));
}

function expiry(row: EventRow, config: EventConfigRow | undefined): number {
  return row.acceptedAt + (config?.ageSeconds ?? DEFAULT_AGE_SECONDS) * 1000;
}

function tooOld(kernel: Kernel, row: EventRow, config: EventConfigRow | undefined): boolean {
  return kernel.clock.now() > expiry(row, config);
}

function throttlePause({ throttles }: EventRow): number {
  return Math.min(THROTTLE_PAUSE_MS.first * 2 ** throttles, THROTTLE_PAUSE_MS.longest);
}
