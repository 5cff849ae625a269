/** Publishing: a message is accepted once it is in the change log, an entry for each subscription that wants it. */
import type * as Sns from '@aws-sdk/client-sns';
import { AwsError, isAwsError } from '../../../base/errors';
import { isObject } from '../../../engine/template/parse';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { announceMessage, type Message } from '../delivery';
import {
  batchTooLong,
  emptyBatch,
  idsNotDistinct,
  invalid,
  invalidEntryId,
  kmsRefused,
  tooManyEntries,
  unsupported,
} from '../errors';
import { admits, type MessageAttributes } from '../filters';
import { needTopic, topicArn } from '../names';
import { scanSubscriptions, type TopicRow } from '../state';

/** Source: SNS API Reference, "Publish": 256 KiB, attributes included. */
const MOST_BYTES = 262_144;
const MOST_SUBJECT = 100;

type Given = Pick<
  Sns.PublishInput,
  'Message' | 'Subject' | 'MessageStructure' | 'MessageAttributes' | 'MessageGroupId' | 'MessageDeduplicationId'
>;

const sizeOf = (given: Given): number =>
  Buffer.byteLength(given.Message ?? '') +
  Object.entries(given.MessageAttributes ?? {}).reduce(
    (sum, [name, { DataType = '', StringValue = '', BinaryValue }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.length ?? 0),
    0,
  );

function readMessage(call: Call, given: Given): Message {
  const { Message: text = '', Subject: subject, MessageStructure: structure } = given;
  if (text === '') throw invalid('Empty message');
  if (sizeOf(given) > MOST_BYTES) throw invalid('Message too long');
  if (subject !== undefined && (subject.length > MOST_SUBJECT || !/^[\x21-\x7e][\x20-\x7e]*$/.test(subject)))
    throw invalid('Subject');
  if (given.MessageDeduplicationId !== undefined)
    throw invalid(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  if (structure !== undefined && structure !== 'json') throw invalid('MessageStructure');
  return {
    id: call.kernel.random.uuid(),
    at: call.now,
    texts: structure === 'json' ? readTexts(text) : { default: text },
    subject,
    attributes: readAttributes(given.MessageAttributes),
    group: given.MessageGroupId,
  };
}

/** A message with a text per protocol. */
function readTexts(text: string): Record<string, string> {
  let texts: unknown;
  try {
    texts = JSON.parse(text);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (!isObject(texts)) throw invalid('Message Structure - JSON message body failed to parse');
  if (typeof texts.default !== 'string') throw invalid('Message Structure - No default entry in JSON message body');
  return Object.fromEntries(
    Object.entries(texts).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

function readAttributes(given: MessageAttributes = {}): MessageAttributes {
  for (const [name, { DataType = '', StringValue, BinaryValue }] of Object.entries(given)) {
    if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name) || /^(aws|amazon)\./i.test(name)) throw invalid(`MessageAttributes.Name`);
    if (!/^(String|Number|Binary)(\..+)?$/.test(DataType))
      throw invalidAttribute(
        name,
        `has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    const value = DataType.startsWith('Binary') ? BinaryValue : StringValue;
    if (value === undefined || value.length === 0)
      throw invalidAttribute(
        name,
        `must contain non-empty message attribute value for message attribute type '${DataType}'.`,
      );
    if (DataType.startsWith('Number') && !Number.isFinite(Number(StringValue)))
      throw invalidAttribute(name, 'must be a valid number.');
  }
  return given;
}

const invalidAttribute = (name: string, what: string) =>
  new AwsError('ParameterValueInvalid', `The message attribute '${name}' ${what}`);

/** A topic with a key takes messages from those only who may use it. Source: developer guide, "Key management". */
async function checkKey(call: Call, topic: TopicRow): Promise<void> {
  const KeyId = topic.attributes.KmsMasterKeyId;
  if (KeyId === undefined) return;
  const EncryptionContext = { 'aws:sns:topicArn': topicArn(topic) };
  try {
    const { kms } = call.peers;
    const { CiphertextBlob } = await kms.GenerateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext });
    await kms.Decrypt({ CiphertextBlob, EncryptionContext });
  } catch (error) {
    throw isAwsError(error) ? kmsRefused(error) : error;
  }
}

async function publish(call: Call, topic: TopicRow, message: Message): Promise<void> {
  await call.kernel.store.write(async (tx) => {
    const { texts, attributes } = message;
    for await (const row of scanSubscriptions(tx, topic)) {
      if (row.token !== undefined) continue;
      if (admits(row, texts[row.protocol] ?? texts.default, attributes)) announceMessage(tx, topic, row, message);
    }
  });
}

export const publishingHandlers: Handlers<typeof Sns> = {
  async Publish(call, input) {
    if (input.PhoneNumber !== undefined) throw unsupported('PhoneNumber', 'text messages');
    const topic = await needTopic(call, input.TopicArn ?? input.TargetArn);
    const message = readMessage(call, input);
    await checkKey(call, topic);
    await publish(call, topic, message);
    return { MessageId: message.id };
  },

  async PublishBatch(call, input) {
    const topic = await needTopic(call, input.TopicArn);
    const entries = input.PublishBatchRequestEntries ?? [];
    if (entries.length === 0) throw emptyBatch();
    if (entries.length > 10) throw tooManyEntries();
    if (entries.some(({ Id = '' }) => !/^[\w-]{1,80}$/.test(Id))) throw invalidEntryId();
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length) throw idsNotDistinct();
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES) throw batchTooLong();
    await checkKey(call, topic);
    const Successful: Sns.PublishBatchResultEntry[] = [];
    const Failed: Sns.BatchResultErrorEntry[] = [];
    for (const entry of entries) {
      try {
        const message = readMessage(call, entry);
        await publish(call, topic, message);
        Successful.push({ Id: entry.Id, MessageId: message.id });
      } catch (error) {
        if (!isAwsError(error)) throw error;
        Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: error.fault === 'client' });
      }
    }
    return { Successful, Failed };
  },
};
