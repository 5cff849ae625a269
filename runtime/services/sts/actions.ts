/**
 * What each operation asks of IAM: the trust policy of the role, for AssumeRole. Source: Service Authorization
 * Reference, "Actions, resources, and condition keys for AWS Security Token Service".
 */
import type * as Sts from '@aws-sdk/client-sts';
import { parseArn } from '../../base/arn';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions, Service } from '../../kernel/service';
import { unsigned } from './errors';
import { identify } from './identities';
import { provesMfa } from './mfa';
import { readRole } from './roles';

const tagsIn = (tags: readonly Sts.Tag[] | undefined): Check['requestTags'] =>
  tags?.length ? Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])) : undefined;

async function assuming(input: Sts.AssumeRoleCommandInput, call: Call): Promise<Check[]> {
  const resource = input.RoleArn!;
  const role = await readRole(call, resource);
  const mfa = await provesMfa(call, input);
  const base = {
    resource,
    owner: parseArn(resource)?.account,
    resourceTags: role?.tags,
    keys: {
      // The code of this request counts; without one, the caller's session does.
      ...(mfa ? { 'aws:MultiFactorAuthPresent': 'true', 'aws:MultiFactorAuthAge': '0' } : {}),
      'sts:ExternalId': input.ExternalId,
      'sts:RoleSessionName': input.RoleSessionName,
      'sts:SourceIdentity': input.SourceIdentity,
      'sts:TransitiveTagKeys': input.TransitiveTagKeys,
    },
    requestTags: tagsIn(input.Tags),
  };
  const actions = ['sts:AssumeRole'];
  const carried = call.principal.session;
  if (input.Tags?.length || carried?.transitiveTagKeys?.length) actions.push('sts:TagSession');
  if (input.SourceIdentity !== undefined || carried?.sourceIdentity !== undefined)
    actions.push('sts:SetSourceIdentity');
  return actions.map((action) => ({ action, ...base }));
}

/** A web identity asks as itself, whoever has signed. */
async function federating(input: Sts.AssumeRoleWithWebIdentityCommandInput, call: Call): Promise<Check[]> {
  const { principal, claims, tags, transitiveTagKeys, sourceIdentity } = await identify(call, input);
  const role = await readRole(call, input.RoleArn!);
  const base = {
    resource: input.RoleArn!,
    owner: parseArn(input.RoleArn!)?.account,
    asker: principal,
    resourceTags: role?.tags,
    keys: {
      ...claims,
      'sts:RoleSessionName': input.RoleSessionName,
      'sts:SourceIdentity': sourceIdentity,
      'sts:TransitiveTagKeys': transitiveTagKeys.length > 0 ? transitiveTagKeys : undefined,
    },
    requestTags: tagsIn(tags),
  };
  const actions = ['sts:AssumeRoleWithWebIdentity'];
  if (tags.length > 0) actions.push('sts:TagSession');
  if (sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity');
  return actions.map((action) => ({ action, ...base }));
}

const rows: Actions<typeof Sts> = {
  AssumeRole: assuming,
  AssumeRoleWithWebIdentity: federating,
  GetAccessKeyInfo: () => [{ action: 'sts:GetAccessKeyInfo', resource: '*' }],
  // "No permissions are required to perform this operation."
  GetCallerIdentity: () => [],
  GetSessionToken: () => [],
  GetFederationToken: (input, { partition, account }) => {
    const resource = `arn:${partition}:sts::${account}:federated-user/${input.Name}`;
    const check = { resource, owner: account, requestTags: tagsIn(input.Tags) };
    const tagging = input.Tags?.length ? [{ action: 'sts:TagSession', ...check }] : [];
    return [{ action: 'sts:GetFederationToken', ...check }, ...tagging];
  },
};

/** STS hears unsigned requests, for the sake of web identities; every other operation that is here wants a signature. */
export const actions: Service['actions'] = Object.fromEntries(
  Object.entries(rows).map(([operation, row]) => [
    operation,
    (input: unknown, call: Call) => {
      if (call.principal.kind === 'anonymous' && operation !== 'AssumeRoleWithWebIdentity') throw unsigned();
      return row(input as never, call);
    },
  ]),
);
