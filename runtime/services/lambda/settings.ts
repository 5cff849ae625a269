/**
 * The settings of a function: read from CreateFunction and UpdateFunctionConfiguration, checked with AWS's words, and
 * written back as `FunctionConfiguration`. What would change behaviour but is not acted on here is refused by name.
 * Source: Lambda API reference, "CreateFunction"; developer guide, "Lambda quotas" and "Environment variables".
 */
import type { CreateFunctionRequest, FunctionConfiguration, LoggingConfig } from '@aws-sdk/client-lambda';
import { parseArn } from '../../base/arn';
import { invalidParameter, invalidValue, unsupported } from './errors';
import { type FunctionName, functionArn, qualifiedArn } from './names';
import { checkRuntime } from './runtimes';
import { LATEST, type LayerUse, type Logging, type Settings, type VersionRow } from './state';

/** What both operations have in common. */
export type SettingsInput = Omit<CreateFunctionRequest, 'FunctionName' | 'Code' | 'Role'> & { Role?: string };

export const CODE_LIMITS = { zippedBytes: 52_428_800, unpackedBytes: 262_144_000, entries: 100_000 } as const;
const ENVIRONMENT_LIMIT = 4096;
const MOST_LAYERS = 5;

const RESERVED = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

/** Checks what needs no state and merges the request over `before`. Layers are resolved by the caller. */
export function readSettings(
  name: string,
  input: SettingsInput,
  before: Settings | undefined,
  layers: readonly LayerUse[],
): Settings {
  refuse(input);
  const runtime = input.Runtime ?? before?.Runtime;
  const handler = input.Handler ?? before?.Handler;
  const role = input.Role ?? before?.Role;
  if (!runtime) throw invalidParameter('Runtime is mandatory for functions created with deployment packages.');
  if (!handler) throw invalidParameter('Handler is mandatory for functions created with deployment packages.');
  if (input.Runtime && input.Runtime !== before?.Runtime) checkRuntime(runtime);
  if (!/^\S{1,128}$/.test(handler)) {
    throw invalidValue('handler', handler, 'Member must satisfy regular expression pattern: [^\\s]+');
  }
  checkRole(role);
  within('timeout', input.Timeout, 1, 900);
  within('memorySize', input.MemorySize, 128, 10_240);
  within('ephemeralStorage.size', input.EphemeralStorage?.Size, 512, 10_240);
  if ((input.Description?.length ?? 0) > 256) {
    throw invalidValue('description', input.Description, 'Member must have length less than or equal to 256');
  }
  const environment = input.Environment ? readEnvironment(input.Environment.Variables ?? {}) : before?.Environment;
  const target = input.DeadLetterConfig ? input.DeadLetterConfig.TargetArn : before?.DeadLetterTarget;
  return {
    Runtime: runtime,
    Handler: handler,
    Role: role!,
    Description: input.Description ?? before?.Description ?? '',
    Timeout: input.Timeout ?? before?.Timeout ?? 3,
    MemorySize: input.MemorySize ?? before?.MemorySize ?? 128,
    Architectures: checkArchitectures(input.Architectures) ?? before?.Architectures ?? ['x86_64'],
    EphemeralStorage: input.EphemeralStorage?.Size ?? before?.EphemeralStorage ?? 512,
    Environment: environment,
    Layers: layers,
    DeadLetterTarget: checkDeadLetterTarget(target),
    TracingMode: checkTracing(input.TracingConfig?.Mode) ?? before?.TracingMode ?? 'PassThrough',
    Logging: input.LoggingConfig
      ? readLogging(name, input.LoggingConfig)
      : (before?.Logging ?? { format: 'Text', group: `/aws/lambda/${name}` }),
  };
}

export function checkArchitectures(given: readonly string[] | undefined): readonly string[] | undefined {
  if (given === undefined) return undefined;
  if (given.length !== 1 || !['x86_64', 'arm64'].includes(given[0])) {
    const words = 'Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]';
    throw invalidValue('architectures', `[${given}]`, words);
  }
  return given;
}

export function checkLayerCount(given: readonly string[]): void {
  if (given.length > MOST_LAYERS) {
    throw invalidParameter(`You cannot reference more than ${MOST_LAYERS} layers in a function.`);
  }
}

/** Names each member that asks for something this runtime does not do. Explicit defaults pass. */
function refuse(input: SettingsInput): void {
  if (input.PackageType === 'Image') throw unsupported('PackageType Image', 'container images are not run');
  if (input.ImageConfig) throw unsupported('ImageConfig', 'container images are not run');
  if (input.VpcConfig?.SubnetIds?.length || input.VpcConfig?.SecurityGroupIds?.length) {
    throw unsupported('VpcConfig', 'there are no VPCs');
  }
  if (input.FileSystemConfigs?.length) throw unsupported('FileSystemConfigs', 'there are no shared file systems');
  if (input.KMSKeyArn) throw unsupported('KMSKeyArn', 'environment variables are not encrypted with customer keys');
  if (input.CodeSigningConfigArn) throw unsupported('CodeSigningConfigArn', 'signatures of code are not verified');
  if (input.SnapStart?.ApplyOn && input.SnapStart.ApplyOn !== 'None') {
    throw unsupported('SnapStart', 'processes are not snapshotted');
  }
  if (input.TenancyConfig) throw unsupported('TenancyConfig', 'tenants are not isolated');
  if (input.CapacityProviderConfig) throw unsupported('CapacityProviderConfig', 'there are no managed instances');
  if (input.DurableConfig) throw unsupported('DurableConfig', 'durable executions do not run');
  if (input.PublishTo) throw unsupported('PublishTo', 'only numbered versions and $LATEST exist');
}

