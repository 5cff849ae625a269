/** Managed policies attached to users, roles and groups: the same for all three. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { change, findHolder, requireAttachable } from '../entities';
import { policyNotFound, quota } from '../errors';
import { lastSegment, policyOf } from '../names';
import { type Paging, pageOf } from '../paging';
import { deleteUse, type Kind, usesOf, writeUse } from '../state';

/** Source: IAM user guide, "IAM and AWS STS quotas". */
const POLICIES_PER_HOLDER = 10;
const quotaNames: Readonly<Record<Kind, string>> = {
  user: 'PoliciesPerUser',
  role: 'PoliciesPerRole',
  group: 'PoliciesPerGroup',
};

async function attach(call: Call, kind: Kind, name: string, arn: string): Promise<object> {
  await change(call, kind, name, async (row, tx) => {
    await requireAttachable(tx, call, arn);
    if (row.attached.includes(arn)) return row;
    if (row.attached.length >= POLICIES_PER_HOLDER) throw quota(quotaNames[kind], POLICIES_PER_HOLDER);
    writeUse(tx, call.account, arn, 'PermissionsPolicy', kind, row.name);
    return { ...row, attached: [...row.attached, arn] };
  });
  return {};
}

async function detach(call: Call, kind: Kind, name: string, arn: string): Promise<object> {
  await change(call, kind, name, (row, tx) => {
    if (!row.attached.includes(arn)) throw policyNotFound(arn);
    deleteUse(tx, call.account, arn, 'PermissionsPolicy', kind, row.name);
    return { ...row, attached: row.attached.filter((one) => one !== arn) };
  });
  return {};
}

async function list(call: Call, kind: Kind, name: string, input: Paging & { readonly PathPrefix?: string }) {
  const { attached } = await findHolder(call.kernel.store, kind, call.account, name);
  const shown = attached.filter((arn) => pathOf(arn).startsWith(input.PathPrefix ?? '/'));
  const page = await pageOf(shown.sort(), input, (arn) => arn);
  const AttachedPolicies = page.items.map((PolicyArn) => ({ PolicyName: policyOf(PolicyArn).name, PolicyArn }));
  return { AttachedPolicies, ...page.paging };
}

/** The path in a policy's ARN: `/service-role/`. */
function pathOf(arn: string): string {
  const resource = arn.slice(arn.indexOf(':policy/') + ':policy'.length);
  return resource.slice(0, resource.length - lastSegment({ resource }).length);
}

export const attachmentHandlers = {
  AttachUserPolicy: (call, { UserName, PolicyArn }) => attach(call, 'user', UserName!, PolicyArn!),
  AttachRolePolicy: (call, { RoleName, PolicyArn }) => attach(call, 'role', RoleName!, PolicyArn!),
  AttachGroupPolicy: (call, { GroupName, PolicyArn }) => attach(call, 'group', GroupName!, PolicyArn!),

  DetachUserPolicy: (call, { UserName, PolicyArn }) => detach(call, 'user', UserName!, PolicyArn!),
  DetachRolePolicy: (call, { RoleName, PolicyArn }) => detach(call, 'role', RoleName!, PolicyArn!),
  DetachGroupPolicy: (call, { GroupName, PolicyArn }) => detach(call, 'group', GroupName!, PolicyArn!),

  ListAttachedUserPolicies: (call, input) => list(call, 'user', input.UserName!, input),
  ListAttachedRolePolicies: (call, input) => list(call, 'role', input.RoleName!, input),
  ListAttachedGroupPolicies: (call, input) => list(call, 'group', input.GroupName!, input),

  async ListEntitiesForPolicy(call, input) {
    const { store } = call.kernel;
    const arn = input.PolicyArn!;
    await requireAttachable(store, call, arn);
    const wanted = { User: 'user', Role: 'role', Group: 'group' } as Readonly<Record<string, Kind>>;
    const only = input.EntityFilter && wanted[input.EntityFilter];
    const uses = (await usesOf(store, call.account, arn, input.PolicyUsageFilter)).filter(
      ({ kind }) => !only || kind === only,
    );
    const page = await pageOf(
      uses.map((use) => ({ ...use, key: `${use.usage}/${use.kind}/${use.name}` })),
      input,
      ({ key }) => key,
    );
    const rows = await Promise.all(
      page.items.map(async ({ kind, name }) => ({ kind, row: await findHolder(store, kind, call.account, name) })),
    );
    const shown = rows.filter(({ row }) => row.path.startsWith(input.PathPrefix ?? '/'));
    const of = (kind: Kind) => shown.flatMap((one) => (one.kind === kind ? [one.row] : []));
    return {
      PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      ...page.paging,
    };
  },
} satisfies Handlers<typeof Iam>;
