/**
 * SecureString values: standard parameters go through KMS as they are, advanced ones under a data key.
 * Source: AWS KMS Developer Guide, "How AWS Systems Manager Parameter Store uses AWS KMS".
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { ParameterTier } from '@aws-sdk/client-ssm';
import { AwsError } from '../../base/errors';
import type { Call } from '../../kernel/call';
import { invalidKeyId } from './errors';

/** How KMS refuses a key that cannot be used; refusals of permission go through as they are. */
async function throughKms<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code === 'AccessDeniedException') throw error;
    throw invalidKeyId(error.message);
  }
}

export const defaultKey = 'alias/aws/ssm';
const contextOf = (arn: string) => ({ PARAMETER_ARN: arn });
const lengthBytes = 2;
const nonceBytes = 12;
const tagBytes = 16;

export async function seal(
  call: Call,
  arn: string,
  keyId: string,
  tier: ParameterTier,
  value: string,
): Promise<string> {
  const context = { KeyId: keyId, EncryptionContext: contextOf(arn) };
  if (tier === 'Standard') {
    const sealed = await throughKms(call.peers.kms.Encrypt({ ...context, Plaintext: Buffer.from(value) }));
    return Buffer.from(sealed.CiphertextBlob!).toString('base64');
  }
  const made = await throughKms(call.peers.kms.GenerateDataKey({ ...context, KeySpec: 'AES_256' }));
  const wrapped = Buffer.from(made.CiphertextBlob!);
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(wrapped.length);
  const nonce = call.kernel.random.bytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', made.Plaintext!, nonce).setAAD(Buffer.from(arn));
  const parts = [length, wrapped, nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64');
}

export async function open(call: Call, arn: string, tier: ParameterTier, sealed: string): Promise<string> {
  const bytes = Buffer.from(sealed, 'base64');
  const decrypt = async (CiphertextBlob: Uint8Array) =>
    (await throughKms(call.peers.kms.Decrypt({ CiphertextBlob, EncryptionContext: contextOf(arn) }))).Plaintext!;
  if (tier === 'Standard') return Buffer.from(await decrypt(bytes)).toString();
  const nonceAt = lengthBytes + bytes.readUInt16BE();
  const key = await decrypt(bytes.subarray(lengthBytes, nonceAt));
  const bodyAt = nonceAt + nonceBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(nonceAt, bodyAt))
    .setAAD(Buffer.from(arn))
    .setAuthTag(bytes.subarray(bytes.length - tagBytes));
  return decipher.update(bytes.subarray(bodyAt, bytes.length - tagBytes), undefined, 'utf8') + decipher.final('utf8');
}
