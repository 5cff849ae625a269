/** EventBridge: buses, rules by pattern and by schedule, and their targets. See README.md for what differs from AWS. */
import type * as Events from '@aws-sdk/client-eventbridge';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions, forwardActions } from './actions';
import { consumers } from './delivery';
import { busHandlers } from './operations/buses';
import { eventHandlers, forwarding } from './operations/events';
import { ruleHandlers } from './operations/rules';
import { busPolicies, documents } from './policies';
import { resources } from './resources';
import { fire } from './schedules';

declare module '../../kernel/peers' {
  interface Peers {
    events: Operations<typeof Events>;
  }
}

const handlers: Handlers<typeof Events> = { ...busHandlers, ...eventHandlers, ...ruleHandlers };

export function events(): Service {
  return {
    name: 'events',
    wire: {
      client: () => require('@aws-sdk/client-eventbridge'),
      protocols: ['awsJson1_1'],
      signingNames: ['events'],
      target: 'AWSEvents',
      version: '2015-10-07',
    },
    handlers: { ...handlers, ...forwarding },
    actions: { ...actions, ...forwardActions },
    policies: busPolicies,
    documents,
    consumers,
    timers: { fire },
    resources,
  };
}
