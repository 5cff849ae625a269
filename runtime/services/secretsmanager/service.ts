/** Secrets Manager: secrets with versions, sealed by KMS. See README.md for what differs from AWS. */
import type * as Secrets from '@aws-sdk/client-secrets-manager';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { erase, secretHandlers } from './operations/secrets';
import { valueHandlers } from './operations/values';
import { documents, secretPolicies } from './policies';
import { resources } from './resources';

declare module '../../kernel/peers' {
  interface Peers {
    secretsmanager: Operations<typeof Secrets>;
  }
}

const handlers: Handlers<typeof Secrets> = { ...secretHandlers, ...valueHandlers };

export function secretsmanager(): Service {
  return {
    name: 'secretsmanager',
    wire: {
      client: () => require('@aws-sdk/client-secrets-manager'),
      protocols: ['awsJson1_1'],
      signingNames: ['secretsmanager'],
      target: 'secretsmanager',
      version: '2017-10-17',
    },
    handlers,
    actions,
    policies: secretPolicies,
    documents,
    timers: { erase },
    resources,
  };
}
