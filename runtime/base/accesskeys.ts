/**
 * Access key ids: a prefix that tells their kind, then 16 base32 characters that carry the account, as AWS's do. So an
 * account is known from a key id alone. Source: STS API reference, GetAccessKeyInfo ("the account identifier").
 */
import type { Random } from './random';

/** `AKIA`: long-term, `ASIA`: temporary. */
export type AccessKeyPrefix = 'AKIA' | 'ASIA';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CHARACTERS = 16;
/** Of 80 bits: one that is always set, 40 of the account, the rest at random. */
const RANDOM_BITS = 39n;

export function newAccessKeyId(random: Random, prefix: AccessKeyPrefix, account: string): string {
  const noise = BigInt(`0x${random.hex(10)}`) & ((1n << RANDOM_BITS) - 1n);
  let bits = (1n << 79n) | (BigInt(account) << RANDOM_BITS) | noise;
  let text = '';
  for (let i = 0; i < CHARACTERS; i++, bits >>= 5n) text = ALPHABET[Number(bits & 31n)] + text;
  return prefix + text;
}

/** The account that a key id of this making carries. Undefined when it is of no such form. */
export function accountOfAccessKey(accessKeyId: string): string | undefined {
  const text = /^A[KS]IA([A-Z2-7]{16})$/.exec(accessKeyId)?.[1];
  if (!text) return undefined;
  let bits = 0n;
  for (const character of text) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  const account = (bits >> RANDOM_BITS) & ((1n << 40n) - 1n);
  return account < 10n ** 12n ? String(account).padStart(12, '0') : undefined;
}
