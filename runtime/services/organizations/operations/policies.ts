/** Service and resource control policies, and what they are attached to. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Handlers } from '../../../kernel/service';
import type { Reader, Writer } from '../../../store/port';
import { awsManaged, checkDocument } from '../documents';
import { change, findPolicy, managed, summaryOf, typeOf } from '../entities';
import {
  duplicateAttachment,
  duplicatePolicy,
  immutable,
  lastPolicy,
  mostPolicies,
  notAttached,
  policyInUse,
  targetNotFound,
  tooManyPolicies,
  typeNotEnabled,
} from '../errors';
import { checkName, isAwsManaged, kindOfId, lower, targetArn } from '../names';
import { pageOf } from '../paging';
import { deletePolicy, type OrganizationRow, type PolicyRow, type PolicyType, policiesOf, writePolicy } from '../state';
import { readTags } from '../tags';
import { isThere, without } from '../tree';

/** Source: "Quotas for AWS Organizations". */
const MOST_POLICIES: Readonly<Record<PolicyType, number>> = {
  SERVICE_CONTROL_POLICY: 10_000,
  RESOURCE_CONTROL_POLICY: 1_000,
};
const MOST_ATTACHED = 5;

const longestDescription = (text: string | undefined): string =>
  text === undefined || text === '' ? '' : checkName('Description', text, 512);

/** @throws DuplicatePolicyException */
async function mustBeUnique(from: Reader, { id }: OrganizationRow, name: string, type: PolicyType, self?: string) {
  const all = (await policiesOf(from, id)).filter((policy) => policy.type === type);
  if (name === awsManaged[type].name || all.some((policy) => policy.id !== self && policy.name === name)) {
    throw duplicatePolicy();
  }
  return all.length;
}

/** Policies of one type on a target. */
async function attachedTo(from: Reader, row: OrganizationRow, target: string, type: PolicyType): Promise<PolicyRow[]> {
  const all = await Promise.all((row.attachments[target] ?? []).map((id) => findPolicy(from, row, id)));
  return all.filter((policy) => policy.type === type);
}

/** @throws TargetNotFoundException, PolicyTypeNotEnabledException */
async function mustBeAttachable(tx: Writer, row: OrganizationRow, policyId: string, target: string) {
  const policy = await findPolicy(tx, row, policyId);
  if (!isThere(row, target)) throw targetNotFound();
  if (!row.enabled.includes(policy.type)) throw typeNotEnabled();
  return { policy, attached: await attachedTo(tx, row, target, policy.type) };
}

function withAttached(row: OrganizationRow, target: string, ids: readonly string[]): OrganizationRow {
  return { ...row, attachments: { ...row.attachments, [target]: ids } };
}

const types = { root: 'ROOT', unit: 'ORGANIZATIONAL_UNIT', account: 'ACCOUNT' } as const;

function nameOf({ root, units, accounts }: OrganizationRow, target: string): string {
  return target === root ? 'Root' : (units[target] ?? accounts[target]).name;
}

