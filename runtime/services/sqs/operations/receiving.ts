/** Receiving messages, with long polling, and what a receiver does with them: delete, keep longer, give back. */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Arrivals } from '../arrivals';
import { isFifo, numberOf } from '../attributes';
import { checkEntries, runEntries } from '../batches';
import { md5OfAttributes, md5OfBody, selectAttributes } from '../content';
import { type Delivery, deliver, reschedule, type Taken, take } from '../delivery';
import { expiredReceipt, invalidParameter, invalidValue, notInflight, queueDoesNotExist } from '../errors';
import { needQueue } from '../names';
import { readReceipt, writeReceipt } from '../receipts';
import {
  type MessageRow,
  type QueueRow,
  readBody,
  readMemory,
  readMessage,
  readQueue,
  removeMessage,
  scanVisible,
  writeMemory,
} from '../state';
import type { Vault } from '../vault';

/** Source: Amazon SQS API Reference, "ChangeMessageVisibility": twelve hours from the receive on. */
const longestMs = 43_200_000;
const attemptMs = 5 * 60_000;

type ReceiveInput = Sqs.ReceiveMessageCommandInput;

const within = (value: number | undefined, name: string, least: number, most: number, reason: string): void => {
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > most))
    throw invalidValue(value, name, reason);
};

function checkInput(queue: QueueRow, input: ReceiveInput): void {
  within(input.MaxNumberOfMessages, 'MaxNumberOfMessages', 1, 10, 'Must be between 1 and 10, if provided.');
  within(input.WaitTimeSeconds, 'WaitTimeSeconds', 0, 20, 'Must be >= 0 and <= 20, if provided.');
  within(input.VisibilityTimeout, 'VisibilityTimeout', 0, 43_200, 'Must be >= 0 and <= 43200, if provided.');
  if (input.ReceiveRequestAttemptId !== undefined && !isFifo(queue))
    throw invalidValue(
      input.ReceiveRequestAttemptId,
      'ReceiveRequestAttemptId',
      'The request includes a parameter that is not valid for this queue type.',
    );
}

/** System attributes of a message, those that are asked for. */
function systemAttributes(row: MessageRow, wanted: readonly string[]): Record<string, string> | undefined {
  const known: Record<string, string | undefined> = {
    SenderId: row.sender,
    SentTimestamp: String(row.sent),
    ApproximateReceiveCount: String(row.receives),
    ApproximateFirstReceiveTimestamp: String(row.firstReceived),
    MessageGroupId: row.group,
    MessageDeduplicationId: row.deduplication,
    SequenceNumber: row.sequenceNumber,
    AWSTraceHeader: row.trace,
    DeadLetterQueueSourceArn: row.source,
  };
  const shown = Object.entries(known).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (wanted.includes('All') || wanted.includes(entry[0])),
  );
  return shown.length > 0 ? Object.fromEntries(shown) : undefined;
}

/** The same messages again for a receive that is tried again, when nothing has happened to them meanwhile. */
async function takeAgain(
  delivery: Delivery,
  queue: QueueRow,
  memory: string,
  visibleAt: number,
): Promise<Taken[] | undefined> {
  const { tx, now } = delivery;
  const before = await readMemory(tx, queue.id, memory);
  if (!before?.taken || before.until <= now) return undefined;
  const taken: Taken[] = [];
  for (const { sequence, receipt, visibleAt: hiddenUntil } of before.taken) {
    const row = await readMessage(tx, queue.id, sequence);
    const body = await readBody(tx, queue.id, sequence);
    if (!body || row?.receipt !== receipt || row.visibleAt !== hiddenUntil || row.visibleAt <= now) return undefined;
    taken.push({ sequence, row: { ...row, visibleAt }, body });
  }
  for (const { sequence, row } of taken)
    await reschedule(delivery, queue, sequence, (await readMessage(tx, queue.id, sequence))!, row);
  return taken;
}

/** A message under a receipt that still holds: it may be changed, not only deleted. */
async function held(delivery: Delivery, queue: QueueRow, handle: string) {
  const { sequence, token } = readReceipt(handle, queue.id);
  const row = await readMessage(delivery.tx, queue.id, sequence);
  return { sequence, row, current: row?.receipt === token };
}

