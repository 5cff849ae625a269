/**
 * CloudFormation's view of SNS. Source: CloudFormation template reference, "AWS::SNS::Topic", "::Subscription",
 * "::TopicPolicy", "::TopicInlinePolicy".
 */
import { AwsError, isAwsError } from '../../base/errors';
import { flag, json, tags, text, texts } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceType } from '../../kernel/service';
import { nameOfArn, topicArn } from './names';

/** Properties that are attributes of the same name. */
const topicAttributes = ['DisplayName', 'KmsMasterKeyId', 'SignatureVersion', 'TracingConfig'];
const subscriptionAttributes = [
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
];

function attributesOf(properties: Properties, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = name.endsWith('Policy') ? json(properties, name) : text(properties, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** Attributes that change, those that go as empty text. */
function changesOf(properties: Properties, previous: Properties, names: readonly string[]): [string, string][] {
  const [now, before] = [attributesOf(properties, names), attributesOf(previous, names)];
  return names.filter((name) => now[name] !== before[name]).map((name) => [name, now[name] ?? '']);
}

/** Deleting what is already gone succeeds. */
async function forgiving(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAwsError(error, 'NotFound')) throw error;
  }
}

interface Inline {
  readonly Protocol: string;
  readonly Endpoint: string;
}

/** Subscriptions in the topic itself. */
function inlineOf(properties: Properties): Inline[] {
  const list = properties.Subscription ?? [];
  if (
    !Array.isArray(list) ||
    list.some((one) => typeof one?.Endpoint !== 'string' || typeof one?.Protocol !== 'string')
  )
    throw new AwsError('ValidationError', 'Properties validation failed: #/Subscription: expected type: JSONArray');
  return list;
}

const idOf = ({ Protocol, Endpoint }: { Protocol?: string; Endpoint?: string }) => `${Protocol} ${Endpoint}`;

async function subscribeInline(context: ResourceContext, TopicArn: string, wanted: Inline[], before: Inline[]) {
  const { sns } = context.peers;
  const kept = new Set(wanted.map(idOf));
  const gone = new Set(before.map(idOf).filter((id) => !kept.has(id)));
  if (gone.size > 0) {
    const { Subscriptions = [] } = await sns.ListSubscriptionsByTopic({ TopicArn });
    for (const one of Subscriptions)
      if (gone.has(idOf(one)) && one.SubscriptionArn!.startsWith('arn:'))
        await sns.Unsubscribe({ SubscriptionArn: one.SubscriptionArn });
  }
  for (const { Protocol, Endpoint } of wanted) await sns.Subscribe({ TopicArn, Protocol, Endpoint });
}

const resultOf = (arn: string) => ({
  physicalId: arn,
  attributes: { TopicArn: arn, TopicName: nameOfArn(arn)!.name },
});

const topic: ResourceType = {
  type: 'AWS::SNS::Topic',
  createOnly: ['FifoTopic', 'TopicName'],
  properties: [...topicAttributes, 'FifoTopic', 'Subscription', 'Tags', 'TopicName'],
  async create(context, properties) {
    const { sns } = context.peers;
    const name = text(properties, 'TopicName') ?? context.generatedName({ maxLength: 256 });
    const arn = topicArn({ ...context, name });
    if (text(properties, 'TopicName') !== undefined && (await exists(context, arn)))
      throw new AwsError('AlreadyExists', `${name} already exists`);
    const { TopicArn = arn } = await sns.CreateTopic({
      Name: name,
      Attributes: {
        ...attributesOf(properties, topicAttributes),
        ...(flag(properties, 'FifoTopic') && { FifoTopic: 'true' }),
      },
      Tags: Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value })),
    });
    context.claim?.(TopicArn);
    await subscribeInline(context, TopicArn, inlineOf(properties), []);
    return resultOf(TopicArn);
  },
  async update(context, TopicArn, properties, previous) {
    const { sns } = context.peers;
    for (const [AttributeName, AttributeValue] of changesOf(properties, previous, topicAttributes))
      await sns.SetTopicAttributes({ TopicArn, AttributeName, AttributeValue });
    await subscribeInline(context, TopicArn, inlineOf(properties), inlineOf(previous));
    const wanted = tags(context, properties);
    const { Tags = [] } = await sns.ListTagsForResource({ ResourceArn: TopicArn });
    const TagKeys = Tags.map(({ Key }) => Key!).filter((key) => !(key in wanted));
    if (TagKeys.length > 0) await sns.UntagResource({ ResourceArn: TopicArn, TagKeys });
    const Wanted = Object.entries(wanted).map(([Key, Value]) => ({ Key, Value }));
    if (Wanted.length > 0) await sns.TagResource({ ResourceArn: TopicArn, Tags: Wanted });
    return resultOf(TopicArn);
  },
  delete: (context, TopicArn) => forgiving(context.peers.sns.DeleteTopic({ TopicArn })),
  async read({ peers: { sns } }, TopicArn) {
    try {
      const { Attributes = {} } = await sns.GetTopicAttributes({ TopicArn });
      return Object.fromEntries(topicAttributes.map((name) => [name, Attributes[name] || undefined]));
    } catch (error) {
      if (isAwsError(error, 'NotFound')) return undefined;
      throw error;
    }
  },
};

