/**
 * Which key a body is encrypted under, and how to get that key again. S3-managed keys come from the store, KMS data
 * keys from KMS as the caller, customer keys from the request and nowhere else. Sources: S3 user guide, "Using
 * server-side encryption with Amazon S3 managed keys", "... with AWS KMS keys", "Reducing the cost of SSE-KMS with
 * Amazon S3 Bucket Keys", "... with customer-provided keys". Leaves out dual-layer encryption: refused by name.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isAwsError } from '../../base/errors';
import type { Call, Kernel } from '../../kernel/call';
import {
  accessDenied,
  customerKeyNotApplicable,
  invalidArgument,
  kmsError,
  needsCustomerKey,
  notImplemented,
  wrongCustomerKey,
} from './errors';
import { bucketArn, objectArn } from './names';
import { managedSecret } from './state/secrets';
import type { Bucket, Seal } from './state/tables';

const HEADER = 'x-amz-server-side-encryption';

export interface EncryptionInput {
  readonly ServerSideEncryption?: string;
  readonly SSEKMSKeyId?: string;
  readonly SSEKMSEncryptionContext?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKey?: string;
  readonly SSECustomerKeyMD5?: string;
}

/** The form of the encryption headers, before anything is looked up. */
export interface EncryptionChoice {
  readonly algorithm?: 'AES256' | 'aws:kms';
  readonly keyId?: string;
  readonly context?: Readonly<Record<string, string>>;
  readonly bucketKey?: boolean;
  readonly customer?: CustomerKey;
}

export interface CustomerKey {
  readonly key: Uint8Array;
  readonly md5: string;
}

/** @throws AwsError InvalidArgument, NotImplemented */
export function encryptionChoice(input: EncryptionInput): EncryptionChoice {
  const customer = customerKeyOf(input);
  const algorithm = input.ServerSideEncryption;
  if (customer) {
    if (algorithm !== undefined)
      throw invalidArgument(
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
        HEADER,
        algorithm,
      );
    return { customer };
  }
  if (algorithm !== undefined && algorithm !== 'AES256' && algorithm !== 'aws:kms') {
    if (algorithm === 'aws:kms:dsse') throw notImplemented('dual-layer server-side encryption (aws:kms:dsse)');
    throw invalidArgument('The encryption method specified is not supported', HEADER, algorithm);
  }
  if (input.SSEKMSKeyId !== undefined && algorithm !== 'aws:kms')
    throw invalidArgument(
      `Server Side Encryption with AWS KMS managed key requires HTTP header ${HEADER} : aws:kms`,
      HEADER,
      algorithm,
    );
  return {
    algorithm,
    keyId: input.SSEKMSKeyId,
    bucketKey: input.BucketKeyEnabled,
    context: input.SSEKMSEncryptionContext === undefined ? undefined : readContext(input.SSEKMSEncryptionContext),
  };
}

/** @throws AwsError InvalidArgument when the three headers do not make a key */
export function customerKeyOf(
  input: Pick<EncryptionInput, 'SSECustomerAlgorithm' | 'SSECustomerKey' | 'SSECustomerKeyMD5'>,
): CustomerKey | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = input;
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  const prefix = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  if (text === undefined) throw invalidArgument(`${prefix} an appropriate secret key.`, HEADER);
  if (algorithm === undefined) throw invalidArgument(`${prefix} a valid encryption algorithm.`, HEADER);
  if (algorithm !== 'AES256')
    throw invalidArgument(
      'The requested encryption algorithm is not valid, must be AES256.',
      `${HEADER}-customer-algorithm`,
      algorithm,
    );
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32 || md5 === undefined)
    throw invalidArgument('The secret key was invalid for the specified algorithm.', HEADER);
  if (createHash('md5').update(key).digest('base64') !== md5)
    throw invalidArgument('The calculated MD5 hash of the key did not match the hash that was provided.', HEADER);
  return { key, md5 };
}

function readContext(text: string): Record<string, string> {
  try {
    const context: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    if (typeof context === 'object' && context !== null && Object.values(context).every((v) => typeof v === 'string'))
      return context as Record<string, string>;
  } catch {
    // Falls through to the refusal: what cannot be parsed is no context.
  }
  throw invalidArgument(
    'The header x-amz-server-side-encryption-context shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map',
    `${HEADER}-context`,
  );
}

export interface Sealed {
  readonly seal: Seal;
  readonly dataKey: Uint8Array;
}

/** A data key for a new object: what the request chose, else what the bucket does by default. */
export async function sealFor(call: Call, bucket: Bucket, key: string, choice: EncryptionChoice): Promise<Sealed> {
  if (choice.customer) {
    if (bucket.encryption.blocksCustomerKeys)
      throw accessDenied('Encryption type SSE-C is blocked for this bucket by its default encryption configuration.');
    return sealWithCustomerKey(call, choice.customer);
  }
  const algorithm = choice.algorithm ?? bucket.encryption.algorithm;
  if (algorithm === 'AES256') return { seal: { algorithm }, dataKey: await managedSecret(call.kernel) };
  const byDefault = bucket.encryption.algorithm === algorithm ? bucket.encryption : undefined;
  const keyId = choice.keyId ?? (choice.algorithm ? undefined : byDefault?.keyId) ?? byDefault?.keyId ?? 'alias/aws/s3';
  const bucketKey = choice.bucketKey ?? byDefault?.bucketKey ?? false;
  const { context } = choice;
  if (!bucketKey) {
    const fresh = await newDataKey(call, keyId, {
      ...context,
      'aws:s3:arn': objectArn(bucket.name, key, call.partition),
    });
    return {
      seal: { algorithm, keyArn: fresh.keyArn, wrapped: fresh.wrapped, ...(context ? { context } : {}) },
      dataKey: fresh.plain,
    };
  }
  const cached = `${call.principal.arn} ${bucket.id} ${keyId} ${JSON.stringify(context ?? {})}`;
  const shared = await bucketKeys(call.kernel).get(call.now, cached, () =>
    newDataKey(call, keyId, { ...context, 'aws:s3:arn': bucketArn(bucket.name, call.partition) }),
  );
  const seal: Seal = {
    algorithm,
    keyArn: shared.keyArn,
    wrapped: shared.wrapped,
    bucketKey: true,
    ...(context ? { context } : {}),
  };
  return { seal, dataKey: shared.plain };
}

