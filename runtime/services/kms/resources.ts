/** CloudFormation's view of KMS. Source: CloudFormation template reference, "AWS::KMS::Key", "::Alias", "::ReplicaKey". */
import type { KeySpec, KeyUsageType, OriginType, Tag } from '@aws-sdk/client-kms';
import { parseArn } from '../../base/arn';
import { AwsError, isAwsError } from '../../base/errors';
import { flag, json, number, tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';
import { arnIn } from './keys';

const tagList = (all: Record<string, string>): Tag[] =>
  Object.entries(all).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

const resultOf = (context: ResourceContext, keyId: string): ResourceResult => ({
  physicalId: keyId,
  attributes: { Arn: arnIn(context.partition, context.account, context.region, `key/${keyId}`), KeyId: keyId },
});

/** What may be changed on a key that exists. `before` is empty for a new one, whose description and tags are set. */
async function settle(context: ResourceContext, KeyId: string, now: Properties, before: Properties): Promise<void> {
  const { kms } = context.peers;
  const changed = (name: string) => JSON.stringify(now[name]) !== JSON.stringify(before[name]);
  const enabled = flag(now, 'Enabled') ?? true;
  // A disabled key rotates no more and cannot be told to: switch on first, off last.
  if (enabled && (flag(before, 'Enabled') ?? true) === false) await kms.EnableKey({ KeyId });
  if (changed('EnableKeyRotation') || changed('RotationPeriodInDays')) {
    if (flag(now, 'EnableKeyRotation'))
      await kms.EnableKeyRotation({ KeyId, RotationPeriodInDays: number(now, 'RotationPeriodInDays') });
    else if (flag(before, 'EnableKeyRotation')) await kms.DisableKeyRotation({ KeyId });
  }
  if (!enabled) await kms.DisableKey({ KeyId });
}

async function update(context: ResourceContext, KeyId: string, now: Properties, before: Properties) {
  const { kms } = context.peers;
  const changed = (name: string) => JSON.stringify(now[name]) !== JSON.stringify(before[name]);
  if (changed('KeyPolicy') && now.KeyPolicy !== undefined)
    await kms.PutKeyPolicy({
      KeyId,
      Policy: json(now, 'KeyPolicy'),
      BypassPolicyLockoutSafetyCheck: flag(now, 'BypassPolicyLockoutSafetyCheck'),
    });
  if (changed('Description')) await kms.UpdateKeyDescription({ KeyId, Description: text(now, 'Description') ?? '' });
  const wanted = tags(context, now);
  const have = (await kms.ListResourceTags({ KeyId })).Tags ?? [];
  const gone = have.map((tag) => tag.TagKey!).filter((key) => !(key in wanted));
  if (gone.length > 0) await kms.UntagResource({ KeyId, TagKeys: gone });
  if (Object.keys(wanted).length > 0) await kms.TagResource({ KeyId, Tags: tagList(wanted) });
  await settle(context, KeyId, now, before);
  return resultOf(context, KeyId);
}

async function remove(context: ResourceContext, KeyId: string, properties: Properties): Promise<void> {
  try {
    await context.peers.kms.ScheduleKeyDeletion({
      KeyId,
      PendingWindowInDays: number(properties, 'PendingWindowInDays'),
    });
  } catch (error) {
    if (!isAwsError(error, 'NotFoundException', 'KMSInvalidStateException')) throw error;
  }
}

const fixed = ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'];

/** CloudFormation fails such an update instead of replacing the key, lest data be lost. */
async function checkFixed(context: ResourceContext, KeyId: string, properties: Properties): Promise<void> {
  const key = (await context.peers.kms.DescribeKey({ KeyId })).KeyMetadata!;
  const usual: Properties = {
    KeySpec: 'SYMMETRIC_DEFAULT',
    KeyUsage: 'ENCRYPT_DECRYPT',
    MultiRegion: false,
    Origin: 'AWS_KMS',
  };
  const wanted = { ...usual, ...properties };
  const same = (name: string) => text(wanted, name) === text({ ...key }, name);
  const changed = fixed.find((name) => !same(name));
  if (changed) throw new AwsError('NotUpdatable', `The ${changed} property of a KMS key cannot be changed.`);
}

const key: ResourceType = {
  type: 'AWS::KMS::Key',
  createOnly: [],
  properties: [
    'BypassPolicyLockoutSafetyCheck',
    'Description',
    'EnableKeyRotation',
    'Enabled',
    'KeyPolicy',
    'PendingWindowInDays',
    'RotationPeriodInDays',
    'Tags',
    ...fixed,
  ],
  async create(context, properties) {
    const { KeyMetadata } = await context.peers.kms.CreateKey({
      Description: text(properties, 'Description'),
      Policy: json(properties, 'KeyPolicy'),
      BypassPolicyLockoutSafetyCheck: flag(properties, 'BypassPolicyLockoutSafetyCheck'),
      KeySpec: text(properties, 'KeySpec') as KeySpec | undefined,
      KeyUsage: text(properties, 'KeyUsage') as KeyUsageType | undefined,
      Origin: text(properties, 'Origin') as OriginType | undefined,
      MultiRegion: flag(properties, 'MultiRegion'),
      Tags: tagList(tags(context, properties)),
    });
    const keyId = KeyMetadata!.KeyId!;
    context.claim?.(keyId);
    await settle(context, keyId, properties, {});
    return resultOf(context, keyId);
  },
  async update(context, keyId, properties, previous) {
    await checkFixed(context, keyId, properties);
    return update(context, keyId, properties, previous);
  },
  delete: remove,
  async read({ peers: { kms } }, KeyId) {
    try {
      const metadata = (await kms.DescribeKey({ KeyId })).KeyMetadata!;
      if (metadata.KeyState === 'PendingDeletion') return undefined;
      const { Description, Enabled, KeySpec, KeyUsage, MultiRegion, Origin } = metadata;
      const rotates = KeySpec === 'SYMMETRIC_DEFAULT' && Enabled && Origin === 'AWS_KMS';
      const rotation = rotates ? await kms.GetKeyRotationStatus({ KeyId }) : undefined;
      const { Policy = '{}' } = await kms.GetKeyPolicy({ KeyId });
      return {
        Description,
        Enabled,
        KeySpec,
        KeyUsage,
        MultiRegion,
        Origin,
        KeyPolicy: JSON.parse(Policy),
        // A disabled key does not tell.
        ...(rotation && { EnableKeyRotation: rotation.KeyRotationEnabled }),
      };
    } catch (error) {
      if (isAwsError(error, 'NotFoundException')) return undefined;
      throw error;
    }
  },
};

const replicaKey: ResourceType = {
  type: 'AWS::KMS::ReplicaKey',
  createOnly: ['PrimaryKeyArn'],
  properties: ['Description', 'Enabled', 'KeyPolicy', 'PendingWindowInDays', 'PrimaryKeyArn', 'Tags'],
  async create(context, properties) {
    const primary = parseArn(text(properties, 'PrimaryKeyArn') ?? '');
    if (!primary) throw new AwsError('ValidationError', 'PrimaryKeyArn must be the ARN of a multi-Region primary key.');
    // The operation is the primary's, in its Region.
    const { ReplicaKeyMetadata } = await context.peersIn(primary.region).kms.ReplicateKey({
      KeyId: text(properties, 'PrimaryKeyArn'),
      ReplicaRegion: context.region,
      Description: text(properties, 'Description'),
      Policy: json(properties, 'KeyPolicy'),
      Tags: tagList(tags(context, properties)),
    });
    const keyId = ReplicaKeyMetadata!.KeyId!;
    context.claim?.(keyId);
    await settle(context, keyId, properties, {});
    return resultOf(context, keyId);
  },
  update,
  delete: remove,
};

const alias: ResourceType = {
  type: 'AWS::KMS::Alias',
  createOnly: ['AliasName'],
  properties: ['AliasName', 'TargetKeyId'],
  async create(context, properties) {
    const name = text(properties, 'AliasName')!;
    await context.peers.kms.CreateAlias({ AliasName: name, TargetKeyId: text(properties, 'TargetKeyId') });
    return { physicalId: name };
  },
  async update(context, name, properties) {
    await context.peers.kms.UpdateAlias({ AliasName: name, TargetKeyId: text(properties, 'TargetKeyId') });
    return { physicalId: name };
  },
  async delete(context, name) {
    try {
      await context.peers.kms.DeleteAlias({ AliasName: name });
    } catch (error) {
      if (!isAwsError(error, 'NotFoundException')) throw error;
    }
  },
};

export const resources: readonly ResourceType[] = [key, alias, replicaKey];
