/**
 * Which key a body is encrypted under, and how to get that key again. S3-managed keys come from the store, KMS data
 * keys from KMS as the caller, customer keys from the request and nowhere else. Sources: S3 user guide, "Using
 * server-side encryption with Amazon S3 managed keys", "... with AWS KMS keys", "Reducing the cost of SSE-KMS with
 * Amazon S3 Bucket Keys", "... with customer-provided keys", "Using dual-layer server-side encryption with AWS KMS keys".
 */
import type { Call } from '../../kernel/call';
import {
  type CustomerInput,
  type CustomerKey,
  checkNotBlocked,
  customerKeyOf,
  namesCustomerKey,
  openWithCustomerKey,
  sealWithCustomerKey,
} from './customerkeys';
import { invalidArgument } from './errors';
import { customerKeyNotApplicable } from './keyerrors';
import { bucketKeyFor, newDataKey, openBucketKey, openKey, unwrap } from './kmskeys';
import { objectArn } from './names';
import type { DataKey } from './state/layers';
import { managedSecret } from './state/secrets';
import type { Bucket, Seal, SseAlgorithm } from './state/tables';

const HEADER = 'x-amz-server-side-encryption';
const MANAGED_KEY = 'alias/aws/s3';

export interface EncryptionInput extends CustomerInput {
  readonly ServerSideEncryption?: string;
  readonly SSEKMSKeyId?: string;
  readonly SSEKMSEncryptionContext?: string;
  readonly BucketKeyEnabled?: boolean;
}

/** The form of the encryption headers, before anything is looked up. */
export interface EncryptionChoice {
  readonly algorithm?: SseAlgorithm;
  readonly keyId?: string;
  readonly context?: Readonly<Record<string, string>>;
  readonly bucketKey?: boolean;
  readonly customer?: CustomerKey;
}

/** @throws AwsError InvalidArgument, InvalidEncryptionAlgorithmError, AccessDenied where customer keys are blocked */
export function encryptionChoice(call: Call, bucket: Bucket, input: EncryptionInput): EncryptionChoice {
  const algorithm = input.ServerSideEncryption;
  if (namesCustomerKey(input)) {
    if (algorithm !== undefined)
      throw invalidArgument(
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
        HEADER,
        algorithm,
      );
    checkNotBlocked(call, bucket, input);
    return { customer: customerKeyOf(input) };
  }
  if (algorithm !== undefined && !isSseAlgorithm(algorithm))
    throw invalidArgument('The encryption method specified is not supported', HEADER, algorithm);
  if (input.SSEKMSKeyId !== undefined && (algorithm === undefined || algorithm === 'AES256'))
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

function isSseAlgorithm(text: string): text is SseAlgorithm {
  return text === 'AES256' || text === 'aws:kms' || text === 'aws:kms:dsse';
}

/** Most characters of an encryption context as JSON: what KMS takes. */
const LONGEST_CONTEXT = 8192;

function readContext(text: string): Record<string, string> {
  try {
    const json = Buffer.from(text, 'base64').toString('utf8');
    const context: unknown = json.length > LONGEST_CONTEXT ? undefined : JSON.parse(json);
    if (isStringMap(context)) return context;
  } catch {
    // Falls through to the refusal: what cannot be parsed is no context.
  }
  throw invalidArgument(
    'The header x-amz-server-side-encryption-context shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map',
    `${HEADER}-context`,
  );
}

function isStringMap(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}

export interface Sealed {
  readonly seal: Seal;
  readonly dataKey: DataKey;
}

/** A data key for a new object: what the request chose, else what the bucket does by default. */
export async function sealFor(call: Call, bucket: Bucket, key: string, choice: EncryptionChoice): Promise<Sealed> {
  if (choice.customer) return sealWithCustomerKey(call, choice.customer);
  const algorithm = choice.algorithm ?? bucket.encryption.algorithm;
  if (algorithm === 'AES256') return { seal: { algorithm }, dataKey: await managedSecret(call.kernel) };
  // "If you specify aws:kms ..., but do not provide" a key, it is S3's own, whatever the bucket's is. Source: PutObject.
  const keyId = choice.keyId ?? (choice.algorithm === undefined ? bucket.encryption.keyId : undefined) ?? MANAGED_KEY;
  // Two layers have no bucket key: S3 takes the header, and the bucket's setting, for no more than they say.
  const bucketKey = algorithm === 'aws:kms' && (choice.bucketKey ?? bucket.encryption.bucketKey);
  const { context } = choice;
  const own = context ? { context } : {};
  if (bucketKey) {
    const { keyArn, wrapped, plain } = await bucketKeyFor(call, bucket, keyId, context);
    return { seal: { algorithm, keyArn, wrapped, bucketKey, ...own }, dataKey: plain };
  }
  const arn = objectArn(bucket.name, key, call.partition);
  const { keyArn, wrapped, plain } = await newDataKey(call, keyId, { ...context, 'aws:s3:arn': arn });
  return { seal: { algorithm, keyArn, wrapped, ...own }, dataKey: await withLayers(call, algorithm, plain) };
}

/** The data key of a stored body. @throws AwsError when the caller or the request cannot have it */
export async function unseal(
  call: Call,
  bucket: Bucket,
  key: string,
  seal: Seal,
  customer: CustomerKey | undefined,
): Promise<DataKey> {
  if (seal.algorithm === 'SSE-C') return openWithCustomerKey(call, seal, customer);
  if (customer) throw customerKeyNotApplicable();
  if (seal.algorithm === 'AES256') return managedSecret(call.kernel);
  checkSigned(call, seal);
  const plain = seal.bucketKey
    ? await openBucketKey(call, bucket, seal)
    : await unwrap(call, seal, objectArn(bucket.name, key, call.partition));
  return seal.enclosed ? openKey(plain, seal.enclosed) : withLayers(call, seal.algorithm, plain);
}

/** Under DSSE-KMS what KMS's data key has encrypted is encrypted again under a key of S3's own. */
async function withLayers(call: Call, algorithm: SseAlgorithm, plain: Uint8Array): Promise<DataKey> {
  return algorithm === 'aws:kms:dsse' ? { inner: plain, outer: await managedSecret(call.kernel) } : plain;
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
export function checkCustomerKey(call: Call, seal: Seal, customer: CustomerKey | undefined): void {
  if (seal.algorithm === 'SSE-C') openWithCustomerKey(call, seal, customer);
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
