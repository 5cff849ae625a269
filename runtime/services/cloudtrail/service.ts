/** CloudTrail: the event history of an account, out of the request log. See README.md for what differs from AWS. */
import type * as CloudTrail from '@aws-sdk/client-cloudtrail';
import type { Operations } from '../../kernel/peers';
import type { Service } from '../../kernel/service';
import { actions } from './actions';
import { historyHandlers } from './history';
import { model } from './model';

declare module '../../kernel/peers' {
  interface Peers {
    cloudtrail: Operations<typeof CloudTrail>;
  }
}

export function cloudtrail(): Service {
  return {
    name: 'cloudtrail',
    wire: {
      client: () => require('@aws-sdk/client-cloudtrail'),
      protocols: ['awsJson1_1'],
      signingNames: ['cloudtrail'],
      target: 'CloudTrail_20131101',
      version: '2013-11-01',
      model,
    },
    handlers: historyHandlers,
    actions,
  };
}
