/**
 * CloudFormation's view of CloudWatch Logs. Source: CloudFormation template reference, "AWS::Logs::LogGroup",
 * "::LogStream", "::ResourcePolicy", "::SubscriptionFilter".
 */
import { isAwsError } from '../../base/errors';
import { flag, json, number, tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceType } from '../../kernel/service';
import { arnOfGroup } from './names';

const resultOf = (context: ResourceContext, name: string) => ({
  physicalId: name,
  attributes: { Arn: `${arnOfGroup(context, name)}:*` },
});

/** Deleting what is already gone succeeds. */
async function forgiving(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
  }
}

async function settle(context: ResourceContext, logGroupName: string, now: Properties, before: Properties) {
  const { logs } = context.peers;
  const [days, daysBefore] = [number(now, 'RetentionInDays'), number(before, 'RetentionInDays')];
  if (days !== daysBefore) {
    if (days === undefined) await logs.DeleteRetentionPolicy({ logGroupName });
    else await logs.PutRetentionPolicy({ logGroupName, retentionInDays: days });
  }
}

const group: ResourceType = {
  type: 'AWS::Logs::LogGroup',
  createOnly: ['LogGroupName'],
  properties: ['DeletionProtectionEnabled', 'KmsKeyId', 'LogGroupClass', 'LogGroupName', 'RetentionInDays', 'Tags'],
  async create(context, properties) {
    const logGroupName = text(properties, 'LogGroupName') ?? context.generatedName({ maxLength: 512 });
    await context.peers.logs.CreateLogGroup({
      logGroupName,
      kmsKeyId: text(properties, 'KmsKeyId'),
      logGroupClass: text(properties, 'LogGroupClass') as 'STANDARD' | undefined,
      deletionProtectionEnabled: flag(properties, 'DeletionProtectionEnabled'),
      tags: tags(context, properties),
    });
    context.claim?.(logGroupName);
    await settle(context, logGroupName, properties, {});
    return resultOf(context, logGroupName);
  },
  async update(context, logGroupName, properties, previous) {
    const { logs } = context.peers;
    await settle(context, logGroupName, properties, previous);
    const [key, keyBefore] = [text(properties, 'KmsKeyId'), text(previous, 'KmsKeyId')];
    if (key !== keyBefore) {
      if (key === undefined) await logs.DisassociateKmsKey({ logGroupName });
      else await logs.AssociateKmsKey({ logGroupName, kmsKeyId: key });
    }
    const guarded = flag(properties, 'DeletionProtectionEnabled') ?? false;
    if (guarded !== (flag(previous, 'DeletionProtectionEnabled') ?? false))
      await logs.PutLogGroupDeletionProtection({
        logGroupIdentifier: logGroupName,
        deletionProtectionEnabled: guarded,
      });
    const resourceArn = arnOfGroup(context, logGroupName);
    const wanted = tags(context, properties);
    const have = (await logs.ListTagsForResource({ resourceArn })).tags ?? {};
    const gone = Object.keys(have).filter((key) => !(key in wanted));
    if (gone.length > 0) await logs.UntagResource({ resourceArn, tagKeys: gone });
    if (Object.keys(wanted).length > 0) await logs.TagResource({ resourceArn, tags: wanted });
    return resultOf(context, logGroupName);
  },
  delete: (context, logGroupName) => forgiving(context.peers.logs.DeleteLogGroup({ logGroupName })),
  async read({ peers: { logs } }, logGroupName) {
    const { logGroups = [] } = await logs.DescribeLogGroups({ logGroupNamePrefix: logGroupName });
    const found = logGroups.find((one) => one.logGroupName === logGroupName);
    if (!found) return undefined;
    const { retentionInDays, kmsKeyId, logGroupClass, deletionProtectionEnabled } = found;
    return {
      RetentionInDays: retentionInDays,
      KmsKeyId: kmsKeyId,
      LogGroupClass: logGroupClass,
      DeletionProtectionEnabled: deletionProtectionEnabled ?? false,
    };
  },
};

const stream: ResourceType = {
  type: 'AWS::Logs::LogStream',
  createOnly: ['LogGroupName', 'LogStreamName'],
  properties: ['LogGroupName', 'LogStreamName'],
  async create(context, properties) {
    const logStreamName = text(properties, 'LogStreamName') ?? context.generatedName({ maxLength: 512 });
    await context.peers.logs.CreateLogStream({ logGroupName: text(properties, 'LogGroupName'), logStreamName });
    return { physicalId: logStreamName };
  },
  delete: (context, logStreamName, properties) =>
    forgiving(context.peers.logs.DeleteLogStream({ logGroupName: text(properties, 'LogGroupName'), logStreamName })),
};

async function putPolicy(context: ResourceContext, policyName: string, properties: Properties) {
  await context.peers.logs.PutResourcePolicy({ policyName, policyDocument: json(properties, 'PolicyDocument') });
  return { physicalId: policyName };
}

const policy: ResourceType = {
  type: 'AWS::Logs::ResourcePolicy',
  createOnly: ['PolicyName'],
  properties: ['PolicyDocument', 'PolicyName'],
  create: (context, properties) => putPolicy(context, text(properties, 'PolicyName')!, properties),
  update: (context, policyName, properties) => putPolicy(context, policyName, properties),
  delete: (context, policyName) => forgiving(context.peers.logs.DeleteResourcePolicy({ policyName })),
};

async function putFilter(context: ResourceContext, filterName: string, properties: Properties) {
  await context.peers.logs.PutSubscriptionFilter({
    filterName,
    logGroupName: text(properties, 'LogGroupName'),
    filterPattern: text(properties, 'FilterPattern'),
    destinationArn: text(properties, 'DestinationArn'),
  });
  return { physicalId: filterName };
}

const subscription: ResourceType = {
  type: 'AWS::Logs::SubscriptionFilter',
  createOnly: ['FilterName', 'LogGroupName'],
  properties: ['DestinationArn', 'FilterName', 'FilterPattern', 'LogGroupName'],
  create: (context, properties) =>
    putFilter(context, text(properties, 'FilterName') ?? context.generatedName(), properties),
  update: putFilter,
  delete: (context, filterName, properties) =>
    forgiving(
      context.peers.logs.DeleteSubscriptionFilter({ filterName, logGroupName: text(properties, 'LogGroupName') }),
    ),
};

export const resources: readonly ResourceType[] = [group, stream, policy, subscription];
