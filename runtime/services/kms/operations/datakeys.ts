/** Data keys and random bytes: what other services and programs encrypt their data with. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidAlgorithm, unsupported, validation } from '../errors';
import { checkTokens } from '../grants';
import { anyKey, arnOf, findKey, mustServe } from '../keys';
import { type Context, makeDataPair, seal } from '../material';
import { specOf } from '../specs';
import type { KeyRow } from '../state';
import { refuseRecipient, secretOf, stopIfDry } from './ciphers';

/** Data keys come under symmetric encryption keys only. */
async function wrappingKey(call: Call, keyId: string): Promise<KeyRow> {
  const key = await findKey(call, keyId, anyKey);
  mustServe(call, key, 'ENCRYPT_DECRYPT');
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw invalidAlgorithm('SYMMETRIC_DEFAULT', key.spec);
  return key;
}

interface Wrapped {
  readonly blob: Buffer;
  readonly material: string;
}

async function wrap(call: Call, key: KeyRow, plaintext: Uint8Array, context: Context | undefined): Promise<Wrapped> {
  const { id, bytes } = await secretOf(call, key);
  return { blob: seal(id, bytes, plaintext, context ?? {}, call.kernel.random), material: id };
}

const sizes: Readonly<Record<Kms.DataKeySpec, number>> = { AES_128: 16, AES_256: 32 };

function sizeOf(spec: Kms.DataKeySpec | undefined, bytes: number | undefined): number {
  if ((spec === undefined) === (bytes === undefined))
    throw validation('Please specify either number of bytes or key spec.');
  const size = bytes ?? sizes[spec!];
  if (!Number.isInteger(size) || size < 1 || size > 1024)
    throw constraint('numberOfBytes', size, 'have value between 1 and 1024');
  return size;
}

interface DataKeyInput {
  readonly KeyId?: string;
  readonly KeySpec?: Kms.DataKeySpec;
  readonly NumberOfBytes?: number;
  readonly EncryptionContext?: Record<string, string>;
  readonly GrantTokens?: string[];
  readonly DryRun?: boolean;
}

async function makeDataKey(call: Call, input: DataKeyInput) {
  checkTokens(input.GrantTokens);
  const size = sizeOf(input.KeySpec, input.NumberOfBytes);
  const key = await wrappingKey(call, input.KeyId!);
  const plaintext = call.kernel.random.bytes(size);
  const wrapped = await wrap(call, key, plaintext, input.EncryptionContext);
  stopIfDry(input.DryRun);
  return { plaintext, answer: { CiphertextBlob: wrapped.blob, KeyId: arnOf(key), KeyMaterialId: wrapped.material } };
}

interface PairInput {
  readonly KeyId?: string;
  readonly KeyPairSpec?: Kms.DataKeyPairSpec;
  readonly EncryptionContext?: Record<string, string>;
  readonly GrantTokens?: string[];
  readonly DryRun?: boolean;
}

async function makePair(call: Call, input: PairInput) {
  checkTokens(input.GrantTokens);
  const key = await wrappingKey(call, input.KeyId!);
  const name = input.KeyPairSpec!;
  const { family } = specOf(name);
  if (family === 'symmetric' || family === 'hmac') throw unsupported(`KeyPairSpec ${name} is not supported.`);
  stopIfDry(input.DryRun);
  const pair = await makeDataPair(specOf(name));
  const wrapped = await wrap(call, key, pair.privateKey, input.EncryptionContext);
  return {
    plaintext: pair.privateKey,
    answer: {
      PrivateKeyCiphertextBlob: wrapped.blob,
      PublicKey: pair.publicKey,
      KeyId: arnOf(key),
      KeyPairSpec: name,
      KeyMaterialId: wrapped.material,
    },
  };
}

export const dataKeyHandlers = {
  async GenerateDataKey(call, input) {
    refuseRecipient(input.Recipient);
    const { plaintext, answer } = await makeDataKey(call, input);
    return { ...answer, Plaintext: plaintext };
  },

  async GenerateDataKeyWithoutPlaintext(call, input) {
    return (await makeDataKey(call, input)).answer;
  },

  async GenerateDataKeyPair(call, input) {
    refuseRecipient(input.Recipient);
    const { plaintext, answer } = await makePair(call, input);
    return { ...answer, PrivateKeyPlaintext: plaintext };
  },

  async GenerateDataKeyPairWithoutPlaintext(call, input) {
    return (await makePair(call, input)).answer;
  },

  async GenerateRandom(call, input) {
    refuseRecipient(input.Recipient);
    if (input.CustomKeyStoreId !== undefined) throw unsupported('CustomKeyStoreId is not supported.');
    const size = input.NumberOfBytes ?? 0;
    if (!Number.isInteger(size) || size < 1 || size > 1024)
      throw constraint('numberOfBytes', input.NumberOfBytes, 'have value between 1 and 1024');
    return { Plaintext: call.kernel.random.bytes(size) };
  },
} satisfies Handlers<typeof Kms>;
