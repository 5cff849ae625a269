/** Topics: making, finding, changing, deleting; their tags and permissions. Source: SNS API Reference. */
import type * as Sns from '@aws-sdk/client-sns';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { asRecord } from '../actions';
import { mergeTopic, shownTopic } from '../attributes';
import { invalid, resourceNotFound, tagLimit, unsupported } from '../errors';
import { checkName, needName, needTopic, topicArn } from '../names';
import { pageOf, readToken } from '../paging';
import { usualPolicy } from '../policies';
import { readTopic, removeTopic, scanSubscriptions, scanTopics, type TopicRow, writeTopic } from '../state';

const MOST_TAGS = 50;

function withTags(before: TopicRow['tags'], change: readonly Sns.Tag[] | undefined): TopicRow['tags'] {
  for (const { Key = '' } of change ?? [])
    if (/^aws:/i.test(Key)) throw invalid('Tags Reason: aws: prefixed tag key names are not allowed for external use.');
  const after = { ...before, ...asRecord(change) };
  if (Object.keys(after).length > MOST_TAGS) throw tagLimit();
  return after;
}

const same = (a: object, b: object) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

async function changeTopic(call: Call, arn: string | undefined, change: (topic: TopicRow) => TopicRow) {
  await call.kernel.store.write(async (tx) => writeTopic(tx, change(await needTopic(call, arn, tx))));
  return {};
}

interface Policy {
  readonly Statement: readonly { readonly Sid?: string }[];
}

function policyOf(topic: TopicRow): Policy {
  const policy = JSON.parse(topic.attributes.Policy ?? usualPolicy(topicArn(topic), topic.account));
  return { ...policy, Statement: [policy.Statement].flat() };
}

const withPolicy = (topic: TopicRow, call: Call, policy: Policy): TopicRow => ({
  ...topic,
  attributes: { ...topic.attributes, Policy: JSON.stringify(policy) },
  policyOrigin: call.origin,
});

async function taggedTopic(call: Call, arn: string | undefined): Promise<TopicRow> {
  const topic = await readTopic(call.kernel.store, needName(arn, 'ResourceArn'));
  if (!topic) throw resourceNotFound();
  return topic;
}

/** @throws InvalidParameter for a policy that names a user or role that is not there */
async function needPrincipals(call: Call, policy: string | undefined): Promise<void> {
  if (policy === undefined || (await call.kernel.absentPrincipal(policy, call)) === undefined) return;
  throw invalid('Policy Error: PrincipalNotFound');
}

export const topicHandlers: Handlers<typeof Sns> = {
  async CreateTopic(call, input) {
    const name = input.Name!;
    checkName(name);
    if (name.endsWith('.fifo')) throw unsupported('Name', 'FIFO topics');
    if (input.DataProtectionPolicy) throw unsupported('DataProtectionPolicy', 'data protection policies');
    const { account, region, partition, now } = call;
    const attributes = mergeTopic({}, (input.Attributes ?? {}) as Record<string, string>);
    await needPrincipals(call, attributes.Policy);
    const tags = withTags({}, input.Tags);
    const topic: TopicRow = {
      account,
      region,
      partition,
      name,
      created: now,
      attributes,
      tags,
      policyOrigin: call.origin,
    };
    await call.kernel.store.write(async (tx) => {
      const existing = await readTopic(tx, topic);
      if (!existing) return writeTopic(tx, topic);
      if (!same({ ...existing.attributes, ...attributes }, existing.attributes))
        throw invalid('Attributes Reason: Topic already exists with different attributes');
      if (!same(existing.tags, tags)) throw invalid('Tags Reason: Topic already exists with different tags');
    });
    return { TopicArn: topicArn(topic) };
  },

  /** Of one that is gone it succeeds. */
  async DeleteTopic(call, input) {
    const name = needName(input.TopicArn);
    await call.kernel.store.write((tx) => removeTopic(tx, name));
    return {};
  },

  async ListTopics(call, input) {
    const rows = scanTopics(call.kernel.store, call.account, call.region, readToken(input.NextToken));
    const { items, NextToken } = await pageOf(rows, ({ name }) => name);
    return { Topics: items.map((topic) => ({ TopicArn: topicArn(topic) })), NextToken };
  },

  async GetTopicAttributes(call, input) {
    const topic = await needTopic(call, input.TopicArn);
    let [confirmed, pending] = [0, 0];
    for await (const { token } of scanSubscriptions(call.kernel.store, topic)) {
      if (token === undefined) confirmed++;
      else pending++;
    }
    return { Attributes: shownTopic(topic, confirmed, pending) };
  },

  async SetTopicAttributes(call, { TopicArn, AttributeName = '', AttributeValue = '' }) {
    if (AttributeName === 'Policy') await needPrincipals(call, AttributeValue);
    return changeTopic(call, TopicArn, (topic) => ({
      ...topic,
      attributes: mergeTopic(topic.attributes, { [AttributeName]: AttributeValue }),
      policyOrigin: AttributeName === 'Policy' ? call.origin : topic.policyOrigin,
    }));
  },

  async AddPermission(call, { TopicArn, Label, AWSAccountId = [], ActionName = [] }) {
    if (AWSAccountId.length === 0) throw invalid('AWSAccountId');
    if (ActionName.length === 0 || ActionName.some((name) => !/^\w+$/.test(name))) throw invalid('ActionName');
    return changeTopic(call, TopicArn, (topic) => {
      const policy = policyOf(topic);
      if (policy.Statement.some(({ Sid }) => Sid === Label)) throw invalid('Statement already exists');
      const statement = {
        Sid: Label,
        Effect: 'Allow',
        Principal: { AWS: AWSAccountId.map((account) => `arn:${call.partition}:iam::${account}:root`) },
        Action: ActionName.map((name) => `SNS:${name}`),
        Resource: topicArn(topic),
      };
      return withPolicy(topic, call, { ...policy, Statement: [...policy.Statement, statement] });
    });
  },

  async RemovePermission(call, { TopicArn, Label }) {
    return changeTopic(call, TopicArn, (topic) => {
      const policy = policyOf(topic);
      const Statement = policy.Statement.filter(({ Sid }) => Sid !== Label);
      return withPolicy(topic, call, { ...policy, Statement });
    });
  },

  async ListTagsForResource(call, { ResourceArn }) {
    const { tags } = await taggedTopic(call, ResourceArn);
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },

  async TagResource(call, { ResourceArn, Tags }) {
    const found = await taggedTopic(call, ResourceArn);
    return changeTopic(call, topicArn(found), (topic) => ({ ...topic, tags: withTags(topic.tags, Tags) }));
  },

  async UntagResource(call, { ResourceArn, TagKeys = [] }) {
    const found = await taggedTopic(call, ResourceArn);
    return changeTopic(call, topicArn(found), (topic) => ({
      ...topic,
      tags: Object.fromEntries(Object.entries(topic.tags).filter(([key]) => !TagKeys.includes(key))),
    }));
  },
};
