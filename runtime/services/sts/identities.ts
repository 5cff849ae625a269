/**
 * Who a web identity token is about: the token held to its issuer's keys, to the clock, and to the provider that the
 * role's account has in IAM, and its claims as condition keys. Sources: STS API reference, AssumeRoleWithWebIdentity;
 * IAM user guide, "Available keys for AWS OIDC federation", "Pass session tags using AssumeRoleWithWebIdentity".
 */
import type * as Sts from '@aws-sdk/client-sts';
import { parseArn } from '../../base/arn';
import { isAwsError } from '../../base/errors';
import { isSignedBy, readToken, type Token } from '../../engine/jwt';
import type { Call } from '../../kernel/call';
import { type Principal, servicePrincipal } from '../../kernel/principal';
import { claimMissing, expiredIdentity, invalidIdentity, noProvider, notModelled, wrongAudience } from './errors';
import { keysOf } from './issuers';

export interface WebIdentity {
  /** ARN of the provider in IAM. */
  readonly provider: string;
  readonly subject: string;
  readonly audience: string;
  /** Condition keys, `token.actions.githubusercontent.com:sub` and so on, in lower case. */
  readonly claims: Readonly<Record<string, string | readonly string[]>>;
  readonly tags: readonly Sts.Tag[];
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** Who asks for the role: nobody of AWS's, come through the provider. */
  readonly principal: Principal;
}

const IDENTITY = 'sts.webIdentity';
const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';
/** Clocks of issuers may be ahead by as much. */
const SKEW_SECONDS = 300;

const github = [
  'actor',
  'actor_id',
  'enterprise_id',
  'environment',
  'job_workflow_ref',
  'ref',
  'repository',
  'repository_id',
  'repository_owner_id',
  'workflow',
];
const buildkite = ['build_branch', 'cluster_id', 'cluster_name', 'organization_id', 'organization_slug', 'pipeline_id'];
/** Claims that are condition keys beside `sub`, `aud` and `amr`, by the provider. Source: Service Authorization Reference. */
const furtherClaims: readonly (readonly [provider: RegExp, claims: readonly string[]])[] = [
  [/^accounts\.google\.com$/, ['google/organization_number']],
  [/^token\.actions\.githubusercontent\.com(\/[^/]+)?$/, github],
  [/^token\.actions\.[\w-]+\.ghe\.com$/, github],
  [/^agent\.buildkite\.com$/, [...buildkite, 'pipeline_slug']],
  [/^oidc\.circleci\.com\/org\/[\w-]+$/, ['oidc.circleci.com/project-id']],
  [
    /^gitlab\.com$/,
    [
      'namespace_id',
      'pipeline_source',
      'project_id',
      'ref_protected',
      'runner_environment',
      'user_access_level',
      'user_email',
      'user_id',
      'user_login',
    ],
  ],
];

/** The identity that a request shows; looked into once per call. @throws InvalidIdentityToken, ExpiredTokenException */
export function identify(call: Call, input: Sts.AssumeRoleWithWebIdentityCommandInput): Promise<WebIdentity> {
  const known = call.known.get(IDENTITY) as Promise<WebIdentity> | undefined;
  const identity = known ?? look(call, input);
  call.known.set(IDENTITY, identity);
  return identity;
}

async function look(call: Call, input: Sts.AssumeRoleWithWebIdentityCommandInput): Promise<WebIdentity> {
  if (input.ProviderId !== undefined) throw notModelled('ProviderId: OAuth 2.0 access tokens');
  const token = readToken(input.WebIdentityToken!);
  if (!token)
    throw invalidIdentity(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    );
  const issuer = textIn(token, 'iss') ?? missing('iss');
  const subject = textIn(token, 'sub') ?? missing('sub');
  const audiences = textsIn(token.claims.aud) ?? missing('aud');
  const role = parseArn(input.RoleArn!);
  const provider = await providerOf(call, role?.account ?? '', role?.partition ?? call.partition, issuer);
  checkTimes(token, call.now);
  if (!isSignedBy(token, await keysOf(call.kernel, issuer))) {
    throw invalidIdentity('The token signature could not be verified with the keys of the identity provider.');
  }
  // "If the JWT has an azp, that is the audience, and aud is oaud."
  const authorized = textIn(token, 'azp');
  const audience = authorized ?? audiences.find((one) => provider.clientIds.includes(one)) ?? audiences[0];
  if (!provider.clientIds.includes(audience)) throw wrongAudience();
  const claims = claimsOf(token, issuer.slice('https://'.length), authorized === undefined ? audiences : [authorized]);
  return {
    provider: provider.arn,
    subject,
    audience,
    claims,
    ...tagsOf(token),
    sourceIdentity: textIn(token, SOURCE_IDENTITY),
    principal: {
      kind: 'anonymous',
      arn: provider.arn,
      userId: subject,
      session: {
        name: input.RoleSessionName!,
        provider: provider.arn,
        claims,
        issuedAt: call.now,
        expiresAt: call.now,
      },
    },
  };
}

