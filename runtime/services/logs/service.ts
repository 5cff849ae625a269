/** CloudWatch Logs: groups, streams, events and their search. See README.md for what differs from AWS. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { model } from './model';
import { eventHandlers } from './operations/events';
import { groupHandlers } from './operations/groups';
import { policyHandlers } from './operations/policies';
import { streamHandlers } from './operations/streams';
import { subscriptionHandlers } from './operations/subscriptions';
import { documents, groupPolicies } from './policies';
import { resources } from './resources';
import { eraseWhenDue, sweepWhenDue } from './retention';
import { consumers } from './subscribers';
import { createVault } from './vault';

declare module '../../kernel/peers' {
  interface Peers {
    logs: Operations<typeof Logs>;
  }
}

export function logs(): Service {
  const handlers: Handlers<typeof Logs> = {
    ...eventHandlers(createVault()),
    ...groupHandlers,
    ...policyHandlers,
    ...streamHandlers,
    ...subscriptionHandlers,
  };
  return {
    name: 'logs',
    wire: {
      client: () => require('@aws-sdk/client-cloudwatch-logs'),
      protocols: ['awsJson1_1'],
      signingNames: ['logs'],
      target: 'Logs_20140328',
      version: '2014-03-28',
      model,
    },
    handlers,
    actions,
    policies: groupPolicies,
    documents,
    consumers,
    timers: { erase: eraseWhenDue, sweep: sweepWhenDue },
    resources,
  };
}
