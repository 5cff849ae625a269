/** Randomness, by the door: identifiers as AWS shapes them. Nothing else in the runtime draws random bytes. */
import { randomBytes, randomUUID } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const MIXED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export class Random {
  bytes(length: number): Buffer {
    return randomBytes(length);
  }

  uuid(): string {
    return randomUUID();
  }

  /** Upper-case letters and digits, as in request ids and CloudFormation's physical-name suffixes. */
  upper(length: number): string {
    return this.pick(UPPER, length);
  }

  /** Letters of both cases and digits. */
  mixed(length: number): string {
    return this.pick(MIXED, length);
  }

  /** Base32 (RFC 4648 alphabet), as in access key ids and IAM unique ids after their four-letter prefix. */
  base32(length: number): string {
    return this.pick(BASE32, length);
  }

  hex(length: number): string {
    return randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length);
  }

  private pick(alphabet: string, length: number): string {
    const bytes = randomBytes(length);
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[bytes[i] % alphabet.length];
    return text;
  }
}