function missing(claim: string): never {
  throw claimMissing(claim);
}

/** The provider of that address in the role's account. @throws InvalidIdentityToken */
async function providerOf(call: Call, account: string, partition: string, issuer: string) {
  if (!issuer.startsWith('https://')) throw noProvider(issuer);
  const arn = `arn:${partition}:iam::${account}:oidc-provider/${issuer.slice('https://'.length)}`;
  const { iam } = call.kernel.peers(servicePrincipal('sts.amazonaws.com'), { account, partition, region: call.region });
  try {
    const { ClientIDList } = await iam.GetOpenIDConnectProvider({ OpenIDConnectProviderArn: arn });
    return { arn, clientIds: ClientIDList ?? [] };
  } catch (error) {
    if (isAwsError(error, 'NoSuchEntity')) throw noProvider(issuer);
    throw error;
  }
}

function checkTimes({ claims }: Token, now: number): void {
  const seconds = Math.floor(now / 1000);
  const { exp, nbf, iat } = claims;
  if (typeof exp !== 'number') missing('exp');
  if (typeof iat !== 'number') missing('iat');
  if (seconds >= exp) throw expiredIdentity(seconds, exp);
  const start = typeof nbf === 'number' ? nbf : iat;
  if (start > seconds + SKEW_SECONDS) throw invalidIdentity('Token is not valid yet.');
}

function claimsOf({ claims }: Token, provider: string, audiences: readonly string[]): WebIdentity['claims'] {
  const found: Record<string, string | readonly string[]> = {};
  const note = (claim: string, value: unknown): void => {
    const texts = textsIn(value);
    const single = typeof value === 'boolean' || typeof value === 'number' ? String(value) : undefined;
    const text = single ?? (texts?.length === 1 ? texts[0] : texts);
    if (text !== undefined) found[`${provider}:${claim}`.toLowerCase()] = text;
  };
  note('sub', claims.sub);
  note('aud', audiences);
  if (claims.amr !== undefined) note('amr', claims.amr);
  if (claims.azp !== undefined) note('oaud', claims.aud);
  for (const [pattern, names] of furtherClaims) {
    if (pattern.test(provider)) for (const name of names) note(name, claims[name]);
  }
  return found;
}

/** Session tags in either of their forms: one object, or a claim for each. */
function tagsOf({ claims }: Token): Pick<WebIdentity, 'tags' | 'transitiveTagKeys'> {
  const nested = claims[TAGS] as { principal_tags?: unknown; transitive_tag_keys?: unknown } | undefined;
  const flat = Object.entries(claims)
    .filter(([name]) => name.startsWith(`${TAGS}/principal_tags/`))
    .map(([name, value]): [string, unknown] => [name.slice(`${TAGS}/principal_tags/`.length), value]);
  const pairs = [...Object.entries(nested?.principal_tags ?? {}), ...flat];
  return {
    tags: pairs.map(([Key, value]) => {
      const texts = textsIn(value);
      if (texts?.length !== 1) throw invalidIdentity(`The principal tag ${Key} must have one value.`);
      return { Key, Value: texts[0] };
    }),
    transitiveTagKeys: textsIn(nested?.transitive_tag_keys ?? claims[`${TAGS}/transitive_tag_keys`]) ?? [],
  };
}

function textIn({ claims }: Token, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function textsIn(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string') ? value : undefined;
}
