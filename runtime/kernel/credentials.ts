/**
 * Whose is an access key? Looked up among the identity sources, else plain credentials, so that nothing is in a
 * beginner's way: an access key id that is its own secret (`test`/`test`) is the default account's administrator; twelve
 * digits are that account's. Ids that begin with `AKIA` or `ASIA` never are.
 */
import { partitionOf } from '../base/arn';
import type { Credentials, IdentitySource } from './authorize';
import type { Kernel } from './call';
import { root } from './principal';
import type { Dialect } from './rejection';
import * as rejection from './rejection';

/** @throws AwsError when there is no such key, or not with this token */
export type FindCredentials = (
  accessKeyId: string,
  sessionToken: string | undefined,
  region: string,
  dialect: Dialect,
) => Promise<Credentials>;

export function createFinder(kernel: Kernel, identities: readonly IdentitySource[]): FindCredentials {
  return async (accessKeyId, sessionToken, region, dialect) => {
    for (const source of identities) {
      const found = await source.credentials?.(kernel, accessKeyId, sessionToken);
      if (!found) continue;
      if (!found.active) throw rejection.unknownAccessKey(dialect, accessKeyId);
      if (found.sessionToken !== sessionToken) throw rejection.invalidToken(dialect, sessionToken);
      return found;
    }
    if (/^A[KS]IA/.test(accessKeyId)) throw rejection.unknownAccessKey(dialect, accessKeyId);
    const account = isAccountId(accessKeyId) ? accessKeyId : kernel.defaultAccount;
    const principal = root(account, partitionOf(region), accessKeyId);
    return { accessKeyId, secretAccessKey: accessKeyId, principal, active: true };
  };
}

/** A plain id that turns out not to be its own secret is nobody's id, unless it is one of the well-known ones. */
export function refuseGuess({ accessKeyId, secretAccessKey }: Credentials, dialect: Dialect): void {
  if (secretAccessKey !== accessKeyId || accessKeyId === 'test' || isAccountId(accessKeyId)) return;
  throw rejection.unknownAccessKey(dialect, accessKeyId);
}

/** @throws AwsError for temporary credentials whose time is over */
export function requireAlive({ clock }: Kernel, credentials: Credentials, dialect: Dialect): void {
  if (credentials.expiresAt === undefined || credentials.expiresAt > clock.now()) return;
  throw rejection.expiredToken(dialect, credentials.sessionToken);
}

function isAccountId(text: string): boolean {
  return /^\d{12}$/.test(text);
}
