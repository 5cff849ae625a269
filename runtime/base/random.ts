/** Randomness, by the door: identifiers as AWS shapes them. Nothing else in the runtime draws random bytes. */
import { randomBytes, randomUUID } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const MIXED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random bytes drawn ahead, for the letters of ids: a draw costs the same for one byte and for thousands. */
const DRAWN_BYTES = 4096;

export class Random {
  private drawn = Buffer.alloc(0);
  private used = 0;

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
    if (this.used + length > this.drawn.length) {
      this.drawn = randomBytes(Math.max(length, DRAWN_BYTES));
      this.used = 0;
    }
    let text = '';
    for (const end = this.used + length; this.used < end; this.used++) {
      text += alphabet[this.drawn[this.used] % alphabet.length];
    }
    return text;
  }
}
