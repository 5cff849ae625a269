/** The policy of a queue. Source: Amazon SQS Developer Guide, "Identity and access management in Amazon SQS". */
import type { PolicySource } from '../../kernel/authorize';
import { nameOfArn } from './names';
import { readQueue } from './state';

export const queuePolicies: PolicySource = {
  async verdict({ store }, check) {
    const name = nameOfArn(check.resource);
    const queue = name && (await readQueue(store, name));
    if (!queue) return undefined;
    const document = queue.attributes.Policy;
    return {
      owner: queue.account,
      sameAccount: 'sufficient',
      policies:
        document === undefined
          ? []
          : [{ kind: 'resource', name: `queue policy of ${queue.name}`, document, origin: queue.policyOrigin }],
    };
  },
};
