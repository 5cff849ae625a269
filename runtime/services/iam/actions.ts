/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Identity and Access Management".
 */
import type * as Iam from '@aws-sdk/client-iam';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions, Service } from '../../kernel/service';
import { meansRoot } from './devices';
import { userNameOf } from './entities';
import { invalidToken } from './errors';
import { arnIn, arnOf } from './names';
import { type Kind, readAccessKey, readDevice, readHolder, readManaged, readProfile, readProvider } from './state';
import { tagsIn } from './tags';

type Keys = Check['keys'];
type Checks = readonly Check[] | Promise<readonly Check[]>;

const check = (call: Call, resource: string, more: Partial<Check> = {}): Check => ({
  action: `iam:${call.operation}`,
  resource,
  owner: call.account,
  ...more,
});

/** Lists of entities are asked on the path under which they look: `arn:aws:iam::111122223333:user/`. */
const onPath =
  (kind: Kind) =>
  (input: { PathPrefix?: string }, call: Call): Checks => [
    check(call, arnIn(call, `${kind}${input.PathPrefix ?? '/'}`)),
  ];
const onAll = (_: unknown, call: Call): Checks => [check(call, '*')];

/** Operations whose requests carry the boundary of the user or role. */
const ofBoundary =
  /^((Attach|Detach|Put|Delete)(Role|User)Policy|(Put|Delete)(Role|User)PermissionsBoundary|GetRole|Update(AssumeRolePolicy|Role|RoleDescription))$/;

/** One that exists, by its whole ARN and with its tags; else by the ARN that its name makes. */
async function onHolder(call: Call, kind: Kind, name: string, keys: Keys = {}): Promise<Check[]> {
  const row = await readHolder(call.kernel.store, kind, call.account, name);
  const resourceTags = row && 'tags' in row ? (row.tags as Check['resourceTags']) : undefined;
  const bounded = ofBoundary.test(call.operation) && row && 'boundary' in row;
  const boundary = bounded ? (row.boundary as string | undefined) : undefined;
  return [
    check(call, row ? arnOf(call, kind, row) : arnIn(call, `${kind}/${name}`), {
      keys: { 'iam:PermissionsBoundary': boundary, ...keys },
      resourceTags,
    }),
  ];
}

const onUser = (input: { UserName?: string }, call: Call): Checks =>
  // Without a name a caller's own user is meant; the root user has none.
  input.UserName === undefined && call.principal.kind === 'root'
    ? [check(call, call.principal.arn)]
    : onHolder(call, 'user', userNameOf(call, input.UserName));
const onRole = (input: { RoleName?: string }, call: Call): Checks => onHolder(call, 'role', input.RoleName!);
const onGroup = (input: { GroupName?: string }, call: Call): Checks => onHolder(call, 'group', input.GroupName!);
async function onPolicy({ PolicyArn: arn = '' }: { PolicyArn?: string }, call: Call): Promise<Check[]> {
  const row = await readManaged(call.kernel.store, call.account, arn.slice(arn.lastIndexOf('/') + 1));
  const own = row && arnOf(call, 'policy', row) === arn;
  return [check(call, arn, { resourceTags: own ? row.tags : undefined })];
}

/** The user whose MFA device it is, or the root user. */
const onDeviceHolder = (input: { UserName?: string }, call: Call): Checks =>
  meansRoot(call, input.UserName) ? [check(call, arnIn(call, 'root'))] : onUser(input, call);

async function onDevice({ SerialNumber: serial = '' }: { SerialNumber?: string }, call: Call): Promise<Check[]> {
  const row = await readDevice(call.kernel.store, call.account, serial);
  return [check(call, serial, { resourceTags: row?.tags })];
}

function creatingDevice(input: Iam.CreateVirtualMFADeviceCommandInput, call: Call): Check[] {
  const resource = arnIn(call, `mfa${input.Path ?? '/'}${input.VirtualMFADeviceName}`);
  const made = check(call, resource, { requestTags: tagsIn(input.Tags) });
  return input.Tags?.length ? [made, { ...made, action: 'iam:TagMFADevice' }] : [made];
}

async function onProvider({ OpenIDConnectProviderArn: arn = '' }: { OpenIDConnectProviderArn?: string }, call: Call) {
  const row = await readProvider(call.kernel.store, call.account, arn.slice(arn.indexOf('/') + 1));
  return [check(call, arn, { resourceTags: row?.tags })];
}

async function onProfile({ InstanceProfileName: name = '' }: { InstanceProfileName?: string }, call: Call) {
  const row = await readProfile(call.kernel.store, call.account, name);
  const resource = arnIn(call, `instance-profile${row?.path ?? '/'}${row?.name ?? name}`);
  return [check(call, resource, { resourceTags: row?.tags })];
}

function creatingProfile(input: Iam.CreateInstanceProfileCommandInput, call: Call): Check[] {
  const resource = arnIn(call, `instance-profile${input.Path ?? '/'}${input.InstanceProfileName}`);
  const made = check(call, resource, { requestTags: tagsIn(input.Tags) });
  return input.Tags?.length ? [made, { ...made, action: 'iam:TagInstanceProfile' }] : [made];
}

