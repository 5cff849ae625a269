/** The resource policy of a secret. Source: Secrets Manager user guide, "Resource-based policies". */
import type { PolicySource } from '../../kernel/authorize';
import { findSecret } from './names';

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
