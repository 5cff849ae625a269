/** Organizational units, and who is whose parent. Source: "Quotas for AWS Organizations": 2,000 OUs, five levels deep. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Handlers } from '../../../kernel/service';
import { change, managed } from '../entities';
import {
  childNotFound,
  duplicateUnit,
  parentNotFound,
  tooDeep,
  tooManyUnits,
  unitNotEmpty,
  unitNotFound,
} from '../errors';
import { checkName, lower, unitArn } from '../names';
import { pageOf } from '../paging';
import type { OrganizationRow } from '../state';
import { readTags } from '../tags';
import { accountsUnder, attachedAtFirst, isParent, pathTo, unitsUnder, without } from '../tree';

const MOST_UNITS = 2_000;
const MOST_LEVELS = 5;

function unitOf(row: OrganizationRow, id: string): Organizations.OrganizationalUnit {
  return { Id: id, Arn: unitArn(row, id), Name: row.units[id].name };
}

/** @throws OrganizationalUnitNotFoundException */
function mustExist({ units }: OrganizationRow, id: string | undefined): string {
  if (id === undefined || !Object.hasOwn(units, id)) throw unitNotFound();
  return id;
}

/** Names are unique among siblings. @throws DuplicateOrganizationalUnitException */
function mustBeUnique(row: OrganizationRow, parent: string, name: string, self?: string): void {
  if (unitsUnder(row, parent).some((id) => id !== self && row.units[id].name === name)) throw duplicateUnit();
}

export const unitHandlers = {
  async CreateOrganizationalUnit(call, input) {
    const name = checkName('Name', input.Name, 128);
    const tags = readTags(input.Tags);
    const suffix = lower(call.kernel.random, 8);
    let id = '';
    const row = await change(call, (before) => {
      const parent = input.ParentId!;
      if (!isParent(before, parent)) throw parentNotFound();
      mustBeUnique(before, parent, name);
      if (Object.keys(before.units).length >= MOST_UNITS) throw tooManyUnits();
      if (pathTo(before, parent).length >= MOST_LEVELS) throw tooDeep();
      id = `ou-${before.root.slice(2)}-${suffix}`;
      return {
        ...before,
        units: { ...before.units, [id]: { name, parent } },
        attachments: { ...before.attachments, [id]: attachedAtFirst(before) },
        tags: { ...before.tags, [id]: tags },
      };
    });
    return { OrganizationalUnit: unitOf(row, id) };
  },

  async UpdateOrganizationalUnit(call, input) {
    const row = await change(call, (before) => {
      const id = mustExist(before, input.OrganizationalUnitId);
      const name = input.Name === undefined ? before.units[id].name : checkName('Name', input.Name, 128);
      mustBeUnique(before, before.units[id].parent, name, id);
      return { ...before, units: { ...before.units, [id]: { ...before.units[id], name } } };
    });
    return { OrganizationalUnit: unitOf(row, input.OrganizationalUnitId!) };
  },

  async DeleteOrganizationalUnit(call, input) {
    await change(call, (row) => {
      const id = mustExist(row, input.OrganizationalUnitId);
      if (unitsUnder(row, id).length > 0 || accountsUnder(row, id).length > 0) throw unitNotEmpty();
      return {
        ...row,
        units: without(row.units, id),
        attachments: without(row.attachments, id),
        tags: without(row.tags, id),
      };
    });
    return {};
  },

  async DescribeOrganizationalUnit(call, input) {
    const row = await managed(call.kernel.store, call);
    return { OrganizationalUnit: unitOf(row, mustExist(row, input.OrganizationalUnitId)) };
  },

  async ListOrganizationalUnitsForParent(call, input) {
    const row = await managed(call.kernel.store, call);
    if (!isParent(row, input.ParentId!)) throw parentNotFound();
    const { items, NextToken } = pageOf(unitsUnder(row, input.ParentId!), input);
    return { OrganizationalUnits: items.map((id) => unitOf(row, id)), NextToken };
  },

  async ListParents(call, input) {
    const row = await managed(call.kernel.store, call);
    const parent = (row.accounts[input.ChildId!] ?? row.units[input.ChildId!])?.parent;
    if (parent === undefined) throw childNotFound();
    const { items, NextToken } = pageOf([parent], input);
    return {
      Parents: items.map((Id) => ({
        Id,
        Type: Id === row.root ? ('ROOT' as const) : ('ORGANIZATIONAL_UNIT' as const),
      })),
      NextToken,
    };
  },

  async ListChildren(call, input) {
    const row = await managed(call.kernel.store, call);
    const { ParentId: parent = '', ChildType: type } = input;
    if (!isParent(row, parent)) throw parentNotFound();
    const all = type === 'ACCOUNT' ? accountsUnder(row, parent) : unitsUnder(row, parent);
    const { items, NextToken } = pageOf(all, input);
    return { Children: items.map((Id) => ({ Id, Type: type })), NextToken };
  },
} satisfies Handlers<typeof Organizations>;
