/**
 * CloudFormation's view of Organizations, in stacks of the management account. Source: CloudFormation template reference,
 * "AWS::Organizations::Organization", "::OrganizationalUnit", "::Account", "::Policy".
 */
import type { PolicyType, Tag } from '@aws-sdk/client-organizations';
import { AwsError, isAwsError } from '../../base/errors';
import { json, tags, text, texts } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';

const tagList = (context: ResourceContext, properties: Properties): Tag[] =>
  Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));

const changed = (now: Properties, before: Properties, name: string): boolean =>
  JSON.stringify(now[name]) !== JSON.stringify(before[name]);

/** What is gone already is deleted. */
async function gone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAwsError(error) || !/NotFound|NotInUse/.test(error.code)) throw error;
  }
}

async function settleTags(context: ResourceContext, ResourceId: string, properties: Properties): Promise<void> {
  const api = context.peers.organizations;
  const wanted = tagList(context, properties);
  const { Tags = [] } = await api.ListTagsForResource({ ResourceId });
  const TagKeys = Tags.map(({ Key }) => Key!).filter((key) => !wanted.some(({ Key }) => Key === key));
  if (TagKeys.length > 0) await api.UntagResource({ ResourceId, TagKeys });
  if (wanted.length > 0) await api.TagResource({ ResourceId, Tags: wanted });
}

const organization: ResourceType = {
  type: 'AWS::Organizations::Organization',
  createOnly: ['FeatureSet'],
  properties: ['FeatureSet'],
  async create({ peers: { organizations: api } }, properties) {
    const { Organization: made } = await api.CreateOrganization({
      FeatureSet: text(properties, 'FeatureSet') as 'ALL' | undefined,
    });
    const { Roots } = await api.ListRoots({});
    return {
      physicalId: made!.Id!,
      attributes: {
        Arn: made!.Arn,
        Id: made!.Id,
        ManagementAccountArn: made!.MasterAccountArn,
        ManagementAccountEmail: made!.MasterAccountEmail,
        ManagementAccountId: made!.MasterAccountId,
        RootId: Roots![0].Id,
      },
    };
  },
  async delete({ peers: { organizations: api } }) {
    await gone(api.DeleteOrganization({}));
  },
};

const unitResult = (unit: { Id?: string; Arn?: string } | undefined): ResourceResult => ({
  physicalId: unit!.Id!,
  attributes: { Id: unit!.Id, Arn: unit!.Arn },
});

const unit: ResourceType = {
  type: 'AWS::Organizations::OrganizationalUnit',
  createOnly: ['ParentId'],
  properties: ['Name', 'ParentId', 'Tags'],
  async create(context, properties) {
    const { OrganizationalUnit } = await context.peers.organizations.CreateOrganizationalUnit({
      Name: text(properties, 'Name'),
      ParentId: text(properties, 'ParentId'),
      Tags: tagList(context, properties),
    });
    return unitResult(OrganizationalUnit);
  },
  async update(context, OrganizationalUnitId, properties) {
    const { OrganizationalUnit } = await context.peers.organizations.UpdateOrganizationalUnit({
      OrganizationalUnitId,
      Name: text(properties, 'Name'),
    });
    await settleTags(context, OrganizationalUnitId, properties);
    return unitResult(OrganizationalUnit);
  },
  async delete({ peers: { organizations: api } }, OrganizationalUnitId) {
    await gone(api.DeleteOrganizationalUnit({ OrganizationalUnitId }));
  },
};

async function moveTo({ peers: { organizations: api } }: ResourceContext, AccountId: string, to: string | undefined) {
  if (to === undefined) return;
  const { Parents } = await api.ListParents({ ChildId: AccountId });
  const SourceParentId = Parents![0].Id;
  if (SourceParentId !== to) await api.MoveAccount({ AccountId, SourceParentId, DestinationParentId: to });
}

