/** `AWS::IAM::User`, `::Group`, `::UserToGroupAddition`, `::AccessKey`. */
import { number, text, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { changed, difference, gone, settlePolicies, settleTags, tagList } from './holders';

async function userResult({ peers: { iam } }: ResourceContext, UserName: string): Promise<ResourceResult> {
  const { User } = await iam.GetUser({ UserName });
  return { physicalId: UserName, attributes: { Arn: User!.Arn } };
}

async function settleGroups(
  { peers: { iam } }: ResourceContext,
  UserName: string,
  now: Properties,
  before: Properties,
) {
  const { added, removed } = difference(texts(now, 'Groups'), texts(before, 'Groups'));
  for (const GroupName of added) await iam.AddUserToGroup({ UserName, GroupName });
  for (const GroupName of removed) await gone(iam.RemoveUserFromGroup({ UserName, GroupName }));
}

export const user: ResourceType = {
  type: 'AWS::IAM::User',
  createOnly: ['UserName'],
  properties: ['Groups', 'ManagedPolicyArns', 'Path', 'PermissionsBoundary', 'Policies', 'Tags', 'UserName'],
  async create(context, properties) {
    const UserName = text(properties, 'UserName') ?? context.generatedName({ maxLength: 64 });
    await context.peers.iam.CreateUser({
      UserName,
      Path: text(properties, 'Path'),
      PermissionsBoundary: text(properties, 'PermissionsBoundary'),
      Tags: tagList(context, properties),
    });
    context.claim?.(UserName);
    await settlePolicies(context, 'user', UserName, properties, {});
    await settleGroups(context, UserName, properties, {});
    return userResult(context, UserName);
  },
  async update(context, UserName, properties, previous) {
    const { iam } = context.peers;
    if (changed(properties, previous, 'Path')) {
      await iam.UpdateUser({ UserName, NewPath: text(properties, 'Path') ?? '/' });
    }
    if (changed(properties, previous, 'PermissionsBoundary')) {
      const PermissionsBoundary = text(properties, 'PermissionsBoundary');
      if (PermissionsBoundary) await iam.PutUserPermissionsBoundary({ UserName, PermissionsBoundary });
      else await gone(iam.DeleteUserPermissionsBoundary({ UserName }));
    }
    await settlePolicies(context, 'user', UserName, properties, previous);
    await settleGroups(context, UserName, properties, previous);
    await settleTags(context, properties, {
      list: () => iam.ListUserTags({ UserName }),
      tag: (Tags) => iam.TagUser({ UserName, Tags }),
      untag: (TagKeys) => iam.UntagUser({ UserName, TagKeys }),
    });
    return userResult(context, UserName);
  },
  async delete(context, UserName, properties) {
    await settlePolicies(context, 'user', UserName, {}, properties);
    await settleGroups(context, UserName, {}, properties);
    await gone(context.peers.iam.DeleteUser({ UserName }));
  },
};

async function groupResult({ peers: { iam } }: ResourceContext, GroupName: string): Promise<ResourceResult> {
  const { Group } = await iam.GetGroup({ GroupName });
  return { physicalId: GroupName, attributes: { Arn: Group!.Arn } };
}

export const group: ResourceType = {
  type: 'AWS::IAM::Group',
  createOnly: ['GroupName'],
  properties: ['GroupName', 'ManagedPolicyArns', 'Path', 'Policies'],
  async create(context, properties) {
    const GroupName = text(properties, 'GroupName') ?? context.generatedName({ maxLength: 128 });
    await context.peers.iam.CreateGroup({ GroupName, Path: text(properties, 'Path') });
    context.claim?.(GroupName);
    await settlePolicies(context, 'group', GroupName, properties, {});
    return groupResult(context, GroupName);
  },
  async update(context, GroupName, properties, previous) {
    if (changed(properties, previous, 'Path')) {
      await context.peers.iam.UpdateGroup({ GroupName, NewPath: text(properties, 'Path') ?? '/' });
    }
    await settlePolicies(context, 'group', GroupName, properties, previous);
    return groupResult(context, GroupName);
  },
  async delete(context, GroupName, properties) {
    await settlePolicies(context, 'group', GroupName, {}, properties);
    await gone(context.peers.iam.DeleteGroup({ GroupName }));
  },
};

async function settleMembers({ peers: { iam } }: ResourceContext, now: Properties, before: Properties): Promise<void> {
  const GroupName = text(now, 'GroupName') ?? text(before, 'GroupName');
  const { added, removed } = difference(texts(now, 'Users'), texts(before, 'Users'));
  for (const UserName of added) await iam.AddUserToGroup({ UserName, GroupName });
  for (const UserName of removed) await gone(iam.RemoveUserFromGroup({ UserName, GroupName }));
}

export const userToGroup: ResourceType = {
  type: 'AWS::IAM::UserToGroupAddition',
  createOnly: ['GroupName'],
  properties: ['GroupName', 'Users'],
  async create(context, properties) {
    const physicalId = context.generatedName();
    context.claim?.(physicalId);
    await settleMembers(context, properties, {});
    return { physicalId };
  },
  async update(context, physicalId, properties, previous) {
    await settleMembers(context, properties, previous);
    return { physicalId };
  },
  async delete(context, _, properties) {
    await settleMembers(context, {}, properties);
  },
};

export const accessKey: ResourceType = {
  type: 'AWS::IAM::AccessKey',
  createOnly: ['Serial', 'UserName'],
  properties: ['Serial', 'Status', 'UserName'],
  async create({ peers: { iam } }, properties) {
    number(properties, 'Serial');
    const UserName = text(properties, 'UserName');
    const { AccessKey } = await iam.CreateAccessKey({ UserName });
    const AccessKeyId = AccessKey!.AccessKeyId!;
    if (text(properties, 'Status') === 'Inactive') {
      await iam.UpdateAccessKey({ UserName, AccessKeyId, Status: 'Inactive' });
    }
    return { physicalId: AccessKeyId, attributes: { SecretAccessKey: AccessKey!.SecretAccessKey } };
  },
  // The secret is told once: an answer without attributes keeps those that are known.
  async update({ peers: { iam } }, AccessKeyId, properties) {
    const Status = text(properties, 'Status') === 'Inactive' ? 'Inactive' : 'Active';
    await iam.UpdateAccessKey({ UserName: text(properties, 'UserName'), AccessKeyId, Status });
    return { physicalId: AccessKeyId };
  },
  async delete({ peers: { iam } }, AccessKeyId, properties) {
    await gone(iam.DeleteAccessKey({ UserName: text(properties, 'UserName'), AccessKeyId }));
  },
};
