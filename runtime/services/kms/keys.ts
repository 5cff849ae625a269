/**
 * From what a caller writes as `KeyId` to the key: an id, an ARN, an alias or an alias ARN. Also what states a key must
 * be in to be used. Sources: AWS KMS Developer Guide, "Key identifiers (KeyId)" and "Key states of AWS KMS keys".
 */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import type { Reader } from '../../store/port';
import {
  aliasNotFound,
  constraint,
  disabled,
  incorrectKey,
  invalidArn,
  invalidKeyId,
  invalidState,
  invalidUsage,
  keyNotFound,
  otherAccount,
  unknownCiphertext,
} from './errors';
import { managedKey } from './managed';
import { materialIn } from './material';
import { specOf } from './specs';
import { type KeyRow, readAlias, readKey, readMaterial } from './state';

/** Which key a name means, whether or not it exists. */
export interface Named {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly arn: string;
  /** The alias by which it was named: `kms:RequestAlias`. */
  readonly alias?: string;
}

/** What an operation accepts as a KeyId. */
export interface Naming {
  readonly alias?: boolean;
  /** Keys of other accounts, by ARN. */
  readonly foreign?: boolean;
}
export const anyKey: Naming = { alias: true, foreign: true };
export const anyAccount: Naming = { foreign: true };
export const ownKey: Naming = {};

const idPattern = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

export const arnIn = (partition: string, account: string, region: string, resource: string) =>
  formatArn({ partition, service: 'kms', region, account, resource });
export const arnOf = (key: Pick<KeyRow, 'partition' | 'account' | 'region' | 'keyId'>) =>
  arnIn(key.partition, key.account, key.region, `key/${key.keyId}`);

/** @throws NotFoundException for what is no name of a key, and for aliases that lead nowhere */
export async function nameOf(call: Call, keyId: string, naming: Naming): Promise<Named> {
  const arn = parseArn(keyId);
  if (keyId.startsWith('arn:') && arn?.service !== 'kms') throw invalidArn(keyId);
  if (arn && arn.region !== call.region) throw invalidArn(arn.region);
  const account = arn?.account ?? call.account;
  const isId = !arn && (idPattern.test(keyId) || isDeclared(call, keyId));
  const resource = arn?.resource ?? (isId ? `key/${keyId}` : keyId);
  if (account !== call.account && !naming.foreign) throw otherAccount(call.operation, keyId);

  if (resource.startsWith('key/')) {
    const id = resource.slice('key/'.length);
    return { account, region: call.region, keyId: id, arn: arnIn(call.partition, account, call.region, resource) };
  }
  if (!resource.startsWith('alias/') || !naming.alias) throw arn ? invalidArn(keyId) : invalidKeyId(keyId);
  const target =
    (await readAlias(call.kernel.store, account, call.region, resource))?.keyId ??
    (account === call.account ? await managedKey(call, resource) : undefined);
  if (!target) throw aliasNotFound(arnIn(call.partition, account, call.region, resource));
  const found = { partition: call.partition, account, region: call.region, keyId: target };
  return { ...found, arn: arnOf(found), alias: resource };
}

/** Keys that a configuration declares are called as it says. */
function isDeclared({ kernel }: Call, keyId: string): boolean {
  return kernel.config.accounts.some(({ kmsKeys }) => kmsKeys.some(({ id }) => id === keyId));
}

export async function findKey(call: Call, keyId: string, naming: Naming): Promise<KeyRow> {
  const named = await nameOf(call, keyId, naming);
  return needKey(call.kernel.store, named);
}

/** @throws NotFoundException */
export async function needKey(from: Reader, named: Omit<Named, 'alias'>): Promise<KeyRow> {
  const key = await readKey(from, named.account, named.region, named.keyId);
  if (!key) throw keyNotFound(named.arn);
  return key;
}

/**
 * The key that a symmetric ciphertext was made with.
 * @throws InvalidCiphertextException for what is no ciphertext, AccessDeniedException for what no key here has made
 */
