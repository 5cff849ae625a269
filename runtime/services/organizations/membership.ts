/**
 * Where an account stands, as every request asks: made once for each state of its organisation and kept by the row that
 * holds it. Source: AWS Organizations user guide, "SCP evaluation": "every level ... must allow".
 */
import type { AttachedPolicy } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import type { Membership, OrganizationSource } from '../../kernel/organization';
import type { Reader } from '../../store/port';
import { awsManaged } from './documents';
import { policyArn } from './names';
import { type OrganizationRow, organizationOf, type PolicyRow, policiesOf, scanPolicies } from './state';
import { pathTo } from './tree';

export function createMemberships(): OrganizationSource {
  const known = new WeakMap<OrganizationRow, Promise<ReadonlyMap<string, Membership>>>();
  return {
    async membership({ store }, account) {
      const row = await organizationOf(store, account);
      if (!row) return undefined;
      let made = known.get(row);
      if (!made) {
        made = membershipsOf(store, row);
        known.set(row, made);
      }
      return (await made).get(account);
    },
  };
}

async function membershipsOf(from: Reader, row: OrganizationRow): Promise<ReadonlyMap<string, Membership>> {
  const policies = new Map<string, PolicyRow>();
  for (const policy of [...Object.values(awsManaged), ...(await policiesOf(from, row.id))])
    policies.set(policy.id, policy);
  return new Map(
    Object.keys(row.accounts).map((account) => {
      const path = pathTo(row, account);
      const attached = [...path, account].flatMap((level) =>
        (row.attachments[level] ?? []).flatMap((id) => attachedPolicy(row, level, policies.get(id))),
      );
      return [
        account,
        {
          id: row.id,
          path: `${[row.id, ...path].join('/')}/`,
          management: account === row.management,
          serviceControl: attached.filter(({ kind }) => kind === 'serviceControl'),
          resourceControl: attached.filter(({ kind }) => kind === 'resourceControl'),
        },
      ];
    }),
  );
}

function attachedPolicy(row: OrganizationRow, level: string, policy: PolicyRow | undefined): AttachedPolicy[] {
  if (!policy || !row.enabled.includes(policy.type)) return [];
  const where = row.units[level]
    ? `unit ${row.units[level].name} (${level})`
    : level === row.root
      ? 'the root'
      : `account ${level}`;
  const control = controlPolicy(policy);
  return [{ ...control, name: `${control.name} of ${where}`, level, arn: policyArn(row, policy) }];
}

/** The control policies of all organisations, attached or not. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanPolicies(store)) yield controlPolicy(value);
}

function controlPolicy({ name, document, type, origin }: PolicyRow): AttachedPolicy {
  return type === 'SERVICE_CONTROL_POLICY'
    ? { kind: 'serviceControl', name: `service control policy "${name}"`, document, origin }
    : { kind: 'resourceControl', name: `resource control policy "${name}"`, document, origin };
}
