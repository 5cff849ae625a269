/**
 * What KMS keeps: keys, their material, policies, aliases and grants. Key material stands in the store as it is: what
 * protects it here is the data directory, as the HSM does there.
 */
import type { AlgorithmSpec, GrantConstraints, GrantOperation, KeySpec, KeyUsageType } from '@aws-sdk/client-kms';
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingReplicaDeletion' | 'PendingImport';

export interface KeyRow {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly keyId: string;
  readonly created: number;
  readonly description: string;
  readonly usage: KeyUsageType;
  readonly spec: KeySpec;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly state: KeyState;
  readonly deletionAt?: number;
  readonly pendingWindowDays?: number;
  /** What encrypts and signs today; absent while a key waits for imported material. */
  readonly material?: string;
  readonly rotation?: { readonly periodDays: number; readonly next: number };
  /** Regions of the related multi-Region keys, this one included; the same in each of them. */
  readonly multiRegion?: { readonly primary: string; readonly replicas: readonly string[] };
  /** Imported material. It may be gone (deleted, expired); only the same bytes may come back. */
  readonly imported?: { readonly digest: string; readonly present: boolean; readonly expiresAt?: number };
  readonly tags: Readonly<Record<string, string>>;
  /** Names of the aliases that lead here: every authorisation asks for them (`kms:ResourceAliases`). */
  readonly aliases: readonly string[];
}

/** Secret bytes: an AES or HMAC key, or a private key as PKCS #8. Ciphertexts name it, so it is found by its id alone. */
export interface MaterialRow {
  readonly account: string;
  readonly keyId: string;
  readonly created: number;
  readonly bytes: Uint8Array;
  /** How this material came to be the current one; absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

export interface PolicyRow {
  /** Of an AWS managed key. */
  readonly managed?: boolean;
  readonly document: string;
  readonly origin?: Origin;
}

/** The last use of a key. */
export interface UsageRow {
  readonly operation: string;
  readonly at: number;
  readonly requestId: string;
}

export interface AliasRow {
  readonly keyId: string;
  readonly created: number;
  readonly updated: number;
}

export interface GrantRow {
  readonly grantId: string;
  readonly name?: string;
  readonly created: number;
  readonly grantee?: string;
  readonly granteeService?: string;
  readonly retiring?: string;
  readonly retiringService?: string;
  readonly issuer: string;
  readonly operations: readonly GrantOperation[];
  readonly constraints?: GrantConstraints;
}

/** What GetParametersForImport handed out and ImportKeyMaterial brings back. */
export interface ImportRow {
  readonly privateKey: Uint8Array;
  readonly token: Uint8Array;
  readonly algorithm: AlgorithmSpec;
  readonly expiresAt: number;
}

/** [account, region, keyId] */
export const keys = table<KeyRow>('kms.keys');
/** [account, region, keyId] */
export const policies = table<PolicyRow>('kms.policies');
/** [region, material id]: a ciphertext tells its material, not its account. */
export const materials = table<MaterialRow>('kms.materials');
/** [account, region, keyId, created, material id] */
export const materialsOfKey = table<true>('kms.materialsOfKey');
/** [account, region, alias name with its `alias/`] */
export const aliases = table<AliasRow>('kms.aliases');
/** [account, region, keyId] */
export const imports = table<ImportRow>('kms.imports');
/** [account, region, keyId] */
const usages = table<UsageRow>('kms.usages');
/** [account, region, keyId, grant id] */
export const grants = table<GrantRow>('kms.grants');

type Place = Pick<KeyRow, 'account' | 'region' | 'keyId'>;
const at = (key: Place) => [key.account, key.region, key.keyId];

export const readKey = (from: Reader, account: string, region: string, keyId: string) =>
  from.get(keys, [account, region, keyId]);
export const writeKey = (tx: Writer, key: KeyRow) => tx.put(keys, at(key), key);
export const pageKeys = (from: Reader, account: string, region: string, limit: number, after?: string) =>
  from.page(keys, {
    within: [account, region],
    limit,
    after: after === undefined ? undefined : [account, region, after],
  });

