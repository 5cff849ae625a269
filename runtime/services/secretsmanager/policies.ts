/** The resource policy of a secret. Source: Secrets Manager user guide, "Resource-based policies". */
import type { AttachedPolicy, PolicySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { findSecret } from './names';
import { scanAllSecrets } from './state';

export const secretPolicies: PolicySource = {
  async verdict({ store }, check) {
    const row = await findSecret(store, { account: '', region: '' }, check.resource);
    if (!row) return undefined;
    const { policy: document, policyOrigin: origin, account: owner, name } = row;
    const policies =
      document === undefined
        ? []
        : [{ kind: 'resource' as const, name: `resource policy of secret ${name}`, document, origin }];
    return { owner, sameAccount: 'sufficient', policies };
  },
};

/** Policies of all secrets. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanAllSecrets(store)) {
    const { policy: document, policyOrigin: origin, name } = value;
    if (document !== undefined) yield { kind: 'resource', name: `resource policy of secret ${name}`, document, origin };
  }
}
