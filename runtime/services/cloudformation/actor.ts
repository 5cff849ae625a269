/**
 * In whose name a stack's resources are made: the stack's role when it has one, assumed as CloudFormation, else the
 * caller. Source: CloudFormation user guide, "CloudFormation service role".
 */
import { parseArn } from '../../base/arn';
import { AwsError, isAwsError } from '../../base/errors';
import type { Kernel, Origin } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { type Principal, servicePrincipal } from '../../kernel/principal';
import { validationError } from './errors';
import type { Place } from './state';

const SERVICE = 'cloudformation.amazonaws.com';

export async function actorFor(kernel: Kernel, caller: Principal, at: Place, roleArn?: string): Promise<Principal> {
  if (roleArn === undefined) return caller;
  try {
    return await assumed(kernel, servicePrincipal(SERVICE), at, roleArn, 'AWSCloudFormation');
  } catch (error) {
    if (!isAwsError(error)) throw error;
    throw validationError(`Role ${roleArn} is invalid or cannot be assumed`);
  }
}

/** The principal that a service becomes when it assumes a role. @throws AwsError AccessDenied and kin, of STS */
export async function assumed(
  kernel: Kernel,
  service: Principal,
  at: Place,
  roleArn: string,
  name: string,
): Promise<Principal> {
  const account = parseArn(roleArn)?.account;
  if (!account) throw new AwsError('ValidationError', `${roleArn} is not the ARN of a role`);
  const peers = kernel.peers(service, { account, region: at.region });
  const { Credentials, AssumedRoleUser } = await peers.sts.AssumeRole({ RoleArn: roleArn, RoleSessionName: name });
  const issuedAt = kernel.clock.now();
  return {
    kind: 'session',
    account,
    arn: AssumedRoleUser!.Arn!,
    userId: AssumedRoleUser!.AssumedRoleId!,
    accessKeyId: Credentials!.AccessKeyId,
    session: { roleArn, name, issuedAt, expiresAt: Credentials!.Expiration!.getTime() },
  };
}

/** Services as the stack's actor sees them, in the stack's place. */
export function peersOf(kernel: Kernel, actor: Principal, at: Place, origin?: Origin): Peers {
  return kernel.peers(actor, { account: at.account, region: at.region, origin, via: [SERVICE] });
}
