/** IAM: users, groups, roles and the policies that say what they may do. See README.md for what differs from AWS. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Operations } from '../../kernel/peers';
import type { Handlers, Service } from '../../kernel/service';
import { actions } from './actions';
import { documents } from './catalogue';
import { makeDeclared } from './declared';
import { mfa } from './devices';
import { accountHandlers } from './operations/account';
import { attachmentHandlers } from './operations/attachments';
import { groupHandlers } from './operations/groups';
import { inlineHandlers } from './operations/inline';
import { keyHandlers } from './operations/keys';
import { linkedHandlers } from './operations/linked';
import { mfaHandlers } from './operations/mfa';
import { policyHandlers } from './operations/policies';
import { profileHandlers } from './operations/profiles';
import { providerHandlers } from './operations/providers';
import { reportHandlers } from './operations/reports';
import { roleHandlers } from './operations/roles';
import { simulateHandlers } from './operations/simulate';
import { userHandlers } from './operations/users';
import { identities, trust } from './policies';
import { resources } from './resources';
import { createUses, type Uses } from './uses';

declare module '../../kernel/peers' {
  interface Peers {
    iam: Operations<typeof Iam>;
  }
}

const handlersWith = (uses: Uses): Handlers<typeof Iam> => ({
  ...accountHandlers,
  ...attachmentHandlers,
  ...groupHandlers,
  ...inlineHandlers,
  ...keyHandlers,
  ...linkedHandlers,
  ...mfaHandlers,
  ...policyHandlers,
  ...profileHandlers,
  ...providerHandlers,
  ...reportHandlers(uses),
  ...roleHandlers(uses),
  ...simulateHandlers,
  ...userHandlers,
});

export function iam(): Service {
  const uses = createUses();
  return {
    name: 'iam',
    wire: {
      client: () => require('@aws-sdk/client-iam'),
      protocols: ['awsQuery'],
      signingNames: ['iam'],
      target: 'AWSIdentityManagementV20100508',
      version: '2010-05-08',
      xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    },
    handlers: handlersWith(uses),
    actions,
    policies: trust,
    documents,
    identities: { ...identities, mfa, used: uses.note },
    resources,
    start: makeDeclared,
    stop: uses.settled,
  };
}
