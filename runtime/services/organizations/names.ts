/** Ids and ARNs of what is in an organisation. Source: AWS Organizations user guide, "Policies and resources", ARN formats. */
import type { Random } from '../../base/random';
import { invalidPattern } from './errors';
import type { OrganizationRow, PolicyRow, PolicyType } from './state';

export const lower = (random: Random, length: number): string => random.mixed(length).toLowerCase();

type Where = Pick<OrganizationRow, 'id' | 'management' | 'partition'>;

const arnIn = ({ partition, management }: Where, resource: string): string =>
  `arn:${partition}:organizations::${management}:${resource}`;

export const organizationArn = (where: Where): string => arnIn(where, `organization/${where.id}`);
export const rootArn = (where: OrganizationRow): string => arnIn(where, `root/${where.id}/${where.root}`);
export const unitArn = (where: Where, unit: string): string => arnIn(where, `ou/${where.id}/${unit}`);
export const accountArn = (where: Where, account: string): string => arnIn(where, `account/${where.id}/${account}`);
export const handshakeArn = (where: Where, id: string): string => arnIn(where, `handshake/${where.id}/invite/${id}`);

const kindOf = (type: PolicyType): string => type.toLowerCase();

export function policyArn(where: Where, { id, type }: Pick<PolicyRow, 'id' | 'type'>): string {
  return isAwsManaged(id)
    ? `arn:${where.partition}:organizations::aws:policy/${kindOf(type)}/${id}`
    : arnIn(where, `policy/${where.id}/${kindOf(type)}/${id}`);
}

export const isAwsManaged = (id: string): boolean => id === 'p-FullAWSAccess' || id === 'p-RCPFullAWSAccess';

/** What kind of thing an id names. */
export type Kind = 'root' | 'unit' | 'account';

export function kindOfId(id: string): Kind | undefined {
  if (/^r-[0-9a-z]{4,32}$/.test(id)) return 'root';
  if (/^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$/.test(id)) return 'unit';
  return /^\d{12}$/.test(id) ? 'account' : undefined;
}

/** The ARN of a root, unit or account by its id. */
export function targetArn(where: OrganizationRow, id: string): string {
  const kind = kindOfId(id);
  return kind === 'root'
    ? arnIn(where, `root/${where.id}/${id}`)
    : kind === 'unit'
      ? unitArn(where, id)
      : accountArn(where, id);
}

/** @throws InvalidInputException */
export function checkName(member: string, name: string | undefined, longest: number): string {
  if (name === undefined || name.length < 1 || name.length > longest) throw invalidPattern(member);
  return name;
}

/** @throws InvalidInputException */
export function checkEmail(email: string | undefined): string {
  if (email === undefined || email.length < 6 || email.length > 64 || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    throw invalidPattern('Email');
  }
  return email;
}
