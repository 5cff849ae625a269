/** AssumeRoleWithWebIdentity: the token and the trust policy have spoken, here the session is shaped. */
import type * as Sts from '@aws-sdk/client-sts';
import type { Handlers } from '../../../kernel/service';
import { notAuthorized } from '../errors';
import { identify } from '../identities';
import { readRole } from '../roles';
import { checkSessionName, packedSize, readPolicies, readTags } from '../sessions';
import type { Tokens } from '../tokens';
import { checkRoleDuration, issueForRole, transitiveAmong } from './roles';

export const identityHandlers = (tokens: Tokens) =>
  ({
    async AssumeRoleWithWebIdentity(call, input) {
      const name = checkSessionName('roleSessionName', input.RoleSessionName!, 64);
      const identity = await identify(call, input);
      const role = await readRole(call, input.RoleArn!);
      if (!role) throw notAuthorized('sts:AssumeRoleWithWebIdentity');
      const seconds = checkRoleDuration(input.DurationSeconds, role);
      const tags = readTags(identity.tags);
      const { sourceIdentity, claims, provider } = identity;
      if (sourceIdentity !== undefined) checkSessionName('sourceIdentity', sourceIdentity, 64);
      const limits = readPolicies(input.Policy, input.PolicyArns);
      const PackedPolicySize = packedSize({ ...limits, tags });
      const issued = await issueForRole(call, tokens, role, {
        roleArn: role.arn,
        name,
        ...limits,
        tags,
        transitiveTagKeys: transitiveAmong(identity.transitiveTagKeys, tags),
        sourceIdentity,
        provider,
        claims,
        issuedAt: call.now,
        expiresAt: call.now + seconds * 1000,
        mfa: false,
      });
      return {
        ...issued,
        SubjectFromWebIdentityToken: identity.subject,
        Audience: identity.audience,
        Provider: provider,
        PackedPolicySize,
        SourceIdentity: sourceIdentity,
      };
    },
  }) satisfies Handlers<typeof Sts>;
