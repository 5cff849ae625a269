/** Sending messages, one or a batch, into standard and FIFO queues. Source: Amazon SQS API Reference, "SendMessage". */
import { createHash } from 'node:crypto';
import type * as Sqs from '@aws-sdk/client-sqs';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Arrivals } from '../arrivals';
import { isFifo, numberOf, settingOf } from '../attributes';
import { checkEntries, failureOf } from '../batches';
import { type Attributes, checkAttributes, checkBody, md5OfAttributes, md5OfBody, sizeOf } from '../content';
import { type Delivery, deliver, enqueue } from '../delivery';
import {
  batchTooLong,
  invalidParameter,
  invalidValue,
  missingParameter,
  queueDoesNotExist,
  unsupported,
} from '../errors';
import { needQueue } from '../names';
import {
  type BodyRow,
  type MessageRow,
  type QueueRow,
  readMemory,
  readQueue,
  trimMemories,
  writeMemory,
} from '../state';
import type { Vault } from '../vault';

/** Source: Developer Guide, "Exactly-once processing in Amazon SQS": the deduplication interval. */
const deduplicationMs = 5 * 60_000;
const batchBytes = 1_048_576;
/** Where AWS's sequence numbers begin, so that they have their 20 digits. */
const firstSequence = 18_849_496_460_467_696_128n;

interface Sending {
  readonly MessageBody?: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: Record<string, MessageAttributeValue>;
  readonly MessageSystemAttributes?: Partial<Record<'AWSTraceHeader', MessageAttributeValue>>;
  readonly MessageDeduplicationId?: string;
  readonly MessageGroupId?: string;
}

/** A message that has passed every check that needs no state. */
interface Ready {
  readonly body: string;
  readonly attributes?: Attributes;
  readonly size: number;
  readonly delayMs: number;
  readonly group?: string;
  readonly deduplication?: string;
  readonly trace?: string;
}

const identifier = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

