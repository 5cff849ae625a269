/**
 * Credentials of any role or user, for whoever runs the runtime: a test that acts as a role has no trust policy to pass.
 * What the principal may do with them is its policies' to say. Not reachable by a request.
 */
import { type Arn, formatArn, parseArn } from '../../base/arn';
import type { Credentials } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { type Principal, root } from '../../kernel/principal';
import { HOUR_SECONDS } from './sessions';
import { createTokens } from './tokens';

const tokens = createTokens();

/**
 * @param text ARN of a role or a user that exists
 * @param name session name, for a role
 * @throws NoSuchEntity; RangeError when it is no such ARN
 */
export async function credentialsFor(kernel: Kernel, text: string, name = 'coffer'): Promise<Required<Credentials>> {
  const arn = parseArn(text);
  const kind = arn?.resource.slice(0, arn.resource.indexOf('/'));
  if (arn?.service !== 'iam' || (kind !== 'role' && kind !== 'user')) {
    throw new RangeError(`${text} is not the ARN of a role or a user`);
  }
  const issuedAt = kernel.clock.now();
  const expiresAt = issuedAt + HOUR_SECONDS * 1000;
  const principal =
    kind === 'role' ? await roleSession(kernel, arn, name, issuedAt, expiresAt) : await user(kernel, arn);
  return tokens.issue(kernel, principal, expiresAt);
}

async function roleSession(
  kernel: Kernel,
  arn: Arn,
  name: string,
  issuedAt: number,
  expiresAt: number,
): Promise<Principal> {
  const { account, partition } = arn;
  const { Role } = await iamOf(kernel, arn).GetRole({ RoleName: lastSegment(arn) });
  const resource = `assumed-role/${Role!.RoleName}/${name}`;
  return {
    kind: 'session',
    account,
    arn: formatArn({ partition, service: 'sts', region: '', account, resource }),
    userId: `${Role!.RoleId}:${name}`,
    session: { roleArn: Role!.Arn, name, issuedAt, expiresAt, mfa: false },
    tags: tagsOf(Role!.Tags),
  };
}

async function user(kernel: Kernel, arn: Arn): Promise<Principal> {
  const { User } = await iamOf(kernel, arn).GetUser({ UserName: lastSegment(arn) });
  return { kind: 'user', account: arn.account, arn: User!.Arn!, userId: User!.UserId!, tags: tagsOf(User!.Tags) };
}

function iamOf(kernel: Kernel, { account, partition }: Arn) {
  return kernel.peers(root(account, partition), { account, partition, region: kernel.defaultRegion }).iam;
}

function lastSegment({ resource }: Arn): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}

function tagsOf(tags: readonly { Key?: string; Value?: string }[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}