/** Who puts a role into a profile hands it on to instances. */
async function fillingProfile(
  input: { InstanceProfileName?: string; RoleName?: string },
  call: Call,
): Promise<readonly Check[]> {
  const [role] = await onHolder(call, 'role', input.RoleName!);
  const passing = { ...role, action: 'iam:PassRole', keys: { 'iam:PassedToService': 'ec2.amazonaws.com' } };
  return [...(await onProfile(input, call)), passing];
}

function creatingProvider(input: Iam.CreateOpenIDConnectProviderCommandInput, call: Call): Check[] {
  const resource = arnIn(call, `oidc-provider/${input.Url?.replace('https://', '')}`);
  const made = check(call, resource, { requestTags: tagsIn(input.Tags) });
  return input.Tags?.length ? [made, { ...made, action: 'iam:TagOpenIDConnectProvider' }] : [made];
}

type Tagging = { Tags?: Iam.Tag[] };
async function withTags(checks: Checks, { Tags }: Tagging): Promise<Check[]> {
  return (await checks).map((one) => ({ ...one, requestTags: tagsIn(Tags) }));
}

/** Untagging carries keys without values. */
async function withoutTags(checks: Checks, { TagKeys }: { TagKeys?: string[] }): Promise<Check[]> {
  return (await checks).map((one) => ({ ...one, keys: { ...one.keys, 'aws:TagKeys': TagKeys } }));
}

const attaching = (kind: Kind, name: string, input: { PolicyArn?: string }, call: Call): Checks =>
  onHolder(call, kind, name, { 'iam:PolicyARN': input.PolicyArn });

/** Creating asks for the new ARN, and for the tags. */
function creating(
  kind: Kind | 'policy',
  name: string,
  path: string | undefined,
  input: Tagging & { PermissionsBoundary?: string },
  call: Call,
): Check[] {
  const resource = arnOf(call, kind, { path: path ?? '/', name });
  const requestTags = tagsIn(input.Tags);
  const made = check(call, resource, { keys: { 'iam:PermissionsBoundary': input.PermissionsBoundary }, requestTags });
  if (!input.Tags?.length || kind === 'group') return [made];
  const tag = { user: 'TagUser', role: 'TagRole', policy: 'TagPolicy' }[kind];
  return [made, { ...made, action: `iam:${tag}` }];
}

const simulating = (input: { PolicySourceArn?: string }, call: Call): Checks => [check(call, input.PolicySourceArn!)];

