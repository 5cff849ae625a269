/** CloudFormation's view of versions and aliases. Source: CloudFormation template reference, "AWS::Lambda::Version", "::Alias". */
import { AwsError } from '../../../base/errors';
import { number, text } from '../../../kernel/properties';
import type { Properties, ResourceType } from '../../../kernel/service';
import { ignoreMissing, object } from './values';

export const versionResource: ResourceType = {
  type: 'AWS::Lambda::Version',
  createOnly: ['CodeSha256', 'Description', 'FunctionName'],
  properties: ['CodeSha256', 'Description', 'FunctionName'],

  async create({ peers: { lambda } }, properties) {
    const FunctionName = text(properties, 'FunctionName')!;
    const known = new Set((await lambda.ListVersionsByFunction({ FunctionName })).Versions?.map((one) => one.Version));
    const { FunctionArn, Version } = await lambda.PublishVersion({
      FunctionName,
      CodeSha256: text(properties, 'CodeSha256'),
      Description: text(properties, 'Description'),
    });
    if (known.has(Version)) {
      const message = `A version for this Lambda function exists ( ${Version} ). Modify the function to create a new version.`;
      throw new AwsError('AlreadyExists', message);
    }
    return { physicalId: FunctionArn!, attributes: { FunctionArn, Version } };
  },

  async delete({ peers }, FunctionName) {
    await peers.lambda.DeleteFunction({ FunctionName }).catch(ignoreMissing);
  },
};

export const aliasResource: ResourceType = {
  type: 'AWS::Lambda::Alias',
  createOnly: ['FunctionName', 'Name'],
  properties: ['Description', 'FunctionName', 'FunctionVersion', 'Name', 'RoutingConfig'],

  async create({ peers }, properties) {
    const { AliasArn } = await peers.lambda.CreateAlias(aliasInput(properties));
    return { physicalId: AliasArn!, attributes: { AliasArn } };
  },

  async update({ peers }, physicalId, properties) {
    await peers.lambda.UpdateAlias(aliasInput(properties));
    return { physicalId, attributes: { AliasArn: physicalId } };
  },

  async delete({ peers }, _, properties) {
    const { FunctionName, Name } = aliasInput(properties);
    await peers.lambda.DeleteAlias({ FunctionName, Name }).catch(ignoreMissing);
  },
};

function aliasInput(properties: Properties) {
  const weights = (object(properties, 'RoutingConfig', ['AdditionalVersionWeights'])?.AdditionalVersionWeights ??
    []) as Properties[];
  const pairs = weights.map((one) => [text(one, 'FunctionVersion')!, number(one, 'FunctionWeight')!] as const);
  return {
    FunctionName: text(properties, 'FunctionName'),
    Name: text(properties, 'Name'),
    FunctionVersion: text(properties, 'FunctionVersion'),
    Description: text(properties, 'Description') ?? '',
    RoutingConfig: { AdditionalVersionWeights: Object.fromEntries(pairs) },
  };
}
