/**
 * Rotation: a key gets new material and keeps the old for what it once encrypted. On the clock by a timer, or on demand.
 * Related multi-Region keys rotate together, led by the primary. Source: AWS KMS Developer Guide, "Rotate AWS KMS keys".
 */
import type { Kernel } from '../../kernel/call';
import type { Timers } from '../../kernel/timers';
import type { Reader, Writer } from '../../store/port';
import { makeMaterial } from './material';
import { specOf } from './specs';
import { type KeyRow, readKey, writeKey, writeMaterial } from './state';

const dayMs = 86_400_000;
const timer = (key: KeyRow, at: number) => ({
  at,
  service: 'kms',
  task: 'rotate',
  id: `${key.account}/${key.region}/${key.keyId}`,
  payload: { account: key.account, region: key.region, keyId: key.keyId },
});

/** All keys that share material with this one, itself included. */
export async function related(from: Reader, key: KeyRow): Promise<KeyRow[]> {
  if (!key.multiRegion) return [key];
  const regions = [key.multiRegion.primary, ...key.multiRegion.replicas];
  const rows = await Promise.all(
    regions.map((region) => (region === key.region ? key : readKey(from, key.account, region, key.keyId))),
  );
  return rows.filter((row) => row !== undefined);
}

const primaryOf = (key: KeyRow): KeyRow => ({ ...key, region: key.multiRegion?.primary ?? key.region });

/** Turns rotation on or moves its next date to a period from now. Returns the key as it must be written. */
export async function scheduleRotation(tx: Writer, timers: Timers, key: KeyRow, periodDays: number, now: number) {
  const rotation = { periodDays, next: now + periodDays * dayMs };
  await timers.schedule(tx, timer(primaryOf(key), rotation.next));
  for (const row of await related(tx, key)) writeKey(tx, { ...row, rotation });
  return { ...key, rotation };
}

export async function cancelRotation(tx: Writer, timers: Timers, key: KeyRow): Promise<void> {
  const { service, task, id } = timer(primaryOf(key), 0);
  await timers.cancel(tx, service, task, id);
  for (const row of await related(tx, key)) writeKey(tx, { ...row, rotation: undefined });
}

/** Moves the timer of a multi-Region key to its new primary, or runs what a disabled key has missed. */
export async function resumeRotation(tx: Writer, timers: Timers, key: KeyRow): Promise<void> {
  if (key.rotation) await timers.schedule(tx, timer(primaryOf(key), key.rotation.next));
}

export interface NewMaterial {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export async function newMaterial(key: Pick<KeyRow, 'spec'>, kernel: Kernel): Promise<NewMaterial> {
  return { id: kernel.random.hex(64), bytes: await makeMaterial(specOf(key.spec), kernel.random) };
}

/** Makes `material` the current one of a key and of all that are related to it. */
export async function rotate(
  tx: Writer,
  key: KeyRow,
  material: NewMaterial,
  rotation: 'AUTOMATIC' | 'ON_DEMAND',
  now: number,
): Promise<void> {
  for (const row of await related(tx, key)) {
    const { account, keyId } = row;
    writeMaterial(tx, row.region, material.id, { account, keyId, created: now, bytes: material.bytes, rotation });
    writeKey(tx, { ...row, material: material.id, rotation: key.rotation });
  }
}

/** A disabled key misses its date; enabling it makes up for that. */
export async function rotateWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  const material = await newMaterial({ spec: 'SYMMETRIC_DEFAULT' }, kernel);
  await kernel.store.write(async (tx) => {
    const key = await readKey(tx, String(payload.account), String(payload.region), String(payload.keyId));
    if (key?.state !== 'Enabled' || !key.rotation) return;
    const { periodDays, next } = key.rotation;
    const rotation = { periodDays, next: next + periodDays * dayMs };
    await rotate(tx, { ...key, rotation }, material, 'AUTOMATIC', next);
    await kernel.timers.schedule(tx, timer(key, rotation.next));
  });
}
