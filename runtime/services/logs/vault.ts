/**
 * Events at rest: sealed under a data key of the group's KMS key, which the service asks for in its own name, as the key
 * policy must allow. Opened data keys are kept for five minutes, so a disabled key bites that much later.
 * Source: CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../base/errors';
import type { Call, Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { servicePrincipal } from '../../kernel/principal';
import { lockedEvents, unusableKey } from './errors';
import { arnOfGroup } from './names';
import { type DataKeyRow, type EventRow, type GroupRow, readDataKey } from './state';

type Place = Pick<Call, 'kernel' | 'partition' | 'region' | 'account'>;

const keptMs = 5 * 60_000;
const nonceBytes = 12;
const tagBytes = 16;

const contextOf = (place: Place, group: string) => ({ 'aws:logs:arn': arnOfGroup(place, group) });

function kmsFor(place: Place, group: string): Peers['kms'] {
  const { account, region } = place;
  const principal = servicePrincipal(`logs.${region}.amazonaws.com`, arnOfGroup(place, group), account);
  return place.kernel.peers(principal, { account, region }).kms;
}

/** A data key for a group, and with it the proof that the key may be used. @throws InvalidParameterException */
export async function makeDataKey(place: Place, group: string, keyId: string): Promise<DataKeyRow> {
  try {
    const made = await kmsFor(place, group).GenerateDataKeyWithoutPlaintext({
      KeyId: keyId,
      KeySpec: 'AES_256',
      EncryptionContext: contextOf(place, group),
    });
    return { keyId: made.KeyId!, blob: made.CiphertextBlob! };
  } catch (error) {
    throw error instanceof AwsError ? unusableKey(keyId, arnOfGroup(place, group)) : error;
  }
}

export interface Vault {
  /** How messages of a group are kept from now on. @throws InvalidOperationException when its key cannot be used */
  sealer(place: Place, group: GroupRow): Promise<(message: string) => Pick<EventRow, 'message' | 'dataKey'>>;
  /** @throws InvalidOperationException */
  open(place: Place, group: GroupRow, row: EventRow): Promise<string>;
}

export function createVault(): Vault {
  const opened = new Map<string, { readonly key: Promise<Uint8Array>; readonly until: number }>();

  function keyOf(place: Place, group: GroupRow, number: number): Promise<Uint8Array> {
    const name = `${group.id}/${number}`;
    const now = place.kernel.clock.now();
    const known = opened.get(name);
    if (known && known.until > now) return known.key;
    const key = unwrap(place.kernel, place, group, number);
    for (const [other, { until }] of opened) if (until <= now) opened.delete(other);
    opened.set(name, { key, until: now + keptMs });
    key.catch(() => opened.delete(name));
    return key;
  }

  return {
    async sealer(place, group) {
      const { dataKey } = group;
      if (dataKey === undefined) return (message) => ({ message });
      const key = await keyOf(place, group, dataKey);
      return (message) => {
        const nonce = place.kernel.random.bytes(nonceBytes);
        const cipher = createCipheriv('aes-256-gcm', key, nonce);
        const sealed = Buffer.concat([nonce, cipher.update(message, 'utf8'), cipher.final(), cipher.getAuthTag()]);
        return { message: sealed, dataKey };
      };
    },

    async open(place, group, { message, dataKey }) {
      if (typeof message === 'string') return message;
      const key = await keyOf(place, group, dataKey!);
      const body = message.subarray(nonceBytes, message.length - tagBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, message.subarray(0, nonceBytes)).setAuthTag(
        message.subarray(message.length - tagBytes),
      );
      return decipher.update(body, undefined, 'utf8') + decipher.final('utf8');
    },
  };
}

async function unwrap(kernel: Kernel, place: Place, group: GroupRow, number: number): Promise<Uint8Array> {
  const row = await readDataKey(kernel.store, group.id, number);
  try {
    const answer = await kmsFor(place, group.name).Decrypt({
      CiphertextBlob: row!.blob,
      EncryptionContext: contextOf(place, group.name),
    });
    return answer.Plaintext!;
  } catch (error) {
    throw error instanceof AwsError ? lockedEvents(row!.keyId) : error;
  }
}
