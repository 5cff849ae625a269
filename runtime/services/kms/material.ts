/**
 * Cryptography under one piece of key material: making it, sealing and opening with it, signing, agreeing. Pure
 * functions of bytes; who may use a key and when is decided elsewhere.
 *
 * A symmetric ciphertext is `header (5) | material id (32) | nonce (12) | AES-256-GCM ciphertext | tag (16)`. The header
 * and the id are authenticated together with the encryption context, so that none of them can be exchanged. AWS does not
 * document its own layout; the first five bytes are those that its ciphertexts begin with.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '../../base/random';
import { invalidCiphertext } from './errors';
import { digestOf, type Spec } from './specs';

const header = Buffer.from([1, 2, 2, 0, 0x78]);
const idEnd = header.length + 32;
const nonceEnd = idEnd + 12;
const tagLength = 16;

export type Context = Readonly<Record<string, string>>;

/** A new secret of this spec: random bytes, or a private key as PKCS #8. */
export async function makeMaterial(spec: Spec, random: Random): Promise<Uint8Array> {
  if (spec.family === 'symmetric' || spec.family === 'hmac') return random.bytes(spec.bytes!);
  const { privateKey } = await makePair(spec);
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

const generate = promisify(generateKeyPair) as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>;

function makePair(spec: Spec): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (spec.family === 'rsa') return generate('rsa', { modulusLength: spec.bits });
  if (spec.family === 'ecc') return generate('ec', { namedCurve: spec.curve });
  return generate('ed25519', {});
}

/** A data key pair: PKCS #8 and SubjectPublicKeyInfo, as GenerateDataKeyPair answers them. */
export async function makeDataPair(spec: Spec): Promise<{ privateKey: Buffer; publicKey: Buffer }> {
  const pair = await makePair(spec);
  return {
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
  };
}

export const privateKeyOf = (bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' });
export const publicKeyOf = (bytes: Uint8Array): KeyObject => createPublicKey(privateKeyOf(bytes));
export const exportPublic = (bytes: Uint8Array): Buffer => publicKeyOf(bytes).export({ format: 'der', type: 'spki' });

/** The encryption context in one order, each part with its length: two contexts never have the same bytes. */
function bind(prefix: Uint8Array, context: Context): Buffer {
  const parts: Uint8Array[] = [prefix];
  for (const name of Object.keys(context).sort()) {
    for (const text of [name, context[name]]) {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      parts.push(length, bytes);
    }
  }
  return Buffer.concat(parts);
}

export function seal(id: string, key: Uint8Array, plaintext: Uint8Array, context: Context, random: Random): Buffer {
  const prefix = Buffer.concat([header, Buffer.from(id, 'hex')]);
  const nonce = random.bytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bind(prefix, context));
  return Buffer.concat([prefix, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Which material a symmetric ciphertext names. @throws InvalidCiphertextException */
export function materialIn(blob: Uint8Array): string {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
  if (bytes.length < nonceEnd + tagLength || !bytes.subarray(0, header.length).equals(header))
    throw invalidCiphertext();
  return bytes.toString('hex', header.length, idEnd);
}

/** @throws InvalidCiphertextException on another context, another key or a changed byte */
export function open(key: Uint8Array, blob: Uint8Array, context: Context): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(idEnd, nonceEnd))
    .setAAD(bind(blob.subarray(0, idEnd), context))
    .setAuthTag(blob.subarray(blob.length - tagLength));
  try {
    return Buffer.concat([decipher.update(blob.subarray(nonceEnd, blob.length - tagLength)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

const oaep = (algorithm: string) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: digestOf(algorithm),
});

export const sealRsa = (key: Uint8Array, algorithm: string, plaintext: Uint8Array): Buffer =>
  publicEncrypt({ key: publicKeyOf(key), ...oaep(algorithm) }, plaintext);

/** @throws InvalidCiphertextException */
export function openRsa(key: Uint8Array, algorithm: string, ciphertext: Uint8Array): Buffer {
  try {
    return privateDecrypt({ key: privateKeyOf(key), ...oaep(algorithm) }, ciphertext);
  } catch {
    throw invalidCiphertext();
  }
}

export const mac = (key: Uint8Array, algorithm: string, message: Uint8Array): Buffer =>
  createHmac(digestOf(algorithm), key).update(message).digest();

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The raw Diffie-Hellman secret with another party's SubjectPublicKeyInfo. Undefined: not a point of the same curve. */
export function agree(key: Uint8Array, theirs: Uint8Array): Buffer | undefined {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(theirs), format: 'der', type: 'spki' });
    return diffieHellman({ privateKey: privateKeyOf(key), publicKey });
  } catch {
    return undefined;
  }
}
