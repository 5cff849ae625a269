/**
 * What Organizations keeps: an organisation with its tree in one row, its policies, which accounts are in it, accounts
 * that are being created and invitations. Rows that each request reads are hot. Whatever changes an organisation or one
 * of its policies writes the organisation's row, so that what is made of it can be kept by that row.
 */
import type { HandshakeState } from '@aws-sdk/client-organizations';
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export type PolicyType = 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY';

export interface UnitRow {
  readonly name: string;
  /** The root's id, or another unit's. */
  readonly parent: string;
}

export interface AccountRow {
  readonly name: string;
  readonly email: string;
  readonly parent: string;
  readonly method: 'INVITED' | 'CREATED';
  readonly joined: number;
}

export type Tags = Readonly<Record<string, string>>;

export interface OrganizationRow {
  readonly id: string;
  /** `r-ab12`. */
  readonly root: string;
  readonly management: string;
  readonly partition: string;
  readonly created: number;
  /** Policy types that are in force. */
  readonly enabled: readonly PolicyType[];
  readonly units: Readonly<Record<string, UnitRow>>;
  readonly accounts: Readonly<Record<string, AccountRow>>;
  /** Ids of policies by the root, unit or account that they are attached to. */
  readonly attachments: Readonly<Record<string, readonly string[]>>;
  /** By the id of a root, unit, account or policy. */
  readonly tags: Readonly<Record<string, Tags>>;
}

export interface PolicyRow {
  /** The stack that wrote it. */
  readonly origin?: Origin;
  readonly id: string;
  readonly type: PolicyType;
  readonly name: string;
  readonly description: string;
  readonly document: string;
}

export interface CreationRow {
  /** `car-…` */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly requested: number;
  readonly completed: number;
  /** Absent when it failed. */
  readonly account?: string;
  readonly failure?: 'EMAIL_ALREADY_EXISTS';
}

export interface HandshakeRow {
  /** `h-…` */
  readonly id: string;
  readonly organization: string;
  readonly account: string;
  readonly state: HandshakeState;
  readonly requested: number;
  readonly expires: number;
  readonly notes?: string;
  readonly tags: Tags;
}

const organizations = table<OrganizationRow>('organizations.organizations', { hot: true });
/** [account]: the id of its organisation */
const members = table<string>('organizations.members', { hot: true });
/** [organisation, policy] */
const policies = table<PolicyRow>('organizations.policies');
/** [organisation, request] */
const creations = table<CreationRow>('organizations.creations');
/** [handshake] */
const handshakes = table<HandshakeRow>('organizations.handshakes');

export async function organizationOf(from: Reader, account: string): Promise<OrganizationRow | undefined> {
  const id = await from.get(members, [account]);
  return id === undefined ? undefined : from.get(organizations, [id]);
}
export const readOrganization = (from: Reader, id: string) => from.get(organizations, [id]);
export const writeOrganization = (tx: Writer, row: OrganizationRow) => tx.put(organizations, [row.id], row);
export const deleteOrganization = (tx: Writer, { id }: OrganizationRow) => tx.delete(organizations, [id]);

export const writeMember = (tx: Writer, account: string, organization: string) =>
  tx.put(members, [account], organization);
export const deleteMember = (tx: Writer, account: string) => tx.delete(members, [account]);

export const readPolicy = (from: Reader, organization: string, id: string) => from.get(policies, [organization, id]);
/** Of all organisations. */
export const scanPolicies = (from: Reader) => from.scan(policies);
export const writePolicy = (tx: Writer, organization: string, row: PolicyRow) =>
  tx.put(policies, [organization, row.id], row);
export const deletePolicy = (tx: Writer, organization: string, id: string) => tx.delete(policies, [organization, id]);
export async function policiesOf(from: Reader, organization: string): Promise<PolicyRow[]> {
  const rows = await from.page(policies, { within: [organization], limit: Number.POSITIVE_INFINITY });
  return rows.map(({ value }) => value);
}

export const readCreation = (from: Reader, organization: string, id: string) => from.get(creations, [organization, id]);
export const writeCreation = (tx: Writer, organization: string, row: CreationRow) =>
  tx.put(creations, [organization, row.id], row);
export async function creationsOf(from: Reader, organization: string): Promise<CreationRow[]> {
  const rows = await from.page(creations, { within: [organization], limit: Number.POSITIVE_INFINITY });
  return rows.map(({ value }) => value);
}

export const readHandshake = (from: Reader, id: string) => from.get(handshakes, [id]);
export const writeHandshake = (tx: Writer, row: HandshakeRow) => tx.put(handshakes, [row.id], row);
export async function allHandshakes(from: Reader): Promise<HandshakeRow[]> {
  const rows = await from.page(handshakes, { limit: Number.POSITIVE_INFINITY });
  return rows.map(({ value }) => value);
}
