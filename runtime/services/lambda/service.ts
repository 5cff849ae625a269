/** Lambda: functions that really run, each in a process of its own. See README.md for what differs from AWS. */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Operations } from '../../kernel/peers';
import type { Service } from '../../kernel/service';
import { actions } from './actions';
import { AsyncQueue } from './async/queue';
import { Downloads } from './downloads';
import { Fleet } from './execution/fleet';
import { model } from './model';
import { aliasHandlers } from './operations/aliases';
import { concurrencyHandlers } from './operations/concurrency';
import { functionHandlers } from './operations/functions';
import { invocationHandlers } from './operations/invocations';
import { layerHandlers } from './operations/layers';
import { mappingHandlers } from './operations/mappings';
import { permissionHandlers } from './operations/permissions';
import { retryHandlers } from './operations/retries';
import { tagHandlers } from './operations/tags';
import { urlHandlers } from './operations/urls';
import { versionHandlers } from './operations/versions';
import { functionPolicies } from './policies';
import { Pollers } from './polling/pollers';
import { functionResource } from './resources/functions';
import { layerResource } from './resources/layers';
import { mappingResource } from './resources/mappings';
import { layerPermissionResource, permissionResource } from './resources/permissions';
import { retryResource } from './resources/retries';
import { urlResource } from './resources/urls';
import { aliasResource, versionResource } from './resources/versions';
import { urlActions, urlEdge, urlInvocation } from './urls';

declare module '../../kernel/peers' {
  interface Peers {
    lambda: Operations<typeof Lambda>;
  }
}

export function lambda(): Service {
  const fleet = new Fleet();
  const queue = new AsyncQueue(fleet);
  const pollers = new Pollers(fleet);
  const downloads = new Downloads();
  return {
    name: 'lambda',
    wire: {
      client: () => require('@aws-sdk/client-lambda'),
      protocols: ['restJson1'],
      signingNames: ['lambda'],
      version: '2015-03-31',
      model,
    },
    handlers: {
      ...functionHandlers(fleet, downloads),
      ...invocationHandlers(fleet),
      ...aliasHandlers,
      ...concurrencyHandlers,
      ...layerHandlers(downloads),
      ...mappingHandlers(pollers),
      ...permissionHandlers,
      ...retryHandlers,
      ...tagHandlers,
      ...urlHandlers,
      ...urlInvocation(fleet),
      ...versionHandlers,
    },
    actions: { ...actions, ...urlActions },
    policies: functionPolicies,
    edge: {
      before: (request, kernel) => urlEdge.before(request, kernel) ?? downloads.edge.before?.(request, kernel),
    },
    consumers: [queue.consumer],
    timers: { retry: queue.retry },
    resources: [
      aliasResource,
      functionResource,
      layerPermissionResource,
      layerResource,
      mappingResource,
      permissionResource,
      retryResource,
      urlResource,
      versionResource,
    ],
    async start(kernel) {
      await queue.resume(kernel);
      await pollers.start(kernel);
    },
    idle: () => pollers.idle(),
    async stop() {
      pollers.stop();
      queue.stop();
      await fleet.stop();
    },
  };
}
