/**
 * Who refers to whom in a template: every name must lead somewhere, and resources must not wait for one another in a
 * circle. Works on values as written; what is known of conditions decides which branch of an `Fn::If` counts.
 */
import { formatError, invalid, templateError } from './errors';
import { callOf, checkCall } from './functions';
import { isObject } from './parse';
import type { ResourceDefinition, Template } from './template';

export const PSEUDO_PARAMETERS = [
  'AWS::AccountId',
  'AWS::NotificationARNs',
  'AWS::NoValue',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
] as const;
export type PseudoParameter = (typeof PSEUDO_PARAMETERS)[number];
const pseudo: ReadonlySet<string> = new Set(PSEUDO_PARAMETERS);

/** Truth of a condition, where it is known. */
export type Conditions = ReadonlyMap<string, boolean>;

interface Walk {
  /** Sees each function call, outer before inner. */
  visit(name: string, argument: unknown): void;
  /** In conditions and rules `Condition` is a function. */
  readonly logical?: boolean;
  /** Given: only the branch that is taken counts; where the condition is unknown, none. */
  readonly conditions?: Conditions;
}

function walk(value: unknown, how: Walk): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, how);
  } else if (isObject(value)) {
    const call = callOf(value, how.logical);
    if (!call) {
      for (const item of Object.values(value)) walk(item, how);
      return;
    }
    how.visit(call.name, call.argument);
    if (call.name === 'Fn::If' && how.conditions) {
      const [condition, yes, no] = call.argument as [string, unknown, unknown];
      const truth = how.conditions.get(condition);
      if (truth !== undefined) walk(truth ? yes : no, how);
    } else {
      walk(call.argument, how);
    }
  }
}

/** The pieces of an `Fn::Sub` text: literal strings, and names in `${…}`. */
export function pieces(text: string): (string | { readonly name: string })[] {
  const found: (string | { readonly name: string })[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    found.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const name = match[1].trim();
    // `${!Literal}` stands for `${Literal}`.
    if (name.startsWith('!')) found.push(`\${${name.slice(1)}}`);
    else if (/^[\w.:/-]+$/.test(name)) found.push({ name });
    else {
      throw templateError(
        'variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
      );
    }
  }
  found.push(text.slice(end));
  return found;
}

interface Target {
  readonly id: string;
  /** Present for attributes, though empty when it is computed. */
  readonly attribute?: string;
}

/** What a call refers to by name: a resource or its attribute, a parameter. Nothing for other functions. */
function targets(name: string, argument: unknown): Target[] {
  if (name === 'Ref') return [{ id: argument as string }];
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = typeof argument === 'string' ? split(argument) : (argument as [unknown, unknown]);
    return typeof id === 'string' ? [{ id, attribute: typeof attribute === 'string' ? attribute : '' }] : [];
  }
  if (name !== 'Fn::Sub') return [];
  const [text, variables = {}] = [argument].flat() as [string, object?];
  return pieces(text).flatMap((piece) => {
    if (typeof piece === 'string' || Object.hasOwn(variables, piece.name)) return [];
    const [id, attribute] = split(piece.name);
    return [{ id, attribute }];
  });
}

