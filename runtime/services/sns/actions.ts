/**
 * What each operation asks of IAM; a batch asks what its single operation asks. Source: Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon SNS".
 */
import type * as Sns from '@aws-sdk/client-sns';
import { formatArn } from '../../base/arn';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { needName, needSubscriptionName, topicArn } from './names';
import { readTopic, type TopicName } from './state';

async function onTopic(call: Call, name: TopicName, action: string, more: Partial<Check> = {}): Promise<Check> {
  const topic = await readTopic(call.kernel.store, name);
  const resource = topicArn({ ...name, partition: call.partition });
  return { action: `sns:${action}`, resource, resourceTags: topic?.tags, ...more };
}

const own = async ({ TopicArn }: { TopicArn?: string }, call: Call) => [
  await onTopic(call, needName(TopicArn), call.operation),
];
const ofSubscription = async ({ SubscriptionArn }: { SubscriptionArn?: string }, call: Call) => [
  await onTopic(call, needSubscriptionName(SubscriptionArn).topic, call.operation),
];
const tagged = async (input: { ResourceArn?: string }, call: Call) => [
  await onTopic(call, needName(input.ResourceArn, 'ResourceArn'), call.operation),
];
const everywhere = (call: Call): Check[] => [
  { action: `sns:${call.operation}`, resource: formatArn({ ...call, service: 'sns', resource: '*' }) },
];

export const asRecord = (tags: readonly { Key?: string; Value?: string }[] = []) =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));

const published = async (call: Call, arn: string | undefined) => {
  // A message to a phone or to an application's endpoint names no topic: the handler refuses it.
  if (arn === undefined) return [{ action: 'sns:Publish', resource: '*' }];
  return [await onTopic(call, needName(arn), 'Publish')];
};

export const actions: Actions<typeof Sns> = {
  AddPermission: own,
  // Who has the token may confirm.
  ConfirmSubscription: () => [],
  CreateTopic: async (input, call) => {
    const name = { account: call.account, region: call.region, name: input.Name! };
    const requestTags = asRecord(input.Tags);
    const check = await onTopic(call, name, 'CreateTopic', { requestTags });
    return input.Tags?.length ? [check, { ...check, action: 'sns:TagResource' }] : [check];
  },
  DeleteTopic: own,
  GetSubscriptionAttributes: ofSubscription,
  GetTopicAttributes: own,
  ListSubscriptions: (_, call) => everywhere(call),
  ListSubscriptionsByTopic: own,
  ListTagsForResource: tagged,
  ListTopics: (_, call) => everywhere(call),
  Publish: (input, call) => published(call, input.TopicArn ?? input.TargetArn),
  PublishBatch: (input, call) => published(call, input.TopicArn),
  RemovePermission: own,
  SetSubscriptionAttributes: ofSubscription,
  SetTopicAttributes: own,
  Subscribe: async (input, call) => {
    const keys = { 'sns:Protocol': input.Protocol, 'sns:Endpoint': input.Endpoint };
    return [await onTopic(call, needName(input.TopicArn), 'Subscribe', { keys })];
  },
  TagResource: async (input, call) => {
    const [check] = await tagged(input, call);
    return [{ ...check, requestTags: asRecord(input.Tags) }];
  },
  Unsubscribe: ofSubscription,
  UntagResource: async (input, call) => {
    const [check] = await tagged(input, call);
    return [{ ...check, keys: { 'aws:TagKeys': input.TagKeys } }];
  },
};
