/** Temporary credentials of a user's own, and who a caller is. */
import type * as Sts from '@aws-sdk/client-sts';
import { accountOfAccessKey } from '../../../base/accesskeys';
import { formatArn } from '../../../base/arn';
import type { Credentials } from '../../../kernel/authorize';
import type { Principal, Session } from '../../../kernel/principal';
import type { Handlers } from '../../../kernel/service';
import { accessDenied, constraint, validation } from '../errors';
import { provesMfa } from '../mfa';
import { checkDuration, checkSessionName, HOUR_SECONDS, packedSize, readPolicies, readTags } from '../sessions';
import type { Tokens } from '../tokens';

const LONGEST_SECONDS = 129_600;
const DEFAULT_SECONDS = 43_200;

export function credentialsOf({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiresAt,
}: Required<Credentials>): Sts.Credentials {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    // STS tells whole seconds.
    Expiration: new Date(Math.floor(expiresAt / 1000) * 1000),
  };
}

/** "If ... root user credentials ... the maximum is one hour." */
function durationOf({ kind }: Principal, wanted: number | undefined): number {
  const seconds = checkDuration(wanted ?? DEFAULT_SECONDS, LONGEST_SECONDS);
  return kind === 'root' ? Math.min(seconds, HOUR_SECONDS) : seconds;
}

export const tokenHandlers = (tokens: Tokens) =>
  ({
    async GetCallerIdentity({ principal: { userId, account, arn } }) {
      return { UserId: userId, Account: account, Arn: arn };
    },

    async GetAccessKeyInfo(_, { AccessKeyId = '' }) {
      if (AccessKeyId.length < 16)
        throw constraint('accessKeyId', AccessKeyId, 'have length greater than or equal to 16');
      if (!/^\w{16,128}$/.test(AccessKeyId)) {
        throw constraint('accessKeyId', AccessKeyId, 'satisfy regular expression pattern: [\\w]*');
      }
      const Account = accountOfAccessKey(AccessKeyId);
      if (Account === undefined) throw validation(`The access key ID ${AccessKeyId} is invalid.`);
      return { Account };
    },

    async GetSessionToken(call, input) {
      const { principal } = call;
      if (principal.session || (principal.kind !== 'user' && principal.kind !== 'root')) {
        throw accessDenied('Cannot call GetSessionToken with session credentials');
      }
      const expiresAt = call.now + durationOf(principal, input.DurationSeconds) * 1000;
      const mfa = await provesMfa(call, input);
      const session: Session = { name: '', issuedAt: call.now, expiresAt, mfa };
      return { Credentials: credentialsOf(await tokens.issue(call.kernel, { ...principal, session }, expiresAt)) };
    },

    async GetFederationToken(call, input) {
      const { principal, partition, account } = call;
      if (principal.session || (principal.kind !== 'user' && principal.kind !== 'root')) {
        throw accessDenied('Cannot call GetFederationToken with session credentials');
      }
      const name = checkSessionName('name', input.Name!, 32);
      const expiresAt = call.now + durationOf(principal, input.DurationSeconds) * 1000;
      const limits = { ...readPolicies(input.Policy, input.PolicyArns), tags: readTags(input.Tags) };
      const PackedPolicySize = packedSize(limits);
      const federated: Principal = {
        kind: 'session',
        account,
        arn: formatArn({ partition, service: 'sts', region: '', account, resource: `federated-user/${name}` }),
        userId: `${account}:${name}`,
        session: { name, userArn: principal.arn, ...limits, issuedAt: call.now, expiresAt, mfa: false },
        tags: principal.tags,
      };
      const credentials = await tokens.issue(call.kernel, federated, expiresAt);
      return {
        Credentials: credentialsOf(credentials),
        FederatedUser: { FederatedUserId: federated.userId, Arn: federated.arn },
        PackedPolicySize,
      };
    },
  }) satisfies Handlers<typeof Sts>;