function split(name: string): [id: string, attribute?: string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** @throws AwsError for names that lead nowhere and for functions of the wrong name or shape */
export function checkReferences(template: Template): void {
  for (const value of template.conditions.values()) checkLogic(template, value, 'Conditions');
  for (const { RuleCondition, Assertions } of template.rules.values()) {
    checkLogic(template, [RuleCondition ?? [], Assertions], 'Rules');
  }
  const missing = new Set<string>();
  for (const { properties, metadata, dependsOn, condition } of template.resources.values()) {
    checkValue(template, [properties, metadata ?? {}], missing);
    for (const id of dependsOn) if (!template.resources.has(id)) missing.add(id);
    checkCondition(template, condition, 'Resources');
  }
  refuseMissing(missing, 'Resources');
  for (const { value, exportName, condition } of template.outputs.values()) {
    checkValue(template, [value, exportName ?? ''], missing);
    checkCondition(template, condition, 'Outputs');
  }
  refuseMissing(missing, 'Outputs');
}

export function refuseMissing(missing: ReadonlySet<string>, block: 'Resources' | 'Outputs'): void {
  if (missing.size === 0) return;
  throw formatError(
    `Unresolved resource dependencies [${[...missing].join(', ')}] in the ${block} block of the template`,
  );
}

function checkCondition(template: Template, name: string | undefined, block: string): void {
  if (name !== undefined && !template.conditions.has(name)) {
    throw formatError(`Unresolved condition dependency ${name} in the ${block} block of the template`);
  }
}

function checkValue(template: Template, value: unknown, missing: Set<string>): void {
  walk(value, {
    visit(name, argument) {
      checkCall(name, argument, template.transforms);
      if (name === 'Fn::If' && !template.conditions.has((argument as [string])[0])) {
        throw templateError(`unresolved condition dependency ${(argument as [string])[0]} in Fn::If`);
      }
      checkMap(template, name, argument);
      checkImport(name, argument);
      for (const { id, attribute } of targets(name, argument)) {
        if (template.resources.has(id)) continue;
        if (name === 'Fn::GetAtt') throw templateError(`instance of Fn::GetAtt references undefined resource ${id}`);
        if (attribute !== undefined || !(template.parameters.has(id) || pseudo.has(id))) missing.add(id);
      }
    },
  });
}

function checkMap(template: Template, name: string, argument: unknown): void {
  const map = name === 'Fn::FindInMap' ? (argument as unknown[])[0] : undefined;
  if (typeof map === 'string' && !template.mappings.has(map)) {
    throw templateError(`Mapping named '${map}' is not present in the 'Mappings' section of template.`);
  }
}

/** An import is looked up before anything is made, so its name cannot hang on what is made. */
function checkImport(outer: string, argument: unknown): void {
  if (outer !== 'Fn::ImportValue') return;
  walk(argument, {
    visit(name) {
      if (['Fn::GetAtt', 'Fn::ImportValue', 'Fn::GetAZs', 'Fn::GetStackOutput'].includes(name)) {
        throw templateError(
          'the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs',
        );
      }
    },
  });
}

function checkLogic(template: Template, value: unknown, block: 'Conditions' | 'Rules'): void {
  walk(value, {
    logical: true,
    visit(name, argument) {
      checkCall(name, argument, template.transforms);
      checkMap(template, name, argument);
      if (['Fn::GetAtt', 'Fn::ImportValue', 'Fn::GetStackOutput'].includes(name)) {
        throw templateError(`Cannot use ${name} in ${block}.`);
      }
      const condition = name === 'Condition' ? argument : name === 'Fn::If' ? (argument as unknown[])[0] : undefined;
      if (typeof condition === 'string') checkCondition(template, condition, block);
      for (const { id } of targets(name, argument)) {
        if (template.parameters.has(id) || pseudo.has(id)) continue;
        throw formatError(
          `Unresolved dependencies [${id}]. Cannot reference resources in the ${block} block of the template`,
        );
      }
    },
  });
}

/** Resources that `definition` waits for, among `active` ones. */
function dependenciesOf(
  definition: ResourceDefinition,
  active: ReadonlyMap<string, ResourceDefinition>,
  conditions: Conditions,
): Set<string> {
  const found = new Set(definition.dependsOn.filter((id) => active.has(id)));
  walk([definition.properties, definition.metadata ?? {}], {
    conditions,
    visit(name, argument) {
      for (const { id } of targets(name, argument)) if (active.has(id)) found.add(id);
    },
  });
  return found;
}

export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * @param conditions those that are known; a branch of an unknown one is left out
 * @throws AwsError Circular dependency between resources
 */
export function dependencies(active: ReadonlyMap<string, ResourceDefinition>, conditions: Conditions): Dependencies {
  const graph = new Map([...active].map(([id, definition]) => [id, dependenciesOf(definition, active, conditions)]));
  const circle = circleIn(graph);
  if (circle.length > 0) throw invalid(`Circular dependency between resources: [${circle.join(', ')}]`);
  return graph;
}

/** The nodes that lie on circles: what remains when nodes without successors, then without predecessors, are taken away. */
export function circleIn(graph: Dependencies): string[] {
  const rest = new Map([...graph].map(([id, next]) => [id, new Set(next)]));
  const prune = () => {
    let leaves = [...rest].filter(([, next]) => next.size === 0);
    while (leaves.length > 0) {
      for (const [id] of leaves) rest.delete(id);
      for (const next of rest.values()) for (const [id] of leaves) next.delete(id);
      leaves = [...rest].filter(([, next]) => next.size === 0);
    }
  };
  prune();
  const reversed = new Map([...rest.keys()].map((id) => [id, new Set<string>()]));
  for (const [id, next] of rest) for (const other of next) reversed.get(other)?.add(id);
  rest.clear();
  for (const [id, previous] of reversed) rest.set(id, previous);
  prune();
  return [...rest.keys()];
}

/** Attributes that a value as written asks for by name. */
export function attributesIn(value: unknown): { readonly id: string; readonly attribute: string }[] {
  const found: { id: string; attribute: string }[] = [];
  walk(value, {
    visit(name, argument) {
      for (const { id, attribute } of targets(name, argument)) if (attribute) found.push({ id, attribute });
    },
  });
  return found;
}

/** Which of `ids` a value as written refers to: `A`, or `A.Arn` for an attribute. */
export function referencedIn(value: unknown, ids: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  walk(value, {
    visit(name, argument) {
      for (const { id, attribute } of targets(name, argument))
        if (ids.has(id)) found.add(attribute ? `${id}.${attribute}` : id);
    },
  });
  return [...found];
}
