/**
 * Session tokens: everything that a session is (principal, secret, expiry), sealed with authenticated encryption under a
 * key that lives in the store. A token of another store, or one with a changed bit, opens nothing.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { newAccessKeyId } from '../../base/accesskeys';
import type { Credentials } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import type { Principal } from '../../kernel/principal';
import { readSealingKey, writeSealingKey } from './state';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_BYTES = 30;
/** Opened tokens at hand: a session signs many requests with one token. */
const MOST_OPEN = 1_000;

interface Sealed {
  readonly secret: string;
  readonly principal: Principal;
  readonly expiresAt: number;
}

export interface Tokens {
  /** Makes temporary credentials for a principal. @param expiresAt virtual milliseconds */
  issue(kernel: Kernel, principal: Principal, expiresAt: number): Promise<Required<Credentials>>;
  /** The credentials that a token carries; undefined when it is none of ours or belongs to another key id. */
  open(kernel: Kernel, accessKeyId: string, token: string): Promise<Credentials | undefined>;
}

export function createTokens(): Tokens {
  let opened = new Map<string, Credentials>();

  async function keyOf({ store, random }: Kernel): Promise<Uint8Array> {
    const known = await readSealingKey(store);
    if (known) return known;
    const fresh = random.bytes(KEY_BYTES);
    return store.write(async (tx) => {
      const other = await readSealingKey(tx);
      if (!other) writeSealingKey(tx, fresh);
      return other ?? fresh;
    });
  }

  return {
    async issue(kernel, principal, expiresAt) {
      const accessKeyId = newAccessKeyId(kernel.random, 'ASIA', principal.account!);
      const secretAccessKey = kernel.random.bytes(SECRET_BYTES).toString('base64');
      const holder = { ...principal, accessKeyId };
      const sealed: Sealed = { secret: secretAccessKey, principal: holder, expiresAt };
      const sessionToken = seal(await keyOf(kernel), kernel.random.bytes(IV_BYTES), JSON.stringify(sealed));
      return { accessKeyId, secretAccessKey, sessionToken, principal: holder, expiresAt, active: true };
    },

    async open(kernel, accessKeyId, token) {
      const known = opened.get(token);
      if (known) return known.accessKeyId === accessKeyId ? known : undefined;
      const text = unseal(await keyOf(kernel), token);
      if (text === undefined) return undefined;
      const { secret, principal, expiresAt }: Sealed = JSON.parse(text);
      if (principal.accessKeyId !== accessKeyId) return undefined;
      const found = { accessKeyId, secretAccessKey: secret, sessionToken: token, principal, expiresAt, active: true };
      if (opened.size >= MOST_OPEN) opened = new Map();
      opened.set(token, found);
      return found;
    },
  };
}

function seal(key: Uint8Array, iv: Uint8Array, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
}

function unseal(key: Uint8Array, token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
