/**
 * Feeds functions from queues: one poller per enabled mapping receives as the execution role, runs the function with
 * batches side by side, and deletes what the function has done with. What it has not comes back when its visibility
 * timeout is over; redrive is the queue's business. Source: Lambda developer guide, "Using Lambda with Amazon SQS".
 */
import type { Message } from '@aws-sdk/client-sqs';
import { partitionOf } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import { queueUrl } from '../async/destinations';
import type { Fleet } from '../execution/fleet';
import { type FunctionName, qualifiedArn } from '../names';
import { targetOf } from '../resolution';
import { assumeRole, type RoleSession } from '../role';
import type { MappingRow } from '../state';
import { eventOf, succeeded } from './batch';
import { sorted } from './filters';

/** What Lambda starts with when nothing else is said. */
const CONCURRENCY = 5;
/** Most messages that a queue hands out at once. */
const RECEIVE = 10;
/** The longest that a queue lets a receiver wait, in seconds. */
const LONGEST_WAIT = 20;
/** Pause after a failure to receive, in real time; it doubles up to the longest. */
const PAUSE_MS = { first: 100, longest: 10_000 };
/** An event must fit into an invocation; the rest of its document takes some of the 6 MB. */
const MOST_BODY_BYTES = 5_000_000;
const CREDENTIALS_MARGIN_MS = 60_000;
/** How often a batch that waits for others looks for them, in real time. */
const WINDOW_STEP_MS = 500;

export class Poller {
  private stopped = false;
  private role: { readonly arn: string; readonly session: RoleSession } | undefined;
  private readonly inFlight = new Set<Promise<void>>();
  /** Ends a pause. */
  private readonly pauses = new Set<() => void>();
  /** Nobody waits for fuller batches. */
  private hurried = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly fleet: Fleet,
    private readonly region: string,
    private readonly row: MappingRow,
  ) {
    void this.pollForever();
  }

  /** Runs what the queue has to give, until it has nothing more. */
  async drain(): Promise<void> {
    this.hurried = true;
    this.endPauses();
    while (!this.stopped) {
      const messages = await this.receive(this.row.batchSize, 0).catch(() => []);
      if (messages.length === 0 && this.inFlight.size === 0) break;
      if (messages.length > 0) this.hand(messages);
      await Promise.all(this.inFlight);
    }
    this.hurried = false;
  }

  stop(): void {
    this.stopped = true;
    this.endPauses();
  }

  private async pollForever(): Promise<void> {
    let pauseMs = PAUSE_MS.first;
    while (!this.stopped) {
      try {
        const messages = await this.receive(this.row.batchSize, LONGEST_WAIT);
        if (this.stopped) return;
        if (messages.length > 0) this.hand(messages);
        pauseMs = PAUSE_MS.first;
      } catch (error) {
        if (this.stopped) return;
        if (!isAwsError(error)) this.kernel.report(`lambda: cannot poll ${this.row.source}: ${(error as Error).stack}`);
        await this.pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest);
      }
      while (this.inFlight.size >= (this.row.concurrency ?? CONCURRENCY)) await Promise.race(this.inFlight);
    }
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.pauses.add(resolve);
      setTimeout(resolve, ms).unref();
    });
  }

  private endPauses(): void {
    for (const end of this.pauses) end();
    this.pauses.clear();
  }

  private hand(messages: readonly Message[]): void {
    const work = this.fill(messages)
      .then((batch) => this.process(batch))
      .catch((error) => {
        if (!this.stopped) this.kernel.report(`lambda: ${this.row.function.name}: ${(error as Error).message}`);
      })
      .finally(() => this.inFlight.delete(work));
    this.inFlight.add(work);
  }

  /** A fuller batch: what else comes within the batching window. Without a window, what else is there. */
  private async fill(first: readonly Message[]): Promise<readonly Message[]> {
    const { kernel, row } = this;
    const until = kernel.clock.now() + row.windowSeconds * 1000;
    const batch = [...first];
    for (let bytes = sizeOf(batch); batch.length < row.batchSize && bytes < MOST_BODY_BYTES; ) {
      const leftMs = this.hurried || this.stopped ? 0 : until - kernel.clock.now();
      if (leftMs > 0) await this.pause(Math.min(leftMs, WINDOW_STEP_MS));
      const more = await this.receive(row.batchSize - batch.length, 0);
      if (more.length === 0 && leftMs <= 0) break;
      batch.push(...more);
      bytes += sizeOf(more);
    }
    return batch;
  }

  private async receive(most: number, WaitTimeSeconds: number): Promise<Message[]> {
    const { sqs } = (await this.session()).peers;
    const { Messages } = await sqs.ReceiveMessage({
      QueueUrl: queueUrl(this.row.source),
      MaxNumberOfMessages: Math.min(most, RECEIVE),
      WaitTimeSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return Messages ?? [];
  }

  private async process(messages: readonly Message[]): Promise<void> {
    const done = this.kernel.busy();
    try {
      const { filters } = this.row;
      const { wanted, others } = filters ? sorted(messages, filters) : { wanted: messages, others: [] };
      await this.remove(others);
      if (wanted.length > 0) await this.run(wanted);
    } finally {
      done();
    }
  }

  private async run(messages: readonly Message[]): Promise<void> {
    const { kernel, row, region } = this;
    const of = this.name();
    const target = await targetOf(kernel.store, of, kernel.random);
    const outcome = await this.fleet.run(kernel, target, {
      requestId: kernel.random.uuid(),
      invokedArn: qualifiedArn(of),
      traceId: `Root=1-${kernel.random.hex(8)}-${kernel.random.hex(24)};Sampled=0`,
      payload: eventOf(messages, row.source, region),
    });
    if (outcome.failure) return;
    await this.remove(row.reportsFailures ? succeeded(messages, outcome.payload) : messages);
  }

  private async remove(done: readonly Message[]): Promise<void> {
    if (done.length === 0) return;
    const { row } = this;
    const { sqs } = (await this.session()).peers;
    for (let at = 0; at < done.length; at += RECEIVE) {
      const Entries = done.slice(at, at + RECEIVE).map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await sqs.DeleteMessageBatch({ QueueUrl: queueUrl(row.source), Entries });
    }
  }

  private name(): FunctionName {
    return { ...this.row.function, region: this.region, partition: partitionOf(this.region) };
  }

  private async session(): Promise<RoleSession> {
    const { kernel } = this;
    const of = this.name();
    const { Role: arn } = (await targetOf(kernel.store, of, kernel.random)).version.settings;
    const known = this.role;
    if (known?.arn === arn && known.session.expiresAt - CREDENTIALS_MARGIN_MS > kernel.clock.now())
      return known.session;
    const session = await assumeRole(kernel, of, arn);
    this.role = { arn, session };
    return session;
  }
}

function sizeOf(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + (message.Body?.length ?? 0), 0);
}
