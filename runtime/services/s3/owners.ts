/**
 * Who owns: accounts as S3 names them. Canonical user ids are those that the configuration declares; all others are
 * derived from the account, so that they are the same in every run. Owners show a DisplayName where old defaults are
 * asked for: "Amazon S3 no longer returns DisplayName" since November 2025.
 */
import { createHash } from 'node:crypto';
import type { Kernel } from '../../kernel/call';

type Configured = Pick<Kernel, 'config'>;

/** Who owns what an anonymous caller wrote. */
const ANONYMOUS_OWNER = '65a011a29cdf8ec533ec3d1ccaae921c';
const derived = new Map<string, string>();

/** The id by which ACLs and listings name an account. */
export function canonicalId({ config }: Configured, account: string): string {
  const declared = config.accounts.find(({ id }) => id === account)?.canonicalId;
  return declared ?? derivedId(account);
}

/** 64 hexadecimal digits that belong to an account. */
export function derivedId(account: string): string {
  let id = derived.get(account);
  if (!id) {
    id = createHash('sha256').update(`canonical user ${account}`).digest('hex');
    derived.set(account, id);
  }
  return id;
}

/** The canonical id of an owner, who may be nobody. */
export function ownerId(kernel: Configured, account: string): string {
  return account === '' ? ANONYMOUS_OWNER : canonicalId(kernel, account);
}

/** An owner as answers tell it. */
export function ownerMember(kernel: Configured, account: string): { ID: string; DisplayName?: string } {
  return named(kernel, ownerId(kernel, account));
}

/** A canonical id as answers tell it. */
export function named({ config }: Configured, ID: string): { ID: string; DisplayName?: string } {
  if (config.s3.defaults !== '2022') return { ID };
  const DisplayName = config.accounts.find((account) => canonicalId({ config }, account.id) === ID)?.name;
  return DisplayName === undefined ? { ID } : { ID, DisplayName };
}

/** Who began an upload: a canonical id as above, a user or session by ARN. */
export function initiatorMember(kernel: Configured, ID: string): { ID: string; DisplayName?: string } {
  if (!ID.startsWith('arn:')) return named(kernel, ID);
  return kernel.config.s3.defaults === '2022' ? { ID, DisplayName: ID.slice(ID.lastIndexOf('/') + 1) } : { ID };
}

/** Whether an account may have this id: every one that looks like it, and those that are declared. */
export function isCanonicalId({ config }: Configured, id: string): boolean {
  return /^([0-9a-f]{64}|[0-9a-f]{32})$/.test(id) || config.accounts.some(({ canonicalId }) => canonicalId === id);
}

/** The canonical id of the account with this e-mail address, as far as it is declared. */
export function canonicalIdOf(kernel: Configured, email: string): string | undefined {
  const wanted = email.toLowerCase();
  const found = kernel.config.accounts.find((account) => account.email?.toLowerCase() === wanted);
  return found && canonicalId(kernel, found.id);
}
