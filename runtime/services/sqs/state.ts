/**
 * What SQS keeps. A message is three rows: what changes with every receive, its body, and its place in the order of
 * visibility, by which standard queues are read. Keys hold the queue's id, so a queue that is made again starts empty.
 */
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export interface QueueRow {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly name: string;
  readonly created: number;
  readonly modified: number;
  /** What was set, as the API spells it; defaults are in `attributes.ts`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Where the queue policy came from. */
  readonly policyOrigin?: Origin;
}

/** What moves with every message of a queue. */
export interface ProgressRow {
  /** Number of the newest message. */
  readonly sequence: number;
  /** When the next message becomes visible, and a timer says so. */
  readonly wakeAt?: number;
  /** When the oldest message expires, and a timer removes it. */
  readonly expireAt?: number;
  readonly purged?: number;
}

export interface MessageRow {
  readonly messageId: string;
  readonly sender: string;
  /** As clients see it, and as retention counts. */
  readonly sent: number;
  readonly visibleAt: number;
  readonly receives: number;
  readonly firstReceived?: number;
  readonly lastReceived?: number;
  /** In the newest receipt handle. */
  readonly receipt?: string;
  readonly group?: string;
  readonly deduplication?: string;
  readonly sequenceNumber?: string;
  readonly trace?: string;
  /** The queue whose dead letter it is. */
  readonly source?: string;
}

export interface BodyRow {
  readonly body: string | Uint8Array;
  readonly attributes?: Readonly<Record<string, MessageAttributeValue>>;
  /** For a sealed body: its data key as KMS sealed it, and the queue it was sealed for. */
  readonly sealed?: { readonly key: Uint8Array; readonly arn: string };
}

/** What a FIFO queue remembers for five minutes: a message that was sent, or what a receive attempt got. */
export interface MemoryRow {
  readonly until: number;
  readonly sent?: { readonly messageId: string; readonly sequenceNumber: string };
  readonly taken?: readonly { readonly sequence: number; readonly receipt: string; readonly visibleAt: number }[];
}

/** [account, region, name] */
const queues = table<QueueRow>('sqs.queues');
/** [account, region, name]: when a queue of this name was deleted. */
const deleted = table<number>('sqs.deleted');
/** [queue id] */
const progress = table<ProgressRow>('sqs.progress');
/** [queue id, sequence] */
const messages = table<MessageRow>('sqs.messages');
/** [queue id, sequence] */
const bodies = table<BodyRow>('sqs.bodies');
/** [queue id, visible at, sequence]: whether it has been received before. */
const visibility = table<boolean>('sqs.visibility');
/** [queue id, what] */
const memories = table<MemoryRow>('sqs.memories');
/** [queue id, until, what] */
const memoriesByTime = table<true>('sqs.memoriesByTime');

/** A message move task: a redrive of a dead-letter queue. */
export interface MoveRow {
  readonly taskId: string;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly sourceArn: string;
  readonly destinationArn?: string;
  readonly perSecond?: number;
  readonly moved: number;
  readonly toMove: number;
  readonly started: number;
  readonly failure?: string;
}

/** [source queue id, started, task id] */
const moves = table<MoveRow>('sqs.moves');

export interface QueueName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}
const at = ({ account, region, name }: QueueName) => [account, region, name];