export function receivingHandlers(arrivals: Arrivals, vault: Vault) {
  async function takeNow(call: Call, name: QueueRow, input: ReceiveInput, now: number): Promise<Taken[]> {
    const limit = input.MaxNumberOfMessages ?? 1;
    const receipts = Array.from({ length: limit }, () => call.kernel.random.hex(32));
    const memory = input.ReceiveRequestAttemptId && `taken ${input.ReceiveRequestAttemptId}`;
    const { result, visible } = await deliver(call.kernel, now, async (delivery) => {
      const queue = await readQueue(delivery.tx, name);
      if (queue?.id !== name.id) throw queueDoesNotExist();
      const visibleAt = now + (input.VisibilityTimeout ?? numberOf(queue, 'VisibilityTimeout')) * 1000;
      const again = memory && (await takeAgain(delivery, queue, memory, visibleAt));
      const taken = again || (await take(delivery, queue, limit, visibleAt, receipts));
      if (memory && taken.length > 0)
        writeMemory(delivery.tx, queue.id, memory, {
          until: now + attemptMs,
          taken: taken.map(({ sequence, row }) => ({ sequence, receipt: row.receipt!, visibleAt })),
        });
      return taken;
    });
    for (const id of visible) arrivals.ring(id);
    return result;
  }

  /** Takes what there is, or waits for it. Looks before it writes: most polls of most queues find nothing. */
  async function receive(call: Call, queue: QueueRow, input: ReceiveInput): Promise<Taken[]> {
    const { clock, store } = call.kernel;
    const waitMs = (input.WaitTimeSeconds ?? numberOf(queue, 'ReceiveMessageWaitTimeSeconds')) * 1000;
    const deadline = call.now + waitMs;
    for (;;) {
      const now = clock.now();
      const bell = arrivals.bell(queue.id);
      try {
        const worthwhile = input.ReceiveRequestAttemptId !== undefined || (await anyVisible(now));
        const taken = worthwhile ? await takeNow(call, queue, input, now) : [];
        if (taken.length > 0 || now >= deadline || arrivals.closed) return taken;
        await bell.wait(deadline - now);
      } finally {
        bell.leave();
      }
    }

    async function anyVisible(now: number): Promise<boolean> {
      for await (const _ of scanVisible(store, queue.id, now)) return true;
      return false;
    }
  }

  async function toMessage(call: Call, queue: QueueRow, input: ReceiveInput, taken: Taken): Promise<Message> {
    const { row, sequence } = taken;
    const body = await vault.open(call, queue, taken.body);
    const wanted: readonly string[] = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
    const attributes = selectAttributes(taken.body.attributes, input.MessageAttributeNames);
    return {
      MessageId: row.messageId,
      ReceiptHandle: writeReceipt({ queue: queue.id, sequence, token: row.receipt! }),
      MD5OfBody: md5OfBody(body),
      Body: body,
      Attributes: systemAttributes(row, wanted),
      MD5OfMessageAttributes: md5OfAttributes(attributes),
      MessageAttributes: attributes,
    };
  }

  async function remove(call: Call, queue: QueueRow, handle: string): Promise<object> {
    const { visible } = await deliver(call.kernel, call.now, async (delivery) => {
      const { sequence, row, current } = await held(delivery, queue, handle);
      if (!row) return;
      if (isFifo(queue) && (!current || row.visibleAt <= call.now)) throw expiredReceipt(handle);
      // A receipt of an earlier receive of a standard queue's message: the request succeeds, the message stays.
      if (!current) return;
      removeMessage(delivery.tx, queue.id, sequence, row);
      // The next message of the group is free now.
      if (isFifo(queue)) delivery.visible.add(queue.id);
    });
    for (const id of visible) arrivals.ring(id);
    return {};
  }

  async function change(call: Call, queue: QueueRow, handle: string, seconds: number): Promise<object> {
    within(seconds, 'VisibilityTimeout', 0, 43_200, 'Must be >= 0 and <= 43200.');
    const { now } = call;
    const { visible } = await deliver(call.kernel, now, async (delivery) => {
      const { sequence, row, current } = await held(delivery, queue, handle);
      if (!row || !current)
        throw invalidValue(
          handle,
          'ReceiptHandle',
          'Message does not exist or is not available for visibility timeout change.',
        );
      if (row.visibleAt <= now) throw notInflight();
      const visibleAt = now + seconds * 1000;
      if (visibleAt - row.lastReceived! > longestMs)
        throw invalidParameter(
          `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
        );
      await reschedule(delivery, queue, sequence, row, { ...row, visibleAt });
    });
    for (const id of visible) arrivals.ring(id);
    return {};
  }

  return {
    async ReceiveMessage(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      checkInput(queue, input);
      const taken = await receive(call, queue, input);
      if (taken.length === 0) return {};
      return { Messages: await Promise.all(taken.map((one) => toMessage(call, queue, input, one))) };
    },

    async DeleteMessage(call, input) {
      return remove(call, await needQueue(call, input.QueueUrl), input.ReceiptHandle!);
    },

    async DeleteMessageBatch(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      return runEntries(checkEntries(input.Entries), (entry) => remove(call, queue, entry.ReceiptHandle!));
    },

    async ChangeMessageVisibility(call, input) {
      return change(call, await needQueue(call, input.QueueUrl), input.ReceiptHandle!, input.VisibilityTimeout!);
    },

    async ChangeMessageVisibilityBatch(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      return runEntries(checkEntries(input.Entries), (entry) =>
        change(call, queue, entry.ReceiptHandle!, entry.VisibilityTimeout ?? numberOf(queue, 'VisibilityTimeout')),
      );
    },
  } satisfies Handlers<typeof Sqs>;
}
