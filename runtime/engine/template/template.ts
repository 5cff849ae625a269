/**
 * A template as the rest of the runtime sees it: sections checked and typed, names in maps, references known to lead
 * somewhere. Values inside stay as they were written; `evaluate.ts` gives them meaning. Left out: macros, and transforms
 * but the two of `extensions.ts`, which are refused by name. Source: CloudFormation user guide, "Template reference" and "CloudFormation quotas".
 */
import { formatError, invalid } from './errors';
import { expand, INCLUDE, LANGUAGE_EXTENSIONS, transformsIn } from './extensions';
import type { ParameterValues } from './parameters';
import { isObject, parseDocument } from './parse';
import { checkReferences } from './references';

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate' | 'Snapshot';

export interface ParameterDefinition {
  readonly Type: string;
  readonly Default?: unknown;
  readonly NoEcho?: unknown;
  readonly AllowedValues?: readonly unknown[];
  readonly AllowedPattern?: string;
  readonly MinLength?: number | string;
  readonly MaxLength?: number | string;
  readonly MinValue?: number | string;
  readonly MaxValue?: number | string;
  readonly Description?: string;
  readonly ConstraintDescription?: string;
}

export interface Rule {
  readonly RuleCondition?: unknown;
  readonly Assertions: readonly { readonly Assert: unknown; readonly AssertDescription?: string }[];
}

export interface ResourceDefinition {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly deletionPolicy?: DeletionPolicy;
  readonly updateReplacePolicy?: DeletionPolicy;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** `CreationPolicy` and `UpdatePolicy`, when written. */
  readonly policies: readonly string[];
  readonly creationPolicy?: unknown;
}

export interface OutputDefinition {
  readonly value: unknown;
  readonly description?: string;
  readonly condition?: string;
  readonly exportName?: unknown;
}

export interface Template {
  /** Names of the transforms that it asks for. */
  readonly transforms: readonly string[];
  readonly description?: string;
  readonly metadata?: unknown;
  readonly parameters: ReadonlyMap<string, ParameterDefinition>;
  /** By map name, first key, second key. */
  readonly mappings: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, unknown>>>;
  readonly conditions: ReadonlyMap<string, unknown>;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  readonly outputs: ReadonlyMap<string, OutputDefinition>;
}

const SECTIONS = new Set([
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Mappings',
  'Conditions',
  'Rules',
  'Transform',
  'Resources',
  'Outputs',
  'Hooks',
]);
const PARAMETER_MEMBERS = new Set([
  'Type',
  'Default',
  'NoEcho',
  'AllowedValues',
  'AllowedPattern',
  'MinLength',
  'MaxLength',
  'MinValue',
  'MaxValue',
  'Description',
  'ConstraintDescription',
]);
const RESOURCE_MEMBERS = new Set([
  'Type',
  'Properties',
  'DependsOn',
  'Condition',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Metadata',
  'CreationPolicy',
  'UpdatePolicy',
  // Accepted and unused by CloudFormation; seen in templates that other tools write.
  'Description',
  'Version',
]);
const OUTPUT_MEMBERS = new Set(['Value', 'Description', 'Condition', 'Export']);
const POLICIES: readonly unknown[] = ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'];

const LIMITS = { Parameters: 200, Mappings: 200, Resources: 500, Outputs: 200 };
const DESCRIPTION_LIMIT_BYTES = 1024;

/** Resource types that keep a final snapshot. Source: CloudFormation user guide, "DeletionPolicy attribute". */
const SNAPSHOT_TYPES = new Set([
  'AWS::DocDB::DBCluster',
  'AWS::EC2::Volume',
  'AWS::ElastiCache::CacheCluster',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::Neptune::DBCluster',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::Redshift::Cluster',
]);

/**
 * Reads template text as far as it goes without values of its parameters: their defaults stand in, loops over anything
 * else are left out.
 * @throws AwsError ValidationError in CloudFormation's words
 */
export function readTemplate(text: string): Template {
  const document = parseDocument(text);
  const defaults = [...readParameters(document)].flatMap(([name, { Type, Default }]): [string, string | string[]][] => {
    if (Default === undefined) return [];
    return [[name, isListType(Type) ? String(Default).split(',') : String(Default)]];
  });
  return templateIn(expand(document, new Map(defaults), false));
}

export function isListType(type: string): boolean {
  return /^(CommaDelimitedList|List<.*>)$/.test(type);
}

/** What a template declares, which is read before its transforms are applied. */
export function readParameters(document: Readonly<Record<string, unknown>>): Map<string, ParameterDefinition> {
  return section(document, 'Parameters', parameter);
}