const rows = {
  CreateUser: (input, call) => creating('user', input.UserName!, input.Path, input, call),
  GetUser: onUser,
  ListUsers: onPath('user'),
  UpdateUser: onUser,
  DeleteUser: onUser,
  PutUserPermissionsBoundary: (input, call) =>
    onHolder(call, 'user', input.UserName!, { 'iam:PermissionsBoundary': input.PermissionsBoundary }),
  DeleteUserPermissionsBoundary: onUser,
  TagUser: (input, call) => withTags(onUser(input, call), input),
  UntagUser: (input, call) => withoutTags(onUser(input, call), input),
  ListUserTags: onUser,

  CreateGroup: (input, call) => creating('group', input.GroupName!, input.Path, {}, call),
  GetGroup: onGroup,
  ListGroups: onPath('group'),
  ListGroupsForUser: onUser,
  UpdateGroup: onGroup,
  DeleteGroup: onGroup,
  AddUserToGroup: onGroup,
  RemoveUserFromGroup: onGroup,

  CreateRole: (input, call) => creating('role', input.RoleName!, input.Path, input, call),
  GetRole: onRole,
  ListRoles: onPath('role'),
  UpdateRole: onRole,
  UpdateRoleDescription: onRole,
  UpdateAssumeRolePolicy: onRole,
  DeleteRole: onRole,
  PutRolePermissionsBoundary: (input, call) =>
    onHolder(call, 'role', input.RoleName!, { 'iam:PermissionsBoundary': input.PermissionsBoundary }),
  DeleteRolePermissionsBoundary: onRole,
  TagRole: (input, call) => withTags(onRole(input, call), input),
  UntagRole: (input, call) => withoutTags(onRole(input, call), input),
  ListRoleTags: onRole,
  CreateServiceLinkedRole: (input, call) => [
    check(call, arnIn(call, `role/aws-service-role/${input.AWSServiceName}/*`), {
      keys: { 'iam:AWSServiceName': input.AWSServiceName },
    }),
  ],
  DeleteServiceLinkedRole: onRole,
  GetServiceLinkedRoleDeletionStatus: (input, call) => [
    check(call, arnIn(call, `role/${input.DeletionTaskId?.split('/').slice(1, -1).join('/')}`)),
  ],

  PutUserPolicy: onUser,
  GetUserPolicy: onUser,
  DeleteUserPolicy: onUser,
  ListUserPolicies: onUser,
  PutRolePolicy: onRole,
  GetRolePolicy: onRole,
  DeleteRolePolicy: onRole,
  ListRolePolicies: onRole,
  PutGroupPolicy: onGroup,
  GetGroupPolicy: onGroup,
  DeleteGroupPolicy: onGroup,
  ListGroupPolicies: onGroup,

  AttachUserPolicy: (input, call) => attaching('user', input.UserName!, input, call),
  DetachUserPolicy: (input, call) => attaching('user', input.UserName!, input, call),
  ListAttachedUserPolicies: onUser,
  AttachRolePolicy: (input, call) => attaching('role', input.RoleName!, input, call),
  DetachRolePolicy: (input, call) => attaching('role', input.RoleName!, input, call),
  ListAttachedRolePolicies: onRole,
  AttachGroupPolicy: (input, call) => attaching('group', input.GroupName!, input, call),
  DetachGroupPolicy: (input, call) => attaching('group', input.GroupName!, input, call),
  ListAttachedGroupPolicies: onGroup,
  ListEntitiesForPolicy: onPolicy,

  CreatePolicy: (input, call) => creating('policy', input.PolicyName!, input.Path, input, call),
  GetPolicy: onPolicy,
  ListPolicies: onAll,
  DeletePolicy: onPolicy,
  CreatePolicyVersion: onPolicy,
  GetPolicyVersion: onPolicy,
  ListPolicyVersions: onPolicy,
  SetDefaultPolicyVersion: onPolicy,
  DeletePolicyVersion: onPolicy,
  TagPolicy: (input, call) => withTags(onPolicy(input, call), input),
  UntagPolicy: (input, call) => withoutTags(onPolicy(input, call), input),
  ListPolicyTags: onPolicy,

  CreateAccessKey: onUser,
  ListAccessKeys: onUser,
  UpdateAccessKey: onUser,
  DeleteAccessKey: onUser,

  CreateVirtualMFADevice: creatingDevice,
  DeleteVirtualMFADevice: onDevice,
  ListVirtualMFADevices: onAll,
  EnableMFADevice: onDeviceHolder,
  ResyncMFADevice: onDeviceHolder,
  DeactivateMFADevice: onDeviceHolder,
  GetMFADevice: onDeviceHolder,
  ListMFADevices: onDeviceHolder,
  TagMFADevice: (input, call) => withTags(onDevice(input, call), input),
  UntagMFADevice: (input, call) => withoutTags(onDevice(input, call), input),
  ListMFADeviceTags: onDevice,

  CreateInstanceProfile: creatingProfile,
  GetInstanceProfile: onProfile,
  DeleteInstanceProfile: onProfile,
  AddRoleToInstanceProfile: fillingProfile,
  RemoveRoleFromInstanceProfile: onProfile,
  ListInstanceProfiles: onAll,
  ListInstanceProfilesForRole: onRole,
  ListInstanceProfileTags: onProfile,
  TagInstanceProfile: (input, call) => withTags(onProfile(input, call), input),
  UntagInstanceProfile: (input, call) => withoutTags(onProfile(input, call), input),

  CreateOpenIDConnectProvider: creatingProvider,
  GetOpenIDConnectProvider: onProvider,
  ListOpenIDConnectProviders: onAll,
  DeleteOpenIDConnectProvider: onProvider,
  AddClientIDToOpenIDConnectProvider: onProvider,
  RemoveClientIDFromOpenIDConnectProvider: onProvider,
  UpdateOpenIDConnectProviderThumbprint: onProvider,
  TagOpenIDConnectProvider: (input, call) => withTags(onProvider(input, call), input),
  UntagOpenIDConnectProvider: (input, call) => withoutTags(onProvider(input, call), input),
  ListOpenIDConnectProviderTags: onProvider,

  GenerateCredentialReport: onAll,
  GetCredentialReport: onAll,
  GetAccessKeyLastUsed: async (input, call) => {
    const key = await readAccessKey(call.kernel.store, input.AccessKeyId ?? '');
    return key?.user === undefined ? [check(call, '*')] : onHolder(call, 'user', key.user);
  },

  GetAccountSummary: onAll,
  GetAccountAuthorizationDetails: onAll,
  CreateAccountAlias: onAll,
  DeleteAccountAlias: onAll,
  ListAccountAliases: onAll,

  SimulateCustomPolicy: onAll,
  SimulatePrincipalPolicy: simulating,
  GetContextKeysForCustomPolicy: onAll,
  GetContextKeysForPrincipalPolicy: simulating,
} satisfies Actions<typeof Iam>;

/**
 * Temporary credentials of a user open no IAM operation, unless they came with MFA. Source: IAM user guide, "Compare
 * AWS STS credentials".
 */
function refuseUserSessions({ principal: { kind, session } }: Call): void {
  if (session === undefined || session.roleArn !== undefined) return;
  if (kind === 'session' || !session.mfa) throw invalidToken();
}

type Row = NonNullable<Service['actions'][string]>;

export const actions: Service['actions'] = Object.fromEntries(
  Object.entries<Row>(rows).map(([operation, row]) => [
    operation,
    (input: unknown, call: Call) => {
      refuseUserSessions(call);
      return row(input, call);
    },
  ]),
);
