/** SNS: topics that hand messages on to queues and functions. See README.md for what differs from AWS. */
import type * as Sns from '@aws-sdk/client-sns';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { consumers } from './delivery';
import { model } from './model';
import { publishingHandlers } from './operations/publishing';
import { subscriptionHandlers } from './operations/subscriptions';
import { topicHandlers } from './operations/topics';
import { documents, topicPolicies } from './policies';
import { resources } from './resources';

declare module '../../kernel/peers' {
  interface Peers {
    sns: Operations<typeof Sns>;
  }
}

const handlers: Handlers<typeof Sns> = { ...publishingHandlers, ...subscriptionHandlers, ...topicHandlers };

export function sns(): Service {
  return {
    name: 'sns',
    wire: {
      client: () => require('@aws-sdk/client-sns'),
      protocols: ['awsQuery'],
      signingNames: ['sns'],
      version: '2010-03-31',
      xmlNamespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
      model,
    },
    handlers,
    actions,
    answersUnsigned: true,
    policies: topicPolicies,
    documents,
    consumers,
    resources,
  };
}
