/** `AWS::IAM::InstanceProfile`. */
import { text, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { difference, gone } from './holders';

async function result({ peers: { iam } }: ResourceContext, InstanceProfileName: string): Promise<ResourceResult> {
  const { InstanceProfile } = await iam.GetInstanceProfile({ InstanceProfileName });
  return { physicalId: InstanceProfileName, attributes: { Arn: InstanceProfile!.Arn } };
}

async function settleRoles({ peers: { iam } }: ResourceContext, name: string, now: Properties, before: Properties) {
  const { added, removed } = difference(texts(now, 'Roles'), texts(before, 'Roles'));
  for (const RoleName of removed)
    await gone(iam.RemoveRoleFromInstanceProfile({ InstanceProfileName: name, RoleName }));
  for (const RoleName of added) await iam.AddRoleToInstanceProfile({ InstanceProfileName: name, RoleName });
}

export const instanceProfile: ResourceType = {
  type: 'AWS::IAM::InstanceProfile',
  createOnly: ['InstanceProfileName', 'Path'],
  properties: ['InstanceProfileName', 'Path', 'Roles'],
  async create(context, properties) {
    const name = text(properties, 'InstanceProfileName') ?? context.generatedName({ maxLength: 128 });
    await context.peers.iam.CreateInstanceProfile({ InstanceProfileName: name, Path: text(properties, 'Path') });
    context.claim?.(name);
    await settleRoles(context, name, properties, {});
    return result(context, name);
  },
  async update(context, name, properties, previous) {
    await settleRoles(context, name, properties, previous);
    return result(context, name);
  },
  async delete(context, name, properties) {
    await settleRoles(context, name, {}, properties);
    await gone(context.peers.iam.DeleteInstanceProfile({ InstanceProfileName: name }));
  },
};