export const readUsage = (from: Reader, key: Place) => from.get(usages, at(key));
export const writeUsage = (tx: Writer, key: Place, row: UsageRow) => tx.put(usages, at(key), row);
export const deleteUsage = (tx: Writer, key: Place) => tx.delete(usages, at(key));

export const readPolicy = (from: Reader, key: Place) => from.get(policies, at(key));
/** Of all keys, by [account, region, key id]. */
export const scanPolicies = (from: Reader) => from.scan(policies);
export const writePolicy = (tx: Writer, key: Place, policy: PolicyRow) => tx.put(policies, at(key), policy);

export const readMaterial = (from: Reader, region: string, id: string) => from.get(materials, [region, id]);
export function writeMaterial(tx: Writer, region: string, id: string, row: MaterialRow): void {
  tx.put(materials, [region, id], row);
  tx.put(materialsOfKey, [row.account, region, row.keyId, row.created, id], true);
}
export function deleteMaterial(tx: Writer, region: string, id: string, row: MaterialRow): void {
  tx.delete(materials, [region, id]);
  tx.delete(materialsOfKey, [row.account, region, row.keyId, row.created, id]);
}
/** All material that a key ever had, oldest first. */
export async function materialsOf(from: Reader, key: Place): Promise<{ id: string; row: MaterialRow }[]> {
  const found: { id: string; row: MaterialRow }[] = [];
  for await (const { key: k } of from.scan(materialsOfKey, { within: at(key) })) {
    const id = String(k[4]);
    const row = await readMaterial(from, key.region, id);
    if (row) found.push({ id, row });
  }
  return found;
}

export const readAlias = (from: Reader, account: string, region: string, name: string) =>
  from.get(aliases, [account, region, name]);
export const writeAlias = (tx: Writer, account: string, region: string, name: string, row: AliasRow) =>
  tx.put(aliases, [account, region, name], row);
export const deleteAlias = (tx: Writer, account: string, region: string, name: string) =>
  tx.delete(aliases, [account, region, name]);
/** All aliases of an account and Region, in order of their names. */
export async function listAliases(from: Reader, account: string, region: string) {
  const found: { name: string; row: AliasRow }[] = [];
  for await (const { key, value } of from.scan(aliases, { within: [account, region] }))
    found.push({ name: String(key[2]), row: value });
  return found;
}

export const readImport = (from: Reader, key: Place) => from.get(imports, at(key));
export const writeImport = (tx: Writer, key: Place, row: ImportRow) => tx.put(imports, at(key), row);

export const readGrant = (from: Reader, key: Place, grantId: string) => from.get(grants, [...at(key), grantId]);
export const writeGrant = (tx: Writer, key: Place, grant: GrantRow) =>
  tx.put(grants, [...at(key), grant.grantId], grant);
export const deleteGrant = (tx: Writer, key: Place, grantId: string) => tx.delete(grants, [...at(key), grantId]);
export async function grantsOf(from: Reader, key: Place): Promise<GrantRow[]> {
  const found: GrantRow[] = [];
  for await (const { value } of from.scan(grants, { within: at(key) })) found.push(value);
  return found;
}
/** Grants on all keys of an account and region, with the key of each. */
export async function grantsIn(from: Reader, account: string, region: string) {
  const found: { keyId: string; grant: GrantRow }[] = [];
  for await (const { key, value } of from.scan(grants, { within: [account, region] }))
    found.push({ keyId: String(key[2]), grant: value });
  return found;
}

/** Removes a key and all that hangs on it: from here on its ciphertexts are noise. */
export async function eraseKey(tx: Writer, key: KeyRow): Promise<void> {
  deleteUsage(tx, key);
  tx.delete(keys, at(key));
  tx.delete(policies, at(key));
  tx.delete(imports, at(key));
  for (const { id, row } of await materialsOf(tx, key)) deleteMaterial(tx, key.region, id, row);
  for (const name of key.aliases) deleteAlias(tx, key.account, key.region, name);
  for (const grant of await grantsOf(tx, key)) deleteGrant(tx, key, grant.grantId);
}
