/**
 * CloudFormation's view of SQS. Source: CloudFormation template reference, "AWS::SQS::Queue", "::QueuePolicy",
 * "::QueueInlinePolicy".
 */
import { AwsError, isAwsError } from '../../base/errors';
import { flag, json, tags, text, texts } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';
import { arnOf } from './names';

/** Properties that are attributes of the same name. */
const attributeNames = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoThroughputLimit',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
];
/** What an attribute becomes when its property is taken out of the template. */
const usual: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  DelaySeconds: '0',
  FifoThroughputLimit: 'perQueue',
  KmsDataKeyReusePeriodSeconds: '300',
  KmsMasterKeyId: '',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  RedriveAllowPolicy: '',
  RedrivePolicy: '',
  SqsManagedSseEnabled: 'true',
  VisibilityTimeout: '30',
};

const attributeOf = (properties: Properties, name: string): string | undefined =>
  name.endsWith('Policy') ? json(properties, name) : text(properties, name);

function attributesOf(properties: Properties): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of attributeNames) {
    const value = attributeOf(properties, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function resultOf(context: ResourceContext, url: string): ResourceResult {
  const name = url.slice(url.lastIndexOf('/') + 1);
  return {
    physicalId: url,
    attributes: { Arn: arnOf({ ...context, name }), QueueName: name, QueueUrl: url },
  };
}

/** Deleting what is already gone succeeds. */
async function forgiving(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAwsError(error, 'QueueDoesNotExist')) throw error;
  }
}

const queue: ResourceType = {
  type: 'AWS::SQS::Queue',
  createOnly: ['FifoQueue', 'QueueName'],
  properties: [...attributeNames, 'FifoQueue', 'QueueName', 'Tags'],
  async create(context, properties) {
    const fifo = flag(properties, 'FifoQueue') ?? false;
    const suffix = fifo ? '.fifo' : '';
    const name =
      text(properties, 'QueueName') ?? `${context.generatedName({ maxLength: 80 - suffix.length })}${suffix}`;
    const { QueueUrl } = await context.peers.sqs.CreateQueue({
      QueueName: name,
      Attributes: { ...attributesOf(properties), ...(fifo && { FifoQueue: 'true' }) },
      tags: tags(context, properties),
    });
    return resultOf(context, QueueUrl!);
  },
  async update(context, QueueUrl, properties, previous) {
    const { sqs } = context.peers;
    const Attributes: Record<string, string> = {};
    for (const name of attributeNames) {
      const [now, before] = [attributeOf(properties, name), attributeOf(previous, name)];
      if (now !== before) Attributes[name] = now ?? usual[name];
    }
    if (Object.keys(Attributes).length > 0) await sqs.SetQueueAttributes({ QueueUrl, Attributes });
    const wanted = tags(context, properties);
    const have = (await sqs.ListQueueTags({ QueueUrl })).Tags ?? {};
    const gone = Object.keys(have).filter((key) => !(key in wanted));
    if (gone.length > 0) await sqs.UntagQueue({ QueueUrl, TagKeys: gone });
    if (Object.keys(wanted).length > 0) await sqs.TagQueue({ QueueUrl, Tags: wanted });
    return resultOf(context, QueueUrl);
  },
  delete: (context, QueueUrl) => forgiving(context.peers.sqs.DeleteQueue({ QueueUrl })),
  async read({ peers: { sqs } }, QueueUrl) {
    try {
      const { Attributes = {} } = await sqs.GetQueueAttributes({ QueueUrl, AttributeNames: ['All'] });
      const values = attributeNames.map((name) => {
        const value = Attributes[name as keyof typeof Attributes];
        return [name, value !== undefined && name.endsWith('Policy') ? JSON.parse(value) : value];
      });
      return Object.fromEntries(values);
    } catch (error) {
      if (isAwsError(error, 'QueueDoesNotExist')) return undefined;
      throw error;
    }
  },
};

function queuesOf(properties: Properties): string[] {
  const urls = texts(properties, 'Queues') ?? [];
  if (urls.length === 0)
    throw new AwsError('ValidationError', 'Properties validation failed: #: required key [Queues] not found');
  return urls;
}

async function setPolicy(context: ResourceContext, urls: readonly string[], Policy: string): Promise<void> {
  for (const QueueUrl of urls) await context.peers.sqs.SetQueueAttributes({ QueueUrl, Attributes: { Policy } });
}

const queuePolicy: ResourceType = {
  type: 'AWS::SQS::QueuePolicy',
  createOnly: [],
  properties: ['PolicyDocument', 'Queues'],
  async create(context, properties) {
    await setPolicy(context, queuesOf(properties), json(properties, 'PolicyDocument')!);
    const physicalId = context.generatedName();
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update(context, physicalId, properties, previous) {
    const urls = queuesOf(properties);
    for (const url of queuesOf(previous)) if (!urls.includes(url)) await forgiving(setPolicy(context, [url], ''));
    await setPolicy(context, urls, json(properties, 'PolicyDocument')!);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async delete(context, _, properties) {
    for (const url of queuesOf(properties)) await forgiving(setPolicy(context, [url], ''));
  },
};

const inlinePolicy: ResourceType = {
  type: 'AWS::SQS::QueueInlinePolicy',
  createOnly: ['Queue'],
  properties: ['PolicyDocument', 'Queue'],
  async create(context, properties) {
    const url = text(properties, 'Queue')!;
    await setPolicy(context, [url], json(properties, 'PolicyDocument')!);
    return { physicalId: url };
  },
  async update(context, url, properties) {
    await setPolicy(context, [url], json(properties, 'PolicyDocument')!);
    return { physicalId: url };
  },
  delete: (context, url) => forgiving(setPolicy(context, [url], '')),
};

export const resources: readonly ResourceType[] = [queue, queuePolicy, inlinePolicy];
