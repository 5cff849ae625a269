/** CloudFormation's view of functions. Source: CloudFormation template reference, "AWS::Lambda::Function". */
import type { Architecture, CreateFunctionRequest, FunctionCode, Runtime } from '@aws-sdk/client-lambda';
import { isAwsError } from '../../../base/errors';
import { number, tags, text, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { functionArn, placeOf } from '../names';
import { packInline } from './inline';
import { changed, ignoreMissing, object, retag } from './values';

const CODE = ['ImageUri', 'S3Bucket', 'S3Key', 'S3ObjectVersion', 'SourceKMSKeyArn', 'ZipFile'];
const LOGGING = ['ApplicationLogLevel', 'LogFormat', 'LogGroup', 'SystemLogLevel'];

/** Properties that UpdateFunctionConfiguration changes. */
const SETTINGS = [
  'DeadLetterConfig',
  'Description',
  'Environment',
  'EphemeralStorage',
  'Handler',
  'Layers',
  'LoggingConfig',
  'MemorySize',
  'Role',
  'Runtime',
  'SnapStart',
  'Timeout',
  'TracingConfig',
];

export const functionResource: ResourceType = {
  type: 'AWS::Lambda::Function',
  createOnly: ['FunctionName', 'PackageType'],
  properties: [
    ...SETTINGS,
    'Architectures',
    'Code',
    'FunctionName',
    'PackageType',
    'ReservedConcurrentExecutions',
    'Tags',
  ],

  async create(context, properties) {
    const FunctionName = text(properties, 'FunctionName') ?? context.generatedName({ maxLength: 64 });
    await context.peers.lambda.CreateFunction({
      ...settings(properties),
      FunctionName,
      Architectures: texts(properties, 'Architectures') as Architecture[] | undefined,
      PackageType: text(properties, 'PackageType') as CreateFunctionRequest['PackageType'],
      Code: code(properties),
      Tags: tags(context, properties),
    });
    context.claim?.(FunctionName);
    await reserve(context, FunctionName, properties);
    return resultOf(context, FunctionName);
  },

  async update(context, FunctionName, properties, previous) {
    const { lambda } = context.peers;
    // Settings first, as a new handler name goes with new code and calls in between are served by either pair on AWS.
    if (changed(properties, previous, ...SETTINGS)) {
      await lambda.UpdateFunctionConfiguration({ ...settings(properties), FunctionName });
    }
    if (changed(properties, previous, 'Code', 'Architectures')) {
      const Architectures = (texts(properties, 'Architectures') ?? ['x86_64']) as Architecture[];
      await lambda.UpdateFunctionCode({ ...code(properties), Architectures, FunctionName });
    }
    if (changed(properties, previous, 'ReservedConcurrentExecutions')) await reserve(context, FunctionName, properties);
    await retag(context, functionArn({ ...placeOf(context), name: FunctionName }), tags(context, properties));
    return resultOf(context, FunctionName);
  },

  async delete(context, FunctionName) {
    await context.peers.lambda.DeleteFunction({ FunctionName }).catch(ignoreMissing);
  },

  async read({ peers: { lambda } }, FunctionName) {
    try {
      const found = await lambda.GetFunctionConfiguration({ FunctionName });
      const { Description, EphemeralStorage, Handler, MemorySize, Role, Runtime, Timeout, Architectures } = found;
      const variables = found.Environment?.Variables;
      return {
        Architectures,
        Description,
        Environment: variables && { Variables: variables },
        EphemeralStorage,
        Handler,
        Layers: found.Layers?.map(({ Arn }) => Arn),
        MemorySize,
        Role,
        Runtime,
        Timeout,
      };
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  },
};

function resultOf(context: ResourceContext, name: string): ResourceResult {
  return {
    physicalId: name,
    attributes: {
      Arn: functionArn({ ...placeOf(context), name }),
      'SnapStartResponse.ApplyOn': 'None',
      'SnapStartResponse.OptimizationStatus': 'Off',
    },
  };
}

/** Every setting, those that the template leaves out with their defaults: an update that drops one resets it. */
function settings(properties: Properties): Omit<CreateFunctionRequest, 'FunctionName' | 'Code'> {
  const storage = object(properties, 'EphemeralStorage', ['Size']);
  return {
    DeadLetterConfig: { TargetArn: '', ...object(properties, 'DeadLetterConfig', ['TargetArn']) },
    Description: text(properties, 'Description') ?? '',
    Environment: { Variables: variables(properties) },
    EphemeralStorage: { Size: (storage && number(storage, 'Size')) ?? 512 },
    Handler: text(properties, 'Handler'),
    Layers: texts(properties, 'Layers') ?? [],
    LoggingConfig: object(properties, 'LoggingConfig', LOGGING) ?? {},
    MemorySize: number(properties, 'MemorySize') ?? 128,
    Role: text(properties, 'Role'),
    Runtime: text(properties, 'Runtime') as Runtime | undefined,
    SnapStart: object(properties, 'SnapStart', ['ApplyOn']),
    Timeout: number(properties, 'Timeout') ?? 3,
    TracingConfig: { Mode: 'PassThrough', ...object(properties, 'TracingConfig', ['Mode']) },
  };
}

function variables(properties: Properties): Record<string, string> {
  const given = (object(properties, 'Environment', ['Variables'])?.Variables ?? {}) as Properties;
  return Object.fromEntries(Object.keys(given).map((name) => [name, text(given, name)!]));
}

function code(properties: Properties): FunctionCode {
  const given = object(properties, 'Code', CODE) ?? {};
  const source = text(given, 'ZipFile');
  return source === undefined ? given : { ...given, ZipFile: packInline(text(properties, 'Runtime'), source) };
}

async function reserve(context: ResourceContext, FunctionName: string, properties: Properties): Promise<void> {
  const { lambda } = context.peers;
  const ReservedConcurrentExecutions = number(properties, 'ReservedConcurrentExecutions');
  if (ReservedConcurrentExecutions === undefined) await lambda.DeleteFunctionConcurrency({ FunctionName });
  else await lambda.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions });
}
