/** The tree of an organisation: what hangs where, and what hangs on it. Pure functions of its row. */

import { awsManaged } from './documents';
import type { OrganizationRow, PolicyType } from './state';

/** Ids from the root down to what holds `id`, without `id` itself. */
export function pathTo({ root, units, accounts }: OrganizationRow, id: string): string[] {
  const path: string[] = [];
  let parent: string | undefined = (accounts[id] ?? units[id])?.parent;
  while (parent !== undefined) {
    path.unshift(parent);
    parent = parent === root ? undefined : units[parent]?.parent;
  }
  return path;
}

/** Whether an id is the root, a unit or an account of this organisation. */
export function isThere({ root, units, accounts }: OrganizationRow, id: string): boolean {
  return id === root || Object.hasOwn(units, id) || Object.hasOwn(accounts, id);
}

export const isParent = ({ root, units }: OrganizationRow, id: string): boolean =>
  id === root || Object.hasOwn(units, id);

export const unitsUnder = ({ units }: OrganizationRow, parent: string): string[] =>
  Object.keys(units)
    .filter((id) => units[id].parent === parent)
    .sort();

export const accountsUnder = ({ accounts }: OrganizationRow, parent: string): string[] =>
  Object.keys(accounts)
    .filter((id) => accounts[id].parent === parent)
    .sort();

export const everywhere = ({ root, units, accounts }: OrganizationRow): string[] => [
  root,
  ...Object.keys(units),
  ...Object.keys(accounts),
];

/** What a new root, unit or account has attached: AWS's policy of each enabled type. */
export const attachedAtFirst = ({ enabled }: OrganizationRow): string[] => enabled.map((type) => awsManaged[type].id);

/** With a policy type enabled, and its policy of AWS attached everywhere. */
export function withType(row: OrganizationRow, type: PolicyType): OrganizationRow {
  const attachments = Object.fromEntries(
    everywhere(row).map((id) => [id, [...(row.attachments[id] ?? []), awsManaged[type].id]]),
  );
  return { ...row, enabled: [...row.enabled, type], attachments };
}

export function without<V>(record: Readonly<Record<string, V>>, ...keys: string[]): Record<string, V> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** Without an account, and without what hung on it. */
export function withoutAccount(row: OrganizationRow, id: string): OrganizationRow {
  return {
    ...row,
    accounts: without(row.accounts, id),
    attachments: without(row.attachments, id),
    tags: without(row.tags, id),
  };
}