/** Reads a document for a deployment. @param values of its parameters and of the pseudo parameters */
export function templateFor(document: Readonly<Record<string, unknown>>, values: ParameterValues): Template {
  return templateIn(expand(document, values, true));
}

function templateIn(document: Record<string, unknown>): Template {
  const unknown = Object.keys(document).filter((name) => !SECTIONS.has(name));
  if (unknown.length > 0) throw invalid(`Invalid template property or properties [${unknown.join(', ')}]`);
  const transforms = transformsIn(document);
  refuseTransforms(document, transforms);
  if ((document.AWSTemplateFormatVersion ?? '2010-09-09') !== '2010-09-09') {
    throw formatError('unsupported value for AWSTemplateFormatVersion.');
  }
  const template: Template = {
    transforms,
    description: description(document.Description),
    metadata: document.Metadata,
    parameters: readParameters(document),
    mappings: section(document, 'Mappings', mapping),
    conditions: section(document, 'Conditions', (_, value) => value),
    rules: section(document, 'Rules', rule),
    resources: section(document, 'Resources', resource),
    outputs: section(document, 'Outputs', output),
  };
  if (template.resources.size === 0) throw formatError('At least one Resources member must be defined.');
  checkReferences(template);
  return template;
}

function refuseTransforms(document: Record<string, unknown>, transforms: readonly string[]): void {
  const strange = transforms.filter((name) => name !== LANGUAGE_EXTENSIONS && name !== INCLUDE);
  const macro = strange.find((name) => !name.startsWith('AWS::'));
  if (macro !== undefined) throw invalid(`No transform named ${macro} found.`);
  if (strange.length > 0) throw invalid(`Transforms are not supported by this runtime: [${strange.join(', ')}]`);
  if (document.Hooks !== undefined) throw invalid('The Hooks section is not supported by this runtime.');
}

function description(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw formatError('Description must be a string.');
  if (Buffer.byteLength(value) > DESCRIPTION_LIMIT_BYTES) {
    throw formatError(`'Description' length is greater than ${DESCRIPTION_LIMIT_BYTES}.`);
  }
  return value;
}

function section<T>(
  document: Readonly<Record<string, unknown>>,
  name: string,
  read: (key: string, value: unknown) => T,
): Map<string, T> {
  const members = document[name] ?? {};
  if (!isObject(members)) throw formatError(`[/${name}] must be an object.`);
  const entries = Object.entries(members);
  const limit = LIMITS[name as keyof typeof LIMITS];
  if (limit && entries.length > limit) {
    throw formatError(`Number of ${name.toLowerCase()}, ${entries.length}, is greater than maximum allowed, ${limit}`);
  }
  const strange = entries.find(([key]) => !/^[A-Za-z0-9]{1,255}$/.test(key));
  if (strange) throw formatError(`${name.replace(/s$/, '')} name ${strange[0]} is non alphanumeric.`);
  return new Map(entries.map(([key, value]) => [key, read(key, value)]));
}

function parameter(name: string, value: unknown): ParameterDefinition {
  if (!isObject(value)) throw formatError('Every Parameters member must be an object.');
  refuseMembers(value, PARAMETER_MEMBERS, 'parameter');
  if (typeof value.Type !== 'string') throw formatError('Every Parameters object must contain a Type member.');
  if (!isParameterType(value.Type)) throw formatError(`Unrecognized parameter type: ${value.Type}`);
  if (value.AllowedValues !== undefined && !Array.isArray(value.AllowedValues)) {
    throw formatError('Every AllowedValues value must be a list.');
  }
  if (value.Default !== undefined && typeof value.Default === 'object') {
    throw formatError('Every Default member must be a string.');
  }
  if (value.AllowedPattern !== undefined) pattern(name, value.AllowedPattern);
  for (const member of ['MinLength', 'MaxLength', 'MinValue', 'MaxValue'] as const) {
    if (value[member] !== undefined && !Number.isFinite(Number(value[member]))) {
      throw formatError(`The value of ${member} of parameter ${name} must be a number.`);
    }
  }
  return value as unknown as ParameterDefinition;
}

function pattern(name: string, value: unknown): void {
  try {
    new RegExp(String(value));
  } catch {
    throw formatError(`The AllowedPattern of parameter ${name} is not a valid regular expression.`);
  }
}

const AWS_VALUE_TYPES =
  /^AWS::EC2::(AvailabilityZone::Name|Image::Id|Instance::Id|KeyPair::KeyName|SecurityGroup::(GroupName|Id)|Subnet::Id|Volume::Id|VPC::Id)$|^AWS::Route53::HostedZone::Id$/;