export async function nameOfCiphertext(call: Call, blob: Uint8Array): Promise<Named> {
  const material = await readMaterial(call.kernel.store, call.region, materialIn(blob));
  if (!material) throw unknownCiphertext();
  const { account, keyId } = material;
  return { account, keyId, region: call.region, arn: arnIn(call.partition, account, call.region, `key/${keyId}`) };
}

/** The key for a decryption: as named, and the one that the ciphertext names. @throws IncorrectKeyException, ValidationException */
export async function nameForDecrypt(call: Call, keyId: string | undefined, blob: Uint8Array | undefined) {
  if (keyId === undefined) {
    if (!blob) throw constraint('ciphertextBlob', null, 'not be null');
    return nameOfCiphertext(call, blob);
  }
  const named = await nameOf(call, keyId, anyKey);
  const key = await readKey(call.kernel.store, named.account, named.region, named.keyId);
  if (!key || !blob || specOf(key.spec).family !== 'symmetric') return named;
  const material = await readMaterial(call.kernel.store, call.region, materialIn(blob));
  if (material && (material.keyId !== key.keyId || material.account !== key.account)) throw incorrectKey();
  return named;
}

/** Refuses keys that are going or not yet there. @throws KMSInvalidStateException */
export function mustNotPend(key: KeyRow): void {
  if (key.state === 'PendingImport') throw invalidState(arnOf(key), 'is pending import');
  mustStay(key);
}

/** @throws KMSInvalidStateException for keys scheduled for deletion */
export function mustStay(key: KeyRow): void {
  if (key.state === 'PendingDeletion') throw invalidState(arnOf(key), 'is pending deletion');
  if (key.state === 'PendingReplicaDeletion') throw invalidState(arnOf(key), 'is pending replica deletion');
}

/** @throws DisabledException, KMSInvalidStateException */
export function mustBeEnabled(key: KeyRow): void {
  mustNotPend(key);
  if (key.state === 'Disabled') throw disabled(arnOf(key));
}

/** A key ready for a cryptographic operation. @throws DisabledException, KMSInvalidStateException, InvalidKeyUsageException */
export function mustServe(call: Call, key: KeyRow, usage: KeyRow['usage']): void {
  if (key.usage !== usage) throw invalidUsage(arnOf(key), key.usage, call.operation);
  mustBeEnabled(key);
}

/** Key metadata as DescribeKey, CreateKey and ReplicateKey answer it. */
export function metadataOf(key: KeyRow): KeyMetadata {
  const spec = specOf(key.spec);
  const related = (region: string) => ({ Arn: arnOf({ ...key, region }), Region: region });
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: arnOf(key),
    CreationDate: new Date(key.created),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec as KeyMetadata['CustomerMasterKeySpec'],
    KeySpec: key.spec,
    EncryptionAlgorithms: key.usage === 'ENCRYPT_DECRYPT' ? [...(spec.encryption ?? [])] : undefined,
    SigningAlgorithms: key.usage === 'SIGN_VERIFY' ? [...(spec.signing ?? [])] : undefined,
    MacAlgorithms: spec.mac && [...spec.mac],
    KeyAgreementAlgorithms: key.usage === 'KEY_AGREEMENT' ? ['ECDH'] : undefined,
    DeletionDate: key.deletionAt === undefined ? undefined : new Date(key.deletionAt),
    PendingDeletionWindowInDays: key.state === 'PendingReplicaDeletion' ? key.pendingWindowDays : undefined,
    ExpirationModel: key.imported?.present
      ? key.imported.expiresAt === undefined
        ? 'KEY_MATERIAL_DOES_NOT_EXPIRE'
        : 'KEY_MATERIAL_EXPIRES'
      : undefined,
    ValidTo:
      key.imported?.present && key.imported.expiresAt !== undefined ? new Date(key.imported.expiresAt) : undefined,
    MultiRegion: key.multiRegion !== undefined,
    MultiRegionConfiguration: key.multiRegion && {
      MultiRegionKeyType: key.multiRegion.primary === key.region ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: related(key.multiRegion.primary),
      ReplicaKeys: key.multiRegion.replicas.map(related),
    },
    CurrentKeyMaterialId: spec.family === 'symmetric' ? key.material : undefined,
  };
}
