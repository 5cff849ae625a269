/** The policy of a queue. Source: Amazon SQS Developer Guide, "Identity and access management in Amazon SQS". */
import type { AttachedPolicy, PolicySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { nameOfArn } from './names';
import { readQueue, scanAllQueues } from './state';

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

/** Policies of all queues. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanAllQueues(store)) {
    const { Policy: document } = value.attributes;
    if (document === undefined) continue;
    yield { kind: 'resource', name: `queue policy of ${value.name}`, document, origin: value.policyOrigin };
  }
}
