/** Roles, and whom they trust. Service-linked ones are in `linked.ts`. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { checkTrust, encoded, policyText } from '../documents';
import { boundaryOf, change, findHolder, isProtected, setBoundary } from '../entities';
import { constraint, deleteConflict, exists, noBoundary, quota, unmodifiable, validation } from '../errors';
import { arnOf, checkName, checkPath, newId, timeOf } from '../names';
import { pageOf, readMarker } from '../paging';
import { deleteRole, hasAsMany, isTaken, profilesOf, type RoleRow, scanHolders, writeHolder } from '../state';
import { addTags, listTags, removeTags } from '../tags';
import type { Uses } from '../uses';
import { byKey, under } from './users';

const DEFAULT_SESSION_SECONDS = 3_600;
const LONGEST_SESSION_SECONDS = 43_200;
const LONGEST_DESCRIPTION = 1_000;
/** Source: IAM user guide, "IAM and AWS STS quotas". */
const MOST_ROLES = 1_000;

/** As lists show a role: without tags, boundary and last use. */
export function roleOf(call: Call, row: RoleRow): Iam.Role {
  return {
    Path: row.path,
    RoleName: row.name,
    RoleId: row.id,
    Arn: arnOf(call, 'role', row),
    CreateDate: timeOf(row.created),
    AssumeRolePolicyDocument: encoded(row.trust.document),
    Description: row.description,
    MaxSessionDuration: row.maxSessionSeconds,
  };
}

export function wholeRoleOf(call: Call, row: RoleRow): Iam.Role {
  const Tags = Object.keys(row.tags).length > 0 ? listTags(row.tags) : undefined;
  return { ...roleOf(call, row), PermissionsBoundary: boundaryOf(row.boundary), Tags, RoleLastUsed: {} };
}

function sessionSeconds(seconds = DEFAULT_SESSION_SECONDS): number {
  if (seconds < DEFAULT_SESSION_SECONDS) {
    throw constraint('maxSessionDuration', seconds, `have value greater than or equal to ${DEFAULT_SESSION_SECONDS}`);
  }
  if (seconds > LONGEST_SESSION_SECONDS) {
    throw constraint('maxSessionDuration', seconds, `have value less than or equal to ${LONGEST_SESSION_SECONDS}`);
  }
  return seconds;
}

function checkDescription(description: string | undefined): string | undefined {
  if (description !== undefined && description.length > LONGEST_DESCRIPTION) {
    throw constraint('description', description, `have length less than or equal to ${LONGEST_DESCRIPTION}`);
  }
  return description;
}

/** Also makes service-linked roles. */
export async function createRole(
  call: Call,
  given: Omit<RoleRow, 'id' | 'created' | 'inline'> & { readonly inline?: RoleRow['inline'] },
): Promise<RoleRow> {
  const id = newId(call.kernel.random, 'role');
  return call.kernel.store.write(async (tx) => {
    if (await isTaken(tx, 'role', call.account, given.name)) throw exists('Role', given.name);
    if (await hasAsMany(tx, 'role', call.account, MOST_ROLES)) throw quota('RolesPerAccount', MOST_ROLES);
    const row: RoleRow = { inline: {}, ...given, id, created: call.now, boundary: undefined };
    const bounded = given.boundary ? await setBoundary(tx, call, 'role', row, given.boundary) : row;
    writeHolder(tx, 'role', call.account, bounded);
    return bounded;
  });
}

