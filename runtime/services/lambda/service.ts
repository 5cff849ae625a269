/** Lambda: functions that really run, each in a process of its own. See README.md for what differs from AWS. */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Operations } from '../../kernel/peers';
import type { Service } from '../../kernel/service';
import { actions } from './actions';
import { AsyncQueue } from './async/queue';
import { Fleet } from './execution/fleet';
import { aliasHandlers } from './operations/aliases';
import { concurrencyHandlers } from './operations/concurrency';
import { functionHandlers } from './operations/functions';
import { invocationHandlers } from './operations/invocations';
import { layerHandlers } from './operations/layers';
import { permissionHandlers } from './operations/permissions';
import { retryHandlers } from './operations/retries';
import { tagHandlers } from './operations/tags';
import { versionHandlers } from './operations/versions';
import { functionPolicies } from './policies';
import { functionResource } from './resources/functions';
import { layerResource } from './resources/layers';
import { layerPermissionResource, permissionResource } from './resources/permissions';
import { retryResource } from './resources/retries';
import { aliasResource, versionResource } from './resources/versions';

declare module '../../kernel/peers' {
  interface Peers {
    lambda: Operations<typeof Lambda>;
  }
}

export function lambda(): Service {
  const fleet = new Fleet();
  const queue = new AsyncQueue(fleet);
  return {
    name: 'lambda',
    wire: {
      client: () => require('@aws-sdk/client-lambda'),
      protocols: ['restJson1'],
      signingNames: ['lambda'],
      version: '2015-03-31',
    },
    handlers: {
      ...functionHandlers(fleet),
      ...invocationHandlers(fleet),
      ...aliasHandlers,
      ...concurrencyHandlers,
      ...layerHandlers,
      ...permissionHandlers,
      ...retryHandlers,
      ...tagHandlers,
      ...versionHandlers,
    },
    actions,
    policies: functionPolicies,
    consumers: [queue.consumer],
    timers: { retry: queue.retry },
    resources: [
      aliasResource,
      functionResource,
      layerPermissionResource,
      layerResource,
      permissionResource,
      retryResource,
      versionResource,
    ],
    start: (kernel) => queue.resume(kernel),
    async stop() {
      queue.stop();
      fleet.stop();
    },
  };
}
