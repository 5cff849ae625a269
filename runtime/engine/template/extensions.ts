/**
 * What the transform `AWS::LanguageExtensions` does to a template before anything else reads it: loops are written out,
 * policies of resources that are computed get their value. Its functions `Fn::Length` and `Fn::ToJsonString` are left
 * standing; they are applied with all others. Source: CloudFormation user guide, "AWS::LanguageExtensions transform".
 */
import { invalid } from './errors';
import { type Environment, evaluate, UNKNOWN } from './evaluate';
import type { ParameterValues } from './parameters';
import { isObject } from './parse';

export const LANGUAGE_EXTENSIONS = 'AWS::LanguageExtensions';
export const INCLUDE = 'AWS::Include';

type Document = Readonly<Record<string, unknown>>;

/** Names in `Transform`, in their order. */
export function transformsIn({ Transform }: Document): string[] {
  if (Transform === undefined) return [];
  return [Transform].flat().map((entry) => String(isObject(entry) ? entry.Name : entry));
}

/** What can be known of values before there is a template: parameters, pseudo parameters and mappings. */
export function earlyEnvironment(document: Document, values: ParameterValues): Environment {
  const mappings = isObject(document.Mappings) ? document.Mappings : {};
  const member = (value: unknown, key: string) =>
    isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return {
    region: String(values.get('AWS::Region') ?? ''),
    parameter: (name) => values.get(name),
    condition: (name) => {
      throw failed(`Fn::If on ${name} could not be resolved`);
    },
    ref: () => UNKNOWN,
    attribute: () => UNKNOWN,
    mapped: (map, first, second) => member(member(member(mappings, map), first), second),
    imported: () => UNKNOWN,
    output: () => UNKNOWN,
  };
}

function failed(why: string): Error {
  return invalid(`Transform ${LANGUAGE_EXTENSIONS} failed with: ${why}`);
}

/** Most members that the loops of one template may make together. */
const MEMBERS_LIMIT = 10_000;

interface Expansion {
  readonly environment: Environment;
  /** Whether a collection that is not known yet is an error; else its loop is left out. */
  readonly strict: boolean;
  readonly names: Set<string>;
  members: number;
}

/** @param strict whether `values` are all there are: for a deployment, not for a look at a template */
export function expand(document: Document, values: ParameterValues, strict: boolean): Record<string, unknown> {
  if (!transformsIn(document).includes(LANGUAGE_EXTENSIONS)) return document;
  const expansion = { environment: earlyEnvironment(document, values), strict, names: new Set<string>(), members: 0 };
  const expanded: Record<string, unknown> = {};
  for (const [name, section] of Object.entries(document)) {
    const written = ['Conditions', 'Resources', 'Outputs'].includes(name) && isObject(section);
    expanded[name] = written ? loops(section, expansion) : section;
  }
  const resources = expanded.Resources;
  if (isObject(resources)) for (const resource of Object.values(resources)) settlePolicies(resource, expansion);
  return expanded;
}

const LOOP = /^Fn::ForEach::(.+)$/;

/** A value with its loops written out, however deep they are. */
function loops(value: unknown, expansion: Expansion): unknown {
  if (Array.isArray(value)) return value.map((item) => loops(item, expansion));
  if (!isObject(value)) return value;
  const members: Record<string, unknown> = {};
  const put = (key: string, item: unknown) => {
    if (Object.hasOwn(members, key)) throw failed(`Fn::ForEach: duplicate key ${key}`);
    if (++expansion.members > MEMBERS_LIMIT) throw failed(`Fn::ForEach: more than ${MEMBERS_LIMIT} members`);
    members[key] = item;
  };
  for (const [key, item] of Object.entries(value)) {
    const name = LOOP.exec(key)?.[1];
    if (name === undefined) put(key, loops(item, expansion));
    else for (const [made, copy] of turns(name, item, expansion)) put(made, copy);
  }
  return members;
}

/** The members that a loop makes. */
function turns(name: string, loop: unknown, expansion: Expansion): [string, unknown][] {
  const [identifier, collection, body] = Array.isArray(loop) && loop.length === 3 ? loop : [];
  if (typeof identifier !== 'string' || !/^[A-Za-z0-9]+$/.test(identifier) || !isObject(body)) {
    throw failed(`Fn::ForEach layout is incorrect: ${name}`);
  }
  const items = itemsOf(collection, expansion);
  if (items === undefined) {
    if (expansion.strict) throw failed(`Fn::ForEach could not be resolved: the collection of ${name} is not a list`);
    return [];
  }
  return items.flatMap((item) => Object.entries(loops(substituted(body, identifier, item), expansion) as Document));
}

function itemsOf(collection: unknown, { environment }: Expansion): string[] | undefined {
  const values = [evaluate(collection, environment)].flat().map((value) => value ?? UNKNOWN);
  if (!values.every((value) => ['string', 'number', 'boolean'].includes(typeof value))) return undefined;
  return Array.isArray(evaluate(collection, environment)) ? values.map(String) : undefined;
}

/** A loop's body in one turn: `${Name}` and `Ref` to it mean the item, `&{Name}` its letters and digits. */
function substituted(value: unknown, identifier: string, item: string): unknown {
  const inText = (text: string) =>
    text.replaceAll(`\${${identifier}}`, item).replaceAll(`&{${identifier}}`, item.replace(/[^A-Za-z0-9]/g, ''));
  const visit = (inner: unknown): unknown => {
    if (typeof inner === 'string') return inText(inner);
    if (Array.isArray(inner)) return inner.map(visit);
    if (!isObject(inner)) return inner;
    const entries = Object.entries(inner);
    if (entries.length === 1 && inner.Ref === identifier) return item;
    return Object.fromEntries(entries.map(([key, member]) => [inText(key), visit(member)]));
  };
  return visit(value);
}

function settlePolicies(resource: unknown, { environment, strict }: Expansion): void {
  if (!isObject(resource)) return;
  for (const name of ['DeletionPolicy', 'UpdateReplacePolicy']) {
    if (!isObject(resource[name])) continue;
    const value = evaluate(resource[name], environment);
    if (typeof value === 'string') resource[name] = value;
    else if (strict) throw failed(`${name} could not be resolved`);
    else delete resource[name];
  }
}
