/**
 * Resource policies of CloudWatch Logs let services in, and only services: the API reference says of "PutResourcePolicy"
 * that they are not enforced for users, roles and other accounts.
 */
import { parseArn } from '../../base/arn';
import type { PolicySource } from '../../kernel/authorize';
import { listPolicies } from './state';

export const groupPolicies: PolicySource = {
  async verdict({ store }, check, principal) {
    const arn = parseArn(check.resource);
    if (!arn || principal.kind !== 'service') return undefined;
    const rows = await listPolicies(store, { account: arn.account, region: arn.region });
    return {
      owner: arn.account,
      sameAccount: 'sufficient',
      policies: rows.map(({ name, document, origin }) => ({
        kind: 'resource',
        name: `CloudWatch Logs resource policy ${name}`,
        document,
        origin,
      })),
    };
  },
};
