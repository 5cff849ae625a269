/** What asymmetric and HMAC keys do: signatures, message authentication codes, key agreement, the public half. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidMac, invalidSignature, unsupported, validation } from '../errors';
import { checkTokens } from '../grants';
import { anyKey, arnOf, findKey, metadataOf, mustBeEnabled, mustServe } from '../keys';
import { agree, exportPublic, mac, sameBytes } from '../material';
import { type Signing, sign, verify } from '../signatures';
import { digestOf, known, specOf } from '../specs';
import { refuseRecipient, secretOf, stopIfDry } from './ciphers';

const messageLimit = 4096;

function checkMessage(message: Uint8Array | undefined): Uint8Array {
  if (!message || message.length < 1 || message.length > messageLimit)
    throw constraint('message', '*sensitive*', `have length between 1 and ${messageLimit}`);
  return message;
}

interface SigningInput {
  readonly KeyId?: string;
  readonly Message?: Uint8Array;
  readonly MessageType?: Kms.MessageType;
  readonly SigningAlgorithm?: Kms.SigningAlgorithmSpec;
  readonly GrantTokens?: string[];
}

async function prepare(call: Call, input: SigningInput) {
  checkTokens(input.GrantTokens);
  const key = await findKey(call, input.KeyId!, anyKey);
  mustServe(call, key, 'SIGN_VERIFY');
  const spec = specOf(key.spec);
  const algorithm = known(input.SigningAlgorithm!, spec.signing, key.spec);
  const type = input.MessageType ?? 'RAW';
  if (type === 'EXTERNAL_MU') throw unsupported('MessageType EXTERNAL_MU is not supported.');
  if (type === 'DIGEST' && spec.family === 'edwards')
    throw validation(`MessageType DIGEST is not valid with the algorithm ${algorithm}.`);
  const message = checkMessage(input.Message);
  const digestBytes = Number(digestOf(algorithm).slice('sha'.length)) / 8;
  if (type === 'DIGEST' && message.length !== digestBytes)
    throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
  const { bytes } = await secretOf(call, key);
  const signing: Signing = { spec, key: bytes, algorithm, digested: type === 'DIGEST', message };
  return { key, algorithm, signing };
}

async function macOf(call: Call, input: Kms.GenerateMacCommandInput) {
  checkTokens(input.GrantTokens);
  const key = await findKey(call, input.KeyId!, anyKey);
  mustServe(call, key, 'GENERATE_VERIFY_MAC');
  const algorithm = known(input.MacAlgorithm!, specOf(key.spec).mac, key.spec);
  return { key, algorithm, tag: mac((await secretOf(call, key)).bytes, algorithm, checkMessage(input.Message)) };
}

export const signatureHandlers = {
  async Sign(call, input) {
    const { key, algorithm, signing } = await prepare(call, input);
    stopIfDry(input.DryRun);
    return { KeyId: arnOf(key), SigningAlgorithm: algorithm, Signature: sign(signing, call.kernel.random) };
  },

  async Verify(call, input) {
    const { key, algorithm, signing } = await prepare(call, input);
    stopIfDry(input.DryRun);
    if (!verify(signing, input.Signature!)) throw invalidSignature();
    return { KeyId: arnOf(key), SigningAlgorithm: algorithm, SignatureValid: true };
  },

  async GenerateMac(call, input) {
    const { key, algorithm, tag } = await macOf(call, input);
    stopIfDry(input.DryRun);
    return { KeyId: arnOf(key), MacAlgorithm: algorithm, Mac: tag };
  },

  async VerifyMac(call, input) {
    const { key, algorithm, tag } = await macOf(call, input);
    stopIfDry(input.DryRun);
    if (!sameBytes(tag, input.Mac!)) throw invalidMac();
    return { KeyId: arnOf(key), MacAlgorithm: algorithm, MacValid: true };
  },

  async DeriveSharedSecret(call, input) {
    checkTokens(input.GrantTokens);
    refuseRecipient(input.Recipient);
    const key = await findKey(call, input.KeyId!, anyKey);
    mustServe(call, key, 'KEY_AGREEMENT');
    const secret = agree((await secretOf(call, key)).bytes, input.PublicKey!);
    if (!secret) throw validation('PublicKey is not a public key on the curve of the KMS key.');
    stopIfDry(input.DryRun);
    return { KeyId: arnOf(key), SharedSecret: secret, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: key.origin };
  },

  async GetPublicKey(call, input) {
    checkTokens(input.GrantTokens);
    const key = await findKey(call, input.KeyId!, anyKey);
    const { family } = specOf(key.spec);
    if (family === 'symmetric' || family === 'hmac')
      throw unsupported(`${arnOf(key)} is not an asymmetric key: it has no public key.`);
    mustBeEnabled(key);
    const about = metadataOf(key);
    return {
      KeyId: arnOf(key),
      PublicKey: exportPublic((await secretOf(call, key)).bytes),
      CustomerMasterKeySpec: about.CustomerMasterKeySpec,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      EncryptionAlgorithms: about.EncryptionAlgorithms,
      SigningAlgorithms: about.SigningAlgorithms,
      KeyAgreementAlgorithms: about.KeyAgreementAlgorithms,
    };
  },
} satisfies Handlers<typeof Kms>;
