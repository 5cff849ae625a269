/**
 * What IAM keeps. Users, roles and groups are rows that hold their inline policies and the ARNs of the managed ones, so
 * that one read answers what somebody may do, and a few more. IAM is global: no Region in any key.
 */
import type { Origin } from '../../kernel/call';
import { type Key, type Reader, type Table, table, type Writer } from '../../store/port';

export type Kind = 'user' | 'role' | 'group';

export interface PolicyText {
  readonly document: string;
  readonly origin?: Origin;
}

type Tags = Readonly<Record<string, string>>;

/** What users, roles and groups have in common: a name and policies. */
export interface Holder {
  readonly name: string;
  readonly path: string;
  /** `AIDA…`, `AROA…`, `AGPA…` */
  readonly id: string;
  readonly created: number;
  readonly inline: Readonly<Record<string, PolicyText>>;
  /** ARNs of managed policies, in the order of attachment. */
  readonly attached: readonly string[];
}

export interface UserRow extends Holder {
  readonly tags: Tags;
  /** ARN of a managed policy. */
  readonly boundary?: string;
  readonly groups: readonly string[];
}

export interface RoleRow extends Holder {
  readonly tags: Tags;
  readonly boundary?: string;
  readonly trust: PolicyText;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  /** Made by and for a service: `AWSServiceRoleFor…`. */
  readonly serviceLinked?: boolean;
}

export type GroupRow = Holder;

export interface RowOf {
  readonly user: UserRow;
  readonly role: RoleRow;
  readonly group: GroupRow;
}

export interface VersionRow extends PolicyText {
  /** `v1` */
  readonly id: string;
  readonly created: number;
}

export interface ManagedRow {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly id: string;
  readonly created: number;
  readonly updated: number;
  readonly description?: string;
  readonly tags: Tags;
  readonly defaultVersion: string;
  /** Number of the version that comes next: numbers are not used twice. */
  readonly nextVersion: number;
  /** Oldest first. */
  readonly versions: readonly VersionRow[];
}

export interface AccessKeyRow {
  readonly account: string;
  readonly id: string;
  readonly secret: string;
  /** Absent: the account's root user. */
  readonly user?: string;
  readonly created: number;
  readonly active: boolean;
}

/** A virtual MFA device. */
export interface DeviceRow {
  /** Its ARN. */
  readonly serialNumber: string;
  /** Base32. */
  readonly seed: string;
  readonly tags: Tags;
  /** The user's name, or `''` for the account's root user. Absent: it is enabled for nobody. */
  readonly holder?: string;
  readonly enabled?: number;
  /** The step of the last code that was taken: none is good twice. */
  readonly lastStep?: number;
  /** How far its clock is ahead, in steps. */
  readonly driftSteps?: number;
}

/** An instance profile. */
export interface ProfileRow {
  readonly name: string;
  readonly path: string;
  /** `AIPA…` */
  readonly id: string;
  readonly created: number;
  readonly tags: Tags;
  /** Name of its one role. */
  readonly role?: string;
}

