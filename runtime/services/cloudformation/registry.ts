/**
 * What AWS's registry says of every resource type: properties, which of them are required or replace the resource,
 * attributes, primary identifier. It is `@aws-cdk/aws-service-spec` (Apache-2.0), made into a small index by the build,
 * for the whole takes half a second to load. Whether this runtime acts on a type is not its business.
 *
 *     node runtime/dist/services/cloudformation/registry.js      writes the index, when it is not of this version yet
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Definitions, definitionsOf, type SpecProperties, violations } from './shapes';

export interface RegisteredType {
  readonly properties: readonly string[];
  readonly required: readonly string[];
  /** A change replaces the resource. */
  readonly createOnly: readonly string[];
  /** A change may replace the resource: it hangs on the value. */
  readonly conditional: readonly string[];
  /** What `Fn::GetAtt` answers, with the kind of value; nested ones with dots. */
  readonly attributes: ReadonlyMap<string, AttributeKind>;
  /** Properties (nested ones with slashes) or attributes. */
  readonly identifier: readonly string[];
  /** `arn:${Partition}:ecr:${Region}:${Account}:repository/${RepositoryName}` */
  readonly arn?: string;
  /** What is wrong with the shape of evaluated properties, in CloudFormation's words. */
  faultsOf(properties: object): string[];
}

export type AttributeKind = 'text' | 'list' | 'number' | 'flag' | 'object';

/** @returns undefined for a type that AWS does not have */
export function registeredType(type: string): RegisteredType | undefined {
  index ??= readIndex();
  const entry = Object.hasOwn(index.types, type) ? index.types[type] : undefined;
  if (!entry) return undefined;
  const read = known.get(type) ?? readEntry(entry);
  known.set(type, read);
  return read;
}

export function registeredTypes(): readonly string[] {
  index ??= readIndex();
  return Object.keys(index.types);
}

// ---- The index ----------------------------------------------------------------------------------------------------

/** As written: names apart by spaces, each property with marks behind it, each attribute with its kind. */
interface Entry {
  readonly properties: string;
  readonly attributes: string;
  readonly identifier: string;
  readonly arn?: string;
  /** JSON of the definitions, which few types are ever asked for. */
  readonly shapes: string;
}

interface Index {
  readonly version: string;
  readonly types: Readonly<Record<string, Entry>>;
}

const MARKS = { required: '*', createOnly: '!', conditional: '?' } as const;
const KINDS: Readonly<Record<string, AttributeKind>> = {
  array: 'list',
  integer: 'number',
  number: 'number',
  boolean: 'flag',
  ref: 'object',
  map: 'object',
  json: 'object',
};

let index: Index | undefined;
const known = new Map<string, RegisteredType>();

/** The index stands among the built files, wherever this runs. */
const path = __dirname.split(sep).includes('dist')
  ? join(__dirname, 'registry.json')
  : join(__dirname, '../../dist/services/cloudformation/registry.json');

function readIndex(): Index {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function readEntry({ properties, attributes, identifier, arn, shapes }: Entry): RegisteredType {
  const words = (text: string) => (text === '' ? [] : text.split(' '));
  const marked = words(properties).map((word) => ({ name: word.replace(/[*!?]+$/, ''), word }));
  const having = (mark: string) => marked.filter(({ word }) => word.includes(mark)).map(({ name }) => name);
  let definitions: Definitions | undefined;
  return {
    properties: marked.map(({ name }) => name),
    required: having(MARKS.required),
    createOnly: having(MARKS.createOnly),
    conditional: having(MARKS.conditional),
    attributes: new Map(words(attributes).map((word) => word.split(':') as [string, AttributeKind])),
    identifier: words(identifier),
    arn,
    faultsOf(given) {
      definitions ??= JSON.parse(shapes) as Definitions;
      return violations(definitions, given);
    },
  };
}

// ---- Making it ----------------------------------------------------------------------------------------------------

/** As much of the package as is read here. */
interface Resource {
  readonly cloudFormationType: string;
  readonly properties: SpecProperties & Readonly<Record<string, { causesReplacement?: 'yes' | 'no' | 'maybe' }>>;
  readonly attributes: Readonly<Record<string, { type: { type: string } }>>;
  readonly primaryIdentifier?: readonly string[];
  readonly arnTemplate?: string;
}

interface Spec {
  all(entity: 'resource'): Iterable<Resource>;
  get(entity: 'typeDefinition', id: string): { readonly properties: SpecProperties };
}

function makeEntry(spec: Spec, { properties, attributes, primaryIdentifier = [], arnTemplate }: Resource): Entry {
  const marks = ({ required, causesReplacement }: Resource['properties'][string]) =>
    `${required ? MARKS.required : ''}${causesReplacement === 'yes' ? MARKS.createOnly : causesReplacement === 'maybe' ? MARKS.conditional : ''}`;
  return {
    properties: Object.entries(properties)
      .map(([name, property]) => `${name}${marks(property)}`)
      .join(' '),
    attributes: Object.entries(attributes)
      .map(([name, { type }]) => `${name}:${KINDS[type.type] ?? 'text'}`)
      .join(' '),
    identifier: primaryIdentifier.join(' '),
    arn: arnTemplate,
    shapes: JSON.stringify(definitionsOf(properties, (id) => spec.get('typeDefinition', id).properties)),
  };
}

function makeIndex(): void {
  const made = require('@aws-cdk/aws-service-spec/package.json') as { version: string };
  const version = `${made.version}, with shapes`;
  if (existsSync(path) && readIndex().version === version) return;
  const spec: Spec = require('@aws-cdk/aws-service-spec').loadAwsServiceSpecSync();
  const resources = [...spec.all('resource')];
  const types = Object.fromEntries(resources.map((one) => [one.cloudFormationType, makeEntry(spec, one)]));
  writeFileSync(path, JSON.stringify({ version, types }));
}

if (require.main === module) makeIndex();
