/** Managed policies and their versions. Those of AWS are read-only, and each shows its current version only. */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { checkManaged, encoded, policyText } from '../documents';
import {
  constraint,
  defaultVersion,
  invalidInput,
  policyExists,
  policyHasVersions,
  policyInUse,
  policyNotFound,
  quota,
  tooManyVersions,
  versionNotFound,
} from '../errors';
import { type AwsManaged, awsManaged, awsManagedNames } from '../managed';
import { arnOf, checkName, checkPath, newId, policyOf, timeOf } from '../names';
import { pageOf } from '../paging';
import {
  deleteManaged,
  hasAsMany,
  isManagedTaken,
  type ManagedRow,
  readManaged,
  scanManaged,
  usesOf,
  type VersionRow,
  writeManaged,
} from '../state';
import { addTags, listTags, removeTags } from '../tags';
import { byKey } from './users';

const MOST_VERSIONS = 5;
const MOST_POLICIES = 1_500;
const LONGEST_DESCRIPTION = 1_000;

type Reader = Parameters<typeof readManaged>[0];
type Writer = Parameters<typeof writeManaged>[0];

/** One of the account's own or one of AWS's. */
interface Found {
  readonly row: ManagedRow;
  readonly arn: string;
}

function ofAws({ name, path, id, created, updated, version, document }: AwsManaged): ManagedRow {
  const versions = [{ id: version, created: updated, document }];
  return { name, path, id, created, updated, tags: {}, defaultVersion: version, nextVersion: 0, versions };
}

/** @throws NoSuchEntity */
async function find(from: Reader, call: Call, arn: string): Promise<Found> {
  const { account, name } = policyOf(arn);
  const aws = account === 'aws' ? awsManaged(name) : undefined;
  const row = aws ? ofAws(aws) : account === call.account ? await readManaged(from, account, name) : undefined;
  if (!row || arnOf({ ...call, account }, 'policy', row) !== arn) throw policyNotFound(arn);
  return { row, arn };
}

/** Changes a policy of the account's own. */
async function change(
  call: Call,
  arn: string,
  changed: (row: ManagedRow, tx: Writer) => ManagedRow | Promise<ManagedRow>,
): Promise<ManagedRow> {
  if (policyOf(arn).account === 'aws') throw invalidInput(`Policy ${arn} is managed by AWS and cannot be changed.`);
  return call.kernel.store.write(async (tx) => {
    const { row } = await find(tx, call, arn);
    const next = await changed(row, tx);
    writeManaged(tx, call.account, next);
    return next;
  });
}

function versionIn(row: ManagedRow, arn: string, id: string): VersionRow {
  const version = row.versions.find((one) => one.id === id);
  if (!version) throw versionNotFound(arn, id);
  return version;
}

async function policyIn(call: Call, { row, arn }: Found): Promise<Iam.Policy> {
  const uses = await usesOf(call.kernel.store, call.account, arn);
  const count = (usage: string) => uses.filter((use) => use.usage === usage).length;
  return {
    PolicyName: row.name,
    PolicyId: row.id,
    Arn: arn,
    Path: row.path,
    DefaultVersionId: row.defaultVersion,
    AttachmentCount: count('PermissionsPolicy'),
    PermissionsBoundaryUsageCount: count('PermissionsBoundary'),
    IsAttachable: true,
    CreateDate: timeOf(row.created),
    UpdateDate: timeOf(row.updated),
  };
}

const versionOf = (row: ManagedRow, { id, created }: VersionRow): Iam.PolicyVersion => ({
  VersionId: id,
  IsDefaultVersion: id === row.defaultVersion,
  CreateDate: timeOf(created),
});

/** Policies of the account, then those of AWS, as `Scope` asks. */
async function* listed(call: Call, scope: string | undefined): AsyncIterable<Found> {
  if (scope !== 'AWS') {
    for await (const { value } of scanManaged(call.kernel.store, call.account)) {
      yield { row: value, arn: arnOf(call, 'policy', value) };
    }
  }
  if (scope === 'Local') return;
  for (const name of awsManagedNames()) {
    const row = ofAws(awsManaged(name)!);
    yield { row, arn: arnOf({ ...call, account: 'aws' }, 'policy', row) };
  }
}

