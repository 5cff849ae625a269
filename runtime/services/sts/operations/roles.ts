/** AssumeRole: the trust policy has spoken (step 5), here the session is shaped. */
import type * as Sts from '@aws-sdk/client-sts';
import { formatArn, parseArn } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Principal, Session } from '../../../kernel/principal';
import type { Handlers } from '../../../kernel/service';
import { accessDenied, constraint, invalidParameter, notModelled, validation } from '../errors';
import { provesMfa } from '../mfa';
import { findRole, type Role } from '../roles';
import { checkDuration, checkSessionName, HOUR_SECONDS, packedSize, readPolicies, readTags } from '../sessions';
import type { Tokens } from '../tokens';
import { credentialsOf } from './tokens';

const LONGEST_SECONDS = 43_200;
const FUNCTION_KEY = 'lambda:SourceFunctionArn';

/** What the code of a function asks tells which function it is. Source: Lambda developer guide, "Controlling access ... from source function ARN". */
function sourceOf({ service, sourceArn }: Principal): Session['claims'] {
  return service === 'lambda.amazonaws.com' && sourceArn !== undefined
    ? { [FUNCTION_KEY.toLowerCase()]: sourceArn }
    : undefined;
}

/** @throws InvalidParameterValue for a key that is no tag's */
export function transitiveAmong(keys: readonly string[] = [], tags: Readonly<Record<string, string>>) {
  if (keys.every((key) => key in tags)) return keys;
  throw invalidParameter('The specified transitive tag key must be included in the requested tags.');
}

/** Tags of the new session: those given, and the transitive ones of a session that chains. */
function tagsOf(
  { principal: { session } }: Call,
  input: Sts.AssumeRoleCommandInput,
): Pick<Session, 'tags' | 'transitiveTagKeys'> {
  const given = readTags(input.Tags);
  const carried = session?.transitiveTagKeys ?? [];
  for (const key of carried) {
    if (!Object.keys(given).some((one) => one.toLowerCase() === key.toLowerCase())) continue;
    throw invalidParameter(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  const transitive = transitiveAmong(input.TransitiveTagKeys, given);
  const inherited = carried.map((key) => [key, session?.tags?.[key] ?? '']);
  return {
    tags: { ...Object.fromEntries(inherited), ...given },
    transitiveTagKeys: [...carried, ...transitive],
  };
}

/** "You cannot change the source identity" once a session has one: it passes to the sessions that follow. */
function sourceIdentityOf({ principal }: Call, wanted: string | undefined): string | undefined {
  const carried = principal.session?.sourceIdentity;
  if (wanted !== undefined) checkSessionName('sourceIdentity', wanted, 64);
  if (carried !== undefined && wanted !== undefined && wanted !== carried) {
    throw accessDenied('The source identity of the calling session cannot be changed.');
  }
  return carried ?? wanted;
}

/** @throws ValidationError */
export function checkRoleDuration(wanted = HOUR_SECONDS, role: Role): number {
  const seconds = checkDuration(wanted, LONGEST_SECONDS);
  if (seconds > role.maxSessionSeconds) {
    throw validation('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  return seconds;
}

function durationOf({ principal }: Call, wanted: number | undefined, role: Role): number {
  const seconds = checkRoleDuration(wanted, role);
  if (principal.session?.roleArn && seconds > HOUR_SECONDS) {
    throw validation(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  return seconds;
}

/** Credentials of a role's new session, as every AssumeRole answers them. */
export async function issueForRole(call: Call, tokens: Tokens, role: Role, session: Session) {
  const { partition, account } = parseArn(role.arn)!;
  const resource = `assumed-role/${role.name}/${session.name}`;
  const principal: Principal = {
    kind: 'session',
    account,
    arn: formatArn({ partition, service: 'sts', region: '', account, resource }),
    userId: `${role.id}:${session.name}`,
    session,
    tags: role.tags,
  };
  const credentials = await tokens.issue(call.kernel, principal, session.expiresAt);
  return {
    Credentials: credentialsOf(credentials),
    AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
  };
}

export const roleHandlers = (tokens: Tokens) =>
  ({
    async AssumeRole(call, input) {
      const name = checkSessionName('roleSessionName', input.RoleSessionName!, 64);
      const externalId = input.ExternalId;
      if (externalId !== undefined && (externalId.length < 2 || externalId.length > 1224)) {
        throw constraint('externalId', externalId, 'have length between 2 and 1224');
      }
      if (input.ProvidedContexts?.length) throw notModelled('ProvidedContexts of AssumeRole');
      // AWS lets no root user take a role. Plain credentials are root only for want of a user: they may.
      if (call.principal.kind === 'root' && /^A[KS]IA/.test(call.principal.accessKeyId ?? '')) {
        throw accessDenied('Roles may not be assumed by root accounts.');
      }
      const role = await findRole(call, input.RoleArn!);
      const seconds = durationOf(call, input.DurationSeconds, role);
      const expiresAt = call.now + seconds * 1000;
      const session: Session = {
        roleArn: role.arn,
        name,
        ...readPolicies(input.Policy, input.PolicyArns),
        ...tagsOf(call, input),
        sourceIdentity: sourceIdentityOf(call, input.SourceIdentity),
        issuedAt: call.now,
        expiresAt,
        mfa: await provesMfa(call, input),
        claims: sourceOf(call.principal),
      };
      const PackedPolicySize = packedSize({ ...session, tags: readTags(input.Tags) });
      const issued = await issueForRole(call, tokens, role, session);
      return { ...issued, PackedPolicySize, SourceIdentity: session.sourceIdentity };
    },
  }) satisfies Handlers<typeof Sts>;
