/**
 * What a request for a session may ask: names, durations, session policies, tags. Source: STS API reference,
 * AssumeRole, GetFederationToken, GetSessionToken; IAM user guide, "Pass session tags in AWS STS".
 */
import type { PolicyDescriptorType, Tag } from '@aws-sdk/client-sts';
import { findProblem, identityDialect } from '../../engine/policy/dialect';
import type { Session } from '../../kernel/principal';
import { constraint, invalidParameter, malformed, packedTooLarge, validation } from './errors';

export const HOUR_SECONDS = 3_600;
export const SHORTEST_SECONDS = 900;

const POLICY_LIMIT = 2_048;
const MOST_POLICY_ARNS = 10;
const MOST_TAGS = 50;

/** @throws ValidationError */
export function checkDuration(seconds: number, longest: number): number {
  if (seconds < SHORTEST_SECONDS) {
    throw constraint('durationSeconds', seconds, `have value greater than or equal to ${SHORTEST_SECONDS}`);
  }
  if (seconds > longest) throw constraint('durationSeconds', seconds, `have value less than or equal to ${longest}`);
  return seconds;
}

/** @throws ValidationError */
export function checkSessionName(member: string, name: string, longest: number): string {
  if (name.length < 2) throw constraint(member, name, 'have length greater than or equal to 2');
  if (name.length > longest) throw constraint(member, name, `have length less than or equal to ${longest}`);
  if (!/^[\w+=,.@-]*$/.test(name)) {
    throw constraint(member, name, 'satisfy regular expression pattern: [\\w+=,.@-]*');
  }
  return name;
}

/** Session policies as they go into the session. @throws MalformedPolicyDocument, ValidationError */
export function readPolicies(
  policy: string | undefined,
  arns: readonly PolicyDescriptorType[] = [],
): Pick<Session, 'policies' | 'policyArns'> {
  if (policy !== undefined) {
    if (policy.length > POLICY_LIMIT) {
      throw constraint('policy', policy, `have length less than or equal to ${POLICY_LIMIT}`);
    }
    const problem = findProblem(policy, { ...identityDialect, currentVersion: false });
    if (problem) throw malformed(`${problem.message} (${problem.place})`);
  }
  if (arns.length > MOST_POLICY_ARNS) {
    throw constraint('policyArns', arns.length, `have length less than or equal to ${MOST_POLICY_ARNS}`);
  }
  const policyArns = arns.map(({ arn = '' }) => {
    if (!/^arn:[^:]+:iam::(\d{12}|aws):policy\/.+$/.test(arn)) throw validation(`The ARN ${arn} is invalid.`);
    return arn;
  });
  return {
    policies: policy === undefined ? undefined : [policy],
    policyArns: arns.length > 0 ? policyArns : undefined,
  };
}

/** @throws ValidationError, InvalidParameterValue */
export function readTags(tags: readonly Tag[] = []): Readonly<Record<string, string>> {
  if (tags.length > MOST_TAGS) throw constraint('tags', tags.length, `have length less than or equal to ${MOST_TAGS}`);
  const seen = new Set<string>();
  for (const { Key = '', Value = '' } of tags) {
    if (Key.length < 1 || Key.length > 128) throw constraint('tags.member.key', Key, 'have length between 1 and 128');
    if (Value.length > 256) throw constraint('tags.member.value', Value, 'have length less than or equal to 256');
    if (/^aws:/i.test(Key)) throw invalidParameter('Tag keys beginning with "aws:" are reserved for system use.');
    if (seen.has(Key.toLowerCase())) {
      throw invalidParameter('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    seen.add(Key.toLowerCase());
  }
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

/**
 * How much of the allotted space policies and tags take, in percent. AWS packs them first; here their length counts,
 * so that what fits here fits there. @throws PackedPolicyTooLarge
 */
export function packedSize({ policies = [], policyArns = [], tags = {} }: Partial<Session>): number | undefined {
  const parts = [...policies, ...policyArns, ...Object.entries(tags).flat()];
  if (parts.length === 0) return undefined;
  const length = parts.reduce((sum, part) => sum + part.replace(/\s/g, '').length, 0);
  const percent = Math.ceil((100 * length) / (POLICY_LIMIT * 2));
  if (percent > 100) throw packedTooLarge(percent);
  return percent;
}
