/**
 * Template text to plain values: JSON, or YAML with CloudFormation's short forms (`!Ref`, `!Sub`). What the values mean
 * is left to `template.ts`. Source: CloudFormation user guide, "CloudFormation template formats".
 */
import type { CollectionTag, ScalarTag, Tags } from 'yaml';
import { formatError } from './errors';

/** Deepest nesting of objects and lists that is read. */
const DEPTH_LIMIT = 200;

/** Functions that have a short form in YAML; `Ref` and `Condition` are written without `Fn::`. */
const SHORT_FORMS = [
  'And',
  'Base64',
  'Cidr',
  'Condition',
  'Contains',
  'EachMemberEquals',
  'EachMemberIn',
  'Equals',
  'FindInMap',
  'GetAZs',
  'GetAtt',
  'GetStackOutput',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Ref',
  'RefAll',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
  'ValueOf',
  'ValueOfAll',
] as const;

/** YAML 1.1 types that CloudFormation leaves out; `merge` is `<<`. */
const LEFT_OUT = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp', 'merge']);

/** @throws AwsError ValidationError with CloudFormation's words and, for syntax errors, the place */
export function parseDocument(text: string): Record<string, unknown> {
  const value = /^\s*\{/.test(text) ? parseJson(text) : parseYaml(text);
  if (!isObject(value)) throw formatError('unsupported structure.');
  refuseNullsAndDepth(value, '', 0);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const offset = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw formatError(`JSON not well-formed.${place(text, offset === undefined ? text.length : Number(offset))}`);
  }
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return ` (line ${before.length}, column ${before[before.length - 1].length + 1})`;
}

function parseYaml(text: string): unknown {
  // Loaded late: most templates are JSON.
  const yaml = require('yaml') as typeof import('yaml');
  const options = { version: '1.1', customTags: tags(yaml), logLevel: 'silent', merge: false } as const;
  let document: ReturnType<typeof yaml.parseDocument>;
  try {
    document = yaml.parseDocument(text, options);
  } catch (error) {
    if (error instanceof RangeError) throw formatError('YAML not well-formed. (nested too deeply)');
    throw error;
  }
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) {
    const unknownTag = problem.code === 'TAG_RESOLVE_FAILED' ? ` ${problem.message.split(' at line')[0]}.` : '';
    throw formatError(`YAML not well-formed.${unknownTag}${place(text, problem.pos[0])}`);
  }
  yaml.visit(document, {
    Alias: () => {
      throw formatError('YAML aliases are not allowed in CloudFormation templates');
    },
    Pair: (_, { key }) => {
      const name = yaml.isScalar(key) ? key.value : key;
      if (typeof name !== 'string') throw formatError(`map keys must be strings; received [${String(name)}] instead`);
    },
  });
  return document.toJS();
}

function tags(yaml: typeof import('yaml')): (standard: Tags) => Tags {
  const short = SHORT_FORMS.flatMap((name): (ScalarTag | CollectionTag)[] => {
    const full = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
    const wrap = (node: unknown) => {
      const map = new yaml.YAMLMap();
      map.add(new yaml.Pair(new yaml.Scalar(full), node));
      return map;
    };
    return [
      { tag: `!${name}`, resolve: (text) => (name === 'GetAtt' ? attribute(text) : { [full]: text }) },
      { tag: `!${name}`, collection: 'seq', resolve: wrap },
      { tag: `!${name}`, collection: 'map', resolve: wrap },
    ];
  });
  return (standard) => [...standard.filter((tag) => typeof tag === 'object').flatMap(adapt), ...short];
}

/** A standard YAML 1.1 tag as CloudFormation reads it, or nothing. */
function adapt(tag: ScalarTag | CollectionTag): (ScalarTag | CollectionTag)[] {
  const name = tag.tag.replace('tag:yaml.org,2002:', '');
  if (LEFT_OUT.has(name) || tag.format === 'TIME') return [];
  // A leading zero with digits beyond 7 is text: account ids stay whole.
  if (name === 'int' && !tag.format) return [{ ...(tag as ScalarTag), test: /^[-+]?(?:0|[1-9][0-9_]*)$/ }];
  return [tag];
}

/** `!GetAtt Bucket.Arn`: all after the first dot is the attribute. */
function attribute(text: string): Record<string, unknown> {
  const dot = text.indexOf('.');
  return { 'Fn::GetAtt': dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)] };
}

function refuseNullsAndDepth(value: unknown, path: string, depth: number): void {
  if (value === null || value === undefined) throw formatError(`[${path}] 'null' values are not allowed in templates`);
  if (typeof value !== 'object') return;
  if (depth >= DEPTH_LIMIT) throw formatError(`[${path.slice(0, 200)}] is nested deeper than ${DEPTH_LIMIT} levels`);
  for (const [key, item] of Object.entries(value)) refuseNullsAndDepth(item, `${path}/${key}`, depth + 1);
}
