/** What Parameter Store keeps: parameters, and each of their versions. */
import type { ParameterTier, ParameterType } from '@aws-sdk/client-ssm';
import { type Reader, table, type Writer } from '../../store/port';

export interface ParameterRow {
  readonly name: string;
  readonly type: ParameterType;
  readonly latest: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface VersionRow {
  readonly name: string;
  readonly type: ParameterType;
  readonly version: number;
  /** Plain text; for a SecureString what KMS and this service made of it. */
  readonly value: string;
  readonly tier: ParameterTier;
  readonly keyId?: string;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly dataType: string;
  readonly labels: readonly string[];
  readonly modified: number;
  readonly modifiedBy: string;
}

/** [account, region, name] */
const parameters = table<ParameterRow>('ssm.parameters');
/** [account, region, name, version] */
const versions = table<VersionRow>('ssm.versions');

export interface Place {
  readonly account: string;
  readonly region: string;
}

export const readParameter = (from: Reader, { account, region }: Place, name: string) =>
  from.get(parameters, [account, region, name]);
export const writeParameter = (tx: Writer, { account, region }: Place, row: ParameterRow) =>
  tx.put(parameters, [account, region, row.name], row);

/** Names in order, from `prefix` on; stop iterating and the cost stops. */
export async function* scanParameters(from: Reader, { account, region }: Place, prefix = '', after?: string) {
  const within = [account, region];
  const rows = from.scan(parameters, { within, prefix, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}

export const readVersion = (from: Reader, { account, region }: Place, name: string, version: number) =>
  from.get(versions, [account, region, name, version]);
export const writeVersion = (tx: Writer, { account, region }: Place, row: VersionRow) =>
  tx.put(versions, [account, region, row.name, row.version], row);
export const deleteVersion = (tx: Writer, { account, region }: Place, name: string, version: number) =>
  tx.delete(versions, [account, region, name, version]);

/** All versions that are kept (at most 100), oldest first. */
export async function versionsOf(from: Reader, { account, region }: Place, name: string): Promise<VersionRow[]> {
  const rows = await from.page(versions, { within: [account, region, name] });
  return rows.map((row) => row.value);
}

/** Whether there was something to remove. */
export async function eraseParameter(tx: Writer, place: Place, name: string): Promise<boolean> {
  if (!(await readParameter(tx, place, name))) return false;
  for (const row of await versionsOf(tx, place, name)) deleteVersion(tx, place, name, row.version);
  tx.delete(parameters, [place.account, place.region, name]);
  return true;
}