async function accountResult({ peers: { organizations: api } }: ResourceContext, AccountId: string) {
  const { Account } = await api.DescribeAccount({ AccountId });
  const { Arn, JoinedMethod, JoinedTimestamp, Status, State } = Account!;
  return {
    physicalId: AccountId,
    attributes: { AccountId, Arn, JoinedMethod, JoinedTimestamp: JoinedTimestamp!.toISOString(), Status, State },
  };
}

const account: ResourceType = {
  type: 'AWS::Organizations::Account',
  createOnly: ['AccountName', 'Email', 'RoleName'],
  properties: ['AccountName', 'Email', 'ParentIds', 'RoleName', 'Tags'],
  async create(context, properties) {
    const api = context.peers.organizations;
    const { CreateAccountStatus: begun } = await api.CreateAccount({
      AccountName: text(properties, 'AccountName'),
      Email: text(properties, 'Email'),
      RoleName: text(properties, 'RoleName'),
      Tags: tagList(context, properties),
    });
    const { CreateAccountStatus: done } = await api.DescribeCreateAccountStatus({ CreateAccountRequestId: begun!.Id });
    if (!done?.AccountId) throw new AwsError('GeneralServiceException', `The account failed: ${done?.FailureReason}`);
    context.claim?.(done.AccountId);
    await moveTo(context, done.AccountId, texts(properties, 'ParentIds')?.[0]);
    return accountResult(context, done.AccountId);
  },
  async update(context, accountId, properties) {
    await moveTo(context, accountId, texts(properties, 'ParentIds')?.[0]);
    await settleTags(context, accountId, properties);
    return accountResult(context, accountId);
  },
  /** AWS closes the account; closing is not modelled, and refused by name. */
  async delete({ peers: { organizations: api } }, AccountId) {
    await gone(api.CloseAccount({ AccountId }));
  },
};

async function settleTargets({ peers: { organizations: api } }: ResourceContext, PolicyId: string, wanted: string[]) {
  const { Targets = [] } = await api.ListTargetsForPolicy({ PolicyId });
  const there = Targets.map(({ TargetId }) => TargetId!);
  for (const TargetId of wanted) if (!there.includes(TargetId)) await api.AttachPolicy({ PolicyId, TargetId });
  for (const TargetId of there) if (!wanted.includes(TargetId)) await api.DetachPolicy({ PolicyId, TargetId });
}

const policyResult = (summary: { Id?: string; Arn?: string; AwsManaged?: boolean } | undefined): ResourceResult => ({
  physicalId: summary!.Id!,
  attributes: { Id: summary!.Id, Arn: summary!.Arn, AwsManaged: summary!.AwsManaged },
});

const policy: ResourceType = {
  type: 'AWS::Organizations::Policy',
  createOnly: ['Type'],
  properties: ['Content', 'Description', 'Name', 'Tags', 'TargetIds', 'Type'],
  async create(context, properties) {
    const { Policy } = await context.peers.organizations.CreatePolicy({
      Name: text(properties, 'Name'),
      Type: text(properties, 'Type') as PolicyType,
      Content: json(properties, 'Content'),
      Description: text(properties, 'Description') ?? '',
      Tags: tagList(context, properties),
    });
    const summary = Policy!.PolicySummary!;
    context.claim?.(summary.Id!);
    await settleTargets(context, summary.Id!, texts(properties, 'TargetIds') ?? []);
    return policyResult(summary);
  },
  async update(context, PolicyId, properties, previous) {
    const { Policy } = await context.peers.organizations.UpdatePolicy({
      PolicyId,
      Name: text(properties, 'Name'),
      Description: text(properties, 'Description') ?? '',
      Content: changed(properties, previous, 'Content') ? json(properties, 'Content') : undefined,
    });
    await settleTargets(context, PolicyId, texts(properties, 'TargetIds') ?? []);
    await settleTags(context, PolicyId, properties);
    return policyResult(Policy!.PolicySummary);
  },
  async delete(context, PolicyId) {
    await gone(settleTargets(context, PolicyId, []));
    await gone(context.peers.organizations.DeletePolicy({ PolicyId }));
  },
};

export const resources: readonly ResourceType[] = [organization, unit, account, policy];
