/**
 * Keys that customers bring: from the request and nowhere else. What is kept of one is a salted digest, to know it
 * again. Source: S3 user guide, "Using server-side encryption with customer-provided keys (SSE-C)".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from '../../kernel/call';
import { disputed } from './disputed';
import { invalidArgument } from './errors';
import { customerKeysBlocked, invalidEncryptionAlgorithm, needsCustomerKey } from './keyerrors';
import { objectArn } from './names';
import type { Bucket, Seal } from './state/tables';

const HEADER = 'x-amz-server-side-encryption';

export interface CustomerInput {
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKey?: string;
  readonly SSECustomerKeyMD5?: string;
}

export interface CustomerKey {
  readonly key: Uint8Array;
  readonly md5: string;
}

export function namesCustomerKey({ SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }: CustomerInput): boolean {
  return SSECustomerAlgorithm !== undefined || SSECustomerKey !== undefined || SSECustomerKeyMD5 !== undefined;
}

/**
 * Asked before anything is said of the key. Sources: S3 user guide, "Blocking or unblocking SSE-C for a general purpose
 * bucket", "Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
 */
export function checkNotBlocked(call: Call, bucket: Bucket, input: CustomerInput & { readonly Key?: string }): void {
  if (!bucket.encryption.blocksCustomerKeys || !namesCustomerKey(input)) return;
  const action = call.operation === 'CopyObject' ? 's3:CopyObject' : 's3:PutObject';
  throw customerKeysBlocked(call.principal.arn, action, objectArn(bucket.name, input.Key ?? '', call.partition));
}

/** @throws AwsError when the three headers do not make a key: InvalidArgument, InvalidEncryptionAlgorithmError */
export function customerKeyOf(input: CustomerInput): CustomerKey | undefined {
  const customer = readingKeyOf(input);
  if (customer && customer.key.length !== 32)
    throw invalidArgument('The secret key was invalid for the specified algorithm.', HEADER);
  return customer;
}

/** The same for who reads: a key of another length is just another key. */
export function readingKeyOf(input: CustomerInput): CustomerKey | undefined {
  if (!namesCustomerKey(input)) return undefined;
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = input;
  const prefix = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  if (algorithm === undefined) throw invalidArgument(`${prefix} a valid encryption algorithm.`, HEADER);
  if (algorithm !== 'AES256') throw invalidEncryptionAlgorithm(HEADER, algorithm);
  if (text === undefined) throw invalidArgument(`${prefix} an appropriate secret key.`, HEADER);
  if (md5 === undefined) throw invalidArgument(`${prefix} the client calculated MD5 of the secret key.`, HEADER);
  const key = Buffer.from(text, 'base64');
  if (createHash('md5').update(key).digest('base64') !== md5)
    throw invalidArgument('The calculated MD5 hash of the key did not match the hash that was provided.', HEADER);
  return { key, md5 };
}

export function sealWithCustomerKey(call: Call, { key, md5 }: CustomerKey): { seal: Seal; dataKey: Uint8Array } {
  const salt = call.kernel.random.bytes(16);
  const proof = createHmac('sha256', salt).update(key).digest();
  return { seal: { algorithm: 'SSE-C', keyMd5: md5, salt, proof }, dataKey: key };
}

export function openWithCustomerKey({ kernel }: Call, seal: Seal, customer: CustomerKey | undefined): Uint8Array {
  if (!customer) throw needsCustomerKey();
  if (!isKeyOf(seal, customer)) throw disputed(kernel).wrongCustomerKey();
  return customer.key;
}

export function isKeyOf(seal: Seal, { key }: CustomerKey): boolean {
  return timingSafeEqual(createHmac('sha256', seal.salt!).update(key).digest(), seal.proof!);
}
