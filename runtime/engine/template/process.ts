/**
 * A template with its parameters decided: rules hold, conditions have their truth, and what remains is the resources
 * that will be, with who waits for whom.
 */
import { invalid, templateError } from './errors';
import { type Environment, evaluate } from './evaluate';
import type { OutputReference } from './functions';
import { truth } from './functions';
import type { ParameterValues } from './parameters';
import { type Conditions, type Dependencies, dependencies, type PseudoParameter, refuseMissing } from './references';
import type { ResourceDefinition, Template } from './template';

export type PseudoValues = Readonly<Record<Exclude<PseudoParameter, 'AWS::NoValue'>, string | readonly string[]>>;

export interface Processed {
  readonly template: Template;
  readonly parameters: ParameterValues;
  readonly pseudo: PseudoValues;
  readonly conditions: Conditions;
  /** Those whose condition holds, as written in the template. */
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  readonly dependencies: Dependencies;
}

/** What lies outside the template: the stack's resources as they are, other stacks' outputs. */
export interface Outside {
  /** `UNKNOWN` for what is not made yet. */
  ref(id: string): unknown;
  attribute(id: string, name: string): unknown;
  imported(name: string): unknown;
  output(reference: OutputReference): unknown;
}

const nothingOutside: Outside = {
  ref: (id) => refuseMissing(new Set([id]), 'Resources'),
  attribute: (id) => refuseMissing(new Set([id]), 'Resources'),
  imported: () => undefined,
  output: () => undefined,
};

/** @throws AwsError ValidationError: an assertion that fails, resources in a circle */
export function processTemplate(template: Template, parameters: ParameterValues, pseudo: PseudoValues): Processed {
  const conditions = new Map<string, boolean>();
  const logic = { ...environment({ template, parameters, pseudo }, nothingOutside, conditions), logical: true };
  const pending = new Set<string>();
  const condition = (name: string): boolean => {
    const known = conditions.get(name);
    if (known !== undefined) return known;
    if (!template.conditions.has(name)) throw templateError(`unresolved condition ${name}`);
    if (pending.has(name)) throw invalid(`Circular dependency between conditions: [${[...pending].join(', ')}]`);
    pending.add(name);
    const value = truth(
      evaluate(template.conditions.get(name), { ...logic, condition }),
      `condition ${name} is not a boolean`,
    );
    pending.delete(name);
    conditions.set(name, value);
    return value;
  };
  for (const name of template.conditions.keys()) condition(name);
  checkRules(template, { ...logic, condition });
  const resources = new Map(
    [...template.resources].filter(([, { condition: name }]) => name === undefined || conditions.get(name)),
  );
  return { template, parameters, pseudo, conditions, resources, dependencies: dependencies(resources, conditions) };
}

/** The environment in which values of a processed template are evaluated. */
export function environmentOf(processed: Processed, outside: Outside): Environment {
  const active = (id: string) => processed.resources.has(id) || refuseMissing(new Set([id]), 'Resources');
  return environment(
    processed,
    {
      ...outside,
      ref: (id) => active(id) && outside.ref(id),
      attribute: (id, name) => active(id) && outside.attribute(id, name),
    },
    processed.conditions,
  );
}

function environment(
  { template, parameters, pseudo }: Pick<Processed, 'template' | 'parameters' | 'pseudo'>,
  outside: Outside,
  conditions: Conditions,
): Environment {
  return {
    ...outside,
    region: String(pseudo['AWS::Region']),
    parameter: (name) =>
      parameters.get(name) ?? (Object.hasOwn(pseudo, name) ? pseudo[name as keyof PseudoValues] : undefined),
    condition: (name) => conditions.get(name) ?? false,
    mapped: (map, first, second) => template.mappings.get(map)?.get(first)?.get(second),
  };
}

function checkRules(template: Template, logic: Environment): void {
  for (const [name, { RuleCondition, Assertions }] of template.rules) {
    const holds = (value: unknown) => truth(evaluate(value, logic), `rule ${name} must evaluate to true or false`);
    if (RuleCondition !== undefined && !holds(RuleCondition)) continue;
    const failed = Assertions.find(({ Assert }) => !holds(Assert));
    if (failed) throw invalid(`Rule ${name} failed: ${failed.AssertDescription ?? JSON.stringify(failed.Assert)}`);
  }
}
