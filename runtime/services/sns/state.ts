/** What SNS keeps: topics, and the subscriptions of each. Messages live in the change log until they are delivered. */
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export interface TopicName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export interface TopicRow extends TopicName {
  readonly partition: string;
  readonly created: number;
  /** What was set, as the API spells it. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Where the topic policy came from. */
  readonly policyOrigin?: Origin;
}

export interface SubscriptionRow {
  readonly id: string;
  readonly topic: string;
  /** Account that subscribed. */
  readonly owner: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What confirms it; absent once it is confirmed. */
  readonly token?: string;
  /** Whether whoever confirmed it had to show credentials for that. */
  readonly authenticated?: boolean;
}

/** [account, region, name] */
const topics = table<TopicRow>('sns.topics');
/** [account, region, topic name, id] */
const subscriptions = table<SubscriptionRow>('sns.subscriptions');

const at = ({ account, region, name }: TopicName) => [account, region, name];

/** Of all accounts and Regions. */
export const scanAllTopics = (from: Reader) => from.scan(topics);
export const readTopic = (from: Reader, name: TopicName) => from.get(topics, at(name));
export const writeTopic = (tx: Writer, topic: TopicRow) => tx.put(topics, at(topic), topic);
export async function* scanTopics(from: Reader, account: string, region: string, after?: string) {
  const within = [account, region];
  const rows = from.scan(topics, { within, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}

/** A topic with everything that hangs on it. */
export async function removeTopic(tx: Writer, topic: TopicName): Promise<void> {
  for (const { value } of await tx.page(subscriptions, { within: at(topic), limit: Number.POSITIVE_INFINITY }))
    tx.delete(subscriptions, [...at(topic), value.id]);
  tx.delete(topics, at(topic));
}

export const readSubscription = (from: Reader, topic: TopicName, id: string) =>
  from.get(subscriptions, [...at(topic), id]);
export const writeSubscription = (tx: Writer, topic: TopicName, row: SubscriptionRow) =>
  tx.put(subscriptions, [...at(topic), row.id], row);
export const removeSubscription = (tx: Writer, topic: TopicName, id: string) =>
  tx.delete(subscriptions, [...at(topic), id]);

export async function* scanSubscriptions(from: Reader, topic: TopicName, after?: string) {
  const within = at(topic);
  const rows = from.scan(subscriptions, { within, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}

/** Of all topics of an account in a Region. */
export async function* scanAllSubscriptions(from: Reader, account: string, region: string, after?: readonly string[]) {
  const within = [account, region];
  const rows = from.scan(subscriptions, { within, after: after === undefined ? undefined : [...within, ...after] });
  for await (const { key, value } of rows) yield { topic: String(key[2]), row: value };
}
