/** Attributes of topics and subscriptions: which there are, and what they may be. Source: SNS API Reference. */
import { parseArn } from '../../base/arn';
import { compile } from '../../engine/policy/compile';
import { findProblem, resourceDialect } from '../../engine/policy/dialect';
import { isObject } from '../../engine/template/parse';
import { invalid, unsupported } from './errors';
import { readFilter } from './filters';
import { topicArn } from './names';
import { usualPolicy } from './policies';
import type { SubscriptionRow, TopicRow } from './state';

type Attributes = Readonly<Record<string, string>>;

const jsonObject = (name: string, text: string): void => {
  try {
    if (isObject(JSON.parse(text))) return;
  } catch {
    // Said below.
  }
  throw invalid(`${name} Reason: failed to parse JSON.`);
};

const oneOf =
  (...values: string[]) =>
  (name: string, value: string) => {
    if (!values.includes(value)) throw invalid(`${name} Reason: ${name} must be one of: ${values.join(', ')}`);
  };

type Check = (name: string, value: string) => void;

const topicChecks: Readonly<Record<string, Check>> = {
  DisplayName: (name, value) => {
    if (value.length > 100) throw invalid(`${name} Reason: must be at most 100 characters long`);
  },
  KmsMasterKeyId: () => {},
  Policy: (name, value) => {
    jsonObject(name, value);
    if (findProblem(value, resourceDialect)) throw invalid('Policy Error: null');
    const compilation = compile(value);
    if ('problem' in compilation) return;
    const foreign = compilation.document.statements.some(({ actions }) =>
      actions.values.some((action) => action !== '*' && !/^sns:/i.test(action)),
    );
    if (foreign) throw invalid('Policy statement action out of service scope!');
  },
  SignatureVersion: oneOf('1', '2'),
  TracingConfig: oneOf('PassThrough'),
  DeliveryPolicy: jsonObject,
};

const unmodelled: Readonly<Record<string, string>> = {
  ArchivePolicy: 'archives of topics',
  ContentBasedDeduplication: 'FIFO topics',
  DataProtectionPolicy: 'data protection policies',
  FifoThroughputScope: 'FIFO topics',
  FifoTopic: 'FIFO topics',
  ReplayPolicy: 'replays',
  SubscriptionRoleArn: 'delivery streams as endpoints',
};

function check(name: string, value: string, checks: Readonly<Record<string, Check>>): void {
  if (Object.hasOwn(unmodelled, name)) {
    // Saying that a thing is not wanted is no wish for it.
    if (value === 'false' || value === '') return;
    throw unsupported(name, unmodelled[name]);
  }
  if (/FeedbackRoleArn$|FeedbackSampleRate$/.test(name)) throw unsupported(name, 'delivery status logging');
  if (!Object.hasOwn(checks, name)) throw invalid('AttributeName');
  if (value !== '') checks[name](name, value);
}

/** @throws InvalidParameter */
export function mergeTopic(before: Attributes, change: Attributes): Attributes {
  for (const [name, value] of Object.entries(change)) check(name, value, topicChecks);
  return merge(before, change);
}

function merge(before: Attributes, change: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(
      ([name, value]) => value !== '' && !Object.hasOwn(unmodelled, name),
    ),
  );
}

const subscriptionChecks: Readonly<Record<string, Check>> = {
  DeliveryPolicy: jsonObject,
  FilterPolicy: () => {},
  FilterPolicyScope: oneOf('MessageAttributes', 'MessageBody'),
  RawMessageDelivery: (name, value) => {
    if (!/^(true|false)$/i.test(value))
      throw invalid(`Attributes Reason: ${name}: Invalid value [${value}]. Must be true or false.`);
  },
  RedrivePolicy: (name, value) => {
    jsonObject(name, value);
    const arn = parseArn(String(JSON.parse(value).deadLetterTargetArn));
    if (arn?.service !== 'sqs') throw invalid('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  },
};

/** @throws InvalidParameter */
export function mergeSubscription(protocol: string, before: Attributes, change: Attributes): Attributes {
  for (const [name, value] of Object.entries(change)) check(name, value, subscriptionChecks);
  const after = merge(before, change);
  if (after.RawMessageDelivery === 'true' && !['sqs', 'http', 'https'].includes(protocol))
    throw invalid(
      `Attributes Reason: RawMessageDelivery: Delivery protocol [${protocol}] does not support raw message delivery.`,
    );
  if (after.FilterPolicy !== undefined) readFilter(after.FilterPolicy, after.FilterPolicyScope === 'MessageBody');
  return after;
}

export function shownTopic(topic: TopicRow, confirmed: number, pending: number): Record<string, string> {
  const arn = topicArn(topic);
  return {
    Policy: usualPolicy(arn, topic.account),
    DisplayName: '',
    ...topic.attributes,
    TopicArn: arn,
    Owner: topic.account,
    SubscriptionsConfirmed: String(confirmed),
    SubscriptionsPending: String(pending),
    SubscriptionsDeleted: '0',
    EffectiveDeliveryPolicy: topic.attributes.DeliveryPolicy ?? DELIVERY_POLICY,
  };
}

/** Source: SNS developer guide, "Creating an HTTP/S delivery policy", defaults. */
const DELIVERY_POLICY = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    },
    disableSubscriptionOverrides: false,
  },
});

export function shownSubscription(topic: TopicRow, arn: string, row: SubscriptionRow): Record<string, string> {
  return {
    RawMessageDelivery: 'false',
    ...(row.attributes.FilterPolicy !== undefined && { FilterPolicyScope: 'MessageAttributes' }),
    ...row.attributes,
    SubscriptionArn: arn,
    TopicArn: topicArn(topic),
    Owner: row.owner,
    Protocol: row.protocol,
    Endpoint: row.endpoint,
    PendingConfirmation: String(row.token !== undefined),
    ConfirmationWasAuthenticated: String(row.authenticated ?? false),
    SubscriptionPrincipal: `arn:${topic.partition}:iam::${row.owner}:root`,
  };
}
