/**
 * Data keys from KMS, asked for as the caller, and the bucket keys that save most of the asking. Source: S3 user guide,
 * "Using server-side encryption with AWS KMS keys (SSE-KMS)", "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys".
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { isAwsError } from '../../base/errors';
import type { Random } from '../../base/random';
import type { Call, Kernel } from '../../kernel/call';
import { accessDenied } from './errors';
import { kmsError } from './keyerrors';
import { bucketArn } from './names';
import type { Bucket, Seal } from './state/tables';

export interface KmsKey {
  readonly keyArn: string;
  readonly plain: Uint8Array;
  readonly wrapped: Uint8Array;
}

export async function newDataKey(call: Call, keyId: string, context: Record<string, string>): Promise<KmsKey> {
  const made = await asKms(
    call.peers.kms.GenerateDataKey({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context }),
  );
  return { keyArn: made.KeyId!, plain: made.Plaintext!, wrapped: made.CiphertextBlob! };
}

export async function unwrap(call: Call, seal: Seal, arn: string): Promise<Uint8Array> {
  const EncryptionContext = { ...seal.context, 'aws:s3:arn': arn };
  const opened = await asKms(
    call.peers.kms.Decrypt({ CiphertextBlob: seal.wrapped, KeyId: seal.keyArn, EncryptionContext }),
  );
  return opened.Plaintext!;
}

// ---- keys under keys ----------------------------------------------------------------------------------------------

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A data key under another one, for a body that keeps its own: nonce, ciphertext, tag. */
export function encloseKey(under: Uint8Array, key: Uint8Array, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', under, nonce);
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

export function openKey(under: Uint8Array, enclosed: Uint8Array): Uint8Array {
  const end = enclosed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', under, enclosed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(enclosed.subarray(end));
  return Buffer.concat([decipher.update(enclosed.subarray(NONCE_BYTES, end)), decipher.final()]);
}

/** KMS's refusals as S3 passes them on: its codes under `KMS.`, and a missing permission as S3's own AccessDenied. */
export async function asKms<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isAwsError(error)) throw error;
    if (error.code.startsWith('AccessDenied')) throw accessDenied(error.message);
    throw kmsError(error.code, error.message);
  }
}

// ---- bucket keys --------------------------------------------------------------------------------------------------

/** Virtual time for which a caller's bucket key is used before KMS is asked again. */
const BUCKET_KEY_MS = 5 * 60 * 1000;
const MOST_BUCKET_KEYS = 1000;

interface BucketKeys {
  get(now: number, name: string, make: () => Promise<KmsKey>): Promise<KmsKey>;
}

const caches = new WeakMap<Kernel, BucketKeys>();

/** A bucket's key for new objects. In memory per caller: each one's access to the KMS key shows at least once. */
export function bucketKeyFor(
  call: Call,
  bucket: Bucket,
  keyId: string,
  context: Readonly<Record<string, string>> | undefined,
): Promise<KmsKey> {
  const name = `${call.principal.arn} ${bucket.id} ${keyId} ${JSON.stringify(context ?? {})}`;
  return bucketKeys(call.kernel).get(call.now, name, () =>
    newDataKey(call, keyId, { ...context, 'aws:s3:arn': bucketArn(bucket.name, call.partition) }),
  );
}

/** The bucket key that an object lies under. */
export async function openBucketKey(call: Call, bucket: Bucket, seal: Seal): Promise<Uint8Array> {
  const name = `${call.principal.arn} ${Buffer.from(seal.wrapped!).toString('base64')}`;
  const { plain } = await bucketKeys(call.kernel).get(call.now, name, async () => ({
    keyArn: seal.keyArn!,
    wrapped: seal.wrapped!,
    plain: await unwrap(call, seal, bucketArn(bucket.name, call.partition)),
  }));
  return plain;
}

function bucketKeys(kernel: Kernel): BucketKeys {
  let cache = caches.get(kernel);
  if (!cache) {
    cache = createBucketKeys();
    caches.set(kernel, cache);
  }
  return cache;
}

function createBucketKeys(): BucketKeys {
  const keys = new Map<string, { until: number; key: Promise<KmsKey> }>();
  return {
    get(now, name, make) {
      const known = keys.get(name);
      if (known && known.until > now) return known.key;
      const key = make();
      keys.set(name, { until: now + BUCKET_KEY_MS, key });
      key.catch(() => keys.delete(name));
      if (keys.size > MOST_BUCKET_KEYS)
        for (const oldest of keys.keys()) {
          keys.delete(oldest);
          break;
        }
      return key;
    },
  };
}
