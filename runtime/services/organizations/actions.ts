/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Organizations".
 */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { findPolicy } from './entities';
import { accountArn, handshakeArn, isAwsManaged, policyArn, targetArn } from './names';
import { type OrganizationRow, organizationOf, readHandshake, readOrganization } from './state';

type More = Partial<Check>;

const check = (call: Call, resource: string, more: More = {}): Check => ({
  action: `organizations:${call.operation}`,
  resource,
  owner: call.account,
  ...more,
});

const onAll = (_: unknown, call: Call): Check[] => [check(call, '*')];
const ofType = (type: string | undefined): More => ({ keys: { 'organizations:PolicyType': type } });
const tagsOf = (tags: readonly Organizations.Tag[] | undefined): Check['requestTags'] =>
  tags?.length ? Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])) : undefined;

/** By the ids of roots, units and accounts. Who is in no organisation learns that from the operation. */
async function onTargets(call: Call, ids: readonly (string | undefined)[], more?: More): Promise<Check[]> {
  const row = await organizationOf(call.kernel.store, call.account);
  if (!row) return [check(call, '*', more)];
  return ids.map((id = '') => check(call, targetArn(row, id), { resourceTags: row.tags[id], ...more }));
}

async function onPolicy(call: Call, id: string | undefined, more: (row: OrganizationRow) => More[] = () => [{}]) {
  const row = await organizationOf(call.kernel.store, call.account);
  const policy = row && (await findPolicy(call.kernel.store, row, id).catch(() => undefined));
  if (!row || !policy) return [check(call, '*')];
  const own = isAwsManaged(policy.id) ? undefined : row.tags[policy.id];
  return more(row).map((one) =>
    check(call, policyArn(row, policy), { resourceTags: own, ...ofType(policy.type), ...one }),
  );
}

/** Attaching and detaching ask for the policy and for what it is attached to. */
const attaching = (input: { PolicyId?: string; TargetId?: string }, call: Call) =>
  onPolicy(call, input.PolicyId, (row) => [
    {},
    { resource: targetArn(row, input.TargetId ?? ''), resourceTags: row.tags[input.TargetId ?? ''] },
  ]);

const onAccount = (input: { AccountId?: string }, call: Call) => onTargets(call, [input.AccountId]);
const onParent = (input: { ParentId?: string }, call: Call) => onTargets(call, [input.ParentId]);
const onUnit = (input: { OrganizationalUnitId?: string }, call: Call) => onTargets(call, [input.OrganizationalUnitId]);
const onNamedPolicy = (input: { PolicyId?: string }, call: Call) => onPolicy(call, input.PolicyId);

async function onHandshake(input: { HandshakeId?: string }, call: Call): Promise<Check[]> {
  const { store } = call.kernel;
  const handshake = await readHandshake(store, input.HandshakeId ?? '');
  const row = handshake && (await readOrganization(store, handshake.organization));
  return [check(call, row ? handshakeArn(row, handshake.id) : '*')];
}

const onTagged = (id: string | undefined, call: Call, more: More) =>
  id?.startsWith('p-') ? onPolicy(call, id, () => [more]) : onTargets(call, [id], more);

export const actions: Actions<typeof Organizations> = {
  CreateOrganization: onAll,
  DescribeOrganization: onAll,
  DeleteOrganization: onAll,
  ListRoots: onAll,
  EnablePolicyType: (input, call) => onTargets(call, [input.RootId], ofType(input.PolicyType)),
  DisablePolicyType: (input, call) => onTargets(call, [input.RootId], ofType(input.PolicyType)),

  CreateAccount: (input, call) => [check(call, '*', { requestTags: tagsOf(input.Tags) })],
  DescribeCreateAccountStatus: onAll,
  ListCreateAccountStatus: onAll,
  ListAccounts: onAll,
  ListAccountsForParent: onParent,
  DescribeAccount: onAccount,
  MoveAccount: (input, call) => onTargets(call, [input.AccountId, input.SourceParentId, input.DestinationParentId]),
  RemoveAccountFromOrganization: onAccount,
  LeaveOrganization: onAll,

  CreateOrganizationalUnit: (input, call) => onTargets(call, [input.ParentId], { requestTags: tagsOf(input.Tags) }),
  UpdateOrganizationalUnit: onUnit,
  DeleteOrganizationalUnit: onUnit,
  DescribeOrganizationalUnit: onUnit,
  ListOrganizationalUnitsForParent: onParent,
  ListParents: (input, call) => onTargets(call, [input.ChildId]),
  ListChildren: onParent,

  CreatePolicy: (input, call) => [check(call, '*', { ...ofType(input.Type), requestTags: tagsOf(input.Tags) })],
  UpdatePolicy: onNamedPolicy,
  DeletePolicy: onNamedPolicy,
  DescribePolicy: onNamedPolicy,
  ListPolicies: (input, call) => [check(call, '*', ofType(input.Filter))],
  AttachPolicy: attaching,
  DetachPolicy: attaching,
  ListPoliciesForTarget: (input, call) => onTargets(call, [input.TargetId], ofType(input.Filter)),
  ListTargetsForPolicy: onNamedPolicy,

  TagResource: (input, call) => onTagged(input.ResourceId, call, { requestTags: tagsOf(input.Tags) }),
  UntagResource: (input, call) => onTagged(input.ResourceId, call, { keys: { 'aws:TagKeys': input.TagKeys } }),
  ListTagsForResource: (input, call) => onTagged(input.ResourceId, call, {}),

  InviteAccountToOrganization: async (input, call) => {
    const row = await organizationOf(call.kernel.store, call.account);
    const requestTags = tagsOf(input.Tags);
    if (!row) return [check(call, '*', { requestTags })];
    return [check(call, accountArn(row, input.Target?.Id ?? ''), { requestTags })];
  },
  AcceptHandshake: onHandshake,
  DeclineHandshake: onHandshake,
  CancelHandshake: onHandshake,
  DescribeHandshake: onHandshake,
  ListHandshakesForAccount: onAll,
  ListHandshakesForOrganization: onAll,
};
