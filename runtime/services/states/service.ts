/** Step Functions: standard state machines of the simpler states. See README.md for what differs from AWS. */
import type * as Sfn from '@aws-sdk/client-sfn';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { executionHandlers } from './operations/executions';
import { machineHandlers } from './operations/machines';
import { resources } from './resources';
import { Runs } from './runs';

declare module '../../kernel/peers' {
  interface Peers {
    states: Operations<typeof Sfn>;
  }
}

const handlers: Handlers<typeof Sfn> = { ...executionHandlers, ...machineHandlers };

export function states(): Service {
  const runs = new Runs();
  return {
    name: 'states',
    wire: {
      client: () => require('@aws-sdk/client-sfn'),
      protocols: ['awsJson1_0'],
      signingNames: ['states'],
      target: 'AWSStepFunctions',
      version: '2016-11-23',
    },
    handlers,
    actions,
    consumers: [runs.consumer],
    timers: { resume: runs.resume },
    resources,
    start: (kernel) => runs.open(kernel),
    stop: async () => runs.stop(),
  };
}
