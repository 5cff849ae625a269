/** CloudFormation's view of function URLs. Source: template reference, "AWS::Lambda::Url". */
import type { Cors, FunctionUrlAuthType, InvokeMode } from '@aws-sdk/client-lambda';
import { flag, number, text, texts } from '../../../kernel/properties';
import type { Properties, ResourceResult, ResourceType } from '../../../kernel/service';
import { ignoreMissing, object } from './values';

const CORS = ['AllowCredentials', 'AllowHeaders', 'AllowMethods', 'AllowOrigins', 'ExposeHeaders', 'MaxAge'];

function corsOf(properties: Properties): Cors | undefined {
  const given = object(properties, 'Cors', CORS);
  if (!given) return undefined;
  const cors = {
    AllowCredentials: flag(given, 'AllowCredentials'),
    AllowHeaders: texts(given, 'AllowHeaders'),
    AllowMethods: texts(given, 'AllowMethods'),
    AllowOrigins: texts(given, 'AllowOrigins'),
    ExposeHeaders: texts(given, 'ExposeHeaders'),
    MaxAge: number(given, 'MaxAge'),
  };
  return Object.fromEntries(Object.entries(cors).filter(([, value]) => value !== undefined));
}

const named = (properties: Properties) => ({
  FunctionName: text(properties, 'TargetFunctionArn'),
  Qualifier: text(properties, 'Qualifier'),
});

const settings = (properties: Properties) => ({
  ...named(properties),
  AuthType: text(properties, 'AuthType') as FunctionUrlAuthType | undefined,
  InvokeMode: text(properties, 'InvokeMode') as InvokeMode | undefined,
});

const resultOf = ({
  FunctionArn = '',
  FunctionUrl,
}: {
  FunctionArn?: string;
  FunctionUrl?: string;
}): ResourceResult => ({
  physicalId: FunctionArn,
  attributes: { FunctionArn, FunctionUrl },
});

export const urlResource: ResourceType = {
  type: 'AWS::Lambda::Url',
  createOnly: ['Qualifier', 'TargetFunctionArn'],
  properties: ['AuthType', 'Cors', 'InvokeMode', 'Qualifier', 'TargetFunctionArn'],
  create: async ({ peers }, properties) =>
    resultOf(await peers.lambda.CreateFunctionUrlConfig({ ...settings(properties), Cors: corsOf(properties) })),
  update: async ({ peers }, _, properties) =>
    resultOf(await peers.lambda.UpdateFunctionUrlConfig({ ...settings(properties), Cors: corsOf(properties) ?? {} })),
  async delete({ peers }, _, properties) {
    await peers.lambda.DeleteFunctionUrlConfig(named(properties)).catch(ignoreMissing);
  },
};