function checkRole(role: string | undefined): void {
  if (!role || !/^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/.test(role)) {
    const pattern = 'arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+';
    throw invalidValue('role', role, `Member must satisfy regular expression pattern: ${pattern}`);
  }
}

function within(member: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value < least) throw invalidValue(member, value, `Member must have value greater than or equal to ${least}`);
  if (value > most) throw invalidValue(member, value, `Member must have value less than or equal to ${most}`);
}

function readEnvironment(variables: Readonly<Record<string, string>>): Settings['Environment'] {
  for (const name of Object.keys(variables)) {
    if (!/^[a-zA-Z]\w+$/.test(name) && !RESERVED.has(name)) {
      const words =
        'Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]';
      throw invalidValue('environment.variables', '***', words);
    }
  }
  const reserved = Object.keys(variables).filter((name) => RESERVED.has(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > ENVIRONMENT_LIMIT) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.',
    );
  }
  return Object.keys(variables).length > 0 ? variables : undefined;
}

function checkTracing(mode: string | undefined): Settings['TracingMode'] | undefined {
  if (mode === undefined || mode === 'Active' || mode === 'PassThrough') return mode;
  throw invalidValue('tracingConfig.mode', mode, 'Member must satisfy enum value set: [Active, PassThrough]');
}

function checkDeadLetterTarget(target: string | undefined): string | undefined {
  if (!target) return undefined;
  const service = parseArn(target)?.service;
  if (service !== 'sqs' && service !== 'sns')
    throw invalidParameter(`The provided dead letter queue target is invalid: ${target}`);
  return target;
}

const APPLICATION_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const SYSTEM_LEVELS = ['DEBUG', 'INFO', 'WARN'];

function readLogging(name: string, config: LoggingConfig): Logging {
  const format = config.LogFormat ?? 'Text';
  if (format !== 'Text' && format !== 'JSON') {
    throw invalidValue('loggingConfig.logFormat', format, 'Member must satisfy enum value set: [JSON, Text]');
  }
  const group = config.LogGroup ?? `/aws/lambda/${name}`;
  if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(group)) {
    throw invalidValue(
      'loggingConfig.logGroup',
      group,
      'Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+',
    );
  }
  if (format === 'Text') {
    if (config.ApplicationLogLevel || config.SystemLogLevel) {
      throw invalidParameter('To set the log level, the log format must be JSON.');
    }
    return { format, group };
  }
  const { ApplicationLogLevel: application = 'INFO', SystemLogLevel: system = 'INFO' } = config;
  if (!APPLICATION_LEVELS.includes(application)) {
    const words = `Member must satisfy enum value set: [${APPLICATION_LEVELS.join(', ')}]`;
    throw invalidValue('loggingConfig.applicationLogLevel', application, words);
  }
  if (!SYSTEM_LEVELS.includes(system)) {
    const words = `Member must satisfy enum value set: [${SYSTEM_LEVELS.join(', ')}]`;
    throw invalidValue('loggingConfig.systemLogLevel', system, words);
  }
  return { format, group, applicationLevel: application, systemLevel: system };
}

/** A version as `GetFunctionConfiguration` shows it. @param shown the name with the qualifier that the request used */
export function describe(shown: FunctionName, row: VersionRow): FunctionConfiguration {
  const { settings, code } = row;
  const { Logging: logging } = settings;
  return {
    FunctionName: shown.name,
    FunctionArn: qualifiedArn(shown),
    Runtime: settings.Runtime as FunctionConfiguration['Runtime'],
    Role: settings.Role,
    Handler: settings.Handler,
    CodeSize: code.blob.sizeBytes,
    Description: settings.Description,
    Timeout: settings.Timeout,
    MemorySize: settings.MemorySize,
    LastModified: new Date(row.modifiedAt).toISOString().replace('Z', '+0000'),
    CodeSha256: code.sha256,
    Version: row.version,
    DeadLetterConfig: settings.DeadLetterTarget ? { TargetArn: settings.DeadLetterTarget } : undefined,
    Environment: settings.Environment ? { Variables: { ...settings.Environment } } : undefined,
    TracingConfig: { Mode: settings.TracingMode },
    MasterArn: row.version === LATEST ? undefined : `${functionArn(shown)}:${LATEST}`,
    RevisionId: row.revisionId,
    Layers: settings.Layers.length
      ? settings.Layers.map((layer) => ({ Arn: layer.arn, CodeSize: layer.sizeBytes }))
      : undefined,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [...settings.Architectures] as FunctionConfiguration['Architectures'],
    EphemeralStorage: { Size: settings.EphemeralStorage },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    RuntimeVersionConfig: undefined,
    LoggingConfig: {
      LogFormat: logging.format,
      ApplicationLogLevel: logging.applicationLevel as LoggingConfig['ApplicationLogLevel'],
      SystemLogLevel: logging.systemLevel as LoggingConfig['SystemLogLevel'],
      LogGroup: logging.group,
    },
  };
}
