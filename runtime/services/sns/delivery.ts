/**
 * Delivery: each message to each subscription, as the service principal `sns.amazonaws.com` on behalf of the topic, held
 * to the endpoint's own policy. What the endpoint refuses for good goes to the dead-letter queue of the subscription, if
 * it has one. Sources: SNS developer guide, "Message delivery retries", "Dead-letter queues", "Parsing message formats";
 * Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".
 */
import { createHash } from 'node:crypto';
import { parseArn, partitionOf, urlSuffixOf } from '../../base/arn';
import { AwsError, isAwsError } from '../../base/errors';
import type { Call, Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { servicePrincipal } from '../../kernel/principal';
import type { Consumer } from '../../kernel/service';
import type { Writer } from '../../store/port';
import type { MessageAttributes } from './filters';
import { subscriptionArn, topicArn } from './names';
import { readSubscription, readTopic, type SubscriptionRow, type TopicName, type TopicRow } from './state';

const TOPIC = 'sns.message';

export interface Message {
  readonly id: string;
  readonly at: number;
  /** By protocol; `default` for the others. */
  readonly texts: Readonly<Record<string, string>>;
  readonly subject?: string;
  readonly attributes: MessageAttributes;
  readonly group?: string;
}

/** What is in the change log. */
interface Delivery {
  readonly topic: TopicName;
  readonly subscription: string;
  readonly message: Omit<Message, 'texts'> & { readonly text: string };
  /** It asks for confirmation with this. */
  readonly token?: string;
}

export function announceMessage(tx: Writer, topic: TopicRow, row: SubscriptionRow, message: Message): void {
  const { texts, ...rest } = message;
  announce(tx, topic, row, { message: { ...rest, text: texts[row.protocol] ?? texts.default } });
}

export function announceConfirmation(tx: Writer, call: Call, topic: TopicRow, row: SubscriptionRow): void {
  const text = `You have chosen to subscribe to the topic ${topicArn(topic)}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`;
  const message = { id: call.kernel.random.uuid(), at: call.now, attributes: {}, text };
  announce(tx, topic, row, { message, token: row.token });
}

function announce(
  tx: Writer,
  { account, region, name }: TopicName,
  row: SubscriptionRow,
  what: Pick<Delivery, 'message' | 'token'>,
): void {
  const data: Delivery = { topic: { account, region, name }, subscription: row.id, ...what };
  tx.announce({ topic: TOPIC, key: row.id, data: { ...data } });
}

export const consumers: readonly Consumer[] = [
  {
    name: 'sns.delivery',
    topics: [TOPIC],
    async handle({ data }, kernel) {
      const delivery = data as unknown as Delivery;
      const topic = await readTopic(kernel.store, delivery.topic);
      const row = await readSubscription(kernel.store, delivery.topic, delivery.subscription);
      if (topic && row) await deliver(kernel, topic, row, delivery);
    },
  },
];

/** As much of the peers as is needed here. */
interface Endpoints {
  readonly sqs: {
    SendMessage(input: {
      QueueUrl: string;
      MessageBody: string;
      MessageGroupId?: string;
      MessageAttributes?: MessageAttributes;
    }): Promise<unknown>;
  };
  readonly lambda: {
    Invoke(input: { FunctionName: string; InvocationType: 'Event'; Payload: Uint8Array }): Promise<unknown>;
  };
}

/** Errors that pass: the consumer tries again. */
const PASSING = /Throttl|TooManyRequests|Unavailable|Timeout/;

async function deliver(kernel: Kernel, topic: TopicRow, row: SubscriptionRow, delivery: Delivery): Promise<void> {
  const { account, region } = topic;
  const principal = servicePrincipal('sns.amazonaws.com', topicArn(topic), account);
  const peers = kernel.peers(principal, { account, region }) as Peers & Endpoints;
  try {
    await (row.protocol.startsWith('http') ? post(kernel, topic, row, delivery) : send(peers, topic, row, delivery));
  } catch (error) {
    if (!isAwsError(error) || error.status >= 500 || PASSING.test(error.code)) throw error;
    await giveUp(kernel, peers, topic, row, delivery, error);
  }
}

async function send({ sqs, lambda }: Endpoints, topic: TopicRow, row: SubscriptionRow, delivery: Delivery) {
  const { message } = delivery;
  if (row.protocol === 'lambda') {
    const Payload = Buffer.from(JSON.stringify(lambdaEvent(topic, row, delivery)));
    return lambda.Invoke({ FunctionName: row.endpoint, InvocationType: 'Event', Payload });
  }
  if (row.protocol !== 'sqs') return undefined;
  const raw = row.attributes.RawMessageDelivery?.toLowerCase() === 'true' && delivery.token === undefined;
  return sqs.SendMessage({
    QueueUrl: queueUrl(row.endpoint),
    MessageBody: raw ? message.text : JSON.stringify(envelope(topic, row, delivery)),
    MessageGroupId: message.group,
    ...(raw && Object.keys(message.attributes).length > 0 && { MessageAttributes: message.attributes }),
  });
}

const POST_MS = 15_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Endpoints on this machine only: nothing leaves it. @throws AwsError what the endpoint answered */
async function post(kernel: Kernel, topic: TopicRow, row: SubscriptionRow, delivery: Delivery): Promise<void> {
  const { message, token } = delivery;
  if (!LOOPBACK.test(new URL(row.endpoint).hostname))
    return kernel.report(`sns: ${row.endpoint} is not on this machine: message ${message.id} was not sent`);
  const raw = row.attributes.RawMessageDelivery?.toLowerCase() === 'true' && token === undefined;
  const endpoint = token === undefined ? undefined : await kernel.endpoint();
  const response = await fetch(row.endpoint, {
    method: 'POST',
    body: raw ? message.text : JSON.stringify(envelope(topic, row, delivery, endpoint)),
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-id': message.id,
      'x-amz-sns-message-type': token === undefined ? 'Notification' : 'SubscriptionConfirmation',
      'x-amz-sns-topic-arn': topicArn(topic),
      ...(token === undefined && { 'x-amz-sns-subscription-arn': subscriptionArn(topic, row.id) }),
      ...(raw && { 'x-amz-sns-rawdelivery': 'true' }),
    },
    signal: AbortSignal.timeout(POST_MS),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new AwsError('EndpointFailed', `it answered ${response.status}`, { status: response.status });
}

async function giveUp(
  kernel: Kernel,
  { sqs }: Endpoints,
  topic: TopicRow,
  row: SubscriptionRow,
  delivery: Delivery,
  error: AwsError,
): Promise<void> {
  const { RedrivePolicy } = row.attributes;
  const arn = subscriptionArn(topic, row.id);
  const lost = (why: string) =>
    kernel.report(`sns: message ${delivery.message.id} of ${topicArn(topic)} not delivered to ${row.endpoint}: ${why}`);
  if (RedrivePolicy === undefined) return lost(error.message);
  const text = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });
  try {
    await sqs.SendMessage({
      QueueUrl: queueUrl(JSON.parse(RedrivePolicy).deadLetterTargetArn),
      MessageBody: JSON.stringify(envelope(topic, row, delivery)),
      MessageAttributes: {
        RequestID: text(delivery.message.id),
        ErrorCode: text(String(error.status), 'Number'),
        ErrorMessage: text(error.message || error.code),
      },
    });
  } catch (second) {
    if (!isAwsError(second) || second.status >= 500) throw second;
    lost(`${error.message}; nor to the dead-letter queue of ${arn}: ${second.message}`);
  }
}

