/**
 * One-time codes by time, as an authenticator app shows them: six digits that change every 30 seconds. Sources: RFC 4226
 * (HOTP), RFC 6238 (TOTP) with HMAC-SHA-1, RFC 4648 for base32.
 */
import { createHmac } from 'node:crypto';

const STEP_MS = 30_000;
const DIGITS = 6;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The number of the step that a time lies in. */
export function stepAt(ms: number): number {
  return Math.floor(ms / STEP_MS);
}

export function codeAt(seed: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', seed).update(counter).digest();
  const offset = digest[digest.length - 1] & 0xf;
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The step at which a device showed these codes one after another, nearest to `around` first.
 * @param within steps on either side
 * @param after only steps beyond this one: a code is good once
 */
export function findStep(
  seed: Uint8Array,
  codes: readonly string[],
  { around, within, after = Number.NEGATIVE_INFINITY }: { around: number; within: number; after?: number },
): number | undefined {
  for (let distance = 0; distance <= within; distance++) {
    for (const step of distance === 0 ? [around] : [around - distance, around + distance]) {
      if (step < 0 || step <= after) continue;
      if (codes.every((code, i) => codeAt(seed, step + i) === code)) return step;
    }
  }
  return undefined;
}

/** @throws RangeError for what is no base32 */
export function fromBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text.replace(/=+$/, '')) {
    const five = ALPHABET.indexOf(letter);
    if (five < 0) throw new RangeError(`${letter} is not in the base32 alphabet`);
    value = (value << 5) | five;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 0xff);
    value &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}
