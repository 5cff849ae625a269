/** Organizations: accounts in a tree, and the policies that hold for all of them. See README.md for what differs from AWS. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { makeDeclared } from './declared';
import { createMemberships, documents } from './membership';
import { model } from './model';
import { accountHandlers } from './operations/accounts';
import { invitationHandlers } from './operations/invitations';
import { organizationHandlers } from './operations/organization';
import { policyHandlers } from './operations/policies';
import { tagHandlers } from './operations/tags';
import { unitHandlers } from './operations/units';
import { resources } from './resources';

declare module '../../kernel/peers' {
  interface Peers {
    organizations: Operations<typeof Organizations>;
  }
}

const handlers: Handlers<typeof Organizations> = {
  ...accountHandlers,
  ...invitationHandlers,
  ...organizationHandlers,
  ...policyHandlers,
  ...tagHandlers,
  ...unitHandlers,
};

export function organizations(): Service {
  return {
    name: 'organizations',
    wire: {
      client: () => require('@aws-sdk/client-organizations'),
      protocols: ['awsJson1_1'],
      signingNames: ['organizations'],
      target: 'AWSOrganizationsV20161128',
      version: '2016-11-28',
      model,
    },
    handlers,
    actions,
    organizations: createMemberships(),
    documents,
    resources,
    start: makeDeclared,
  };
}
