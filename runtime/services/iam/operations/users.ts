/** Users. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { boundaryOf, change, findHolder, setBoundary, userNameOf } from '../entities';
import { deleteConflict, exists, noBoundary, quota } from '../errors';
import { arnOf, checkName, checkPath, newId, timeOf } from '../names';
import { pageOf, readMarker } from '../paging';
import {
  accessKeysFor,
  deleteAccessKey,
  deleteDevice,
  deleteHolder,
  deleteMember,
  deleteUse,
  devicesOf,
  hasAsMany,
  isTaken,
  scanHolders,
  type UserRow,
  writeAccessKey,
  writeDevice,
  writeHolder,
  writeMember,
  writeUse,
} from '../state';
import { addTags, listTags, removeTags } from '../tags';

/** As lists show a user: without tags and boundary. */
export function userOf(call: Pick<Call, 'account' | 'partition'>, row: UserRow): Iam.User {
  return {
    Path: row.path,
    UserName: row.name,
    UserId: row.id,
    Arn: arnOf(call, 'user', row),
    CreateDate: timeOf(row.created),
  };
}

export function wholeUserOf(call: Call, row: UserRow): Iam.User {
  const Tags = Object.keys(row.tags).length > 0 ? listTags(row.tags) : undefined;
  return { ...userOf(call, row), PermissionsBoundary: boundaryOf(row.boundary), Tags };
}

/** Source: IAM user guide, "IAM and AWS STS quotas". */
const MOST_USERS = 5_000;

export const userHandlers = {
  async CreateUser(call, input) {
    const name = checkName('userName', input.UserName!);
    const path = checkPath(input.Path);
    const tags = addTags(input.Tags);
    const { store, random } = call.kernel;
    const id = newId(random, 'user');
    const user = await store.write(async (tx) => {
      if (await isTaken(tx, 'user', call.account, name)) throw exists('User', name);
      if (await hasAsMany(tx, 'user', call.account, MOST_USERS)) throw quota('UsersPerAccount', MOST_USERS);
      const row: UserRow = { name, path, id, created: call.now, inline: {}, attached: [], tags, groups: [] };
      const bounded = input.PermissionsBoundary
        ? await setBoundary(tx, call, 'user', row, input.PermissionsBoundary)
        : row;
      writeHolder(tx, 'user', call.account, bounded);
      return bounded;
    });
    return { User: wholeUserOf(call, user) };
  },

  async GetUser(call, { UserName }) {
    const { account, arn, kind } = call.principal;
    if (UserName === undefined && kind === 'root') {
      return { User: { Path: '/', UserName: undefined, UserId: account, Arn: arn, CreateDate: timeOf(0) } };
    }
    const row = await findHolder(call.kernel.store, 'user', call.account, userNameOf(call, UserName));
    return { User: wholeUserOf(call, row) };
  },

  async ListUsers(call, input) {
    const { store } = call.kernel;
    const rows = scanHolders(store, 'user', call.account, readMarker(input.Marker));
    const page = await pageOf(under(input.PathPrefix, rows), { MaxItems: input.MaxItems }, (row) =>
      row.name.toLowerCase(),
    );
    return { Users: page.items.map((row) => userOf(call, row)), ...page.paging };
  },

  async UpdateUser(call, input) {
    const from = input.UserName!;
    const to = input.NewUserName === undefined ? from : checkName('newUserName', input.NewUserName);
    const path = input.NewPath === undefined ? undefined : checkPath(input.NewPath);
    const { account } = call;
    await call.kernel.store.write(async (tx) => {
      const row = await findHolder(tx, 'user', account, from);
      const sameName = to.toLowerCase() === from.toLowerCase();
      if (!sameName && (await isTaken(tx, 'user', account, to))) throw exists('User', to);
      deleteHolder(tx, 'user', account, from);
      writeHolder(tx, 'user', account, { ...row, name: to, path: path ?? row.path });
      if (to === from) return;
      for (const group of row.groups) {
        deleteMember(tx, account, group, from);
        writeMember(tx, account, group, to);
      }
      for (const key of await accessKeysFor(tx, account, from)) {
        deleteAccessKey(tx, key);
        writeAccessKey(tx, { ...key, user: to });
      }
      for (const device of await devicesOf(tx, account, from)) {
        deleteDevice(tx, account, device);
        writeDevice(tx, account, { ...device, holder: to });
      }
      for (const arn of row.attached) {
        deleteUse(tx, account, arn, 'PermissionsPolicy', 'user', from);
        writeUse(tx, account, arn, 'PermissionsPolicy', 'user', to);
      }
      if (row.boundary) {
        deleteUse(tx, account, row.boundary, 'PermissionsBoundary', 'user', from);
        writeUse(tx, account, row.boundary, 'PermissionsBoundary', 'user', to);
      }
    });
    return {};
  },

  async DeleteUser(call, input) {
    const name = input.UserName!;
    await call.kernel.store.write(async (tx) => {
      const row = await findHolder(tx, 'user', call.account, name);
      if (row.attached.length > 0) throw deleteConflict('detach all policies');
      if (Object.keys(row.inline).length > 0) throw deleteConflict('delete policies');
      if (row.groups.length > 0) throw deleteConflict('remove users from group');
      if ((await accessKeysFor(tx, call.account, name)).length > 0) throw deleteConflict('delete access keys');
      if ((await devicesOf(tx, call.account, name)).length > 0) throw deleteConflict('delete MFA device');
      await setBoundary(tx, call, 'user', row, undefined);
      deleteHolder(tx, 'user', call.account, name);
    });
    return {};
  },

  async PutUserPermissionsBoundary(call, input) {
    await change(call, 'user', input.UserName!, (row, tx) =>
      setBoundary(tx, call, 'user', row, input.PermissionsBoundary),
    );
    return {};
  },

  async DeleteUserPermissionsBoundary(call, input) {
    await change(call, 'user', input.UserName!, (row, tx) => {
      if (!row.boundary) throw noBoundary('user', row.name);
      return setBoundary(tx, call, 'user', row, undefined);
    });
    return {};
  },

  async TagUser(call, input) {
    await change(call, 'user', input.UserName!, (row) => ({ ...row, tags: addTags(input.Tags, row.tags) }));
    return {};
  },

  async UntagUser(call, input) {
    await change(call, 'user', input.UserName!, (row) => ({ ...row, tags: removeTags(input.TagKeys!, row.tags) }));
    return {};
  },

  async ListUserTags(call, input) {
    const { tags } = await findHolder(call.kernel.store, 'user', call.account, input.UserName!);
    const page = await pageOf(listTags(tags).sort(byKey), input, ({ Key }) => Key!);
    return { Tags: page.items, ...page.paging };
  },
} satisfies Handlers<typeof Iam>;

export function byKey(a: Iam.Tag, b: Iam.Tag): number {
  return a.Key! < b.Key! ? -1 : 1;
}

/** The rows of a scan that live under a path. */
export async function* under<T extends { readonly path: string }>(
  prefix: string | undefined,
  rows: AsyncIterable<{ readonly value: T }>,
): AsyncIterable<T> {
  for await (const { value } of rows) if (value.path.startsWith(prefix ?? '/')) yield value;
}
