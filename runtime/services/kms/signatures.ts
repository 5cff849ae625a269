/**
 * Signatures over messages and over digests made elsewhere. Node signs only what it digests itself, so the encodings
 * around a ready digest stand here: EMSA-PKCS1-v1_5 and EMSA-PSS of RFC 8017 around Node's raw RSA, and ECDSA of
 * FIPS 186-5 around Node's point multiplication. The private key is at hand for verification too, which makes it short.
 */
import {
  constants,
  createECDH,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  sign as signMessage,
  verify as verifyMessage,
} from 'node:crypto';
import type { Random } from '../../base/random';
import { privateKeyOf, publicKeyOf, sameBytes } from './material';
import { digestOf, type Spec } from './specs';

export interface Signing {
  readonly spec: Spec;
  readonly key: Uint8Array;
  readonly algorithm: string;
  /** Whether `message` is already the digest of what is signed. */
  readonly digested: boolean;
  readonly message: Uint8Array;
}

const isPss = (algorithm: string) => algorithm.startsWith('RSASSA_PSS');
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const digestName = ({ spec, algorithm }: Signing) => (spec.family === 'edwards' ? null : digestOf(algorithm));

export function sign(signing: Signing, random: Random): Buffer {
  const { spec, key, algorithm, message } = signing;
  if (!signing.digested) {
    const secret = privateKeyOf(key);
    return signMessage(digestName(signing), message, isPss(algorithm) ? { key: secret, ...pss } : secret);
  }
  if (spec.family === 'ecc') return signDigest(spec.curve!, privateKeyOf(key), message, random);
  const padding = isPss(algorithm) ? constants.RSA_NO_PADDING : constants.RSA_PKCS1_PADDING;
  const encoded = isPss(algorithm)
    ? encodePss(message, digestOf(algorithm), spec.bits!, random.bytes(message.length))
    : digestInfo(message, algorithm);
  return privateEncrypt({ key: privateKeyOf(key), padding }, encoded);
}

export function verify(signing: Signing, signature: Uint8Array): boolean {
  const { spec, key, algorithm, message } = signing;
  try {
    if (!signing.digested) {
      const open = publicKeyOf(key);
      return verifyMessage(digestName(signing), message, isPss(algorithm) ? { key: open, ...pss } : open, signature);
    }
    if (spec.family === 'ecc') return verifyDigest(spec.curve!, privateKeyOf(key), message, signature);
    const padding = isPss(algorithm) ? constants.RSA_NO_PADDING : constants.RSA_PKCS1_PADDING;
    const encoded = publicDecrypt({ key: publicKeyOf(key), padding }, signature);
    return isPss(algorithm)
      ? matchesPss(encoded, message, digestOf(algorithm), spec.bits!)
      : sameBytes(encoded, digestInfo(message, algorithm));
  } catch {
    // Whatever OpenSSL cannot read is no signature.
    return false;
  }
}

// ---- RSA: RFC 8017, 9.2 and 9.1 ----------------------------------------------------------------------------------

const digestPrefix: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};
const digestInfo = (digest: Uint8Array, algorithm: string) =>
  Buffer.concat([Buffer.from(digestPrefix[digestOf(algorithm)], 'hex'), digest]);

function mask(seed: Uint8Array, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, have = 0; have < length; counter++) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    const block = createHash(hash).update(seed).update(suffix).digest();
    blocks.push(block);
    have += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const xor = (a: Uint8Array, b: Uint8Array) => Buffer.from(a.map((byte, i) => byte ^ b[i]));
const saltedHash = (digest: Uint8Array, salt: Uint8Array, hash: string) =>
  createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();

function encodePss(digest: Uint8Array, hash: string, bits: number, salt: Uint8Array): Buffer {
  const length = bits / 8;
  const h = saltedHash(digest, salt, hash);
  const data = Buffer.alloc(length - h.length - 1);
  data[data.length - salt.length - 1] = 1;
  data.set(salt, data.length - salt.length);
  const masked = xor(data, mask(h, data.length, hash));
  masked[0] &= 0x7f;
  return Buffer.concat([masked, h, Buffer.from([0xbc])]);
}

