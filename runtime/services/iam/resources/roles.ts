/** `AWS::IAM::Role` and `AWS::IAM::ServiceLinkedRole`. */
import { isAwsError } from '../../../base/errors';
import { json, number, text } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { changed, gone, settlePolicies, settleTags, tagList } from './holders';

async function resultOf({ peers: { iam } }: ResourceContext, RoleName: string): Promise<ResourceResult> {
  const { Role } = await iam.GetRole({ RoleName });
  return { physicalId: RoleName, attributes: { Arn: Role!.Arn, RoleId: Role!.RoleId } };
}

async function settle(context: ResourceContext, RoleName: string, now: Properties, before: Properties): Promise<void> {
  const { iam } = context.peers;
  if (changed(now, before, 'AssumeRolePolicyDocument')) {
    await iam.UpdateAssumeRolePolicy({ RoleName, PolicyDocument: json(now, 'AssumeRolePolicyDocument') });
  }
  if (changed(now, before, 'Description') || changed(now, before, 'MaxSessionDuration')) {
    const Description = text(now, 'Description') ?? '';
    await iam.UpdateRole({ RoleName, Description, MaxSessionDuration: number(now, 'MaxSessionDuration') ?? 3600 });
  }
  if (changed(now, before, 'PermissionsBoundary')) {
    const PermissionsBoundary = text(now, 'PermissionsBoundary');
    if (PermissionsBoundary) await iam.PutRolePermissionsBoundary({ RoleName, PermissionsBoundary });
    else await gone(iam.DeleteRolePermissionsBoundary({ RoleName }));
  }
}

export const role: ResourceType = {
  type: 'AWS::IAM::Role',
  createOnly: ['Path', 'RoleName'],
  properties: [
    'AssumeRolePolicyDocument',
    'Description',
    'ManagedPolicyArns',
    'MaxSessionDuration',
    'Path',
    'PermissionsBoundary',
    'Policies',
    'RoleName',
    'Tags',
  ],
  async create(context, properties) {
    const RoleName = text(properties, 'RoleName') ?? context.generatedName({ maxLength: 64 });
    await context.peers.iam.CreateRole({
      RoleName,
      Path: text(properties, 'Path'),
      AssumeRolePolicyDocument: json(properties, 'AssumeRolePolicyDocument'),
      Description: text(properties, 'Description'),
      MaxSessionDuration: number(properties, 'MaxSessionDuration'),
      PermissionsBoundary: text(properties, 'PermissionsBoundary'),
      Tags: tagList(context, properties),
    });
    context.claim?.(RoleName);
    await settlePolicies(context, 'role', RoleName, properties, {});
    return resultOf(context, RoleName);
  },
  async update(context, RoleName, properties, previous) {
    const { iam } = context.peers;
    await settle(context, RoleName, properties, previous);
    await settlePolicies(context, 'role', RoleName, properties, previous);
    await settleTags(context, properties, {
      list: () => iam.ListRoleTags({ RoleName }),
      tag: (Tags) => iam.TagRole({ RoleName, Tags }),
      untag: (TagKeys) => iam.UntagRole({ RoleName, TagKeys }),
    });
    return resultOf(context, RoleName);
  },
  async delete(context, RoleName, properties) {
    await settlePolicies(context, 'role', RoleName, {}, properties);
    await gone(context.peers.iam.DeleteRole({ RoleName }));
  },
  async read({ peers: { iam } }, RoleName) {
    try {
      const role = (await iam.GetRole({ RoleName })).Role!;
      return {
        AssumeRolePolicyDocument: JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument!)),
        Description: role.Description,
        MaxSessionDuration: role.MaxSessionDuration,
        PermissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
      };
    } catch (error) {
      if (isAwsError(error, 'NoSuchEntity')) return undefined;
      throw error;
    }
  },
};

export const serviceLinkedRole: ResourceType = {
  type: 'AWS::IAM::ServiceLinkedRole',
  createOnly: ['AWSServiceName', 'CustomSuffix', 'Description'],
  properties: ['AWSServiceName', 'CustomSuffix', 'Description'],
  async create({ peers: { iam } }, properties) {
    const { Role } = await iam.CreateServiceLinkedRole({
      AWSServiceName: text(properties, 'AWSServiceName'),
      CustomSuffix: text(properties, 'CustomSuffix'),
      Description: text(properties, 'Description'),
    });
    return { physicalId: Role!.RoleName!, attributes: { RoleName: Role!.RoleName } };
  },
  async delete({ peers: { iam } }, RoleName) {
    await gone(iam.DeleteServiceLinkedRole({ RoleName }));
  },
};