function checkIdentifier(name: string, value: string | undefined): void {
  if (value !== undefined && !identifier.test(value))
    throw invalidValue(
      value,
      name,
      `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
}

/** @throws InvalidParameterValue, MissingParameter, InvalidMessageContents */
function checkMessage(queue: QueueRow, input: Sending): Ready {
  const body = checkBody(input.MessageBody);
  checkAttributes(input.MessageAttributes);
  const size = sizeOf(body, input.MessageAttributes);
  const limit = numberOf(queue, 'MaximumMessageSize');
  if (size > limit)
    throw invalidParameter(`One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`);
  checkIdentifier('MessageGroupId', input.MessageGroupId);
  checkIdentifier('MessageDeduplicationId', input.MessageDeduplicationId);
  const delay = input.DelaySeconds ?? numberOf(queue, 'DelaySeconds');
  if (!Number.isInteger(delay) || delay < 0 || delay > 900)
    throw invalidValue(delay, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  const { AWSTraceHeader: trace, ...others } = input.MessageSystemAttributes ?? {};
  if (Object.keys(others).length > 0) throw unsupported('The only supported system attribute is AWSTraceHeader.');
  return {
    body,
    attributes: input.MessageAttributes,
    size,
    delayMs: delay * 1000,
    trace: trace?.StringValue,
    ...(isFifo(queue) ? fifoIdentity(queue, body, input) : standardIdentity(input)),
  };
}

function standardIdentity(input: Sending): Pick<Ready, 'group' | 'deduplication'> {
  if (input.MessageDeduplicationId !== undefined)
    throw invalidValue(
      input.MessageDeduplicationId,
      'MessageDeduplicationId',
      'The request includes a parameter that is not valid for this queue type.',
    );
  return { group: input.MessageGroupId };
}

function fifoIdentity(queue: QueueRow, body: string, input: Sending): Pick<Ready, 'group' | 'deduplication'> {
  if (input.DelaySeconds !== undefined && input.DelaySeconds !== 0)
    throw invalidValue(
      input.DelaySeconds,
      'DelaySeconds',
      'The request include parameter that is not valid for this queue type.',
    );
  if (input.MessageGroupId === undefined) throw missingParameter('MessageGroupId');
  const byContent = settingOf(queue, 'ContentBasedDeduplication') === 'true';
  if (input.MessageDeduplicationId === undefined && !byContent)
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  const deduplication = input.MessageDeduplicationId ?? createHash('sha256').update(body).digest('hex');
  return { group: input.MessageGroupId, deduplication };
}

interface Sent {
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

/** Puts a message into its queue, unless the same has been sent within the deduplication interval. */
async function put(
  delivery: Delivery,
  call: Call,
  queue: QueueRow,
  ready: Ready,
  messageId: string,
  kept: Pick<BodyRow, 'body' | 'sealed'>,
): Promise<Sent> {
  const { tx, now } = delivery;
  const perGroup = settingOf(queue, 'DeduplicationScope') === 'messageGroup' && isFifo(queue);
  const memory = ready.deduplication && `sent ${perGroup ? `${ready.group} ` : ''}${ready.deduplication}`;
  if (memory) {
    const known = await readMemory(tx, queue.id, memory);
    if (known?.sent && known.until > now) return known.sent;
  }
  const numbered = (sequence: number) =>
    isFifo(queue) ? (firstSequence + BigInt(sequence) * 256n).toString() : undefined;
  const row = (sequence: number): MessageRow => ({
    messageId,
    sender: call.principal.userId,
    sent: now,
    visibleAt: now + ready.delayMs,
    receives: 0,
    group: ready.group,
    deduplication: ready.deduplication,
    sequenceNumber: numbered(sequence),
    trace: ready.trace,
  });
  const sequence = await enqueue(delivery, queue, row, { ...kept, attributes: ready.attributes });
  const sent = { messageId, sequenceNumber: numbered(sequence) };
  if (memory) {
    const { sequenceNumber = '' } = sent;
    writeMemory(tx, queue.id, memory, { until: now + deduplicationMs, sent: { messageId, sequenceNumber } });
    await trimMemories(tx, queue.id, now);
  }
  return sent;
}

const answerOf = ({ messageId, sequenceNumber }: Sent, { body, attributes, trace }: Ready) => ({
  MessageId: messageId,
  MD5OfMessageBody: md5OfBody(body),
  MD5OfMessageAttributes: md5OfAttributes(attributes),
  MD5OfMessageSystemAttributes:
    trace === undefined ? undefined : md5OfAttributes({ AWSTraceHeader: { DataType: 'String', StringValue: trace } }),
  SequenceNumber: sequenceNumber,
});

export function sendingHandlers(arrivals: Arrivals, vault: Vault) {
  /** Seals and puts messages that passed their checks, in one transaction. */
  async function send(call: Call, queue: QueueRow, messages: readonly Ready[]): Promise<Sent[]> {
    const bodies = await Promise.all(messages.map((ready) => vault.seal(call, queue, ready.body)));
    const ids = messages.map(() => call.kernel.random.uuid());
    const { result, visible } = await deliver(call.kernel, call.now, async (delivery) => {
      const current = await readQueue(delivery.tx, queue);
      if (current?.id !== queue.id) throw queueDoesNotExist();
      const sent: Sent[] = [];
      for (const [i, ready] of messages.entries())
        sent.push(await put(delivery, call, current, ready, ids[i], bodies[i]));
      return sent;
    });
    for (const id of visible) arrivals.ring(id);
    return result;
  }

  return {
    async SendMessage(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      const ready = checkMessage(queue, input);
      const [sent] = await send(call, queue, [ready]);
      return answerOf(sent, ready);
    },

    async SendMessageBatch(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      const entries = checkEntries(input.Entries);
      const Failed: Sqs.BatchResultErrorEntry[] = [];
      const accepted: { id: string; ready: Ready }[] = [];
      const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry.MessageBody ?? '', entry.MessageAttributes), 0);
      if (bytes > batchBytes) throw batchTooLong(bytes, batchBytes);
      for (const entry of entries) {
        try {
          accepted.push({ id: entry.Id!, ready: checkMessage(queue, entry) });
        } catch (error) {
          Failed.push(failureOf(entry.Id!, error));
        }
      }
      const sent =
        accepted.length > 0
          ? await send(
              call,
              queue,
              accepted.map(({ ready }) => ready),
            )
          : [];
      const Successful = accepted.map(({ id, ready }, i) => ({ Id: id, ...answerOf(sent[i], ready) }));
      return { Successful, Failed };
    },
  } satisfies Handlers<typeof Sqs>;
}
