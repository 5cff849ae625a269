/** Instance profiles: how an EC2 instance has a role. Source: IAM user guide, "Use instance profiles". */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { findHolder, isProtected } from '../entities';
import { deleteConflict, exists, notFound, quota, unmodifiable } from '../errors';
import { arnIn, checkName, checkPath, newId, timeOf } from '../names';
import { pageOf } from '../paging';
import { deleteProfile, type ProfileRow, profilesOf, readHolder, readProfile, writeProfile } from '../state';
import { addTags, listTags, removeTags } from '../tags';
import { wholeRoleOf } from './roles';

/** Source: IAM user guide, "IAM and AWS STS quotas": roles in an instance profile. */
const MOST_ROLES = 1;

async function needProfile(call: Call, name: string, from: Reader = call.kernel.store): Promise<ProfileRow> {
  const row = await readProfile(from, call.account, name);
  if (!row) throw notFound('Instance Profile', name);
  return row;
}

async function change(call: Call, name: string, work: (row: ProfileRow, from: Reader) => Promise<ProfileRow>) {
  await call.kernel.store.write(async (tx) => {
    writeProfile(tx, call.account, await work(await needProfile(call, name, tx), tx));
  });
  return {};
}

async function profileOf(call: Call, row: ProfileRow): Promise<Iam.InstanceProfile> {
  const role = row.role === undefined ? undefined : await readHolder(call.kernel.store, 'role', call.account, row.role);
  return {
    Path: row.path,
    InstanceProfileName: row.name,
    InstanceProfileId: row.id,
    Arn: profileArn(call, row),
    CreateDate: timeOf(row.created),
    Roles: role ? [wholeRoleOf(call, role)] : [],
    Tags: Object.keys(row.tags).length > 0 ? listTags(row.tags) : undefined,
  };
}

export const profileArn = (
  call: Pick<Call, 'account' | 'partition'>,
  { path, name }: Pick<ProfileRow, 'path' | 'name'>,
) => arnIn(call, `instance-profile${path}${name}`);

async function listed(call: Call, rows: readonly ProfileRow[], input: { Marker?: string; MaxItems?: number }) {
  const page = await pageOf(rows, input, ({ name }) => name.toLowerCase());
  return { InstanceProfiles: await Promise.all(page.items.map((row) => profileOf(call, row))), ...page.paging };
}

export const profileHandlers: Handlers<typeof Iam> = {
  async CreateInstanceProfile(call, input) {
    const row: ProfileRow = {
      name: checkName('instanceProfileName', input.InstanceProfileName!),
      path: checkPath(input.Path),
      id: newId(call.kernel.random, 'profile'),
      created: call.now,
      tags: addTags(input.Tags),
    };
    await call.kernel.store.write(async (tx) => {
      if (await readProfile(tx, call.account, row.name)) throw exists('Instance Profile', row.name);
      writeProfile(tx, call.account, row);
    });
    return { InstanceProfile: await profileOf(call, row) };
  },

  async GetInstanceProfile(call, input) {
    return { InstanceProfile: await profileOf(call, await needProfile(call, input.InstanceProfileName!)) };
  },

  async DeleteInstanceProfile(call, input) {
    const name = input.InstanceProfileName!;
    await call.kernel.store.write(async (tx) => {
      const row = await needProfile(call, name, tx);
      if (row.role !== undefined) throw deleteConflict('remove roles from instance profile');
      deleteProfile(tx, call.account, name);
    });
    return {};
  },

  async AddRoleToInstanceProfile(call, input) {
    return change(call, input.InstanceProfileName!, async (row, from) => {
      const role = await findHolder(from, 'role', call.account, input.RoleName!);
      if (isProtected(role)) throw unmodifiable(role.name);
      if (row.role !== undefined) throw quota('InstanceSessionsPerInstanceProfile', MOST_ROLES);
      return { ...row, role: role.name };
    });
  },

  async RemoveRoleFromInstanceProfile(call, input) {
    return change(call, input.InstanceProfileName!, async ({ role, ...row }) => {
      if (role?.toLowerCase() !== input.RoleName!.toLowerCase()) throw notFound('role', input.RoleName!);
      return row;
    });
  },

  async ListInstanceProfiles(call, input) {
    const rows = await profilesOf(call.kernel.store, call.account);
    return listed(
      call,
      rows.filter(({ path }) => path.startsWith(input.PathPrefix ?? '/')),
      input,
    );
  },

  async ListInstanceProfilesForRole(call, input) {
    const role = await findHolder(call.kernel.store, 'role', call.account, input.RoleName!);
    const rows = await profilesOf(call.kernel.store, call.account);
    return listed(
      call,
      rows.filter((row) => row.role === role.name),
      input,
    );
  },

  async ListInstanceProfileTags(call, input) {
    const row = await needProfile(call, input.InstanceProfileName!);
    return { Tags: listTags(row.tags), IsTruncated: false };
  },

  async TagInstanceProfile(call, input) {
    return change(call, input.InstanceProfileName!, async (row) => ({ ...row, tags: addTags(input.Tags, row.tags) }));
  },

  async UntagInstanceProfile(call, input) {
    return change(call, input.InstanceProfileName!, async (row) => ({
      ...row,
      tags: removeTags(input.TagKeys ?? [], row.tags),
    }));
  },
};
