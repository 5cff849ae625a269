/** Amazon S3. Assembly only: see the folders for what each part does. */
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
import { policies } from './policies';
import { bucketResource } from './resources/bucket';
import { bucketPolicyResource } from './resources/policy';
import { leftoversOf, removeParts } from './state/uploads';

declare module '../../kernel/peers' {
  interface Peers {
    readonly s3: Operations<S3>;
  }
}

export function s3(): Service {
  const accessLogs = createCollector();
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
    async start(kernel) {
      for (const uploadId of await leftoversOf(kernel.store)) await removeParts(kernel.store, uploadId);
      await accessLogs.start(kernel);
      await makeDeclared(kernel);
    },
    follow: accessLogs.follow,
    timers: { [DELIVERY_TASK]: deliverAccessLogs },
    idle: accessLogs.flush,
    stop: accessLogs.stop,
    consumers,
    resources: [bucketResource, bucketPolicyResource],
    edge,
  };
}
