/**
 * Messages inside a transaction: how they enter a queue, who gets them, when they come back, expire or become dead
 * letters. Sources: Amazon SQS Developer Guide, "Amazon SQS visibility timeout", "FIFO delivery logic", "Using
 * dead-letter queues".
 */
import type { Kernel } from '../../kernel/call';
import type { Writer } from '../../store/port';
import { admits, isFifo, numberOf, readRedrive } from './attributes';
import { arnOf, nameOfArn } from './names';
import {
  type BodyRow,
  type MessageRow,
  type ProgressRow,
  type QueueRow,
  readBody,
  readMessage,
  readProgress,
  readQueue,
  removeMessage,
  scanHidden,
  scanMessages,
  scanVisible,
  writeBody,
  writeMessage,
  writeProgress,
} from './state';

/** How far a FIFO queue looks for a message of a free group. Source: "FIFO queue quotas". */
const fifoHorizon = 120_000;

/** A transaction, and the queues in which something became visible by it. */
export interface Delivery {
  readonly tx: Writer;
  readonly kernel: Kernel;
  readonly now: number;
  readonly visible: Set<string>;
}

/** Runs `work` in a transaction and hands its result to `after` together with the queues whose bells are to ring. */
export async function deliver<T>(
  kernel: Kernel,
  now: number,
  work: (delivery: Delivery) => Promise<T>,
): Promise<{ result: T; visible: ReadonlySet<string> }> {
  let visible = new Set<string>();
  const result = await kernel.store.write((tx) => {
    visible = new Set();
    return work({ tx, kernel, now, visible });
  });
  return { result, visible };
}

const timerOf = (queue: QueueRow, task: 'wake' | 'expire', at: number) => ({
  at,
  service: 'sqs',
  task,
  id: queue.id,
  payload: { account: queue.account, region: queue.region, name: queue.name, id: queue.id },
});

/** Keeps the queue's two timers no later than what `row` needs, in `progress`, which the caller writes. */
async function plan(
  { tx, kernel, now }: Delivery,
  queue: QueueRow,
  row: MessageRow,
  progress: ProgressRow,
): Promise<ProgressRow> {
  let { wakeAt, expireAt } = progress;
  if (row.visibleAt > now && (wakeAt === undefined || wakeAt > row.visibleAt)) {
    wakeAt = row.visibleAt;
    await kernel.timers.schedule(tx, timerOf(queue, 'wake', wakeAt));
  }
  const expiry = row.sent + numberOf(queue, 'MessageRetentionPeriod') * 1000;
  if (expireAt === undefined || expireAt > expiry) {
    expireAt = expiry;
    await kernel.timers.schedule(tx, timerOf(queue, 'expire', expiry));
  }
  return { ...progress, wakeAt, expireAt };
}

/** Adds a message at the end of a queue. @returns its number */
export async function enqueue(
  delivery: Delivery,
  queue: QueueRow,
  row: MessageRow | ((sequence: number) => MessageRow),
  body: BodyRow,
): Promise<number> {
  const progress = await readProgress(delivery.tx, queue.id);
  const sequence = progress.sequence + 1;
  const message = typeof row === 'function' ? row(sequence) : row;
  writeMessage(delivery.tx, queue.id, sequence, message);
  writeBody(delivery.tx, queue.id, sequence, body);
  writeProgress(delivery.tx, queue.id, { ...(await plan(delivery, queue, message, progress)), sequence });
  if (message.visibleAt <= delivery.now) delivery.visible.add(queue.id);
  return sequence;
}

/** Moves a message's visibility, and the queue's timer with it. */
export async function reschedule(
  delivery: Delivery,
  queue: QueueRow,
  sequence: number,
  before: MessageRow,
  after: MessageRow,
): Promise<void> {
  const { tx } = delivery;
  writeMessage(tx, queue.id, sequence, after, before);
  if (after.visibleAt <= delivery.now) delivery.visible.add(queue.id);
  const progress = await readProgress(tx, queue.id);
  const planned = await plan(delivery, queue, after, progress);
  if (planned.wakeAt !== progress.wakeAt || planned.expireAt !== progress.expireAt)
    writeProgress(tx, queue.id, planned);
}

export interface Taken {
  readonly sequence: number;
  readonly row: MessageRow;
  readonly body: BodyRow;
}

