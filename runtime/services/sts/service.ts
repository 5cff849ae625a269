/** STS: temporary credentials, issued by trust policy and ended by the clock. See README.md for what differs from AWS. */
import type * as Sts from '@aws-sdk/client-sts';
import type { Credentials, IdentitySource } from '../../kernel/authorize';
import type { Operations } from '../../kernel/peers';
import { anonymous } from '../../kernel/principal';
import type { Service } from '../../kernel/service';
import { actions } from './actions';
import { identityHandlers } from './operations/identities';
import { roleHandlers } from './operations/roles';
import { tokenHandlers } from './operations/tokens';
import { createTokens, type Tokens } from './tokens';

declare module '../../kernel/peers' {
  interface Peers {
    sts: Operations<typeof Sts>;
  }
}

export function sts(): Service {
  const tokens = createTokens();
  return {
    name: 'sts',
    wire: {
      client: () => require('@aws-sdk/client-sts'),
      protocols: ['awsQuery'],
      signingNames: ['sts'],
      target: 'AWSSecurityTokenServiceV20110615',
      version: '2011-06-15',
      xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    },
    handlers: { ...identityHandlers(tokens), ...roleHandlers(tokens), ...tokenHandlers(tokens) },
    actions,
    answersUnsigned: true,
    identities: identitiesOf(tokens),
  };
}

function identitiesOf(tokens: Tokens): IdentitySource {
  return {
    async credentials(kernel, accessKeyId, sessionToken): Promise<Credentials | undefined> {
      if (!accessKeyId.startsWith('ASIA') || sessionToken === undefined) return undefined;
      // A token that does not open is not the one that was issued: the caller learns just that.
      const unknown: Credentials = { accessKeyId, secretAccessKey: '', principal: anonymous, active: true };
      return (await tokens.open(kernel, accessKeyId, sessionToken)) ?? unknown;
    },
  };
}
