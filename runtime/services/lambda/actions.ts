/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Lambda". Operations whose resource or keys stand in the body ask in their handler, for the body is not read yet
 * when these are asked; their rows are empty.
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { functionKey, functionName, layerArn, layerName, qualifiedArn } from './names';
import { functions } from './state';
import { taggedBy, tagsOf } from './tags';

interface Named {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
}

/** `qualified`: the resource is the version or alias that the request names. */
function onFunction(action: string, qualified = false) {
  return async ({ FunctionName, Qualifier }: Named, call: Call): Promise<Check[]> => {
    const of = functionName(call, FunctionName, Qualifier);
    const row = await call.kernel.store.get(functions, functionKey(of));
    const resource = qualifiedArn(qualified ? of : { ...of, qualifier: undefined });
    return [{ action: `lambda:${action}`, resource, resourceTags: row?.tags }];
  };
}

function onAnything(action: string) {
  return (): Check[] => [{ action: `lambda:${action}`, resource: '*' }];
}

function onLayer(action: string) {
  return ({ LayerName, VersionNumber }: { LayerName?: string; VersionNumber?: number }, call: Call): Check[] => {
    const of = layerName(call, LayerName);
    return [{ action: `lambda:${action}`, resource: layerArn({ ...of, version: VersionNumber }) }];
  };
}

function onTagged(action: string) {
  return async ({ Resource }: { Resource?: string }, call: Call): Promise<Check[]> => [
    {
      action: `lambda:${action}`,
      resource: Resource ?? '*',
      resourceTags: await tagsOf(call.kernel.store, taggedBy(Resource)),
    },
  ];
}

const inHandler = (): Check[] => [];

export const actions: Actions<typeof Lambda> = {
  AddLayerVersionPermission: onLayer('AddLayerVersionPermission'),
  AddPermission: inHandler,
  CreateAlias: onFunction('CreateAlias'),
  CreateEventSourceMapping: inHandler,
  CreateFunction: inHandler,
  CreateFunctionUrlConfig: inHandler,
  DeleteAlias: onFunction('DeleteAlias'),
  DeleteEventSourceMapping: inHandler,
  DeleteFunction: onFunction('DeleteFunction', true),
  DeleteFunctionConcurrency: onFunction('DeleteFunctionConcurrency'),
  DeleteFunctionUrlConfig: inHandler,
  DeleteFunctionEventInvokeConfig: onFunction('DeleteFunctionEventInvokeConfig', true),
  DeleteLayerVersion: onLayer('DeleteLayerVersion'),
  GetAccountSettings: onAnything('GetAccountSettings'),
  GetAlias: onFunction('GetAlias'),
  GetEventSourceMapping: inHandler,
  GetFunction: onFunction('GetFunction', true),
  GetFunctionCodeSigningConfig: onFunction('GetFunctionCodeSigningConfig'),
  GetFunctionConcurrency: onFunction('GetFunctionConcurrency'),
  GetFunctionConfiguration: onFunction('GetFunctionConfiguration', true),
  GetFunctionUrlConfig: inHandler,
  GetFunctionEventInvokeConfig: onFunction('GetFunctionEventInvokeConfig', true),
  GetLayerVersion: onLayer('GetLayerVersion'),
  GetLayerVersionByArn: ({ Arn }) => [{ action: 'lambda:GetLayerVersion', resource: Arn ?? '*' }],
  GetLayerVersionPolicy: onLayer('GetLayerVersionPolicy'),
  GetPolicy: onFunction('GetPolicy', true),
  GetRuntimeManagementConfig: onFunction('GetRuntimeManagementConfig', true),
  Invoke: onFunction('InvokeFunction', true),
  InvokeWithResponseStream: onFunction('InvokeFunction', true),
  ListAliases: onFunction('ListAliases'),
  ListEventSourceMappings: onAnything('ListEventSourceMappings'),
  ListFunctionUrlConfigs: inHandler,
  ListFunctionEventInvokeConfigs: onFunction('ListFunctionEventInvokeConfigs'),
  ListFunctions: onAnything('ListFunctions'),
  ListLayers: onAnything('ListLayers'),
  ListLayerVersions: onAnything('ListLayerVersions'),
  ListTags: onTagged('ListTags'),
  ListVersionsByFunction: onFunction('ListVersionsByFunction'),
  PublishLayerVersion: onLayer('PublishLayerVersion'),
  PublishVersion: onFunction('PublishVersion'),
  PutFunctionConcurrency: onFunction('PutFunctionConcurrency'),
  PutFunctionEventInvokeConfig: onFunction('PutFunctionEventInvokeConfig', true),
  RemoveLayerVersionPermission: onLayer('RemoveLayerVersionPermission'),
  RemovePermission: inHandler,
  TagResource: inHandler,
  UntagResource: onTagged('UntagResource'),
  UpdateAlias: onFunction('UpdateAlias'),
  UpdateEventSourceMapping: inHandler,
  UpdateFunctionCode: onFunction('UpdateFunctionCode'),
  UpdateFunctionConfiguration: inHandler,
  UpdateFunctionUrlConfig: inHandler,
  UpdateFunctionEventInvokeConfig: onFunction('UpdateFunctionEventInvokeConfig', true),
};
