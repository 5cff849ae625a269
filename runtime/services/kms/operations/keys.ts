/** Keys themselves: making, describing, switching on and off, deleting after the waiting period. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Call, Kernel } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { constraint, invalidState, unsupported, validation } from '../errors';
import { anyKey, arnOf, findKey, metadataOf, mustNotPend, mustStay, nameOf, needKey, ownKey } from '../keys';
import { pageLimit, pageOf, readMarker } from '../paging';
import { checkPolicy, defaultPolicy } from '../policies';
import { newMaterial, related, resumeRotation } from '../rotation';
import { usageFor } from '../specs';
import { eraseKey, type KeyRow, pageKeys, readKey, writeKey, writeMaterial, writePolicy } from '../state';
import { readTags } from '../tags';
import { lastUsage } from '../usage';

const dayMs = 86_400_000;
/** Source: KMS API Reference, "CreateKey": Description is at most 8,192 characters. */
const descriptionLimit = 8192;

export function checkDescription(description: string): string {
  if (description.length > descriptionLimit)
    throw constraint('description', description, `have length less than or equal to ${descriptionLimit}`);
  return description;
}

/** Changes a key of the caller's account in one transaction. `change` sees the key as it is then. */
export async function changeKey(
  call: Call,
  keyId: string,
  change: (key: KeyRow, tx: Writer) => KeyRow | Promise<KeyRow>,
): Promise<KeyRow> {
  const named = await nameOf(call, keyId, ownKey);
  return call.kernel.store.write(async (tx) => {
    const changed = await change(await needKey(tx, named), tx);
    writeKey(tx, changed);
    return changed;
  });
}

const deletionTimer = (key: KeyRow, at: number) => ({
  at,
  service: 'kms',
  task: 'delete',
  id: `${key.account}/${key.region}/${key.keyId}`,
  payload: { account: key.account, region: key.region, keyId: key.keyId },
});

/** The end of a waiting period: the key goes, and a primary that waited for its last replica starts waiting itself. */
export async function deleteWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  await kernel.store.write(async (tx) => {
    const key = await readKey(tx, String(payload.account), String(payload.region), String(payload.keyId));
    if (key?.state !== 'PendingDeletion') return;
    await eraseKey(tx, key);
    if (!key.multiRegion) return;
    const replicas = key.multiRegion.replicas.filter((region) => region !== key.region);
    for (const row of await related(tx, key)) {
      if (row.region === key.region) continue;
      const rest = { ...row, multiRegion: { ...key.multiRegion, replicas } };
      if (row.state !== 'PendingReplicaDeletion' || replicas.length > 0) writeKey(tx, rest);
      else await startWaiting(tx, kernel, rest, row.pendingWindowDays!, kernel.clock.now());
    }
  });
}

async function startWaiting(tx: Writer, kernel: Kernel, key: KeyRow, days: number, now: number): Promise<KeyRow> {
  const deletionAt = now + days * dayMs;
  await kernel.timers.schedule(tx, deletionTimer(key, deletionAt));
  const waiting: KeyRow = { ...key, state: 'PendingDeletion', deletionAt, pendingWindowDays: days };
  writeKey(tx, waiting);
  return waiting;
}

