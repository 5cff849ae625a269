/** Groups and who is in them. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { change, findHolder } from '../entities';
import { deleteConflict, exists, notInGroup, quota } from '../errors';
import { arnOf, checkName, checkPath, newId, timeOf } from '../names';
import { pageOf, readMarker } from '../paging';
import {
  deleteHolder,
  deleteMember,
  deleteUse,
  type GroupRow,
  hasAsMany,
  isTaken,
  membersOf,
  scanHolders,
  writeHolder,
  writeMember,
  writeUse,
} from '../state';
import { under, userOf } from './users';

/** Source: IAM user guide, "IAM and AWS STS quotas". */
const GROUPS_PER_USER = 10;

export function groupOf(call: Call, row: GroupRow): Iam.Group {
  return {
    Path: row.path,
    GroupName: row.name,
    GroupId: row.id,
    Arn: arnOf(call, 'group', row),
    CreateDate: timeOf(row.created),
  };
}

/** Source: IAM user guide, "IAM and AWS STS quotas". */
const MOST_GROUPS = 300;

export const groupHandlers = {
  async CreateGroup(call, input) {
    const name = checkName('groupName', input.GroupName!);
    const path = checkPath(input.Path);
    const id = newId(call.kernel.random, 'group');
    const row: GroupRow = { name, path, id, created: call.now, inline: {}, attached: [] };
    await call.kernel.store.write(async (tx) => {
      if (await isTaken(tx, 'group', call.account, name)) throw exists('Group', name);
      if (await hasAsMany(tx, 'group', call.account, MOST_GROUPS)) throw quota('GroupsPerAccount', MOST_GROUPS);
      writeHolder(tx, 'group', call.account, row);
    });
    return { Group: groupOf(call, row) };
  },

  async GetGroup(call, input) {
    const { store } = call.kernel;
    const row = await findHolder(store, 'group', call.account, input.GroupName!);
    const page = await pageOf(await membersOf(store, call.account, row.name), input, (name) => name);
    const users = await Promise.all(page.items.map((name) => findHolder(store, 'user', call.account, name)));
    return { Group: groupOf(call, row), Users: users.map((user) => userOf(call, user)), ...page.paging };
  },

  async ListGroups(call, input) {
    const rows = scanHolders(call.kernel.store, 'group', call.account, readMarker(input.Marker));
    const page = await pageOf(under(input.PathPrefix, rows), { MaxItems: input.MaxItems }, (row) =>
      row.name.toLowerCase(),
    );
    return { Groups: page.items.map((row) => groupOf(call, row)), ...page.paging };
  },

  async ListGroupsForUser(call, input) {
    const { store } = call.kernel;
    const { groups } = await findHolder(store, 'user', call.account, input.UserName!);
    const page = await pageOf([...groups].sort(), input, (name) => name);
    const rows = await Promise.all(page.items.map((name) => findHolder(store, 'group', call.account, name)));
    return { Groups: rows.map((row) => groupOf(call, row)), ...page.paging };
  },

  async UpdateGroup(call, input) {
    const from = input.GroupName!;
    const to = input.NewGroupName === undefined ? from : checkName('newGroupName', input.NewGroupName);
    const path = input.NewPath === undefined ? undefined : checkPath(input.NewPath);
    const { account } = call;
    await call.kernel.store.write(async (tx) => {
      const row = await findHolder(tx, 'group', account, from);
      const sameName = to.toLowerCase() === from.toLowerCase();
      if (!sameName && (await isTaken(tx, 'group', account, to))) throw exists('Group', to);
      deleteHolder(tx, 'group', account, from);
      writeHolder(tx, 'group', account, { ...row, name: to, path: path ?? row.path });
      if (to === from) return;
      for (const name of await membersOf(tx, account, from)) {
        const user = await findHolder(tx, 'user', account, name);
        writeHolder(tx, 'user', account, {
          ...user,
          groups: user.groups.map((group) => (group === from ? to : group)),
        });
        deleteMember(tx, account, from, name);
        writeMember(tx, account, to, name);
      }
      for (const arn of row.attached) {
        deleteUse(tx, account, arn, 'PermissionsPolicy', 'group', from);
        writeUse(tx, account, arn, 'PermissionsPolicy', 'group', to);
      }
    });
    return {};
  },

  async DeleteGroup(call, input) {
    const name = input.GroupName!;
    await call.kernel.store.write(async (tx) => {
      const row = await findHolder(tx, 'group', call.account, name);
      if ((await membersOf(tx, call.account, name)).length > 0) throw deleteConflict('remove users from group');
      if (row.attached.length > 0) throw deleteConflict('detach all policies');
      if (Object.keys(row.inline).length > 0) throw deleteConflict('delete policies');
      deleteHolder(tx, 'group', call.account, name);
    });
    return {};
  },

  async AddUserToGroup(call, input) {
    await change(call, 'user', input.UserName!, async (user, tx) => {
      const { name } = await findHolder(tx, 'group', call.account, input.GroupName!);
      if (user.groups.includes(name)) return user;
      if (user.groups.length >= GROUPS_PER_USER) throw quota('GroupsPerUser', GROUPS_PER_USER);
      writeMember(tx, call.account, name, user.name);
      return { ...user, groups: [...user.groups, name] };
    });
    return {};
  },

  async RemoveUserFromGroup(call, input) {
    const group = input.GroupName!;
    await change(call, 'user', input.UserName!, async (user, tx) => {
      await findHolder(tx, 'group', call.account, group);
      if (!user.groups.includes(group)) throw notInGroup(user.name, group);
      deleteMember(tx, call.account, group, user.name);
      return { ...user, groups: user.groups.filter((name) => name !== group) };
    });
    return {};
  },
} satisfies Handlers<typeof Iam>;
