/** Secrets: made, changed, told of, deleted and restored; their tags and policies. Source: Secrets Manager API Reference. */
import type * as Secrets from '@aws-sdk/client-secrets-manager';
import { isPublic } from '../../../engine/policy/public';
import type { Call } from '../../../kernel/call';
import type { Handlers, TimerHandler } from '../../../kernel/service';
import { asRecord } from '../actions';
import {
  exists,
  invalidParameter,
  malformedPolicy,
  nameMarkedForDeletion,
  notFound,
  publicPolicy,
  unsupported,
} from '../errors';
import { checkName, findSecret, nameOf, needSecret, secretArn } from '../names';
import { randomPassword } from '../passwords';
import { eraseSecret, readSecret, type SecretName, type SecretRow, scanSecrets, writeSecret } from '../state';
import { addVersion, readValue } from './values';

const DAY_MS = 86_400_000;
const SUFFIX_LENGTH = 6;
const MOST_TAGS = 50;

const idOf = ({ account, region, name }: SecretName) => [account, region, name].join('/');

async function changeSecret(call: Call, id: string | undefined, change: (row: SecretRow) => SecretRow) {
  return call.kernel.store.write(async (tx) => {
    const row = change(await needSecret(call, id, tx));
    writeSecret(tx, row);
    return row;
  });
}

function withTags(before: SecretRow['tags'], given: readonly Secrets.Tag[] | undefined): SecretRow['tags'] {
  for (const { Key = '' } of given ?? [])
    if (/^aws:/i.test(Key)) throw invalidParameter('Tag keys that begin with aws: are reserved.');
  const after = { ...before, ...asRecord(given) };
  if (Object.keys(after).length > MOST_TAGS) throw invalidParameter('A secret has at most 50 tags.');
  return after;
}

function shown(row: SecretRow) {
  const stages: Record<string, string[]> = {};
  for (const [stage, id] of Object.entries(row.stages)) stages[id] = [...(stages[id] ?? []), stage];
  return {
    ARN: secretArn(row),
    Name: row.name,
    Description: row.description,
    KmsKeyId: row.keyId,
    CreatedDate: new Date(row.created),
    LastChangedDate: new Date(row.changed),
    LastAccessedDate: row.accessed === undefined ? undefined : new Date(row.accessed),
    DeletedDate: row.deleted === undefined ? undefined : new Date(row.deleted),
    Tags: Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value })),
    stages,
  };
}