/** An OpenID Connect provider. */
export interface ProviderRow {
  /** Its address without `https://`: what its ARN ends with. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly created: number;
  readonly tags: Tags;
}

/** A use of an access key or a role. */
export interface UseRow {
  readonly at: number;
  readonly service: string;
  readonly region: string;
}

/** A credential report. */
export interface ReportRow {
  readonly at: number;
  readonly text: string;
}

/** How an entity uses a managed policy. */
export type Usage = 'PermissionsPolicy' | 'PermissionsBoundary';

/** All by [account, name in lower case]: names "are not distinguished by case". */
const holders: { readonly [K in Kind]: Table<RowOf[K]> } = {
  user: table('iam.users', { hot: true }),
  role: table('iam.roles', { hot: true }),
  group: table('iam.groups'),
};
/** [account, name in lower case] */
const managed = table<ManagedRow>('iam.policies', { hot: true });
/** [account, policy ARN, usage, kind, name]: whom a managed policy is attached to. */
const uses = table<true>('iam.uses');
/** [account, group, user] */
const members = table<true>('iam.members');
/** [access key id] */
const accessKeys = table<AccessKeyRow>('iam.accessKeys', { hot: true });
/** [account, user (empty: root), access key id] */
const accessKeysOf = table<true>('iam.accessKeysOf');
/** [account, serial number] */
const devices = table<DeviceRow>('iam.mfaDevices');
/** [account, user (empty: root), serial number] */
const devicesHeld = table<true>('iam.mfaDevicesOf');
/** [account, name in lower case] */
const profiles = table<ProfileRow>('iam.instanceProfiles');
/** [account, address] */
const providers = table<ProviderRow>('iam.oidcProviders');
/** [access key id or role id] */
const lastUses = table<UseRow>('iam.lastUses');
/** [account] */
const reports = table<ReportRow>('iam.reports');
/** [account] */
const accountAliases = table<string>('iam.accountAliases');
/** [alias] → account: aliases are unique. */
const aliasOwners = table<string>('iam.aliasOwners');
/** [account, task id] */
const deletions = table<number>('iam.deletions');

const byName = (account: string, name: string): Key => [account, name.toLowerCase()];

/** By the name as it was given: another spelling names nobody. */
export async function readHolder<K extends Kind>(from: Reader, kind: K, account: string, name: string) {
  const row = await from.get<RowOf[K]>(holders[kind], byName(account, name));
  return row?.name === name ? row : undefined;
}
/** Whether a name is taken, in any spelling. */
export const isTaken = async (from: Reader, kind: Kind, account: string, name: string): Promise<boolean> =>
  (await from.get<Holder>(holders[kind], byName(account, name))) !== undefined;
export const writeHolder = <K extends Kind>(tx: Writer, kind: K, account: string, row: RowOf[K]): void =>
  tx.put<RowOf[K]>(holders[kind], byName(account, row.name), row);
export const deleteHolder = (tx: Writer, kind: Kind, account: string, name: string): void =>
  tx.delete<Holder>(holders[kind], byName(account, name));
/** A role with what was noted of it. */
export function deleteRole(tx: Writer, account: string, { name, id }: RoleRow): void {
  deleteHolder(tx, 'role', account, name);
  tx.delete(lastUses, [id]);
}
export const scanHolders = <K extends Kind>(from: Reader, kind: K, account: string, after?: string) =>
  from.scan<RowOf[K]>(holders[kind], { within: [account], after: after === undefined ? undefined : [account, after] });

/** Of all accounts, each with its own. */
export const scanAllHolders = <K extends Kind>(from: Reader, kind: K) => from.scan<RowOf[K]>(holders[kind]);
export const scanAllManaged = (from: Reader) => from.scan(managed);

export async function readManaged(from: Reader, account: string, name: string): Promise<ManagedRow | undefined> {
  const row = await from.get(managed, byName(account, name));
  return row?.name === name ? row : undefined;
}
export const isManagedTaken = async (from: Reader, account: string, name: string): Promise<boolean> =>
  (await from.get(managed, byName(account, name))) !== undefined;
export const writeManaged = (tx: Writer, account: string, row: ManagedRow) =>
  tx.put(managed, byName(account, row.name), row);
export const deleteManaged = (tx: Writer, account: string, name: string) => tx.delete(managed, byName(account, name));
export const scanManaged = (from: Reader, account: string) => from.scan(managed, { within: [account] });

export const writeUse = (tx: Writer, account: string, arn: string, usage: Usage, kind: Kind, name: string) =>
  tx.put(uses, [account, arn, usage, kind, name], true);
export const deleteUse = (tx: Writer, account: string, arn: string, usage: Usage, kind: Kind, name: string) =>
  tx.delete(uses, [account, arn, usage, kind, name]);
export async function usesOf(from: Reader, account: string, arn: string, usage?: Usage) {
  const found: { usage: Usage; kind: Kind; name: string }[] = [];
  for await (const { key } of from.scan(uses, { within: usage ? [account, arn, usage] : [account, arn] }))
    found.push({ usage: key[2] as Usage, kind: key[3] as Kind, name: String(key[4]) });
  return found;
}

export const writeMember = (tx: Writer, account: string, group: string, user: string) =>
  tx.put(members, [account, group, user], true);
export const deleteMember = (tx: Writer, account: string, group: string, user: string) =>
  tx.delete(members, [account, group, user]);
export async function membersOf(from: Reader, account: string, group: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of from.scan(members, { within: [account, group] })) found.push(String(key[2]));
  return found;
}

