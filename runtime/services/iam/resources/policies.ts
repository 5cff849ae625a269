/** `AWS::IAM::Policy`, `::ManagedPolicy`, and the inline policies that have a resource of their own. */
import { AwsError } from '../../../base/errors';
import { json, text, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import type { Kind } from '../state';
import { changed, difference, gone, operationsFor } from './holders';

const HOLDERS: readonly (readonly [property: string, kind: Kind])[] = [
  ['Groups', 'group'],
  ['Roles', 'role'],
  ['Users', 'user'],
];

const requireHolders = (properties: Properties): void => {
  if (HOLDERS.some(([property]) => texts(properties, property)?.length)) return;
  throw new AwsError('ValidationError', 'At least one of [Groups,Roles,Users] must be non-empty.');
};

/** Puts an inline policy on all it names, and takes it from those it no longer names. */
async function settleInline(context: ResourceContext, now: Properties, before: Properties): Promise<void> {
  const [name, oldName] = [text(now, 'PolicyName'), text(before, 'PolicyName')];
  for (const [property, kind] of HOLDERS) {
    const [holders, oldHolders] = [texts(now, property) ?? [], texts(before, property) ?? []];
    const same = name === oldName && !changed(now, before, 'PolicyDocument');
    for (const holder of holders) {
      if (same && oldHolders.includes(holder)) continue;
      await operationsFor(context, kind, holder).put(name!, json(now, 'PolicyDocument')!);
    }
    for (const holder of oldHolders) {
      if (name === oldName && holders.includes(holder)) continue;
      await gone(operationsFor(context, kind, holder).remove(oldName!));
    }
  }
}

export const policy: ResourceType = {
  type: 'AWS::IAM::Policy',
  createOnly: [],
  properties: ['Groups', 'PolicyDocument', 'PolicyName', 'Roles', 'Users'],
  async create(context, properties) {
    requireHolders(properties);
    const physicalId = context.generatedName();
    context.claim?.(physicalId);
    await settleInline(context, properties, {});
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update(context, physicalId, properties, previous) {
    requireHolders(properties);
    await settleInline(context, properties, previous);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async delete(context, _, properties) {
    await settleInline(context, {}, properties);
  },
};

/** An inline policy of one entity: `AWS::IAM::RolePolicy` and its kin. */
function inlinePolicy(type: string, kind: Kind, nameProperty: string): ResourceType {
  const put = async (context: ResourceContext, properties: Properties): Promise<ResourceResult> => {
    const [holder, name] = [text(properties, nameProperty)!, text(properties, 'PolicyName')!];
    await operationsFor(context, kind, holder).put(name, json(properties, 'PolicyDocument') ?? '');
    return { physicalId: `${name}|${holder}` };
  };
  return {
    type,
    createOnly: ['PolicyName', nameProperty],
    properties: ['PolicyDocument', 'PolicyName', nameProperty],
    create: put,
    update: (context, _, properties) => put(context, properties),
    async delete(context, _, properties) {
      await gone(operationsFor(context, kind, text(properties, nameProperty)!).remove(text(properties, 'PolicyName')!));
    },
  };
}

export const rolePolicy = inlinePolicy('AWS::IAM::RolePolicy', 'role', 'RoleName');
export const userPolicy = inlinePolicy('AWS::IAM::UserPolicy', 'user', 'UserName');
export const groupPolicy = inlinePolicy('AWS::IAM::GroupPolicy', 'group', 'GroupName');

async function settleAttachments(context: ResourceContext, arn: string, now: Properties, before: Properties) {
  for (const [property, kind] of HOLDERS) {
    const { added, removed } = difference(texts(now, property), texts(before, property));
    for (const holder of added) await operationsFor(context, kind, holder).attach(arn);
    for (const holder of removed) await gone(operationsFor(context, kind, holder).detach(arn));
  }
}

async function managedResult({ peers: { iam } }: ResourceContext, PolicyArn: string): Promise<ResourceResult> {
  const { Policy } = await iam.GetPolicy({ PolicyArn });
  return {
    physicalId: PolicyArn,
    attributes: {
      PolicyArn,
      PolicyId: Policy!.PolicyId,
      AttachmentCount: Policy!.AttachmentCount,
      PermissionsBoundaryUsageCount: Policy!.PermissionsBoundaryUsageCount,
      DefaultVersionId: Policy!.DefaultVersionId,
      IsAttachable: Policy!.IsAttachable,
      CreateDate: Policy!.CreateDate!.toISOString(),
      UpdateDate: Policy!.UpdateDate!.toISOString(),
    },
  };
}

/** Versions beyond the newest go with the update that makes them old, so that there is always room for one more. */
async function deleteOldVersions({ peers: { iam } }: ResourceContext, PolicyArn: string): Promise<void> {
  const { Versions = [] } = await iam.ListPolicyVersions({ PolicyArn });
  for (const { VersionId, IsDefaultVersion } of Versions) {
    if (!IsDefaultVersion) await iam.DeletePolicyVersion({ PolicyArn, VersionId });
  }
}

export const managedPolicy: ResourceType = {
  type: 'AWS::IAM::ManagedPolicy',
  createOnly: ['Description', 'ManagedPolicyName', 'Path'],
  properties: ['Description', 'Groups', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles', 'Users'],
  async create(context, properties) {
    const { Policy } = await context.peers.iam.CreatePolicy({
      PolicyName: text(properties, 'ManagedPolicyName') ?? context.generatedName({ maxLength: 128 }),
      Path: text(properties, 'Path'),
      Description: text(properties, 'Description'),
      PolicyDocument: json(properties, 'PolicyDocument'),
    });
    const arn = Policy!.Arn!;
    context.claim?.(arn);
    await settleAttachments(context, arn, properties, {});
    return managedResult(context, arn);
  },
  async update(context, arn, properties, previous) {
    if (changed(properties, previous, 'PolicyDocument')) {
      const PolicyDocument = json(properties, 'PolicyDocument');
      await deleteOldVersions(context, arn);
      await context.peers.iam.CreatePolicyVersion({ PolicyArn: arn, PolicyDocument, SetAsDefault: true });
    }
    await settleAttachments(context, arn, properties, previous);
    return managedResult(context, arn);
  },
  async delete(context, arn, properties) {
    await settleAttachments(context, arn, {}, properties);
    await gone(deleteOldVersions(context, arn));
    await gone(context.peers.iam.DeletePolicy({ PolicyArn: arn }));
  },
};
