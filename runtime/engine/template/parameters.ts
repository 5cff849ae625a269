/**
 * Parameters: which values a deployment has, and whether they satisfy the template. Values from the SSM parameter
 * store are fetched by the caller between `chooseParameters` and `resolveParameters`.
 * Source: CloudFormation user guide, "CloudFormation template Parameters syntax".
 */
import { matchesInTime } from '../../base/expression';
import { formatError, invalid } from './errors';
import type { ParameterDefinition } from './template';

type Declared = { readonly parameters: ReadonlyMap<string, ParameterDefinition> };

/** As given: text for every parameter, lists joined with commas. */
export type Choice = ReadonlyMap<string, string>;
/** As `Ref` answers. */
export type ParameterValues = ReadonlyMap<string, string | readonly string[]>;

/**
 * @param given from the caller
 * @param previous of the stack's last deployment, for those that the caller wants kept
 * @throws AwsError ValidationError for unknown, missing and unfit values
 */
export function chooseParameters(
  template: Declared,
  given: ReadonlyMap<string, string | { readonly usePrevious: true }>,
  previous: Choice = new Map(),
): Choice {
  const strange = [...given.keys()].filter((name) => !template.parameters.has(name));
  if (strange.length > 0) throw invalid(`Parameters: [${strange.join(', ')}] do not exist in the template`);
  const chosen = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, definition] of template.parameters) {
    const wish = given.get(name);
    const fallback = definition.Default === undefined ? undefined : String(definition.Default);
    const value = typeof wish === 'string' ? wish : wish ? previous.get(name) : fallback;
    if (value === undefined) missing.push(name);
    else chosen.set(name, value);
  }
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(', ')}] must have values`);
  for (const [name, value] of chosen) checkValue(name, value, template.parameters.get(name)!);
  return chosen;
}

/** Type of the value behind an `AWS::SSM::Parameter::Value<…>`; undefined for other types. */
function storedType(type: string): string | undefined {
  return /^AWS::SSM::Parameter::Value<(.*)>$/.exec(type)?.[1];
}

/** Names in the SSM parameter store that stand behind parameters, by parameter. */
export function storedParameters(template: Declared, chosen: Choice): Map<string, string> {
  return new Map([...chosen].filter(([name]) => storedType(template.parameters.get(name)!.Type) !== undefined));
}

/** @param stored values from the SSM parameter store, by template parameter */
export function resolveParameters(template: Declared, chosen: Choice, stored: Choice): ParameterValues {
  return new Map(
    [...chosen].map(([name, value]) => {
      const { Type } = template.parameters.get(name)!;
      const isList = /^(CommaDelimitedList|List<.*>)$/.test(storedType(Type) ?? Type);
      const text = storedType(Type) === undefined ? value : stored.get(name)!;
      return [name, isList ? listIn(text) : text];
    }),
  );
}

export function isNoEcho(definition: ParameterDefinition): boolean {
  return String(definition.NoEcho) === 'true';
}

function listIn(text: string): string[] {
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}

function checkValue(name: string, value: string, definition: ParameterDefinition): void {
  const items = /^(CommaDelimitedList|List<.*>)$/.test(definition.Type) ? listIn(value) : [value];
  const numeric = definition.Type === 'Number' || definition.Type === 'List<Number>';
  for (const item of items) {
    if (numeric && (item === '' || !Number.isFinite(Number(item)))) {
      throw formatError(`Parameter '${name}' must be a number.`);
    }
    const broken = brokenConstraint(item, definition);
    if (broken) throw unfit(name, definition, broken);
  }
}

function unfit(name: string, definition: ParameterDefinition, broken: string) {
  const { ConstraintDescription } = definition;
  if (ConstraintDescription) return invalid(`Parameter ${name} failed to satisfy constraint: ${ConstraintDescription}`);
  return invalid(`Parameter '${name}' ${broken}`);
}

function brokenConstraint(value: string, definition: ParameterDefinition): string | undefined {
  const { AllowedValues, AllowedPattern, MinLength, MaxLength, MinValue, MaxValue } = definition;
  if (AllowedValues && !AllowedValues.some((allowed) => String(allowed) === value)) {
    return 'must be one of AllowedValues';
  }
  if (AllowedPattern !== undefined && !matchesInTime(new RegExp(`^(?:${AllowedPattern})$`), value)) {
    return `must match pattern ${AllowedPattern}`;
  }
  if (MinLength !== undefined && value.length < Number(MinLength))
    return `must contain at least ${MinLength} characters`;
  if (MaxLength !== undefined && value.length > Number(MaxLength))
    return `must contain at most ${MaxLength} characters`;
  if (MinValue !== undefined && Number(value) < Number(MinValue)) return `must be a number not less than ${MinValue}`;
  if (MaxValue !== undefined && Number(value) > Number(MaxValue))
    return `must be a number not greater than ${MaxValue}`;
  return undefined;
}
