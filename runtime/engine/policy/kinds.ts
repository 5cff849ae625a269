/** The kinds of policies as AWS's messages call them. Source: IAM user guide, "Troubleshoot access denied error messages". */
import type { PolicyKind } from './decide';

export const kindNames: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity-based policy',
  resource: 'resource-based policy',
  trust: 'role trust policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  serviceControl: 'service control policy',
  resourceControl: 'resource control policy',
  endpoint: 'VPC endpoint policy',
};
