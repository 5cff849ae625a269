/** CloudFormation's view of asynchronous invocation. Source: template reference, "AWS::Lambda::EventInvokeConfig". */
import { number, text } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { ignoreMissing, object } from './values';

export const retryResource: ResourceType = {
  type: 'AWS::Lambda::EventInvokeConfig',
  createOnly: ['FunctionName', 'Qualifier'],
  properties: ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts', 'Qualifier'],
  create: (context, properties) => put(context, properties),
  update: (context, _, properties) => put(context, properties),
  async delete({ peers }, _, properties) {
    const named = { FunctionName: text(properties, 'FunctionName'), Qualifier: text(properties, 'Qualifier') };
    await peers.lambda.DeleteFunctionEventInvokeConfig(named).catch(ignoreMissing);
  },
};

async function put({ peers }: ResourceContext, properties: Properties): Promise<ResourceResult> {
  const { FunctionArn } = await peers.lambda.PutFunctionEventInvokeConfig({
    FunctionName: text(properties, 'FunctionName'),
    Qualifier: text(properties, 'Qualifier'),
    MaximumEventAgeInSeconds: number(properties, 'MaximumEventAgeInSeconds'),
    MaximumRetryAttempts: number(properties, 'MaximumRetryAttempts'),
    DestinationConfig: object(properties, 'DestinationConfig', ['OnFailure', 'OnSuccess']) ?? {},
  });
  return { physicalId: FunctionArn! };
}