/** Gives up to `limit` messages to a receiver, hidden from others until `visibleAt`. */
export async function take(
  delivery: Delivery,
  queue: QueueRow,
  limit: number,
  visibleAt: number,
  receipts: readonly string[],
): Promise<Taken[]> {
  const { tx, now } = delivery;
  const taken: Taken[] = [];
  const redrive = readRedrive(queue.attributes.RedrivePolicy);
  const deadLetters = redrive && (await deadLetterQueue(tx, queue, redrive.deadLetterTargetArn));
  // A message taken for no time at all stands at the end of the line again: not twice in one answer.
  const seen = new Set<number>();
  for await (const sequence of candidates(delivery, queue)) {
    if (seen.has(sequence)) continue;
    seen.add(sequence);
    const before = await readMessage(tx, queue.id, sequence);
    const body = before && (await readBody(tx, queue.id, sequence));
    if (!before || !body) continue;
    if (isExpired(queue, before, now)) {
      removeMessage(tx, queue.id, sequence, before);
    } else if (redrive && deadLetters && before.receives >= redrive.maxReceiveCount) {
      await bury(delivery, queue, sequence, before, body, deadLetters);
    } else {
      const row: MessageRow = {
        ...before,
        visibleAt,
        receives: before.receives + 1,
        firstReceived: before.firstReceived ?? now,
        lastReceived: now,
        receipt: receipts[taken.length],
      };
      await reschedule(delivery, queue, sequence, before, row);
      taken.push({ sequence, row, body });
      if (taken.length === limit) break;
    }
  }
  return taken;
}

export const isExpired = (queue: QueueRow, row: MessageRow, now: number): boolean =>
  row.sent + numberOf(queue, 'MessageRetentionPeriod') * 1000 <= now;

/** Numbers of the messages that a receiver may have now. */
export async function* candidates({ tx, now }: Delivery, queue: QueueRow): AsyncIterable<number> {
  if (!isFifo(queue)) {
    yield* scanVisible(tx, queue.id, now);
    return;
  }
  // "While messages with a particular MessageGroupId are invisible, no more messages belonging to the same
  // MessageGroupId are returned until the visibility timeout expires."
  const blocked = new Set<string>();
  let looked = 0;
  for await (const { sequence, row } of scanMessages(tx, queue.id)) {
    if (looked++ === fifoHorizon) return;
    if (blocked.has(row.group!)) continue;
    if (row.visibleAt > now) blocked.add(row.group!);
    else yield sequence;
  }
}

async function deadLetterQueue(tx: Writer, source: QueueRow, arn: string): Promise<QueueRow | undefined> {
  const name = nameOfArn(arn);
  const queue = name && (await readQueue(tx, name));
  return queue && admits(queue, arnOf(source)) ? queue : undefined;
}

/** Moves a message that was received too often. Its age goes on in standard queues and begins anew in FIFO queues. */
async function bury(
  delivery: Delivery,
  queue: QueueRow,
  sequence: number,
  row: MessageRow,
  body: BodyRow,
  deadLetters: QueueRow,
): Promise<void> {
  removeMessage(delivery.tx, queue.id, sequence, row);
  const sent = isFifo(queue) ? delivery.now : row.sent;
  const letter: MessageRow = { ...row, sent, visibleAt: delivery.now, receipt: undefined, source: arnOf(queue) };
  await enqueue(delivery, deadLetters, letter, body);
}

/** Something has become visible again: whoever waits may look, and the next such moment is planned. */
export async function wake(delivery: Delivery, queue: QueueRow): Promise<void> {
  const { tx, kernel, now } = delivery;
  const progress = await readProgress(tx, queue.id);
  let wakeAt: number | undefined;
  for await (const { visibleAt } of scanHidden(tx, queue.id, now)) {
    wakeAt = visibleAt;
    await kernel.timers.schedule(tx, timerOf(queue, 'wake', visibleAt));
    break;
  }
  writeProgress(tx, queue.id, { ...progress, wakeAt });
  for await (const _ of scanVisible(tx, queue.id, now)) {
    delivery.visible.add(queue.id);
    break;
  }
}

/** Most messages that one transaction removes. */
export const removalBatch = 1000;
/** Messages that expire within this time of each other are removed together; nobody receives them in between. */
const expiryStepMs = 60_000;

/** Removes a batch of expired messages. @returns whether there may be more */
export async function expire({ tx, kernel, now }: Delivery, queue: QueueRow): Promise<boolean> {
  let removed = 0;
  let oldest: number | undefined;
  for await (const { sequence, row } of scanMessages(tx, queue.id)) {
    if (isExpired(queue, row, now)) {
      removeMessage(tx, queue.id, sequence, row);
      if (++removed === removalBatch) return true;
    } else if (oldest === undefined || row.sent < oldest) oldest = row.sent;
  }
  const progress = await readProgress(tx, queue.id);
  const expiry = oldest === undefined ? undefined : oldest + numberOf(queue, 'MessageRetentionPeriod') * 1000;
  const expireAt = expiry === undefined ? undefined : Math.max(expiry, now + expiryStepMs);
  writeProgress(tx, queue.id, { ...progress, expireAt });
  if (expireAt === undefined) await kernel.timers.cancel(tx, 'sqs', 'expire', queue.id);
  else await kernel.timers.schedule(tx, timerOf(queue, 'expire', expireAt));
  return false;
}
