/**
 * The policy of a topic. A topic without one of its own lets its account in, as the policy that AWS puts there does.
 * Source: SNS developer guide, "Example cases for Amazon SNS access control".
 */
import type { AttachedPolicy, PolicySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { nameOfArn } from './names';
import { readTopic, scanAllTopics } from './state';

export const topicPolicies: PolicySource = {
  async verdict({ store }, check) {
    const name = nameOfArn(check.resource);
    const topic = name && (await readTopic(store, name));
    if (!topic) return undefined;
    const document = topic.attributes.Policy;
    const policies =
      document === undefined
        ? []
        : [{ kind: 'resource' as const, name: `topic policy of ${topic.name}`, document, origin: topic.policyOrigin }];
    return { owner: topic.account, sameAccount: 'sufficient', policies };
  },
};

/** Policies of all topics. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanAllTopics(store)) {
    const { Policy: document } = value.attributes;
    if (document === undefined) continue;
    yield { kind: 'resource', name: `topic policy of ${value.name}`, document, origin: value.policyOrigin };
  }
}

/** What GetTopicAttributes shows of a topic without a policy of its own. */
export function usualPolicy(arn: string, account: string): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });
}
