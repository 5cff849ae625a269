/**
 * The condition context of a request: the global `aws:*` keys, told truthfully, beside the keys that the asked service
 * gave with its check. A key that does not apply to the request is absent, as AWS documents for each.
 * Source: IAM user guide, "AWS global condition context keys".
 */

import type { Request } from '../base/http';
import type { Lookup } from '../engine/policy/text';
import type { Check } from './authorize';
import type { Kernel } from './call';
import type { Membership, Standing } from './organization';
import type { Principal } from './principal';
import type { Asking } from './recent';

type Value = string | readonly string[] | undefined;
type Tags = Readonly<Record<string, string>>;

/** @param owner account that owns the resource */
export function contextOf(call: Asking, check: Check, owner: string | undefined, standing: Standing): Lookup {
  let given: ReadonlyMap<string, Value> | undefined;
  return (key) => {
    given ??= lowerKeys(check.keys);
    if (given.has(key)) return given.get(key);
    const slash = key.indexOf('/');
    // Some services have keys of their own for the same tags: `iam:ResourceTag/…`, `ssm:resourceTag/…`.
    if (OWN_RESOURCE_TAG.test(key)) return tagValue(check.resourceTags, key.slice(slash + 1));
    if (!key.startsWith('aws:')) return call.principal.session?.claims?.[key];
    if (slash >= 0) return tagged[key.slice(0, slash)]?.(call, check, key.slice(slash + 1));
    return organized[key]?.(standing) ?? keys[key]?.(call, check, owner);
  };
}

const OWN_RESOURCE_TAG = /^(iam|ssm):resourcetag\//;

/** The global keys that this runtime fills, in lower case. */
export function globalKeys(): readonly string[] {
  return [...Object.keys(keys), ...Object.keys(organized), ...Object.keys(tagged).map((prefix) => `${prefix}/*`)];
}

const keys: Readonly<Record<string, (call: Asking, check: Check, owner: string | undefined) => Value>> = {
  // Who asks.
  'aws:principalarn': ({ principal }) => principalArn(principal),
  'aws:principalaccount': ({ principal }) => principal.account,
  'aws:principaltype': ({ principal }) => principalType(principal),
  'aws:userid': ({ principal }) => (principal.kind === 'service' ? undefined : principal.userId),
  'aws:username': ({ principal: { kind, arn } }) => (kind === 'user' ? arn.slice(arn.lastIndexOf('/') + 1) : undefined),
  'aws:principalisawsservice': ({ principal }) => String(principal.kind === 'service'),
  'aws:principalservicename': ({ principal }) => principal.service,
  'aws:principalservicenameslist': ({ principal }) => principal.service && [principal.service],
  'aws:sourcearn': ({ principal }) => principal.sourceArn,
  'aws:sourceaccount': ({ principal }) => principal.sourceAccount,
  // The session.
  'aws:tokenissuetime': ({ principal: { session } }) => session && isoTime(session.issuedAt),
  'aws:multifactorauthpresent': ({ principal: { session } }) => session && String(session.mfa === true),
  'aws:multifactorauthage': ({ principal: { session }, now }) =>
    session?.mfa ? String(Math.floor((now - session.issuedAt) / 1000)) : undefined,
  'aws:sourceidentity': ({ principal }) => principal.session?.sourceIdentity,
  'aws:federatedprovider': ({ principal }) => principal.session?.provider,
  // The request.
  'aws:currenttime': ({ now }) => isoTime(now),
  'aws:epochtime': ({ now }) => String(Math.floor(now / 1000)),
  'aws:requestedregion': ({ region }) => region,
  'aws:securetransport': ({ request }) => String(request.secure),
  // "aws:SourceIp is not available when the principal uses an Amazon VPC endpoint. Use aws:VpcSourceIp instead."
  'aws:sourceip': ({ request }) => (request.vpcEndpoint === undefined ? addressOf(request) : undefined),
  'aws:vpcsourceip': ({ request }) => (request.vpcEndpoint === undefined ? undefined : addressOf(request)),
  'aws:sourcevpce': ({ request }) => request.vpcEndpoint,
  'aws:sourcevpc': ({ request, kernel }) => vpcOf(request, kernel),
  'aws:useragent': ({ request }) => request.headers['user-agent'],
  'aws:referer': ({ request }) => request.headers.referer,
  'aws:calledvia': ({ via }) => (via.length > 0 ? via.map(serviceName) : undefined),
  'aws:calledviafirst': ({ via }) => (via.length > 0 ? serviceName(via[0]) : undefined),
  'aws:calledvialast': ({ via }) => (via.length > 0 ? serviceName(via[via.length - 1]) : undefined),
  'aws:viaawsservice': ({ via }) => String(via.length > 0),
  'aws:tagkeys': (_, { requestTags }) => requestTags && Object.keys(requestTags),
  // The resource.
  'aws:resourceaccount': (_call, _check, owner) => owner,
};

/** Of accounts that are in an organisation; the paths are lists, of one path each. */
const organized: Readonly<Record<string, (standing: Standing) => Value>> = {
  'aws:principalorgid': ({ caller }) => caller?.id,
  'aws:principalorgpaths': ({ caller }) => pathsOf(caller),
  'aws:resourceorgid': ({ owner }) => owner?.id,
  'aws:resourceorgpaths': ({ owner }) => pathsOf(owner),
  'aws:sourceorgid': ({ source }) => source?.id,
  'aws:sourceorgpaths': ({ source }) => pathsOf(source),
};

const pathsOf = (membership: Membership | undefined): Value => membership && [membership.path];

const tagged: Readonly<Record<string, (call: Asking, check: Check, tag: string) => Value>> = {
  // "If a session tag and a tag of the role have the same key, the session tag is used."
  'aws:principaltag': ({ principal }, _, tag) =>
    tagValue(principal.session?.tags, tag) ?? tagValue(principal.tags, tag),
  'aws:resourcetag': (_, { resourceTags }, tag) => tagValue(resourceTags, tag),
  'aws:requesttag': (_, { requestTags }, tag) => tagValue(requestTags, tag),
};

function lowerKeys(given: Check['keys']): ReadonlyMap<string, Value> {
  const lower = new Map<string, Value>();
  for (const key in given) if (given[key] !== undefined) lower.set(key.toLowerCase(), given[key]);
  return lower;
}

/** Tag keys in condition keys are compared without regard to case. */
function tagValue(tags: Tags | undefined, lowerTag: string): string | undefined {
  for (const tag in tags) if (tag.toLowerCase() === lowerTag) return tags[tag];
  return undefined;
}

/** "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that assumed the role." */
function principalArn({ kind, arn, session }: Principal): string | undefined {
  return kind === 'anonymous' || kind === 'service' ? undefined : (session?.roleArn ?? arn);
}

function principalType({ kind, session }: Principal): string | undefined {
  switch (kind) {
    case 'root':
      return 'Account';
    case 'user':
      return 'User';
    case 'session':
      return session?.roleArn ? 'AssumedRole' : 'FederatedUser';
    case 'anonymous':
      return 'Anonymous';
    case 'service':
      return undefined;
  }
}

const addressOf = ({ remoteAddress }: Request): string | undefined =>
  remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '') || undefined;

/** The VPC that a request comes from. */
export function vpcOf({ vpc, vpcEndpoint }: Request, { config }: Kernel): string | undefined {
  if (vpcEndpoint === undefined) return undefined;
  return vpc ?? config.vpcEndpoints.find(({ id }) => id === vpcEndpoint)?.vpc;
}

function serviceName(via: string): string {
  return via.includes('.') ? via : `${via}.amazonaws.com`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