export const roleHandlers = (uses: Uses) =>
  ({
    async CreateRole(call, input) {
      const name = checkName('roleName', input.RoleName!);
      const path = checkPath(input.Path);
      if (path.startsWith('/aws-service-role/')) {
        throw validation('Role paths beginning with /aws-service-role/ are reserved for AWS service-linked roles.');
      }
      const maxSessionSeconds = sessionSeconds(input.MaxSessionDuration);
      const description = checkDescription(input.Description);
      const tags = addTags(input.Tags);
      await checkTrust(call, input.AssumeRolePolicyDocument!);
      const trust = policyText(call, input.AssumeRolePolicyDocument!);
      const boundary = input.PermissionsBoundary;
      const row = await createRole(call, {
        name,
        path,
        attached: [],
        tags,
        trust,
        description,
        maxSessionSeconds,
        boundary,
      });
      return { Role: { ...wholeRoleOf(call, row), RoleLastUsed: undefined } };
    },

    async GetRole(call, input) {
      const row = await findHolder(call.kernel.store, 'role', call.account, input.RoleName!);
      const use = await uses.last(call.kernel, row.id);
      const RoleLastUsed = use ? { LastUsedDate: timeOf(use.at), Region: use.region } : {};
      return { Role: { ...wholeRoleOf(call, row), RoleLastUsed } };
    },

    async ListRoles(call, input) {
      const rows = scanHolders(call.kernel.store, 'role', call.account, readMarker(input.Marker));
      const page = await pageOf(under(input.PathPrefix, rows), { MaxItems: input.MaxItems }, (row) =>
        row.name.toLowerCase(),
      );
      return { Roles: page.items.map((row) => roleOf(call, row)), ...page.paging };
    },

    async UpdateRole(call, input) {
      const seconds = input.MaxSessionDuration === undefined ? undefined : sessionSeconds(input.MaxSessionDuration);
      const description = checkDescription(input.Description);
      await change(call, 'role', input.RoleName!, (row) => ({
        ...row,
        maxSessionSeconds: seconds ?? row.maxSessionSeconds,
        description: description ?? row.description,
      }));
      return {};
    },

    async UpdateRoleDescription(call, input) {
      const description = checkDescription(input.Description);
      const row = await change(call, 'role', input.RoleName!, (role) => ({ ...role, description }));
      return { Role: roleOf(call, row) };
    },

    async UpdateAssumeRolePolicy(call, input) {
      await findHolder(call.kernel.store, 'role', call.account, input.RoleName!);
      await checkTrust(call, input.PolicyDocument!);
      const trust = policyText(call, input.PolicyDocument!);
      await change(call, 'role', input.RoleName!, (row) => ({ ...row, trust }));
      return {};
    },

    async DeleteRole(call, input) {
      const name = input.RoleName!;
      await call.kernel.store.write(async (tx) => {
        const row = await findHolder(tx, 'role', call.account, name);
        if (isProtected(row)) throw unmodifiable(name);
        if (row.attached.length > 0) throw deleteConflict('detach all policies');
        if (Object.keys(row.inline).length > 0) throw deleteConflict('delete policies');
        const profiles = await profilesOf(tx, call.account);
        if (profiles.some(({ role }) => role === row.name)) throw deleteConflict('remove roles from instance profile');
        await setBoundary(tx, call, 'role', row, undefined);
        deleteRole(tx, call.account, row);
      });
      return {};
    },

    async PutRolePermissionsBoundary(call, input) {
      await change(call, 'role', input.RoleName!, (row, tx) =>
        setBoundary(tx, call, 'role', row, input.PermissionsBoundary),
      );
      return {};
    },

    async DeleteRolePermissionsBoundary(call, input) {
      await change(call, 'role', input.RoleName!, (row, tx) => {
        if (!row.boundary) throw noBoundary('role', row.name);
        return setBoundary(tx, call, 'role', row, undefined);
      });
      return {};
    },

    async TagRole(call, input) {
      await change(call, 'role', input.RoleName!, (row) => ({ ...row, tags: addTags(input.Tags, row.tags) }));
      return {};
    },

    async UntagRole(call, input) {
      await change(call, 'role', input.RoleName!, (row) => ({ ...row, tags: removeTags(input.TagKeys!, row.tags) }));
      return {};
    },

    async ListRoleTags(call, input) {
      const { tags } = await findHolder(call.kernel.store, 'role', call.account, input.RoleName!);
      const page = await pageOf(listTags(tags).sort(byKey), input, ({ Key }) => Key!);
      return { Tags: page.items, ...page.paging };
    },
  }) satisfies Handlers<typeof Iam>;
