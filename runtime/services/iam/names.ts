/** Names, paths, ids and ARNs of IAM's entities. Source: IAM user guide, "IAM identifiers", "IAM and AWS STS quotas". */
import { type Arn, formatArn, parseArn } from '../../base/arn';
import type { Random } from '../../base/random';
import type { Call } from '../../kernel/call';
import { constraint, invalidInput, validation } from './errors';
import type { Kind } from './state';

const NAME = /^[\w+=,.@-]+$/;
const longest = {
  userName: 64,
  newUserName: 64,
  roleName: 64,
  groupName: 128,
  newGroupName: 128,
  policyName: 128,
  instanceProfileName: 128,
  virtualMFADeviceName: 226,
};
/** A path: `/`, or `/` around anything printable. */
const PATH = /^\/([\x21-\x7e]+\/)?$/;
const PATH_LIMIT = 512;

export type NameMember = keyof typeof longest;

/** @throws ValidationError */
export function checkName(member: NameMember, name: string): string {
  if (name.length < 1) throw constraint(member, name, 'have length greater than or equal to 1');
  if (name.length > longest[member]) {
    throw constraint(member, name, `have length less than or equal to ${longest[member]}`);
  }
  if (!NAME.test(name)) {
    throw validation(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  }
  return name;
}

/** @throws ValidationError */
export function checkPath(path = '/'): string {
  if (path.length > PATH_LIMIT) throw constraint('path', path, `have length less than or equal to ${PATH_LIMIT}`);
  if (!PATH.test(path)) {
    throw validation(
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
    );
  }
  return path;
}

const prefixes = { user: 'AIDA', role: 'AROA', group: 'AGPA', policy: 'ANPA', profile: 'AIPA' } as const;

export function newId(random: Random, kind: Kind | 'policy' | 'profile'): string {
  return prefixes[kind] + random.base32(17);
}

export type Entity = { readonly path: string; readonly name: string };

export function arnOf(
  call: Pick<Call, 'account' | 'partition'>,
  kind: Kind | 'policy',
  { path, name }: Entity,
): string {
  return arnIn(call, `${kind}${path}${name}`);
}

export function arnIn({ account, partition }: Pick<Call, 'account' | 'partition'>, resource: string): string {
  return formatArn({ partition, service: 'iam', region: '', account, resource });
}

/** The managed policy that an ARN names: `account` is `aws` for those of AWS. @throws InvalidInput */
export function policyOf(arn: string): { account: string; name: string; arn: string } {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'iam' || !parsed.resource.startsWith('policy/'))
    throw invalidInput(`ARN ${arn} is not valid.`);
  return { account: parsed.account, name: lastSegment(parsed), arn };
}

export function lastSegment({ resource }: Pick<Arn, 'resource'>): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}

/** IAM tells whole seconds. */
export function timeOf(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
