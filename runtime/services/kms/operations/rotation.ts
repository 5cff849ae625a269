/** Rotation: automatic on the clock, on demand, and what it has left behind. */
import type * as Kms from '@aws-sdk/client-kms';
import type { RotationsListEntry } from '@aws-sdk/client-kms';
import type { Handlers } from '../../../kernel/service';
import { constraint, limitExceeded, unsupported } from '../errors';
import { anyAccount, arnOf, findKey, mustBeEnabled, mustStay, nameOf, needKey, ownKey } from '../keys';
import { pageAfter, pageLimit, readMarker } from '../paging';
import { cancelRotation, newMaterial, rotate, scheduleRotation } from '../rotation';
import { type KeyRow, materialsOf } from '../state';
import { changeKey } from './keys';

/** Source: AWS KMS Developer Guide, "Resource quotas": on-demand rotations per key. */
const onDemandLimit = 25;

/** @throws UnsupportedOperationException for keys of which the material never changes by itself */
function mustRotate(key: KeyRow): void {
  if (key.spec !== 'SYMMETRIC_DEFAULT' || key.origin !== 'AWS_KMS')
    throw unsupported(`${arnOf(key)} does not support key rotation.`);
}

/** Rotation is a shared property of multi-Region keys, changed on the primary. */
function mustLead(key: KeyRow): void {
  mustRotate(key);
  if (key.multiRegion && key.multiRegion.primary !== key.region)
    throw unsupported(`${arnOf(key)} is a replica key: change rotation on the primary key.`);
}

export const rotationHandlers = {
  async EnableKeyRotation(call, input) {
    const days = input.RotationPeriodInDays ?? 365;
    if (!Number.isInteger(days) || days < 90 || days > 2560)
      throw constraint('rotationPeriodInDays', days, 'have value between 90 and 2560');
    await changeKey(call, input.KeyId!, (key, tx) => {
      mustLead(key);
      mustBeEnabled(key);
      const unchanged = key.rotation?.periodDays === days;
      return unchanged ? key : scheduleRotation(tx, call.kernel.timers, key, days, call.now);
    });
    return {};
  },

  async DisableKeyRotation(call, input) {
    await changeKey(call, input.KeyId!, async (key, tx) => {
      mustLead(key);
      mustBeEnabled(key);
      await cancelRotation(tx, call.kernel.timers, key);
      return { ...key, rotation: undefined };
    });
    return {};
  },

  async GetKeyRotationStatus(call, input) {
    const key = await findKey(call, input.KeyId!, anyAccount);
    mustStay(key);
    return {
      KeyRotationEnabled: key.rotation !== undefined,
      KeyId: arnOf(key),
      RotationPeriodInDays: key.rotation?.periodDays,
      NextRotationDate: key.rotation && new Date(key.rotation.next),
    };
  },

  async RotateKeyOnDemand(call, input) {
    const named = await nameOf(call, input.KeyId!, ownKey);
    const found = await needKey(call.kernel.store, named);
    mustLead(found);
    const material = await newMaterial(found, call.kernel);
    await call.kernel.store.write(async (tx) => {
      const key = await needKey(tx, named);
      mustBeEnabled(key);
      const before = (await materialsOf(tx, key)).filter(({ row }) => row.rotation === 'ON_DEMAND');
      if (before.length >= onDemandLimit)
        throw limitExceeded(`A key can be rotated on demand at most ${onDemandLimit} times.`);
      await rotate(tx, key, material, 'ON_DEMAND', call.now);
    });
    return { KeyId: arnOf(found) };
  },

  async ListKeyRotations(call, input) {
    const limit = pageLimit(input.Limit, 1000, 100);
    const key = await findKey(call, input.KeyId!, ownKey);
    mustRotate(key);
    const all = await materialsOf(call.kernel.store, key);
    const wanted = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? all : all.filter(({ row }) => row.rotation);
    const place = ({ id, row }: (typeof all)[number]) => `${String(row.created).padStart(16, '0')} ${id}`;
    const page = pageAfter(wanted, limit, readMarker(input.Marker), place);
    return {
      Rotations: page.items.map(
        ({ id, row }): RotationsListEntry => ({
          KeyId: arnOf(key),
          KeyMaterialId: id,
          KeyMaterialState: id === key.material ? 'CURRENT' : 'NON_CURRENT',
          RotationDate: row.rotation && new Date(row.created),
          RotationType: row.rotation,
        }),
      ),
      Truncated: page.truncated,
      NextMarker: page.marker,
    };
  },
} satisfies Handlers<typeof Kms>;
