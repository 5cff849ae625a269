/**
 * What an account has because it is in an organisation: the service-linked role of Organizations, and in an account that
 * was created the role by which the management account administers it. Source: AWS Organizations user guide, "Accessing
 * member accounts that have OrganizationAccountAccessRole", "Using service-linked roles for Organizations".
 */
import { isAwsError } from '../../base/errors';
import type { Kernel } from '../../kernel/call';
import { root } from '../../kernel/principal';

const peersIn = (kernel: Kernel, account: string) =>
  kernel.peers(root(account), { account, region: kernel.defaultRegion });

/** Made in the name of the account's root user, before control policies hold for it or when it has been made already. */
export async function linkRole(kernel: Kernel, account: string): Promise<void> {
  try {
    await peersIn(kernel, account).iam.CreateServiceLinkedRole({
      AWSServiceName: 'organizations.amazonaws.com',
      Description:
        'Service-linked role used by AWS Organizations to enable integration of other AWS services with Organizations.',
    });
  } catch (error) {
    // There already, from an earlier membership.
    if (!isAwsError(error, 'InvalidInput', 'EntityAlreadyExists')) throw error;
  }
}

export async function makeAccessRole(
  kernel: Kernel,
  account: string,
  management: string,
  partition: string,
  RoleName = 'OrganizationAccountAccessRole',
): Promise<void> {
  const { iam } = peersIn(kernel, account);
  await iam.CreateRole({
    RoleName,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:${partition}:iam::${management}:root` },
          Action: 'sts:AssumeRole',
        },
      ],
    }),
  });
  await iam.AttachRolePolicy({ RoleName, PolicyArn: `arn:${partition}:iam::aws:policy/AdministratorAccess` });
}
