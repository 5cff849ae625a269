/** The organisation itself, its root and the policy types that are in force. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Handlers } from '../../../kernel/service';
import { change, findPolicy, managed, ownOrganization, typeOf } from '../entities';
import { alreadyIn, featureSet, notEmpty, rootNotFound, typeAlreadyEnabled, typeNotEnabled } from '../errors';
import { accountArn, lower, organizationArn, rootArn } from '../names';
import { pageOf } from '../paging';
import {
  deleteMember,
  deleteOrganization,
  deletePolicy,
  type OrganizationRow,
  organizationOf,
  policiesOf,
  writeMember,
  writeOrganization,
} from '../state';
import { withType } from '../tree';
import { linkRole } from '../welcome';

function describe(row: OrganizationRow): Organizations.Organization {
  return {
    Id: row.id,
    Arn: organizationArn(row),
    FeatureSet: 'ALL',
    MasterAccountArn: accountArn(row, row.management),
    MasterAccountId: row.management,
    MasterAccountEmail: row.accounts[row.management].email,
    // "Do not use. This field is deprecated and doesn't provide complete information."
    AvailablePolicyTypes: [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }],
  };
}

function rootOf(row: OrganizationRow): Organizations.Root {
  return {
    Id: row.root,
    Arn: rootArn(row),
    Name: 'Root',
    PolicyTypes: row.enabled.map((Type) => ({ Type, Status: 'ENABLED' })),
  };
}

export const organizationHandlers = {
  async CreateOrganization(call, { FeatureSet = 'ALL' }) {
    if (FeatureSet !== 'ALL') throw featureSet();
    const { store, random, config } = call.kernel;
    const { account, partition, now } = call;
    const declared = config.accounts.find(({ id }) => id === account);
    const [id, root] = [`o-${lower(random, 10)}`, `r-${lower(random, 4)}`];
    const row = await store.write(async (tx) => {
      if (await organizationOf(tx, account)) throw alreadyIn();
      const made: OrganizationRow = {
        id,
        root,
        management: account,
        partition,
        created: now,
        enabled: [],
        units: {},
        accounts: {
          [account]: {
            name: declared?.name ?? `account ${account}`,
            email: declared?.email ?? `${account}@example.com`,
            parent: root,
            method: 'INVITED',
            joined: now,
          },
        },
        attachments: {},
        tags: {},
      };
      writeOrganization(tx, made);
      writeMember(tx, account, id);
      return made;
    });
    await linkRole(call.kernel, account);
    return { Organization: describe(row) };
  },

  async DescribeOrganization(call) {
    return { Organization: describe(await ownOrganization(call.kernel.store, call)) };
  },

  async DeleteOrganization(call) {
    await call.kernel.store.write(async (tx) => {
      const row = await managed(tx, call);
      if (Object.keys(row.accounts).length > 1 || Object.keys(row.units).length > 0) throw notEmpty();
      for (const { id } of await policiesOf(tx, row.id)) deletePolicy(tx, row.id, id);
      deleteMember(tx, row.management);
      deleteOrganization(tx, row);
    });
    return {};
  },

  async ListRoots(call, input) {
    const row = await managed(call.kernel.store, call);
    const { items, NextToken } = pageOf([rootOf(row)], input);
    return { Roots: items, NextToken };
  },

  async EnablePolicyType(call, { RootId, PolicyType }) {
    const type = typeOf(PolicyType);
    const row = await change(call, (before) => {
      if (RootId !== before.root) throw rootNotFound();
      if (before.enabled.includes(type)) throw typeAlreadyEnabled();
      return withType(before, type);
    });
    return { Root: rootOf(row) };
  },

  /** "When you disable a policy type, all policies of that type are detached from all targets." */
  async DisablePolicyType(call, { RootId, PolicyType }) {
    const type = typeOf(PolicyType);
    const row = await change(call, async (before, tx) => {
      if (RootId !== before.root) throw rootNotFound();
      if (!before.enabled.includes(type)) throw typeNotEnabled();
      const attachments: Record<string, readonly string[]> = {};
      for (const [target, ids] of Object.entries(before.attachments)) {
        const rows = await Promise.all(ids.map((id) => findPolicy(tx, before, id)));
        attachments[target] = rows.filter((policy) => policy.type !== type).map(({ id }) => id);
      }
      return { ...before, enabled: before.enabled.filter((one) => one !== type), attachments };
    });
    return { Root: rootOf(row) };
  },
} satisfies Handlers<typeof Organizations>;