function queueUrl(arn: string): string {
  const { region, account, resource } = parseArn(arn)!;
  return `https://sqs.${region}.${urlSuffixOf(partitionOf(region))}/${account}/${resource}`;
}

// ---- What arrives ---------------------------------------------------------------------------------------------------

/** @param endpoint where an endpoint on this machine may confirm */
function envelope(topic: TopicRow, row: SubscriptionRow, { message, token }: Delivery, endpoint?: string) {
  const host = endpoint ?? hostOf(topic);
  const common = {
    Type: token === undefined ? 'Notification' : 'SubscriptionConfirmation',
    MessageId: message.id,
    ...(token !== undefined && { Token: token }),
    TopicArn: topicArn(topic),
    ...(message.subject !== undefined && { Subject: message.subject }),
    Message: message.text,
    ...(token !== undefined && {
      SubscribeURL: `${host}/?Action=ConfirmSubscription&TopicArn=${topicArn(topic)}&Token=${token}`,
    }),
    Timestamp: new Date(message.at).toISOString(),
  };
  return {
    ...common,
    ...signatureOf(topic, common),
    SigningCertURL: certificateOf(topic),
    ...(token === undefined && { UnsubscribeURL: unsubscribeUrl(topic, row) }),
    ...attributesPart(message.attributes),
  };
}

function lambdaEvent(topic: TopicRow, row: SubscriptionRow, { message, token }: Delivery) {
  const Sns = {
    Type: token === undefined ? 'Notification' : 'SubscriptionConfirmation',
    MessageId: message.id,
    ...(token !== undefined && { Token: token }),
    TopicArn: topicArn(topic),
    Subject: message.subject ?? null,
    Message: message.text,
    Timestamp: new Date(message.at).toISOString(),
  };
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscriptionArn(topic, row.id),
        Sns: {
          ...Sns,
          ...signatureOf(topic, Sns),
          SigningCertUrl: certificateOf(topic),
          UnsubscribeUrl: unsubscribeUrl(topic, row),
          MessageAttributes: {},
          ...attributesPart(message.attributes),
        },
      },
    ],
  };
}

function attributesPart(attributes: MessageAttributes) {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return {};
  const shown = entries.map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: BinaryValue ? Buffer.from(BinaryValue).toString('base64') : StringValue },
  ]);
  return { MessageAttributes: Object.fromEntries(shown) };
}

const hostOf = ({ region, partition }: TopicRow) => `https://sns.${region}.${urlSuffixOf(partition)}`;
const certificateOf = (topic: TopicRow) => `${hostOf(topic)}/SimpleNotificationService-${'0'.repeat(32)}.pem`;
const unsubscribeUrl = (topic: TopicRow, row: SubscriptionRow) =>
  `${hostOf(topic)}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn(topic, row.id)}`;

/** Of the right form; that there is no certificate behind it is said in the README. */
function signatureOf({ attributes }: TopicRow, message: object) {
  const text = Object.entries(message)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}\n${value}\n`)
    .join('');
  const blocks = [0, 1, 2, 3].map((part) => createHash('sha512').update(`${part}${text}`).digest());
  return { SignatureVersion: attributes.SignatureVersion ?? '1', Signature: Buffer.concat(blocks).toString('base64') };
}
