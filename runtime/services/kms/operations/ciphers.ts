/** Encrypt, Decrypt, ReEncrypt: under symmetric keys with an encryption context, under RSA keys without. */
import type * as Kms from '@aws-sdk/client-kms';
import type { EncryptionAlgorithmSpec } from '@aws-sdk/client-kms';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, dryRun, incorrectKey, invalidCiphertext, unsupported, validation } from '../errors';
import { checkTokens } from '../grants';
import { anyKey, arnOf, findKey, mustServe, nameForDecrypt, needKey } from '../keys';
import { type Context, materialIn, open, openRsa, seal, sealRsa } from '../material';
import { known, plaintextLimit, specOf } from '../specs';
import { type KeyRow, readMaterial } from '../state';

/** Source: KMS API Reference, "Decrypt": CiphertextBlob is at most 6,144 bytes. */
const ciphertextLimit = 6144;

/** Attestation needs Nitro hardware. @throws UnsupportedOperationException */
export function refuseRecipient(recipient: unknown): void {
  if (recipient !== undefined) throw unsupported('Recipient is not supported.');
}

/** Ends an operation that was only a question. @throws DryRunOperationException */
export function stopIfDry(flag: boolean | undefined): void {
  if (flag) throw dryRun();
}

/** The bytes of a key's current material. */
export async function secretOf(call: Call, key: KeyRow): Promise<{ id: string; bytes: Uint8Array }> {
  const row = key.material === undefined ? undefined : await readMaterial(call.kernel.store, key.region, key.material);
  if (!row) throw new Error(`${arnOf(key)} has no key material`);
  return { id: key.material!, bytes: row.bytes };
}

function algorithmFor(key: KeyRow, asked: EncryptionAlgorithmSpec | undefined): EncryptionAlgorithmSpec {
  return known(asked ?? 'SYMMETRIC_DEFAULT', specOf(key.spec).encryption, key.spec);
}

function refuseContext(algorithm: EncryptionAlgorithmSpec, context: Context | undefined): Context {
  if (algorithm !== 'SYMMETRIC_DEFAULT' && context && Object.keys(context).length > 0)
    throw validation(`EncryptionContext is not valid with the algorithm ${algorithm}.`);
  return context ?? {};
}

interface Sealed {
  readonly blob: Buffer;
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly material?: string;
}

async function sealUnder(
  call: Call,
  key: KeyRow,
  plaintext: Uint8Array,
  asked: EncryptionAlgorithmSpec | undefined,
  given: Context | undefined,
): Promise<Sealed> {
  const algorithm = algorithmFor(key, asked);
  const context = refuseContext(algorithm, given);
  const limit = plaintextLimit(key.spec, algorithm);
  if (plaintext.length > limit)
    throw constraint('plaintext', '*sensitive*', `have length less than or equal to ${limit}`);
  const { id, bytes } = await secretOf(call, key);
  if (algorithm === 'SYMMETRIC_DEFAULT')
    return { blob: seal(id, bytes, plaintext, context, call.kernel.random), algorithm, material: id };
  return { blob: sealRsa(bytes, algorithm, plaintext), algorithm };
}

interface Opened {
  readonly plaintext: Buffer;
  readonly key: KeyRow;
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly material?: string;
}

async function openBlob(
  call: Call,
  keyId: string | undefined,
  blob: Uint8Array,
  asked: EncryptionAlgorithmSpec | undefined,
  given: Context | undefined,
): Promise<Opened> {
  if (blob.length < 1 || blob.length > ciphertextLimit)
    throw constraint('ciphertextBlob', '*sensitive*', `have length between 1 and ${ciphertextLimit}`);
  if (keyId === undefined && asked !== undefined && asked !== 'SYMMETRIC_DEFAULT')
    throw validation(`KeyId is required with the algorithm ${asked}.`);
  const key = await needKey(call.kernel.store, await nameForDecrypt(call, keyId, blob));
  mustServe(call, key, 'ENCRYPT_DECRYPT');
  const algorithm = algorithmFor(key, asked);
  const context = refuseContext(algorithm, given);
  if (algorithm !== 'SYMMETRIC_DEFAULT')
    return { plaintext: openRsa((await secretOf(call, key)).bytes, algorithm, blob), key, algorithm };
  const id = materialIn(blob);
  const material = await readMaterial(call.kernel.store, key.region, id);
  if (!material) throw invalidCiphertext();
  if (material.keyId !== key.keyId || material.account !== key.account) throw incorrectKey();
  return { plaintext: open(material.bytes, blob, context), key, algorithm, material: id };
}

export const cipherHandlers = {
  async Encrypt(call, input) {
    checkTokens(input.GrantTokens);
    const key = await findKey(call, input.KeyId!, anyKey);
    mustServe(call, key, 'ENCRYPT_DECRYPT');
    if (!input.Plaintext?.length) throw constraint('plaintext', '', 'have length greater than or equal to 1');
    const sealed = await sealUnder(call, key, input.Plaintext, input.EncryptionAlgorithm, input.EncryptionContext);
    stopIfDry(input.DryRun);
    return { CiphertextBlob: sealed.blob, KeyId: arnOf(key), EncryptionAlgorithm: sealed.algorithm };
  },

  async Decrypt(call, input) {
    checkTokens(input.GrantTokens);
    refuseRecipient(input.Recipient);
    if (input.DryRun && input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT')) {
      if (input.KeyId === undefined) throw validation('KeyId is required with the modifier IGNORE_CIPHERTEXT.');
      mustServe(call, await findKey(call, input.KeyId, anyKey), 'ENCRYPT_DECRYPT');
      throw dryRun();
    }
    if (!input.CiphertextBlob) throw constraint('ciphertextBlob', null, 'not be null');
    const opened = await openBlob(
      call,
      input.KeyId,
      input.CiphertextBlob,
      input.EncryptionAlgorithm,
      input.EncryptionContext,
    );
    stopIfDry(input.DryRun);
    return {
      KeyId: arnOf(opened.key),
      Plaintext: opened.plaintext,
      EncryptionAlgorithm: opened.algorithm,
      KeyMaterialId: opened.material,
    };
  },

  async ReEncrypt(call, input) {
    checkTokens(input.GrantTokens);
    if (input.DryRunModifiers) throw unsupported('DryRunModifiers is not supported by ReEncrypt.');
    if (!input.CiphertextBlob) throw constraint('ciphertextBlob', null, 'not be null');
    const from = await openBlob(
      call,
      input.SourceKeyId,
      input.CiphertextBlob,
      input.SourceEncryptionAlgorithm,
      input.SourceEncryptionContext,
    );
    const key = await findKey(call, input.DestinationKeyId!, anyKey);
    mustServe(call, key, 'ENCRYPT_DECRYPT');
    const to = await sealUnder(
      call,
      key,
      from.plaintext,
      input.DestinationEncryptionAlgorithm,
      input.DestinationEncryptionContext,
    );
    stopIfDry(input.DryRun);
    return {
      CiphertextBlob: to.blob,
      SourceKeyId: arnOf(from.key),
      KeyId: arnOf(key),
      SourceEncryptionAlgorithm: from.algorithm,
      DestinationEncryptionAlgorithm: to.algorithm,
      SourceKeyMaterialId: from.material,
      DestinationKeyMaterialId: to.material,
    };
  },
} satisfies Handlers<typeof Kms>;