export const policyHandlers = {
  async CreatePolicy(call, input) {
    const name = checkName('policyName', input.PolicyName!);
    const path = checkPath(input.Path);
    const { Description: description = '' } = input;
    if (description.length > LONGEST_DESCRIPTION) {
      throw constraint('description', description, `have length less than or equal to ${LONGEST_DESCRIPTION}`);
    }
    checkManaged(input.PolicyDocument!);
    const row: ManagedRow = {
      name,
      path,
      id: newId(call.kernel.random, 'policy'),
      created: call.now,
      updated: call.now,
      description: description || undefined,
      tags: addTags(input.Tags),
      defaultVersion: 'v1',
      nextVersion: 2,
      versions: [{ id: 'v1', created: call.now, ...policyText(call, input.PolicyDocument!) }],
    };
    await call.kernel.store.write(async (tx) => {
      if (await isManagedTaken(tx, call.account, name)) throw policyExists(name);
      if (await hasAsMany(tx, 'policy', call.account, MOST_POLICIES)) throw quota('PoliciesPerAccount', MOST_POLICIES);
      writeManaged(tx, call.account, row);
    });
    const Tags = Object.keys(row.tags).length > 0 ? listTags(row.tags) : undefined;
    return { Policy: { ...(await policyIn(call, { row, arn: arnOf(call, 'policy', row) })), Tags } };
  },

  async GetPolicy(call, input) {
    const found = await find(call.kernel.store, call, input.PolicyArn!);
    const { description, tags } = found.row;
    return { Policy: { ...(await policyIn(call, found)), Description: description, Tags: listTags(tags) } };
  },

  async ListPolicies(call, input) {
    const { store } = call.kernel;
    const { Scope, OnlyAttached, PathPrefix = '/', PolicyUsageFilter } = input;
    const matching = async function* () {
      for await (const found of listed(call, Scope)) {
        if (!found.row.path.startsWith(PathPrefix)) continue;
        if (OnlyAttached || PolicyUsageFilter) {
          const uses = await usesOf(store, call.account, found.arn, PolicyUsageFilter);
          if (uses.length === 0) continue;
        }
        yield found;
      }
    };
    // Own policies come first: their names sort before the tilde.
    const keyOf = ({ row, arn }: Found) => `${arn.includes('::aws:') ? '~' : ''}${row.name.toLowerCase()}`;
    const sorted: Found[] = [];
    for await (const found of matching()) sorted.push(found);
    sorted.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const page = await pageOf(sorted, input, keyOf);
    return { Policies: await Promise.all(page.items.map((found) => policyIn(call, found))), ...page.paging };
  },

  async DeletePolicy(call, input) {
    const arn = input.PolicyArn!;
    if (policyOf(arn).account === 'aws') throw invalidInput(`Policy ${arn} is managed by AWS and cannot be changed.`);
    await call.kernel.store.write(async (tx) => {
      const { row } = await find(tx, call, arn);
      if ((await usesOf(tx, call.account, arn)).length > 0) throw policyInUse();
      if (row.versions.length > 1) throw policyHasVersions();
      deleteManaged(tx, call.account, row.name);
    });
    return {};
  },

  async CreatePolicyVersion(call, input) {
    checkManaged(input.PolicyDocument!);
    const row = await change(call, input.PolicyArn!, (policy) => {
      if (policy.versions.length >= MOST_VERSIONS) throw tooManyVersions(MOST_VERSIONS);
      const id = `v${policy.nextVersion}`;
      return {
        ...policy,
        updated: call.now,
        defaultVersion: input.SetAsDefault ? id : policy.defaultVersion,
        nextVersion: policy.nextVersion + 1,
        versions: [...policy.versions, { id, created: call.now, ...policyText(call, input.PolicyDocument!) }],
      };
    });
    return { PolicyVersion: versionOf(row, row.versions[row.versions.length - 1]) };
  },

  async GetPolicyVersion(call, input) {
    const { row, arn } = await find(call.kernel.store, call, input.PolicyArn!);
    const version = versionIn(row, arn, input.VersionId!);
    return { PolicyVersion: { ...versionOf(row, version), Document: encoded(version.document) } };
  },

  async ListPolicyVersions(call, input) {
    const { row } = await find(call.kernel.store, call, input.PolicyArn!);
    const newestFirst = [...row.versions].reverse();
    // Versions are few; a marker carries how many were shown.
    const numbered = newestFirst.map((version, i) => ({ version, key: String(i) }));
    const page = await pageOf(numbered, input, ({ key }) => key);
    return { Versions: page.items.map(({ version }) => versionOf(row, version)), ...page.paging };
  },

  async SetDefaultPolicyVersion(call, input) {
    const { VersionId, PolicyArn } = input;
    await change(call, PolicyArn!, (row) => {
      const { id } = versionIn(row, PolicyArn!, VersionId!);
      return { ...row, updated: call.now, defaultVersion: id };
    });
    return {};
  },

  async DeletePolicyVersion(call, input) {
    const { VersionId, PolicyArn } = input;
    await change(call, PolicyArn!, (row) => {
      const { id } = versionIn(row, PolicyArn!, VersionId!);
      if (id === row.defaultVersion) throw defaultVersion();
      return { ...row, updated: call.now, versions: row.versions.filter((one) => one.id !== id) };
    });
    return {};
  },

  async TagPolicy(call, input) {
    await change(call, input.PolicyArn!, (row) => ({ ...row, tags: addTags(input.Tags, row.tags) }));
    return {};
  },

  async UntagPolicy(call, input) {
    await change(call, input.PolicyArn!, (row) => ({ ...row, tags: removeTags(input.TagKeys!, row.tags) }));
    return {};
  },

  async ListPolicyTags(call, input) {
    const { row } = await find(call.kernel.store, call, input.PolicyArn!);
    const page = await pageOf(listTags(row.tags).sort(byKey), input, ({ Key }) => Key!);
    return { Tags: page.items, ...page.paging };
  },
} satisfies Handlers<typeof Iam>;
