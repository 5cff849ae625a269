/** What Secrets Manager keeps: secrets, and each of their versions, sealed. */
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export interface SecretName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export interface SecretRow extends SecretName {
  readonly partition: string;
  /** Six letters behind the name in the ARN, which tell a secret from a later one of the same name. */
  readonly suffix: string;
  readonly description?: string;
  readonly keyId?: string;
  readonly created: number;
  readonly changed: number;
  readonly accessed?: number;
  /** When it goes, once it has been deleted. */
  readonly erasedAt?: number;
  readonly deleted?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: string;
  readonly policyOrigin?: Origin;
  /** Version ids by staging label. */
  readonly stages: Readonly<Record<string, string>>;
}

export interface VersionRow {
  readonly id: string;
  readonly created: number;
  readonly accessed?: number;
  readonly kind: 'text' | 'bytes';
  readonly keyId: string;
  readonly sealed: Uint8Array;
  /** Its data key, as KMS sealed it. */
  readonly key: Uint8Array;
}

/** [account, region, name] */
const secrets = table<SecretRow>('secretsmanager.secrets');
/** [account, region, name, version id] */
const versions = table<VersionRow>('secretsmanager.versions');

const at = ({ account, region, name }: SecretName) => [account, region, name];

/** Of all accounts and Regions. */
export const scanAllSecrets = (from: Reader) => from.scan(secrets);
export const readSecret = (from: Reader, name: SecretName) => from.get(secrets, at(name));
export const writeSecret = (tx: Writer, row: SecretRow) => tx.put(secrets, at(row), row);
export async function* scanSecrets(from: Reader, account: string, region: string, after?: string) {
  const within = [account, region];
  const rows = from.scan(secrets, { within, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}

export const readVersion = (from: Reader, name: SecretName, id: string) => from.get(versions, [...at(name), id]);
export const writeVersion = (tx: Writer, name: SecretName, row: VersionRow) =>
  tx.put(versions, [...at(name), row.id], row);
export const removeVersion = (tx: Writer, name: SecretName, id: string) => tx.delete(versions, [...at(name), id]);
export async function versionsOf(from: Reader, name: SecretName): Promise<VersionRow[]> {
  const rows = await from.page(versions, { within: at(name), limit: Number.POSITIVE_INFINITY });
  return rows.map(({ value }) => value);
}

export async function eraseSecret(tx: Writer, name: SecretName): Promise<void> {
  for (const { id } of await versionsOf(tx, name)) removeVersion(tx, name, id);
  tx.delete(secrets, at(name));
}
