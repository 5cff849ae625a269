/**
 * Values under data keys of KMS, made and opened as the caller, with the secret and the version as encryption context.
 * Source: Secrets Manager user guide, "Secret encryption and decryption".
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { isAwsError } from '../../base/errors';
import type { Call } from '../../kernel/call';
import { kmsRefused } from './errors';
import { secretArn } from './names';
import type { SecretRow, VersionRow } from './state';

export const DEFAULT_KEY = 'alias/aws/secretsmanager';
const nonceBytes = 12;
const tagBytes = 16;

export type Value = { readonly kind: VersionRow['kind']; readonly bytes: Uint8Array };

const contextOf = (secret: SecretRow, id: string) => ({ SecretARN: secretArn(secret), SecretVersionId: id });

/** @throws AccessDeniedException, EncryptionFailure */
export async function seal(call: Call, secret: SecretRow, id: string, { kind, bytes }: Value): Promise<VersionRow> {
  const keyId = secret.keyId ?? DEFAULT_KEY;
  const input = { KeyId: keyId, KeySpec: 'AES_256' as const, EncryptionContext: contextOf(secret, id) };
  const made = await call.peers.kms.GenerateDataKey(input).catch((error: unknown) => {
    throw isAwsError(error) ? kmsRefused(error, true) : error;
  });
  const nonce = call.kernel.random.bytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', made.Plaintext!, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  return { id, created: call.now, kind, keyId, sealed, key: made.CiphertextBlob! };
}

/** @throws AccessDeniedException, DecryptionFailure */
export async function open(call: Call, secret: SecretRow, { id, key, sealed }: VersionRow): Promise<Buffer> {
  const input = { CiphertextBlob: key, EncryptionContext: contextOf(secret, id) };
  const { Plaintext } = await call.peers.kms.Decrypt(input).catch((error: unknown) => {
    throw isAwsError(error) ? kmsRefused(error, false) : error;
  });
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', Plaintext!, sealed.subarray(0, nonceBytes)).setAuthTag(
    sealed.subarray(end),
  );
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, end)), decipher.final()]);
}