export function isParameterType(type: string): boolean {
  const stored = /^AWS::SSM::Parameter::Value<(.*)>$/.exec(type)?.[1];
  if (stored !== undefined) return isParameterType(stored) && !stored.startsWith('AWS::SSM::') && stored !== 'Number';
  const member = /^List<(.*)>$/.exec(type)?.[1];
  if (member !== undefined) return ['String', 'Number'].includes(member) || AWS_VALUE_TYPES.test(member);
  return (
    ['String', 'Number', 'CommaDelimitedList', 'AWS::SSM::Parameter::Name'].includes(type) || AWS_VALUE_TYPES.test(type)
  );
}

function mapping(name: string, value: unknown): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  if (!isObject(value)) throw formatError(`Every Mappings member ${name} must be a map`);
  return new Map(
    Object.entries(value).map(([first, entry]) => {
      if (!isObject(entry)) throw formatError(`Every Mappings attribute must be a String or a List.`);
      return [first, new Map(Object.entries(entry))];
    }),
  );
}

function rule(name: string, value: unknown): Rule {
  const fits = isObject(value) && Array.isArray(value.Assertions) && value.Assertions.length > 0;
  if (!fits) throw formatError(`Rule ${name} must contain a list of Assertions.`);
  for (const assertion of value.Assertions as unknown[]) {
    if (!isObject(assertion) || assertion.Assert === undefined) {
      throw formatError(`Every assertion of rule ${name} must contain an Assert member.`);
    }
  }
  return value as unknown as Rule;
}

function resource(name: string, value: unknown): ResourceDefinition {
  if (!isObject(value)) throw formatError('Every Resources member must be an object.');
  refuseMembers(value, RESOURCE_MEMBERS, 'resource');
  if (typeof value.Type !== 'string') throw formatError('Every Resources object must contain a Type member.');
  if (!/^(Custom::[\w@-]{1,60}|[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE)?)$/.test(value.Type)) {
    throw formatError(`Unrecognized resource types: [${value.Type}]`);
  }
  const properties = value.Properties ?? {};
  if (!isObject(properties)) throw formatError('Every Properties member must be an object.');
  const dependsOn = [value.DependsOn ?? []].flat();
  if (!dependsOn.every((id): id is string => typeof id === 'string')) {
    throw formatError('DependsOn must be a string or list of strings.');
  }
  if (value.Condition !== undefined && typeof value.Condition !== 'string') {
    throw formatError(`Every Condition member must be a string.`);
  }
  if (value.Metadata !== undefined && !isObject(value.Metadata)) {
    throw formatError(`Every Metadata member must be an object.`);
  }
  return {
    type: value.Type,
    properties,
    dependsOn,
    condition: value.Condition as string | undefined,
    deletionPolicy: policy(name, value, 'DeletionPolicy'),
    updateReplacePolicy: policy(name, value, 'UpdateReplacePolicy'),
    metadata: value.Metadata as Record<string, unknown> | undefined,
    policies: ['CreationPolicy', 'UpdatePolicy'].filter((member) => value[member] !== undefined),
    creationPolicy: value.CreationPolicy,
  };
}

function policy(name: string, resource: Record<string, unknown>, member: string): DeletionPolicy | undefined {
  const value = resource[member];
  if (value === undefined) return undefined;
  if (!POLICIES.includes(value) || (value === 'RetainExceptOnCreate' && member === 'UpdateReplacePolicy')) {
    throw formatError(`Unrecognized ${member} ${String(value)} for resource ${name}`);
  }
  if (value === 'Snapshot' && !SNAPSHOT_TYPES.has(String(resource.Type))) {
    throw formatError(`Resource type ${resource.Type} does not support deletion policy Snapshot`);
  }
  return value as DeletionPolicy;
}

function output(name: string, value: unknown): OutputDefinition {
  if (!isObject(value)) throw formatError('Every Outputs member must be an object.');
  refuseMembers(value, OUTPUT_MEMBERS, 'output');
  if (value.Value === undefined) throw formatError(`Every Outputs member must contain a Value object`);
  if (value.Export !== undefined && !(isObject(value.Export) && value.Export.Name !== undefined)) {
    throw formatError(
      `Output ${name} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens.`,
    );
  }
  return {
    value: value.Value,
    description: value.Description as string | undefined,
    condition: value.Condition as string | undefined,
    exportName: (value.Export as Record<string, unknown> | undefined)?.Name,
  };
}

function refuseMembers(value: Record<string, unknown>, known: ReadonlySet<string>, kind: string): void {
  const strange = Object.keys(value).find((name) => !known.has(name));
  if (strange) throw invalid(`Invalid template ${kind} property '${strange}'`);
}
