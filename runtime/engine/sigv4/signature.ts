/**
 * Keys, strings to sign and signatures of Signature Version 4, for whole requests and for the chunks of a streamed
 * body. Sources: AWS "Create a signed AWS API request", steps 2 to 4; Amazon S3 API reference, "Signature Calculations
 * for the Authorization Header: Transferring Payload in Multiple Chunks" and "... Including Trailing Headers".
 */
import * as crypto from 'node:crypto';
import type { Claim } from './claim';

/** Hex SHA-256 of nothing. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Half the price of a Hash object; Node has it since 20.12. */
const digest: (data: string | Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data)
    : (data) => crypto.createHash('sha256').update(data).digest('hex');

/** Hex SHA-256 of bytes, or of text whose characters are bytes. */
export function sha256(data: string | Uint8Array): string {
  return digest(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
}

/**
 * A key of HMAC-SHA256, its pads laid out with room for the message: two plain digests of prepared bytes cost half of
 * what an Hmac object does, and every request pays. Source: RFC 2104.
 */
export interface SigningKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const BLOCK_BYTES = 64;
const HEX_BYTES = 32;
/** Longer messages are rare and are put together anew. */
const ROOM_BYTES = 512;

function layOut(key: Buffer): SigningKey {
  const inner = Buffer.alloc(BLOCK_BYTES + ROOM_BYTES).fill(0x36, 0, BLOCK_BYTES);
  const outer = Buffer.alloc(BLOCK_BYTES + HEX_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < key.length; i++) {
    inner[i] ^= key[i];
    outer[i] ^= key[i];
  }
  return { inner, outer };
}

/** Hex signature of an ASCII text. */
export function sign({ inner, outer }: SigningKey, text: string): string {
  if (text.length > ROOM_BYTES) {
    const message = Buffer.concat([inner.subarray(0, BLOCK_BYTES), Buffer.from(text, 'latin1')]);
    outer.write(digest(message), BLOCK_BYTES, 'hex');
  } else {
    const length = inner.write(text, BLOCK_BYTES, 'latin1');
    outer.write(digest(inner.subarray(0, BLOCK_BYTES + length)), BLOCK_BYTES, 'hex');
  }
  return digest(outer);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return crypto.createHmac('sha256', key).update(text).digest();
}

/** Most signing keys to remember. A day's keys of one caller are few: one per region and service. */
const MOST_KEYS = 500;
const keys = new Map<string, SigningKey>();

/** The key that signs for one day, region and service. */
export function signingKey(secret: string, claim: Pick<Claim, 'date' | 'region' | 'service'>): SigningKey {
  const id = `${secret}\n${claim.date}\n${claim.region}\n${claim.service}`;
  let key = keys.get(id);
  if (key === undefined) {
    const regional = hmac(hmac(`AWS4${secret}`, claim.date), claim.region);
    key = layOut(hmac(hmac(regional, claim.service), 'aws4_request'));
    if (keys.size >= MOST_KEYS) keys.clear();
    keys.set(id, key);
  }
  return key;
}

export function stringToSign(claim: Pick<Claim, 'timestamp' | 'scope'>, canonicalRequest: string): string {
  return `AWS4-HMAC-SHA256\n${claim.timestamp}\n${claim.scope}\n${sha256(canonicalRequest)}`;
}

/** Whether two hex signatures are equal, in a time that does not tell where they differ. */
export function sameSignature(computed: string, given: string): boolean {
  if (given.length !== computed.length) return false;
  const bytes = Buffer.from(given, 'latin1');
  return bytes.length === computed.length && crypto.timingSafeEqual(Buffer.from(computed, 'latin1'), bytes);
}

/** What the signatures of a body's chunks hang on: the request's own signature and its key. */
export interface Seed {
  readonly key: SigningKey;
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
}

export function chunkStringToSign(seed: Seed, previous: string, chunkHash: string): string {
  const { timestamp, scope } = seed;
  return `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n${previous}\n${EMPTY_SHA256}\n${chunkHash}`;
}

export function trailerStringToSign(seed: Seed, previous: string, trailerHash: string): string {
  return `AWS4-HMAC-SHA256-TRAILER\n${seed.timestamp}\n${seed.scope}\n${previous}\n${trailerHash}`;
}
