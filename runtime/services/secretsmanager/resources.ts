/**
 * CloudFormation's view of Secrets Manager. Source: CloudFormation template reference, "AWS::SecretsManager::Secret",
 * "::ResourcePolicy".
 */
import { AwsError, isAwsError } from '../../base/errors';
import { isObject } from '../../engine/template/parse';
import { flag, json, number, tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceType } from '../../kernel/service';

const invalid = (what: string) => new AwsError('InvalidRequestException', what);

/** The value that the template gives or has made. */
async function secretValue(context: ResourceContext, properties: Properties): Promise<string | undefined> {
  const { GenerateSecretString: wish } = properties;
  if (wish === undefined) return text(properties, 'SecretString');
  if (properties.SecretString !== undefined)
    throw invalid('You can not specify both GenerateSecretString and SecretString');
  const wanted: Properties = isObject(wish) ? wish : {};
  const { RandomPassword } = await context.peers.secretsmanager.GetRandomPassword({
    PasswordLength: number(wanted, 'PasswordLength'),
    ExcludeCharacters: text(wanted, 'ExcludeCharacters'),
    ExcludeLowercase: flag(wanted, 'ExcludeLowercase'),
    ExcludeNumbers: flag(wanted, 'ExcludeNumbers'),
    ExcludePunctuation: flag(wanted, 'ExcludePunctuation'),
    ExcludeUppercase: flag(wanted, 'ExcludeUppercase'),
    IncludeSpace: flag(wanted, 'IncludeSpace'),
    RequireEachIncludedType: flag(wanted, 'RequireEachIncludedType'),
  });
  const [template, key] = [text(wanted, 'SecretStringTemplate'), text(wanted, 'GenerateStringKey')];
  if ((template === undefined) !== (key === undefined))
    throw invalid('SecretStringTemplate and GenerateStringKey must both be given');
  if (template === undefined) return RandomPassword;
  try {
    return JSON.stringify({ ...JSON.parse(template), [key!]: RandomPassword });
  } catch {
    throw invalid('SecretStringTemplate is no JSON');
  }
}

const tagList = (context: ResourceContext, properties: Properties) =>
  Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));

const resultOf = (arn: string) => ({ physicalId: arn, attributes: { Id: arn } });

const secret: ResourceType = {
  type: 'AWS::SecretsManager::Secret',
  createOnly: ['Name'],
  properties: ['Description', 'GenerateSecretString', 'KmsKeyId', 'Name', 'SecretString', 'Tags'],
  async create(context, properties) {
    const value = await secretValue(context, properties);
    const { ARN = '' } = await context.peers.secretsmanager.CreateSecret({
      Name: text(properties, 'Name') ?? `${context.logicalId}-${context.kernel.random.mixed(12)}`,
      Description: text(properties, 'Description'),
      KmsKeyId: text(properties, 'KmsKeyId'),
      // A secret of CloudFormation always has a value.
      SecretString: value ?? '',
      Tags: tagList(context, properties),
    });
    return resultOf(ARN);
  },
  async update(context, SecretId, properties, previous) {
    const { secretsmanager } = context.peers;
    const changed = ['GenerateSecretString', 'SecretString'].some(
      (name) => JSON.stringify(properties[name]) !== JSON.stringify(previous[name]),
    );
    await secretsmanager.UpdateSecret({
      SecretId,
      Description: text(properties, 'Description') ?? '',
      KmsKeyId: text(properties, 'KmsKeyId') ?? '',
      SecretString: changed ? await secretValue(context, properties) : undefined,
    });
    const wanted = tags(context, properties);
    const { Tags = [] } = await secretsmanager.DescribeSecret({ SecretId });
    const TagKeys = Tags.map(({ Key }) => Key!).filter((key) => !(key in wanted));
    if (TagKeys.length > 0) await secretsmanager.UntagResource({ SecretId, TagKeys });
    if (Object.keys(wanted).length > 0)
      await secretsmanager.TagResource({ SecretId, Tags: tagList(context, properties) });
    return resultOf(SecretId);
  },
  async delete(context, SecretId) {
    try {
      await context.peers.secretsmanager.DeleteSecret({ SecretId, ForceDeleteWithoutRecovery: true });
    } catch (error) {
      if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
    }
  },
  async read({ peers: { secretsmanager } }, SecretId) {
    try {
      const { Description, KmsKeyId } = await secretsmanager.DescribeSecret({ SecretId });
      return { Description: Description || undefined, KmsKeyId };
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  },
};

async function putPolicy(context: ResourceContext, properties: Properties): Promise<string> {
  const SecretId = text(properties, 'SecretId')!;
  const { ARN = SecretId } = await context.peers.secretsmanager.PutResourcePolicy({
    SecretId,
    ResourcePolicy: json(properties, 'ResourcePolicy'),
    BlockPublicPolicy: flag(properties, 'BlockPublicPolicy'),
  });
  return ARN;
}

const resourcePolicy: ResourceType = {
  type: 'AWS::SecretsManager::ResourcePolicy',
  createOnly: ['SecretId'],
  properties: ['BlockPublicPolicy', 'ResourcePolicy', 'SecretId'],
  create: async (context, properties) => resultOf(await putPolicy(context, properties)),
  update: async (context, _, properties) => resultOf(await putPolicy(context, properties)),
  async delete(context, SecretId) {
    try {
      await context.peers.secretsmanager.DeleteResourcePolicy({ SecretId });
    } catch (error) {
      if (!isAwsError(error, 'ResourceNotFoundException', 'InvalidRequestException')) throw error;
    }
  },
};

export const resources: readonly ResourceType[] = [secret, resourcePolicy];