export const readAccessKey = (from: Reader, id: string) => from.get(accessKeys, [id]);
export function writeAccessKey(tx: Writer, row: AccessKeyRow): void {
  tx.put(accessKeys, [row.id], row);
  tx.put(accessKeysOf, [row.account, row.user ?? '', row.id], true);
}
export function deleteAccessKey(tx: Writer, row: AccessKeyRow): void {
  tx.delete(lastUses, [row.id]);
  tx.delete(accessKeys, [row.id]);
  tx.delete(accessKeysOf, [row.account, row.user ?? '', row.id]);
}
export async function accessKeysFor(from: Reader, account: string, user = ''): Promise<AccessKeyRow[]> {
  const found: AccessKeyRow[] = [];
  for await (const { key } of from.scan(accessKeysOf, { within: [account, user] })) {
    const row = await readAccessKey(from, String(key[2]));
    if (row) found.push(row);
  }
  return found;
}

export const readDevice = (from: Reader, account: string, serialNumber: string) =>
  from.get(devices, [account, serialNumber]);
export function writeDevice(tx: Writer, account: string, row: DeviceRow): void {
  tx.put(devices, [account, row.serialNumber], row);
  if (row.holder !== undefined) tx.put(devicesHeld, [account, row.holder, row.serialNumber], true);
}
export function deleteDevice(tx: Writer, account: string, row: DeviceRow): void {
  tx.delete(devices, [account, row.serialNumber]);
  if (row.holder !== undefined) tx.delete(devicesHeld, [account, row.holder, row.serialNumber]);
}
export const scanDevices = (from: Reader, account: string) => from.scan(devices, { within: [account] });
export async function devicesOf(from: Reader, account: string, holder: string): Promise<DeviceRow[]> {
  const found: DeviceRow[] = [];
  for await (const { key } of from.scan(devicesHeld, { within: [account, holder] })) {
    const row = await readDevice(from, account, String(key[2]));
    if (row) found.push(row);
  }
  return found;
}

export const readProvider = (from: Reader, account: string, url: string) => from.get(providers, [account, url]);
export const writeProvider = (tx: Writer, account: string, row: ProviderRow) =>
  tx.put(providers, [account, row.url], row);
export const deleteProvider = (tx: Writer, account: string, url: string) => tx.delete(providers, [account, url]);
export async function providersOf(from: Reader, account: string): Promise<ProviderRow[]> {
  return (await from.page(providers, { within: [account] })).map(({ value }) => value);
}

export const readUse = (from: Reader, id: string) => from.get(lastUses, [id]);
export const writeLastUse = (tx: Writer, id: string, row: UseRow) => tx.put(lastUses, [id], row);

export const readReport = (from: Reader, account: string) => from.get(reports, [account]);
export const writeReport = (tx: Writer, account: string, row: ReportRow) => tx.put(reports, [account], row);

/** Whether an account has as many of a kind as this. */
export async function hasAsMany(from: Reader, kind: Kind | 'policy', account: string, limit: number): Promise<boolean> {
  const within = { within: [account], limit };
  const rows = kind === 'policy' ? await from.page(managed, within) : await from.page<Holder>(holders[kind], within);
  return rows.length >= limit;
}

export const readAlias = (from: Reader, account: string) => from.get(accountAliases, [account]);
export const ownerOfAlias = (from: Reader, alias: string) => from.get(aliasOwners, [alias]);
export function writeAlias(tx: Writer, account: string, alias: string): void {
  tx.put(accountAliases, [account], alias);
  tx.put(aliasOwners, [alias], account);
}
export function deleteAlias(tx: Writer, account: string, alias: string): void {
  tx.delete(accountAliases, [account]);
  tx.delete(aliasOwners, [alias]);
}

export const readDeletion = (from: Reader, account: string, task: string) => from.get(deletions, [account, task]);
export const writeDeletion = (tx: Writer, account: string, task: string, at: number) =>
  tx.put(deletions, [account, task], at);

export const readProfile = (from: Reader, account: string, name: string) => from.get(profiles, byName(account, name));
export const writeProfile = (tx: Writer, account: string, row: ProfileRow) =>
  tx.put(profiles, byName(account, row.name), row);
export const deleteProfile = (tx: Writer, account: string, name: string) => tx.delete(profiles, byName(account, name));
export async function profilesOf(from: Reader, account: string): Promise<ProfileRow[]> {
  const rows = await from.page(profiles, { within: [account], limit: Number.POSITIVE_INFINITY });
  return rows.map(({ value }) => value);
}
