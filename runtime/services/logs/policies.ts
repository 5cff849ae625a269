/**
 * Resource policies of CloudWatch Logs let services in, and only services: the API reference says of "PutResourcePolicy"
 * that they are not enforced for users, roles and other accounts.
 */
import { parseArn } from '../../base/arn';
import type { AttachedPolicy, PolicySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { listPolicies, scanPolicies } from './state';

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

/** Resource policies of all accounts. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanPolicies(store)) {
    const { name, document, origin } = value;
    yield { kind: 'resource', name: `CloudWatch Logs resource policy ${name}`, document, origin };
  }
}
