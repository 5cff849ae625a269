/**
 * From an event to its targets: each rule that wants it, each target of the rule, an entry in the change log each. A
 * target is reached as `events.amazonaws.com` on behalf of the rule, or as the role of the target. What it refuses for
 * good goes to the target's dead-letter queue. Source: EventBridge user guide, "Event bus targets", "Using dead-letter
 * queues to process undelivered events".
 */
import type { Target } from '@aws-sdk/client-eventbridge';
import { parseArn, partitionOf, urlSuffixOf } from '../../base/arn';
import { type AwsError, isAwsError } from '../../base/errors';
import { type EventPattern, readEventPattern } from '../../engine/eventpattern';
import type { Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { type Principal, servicePrincipal } from '../../kernel/principal';
import type { Consumer } from '../../kernel/service';
import type { Writer } from '../../store/port';
import { inputFor } from './inputs';
import { ruleArn } from './names';
import { type Place, type RuleName, type RuleRow, readRule, scanRules } from './state';

const TOPIC = 'events.delivery';
const SERVICE = 'events.amazonaws.com';

/** An event as targets see it. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** What is in the change log. */
interface Delivery {
  readonly rule: RuleName;
  readonly target: string;
  readonly event: BusEvent;
  readonly ingestedAt: number;
  /** It came from another bus: it goes to no third one. */
  readonly forwarded?: boolean;
}

/** Patterns are few and events many: each text is read once. */
const patterns = new Map<string, EventPattern>();
const MOST_PATTERNS = 1000;

function patternOf(text: string): EventPattern {
  const pattern = patterns.get(text) ?? readEventPattern(JSON.parse(text));
  if (patterns.size >= MOST_PATTERNS) patterns.clear();
  patterns.set(text, pattern);
  return pattern;
}

/** Puts an event before the rules of a bus. */
export async function announceEvent(
  tx: Writer,
  place: Place,
  bus: string,
  event: BusEvent,
  now: number,
  forwarded?: boolean,
): Promise<void> {
  for await (const rule of scanRules(tx, place, bus)) {
    if (rule.state !== 'DISABLED' && rule.pattern !== undefined && patternOf(rule.pattern)(event))
      announceTo(tx, rule, event, now, forwarded);
  }
}

export function announceTo(tx: Writer, rule: RuleRow, event: BusEvent, ingestedAt: number, forwarded?: boolean): void {
  const { account, region, bus, name } = rule;
  for (const { Id = '' } of rule.targets) {
    const data: Delivery = { rule: { account, region, bus, name }, target: Id, event, ingestedAt, forwarded };
    tx.announce({ topic: TOPIC, key: `${event.id}/${bus}/${name}/${Id}`, data: { ...data } });
  }
}

export const consumers: readonly Consumer[] = [
  {
    name: TOPIC,
    topics: [TOPIC],
    async handle({ data }, kernel) {
      const delivery = data as unknown as Delivery;
      const { rule: name, target: id } = delivery;
      const rule = await readRule(kernel.store, name);
      const target = rule?.targets.find(({ Id }) => Id === id);
      if (rule && target) await deliver(kernel, rule, target, delivery);
    },
  },
];

/** What one bus hands to another. */
export interface Forwarded {
  readonly bus: string;
  readonly event: BusEvent;
}

/** As much of the peers as is needed here. */
interface Destinations {
  readonly sqs: {
    SendMessage(input: {
      QueueUrl: string;
      MessageBody: string;
      MessageGroupId?: string;
      MessageAttributes?: Readonly<Record<string, { DataType: string; StringValue: string }>>;
    }): Promise<unknown>;
  };
  readonly lambda: {
    Invoke(input: { FunctionName: string; InvocationType: 'Event'; Payload: Uint8Array }): Promise<unknown>;
  };
  readonly states: { StartExecution(input: { stateMachineArn: string; input: string }): Promise<unknown> };
  readonly events: { ForwardEvent(input: Forwarded): Promise<unknown> };
  readonly sns: { Publish(input: { TopicArn: string; Message: string }): Promise<unknown> };
  readonly sts: {
    AssumeRole(input: { RoleArn: string; RoleSessionName: string }): Promise<{
      Credentials?: { AccessKeyId?: string; Expiration?: Date };
      AssumedRoleUser?: { Arn?: string; AssumedRoleId?: string };
    }>;
  };
  readonly logs: {
    CreateLogStream(input: { logGroupName: string; logStreamName: string }): Promise<unknown>;
    PutLogEvents(input: {
      logGroupName: string;
      logStreamName: string;
      logEvents: { timestamp: number; message: string }[];
    }): Promise<unknown>;
  };
}

/** Errors that pass: the consumer tries again. */
const PASSING = /Throttl|TooManyRequests|Unavailable|Timeout/;

async function deliver(kernel: Kernel, rule: RuleRow, target: Target, delivery: Delivery): Promise<void> {
  const { event, ingestedAt, forwarded } = delivery;
  if (forwarded && target.Arn?.includes(':event-bus/')) {
    return kernel.report(`events: event ${event.id} has come from another bus and goes to no third one, ${target.Arn}`);
  }
  const arn = ruleArn({ ...rule, partition: partitionOf(rule.region) });
  const peersAs = (principal: Principal) =>
    kernel.peers(principal, { account: rule.account, region: rule.region }) as Peers & Destinations;
  const own = peersAs(servicePrincipal(SERVICE, arn, rule.account));
  const input = inputFor(target, event, { ruleArn: arn, ruleName: rule.name, ingestedAt });
  try {
    const peers = target.RoleArn ? peersAs(await roleOf(kernel, own, target.RoleArn)) : own;
    await send(peers, target, input, event);
  } catch (error) {
    if (!isAwsError(error) || error.status >= 500 || PASSING.test(error.code)) throw error;
    await giveUp(kernel, own, arn, target, input, event, error);
  }
}

async function roleOf(kernel: Kernel, { sts }: Destinations, roleArn: string): Promise<Principal> {
  const name = 'events';
  const { Credentials, AssumedRoleUser } = await sts.AssumeRole({ RoleArn: roleArn, RoleSessionName: name });
  const session = { roleArn, name, issuedAt: kernel.clock.now(), expiresAt: Credentials!.Expiration!.getTime() };
  return {
    kind: 'session',
    account: parseArn(roleArn)!.account,
    arn: AssumedRoleUser!.Arn!,
    userId: AssumedRoleUser!.AssumedRoleId!,
    accessKeyId: Credentials!.AccessKeyId,
    session,
  };
}

/** Services that targets may be of; `checkTarget` lets no others in. */
export const TARGETS = ['events', 'lambda', 'logs', 'sns', 'sqs', 'states'];

async function send(
  { events, lambda, logs, sns, sqs, states }: Destinations,
  target: Target,
  input: string,
  event: BusEvent,
) {
  const { Arn = '', SqsParameters } = target;
  const { service, resource } = parseArn(Arn)!;
  if (service === 'lambda')
    return lambda.Invoke({ FunctionName: Arn, InvocationType: 'Event', Payload: Buffer.from(input) });
  if (service === 'states') return states.StartExecution({ stateMachineArn: Arn, input });
  if (service === 'events') return events.ForwardEvent({ bus: Arn, event });
  if (service === 'sns') return sns.Publish({ TopicArn: Arn, Message: input });
  if (service === 'sqs')
    return sqs.SendMessage({
      QueueUrl: queueUrl(Arn),
      MessageBody: input,
      MessageGroupId: SqsParameters?.MessageGroupId,
    });
  const logGroupName = resource.replace(/^log-group:/, '').replace(/:\*$/, '');
  const stream = { logGroupName, logStreamName: event.id };
  await logs.CreateLogStream(stream);
  return logs.PutLogEvents({ ...stream, logEvents: [{ timestamp: Date.parse(event.time), message: input }] });
}

async function giveUp(
  kernel: Kernel,
  { sqs }: Destinations,
  rule: string,
  target: Target,
  input: string,
  event: BusEvent,
  error: AwsError,
): Promise<void> {
  const lost = (why: string) =>
    kernel.report(`events: event ${event.id} of ${rule} not delivered to ${target.Arn}: ${why}`);
  const queue = target.DeadLetterConfig?.Arn;
  if (queue === undefined) return lost(error.message);
  const text = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });
  try {
    await sqs.SendMessage({
      QueueUrl: queueUrl(queue),
      MessageBody: input,
      MessageAttributes: {
        RULE_ARN: text(rule),
        TARGET_ARN: text(target.Arn ?? ''),
        ERROR_CODE: text(/AccessDenied|Authorization/.test(error.code) ? 'NO_PERMISSIONS' : 'RESOURCE_NOT_FOUND'),
        ERROR_MESSAGE: text(error.message || error.code),
        RETRY_ATTEMPTS: text('0', 'Number'),
      },
    });
  } catch (second) {
    if (!isAwsError(second) || second.status >= 500) throw second;
    lost(`${error.message}; nor to its dead-letter queue: ${second.message}`);
  }
}

function queueUrl(arn: string): string {
  const { region, account, resource } = parseArn(arn)!;
  return `https://sqs.${region}.${urlSuffixOf(partitionOf(region))}/${account}/${resource}`;
}
