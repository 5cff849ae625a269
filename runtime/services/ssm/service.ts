/** Systems Manager, as far as Parameter Store goes. See README.md for what differs from AWS. */
import type * as Ssm from '@aws-sdk/client-ssm';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { model } from './model';
import { labelHandlers } from './operations/labels';
import { readingHandlers } from './operations/reading';
import { writingHandlers } from './operations/writing';
import { resources } from './resources';

declare module '../../kernel/peers' {
  interface Peers {
    ssm: Operations<typeof Ssm>;
  }
}

const handlers: Handlers<typeof Ssm> = { ...labelHandlers, ...readingHandlers, ...writingHandlers };

export function ssm(): Service {
  return {
    name: 'ssm',
    wire: {
      client: () => require('@aws-sdk/client-ssm'),
      protocols: ['awsJson1_1'],
      signingNames: ['ssm'],
      target: 'AmazonSSM',
      version: '2014-11-06',
      model,
    },
    handlers,
    actions,
    resources,
  };
}
