/** CloudFormation's view of Parameter Store. Source: CloudFormation template reference, "AWS::SSM::Parameter". */
import type { ParameterTier, ParameterType } from '@aws-sdk/client-ssm';
import { AwsError, isAwsError } from '../../base/errors';
import { tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceType } from '../../kernel/service';

function read(properties: Properties) {
  const type = text(properties, 'Type');
  if (type === 'SecureString')
    throw new AwsError('ValidationError', 'AWS::SSM::Parameter does not support the type SecureString.');
  return {
    Type: type as ParameterType | undefined,
    Value: text(properties, 'Value'),
    Description: text(properties, 'Description'),
    AllowedPattern: text(properties, 'AllowedPattern'),
    DataType: text(properties, 'DataType'),
    Tier: text(properties, 'Tier') as ParameterTier | undefined,
  };
}

const resultOf = (name: string, properties: Properties) => ({
  physicalId: name,
  attributes: { Type: text(properties, 'Type'), Value: text(properties, 'Value') },
});

const tagList = (context: ResourceContext, properties: Properties) =>
  Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));

const parameter: ResourceType = {
  type: 'AWS::SSM::Parameter',
  createOnly: ['Name'],
  properties: ['AllowedPattern', 'DataType', 'Description', 'Name', 'Tags', 'Tier', 'Type', 'Value'],
  async create(context, properties) {
    const name = text(properties, 'Name') ?? context.generatedName();
    await context.peers.ssm.PutParameter({ Name: name, Tags: tagList(context, properties), ...read(properties) });
    return resultOf(name, properties);
  },
  async update(context, name, properties) {
    const { ssm } = context.peers;
    await ssm.PutParameter({ Name: name, Overwrite: true, ...read(properties) });
    const resource = { ResourceType: 'Parameter', ResourceId: name } as const;
    const wanted = tagList(context, properties);
    const have = (await ssm.ListTagsForResource(resource)).TagList ?? [];
    const gone = have.map((tag) => tag.Key!).filter((key) => !wanted.some((tag) => tag.Key === key));
    if (gone.length > 0) await ssm.RemoveTagsFromResource({ ...resource, TagKeys: gone });
    if (wanted.length > 0) await ssm.AddTagsToResource({ ...resource, Tags: wanted });
    return resultOf(name, properties);
  },
  async delete(context, name) {
    try {
      await context.peers.ssm.DeleteParameter({ Name: name });
    } catch (error) {
      if (!isAwsError(error, 'ParameterNotFound')) throw error;
    }
  },
  async read({ peers: { ssm } }, Name) {
    try {
      const { Type, Value, DataType } = (await ssm.GetParameter({ Name })).Parameter!;
      return { Type, Value, DataType };
    } catch (error) {
      if (isAwsError(error, 'ParameterNotFound')) return undefined;
      throw error;
    }
  },
};

export const resources: readonly ResourceType[] = [parameter];
