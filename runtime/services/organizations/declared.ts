/**
 * Makes the organisation that a configuration declares. Ids follow from the declaration, so that a policy may name them
 * and they are the same at each start. What is there already stays as it is.
 */
import { createHash } from 'node:crypto';
import { partitionOf } from '../../base/arn';
import type { Kernel } from '../../kernel/call';
import type { DeclaredOrganization, DeclaredTarget, DeclaredUnit } from '../../kernel/config';
import { awsManaged } from './documents';
import {
  type AccountRow,
  type OrganizationRow,
  organizationOf,
  type PolicyRow,
  type PolicyType,
  type UnitRow,
  writeMember,
  writeOrganization,
  writePolicy,
} from './state';
import { linkRole } from './welcome';

const derived = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

export async function makeDeclared(kernel: Kernel): Promise<void> {
  const { organization } = kernel.config;
  if (!organization) return;
  const management = organization.managementAccount ?? kernel.defaultAccount;
  const made = build(kernel, organization, management);
  const fresh = await kernel.store.write(async (tx) => {
    if (await organizationOf(tx, management)) return false;
    for (const account of Object.keys(made.row.accounts)) writeMember(tx, account, made.row.id);
    for (const policy of made.policies) writePolicy(tx, made.row.id, policy);
    writeOrganization(tx, { ...made.row, enabled: [] });
    return true;
  });
  if (!fresh) return;
  // Before its policies are in force: they might forbid it.
  for (const account of Object.keys(made.row.accounts)) await linkRole(kernel, account);
  await kernel.store.write(async (tx) => writeOrganization(tx, made.row));
}

function build(kernel: Kernel, organization: DeclaredOrganization, management: string) {
  const { id = `o-${derived(management, 10)}` } = organization;
  const short = derived(id, 4);
  const root = `r-${short}`;
  const now = kernel.clock.now();
  const units: Record<string, UnitRow> = {};
  const accounts: Record<string, AccountRow> = {};
  const attachments: Record<string, string[]> = {};
  const policies = new Map<string, PolicyRow>();
  const enabled: PolicyType[] = ['SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY'];

  function attach(
    target: string,
    { serviceControlPolicies, resourceControlPolicies, fullAccess }: DeclaredTarget,
  ): void {
    const first = fullAccess ? enabled : enabled.slice(1);
    attachments[target] = first.map((type) => awsManaged[type].id);
    const lists = [serviceControlPolicies, resourceControlPolicies];
    enabled.forEach((type, i) => {
      for (const [name, document] of Object.entries(lists[i])) {
        const policy = `p-${derived(`${type} ${name}`, 8)}`;
        policies.set(policy, { id: policy, type, name, description: '', document });
        attachments[target].push(policy);
      }
    });
  }

  function join(account: DeclaredTarget & { readonly id: string }, parent: string): void {
    const { name, email } = kernel.config.accounts.find((one) => one.id === account.id) ?? {};
    accounts[account.id] = {
      name: name ?? `account ${account.id}`,
      email: email ?? `${account.id}@example.com`,
      parent,
      method: 'INVITED',
      joined: now,
    };
    attach(account.id, account);
  }

  function grow(
    parent: string,
    path: string,
    { accounts: own, units: below }: Pick<DeclaredUnit, 'accounts' | 'units'>,
  ) {
    for (const account of own) join(account, parent);
    for (const unit of below) {
      const at = `${path}/${unit.name}`;
      const unitId = `ou-${short}-${derived(at, 8)}`;
      units[unitId] = { name: unit.name, parent };
      attach(unitId, unit);
      grow(unitId, at, unit);
    }
  }

  attach(root, organization);
  grow(root, '', organization);
  if (!accounts[management])
    join({ id: management, serviceControlPolicies: {}, resourceControlPolicies: {}, fullAccess: true }, root);
  const partition = partitionOf(kernel.defaultRegion);
  const row: OrganizationRow = {
    id,
    root,
    management,
    partition,
    created: now,
    enabled,
    units,
    accounts,
    attachments,
    tags: {},
  };
  return { row, policies: [...policies.values()] };
}
