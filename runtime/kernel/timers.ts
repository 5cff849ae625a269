/**
 * Durable timers on the virtual clock, and what moving the clock means: everything that falls due runs, in order of
 * its time, until nothing is due and every consumer has caught up.
 */
import type { Writer } from '../store/port';

export interface Timer {
  /** Virtual milliseconds. */
  readonly at: number;
  readonly service: string;
  /** Key in the service's `timers`. */
  readonly task: string;
  /** Identifies the timer within service and task: scheduling it again moves it. */
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Timers {
  /** Schedules in the caller's transaction. */
  schedule(tx: Writer, timer: Timer): Promise<void>;
  cancel(tx: Writer, service: string, task: string, id: string): Promise<void>;
}
