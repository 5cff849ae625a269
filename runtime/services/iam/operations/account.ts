/** The account as a whole: its alias, its numbers, everything in one answer. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { encoded } from '../documents';
import { boundaryOf } from '../entities';
import { aliasExists, aliasNotFound, constraint } from '../errors';
import { awsManaged, awsManagedNames } from '../managed';
import { arnOf, policyOf, timeOf } from '../names';
import { pageOf } from '../paging';
import {
  accessKeysFor,
  deleteAlias,
  type Holder,
  ownerOfAlias,
  readAlias,
  scanHolders,
  scanManaged,
  usesOf,
  writeAlias,
} from '../state';
import { listTags } from '../tags';
import { groupOf } from './groups';
import { countDevices } from './mfa';
import { roleOf } from './roles';
import { userOf } from './users';

/** Source: IAM user guide, "IAM and AWS STS quotas"; the names are GetAccountSummary's. */
const quotas = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  PolicyVersionsInUseQuota: 10000,
  VersionsPerPolicyQuota: 5,
  PolicySizeQuota: 6144,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10240,
  AssumeRolePolicySizeQuota: 2048,
  AttachedPoliciesPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  GroupsPerUserQuota: 10,
  AccessKeysPerUserQuota: 2,
} satisfies Partial<Record<Iam.SummaryKeyType, number>>;

async function count(rows: AsyncIterable<unknown>): Promise<number> {
  let sum = 0;
  for await (const _ of rows) sum++;
  return sum;
}

const inlineList = ({ inline }: Holder): Iam.PolicyDetail[] =>
  Object.entries(inline).map(([PolicyName, { document }]) => ({ PolicyName, PolicyDocument: encoded(document) }));

const attachedList = ({ attached }: Holder): Iam.AttachedPolicy[] =>
  attached.map((PolicyArn) => ({ PolicyName: policyOf(PolicyArn).name, PolicyArn }));

type Detail =
  | { readonly key: string; readonly user: Iam.UserDetail }
  | { readonly key: string; readonly group: Iam.GroupDetail }
  | { readonly key: string; readonly role: Iam.RoleDetail }
  | { readonly key: string; readonly policy: Iam.ManagedPolicyDetail };

/** Everything in the account, in the order in which pages carry it. */
async function* details(call: Call, wanted: (type: Iam.EntityType) => boolean): AsyncIterable<Detail> {
  const { store } = call.kernel;
  if (wanted('User')) {
    for await (const { value } of scanHolders(store, 'user', call.account)) {
      yield {
        key: `1${value.name.toLowerCase()}`,
        user: {
          ...userOf(call, value),
          UserPolicyList: inlineList(value),
          GroupList: [...value.groups],
          AttachedManagedPolicies: attachedList(value),
          PermissionsBoundary: boundaryOf(value.boundary),
          Tags: listTags(value.tags),
        },
      };
    }
  }
  if (wanted('Group')) {
    for await (const { value } of scanHolders(store, 'group', call.account)) {
      yield {
        key: `2${value.name.toLowerCase()}`,
        group: {
          ...groupOf(call, value),
          GroupPolicyList: inlineList(value),
          AttachedManagedPolicies: attachedList(value),
        },
      };
    }
  }
  if (wanted('Role')) {
    for await (const { value } of scanHolders(store, 'role', call.account)) {
      const { Description: _, MaxSessionDuration: __, ...role } = roleOf(call, value);
      yield {
        key: `3${value.name.toLowerCase()}`,
        role: {
          ...role,
          InstanceProfileList: [],
          RolePolicyList: inlineList(value),
          AttachedManagedPolicies: attachedList(value),
          PermissionsBoundary: boundaryOf(value.boundary),
          Tags: listTags(value.tags),
          RoleLastUsed: {},
        },
      };
    }
  }
  if (wanted('LocalManagedPolicy')) {
    for await (const { value } of scanManaged(store, call.account)) {
      yield { key: `4${value.name.toLowerCase()}`, policy: await policyDetail(call, call.account, value) };
    }
  }
  if (wanted('AWSManagedPolicy')) {
    for (const name of [...awsManagedNames()].sort()) {
      const { version: id, document, ...policy } = awsManaged(name)!;
      const versions = [{ id, created: policy.updated, document }];
      const row = { ...policy, defaultVersion: id, versions };
      const policyRow = await policyDetail(call, 'aws', row);
      if (policyRow.AttachmentCount || policyRow.PermissionsBoundaryUsageCount)
        yield { key: `5${name}`, policy: policyRow };
    }
  }
}

