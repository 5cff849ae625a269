/** CloudFormation: stacks of resources, made through the services that own them. See README.md for what differs from AWS. */
import type * as CloudFormation from '@aws-sdk/client-cloudformation';
import type { Operations } from '../../kernel/peers';
import type { Handlers, ResourceType, Service } from '../../kernel/service';
import { actions } from './actions';
import { handlerInvoked } from './custom/deployment';
import { giveUp, takeAnswer } from './custom/responses';
import { closeDeployer, type Deployer, openDeployer } from './deployer';
import { consumers } from './notices';
import { changeSetHandlers } from './operations/changesets';
import { contentHandlers } from './operations/contents';
import { driftHandlers } from './operations/drift';
import { exportHandlers } from './operations/exports';
import { policyHandlers } from './operations/policies';
import { refactorHandlers } from './operations/refactors';
import { stackHandlers } from './operations/stacks';
import { templateHandlers } from './operations/templates';
import { resources } from './resources';
import { forget } from './stacks/forget';
import { recover } from './stacks/recover';
import { createToolkits } from './toolkit/supply';
import { takeSignal } from './waiting';

declare module '../../kernel/peers' {
  interface Peers {
    cloudformation: Operations<typeof CloudFormation>;
  }
}

const handlers: Handlers<typeof CloudFormation> = {
  ...changeSetHandlers,
  ...contentHandlers,
  ...driftHandlers,
  ...exportHandlers,
  ...policyHandlers,
  ...refactorHandlers,
  ...stackHandlers,
  ...templateHandlers,
};

/** @param types resource types of all services, this one included; asked for when the first stack is deployed */
export function cloudformation(types: () => readonly ResourceType[]): Service {
  let deployer: Deployer | undefined;
  return {
    name: 'cloudformation',
    wire: {
      client: () => require('@aws-sdk/client-cloudformation'),
      protocols: ['awsQuery'],
      signingNames: ['cloudformation'],
      version: '2010-05-15',
      xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
    },
    handlers,
    actions,
    timers: { giveUp, forget },
    resources,
    standIn: handlerInvoked,
    supply: createToolkits(),
    consumers,
    edge: { before: (request, kernel) => takeAnswer(request, kernel) ?? takeSignal(request, kernel) },
    async start(kernel) {
      deployer = openDeployer(kernel, types);
      await recover(deployer);
    },
    stop: async () => deployer && closeDeployer(deployer),
  };
}
