/**
 * Subscriptions. Queues and functions of the subscriber's account are confirmed at once, those of others when somebody
 * shows the token that they are sent; addresses for e-mail stay unconfirmed, for no mail leaves this runtime. Source: SNS API
 * Reference, "Subscribe"; developer guide, "Sending messages to a queue in a different account".
 */
import type * as Sns from '@aws-sdk/client-sns';
import { parseArn } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { mergeSubscription, shownSubscription } from '../attributes';
import { announceConfirmation } from '../delivery';
import { foreign, invalid, subscriptionNotFound, unsupported } from '../errors';
import { needSubscription, needSubscriptionName, needTopic, subscriptionArn } from '../names';
import { pageOf, readToken } from '../paging';
import {
  readSubscription,
  removeSubscription,
  type SubscriptionRow,
  scanAllSubscriptions,
  scanSubscriptions,
  type TopicName,
  writeSubscription,
} from '../state';

const PENDING = 'pending confirmation';
const PROTOCOLS = ['email', 'email-json', 'http', 'https', 'lambda', 'sqs'];
const UNMODELLED: Readonly<Record<string, string>> = {
  application: 'endpoints of mobile applications',
  firehose: 'delivery streams as endpoints',
  sms: 'text messages',
};

/** @returns the account that has to agree, when that is known here */
function checkEndpoint(protocol: string, endpoint: string): string | undefined {
  if (Object.hasOwn(UNMODELLED, protocol)) throw unsupported('Protocol', UNMODELLED[protocol]);
  if (!PROTOCOLS.includes(protocol)) throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
  if (protocol.startsWith('email')) {
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(endpoint)) throw invalid('Email address');
    return undefined;
  }
  if (protocol.startsWith('http')) {
    if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== `${protocol}:`)
      throw invalid('Endpoint must match the specified protocol');
    return 'whoever answers there';
  }
  const arn = parseArn(endpoint);
  if (arn?.service !== protocol || !arn.account) throw invalid(`${protocol === 'sqs' ? 'SQS' : 'Lambda'} endpoint ARN`);
  if (protocol === 'sqs' && endpoint.endsWith('.fifo'))
    throw invalid('Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics');
  return arn.account;
}

const shown = (
  topic: TopicName & { partition: string },
  { id, owner, protocol, endpoint, token }: SubscriptionRow,
) => ({
  SubscriptionArn: token === undefined ? subscriptionArn(topic, id) : 'PendingConfirmation',
  Owner: owner,
  Protocol: protocol,
  Endpoint: endpoint,
  TopicArn: subscriptionArn(topic, id).slice(0, -id.length - 1),
});

async function* mine(call: Call, after: string | undefined) {
  const rows = scanAllSubscriptions(call.kernel.store, call.account, call.region, after?.split('/'));
  for await (const one of rows) if (one.row.owner === call.account) yield one;
}

export const subscriptionHandlers: Handlers<typeof Sns> = {
  async Subscribe(call, input) {
    const { Protocol: protocol = '', Endpoint: endpoint = '' } = input;
    const needed = checkEndpoint(protocol, endpoint);
    const attributes = mergeSubscription(protocol, {}, (input.Attributes ?? {}) as Record<string, string>);
    const { kernel, account } = call;
    const fresh: SubscriptionRow = {
      id: kernel.random.uuid(),
      topic: '',
      owner: account,
      protocol,
      endpoint,
      attributes,
      token: needed === account ? undefined : kernel.random.hex(64),
      authenticated: needed === account,
    };
    const { topic, row } = await kernel.store.write(async (tx) => {
      const topic = await needTopic(call, input.TopicArn, tx);
      for await (const existing of scanSubscriptions(tx, topic)) {
        if (existing.protocol !== protocol || existing.endpoint !== endpoint) continue;
        if (Object.entries(attributes).some(([name, value]) => existing.attributes[name] !== value))
          throw invalid('Attributes Reason: Subscription already exists with different attributes');
        return { topic, row: existing };
      }
      const row = { ...fresh, topic: topic.name };
      writeSubscription(tx, topic, row);
      if (row.token !== undefined && needed !== undefined) announceConfirmation(tx, call, topic, row);
      return { topic, row };
    });
    const told = row.token === undefined || input.ReturnSubscriptionArn;
    return { SubscriptionArn: told ? subscriptionArn(topic, row.id) : PENDING };
  },

  async ConfirmSubscription(call, { TopicArn, Token, AuthenticateOnUnsubscribe }) {
    return call.kernel.store.write(async (tx) => {
      const topic = await needTopic(call, TopicArn, tx);
      for await (const row of scanSubscriptions(tx, topic)) {
        if (row.token !== Token) continue;
        const authenticated = AuthenticateOnUnsubscribe === 'true';
        writeSubscription(tx, topic, { ...row, token: undefined, authenticated });
        return { SubscriptionArn: subscriptionArn(topic, row.id) };
      }
      throw invalid('Token');
    });
  },

  /** Of one that is gone it succeeds. */
  async Unsubscribe(call, { SubscriptionArn }) {
    const { topic, id } = needSubscriptionName(SubscriptionArn);
    await call.kernel.store.write(async (tx) => {
      const row = await readSubscription(tx, topic, id);
      if (row?.token !== undefined) throw invalid('SubscriptionArn Reason: The subscription is not confirmed');
      if (row && row.owner !== call.account && topic.account !== call.account)
        throw foreign('Only the owner of the subscription or of its topic may end it');
      removeSubscription(tx, topic, id);
    });
    return {};
  },

  async ListSubscriptionsByTopic(call, input) {
    const topic = await needTopic(call, input.TopicArn);
    const rows = scanSubscriptions(call.kernel.store, topic, readToken(input.NextToken));
    const { items, NextToken } = await pageOf(rows, ({ id }) => id);
    return { Subscriptions: items.map((row) => shown(topic, row)), NextToken };
  },

  async ListSubscriptions(call, input) {
    const { account, region, partition } = call;
    const rows = mine(call, readToken(input.NextToken));
    const { items, NextToken } = await pageOf(rows, ({ topic, row }) => `${topic}/${row.id}`);
    return {
      Subscriptions: items.map(({ topic, row }) => shown({ account, region, partition, name: topic }, row)),
      NextToken,
    };
  },

  async GetSubscriptionAttributes(call, { SubscriptionArn }) {
    const { topic, row } = await needSubscription(call, SubscriptionArn);
    return { Attributes: shownSubscription(topic, subscriptionArn(topic, row.id), row) };
  },

  async SetSubscriptionAttributes(call, { SubscriptionArn, AttributeName = '', AttributeValue = '' }) {
    const { topic, id } = needSubscriptionName(SubscriptionArn);
    await call.kernel.store.write(async (tx) => {
      const row = await readSubscription(tx, topic, id);
      if (!row) throw subscriptionNotFound();
      const attributes = mergeSubscription(row.protocol, row.attributes, { [AttributeName]: AttributeValue });
      writeSubscription(tx, topic, { ...row, attributes });
    });
    return {};
  },
};
