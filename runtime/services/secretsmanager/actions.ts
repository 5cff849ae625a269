/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Secrets Manager".
 */
import type * as Secrets from '@aws-sdk/client-secrets-manager';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { arnOfId } from './names';

export const asRecord = (tags: readonly { Key?: string; Value?: string }[] = []) =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));

async function onSecret(call: Call, id: string | undefined, more: Partial<Check> = {}): Promise<Check> {
  const { arn, row } = await arnOfId(call, id ?? '');
  const own = Object.entries(row?.tags ?? {}).map(([key, value]) => [`secretsmanager:ResourceTag/${key}`, value]);
  const keys = { 'secretsmanager:SecretId': arn, ...Object.fromEntries(own), ...more.keys };
  return { action: `secretsmanager:${call.operation}`, resource: arn, resourceTags: row?.tags, ...more, keys };
}

const one = async (input: { SecretId?: string }, call: Call) => [await onSecret(call, input.SecretId)];

export const actions: Actions<typeof Secrets> = {
  CreateSecret: async (input, call) => {
    const keys = { 'secretsmanager:Name': input.Name, 'secretsmanager:KmsKeyId': input.KmsKeyId };
    const check = await onSecret(call, input.Name, { keys, requestTags: asRecord(input.Tags) });
    return input.Tags?.length ? [check, { ...check, action: 'secretsmanager:TagResource' }] : [check];
  },
  DeleteResourcePolicy: one,
  DeleteSecret: async (input, call) => {
    const keys = {
      'secretsmanager:ForceDeleteWithoutRecovery': String(input.ForceDeleteWithoutRecovery ?? false),
      'secretsmanager:RecoveryWindowInDays':
        input.RecoveryWindowInDays === undefined ? undefined : String(input.RecoveryWindowInDays),
    };
    return [await onSecret(call, input.SecretId, { keys })];
  },
  DescribeSecret: one,
  GetRandomPassword: () => [{ action: 'secretsmanager:GetRandomPassword', resource: '*' }],
  GetResourcePolicy: one,
  GetSecretValue: async (input, call) => {
    const keys = {
      'secretsmanager:VersionId': input.VersionId,
      'secretsmanager:VersionStage': input.VersionStage ?? (input.VersionId ? undefined : 'AWSCURRENT'),
    };
    return [await onSecret(call, input.SecretId, { keys })];
  },
  ListSecretVersionIds: one,
  ListSecrets: () => [{ action: 'secretsmanager:ListSecrets', resource: '*' }],
  PutResourcePolicy: async (input, call) => {
    const keys = { 'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy ?? false) };
    return [await onSecret(call, input.SecretId, { keys })];
  },
  PutSecretValue: one,
  RestoreSecret: one,
  TagResource: async (input, call) => [await onSecret(call, input.SecretId, { requestTags: asRecord(input.Tags) })],
  UntagResource: async (input, call) => [
    await onSecret(call, input.SecretId, { keys: { 'aws:TagKeys': input.TagKeys } }),
  ],
  UpdateSecret: async (input, call) => {
    const keys = { 'secretsmanager:KmsKeyId': input.KmsKeyId };
    return [await onSecret(call, input.SecretId, { keys })];
  },
  UpdateSecretVersionStage: async (input, call) => {
    const keys = { 'secretsmanager:VersionStage': input.VersionStage };
    return [await onSecret(call, input.SecretId, { keys })];
  },
};