function matchesPss(encoded: Buffer, digest: Uint8Array, hash: string, bits: number): boolean {
  const dataLength = bits / 8 - digest.length - 1;
  if (encoded.length !== bits / 8 || encoded[encoded.length - 1] !== 0xbc || encoded[0] & 0x80) return false;
  const masked = encoded.subarray(0, dataLength);
  const h = encoded.subarray(dataLength, encoded.length - 1);
  const data = xor(masked, mask(h, dataLength, hash));
  data[0] &= 0x7f;
  const saltStart = dataLength - digest.length;
  if (data[saltStart - 1] !== 1 || data.subarray(0, saltStart - 1).some((byte) => byte !== 0)) return false;
  return sameBytes(h, saltedHash(digest, data.subarray(saltStart), hash));
}

// ---- ECDSA: FIPS 186-5, 6.4 --------------------------------------------------------------------------------------

/** Orders of the base points. Source: SEC 2, "Recommended Elliptic Curve Domain Parameters". */
const orders: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
const widthOf = (order: bigint) => Math.ceil(order.toString(2).length / 8);
const toBytes = (value: bigint, width: number) => Buffer.from(value.toString(16).padStart(width * 2, '0'), 'hex');

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [b, a] = [a, b - quotient * a];
    [y, x] = [x, y - quotient * x];
  }
  return ((x % modulus) + modulus) % modulus;
}

/** The x coordinate of `scalar` times the base point. */
function multiply(curve: string, scalar: bigint): bigint {
  const width = widthOf(orders[curve]);
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(toBytes(scalar, width));
  return toNumber(ecdh.getPublicKey().subarray(1, 1 + width));
}

const scalarOf = (key: KeyObject) => toNumber(Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url'));

/** The digests of the paired algorithms are never longer than the order, so no bits are cut. */
function signDigest(curve: string, key: KeyObject, digest: Uint8Array, random: Random): Buffer {
  const order = orders[curve];
  for (;;) {
    const nonce = (toNumber(random.bytes(widthOf(order) + 8)) % (order - 1n)) + 1n;
    const r = multiply(curve, nonce) % order;
    const s = (inverse(nonce, order) * (toNumber(digest) + r * scalarOf(key))) % order;
    if (r !== 0n && s !== 0n) return writeSignature(r, s);
  }
}

function verifyDigest(curve: string, key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const order = orders[curve];
  const [r, s] = readSignature(Buffer.from(signature));
  if (r <= 0n || r >= order || s <= 0n || s >= order) return false;
  const nonce = (inverse(s, order) * (toNumber(digest) + r * scalarOf(key))) % order;
  return nonce !== 0n && multiply(curve, nonce) % order === r;
}

/** `SEQUENCE { INTEGER r, INTEGER s }` in DER. */
function writeSignature(r: bigint, s: bigint): Buffer {
  const integers = [r, s].map((value) => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
    const signed = bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
    return Buffer.concat([Buffer.from([2, signed.length]), signed]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([Buffer.from(body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length]), body]);
}

function readSignature(bytes: Buffer): [bigint, bigint] {
  let at = bytes[1] === 0x81 ? 3 : 2;
  if (bytes[0] !== 0x30 || bytes[at - 1] !== bytes.length - at) throw new RangeError('not a DER sequence');
  const integer = () => {
    if (bytes[at] !== 2 || at + 2 + bytes[at + 1] > bytes.length) throw new RangeError('not a DER integer');
    const value = bytes.subarray(at + 2, at + 2 + bytes[at + 1]);
    at += 2 + value.length;
    return toNumber(value);
  };
  const pair: [bigint, bigint] = [integer(), integer()];
  if (at !== bytes.length) throw new RangeError('bytes after the signature');
  return pair;
}
