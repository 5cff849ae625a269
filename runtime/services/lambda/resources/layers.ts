/** CloudFormation's view of layers: every change makes another version. Source: template reference, "AWS::Lambda::LayerVersion". */
import type { Architecture, Runtime } from '@aws-sdk/client-lambda';
import { text, texts } from '../../../kernel/properties';
import type { ResourceType } from '../../../kernel/service';
import { parseLayerArn } from '../names';
import { object } from './values';

const PROPERTIES = [
  'CompatibleArchitectures',
  'CompatibleRuntimes',
  'Content',
  'Description',
  'LayerName',
  'LicenseInfo',
];

export const layerResource: ResourceType = {
  type: 'AWS::Lambda::LayerVersion',
  createOnly: PROPERTIES,
  properties: PROPERTIES,

  async create(context, properties) {
    const { LayerVersionArn } = await context.peers.lambda.PublishLayerVersion({
      LayerName: text(properties, 'LayerName') ?? context.generatedName({ maxLength: 140 }),
      Content: object(properties, 'Content', ['S3Bucket', 'S3Key', 'S3ObjectVersion']) ?? {},
      CompatibleArchitectures: texts(properties, 'CompatibleArchitectures') as Architecture[] | undefined,
      CompatibleRuntimes: texts(properties, 'CompatibleRuntimes') as Runtime[] | undefined,
      Description: text(properties, 'Description'),
      LicenseInfo: text(properties, 'LicenseInfo'),
    });
    return { physicalId: LayerVersionArn!, attributes: { LayerVersionArn } };
  },

  async delete({ peers }, arn) {
    const of = parseLayerArn(arn);
    await peers.lambda.DeleteLayerVersion({ LayerName: of?.layer, VersionNumber: of?.version });
  },
};
