/**
 * Tells topics of a stack's events, in the name of whoever deploys it. A topic that does not take a notice does without.
 * Source: CloudFormation user guide, "Amazon SNS notifications" (`NotificationARNs`).
 */
import { parseArn } from '../../base/arn';
import { isAwsError } from '../../base/errors';
import type { Principal } from '../../kernel/principal';
import type { Consumer } from '../../kernel/service';
import { peersOf } from './actor';
import { validationError } from './errors';
import type { Stack, StackEvent, Writer } from './state';

const TOPIC = 'cloudformation.event';
const LIMIT = 5;

/** As much of SNS as is needed here. */
interface Topics {
  readonly sns: { Publish(input: { TopicArn: string; Subject: string; Message: string }): Promise<unknown> };
}

interface Notice {
  readonly account: string;
  readonly region: string;
  readonly actor: Principal;
  readonly topics: readonly string[];
  readonly message: string;
}

/** @throws AwsError for what is no topic */
export function checkTopics(arns: readonly string[] = []): void {
  if (arns.length > LIMIT) throw validationError(`NotificationARNs: at most ${LIMIT} can be given`);
  const wrong = arns.find((arn) => parseArn(arn)?.service !== 'sns');
  if (wrong !== undefined) throw validationError(`NotificationARNs: ${wrong} is not the ARN of a topic`);
}

/** Becomes durable with the event itself. */
export function announce(tx: Writer, stack: Stack, event: StackEvent): void {
  const { account, region, notificationArns: topics, operation } = stack;
  if (topics.length === 0 || !operation) return;
  const data: Notice = { account, region, actor: operation.actor, topics, message: messageOf(stack, event) };
  tx.announce({ topic: TOPIC, key: stack.id, data: { ...data } });
}

function messageOf(stack: Stack, event: StackEvent): string {
  const lines = {
    StackId: stack.id,
    Timestamp: new Date(event.at).toISOString(),
    EventId: event.id,
    LogicalResourceId: event.logicalId,
    Namespace: stack.account,
    PhysicalResourceId: event.physicalId,
    PrincipalId: stack.operation!.actor.userId ?? '',
    ResourceProperties: 'null',
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason ?? '',
    ResourceType: event.type,
    StackName: stack.name,
    ClientRequestToken: event.token ?? '',
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}

export const consumers: readonly Consumer[] = [
  {
    name: 'cloudformation.notices',
    topics: [TOPIC],
    async handle({ data }, kernel) {
      const { account, region, actor, topics, message } = data as unknown as Notice;
      for (const TopicArn of topics) {
        const at = { account, region: parseArn(TopicArn)?.region ?? region };
        const { sns } = peersOf(kernel, actor, at) as unknown as Topics;
        try {
          await sns.Publish({ TopicArn, Subject: 'AWS CloudFormation Notification', Message: message });
        } catch (error) {
          if (!isAwsError(error)) throw error;
        }
      }
    },
  },
];