async function exists({ peers: { sns } }: ResourceContext, TopicArn: string): Promise<boolean> {
  try {
    await sns.GetTopicAttributes({ TopicArn });
    return true;
  } catch (error) {
    if (isAwsError(error, 'NotFound')) return false;
    throw error;
  }
}

/** The topic may be in another Region. */
const snsFor = (context: ResourceContext, properties: Properties) => {
  const region = text(properties, 'Region') ?? nameOfArn(text(properties, 'TopicArn') ?? '')?.region;
  return (region === undefined ? context.peers : context.peersIn(region)).sns;
};

const subscription: ResourceType = {
  type: 'AWS::SNS::Subscription',
  createOnly: ['Endpoint', 'Protocol', 'TopicArn'],
  properties: [...subscriptionAttributes, 'Endpoint', 'Protocol', 'Region', 'TopicArn'],
  async create(context, properties) {
    const { SubscriptionArn = '' } = await snsFor(context, properties).Subscribe({
      TopicArn: text(properties, 'TopicArn'),
      Protocol: text(properties, 'Protocol'),
      Endpoint: text(properties, 'Endpoint'),
      Attributes: attributesOf(properties, subscriptionAttributes),
      ReturnSubscriptionArn: true,
    });
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  async update(context, SubscriptionArn, properties, previous) {
    const sns = snsFor(context, properties);
    // The scope says how the policy is read, and the policy has to fit it: without a policy both are free.
    const changes = changesOf(properties, previous, subscriptionAttributes);
    if (changes.some(([name]) => name === 'FilterPolicyScope'))
      await sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '' });
    const policy = attributesOf(properties, ['FilterPolicy']).FilterPolicy;
    const rescoped = changes.some(([name]) => name === 'FilterPolicyScope') && policy !== undefined;
    const ordered = [...changes.filter(([name]) => name !== 'FilterPolicy')];
    const last = rescoped ? [['FilterPolicy', policy]] : changes.filter(([name]) => name === 'FilterPolicy');
    for (const [AttributeName, AttributeValue] of [...ordered, ...last])
      await sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue });
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  async delete(context, SubscriptionArn, properties) {
    const sns = snsFor(context, properties);
    try {
      await sns.Unsubscribe({ SubscriptionArn });
    } catch (error) {
      // One that was never confirmed goes with its topic, as on AWS after two days.
      if (!isAwsError(error, 'NotFound', 'InvalidParameter')) throw error;
    }
  },
};

function topicsOf(properties: Properties): string[] {
  const arns = texts(properties, 'Topics') ?? [];
  if (arns.length === 0)
    throw new AwsError('ValidationError', 'Properties validation failed: #: required key [Topics] not found');
  return arns;
}

async function setPolicy({ peers: { sns } }: ResourceContext, arns: readonly string[], document: string) {
  for (const TopicArn of arns)
    await sns.SetTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: document });
}

const topicPolicy: ResourceType = {
  type: 'AWS::SNS::TopicPolicy',
  createOnly: [],
  properties: ['PolicyDocument', 'Topics'],
  async create(context, properties) {
    await setPolicy(context, topicsOf(properties), json(properties, 'PolicyDocument')!);
    const physicalId = context.generatedName();
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update(context, physicalId, properties, previous) {
    const arns = topicsOf(properties);
    for (const arn of topicsOf(previous)) if (!arns.includes(arn)) await forgiving(setPolicy(context, [arn], ''));
    await setPolicy(context, arns, json(properties, 'PolicyDocument')!);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async delete(context, _, properties) {
    for (const arn of topicsOf(properties)) await forgiving(setPolicy(context, [arn], ''));
  },
};

const inlinePolicy: ResourceType = {
  type: 'AWS::SNS::TopicInlinePolicy',
  createOnly: ['TopicArn'],
  properties: ['PolicyDocument', 'TopicArn'],
  async create(context, properties) {
    const arn = text(properties, 'TopicArn')!;
    await setPolicy(context, [arn], json(properties, 'PolicyDocument')!);
    return { physicalId: arn };
  },
  async update(context, arn, properties) {
    await setPolicy(context, [arn], json(properties, 'PolicyDocument')!);
    return { physicalId: arn };
  },
  delete: (context, arn) => forgiving(setPolicy(context, [arn], '')),
};

export const resources: readonly ResourceType[] = [topic, subscription, topicPolicy, inlinePolicy];
