/**
 * Imported key material: a wrapping key is handed out, the material comes back under it, expires, is deleted and may
 * return, but only the same bytes. Source: AWS KMS Developer Guide, "Importing key material for AWS KMS keys".
 * Left out: several materials in one key (ImportType NEW_KEY_MATERIAL) and RSAES_PKCS1_V1_5, which AWS has ended.
 */
import { constants, createDecipheriv, createHash, generateKeyPair, privateDecrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type * as Kms from '@aws-sdk/client-kms';
import { AwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { invalidCiphertext, invalidState, unsupported, validation } from '../errors';
import { arnOf, findKey, mustStay, needKey, ownKey } from '../keys';
import { privateKeyOf, sameBytes } from '../material';
import { digestOf, specOf } from '../specs';
import {
  type ImportRow,
  type KeyRow,
  readImport,
  readKey,
  readMaterial,
  writeImport,
  writeKey,
  writeMaterial,
} from '../state';

const dayMs = 86_400_000;
/** Source: KMS API Reference, "ImportKeyMaterial": ValidTo is at most 365 days away. */
const longestMs = 365 * dayMs;
/** The initial value of AES key wrap with padding. Source: RFC 5649. */
const wrapPadding = Buffer.from('a65959a6', 'hex');

function mustBeExternal(key: KeyRow): void {
  if (key.origin !== 'EXTERNAL')
    throw unsupported(`${arnOf(key)} origin is ${key.origin} which is not valid for this operation.`);
  mustStay(key);
}

/** @throws InvalidCiphertextException */
function unwrap({ privateKey, algorithm }: ImportRow, wrapped: Uint8Array): Buffer {
  const key = {
    key: privateKeyOf(privateKey),
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: digestOf(algorithm),
  };
  try {
    if (algorithm.startsWith('RSAES')) return privateDecrypt(key, wrapped);
    const rsaBytes = key.key.asymmetricKeyDetails!.modulusLength! / 8;
    const wrappingKey = privateDecrypt(key, wrapped.subarray(0, rsaBytes));
    const decipher = createDecipheriv('id-aes256-wrap-pad', wrappingKey, wrapPadding);
    return Buffer.concat([decipher.update(wrapped.subarray(rsaBytes)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

/** @throws IncorrectKeyMaterialException */
function checkFits(key: KeyRow, bytes: Buffer): void {
  const incorrect = (why: string) => new AwsError('IncorrectKeyMaterialException', why);
  const spec = specOf(key.spec);
  if (spec.bytes !== undefined) {
    if (bytes.length !== spec.bytes) throw incorrect(`Key material for ${key.spec} has ${spec.bytes} bytes.`);
    return;
  }
  try {
    const details = privateKeyOf(bytes).asymmetricKeyDetails;
    if (details?.modulusLength === spec.bits && details?.namedCurve === spec.curve) return;
  } catch {
    // Not PKCS #8.
  }
  throw incorrect(`Key material is not a ${key.spec} private key in PKCS #8.`);
}

const expiryTimer = (key: KeyRow, at: number) => ({
  at,
  service: 'kms',
  task: 'expire',
  id: `${key.account}/${key.region}/${key.keyId}`,
  payload: { account: key.account, region: key.region, keyId: key.keyId },
});

export async function expireWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  await removeMaterial(kernel, String(payload.account), String(payload.region), String(payload.keyId));
}

/** Empties the key's material; its id stays, so that the same bytes open the same ciphertexts again. */
async function removeMaterial(kernel: Kernel, account: string, region: string, keyId: string): Promise<void> {
  await kernel.store.write(async (tx) => {
    const key = await readKey(tx, account, region, keyId);
    if (!key?.imported?.present || key.material === undefined) return;
    const row = await readMaterial(tx, region, key.material);
    if (row) writeMaterial(tx, region, key.material, { ...row, bytes: new Uint8Array(0) });
    const { service, task, id } = expiryTimer(key, 0);
    await kernel.timers.cancel(tx, service, task, id);
    const gone = { digest: key.imported.digest, present: false };
    const waits = key.state === 'PendingDeletion' || key.state === 'PendingReplicaDeletion';
    writeKey(tx, { ...key, imported: gone, state: waits ? key.state : 'PendingImport' });
  });
}

export const importHandlers = {
  async GetParametersForImport(call, input) {
    const key = await findKey(call, input.KeyId!, ownKey);
    mustBeExternal(key);
    const algorithm = input.WrappingAlgorithm!;
    if (!/^RSA(ES_OAEP|_AES_KEY_WRAP)_SHA_(1|256)$/.test(algorithm))
      throw unsupported(`WrappingAlgorithm ${algorithm} is not supported.`);
    const bits = /^RSA_(2048|3072|4096)$/.exec(input.WrappingKeySpec!)?.[1];
    if (!bits) throw unsupported(`WrappingKeySpec ${input.WrappingKeySpec} is not supported.`);
    const pair = await promisify(generateKeyPair)('rsa', { modulusLength: Number(bits) });
    const row: ImportRow = {
      privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
      token: call.kernel.random.bytes(64),
      algorithm,
      expiresAt: call.now + dayMs,
    };
    await call.kernel.store.write(async (tx) => writeImport(tx, key, row));
    return {
      KeyId: arnOf(key),
      ImportToken: row.token,
      PublicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
      ParametersValidTo: new Date(row.expiresAt),
    };
  },

  async ImportKeyMaterial(call, input) {
    const { kernel, now } = call;
    const found = await findKey(call, input.KeyId!, ownKey);
    mustBeExternal(found);
    if (input.ImportType === 'NEW_KEY_MATERIAL' && found.imported)
      throw unsupported('ImportType NEW_KEY_MATERIAL is not supported for a key that has material.');
    if (input.KeyMaterialDescription !== undefined) throw unsupported('KeyMaterialDescription is not supported.');
    const expires = (input.ExpirationModel ?? 'KEY_MATERIAL_EXPIRES') === 'KEY_MATERIAL_EXPIRES';
    const expiresAt = input.ValidTo?.getTime();
    if (expires !== (expiresAt !== undefined))
      throw validation(`ValidTo must ${expires ? '' : 'not '}be present with the given ExpirationModel.`);
    if (expiresAt !== undefined && (expiresAt <= now || expiresAt > now + longestMs))
      throw validation('ValidTo must be in the future and at most 365 days away.');
    const given = await readImport(kernel.store, found);
    if (!given || !sameBytes(given.token, input.ImportToken!)) throw new AwsError('InvalidImportTokenException', '');
    if (given.expiresAt <= now) throw new AwsError('ExpiredImportTokenException', '');
    const bytes = unwrap(given, input.EncryptedKeyMaterial!);
    checkFits(found, bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (found.imported && found.imported.digest !== digest)
      throw new AwsError('IncorrectKeyMaterialException', 'The key material is not the one imported before.');
    if (input.KeyMaterialId !== undefined && input.KeyMaterialId !== found.material)
      throw new AwsError('IncorrectKeyMaterialException', 'KeyMaterialId is not the id of this key material.');

    const fresh = kernel.random.hex(64);
    const key = await kernel.store.write(async (tx) => {
      const current = await needKey(tx, { ...found, arn: arnOf(found) });
      if (current.material !== found.material) throw invalidState(arnOf(current), 'has changed meanwhile');
      const id = current.material ?? fresh;
      const created = (await readMaterial(tx, current.region, id))?.created ?? now;
      writeMaterial(tx, current.region, id, { account: current.account, keyId: current.keyId, created, bytes });
      const { service, task, id: timer } = expiryTimer(current, 0);
      if (expiresAt === undefined) await kernel.timers.cancel(tx, service, task, timer);
      else await kernel.timers.schedule(tx, expiryTimer(current, expiresAt));
      const state = current.state === 'PendingImport' ? 'Enabled' : current.state;
      const made: KeyRow = { ...current, state, material: id, imported: { digest, present: true, expiresAt } };
      writeKey(tx, made);
      return made;
    });
    return { KeyId: arnOf(key), KeyMaterialId: key.material };
  },

  async DeleteImportedKeyMaterial(call, input) {
    const key = await findKey(call, input.KeyId!, ownKey);
    mustBeExternal(key);
    if (input.KeyMaterialId !== undefined && input.KeyMaterialId !== key.material)
      throw validation('KeyMaterialId is not the id of material of this key.');
    await removeMaterial(call.kernel, key.account, key.region, key.keyId);
    return { KeyId: arnOf(key), KeyMaterialId: key.material };
  },
} satisfies Handlers<typeof Kms>;
