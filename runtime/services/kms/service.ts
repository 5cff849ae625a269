/** KMS: keys that never leave, and what may be done with them. See README.md for what differs from AWS. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Kernel } from '../../kernel/call';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { makeDeclared } from './declared';
import { model } from './model';
import { aliasHandlers } from './operations/aliases';
import { cipherHandlers } from './operations/ciphers';
import { dataKeyHandlers } from './operations/datakeys';
import { grantHandlers } from './operations/grants';
import { expireWhenDue, importHandlers } from './operations/imports';
import { deleteWhenDue, keyHandlers } from './operations/keys';
import { policyHandlers } from './operations/policies';
import { regionHandlers } from './operations/regions';
import { rotationHandlers } from './operations/rotation';
import { signatureHandlers } from './operations/signatures';
import { tagHandlers } from './operations/tags';
import { documents, keyPolicies } from './policies';
import { resources } from './resources';
import { rotateWhenDue } from './rotation';
import { noteUsage, usageSettled } from './usage';

declare module '../../kernel/peers' {
  interface Peers {
    kms: Operations<typeof Kms>;
  }
}

const handlers: Handlers<typeof Kms> = {
  ...aliasHandlers,
  ...cipherHandlers,
  ...dataKeyHandlers,
  ...grantHandlers,
  ...importHandlers,
  ...keyHandlers,
  ...policyHandlers,
  ...regionHandlers,
  ...rotationHandlers,
  ...signatureHandlers,
  ...tagHandlers,
};

export function kms(): Service {
  let running: Kernel | undefined;
  return {
    name: 'kms',
    wire: {
      client: () => require('@aws-sdk/client-kms'),
      protocols: ['awsJson1_1'],
      signingNames: ['kms'],
      target: 'TrentService',
      version: '2014-11-01',
      model,
    },
    handlers,
    actions,
    policies: keyPolicies,
    documents,
    timers: { delete: deleteWhenDue, expire: expireWhenDue, rotate: rotateWhenDue },
    resources,
    start(kernel) {
      running = kernel;
      return makeDeclared(kernel);
    },
    stop: async () => running && usageSettled(running),
    follow: (exchange) => running && noteUsage(running, exchange),
  };
}
