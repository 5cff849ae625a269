/** CloudFormation's view of IAM. Source: CloudFormation template reference, "AWS IAM resource type reference". */
import type { ResourceType } from '../../kernel/service';
import { accessKey, group, user, userToGroup } from './resources/people';
import { groupPolicy, managedPolicy, policy, rolePolicy, userPolicy } from './resources/policies';
import { instanceProfile } from './resources/profiles';
import { oidcProvider } from './resources/providers';
import { role, serviceLinkedRole } from './resources/roles';

export const resources: readonly ResourceType[] = [
  role,
  serviceLinkedRole,
  policy,
  managedPolicy,
  rolePolicy,
  userPolicy,
  groupPolicy,
  user,
  group,
  userToGroup,
  accessKey,
  instanceProfile,
  oidcProvider,
];
