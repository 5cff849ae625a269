/**
 * Grants on KMS keys in a survey: what a grant allows under constraints depends on the encryption context of a request.
 * Source: KMS developer guide, "Grants in AWS KMS", "Using grant constraints".
 */
import type { Prospect, Proviso } from '../engine/policy/prospect';
import type { Principal } from '../kernel/principal';
import { root } from '../kernel/principal';
import type { Life } from '../life';

export interface Grant {
  /** ARN, or a service. */
  readonly grantee: string;
  /** `kms:Decrypt`. */
  readonly actions: readonly string[];
  readonly constraints: readonly Proviso[];
}

/** Grants with constraints: all others the engine knows as they are. */
export async function constrainedGrants(
  { kernel }: Life,
  { account, region, arn: KeyId }: { readonly account: string; readonly region: string; readonly arn: string },
): Promise<readonly Grant[]> {
  const { kms } = kernel.peers(root(account), { account, region });
  const found: Grant[] = [];
  let Marker: string | undefined;
  do {
    const page = await kms.ListGrants({ KeyId, Marker });
    for (const { GranteePrincipal, GranteeServicePrincipal, Operations = [], Constraints = {} } of page.Grants ?? []) {
      const grantee = GranteePrincipal ?? GranteeServicePrincipal;
      const constraints = Object.entries(Constraints).map(([operator, wanted]) => ({
        operator,
        key: operator === 'SourceArn' ? 'aws:SourceArn' : 'kms:EncryptionContext',
        values:
          typeof wanted === 'string' ? [wanted] : Object.entries(wanted).map(([name, value]) => `${name}=${value}`),
      }));
      if (grantee === undefined || constraints.length === 0) continue;
      found.push({ grantee, actions: Operations.map((name) => `kms:${name}`), constraints });
    }
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return found;
}

export function isGrantee({ grantee }: Grant, { arn, service, session }: Principal): boolean {
  return grantee === arn || grantee === service || grantee === session?.roleArn;
}

/**
 * @param base without the grant
 * @param granted as if the grant held
 */
export function underConstraints(base: Prospect, granted: Prospect, constraints: readonly Proviso[]): Prospect {
  if (base.effect === 'allowed' || granted.effect === 'denied') return base;
  const { if: needed, unless } = granted.effect === 'conditional' ? granted : { if: [], unless: [] };
  const alternatives = (needed.length > 0 ? needed : [[]]).map((one) => [...constraints, ...one]);
  // What is allowed but for denials needs no grant.
  if (base.effect === 'conditional' && base.if.length === 0) return base;
  const others = base.effect === 'conditional' ? base.if : [];
  return { effect: 'conditional', if: [...others, ...alternatives], unless };
}