export const policyHandlers = {
  async CreatePolicy(call, input) {
    const type = typeOf(input.Type);
    const name = checkName('Name', input.Name, 128);
    const description = longestDescription(input.Description);
    const document = checkDocument(input.Content!, type);
    const tags = readTags(input.Tags);
    const policy: PolicyRow = {
      id: `p-${lower(call.kernel.random, 8)}`,
      type,
      name,
      description,
      document,
      origin: call.origin,
    };
    const row = await change(call, async (before, tx) => {
      if ((await mustBeUnique(tx, before, name, type)) >= MOST_POLICIES[type]) throw tooManyPolicies();
      writePolicy(tx, before.id, policy);
      return { ...before, tags: { ...before.tags, [policy.id]: tags } };
    });
    return { Policy: { PolicySummary: summaryOf(row, policy), Content: document } };
  },

  async UpdatePolicy(call, input) {
    let policy: PolicyRow | undefined;
    const row = await change(call, async (before, tx) => {
      const found = await findPolicy(tx, before, input.PolicyId);
      if (isAwsManaged(found.id)) throw immutable();
      const name = input.Name === undefined ? found.name : checkName('Name', input.Name, 128);
      await mustBeUnique(tx, before, name, found.type, found.id);
      policy = {
        ...found,
        name,
        description: input.Description === undefined ? found.description : longestDescription(input.Description),
        document: input.Content === undefined ? found.document : checkDocument(input.Content, found.type),
        origin: input.Content === undefined ? found.origin : call.origin,
      };
      writePolicy(tx, before.id, policy);
      return { ...before };
    });
    return { Policy: { PolicySummary: summaryOf(row, policy!), Content: policy!.document } };
  },

  async DeletePolicy(call, input) {
    await change(call, async (row, tx) => {
      const { id } = await findPolicy(tx, row, input.PolicyId);
      if (isAwsManaged(id)) throw immutable();
      if (Object.values(row.attachments).some((ids) => ids.includes(id))) throw policyInUse();
      deletePolicy(tx, row.id, id);
      return { ...row, tags: without(row.tags, id) };
    });
    return {};
  },

  async DescribePolicy(call, input) {
    const { store } = call.kernel;
    const row = await managed(store, call);
    const policy = await findPolicy(store, row, input.PolicyId);
    return { Policy: { PolicySummary: summaryOf(row, policy), Content: policy.document } };
  },

  async ListPolicies(call, input) {
    const { store } = call.kernel;
    const type = typeOf(input.Filter);
    const row = await managed(store, call);
    const all = [awsManaged[type], ...(await policiesOf(store, row.id)).filter((policy) => policy.type === type)];
    const { items, NextToken } = pageOf(all, input);
    return { Policies: items.map((policy) => summaryOf(row, policy)), NextToken };
  },

  async AttachPolicy(call, { PolicyId: id = '', TargetId: target = '' }) {
    await change(call, async (row, tx) => {
      const { policy, attached } = await mustBeAttachable(tx, row, id, target);
      if (attached.some((one) => one.id === policy.id)) throw duplicateAttachment();
      if (attached.length >= MOST_ATTACHED) throw mostPolicies();
      return withAttached(row, target, [...(row.attachments[target] ?? []), policy.id]);
    });
    return {};
  },

  async DetachPolicy(call, { PolicyId: id = '', TargetId: target = '' }) {
    await change(call, async (row, tx) => {
      const { policy, attached } = await mustBeAttachable(tx, row, id, target);
      if (!attached.some((one) => one.id === policy.id)) throw notAttached();
      // "You cannot detach this policy", of RCPFullAWSAccess.
      if (attached.length === 1 || policy.id === awsManaged.RESOURCE_CONTROL_POLICY.id) throw lastPolicy();
      return withAttached(
        row,
        target,
        row.attachments[target].filter((one) => one !== policy.id),
      );
    });
    return {};
  },

  async ListPoliciesForTarget(call, input) {
    const { store } = call.kernel;
    const type = typeOf(input.Filter);
    const row = await managed(store, call);
    if (!isThere(row, input.TargetId!)) throw targetNotFound();
    const { items, NextToken } = pageOf(await attachedTo(store, row, input.TargetId!, type), input);
    return { Policies: items.map((policy) => summaryOf(row, policy)), NextToken };
  },

  async ListTargetsForPolicy(call, input) {
    const { store } = call.kernel;
    const row = await managed(store, call);
    const { id } = await findPolicy(store, row, input.PolicyId);
    const targets = Object.keys(row.attachments).filter((target) => row.attachments[target].includes(id));
    const { items, NextToken } = pageOf(targets.sort(), input);
    return {
      Targets: items.map((TargetId) => ({
        TargetId,
        Arn: targetArn(row, TargetId),
        Name: nameOf(row, TargetId),
        Type: types[kindOfId(TargetId)!],
      })),
      NextToken,
    };
  },
} satisfies Handlers<typeof Organizations>;
