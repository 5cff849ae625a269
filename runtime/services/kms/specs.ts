/**
 * What each key spec can do: usages, algorithms, sizes. Source: AWS KMS Developer Guide, "Key spec reference".
 * Left out, and refused by name: SM2 (China only), ML-DSA and ML-KEM (Node 20's OpenSSL has neither).
 */
import type {
  EncryptionAlgorithmSpec,
  GrantOperation,
  KeySpec,
  KeyUsageType,
  MacAlgorithmSpec,
  SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import { invalidAlgorithm, unsupported, validation } from './errors';

export interface Spec {
  readonly usages: readonly KeyUsageType[];
  readonly encryption?: readonly EncryptionAlgorithmSpec[];
  readonly signing?: readonly SigningAlgorithmSpec[];
  readonly mac?: readonly MacAlgorithmSpec[];
  readonly family: 'symmetric' | 'hmac' | 'rsa' | 'ecc' | 'edwards';
  /** RSA modulus bits; HMAC key bytes; the curve as OpenSSL names it. */
  readonly bits?: number;
  readonly bytes?: number;
  readonly curve?: string;
}

const rsaSigning: readonly SigningAlgorithmSpec[] = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
];

const rsa = (bits: number): Spec => ({
  family: 'rsa',
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  encryption: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  signing: rsaSigning,
  bits,
});
const ecc = (curve: string, signing: SigningAlgorithmSpec, usages: readonly KeyUsageType[]): Spec => ({
  family: 'ecc',
  usages,
  signing: [signing],
  curve,
});
const hmac = (bytes: number, mac: MacAlgorithmSpec): Spec => ({
  family: 'hmac',
  usages: ['GENERATE_VERIFY_MAC'],
  mac: [mac],
  bytes,
});

const nist: readonly KeyUsageType[] = ['SIGN_VERIFY', 'KEY_AGREEMENT'];
const specs: Readonly<Partial<Record<KeySpec, Spec>>> = {
  SYMMETRIC_DEFAULT: { family: 'symmetric', usages: ['ENCRYPT_DECRYPT'], encryption: ['SYMMETRIC_DEFAULT'], bytes: 32 },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ecc('prime256v1', 'ECDSA_SHA_256', nist),
  ECC_NIST_P384: ecc('secp384r1', 'ECDSA_SHA_384', nist),
  ECC_NIST_P521: ecc('secp521r1', 'ECDSA_SHA_512', nist),
  ECC_SECG_P256K1: ecc('secp256k1', 'ECDSA_SHA_256', ['SIGN_VERIFY']),
  ECC_NIST_EDWARDS25519: { family: 'edwards', usages: ['SIGN_VERIFY'], signing: ['ED25519_SHA_512'] },
  HMAC_224: hmac(28, 'HMAC_SHA_224'),
  HMAC_256: hmac(32, 'HMAC_SHA_256'),
  HMAC_384: hmac(48, 'HMAC_SHA_384'),
  HMAC_512: hmac(64, 'HMAC_SHA_512'),
};

/** @throws UnsupportedOperationException for specs without cryptography here */
export function specOf(name: KeySpec): Spec {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (!spec) throw unsupported(`KeySpec ${name} is not supported.`);
  return spec;
}

/** The usage of a new key. Source: KMS API Reference, "CreateKey", KeyUsage: optional for symmetric encryption keys only. */
export function usageFor(name: KeySpec, asked: KeyUsageType | undefined): KeyUsageType {
  const { usages } = specOf(name);
  if (asked === undefined) {
    if (name === 'SYMMETRIC_DEFAULT') return 'ENCRYPT_DECRYPT';
    throw validation('You must specify a KeyUsage value for an asymmetric CMK.');
  }
  if (!usages.includes(asked)) throw validation(`KeyUsage ${asked} is not compatible with KeySpec ${name}`);
  return asked;
}

/** @throws InvalidKeyUsageException when keys of this spec do not know the algorithm */
export function known<A extends string>(algorithm: A, algorithms: readonly A[] | undefined, spec: KeySpec): A {
  if (!algorithms?.includes(algorithm)) throw invalidAlgorithm(algorithm, spec);
  return algorithm;
}

/** Node's name of the digest in `RSASSA_PSS_SHA_256`, `HMAC_SHA_512` and the like. */
export const digestOf = (algorithm: string) => `sha${algorithm.slice(algorithm.lastIndexOf('_') + 1)}`;

const always: readonly GrantOperation[] = ['DescribeKey', 'CreateGrant', 'RetireGrant'];
const byUsage: Readonly<Partial<Record<KeyUsageType, readonly GrantOperation[]>>> = {
  SIGN_VERIFY: ['Sign', 'Verify', 'GetPublicKey'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: ['DeriveSharedSecret', 'GetPublicKey'],
};
const ciphers: readonly GrantOperation[] = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'];
const dataKeys: readonly GrantOperation[] = [
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
];

/** Operations that a grant on such a key may permit. Source: KMS Developer Guide, "Grant operations". */
export function grantable(name: KeySpec, usage: KeyUsageType): readonly GrantOperation[] {
  if (usage === 'ENCRYPT_DECRYPT')
    return [...always, ...ciphers, ...(name === 'SYMMETRIC_DEFAULT' ? dataKeys : (['GetPublicKey'] as const))];
  return [...always, ...(byUsage[usage] ?? [])];
}

/** Longest plaintext in bytes. Source: KMS API Reference, "Encrypt", the table of maximum sizes. */
export function plaintextLimit(name: KeySpec, algorithm: EncryptionAlgorithmSpec): number {
  const { bits } = specOf(name);
  if (bits === undefined) return 4096;
  return bits / 8 - 2 - 2 * (algorithm === 'RSAES_OAEP_SHA_1' ? 20 : 32);
}
