/**
 * The digests that S3 and its clients exchange, fed while bytes stream by, and the arithmetic that joins the CRCs of
 * two neighbouring pieces without reading them again. Sources: S3 user guide, "Checking object integrity in Amazon S3"; zlib's notes on combining CRCs.
 */
import { createHash } from 'node:crypto';

export type CrcName = 'CRC32' | 'CRC32C' | 'CRC64NVME';
export type XxhashName = 'XXHASH64' | 'XXHASH3' | 'XXHASH128';
export type DigestName = 'MD5' | 'SHA1' | 'SHA256' | 'SHA512' | CrcName | XxhashName;

export interface Digest {
  update(chunk: Uint8Array): void;
  /** Ends the digest: big-endian bytes. */
  finish(): Promise<Uint8Array>;
}

/** Bytes of each digest's value. */
export const digestLength: Readonly<Record<DigestName, number>> = {
  MD5: 16,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

export function digest(name: DigestName): Digest {
  switch (name) {
    case 'CRC32':
    case 'CRC32C':
      return crc32Digest(name);
    case 'CRC64NVME':
      return crc64Digest();
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return xxhashDigest(name);
    default: {
      const hash = createHash(name.toLowerCase());
      return { update: (chunk) => void hash.update(chunk), finish: async () => hash.digest() };
    }
  }
}

export function isCrc(name: DigestName): name is CrcName {
  return name.startsWith('CRC');
}

// These packages load at first use: many runs of the runtime need none of them.
function crc32Digest(name: 'CRC32' | 'CRC32C'): Digest {
  const { crc32, crc32c } = require('@node-rs/crc32') as typeof import('@node-rs/crc32');
  const step = name === 'CRC32' ? crc32 : crc32c;
  let value = 0;
  return {
    update(chunk) {
      value = step(chunk, value);
    },
    async finish() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes;
    },
  };
}

function crc64Digest(): Digest {
  const { Crc64Nvme } = require('@aws-sdk/crc64-nvme') as typeof import('@aws-sdk/crc64-nvme');
  const crc = new Crc64Nvme();
  return { update: (chunk) => crc.update(chunk), finish: () => crc.digest() };
}

type Hasher = import('hash-wasm').IHasher;

/** WebAssembly instances that are at rest. Making one is asynchronous and costs more than hashing a small body. */
const rested: Record<XxhashName, Hasher[]> = { XXHASH64: [], XXHASH3: [], XXHASH128: [] };
const MOST_RESTED = 16;

/** Seed 0; the canonical form of xxHash is big-endian, as all that S3 encodes. Source: xxHash specification, "Output". */
function xxhashDigest(name: XxhashName): Digest {
  let hasher = rested[name].pop()?.init();
  /** What came before the hasher was there. */
  let waiting: Uint8Array[] = [];
  const ready = hasher ? undefined : makeHasher(name).then(begin);
  // Whoever finishes learns of a failure; until then nobody has to.
  ready?.catch(() => {});
  function begin(made: Hasher): void {
    hasher = made.init();
    for (const chunk of waiting) hasher.update(chunk);
    waiting = [];
  }
  return {
    update(chunk) {
      if (hasher) hasher.update(chunk);
      else waiting.push(Uint8Array.from(chunk));
    },
    async finish() {
      await ready;
      const value = Buffer.from(hasher!.digest('binary'));
      if (rested[name].length < MOST_RESTED) rested[name].push(hasher!);
      return value;
    },
  };
}

function makeHasher(name: XxhashName): Promise<Hasher> {
  const xxhash = require('hash-wasm') as typeof import('hash-wasm');
  switch (name) {
    case 'XXHASH64':
      return xxhash.createXXHash64();
    case 'XXHASH3':
      return xxhash.createXXHash3();
    case 'XXHASH128':
      return xxhash.createXXHash128();
  }
}

/**
 * The CRC of `a` followed by `b`, from their CRCs and the length of `b`: the first is multiplied by x to the power of
 * the bits that follow it, modulo the polynomial. Start and end values of all three CRCs cancel out.
 */
export function combineCrcs(name: CrcName, a: Uint8Array, b: Uint8Array, lengthOfB: number): Uint8Array {
  const field = fields[name];
  const shifted = multiply(field, toNumber(a), powerOfBytes(field, lengthOfB));
  return toBytes(shifted ^ toNumber(b), digestLength[name]);
}

/** Polynomials over GF(2) in reflected order: the highest bit is the coefficient of x^0. */
interface Field {
  readonly polynomial: bigint;
  readonly one: bigint;
  /** x^(8·2^i), filled as needed. */
  readonly squares: bigint[];
  /** x^(8·length) of lengths seen: parts of an upload mostly share one. */
  readonly powers: Map<number, bigint>;
}

function field(polynomial: bigint, bits: bigint): Field {
  const one = 1n << (bits - 1n);
  return { polynomial, one, squares: [one >> 8n], powers: new Map() };
}

const fields: Readonly<Record<CrcName, Field>> = {
  CRC32: field(0xedb88320n, 32n),
  CRC32C: field(0x82f63b78n, 32n),
  CRC64NVME: field(0x9a6c9329ac4bc9b5n, 64n),
};

const MOST_POWERS = 256;

function powerOfBytes(of: Field, length: number): bigint {
  const known = of.powers.get(length);
  if (known !== undefined) return known;
  let power = of.one;
  for (let rest = length, i = 0; rest > 0; rest = Math.floor(rest / 2), i++) {
    of.squares[i] ??= multiply(of, of.squares[i - 1], of.squares[i - 1]);
    if (rest % 2 === 1) power = multiply(of, power, of.squares[i]);
  }
  if (of.powers.size >= MOST_POWERS) of.powers.clear();
  of.powers.set(length, power);
  return power;
}

function multiply(of: Field, a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = of.one; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ of.polynomial : factor >> 1n;
  }
  return product;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function toBytes(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
