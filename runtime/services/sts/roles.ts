/** Roles as STS sees them: asked of IAM, in STS's own name. */
import { parseArn } from '../../base/arn';
import { isAwsError } from '../../base/errors';
import type { Call } from '../../kernel/call';
import { servicePrincipal } from '../../kernel/principal';
import { accessDenied, constraint } from './errors';

export interface Role {
  readonly arn: string;
  readonly name: string;
  /** `AROA…` */
  readonly id: string;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** @throws ValidationError when the ARN is no role's; AccessDenied when there is no such role */
export async function findRole(call: Call, roleArn: string): Promise<Role> {
  const role = await readRole(call, roleArn);
  if (role) return role;
  throw accessDenied(
    `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  );
}

export async function readRole(call: Call, roleArn: string): Promise<Role | undefined> {
  const role = await lookUp(call, roleArn);
  return role || !(await call.kernel.supply(roleArn, call)) ? role : lookUp(call, roleArn);
}

async function lookUp(call: Call, roleArn: string): Promise<Role | undefined> {
  const arn = parseArn(roleArn);
  if (arn?.service !== 'iam' || !arn.resource.startsWith('role/')) {
    throw constraint('roleArn', roleArn, 'be the ARN of a role');
  }
  const { account, partition } = arn;
  const name = arn.resource.slice(arn.resource.lastIndexOf('/') + 1);
  const { iam } = call.kernel.peers(servicePrincipal('sts.amazonaws.com'), { account, partition, region: call.region });
  try {
    const { Role: role } = await iam.GetRole({ RoleName: name });
    if (role?.Arn !== roleArn) return undefined;
    const tags = Object.fromEntries((role.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    return { arn: roleArn, name, id: role.RoleId!, maxSessionSeconds: role.MaxSessionDuration!, tags };
  } catch (error) {
    if (isAwsError(error, 'NoSuchEntity')) return undefined;
    throw error;
  }
}