/** Of all accounts and Regions. */
export const scanAllQueues = (from: Reader) => from.scan(queues);
export const readQueue = (from: Reader, name: QueueName) => from.get(queues, at(name));
export const writeQueue = (tx: Writer, queue: QueueRow) => tx.put(queues, at(queue), queue);
export const removeQueue = (tx: Writer, queue: QueueRow) => tx.delete(queues, at(queue));
export async function* scanQueues(from: Reader, account: string, region: string, prefix = '', after?: string) {
  const within = [account, region];
  const rows = from.scan(queues, { within, prefix, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}
export const readDeleted = (from: Reader, name: QueueName) => from.get(deleted, at(name));
export const writeDeleted = (tx: Writer, name: QueueName, when: number) => tx.put(deleted, at(name), when);
export const removeDeleted = (tx: Writer, name: QueueName) => tx.delete(deleted, at(name));

export const readProgress = async (from: Reader, queue: string): Promise<ProgressRow> =>
  (await from.get(progress, [queue])) ?? { sequence: 0 };
export const writeProgress = (tx: Writer, queue: string, row: ProgressRow) => tx.put(progress, [queue], row);

export const readMessage = (from: Reader, queue: string, sequence: number) => from.get(messages, [queue, sequence]);
export const readBody = (from: Reader, queue: string, sequence: number) => from.get(bodies, [queue, sequence]);
export const writeBody = (tx: Writer, queue: string, sequence: number, row: BodyRow) =>
  tx.put(bodies, [queue, sequence], row);

/** Writes a message and its place; `before` is the row that it replaces. */
export function writeMessage(tx: Writer, queue: string, sequence: number, row: MessageRow, before?: MessageRow): void {
  if (before && before.visibleAt !== row.visibleAt) tx.delete(visibility, [queue, before.visibleAt, sequence]);
  tx.put(visibility, [queue, row.visibleAt, sequence], row.receives > 0);
  tx.put(messages, [queue, sequence], row);
}

export function removeMessage(tx: Writer, queue: string, sequence: number, row: MessageRow): void {
  tx.delete(visibility, [queue, row.visibleAt, sequence]);
  tx.delete(messages, [queue, sequence]);
  tx.delete(bodies, [queue, sequence]);
}

/** Messages in the order in which they were sent. */
export async function* scanMessages(from: Reader, queue: string) {
  for await (const { key, value } of from.scan(messages, { within: [queue] }))
    yield { sequence: Number(key[1]), row: value };
}

/** Numbers of the messages that are visible now, those that have been so for longest first. */
export async function* scanVisible(from: Reader, queue: string, now: number): AsyncIterable<number> {
  for await (const { key } of from.scan(visibility, { within: [queue], before: [queue, now + 1] }))
    yield Number(key[2]);
}

/** Messages that are not visible yet. */
export async function* scanHidden(from: Reader, queue: string, now: number) {
  for await (const { key, value } of from.scan(visibility, { within: [queue], from: [queue, now + 1] }))
    yield { visibleAt: Number(key[1]), received: value };
}

export const readMemory = (from: Reader, queue: string, what: string) => from.get(memories, [queue, what]);
export function writeMemory(tx: Writer, queue: string, what: string, row: MemoryRow): void {
  tx.put(memories, [queue, what], row);
  tx.put(memoriesByTime, [queue, row.until, what], true);
}
/** Forgets some of what is past its time. */
export async function trimMemories(tx: Writer, queue: string, now: number): Promise<void> {
  const rows = await tx.page(memoriesByTime, { within: [queue], before: [queue, now], limit: 10 });
  for (const { key } of rows) {
    const what = String(key[2]);
    tx.delete(memoriesByTime, key);
    if ((await readMemory(tx, queue, what))?.until === key[1]) tx.delete(memories, [queue, what]);
  }
}

export const writeMove = (tx: Writer, queue: string, row: MoveRow) =>
  tx.put(moves, [queue, row.started, row.taskId], row);
/** Move tasks of a queue, the newest first. */
export async function movesOf(from: Reader, queue: string, limit: number): Promise<MoveRow[]> {
  const rows = await from.page(moves, { within: [queue], reverse: true, limit });
  return rows.map((row) => row.value);
}

/** Removes up to `limit` messages. @returns whether there are none left */
export async function removeMessages(tx: Writer, queue: string, limit: number): Promise<boolean> {
  const rows = await tx.page(messages, { within: [queue], limit });
  for (const { key, value } of rows) removeMessage(tx, queue, Number(key[1]), value);
  return rows.length < limit;
}

/** Removes what hangs on a queue that is gone. @returns whether there is nothing left */
export async function eraseQueue(tx: Writer, queue: string, limit: number): Promise<boolean> {
  let done = await removeMessages(tx, queue, limit);
  for (const rows of [memories, memoriesByTime, moves]) {
    const page = await tx.page<unknown>(rows, { within: [queue], limit });
    for (const { key } of page) tx.delete<unknown>(rows, key);
    done &&= page.length < limit;
  }
  tx.delete(progress, [queue]);
  return done;
}
