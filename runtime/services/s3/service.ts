/** Amazon S3. Assembly only: see the folders for what each part does. */
import type { Kernel } from '../../kernel/call';
import type { Operations } from '../../kernel/peers';
import type { Service } from '../../kernel/service';
import { createCollector, DELIVERY_TASK } from './accesslogs/collector';
import { deliverAccessLogs } from './accesslogs/delivery';
import { bucketActions } from './actions/buckets';
import { objectActions } from './actions/objects';
import { consumers } from './consumers';
import { makeDeclared } from './defaults';
import { checkDocument } from './documents';
import { edge } from './edge';
import { handlers } from './handlers';
import { model, type S3 } from './model';
import { restoreTimers } from './operations/restore';
import { documents, policies } from './policies';
import { accessPointResource } from './resources/accesspoint';
import { bucketResource } from './resources/bucket';
import { bucketPolicyResource } from './resources/policy';
import { writeRetrievals } from './retrievals';
import { leftoversOf, removeParts } from './state/uploads';

declare module '../../kernel/peers' {
  interface Peers {
    readonly s3: Operations<S3>;
  }
}

export function s3(): Service {
  const accessLogs = createCollector();
  let running: Kernel | undefined;
  return {
    name: 's3',
    wire: {
      client: () => require('@aws-sdk/client-s3'),
      protocols: ['restXml'],
      signingNames: ['s3', 's3express'],
      version: '2006-03-01',
      xmlNamespace: 'http://s3.amazonaws.com/doc/2006-03-01/',
      model,
    },
    answersUnsigned: true,
    checkDocument,
    handlers,
    actions: { ...bucketActions, ...objectActions },
    policies,
    documents,
    async start(kernel) {
      running = kernel;
      for (const uploadId of await leftoversOf(kernel.store)) await removeParts(kernel.store, uploadId);
      await accessLogs.start(kernel);
      await makeDeclared(kernel);
    },
    follow: accessLogs.follow,
    timers: { [DELIVERY_TASK]: deliverAccessLogs, ...restoreTimers },
    async idle() {
      await accessLogs.flush();
      if (running) await writeRetrievals(running);
    },
    async stop() {
      if (running) await writeRetrievals(running);
      await accessLogs.stop();
    },
    consumers,
    resources: [bucketResource, bucketPolicyResource, accessPointResource],
    edge,
  };
}
