/** Inline policies of users, roles and groups: the same for all three. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { checkInline, encoded, policyText } from '../documents';
import { change, findHolder } from '../entities';
import { notFound } from '../errors';
import { checkName } from '../names';
import { type Paging, pageOf } from '../paging';
import type { Kind } from '../state';

async function put(call: Call, kind: Kind, holder: string, policy: string, document: string): Promise<object> {
  checkName('policyName', policy);
  await change(call, kind, holder, (row) => {
    checkInline(kind, row, policy, document);
    return { ...row, inline: { ...row.inline, [policy]: policyText(call, document) } };
  });
  return {};
}

async function get(call: Call, kind: Kind, holder: string, policy: string) {
  const { inline } = await findHolder(call.kernel.store, kind, call.account, holder);
  if (!Object.hasOwn(inline, policy)) throw notFound(`${kind} policy`, policy);
  return { PolicyName: policy, PolicyDocument: encoded(inline[policy].document) };
}

async function remove(call: Call, kind: Kind, holder: string, policy: string): Promise<object> {
  await change(call, kind, holder, (row) => {
    if (!Object.hasOwn(row.inline, policy)) throw notFound(`${kind} policy`, policy);
    const { [policy]: _, ...inline } = row.inline;
    return { ...row, inline };
  });
  return {};
}

async function list(call: Call, kind: Kind, holder: string, paging: Paging) {
  const { inline } = await findHolder(call.kernel.store, kind, call.account, holder);
  const page = await pageOf(Object.keys(inline).sort(), paging, (name) => name);
  return { PolicyNames: page.items, ...page.paging };
}

export const inlineHandlers = {
  PutUserPolicy: (call, { UserName, PolicyName, PolicyDocument }) =>
    put(call, 'user', UserName!, PolicyName!, PolicyDocument!),
  PutRolePolicy: (call, { RoleName, PolicyName, PolicyDocument }) =>
    put(call, 'role', RoleName!, PolicyName!, PolicyDocument!),
  PutGroupPolicy: (call, { GroupName, PolicyName, PolicyDocument }) =>
    put(call, 'group', GroupName!, PolicyName!, PolicyDocument!),

  GetUserPolicy: async (call, { UserName, PolicyName }) => ({
    UserName,
    ...(await get(call, 'user', UserName!, PolicyName!)),
  }),
  GetRolePolicy: async (call, { RoleName, PolicyName }) => ({
    RoleName,
    ...(await get(call, 'role', RoleName!, PolicyName!)),
  }),
  GetGroupPolicy: async (call, { GroupName, PolicyName }) => ({
    GroupName,
    ...(await get(call, 'group', GroupName!, PolicyName!)),
  }),

  DeleteUserPolicy: (call, { UserName, PolicyName }) => remove(call, 'user', UserName!, PolicyName!),
  DeleteRolePolicy: (call, { RoleName, PolicyName }) => remove(call, 'role', RoleName!, PolicyName!),
  DeleteGroupPolicy: (call, { GroupName, PolicyName }) => remove(call, 'group', GroupName!, PolicyName!),

  ListUserPolicies: (call, input) => list(call, 'user', input.UserName!, input),
  ListRolePolicies: (call, input) => list(call, 'role', input.RoleName!, input),
  ListGroupPolicies: (call, input) => list(call, 'group', input.GroupName!, input),
} satisfies Handlers<typeof Iam>;
