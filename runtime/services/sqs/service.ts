/** SQS: standard and FIFO queues on the virtual clock. See README.md for what differs from AWS. */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service, TimerHandler } from '../../kernel/service';
import { actions } from './actions';
import { createArrivals } from './arrivals';
import { type Delivery, deliver, expire, wake } from './delivery';
import { model } from './model';
import { moveHandlers, moveSome } from './operations/moves';
import { permissionHandlers } from './operations/permissions';
import { eraseWhenDue, forgetDeleted, queueHandlers } from './operations/queues';
import { receivingHandlers } from './operations/receiving';
import { sendingHandlers } from './operations/sending';
import { documents, queuePolicies } from './policies';
import { resources } from './resources';
import { type QueueRow, readQueue } from './state';
import { createVault } from './vault';

declare module '../../kernel/peers' {
  interface Peers {
    sqs: Operations<typeof Sqs>;
  }
}

export function sqs(): Service {
  const arrivals = createArrivals();
  const vault = createVault();
  const handlers: Handlers<typeof Sqs> = {
    ...moveHandlers(arrivals),
    ...permissionHandlers,
    ...queueHandlers(arrivals),
    ...receivingHandlers(arrivals, vault),
    ...sendingHandlers(arrivals, vault),
  };

  /** A timer of one queue: repeats `work` until it is done. */
  const ofQueue =
    (work: (delivery: Delivery, queue: QueueRow) => Promise<boolean | undefined>): TimerHandler =>
    async ({ account, region, name, id }, kernel) => {
      for (let more: boolean | undefined = true; more; ) {
        const { result, visible } = await deliver(kernel, kernel.clock.now(), async (delivery) => {
          const queue = await readQueue(delivery.tx, {
            account: String(account),
            region: String(region),
            name: String(name),
          });
          return queue && queue.id === id ? work(delivery, queue) : undefined;
        });
        for (const one of visible) arrivals.ring(one);
        more = result;
      }
    };

  return {
    name: 'sqs',
    wire: {
      client: () => require('@aws-sdk/client-sqs'),
      protocols: ['awsJson1_0', 'awsQuery'],
      signingNames: ['sqs'],
      target: 'AmazonSQS',
      version: '2012-11-05',
      xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
      model,
    },
    handlers,
    actions,
    answersUnsigned: true,
    policies: queuePolicies,
    documents,
    timers: {
      wake: ofQueue(async (delivery, queue) => {
        await wake(delivery, queue);
        return false;
      }),
      expire: ofQueue(expire),
      move: ofQueue(moveSome),
      erase: eraseWhenDue,
      forget: forgetDeleted,
    },
    resources,
    stop: async () => arrivals.close(),
  };
}