interface AnyManaged {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly created: number;
  readonly updated: number;
  readonly description?: string;
  readonly defaultVersion: string;
  readonly versions: readonly { readonly id: string; readonly created: number; readonly document: string }[];
}

async function policyDetail(call: Call, account: string, row: AnyManaged): Promise<Iam.ManagedPolicyDetail> {
  const Arn = arnOf({ ...call, account }, 'policy', row);
  const uses = await usesOf(call.kernel.store, call.account, Arn);
  return {
    PolicyName: row.name,
    PolicyId: row.id,
    Arn,
    Path: row.path,
    DefaultVersionId: row.defaultVersion,
    AttachmentCount: uses.filter(({ usage }) => usage === 'PermissionsPolicy').length,
    PermissionsBoundaryUsageCount: uses.filter(({ usage }) => usage === 'PermissionsBoundary').length,
    IsAttachable: true,
    Description: row.description,
    CreateDate: timeOf(row.created),
    UpdateDate: timeOf(row.updated),
    PolicyVersionList: [...row.versions].reverse().map(({ id, created, document }) => ({
      Document: encoded(document),
      VersionId: id,
      IsDefaultVersion: id === row.defaultVersion,
      CreateDate: timeOf(created),
    })),
  };
}

export const accountHandlers = {
  async GetAccountSummary(call) {
    const { store } = call.kernel;
    const { account } = call;
    const [Users, Groups, Roles, rootKeys] = await Promise.all([
      count(scanHolders(store, 'user', account)),
      count(scanHolders(store, 'group', account)),
      count(scanHolders(store, 'role', account)),
      accessKeysFor(store, account),
    ]);
    let Policies = 0;
    let PolicyVersionsInUse = 0;
    for await (const { value } of scanManaged(store, account)) {
      Policies++;
      PolicyVersionsInUse += value.versions.length;
    }
    const AccountAccessKeysPresent = rootKeys.length > 0 ? 1 : 0;
    return {
      SummaryMap: {
        Users,
        Groups,
        Roles,
        Policies,
        PolicyVersionsInUse,
        AccountAccessKeysPresent,
        ...(await countDevices(call)),
        ...quotas,
      },
    };
  },

  async GetAccountAuthorizationDetails(call, input) {
    const wanted = (type: Iam.EntityType): boolean => !input.Filter?.length || input.Filter.includes(type);
    const page = await pageOf(details(call, wanted), input, ({ key }) => key);
    return {
      UserDetailList: page.items.flatMap((one) => ('user' in one ? [one.user] : [])),
      GroupDetailList: page.items.flatMap((one) => ('group' in one ? [one.group] : [])),
      RoleDetailList: page.items.flatMap((one) => ('role' in one ? [one.role] : [])),
      Policies: page.items.flatMap((one) => ('policy' in one ? [one.policy] : [])),
      ...page.paging,
    };
  },

  async CreateAccountAlias(call, input) {
    const alias = input.AccountAlias!;
    if (!/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/.test(alias) || /^\d{12}$/.test(alias)) {
      throw constraint(
        'accountAlias',
        alias,
        'satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$',
      );
    }
    await call.kernel.store.write(async (tx) => {
      const owner = await ownerOfAlias(tx, alias);
      if (owner !== undefined && owner !== call.account) throw aliasExists(alias);
      const old = await readAlias(tx, call.account);
      if (old !== undefined) deleteAlias(tx, call.account, old);
      writeAlias(tx, call.account, alias);
    });
    return {};
  },

  async DeleteAccountAlias(call, input) {
    const alias = input.AccountAlias!;
    await call.kernel.store.write(async (tx) => {
      if ((await readAlias(tx, call.account)) !== alias) throw aliasNotFound(call.account, alias);
      deleteAlias(tx, call.account, alias);
    });
    return {};
  },

  async ListAccountAliases(call) {
    const alias = await readAlias(call.kernel.store, call.account);
    return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
  },
} satisfies Handlers<typeof Iam>;
