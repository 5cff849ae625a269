/**
 * Keys, strings to sign and signatures of Signature Version 4, for whole requests and for the chunks of a streamed
 * body. Sources: AWS "Create a signed AWS API request", steps 2 to 4; Amazon S3 API reference, "Signature Calculations
 * for the Authorization Header: Transferring Payload in Multiple Chunks" and "... Including Trailing Headers".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Claim } from './claim';

/** Hex SHA-256 of nothing. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Hex SHA-256 of bytes, or of text whose characters are bytes. */
export function sha256(data: string | Uint8Array): string {
  const hash = createHash('sha256');
  return (typeof data === 'string' ? hash.update(data, 'latin1') : hash.update(data)).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Most signing keys to remember. A day's keys of one caller are few: one per region and service. */
const MOST_KEYS = 500;
const keys = new Map<string, Buffer>();

/** The key that signs for one day, region and service. */
export function signingKey(secret: string, claim: Pick<Claim, 'date' | 'region' | 'service'>): Buffer {
  const id = `${secret}\n${claim.date}\n${claim.region}\n${claim.service}`;
  let key = keys.get(id);
  if (key === undefined) {
    key = hmac(hmac(hmac(hmac(`AWS4${secret}`, claim.date), claim.region), claim.service), 'aws4_request');
    if (keys.size >= MOST_KEYS) keys.clear();
    keys.set(id, key);
  }
  return key;
}

export function stringToSign(claim: Pick<Claim, 'timestamp' | 'scope'>, canonicalRequest: string): string {
  return `AWS4-HMAC-SHA256\n${claim.timestamp}\n${claim.scope}\n${sha256(canonicalRequest)}`;
}

/** Hex signature of a string to sign. */
export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/** Whether two hex signatures are equal, in a time that does not tell where they differ. */
export function sameSignature(computed: string, given: string): boolean {
  if (given.length !== computed.length) return false;
  const bytes = Buffer.from(given, 'latin1');
  return bytes.length === computed.length && timingSafeEqual(Buffer.from(computed, 'latin1'), bytes);
}

/** What the signatures of a body's chunks hang on: the request's own signature and its key. */
export interface Seed {
  readonly key: Buffer;
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
