/**
 * CloudFormation's view of resource policies: one resource is one statement, and every change replaces it.
 * Source: CloudFormation template reference, "AWS::Lambda::Permission", "::LayerVersionPermission".
 */
import type { FunctionUrlAuthType } from '@aws-sdk/client-lambda';
import { flag, text } from '../../../kernel/properties';
import type { ResourceType } from '../../../kernel/service';
import { parseLayerArn } from '../names';
import { ignoreMissing } from './values';

const PERMISSION = [
  'Action',
  'EventSourceToken',
  'FunctionName',
  'FunctionUrlAuthType',
  'InvokedViaFunctionUrl',
  'Principal',
  'PrincipalOrgID',
  'SourceAccount',
  'SourceArn',
];

export const permissionResource: ResourceType = {
  type: 'AWS::Lambda::Permission',
  createOnly: PERMISSION,
  properties: PERMISSION,

  async create(context, properties) {
    const StatementId = context.generatedName({ maxLength: 100 });
    await context.peers.lambda.AddPermission({
      StatementId,
      Action: text(properties, 'Action'),
      EventSourceToken: text(properties, 'EventSourceToken'),
      FunctionName: text(properties, 'FunctionName'),
      FunctionUrlAuthType: text(properties, 'FunctionUrlAuthType') as FunctionUrlAuthType | undefined,
      InvokedViaFunctionUrl: flag(properties, 'InvokedViaFunctionUrl'),
      Principal: text(properties, 'Principal'),
      PrincipalOrgID: text(properties, 'PrincipalOrgID'),
      SourceAccount: text(properties, 'SourceAccount'),
      SourceArn: text(properties, 'SourceArn'),
    });
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },

  async delete({ peers }, StatementId, properties) {
    const FunctionName = text(properties, 'FunctionName');
    await peers.lambda.RemovePermission({ FunctionName, StatementId }).catch(ignoreMissing);
  },
};

const LAYER_PERMISSION = ['Action', 'LayerVersionArn', 'OrganizationId', 'Principal'];

export const layerPermissionResource: ResourceType = {
  type: 'AWS::Lambda::LayerVersionPermission',
  createOnly: LAYER_PERMISSION,
  properties: LAYER_PERMISSION,

  async create(context, properties) {
    const arn = text(properties, 'LayerVersionArn')!;
    const StatementId = context.generatedName({ maxLength: 100 });
    await context.peers.lambda.AddLayerVersionPermission({
      LayerName: arn.slice(0, arn.lastIndexOf(':')),
      VersionNumber: parseLayerArn(arn)?.version,
      StatementId,
      Action: text(properties, 'Action'),
      OrganizationId: text(properties, 'OrganizationId'),
      Principal: text(properties, 'Principal'),
    });
    const id = `${arn}#${StatementId}`;
    return { physicalId: id, attributes: { Id: id } };
  },

  async delete({ peers }, physicalId) {
    const [arn, StatementId] = physicalId.split('#');
    const LayerName = arn.slice(0, arn.lastIndexOf(':'));
    const VersionNumber = parseLayerArn(arn)?.version;
    await peers.lambda.RemoveLayerVersionPermission({ LayerName, VersionNumber, StatementId }).catch(ignoreMissing);
  },
};
