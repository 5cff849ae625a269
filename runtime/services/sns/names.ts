/** Names and ARNs of topics (`arn:aws:sns:region:account:name`) and subscriptions (a topic's ARN and an id). */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import type { Reader } from '../../store/port';
import { invalid, subscriptionNotFound, topicNotFound } from './errors';
import { readSubscription, readTopic, type SubscriptionRow, type TopicName, type TopicRow } from './state';

export const topicArn = (topic: TopicName & { partition: string }): string =>
  formatArn({ ...topic, service: 'sns', resource: topic.name });

export const subscriptionArn = (topic: TopicName & { partition: string }, id: string): string =>
  `${topicArn(topic)}:${id}`;

/** @throws InvalidParameter */
export function checkName(name: string): void {
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name.replace(/\.fifo$/, '_fifo'))) throw invalid('Topic Name');
}

export function nameOfArn(text: string): TopicName | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'sns' || !arn.region || !arn.account) return undefined;
  const [name, more] = arn.resource.split(':');
  return more === undefined && name ? { account: arn.account, region: arn.region, name } : undefined;
}

/** @throws InvalidParameter */
export function needName(text: string | undefined, member = 'TopicArn'): TopicName {
  const name = nameOfArn(text ?? '');
  if (!name)
    throw invalid(`${member} Reason: An ARN must have at least 6 elements, not ${(text ?? '').split(':').length}`);
  return name;
}

/** @throws InvalidParameter */
export function needSubscriptionName(text: string | undefined): { topic: TopicName; id: string } {
  const arn = parseArn(text ?? '');
  const [name, id, more] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'sns' || !id || more !== undefined) {
    const pending = text === 'pending confirmation' || text === 'PendingConfirmation';
    throw invalid(pending ? 'SubscriptionArn Reason: The subscription is not confirmed' : 'SubscriptionArn');
  }
  return { topic: { account: arn.account, region: arn.region, name }, id };
}

/** A topic of the Region that was asked. @throws InvalidParameter, NotFound */
export async function needTopic(
  call: Call,
  arn: string | undefined,
  from: Reader = call.kernel.store,
): Promise<TopicRow> {
  const name = needName(arn);
  const topic = name.region === call.region ? await readTopic(from, name) : undefined;
  if (!topic) throw topicNotFound();
  return topic;
}

/** @throws InvalidParameter, NotFound */
export async function needSubscription(
  call: Call,
  arn: string | undefined,
  from: Reader = call.kernel.store,
): Promise<{ topic: TopicRow; row: SubscriptionRow }> {
  const { topic, id } = needSubscriptionName(arn);
  const [found, row] = [await readTopic(from, topic), await readSubscription(from, topic, id)];
  if (!found || !row) throw subscriptionNotFound();
  return { topic: found, row };
}
