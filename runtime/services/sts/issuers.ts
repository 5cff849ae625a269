/**
 * Where the keys of an identity provider come from. AWS fetches them from the provider's public address; here they are
 * declared in the configuration, or served by a local issuer that is declared there.
 * Source: IAM user guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
 */
import type { ProviderKey } from '../../engine/jwt';
import type { Kernel } from '../../kernel/call';
import { noVerificationKey } from './errors';

const LONGEST_MS = 5_000;
const MOST_BYTES = 1_000_000;

/** @param issuer as tokens name it, `https://…` @throws InvalidIdentityToken when nobody has said what its keys are */
export async function keysOf({ config }: Kernel, issuer: string): Promise<readonly ProviderKey[]> {
  const declared = config.oidcIssuers.find(({ url }) => url === issuer);
  if (!declared) throw noVerificationKey();
  if (declared.jwksUri === undefined) return declared.keys;
  try {
    // Asked each time: a local issuer makes new keys with each start.
    const response = await fetch(declared.jwksUri, { redirect: 'error', signal: AbortSignal.timeout(LONGEST_MS) });
    const text = await response.text();
    if (!response.ok || text.length > MOST_BYTES) throw noVerificationKey();
    const { keys } = JSON.parse(text);
    if (!Array.isArray(keys)) throw noVerificationKey();
    return keys;
  } catch {
    throw noVerificationKey();
  }
}