export const secretHandlers: Handlers<typeof Secrets> = {
  async CreateSecret(call, input) {
    const name = input.Name!;
    checkName(name);
    if (input.AddReplicaRegions?.length) throw unsupported('replicas');
    if (input.Type) throw unsupported('managed external secrets');
    const { account, region, partition, now, kernel } = call;
    const row: SecretRow = {
      account,
      region,
      partition,
      name,
      suffix: kernel.random.mixed(SUFFIX_LENGTH),
      description: input.Description,
      keyId: input.KmsKeyId || undefined,
      created: now,
      changed: now,
      tags: withTags({}, input.Tags),
      stages: {},
    };
    const value = readValue(input);
    const id = input.ClientRequestToken ?? kernel.random.uuid();
    const version = value && (await addVersion(call, row, id, value));
    await kernel.store.write(async (tx) => {
      const existing = await readSecret(tx, row);
      if (existing) throw existing.erasedAt === undefined ? exists(name) : nameMarkedForDeletion();
      writeSecret(tx, row);
      await version?.(tx, row, ['AWSCURRENT']);
    });
    return { ARN: secretArn(row), Name: name, VersionId: version && id };
  },

  async UpdateSecret(call, input) {
    const before = await needSecret(call, input.SecretId);
    if (input.Type) throw unsupported('managed external secrets');
    const value = readValue(input);
    const keyId = input.KmsKeyId === undefined ? before.keyId : input.KmsKeyId || undefined;
    const id = input.ClientRequestToken ?? call.kernel.random.uuid();
    const version = value && (await addVersion(call, { ...before, keyId }, id, value));
    await call.kernel.store.write(async (tx) => {
      const row = await needSecret(call, input.SecretId, tx);
      const changed = { ...row, keyId, description: input.Description ?? row.description, changed: call.now };
      writeSecret(tx, changed);
      await version?.(tx, changed, ['AWSCURRENT']);
    });
    return { ARN: secretArn(before), Name: before.name, VersionId: version && id };
  },

  async DescribeSecret(call, input) {
    const { stages, ...row } = shown(await needSecret(call, input.SecretId, undefined, true));
    return { ...row, RotationEnabled: false, VersionIdsToStages: stages };
  },

  async ListSecrets(call, input) {
    if (input.Filters?.length) throw unsupported('filters of ListSecrets');
    const limit = input.MaxResults ?? 100;
    const SecretList: Secrets.SecretListEntry[] = [];
    const { account, region, kernel } = call;
    for await (const row of scanSecrets(kernel.store, account, region, readToken(input.NextToken))) {
      if (row.erasedAt !== undefined && !input.IncludePlannedDeletion) continue;
      if (SecretList.length === limit) return { SecretList, NextToken: writeToken(SecretList[limit - 1].Name!) };
      const { stages, ...entry } = shown(row);
      SecretList.push({ ...entry, SecretVersionsToStages: stages });
    }
    return { SecretList };
  },

  async DeleteSecret(call, input) {
    const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force = false } = input;
    if (force && days !== undefined)
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    if (days !== undefined && (days < 7 || days > 30))
      throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
    const { kernel, now } = call;
    return kernel.store.write(async (tx) => {
      const row = await findSecret(tx, call, input.SecretId ?? '');
      if (!row) {
        // Without recovery, what is not there is as good as deleted.
        if (force) return { ARN: undefined, Name: input.SecretId, DeletionDate: new Date(now) };
        throw notFound();
      }
      const erasedAt = force ? now : now + (days ?? 30) * DAY_MS;
      const answer = { ARN: secretArn(row), Name: row.name, DeletionDate: new Date(erasedAt) };
      if (force) {
        await kernel.timers.cancel(tx, 'secretsmanager', 'erase', idOf(row));
        await eraseSecret(tx, row);
        return answer;
      }
      writeSecret(tx, { ...row, erasedAt, deleted: now });
      const timer = { at: erasedAt, service: 'secretsmanager', task: 'erase', id: idOf(row) };
      await kernel.timers.schedule(tx, { ...timer, payload: { ...nameOf(row) } });
      return answer;
    });
  },

  async RestoreSecret(call, input) {
    return call.kernel.store.write(async (tx) => {
      const row = await needSecret(call, input.SecretId, tx, true);
      const { erasedAt: _, deleted: __, ...rest } = row;
      writeSecret(tx, rest);
      await call.kernel.timers.cancel(tx, 'secretsmanager', 'erase', idOf(row));
      return { ARN: secretArn(row), Name: row.name };
    });
  },

  async TagResource(call, input) {
    await changeSecret(call, input.SecretId, (row) => ({ ...row, tags: withTags(row.tags, input.Tags) }));
    return {};
  },

  async UntagResource(call, { SecretId, TagKeys = [] }) {
    await changeSecret(call, SecretId, (row) => ({
      ...row,
      tags: Object.fromEntries(Object.entries(row.tags).filter(([key]) => !TagKeys.includes(key))),
    }));
    return {};
  },

  async PutResourcePolicy(call, { SecretId, ResourcePolicy: policy = '', BlockPublicPolicy }) {
    try {
      JSON.parse(policy);
    } catch {
      throw malformedPolicy();
    }
    if (BlockPublicPolicy && isPublic(policy)) throw publicPolicy();
    const row = await changeSecret(call, SecretId, (before) => ({ ...before, policy, policyOrigin: call.origin }));
    return { ARN: secretArn(row), Name: row.name };
  },

  async GetResourcePolicy(call, input) {
    const row = await needSecret(call, input.SecretId);
    return { ARN: secretArn(row), Name: row.name, ResourcePolicy: row.policy };
  },

  async DeleteResourcePolicy(call, input) {
    const row = await changeSecret(call, input.SecretId, ({ policy: _, policyOrigin: __, ...rest }) => rest);
    return { ARN: secretArn(row), Name: row.name };
  },

  async GetRandomPassword(call, input) {
    return { RandomPassword: randomPassword(call.kernel.random, input) };
  },
};

/** The recovery window of a secret is over. */
export const erase: TimerHandler = async (payload, kernel) => {
  const name = payload as unknown as SecretName;
  await kernel.store.write(async (tx) => {
    const row = await readSecret(tx, name);
    if (row?.erasedAt !== undefined && row.erasedAt <= kernel.clock.now()) await eraseSecret(tx, row);
  });
};

const writeToken = (name: string) => Buffer.from(JSON.stringify(name)).toString('base64');

function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof value === 'string') return value;
  } catch {
    // Not one of ours.
  }
  throw invalidParameter('The NextToken is not valid.');
}