/** The data key of a stored body. @throws AwsError when the caller or the request cannot have it */
export async function unseal(
  call: Call,
  bucket: Bucket,
  key: string,
  seal: Seal,
  customer: CustomerKey | undefined,
): Promise<Uint8Array> {
  if (seal.algorithm === 'SSE-C') return openWithCustomerKey(seal, customer);
  if (customer) throw customerKeyNotApplicable();
  if (seal.algorithm === 'AES256') return managedSecret(call.kernel);
  checkSigned(call, seal);
  if (!seal.bucketKey) return unwrap(call, seal, objectArn(bucket.name, key, call.partition));
  const cached = `${call.principal.arn} ${Buffer.from(seal.wrapped!).toString('base64')}`;
  const shared = await bucketKeys(call.kernel).get(call.now, cached, async () => ({
    keyArn: seal.keyArn!,
    wrapped: seal.wrapped!,
    plain: await unwrap(call, seal, bucketArn(bucket.name, call.partition)),
  }));
  return shared.plain;
}

/** KMS answers nobody whom it does not know. Source: knowledge centre, "Requests require AWS Signature Version 4". */
export function checkSigned({ principal }: Call, { keyArn }: Seal): void {
  if (keyArn !== undefined && principal.kind === 'anonymous')
    throw invalidArgument(
      'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
      'Authorization',
      'null',
    );
}

/** Reading metadata needs the customer's key too, but no call to KMS. */
export function checkCustomerKey(seal: Seal, customer: CustomerKey | undefined): void {
  if (seal.algorithm === 'SSE-C') openWithCustomerKey(seal, customer);
  else if (customer) throw customerKeyNotApplicable();
}

/** Output members that tell how an object is encrypted. */
export function encryptionMembers(seal: Seal) {
  if (seal.algorithm === 'SSE-C') return { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: seal.keyMd5 };
  return {
    ServerSideEncryption: seal.algorithm,
    ...(seal.keyArn ? { SSEKMSKeyId: seal.keyArn } : {}),
    ...(seal.bucketKey ? { BucketKeyEnabled: true } : {}),
  } as const;
}

/** Output members of writes, which also echo the caller's encryption context. */
export function writtenEncryptionMembers(seal: Seal) {
  const context = seal.context && Buffer.from(JSON.stringify(seal.context)).toString('base64');
  return { ...encryptionMembers(seal), ...(context ? { SSEKMSEncryptionContext: context } : {}) };
}

// ---- customer keys ------------------------------------------------------------------------------------------------

function sealWithCustomerKey(call: Call, { key, md5 }: CustomerKey): Sealed {
  const salt = call.kernel.random.bytes(16);
  const proof = createHmac('sha256', salt).update(key).digest();
  return { seal: { algorithm: 'SSE-C', keyMd5: md5, salt, proof }, dataKey: key };
}

function openWithCustomerKey(seal: Seal, customer: CustomerKey | undefined): Uint8Array {
  if (!customer) throw needsCustomerKey();
  const proof = createHmac('sha256', seal.salt!).update(customer.key).digest();
  if (!timingSafeEqual(proof, seal.proof!)) throw wrongCustomerKey();
  return customer.key;
}

// ---- KMS ----------------------------------------------------------------------------------------------------------

interface DataKey {
  readonly keyArn: string;
  readonly plain: Uint8Array;
  readonly wrapped: Uint8Array;
}

async function newDataKey(call: Call, keyId: string, context: Record<string, string>): Promise<DataKey> {
  const made = await asKms(
    call.peers.kms.GenerateDataKey({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context }),
  );
  return { keyArn: made.KeyId!, plain: made.Plaintext!, wrapped: made.CiphertextBlob! };
}

async function unwrap(call: Call, seal: Seal, arn: string): Promise<Uint8Array> {
  const EncryptionContext = { ...seal.context, 'aws:s3:arn': arn };
  const opened = await asKms(
    call.peers.kms.Decrypt({ CiphertextBlob: seal.wrapped, KeyId: seal.keyArn, EncryptionContext }),
  );
  return opened.Plaintext!;
}

/** KMS's refusals as S3 passes them on: its codes under `KMS.`, and a missing permission as S3's own AccessDenied. */
async function asKms<T>(answer: Promise<T>): Promise<T> {
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
  get(now: number, name: string, make: () => Promise<DataKey>): Promise<DataKey>;
}

const caches = new WeakMap<Kernel, BucketKeys>();

/** Bucket keys in memory, per caller: each one's access to the KMS key shows at least once. */
function bucketKeys(kernel: Kernel): BucketKeys {
  let cache = caches.get(kernel);
  if (!cache) {
    cache = createBucketKeys();
    caches.set(kernel, cache);
  }
  return cache;
}

function createBucketKeys(): BucketKeys {
  const keys = new Map<string, { until: number; key: Promise<DataKey> }>();
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