export const keyHandlers = {
  async GetKeyLastUsage(call, input) {
    const key = await findKey(call, input.KeyId!, ownKey);
    const use = await lastUsage(call.kernel, key);
    const created = new Date(key.created);
    return {
      KeyId: arnOf(key),
      KeyLastUsage: use
        ? {
            Operation: use.operation as Kms.KeyLastUsageTrackingOperation,
            Timestamp: new Date(use.at),
            KmsRequestId: use.requestId,
          }
        : {},
      TrackingStartDate: created,
      KeyCreationDate: created,
    };
  },

  async CreateKey(call, input) {
    const spec = input.KeySpec ?? (input.CustomerMasterKeySpec as Kms.KeySpec | undefined) ?? 'SYMMETRIC_DEFAULT';
    if (input.KeySpec && input.CustomerMasterKeySpec)
      throw validation('You cannot specify KeySpec and CustomerMasterKeySpec in the same request.');
    const origin = input.Origin ?? 'AWS_KMS';
    if (origin !== 'AWS_KMS' && origin !== 'EXTERNAL') throw unsupported(`Origin ${origin} is not supported.`);
    if (input.CustomKeyStoreId !== undefined) throw unsupported('CustomKeyStoreId is not supported.');
    if (input.XksKeyId !== undefined) throw unsupported('XksKeyId is not supported.');
    const { kernel, account, region, partition, now } = call;
    const imported = origin === 'EXTERNAL';
    const material = imported ? undefined : await newMaterial({ spec }, kernel);
    const key: KeyRow = {
      account,
      region,
      partition,
      keyId: input.MultiRegion ? `mrk-${kernel.random.hex(32)}` : kernel.random.uuid(),
      created: now,
      description: checkDescription(input.Description ?? ''),
      usage: usageFor(spec, input.KeyUsage),
      spec,
      origin,
      manager: 'CUSTOMER',
      state: imported ? 'PendingImport' : 'Enabled',
      material: material?.id,
      multiRegion: input.MultiRegion ? { primary: region, replicas: [] } : undefined,
      tags: readTags(input.Tags),
      aliases: [],
    };
    const document = input.Policy ?? defaultPolicy(partition, account);
    if (input.Policy !== undefined) await checkPolicy(call, arnOf(key), document, input.BypassPolicyLockoutSafetyCheck);
    await kernel.store.write(async (tx) => {
      writeKey(tx, key);
      writePolicy(tx, key, { document, origin: call.origin });
      if (material)
        writeMaterial(tx, region, material.id, { account, keyId: key.keyId, created: now, bytes: material.bytes });
    });
    return { KeyMetadata: metadataOf(key) };
  },

  async DescribeKey(call, input) {
    return { KeyMetadata: metadataOf(await findKey(call, input.KeyId!, anyKey)) };
  },

  async ListKeys(call, input) {
    const limit = pageLimit(input.Limit, 1000, 100);
    const { account, region } = call;
    const rows = await pageKeys(call.kernel.store, account, region, limit + 1, readMarker(input.Marker));
    const page = pageOf(rows, limit, (row) => row.value.keyId);
    return {
      Keys: page.items.map(({ value }) => ({ KeyId: value.keyId, KeyArn: arnOf(value) })),
      Truncated: page.truncated,
      NextMarker: page.marker,
    };
  },

  async EnableKey(call, input) {
    await changeKey(call, input.KeyId!, async (key, tx) => {
      mustNotPend(key);
      await resumeRotation(tx, call.kernel.timers, key);
      return { ...key, state: 'Enabled' };
    });
    return {};
  },

  async DisableKey(call, input) {
    await changeKey(call, input.KeyId!, (key) => {
      mustNotPend(key);
      return { ...key, state: 'Disabled' };
    });
    return {};
  },

  async UpdateKeyDescription(call, input) {
    await changeKey(call, input.KeyId!, (key) => {
      mustStay(key);
      return { ...key, description: checkDescription(input.Description ?? '') };
    });
    return {};
  },

  async ScheduleKeyDeletion(call, input) {
    const days = input.PendingWindowInDays ?? 30;
    if (!Number.isInteger(days) || days < 7 || days > 30)
      throw constraint('pendingWindowInDays', days, 'have value between 7 and 30');
    const key = await changeKey(call, input.KeyId!, (found, tx) => {
      mustStay(found);
      const waitsForReplicas =
        found.multiRegion?.primary === found.region && (found.multiRegion?.replicas.length ?? 0) > 0;
      if (waitsForReplicas) return { ...found, state: 'PendingReplicaDeletion', pendingWindowDays: days };
      return startWaiting(tx, call.kernel, found, days, call.now);
    });
    return {
      KeyId: arnOf(key),
      DeletionDate: key.deletionAt === undefined ? undefined : new Date(key.deletionAt),
      KeyState: key.state,
      PendingWindowInDays: days,
    };
  },

  async CancelKeyDeletion(call, input) {
    const key = await changeKey(call, input.KeyId!, async (found, tx) => {
      if (found.state !== 'PendingDeletion' && found.state !== 'PendingReplicaDeletion')
        throw invalidState(arnOf(found), 'is not pending deletion');
      const { service, task, id } = deletionTimer(found, 0);
      await call.kernel.timers.cancel(tx, service, task, id);
      const state = found.origin === 'EXTERNAL' && !found.imported?.present ? 'PendingImport' : 'Disabled';
      return { ...found, state, deletionAt: undefined, pendingWindowDays: undefined };
    });
    return { KeyId: arnOf(key) };
  },
} satisfies Handlers<typeof Kms>;
