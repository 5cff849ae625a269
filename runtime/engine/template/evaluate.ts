/**
 * What a written value means: intrinsic functions applied, `AWS::NoValue` taken out of lists and objects. Where a
 * resource is not there yet, its name and attributes are `UNKNOWN`, and so is all that is made of them: a change set
 * is computed with the same code as a deployment.
 */
import { templateError } from './errors';
import { applyCall, callOf, type Surroundings, text, wordsOf } from './functions';
import { isObject } from './parse';
import { pieces } from './references';

/** A value that is only known once the resource that it comes from has been made. */
export const UNKNOWN = Symbol('known after apply');
const NO_VALUE = Symbol('AWS::NoValue');

export interface Environment extends Surroundings {
  /** Value of a parameter or pseudo parameter; undefined when there is none of that name. */
  parameter(name: string): string | readonly string[] | undefined;
  /** @throws AwsError when there is no such condition */
  condition(name: string): boolean;
  /** What `Ref` answers for a resource, or `UNKNOWN`. @throws AwsError when the resource is not part of the stack */
  ref(id: string): unknown;
  attribute(id: string, name: string): unknown;
  /** Whether `Condition` is a function: in conditions and rules. */
  readonly logical?: boolean;
}

/** @returns undefined when the value is `AWS::NoValue` */
export function evaluate(value: unknown, environment: Environment): unknown {
  const result = compute(value, environment);
  return result === NO_VALUE ? undefined : result;
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isObject(value) && Object.values(value).some(containsUnknown);
}

function compute(value: unknown, environment: Environment): unknown {
  if (Array.isArray(value)) return value.map((item) => compute(item, environment)).filter((item) => item !== NO_VALUE);
  if (!isObject(value)) return value;
  const call = callOf(value, environment.logical);
  if (call) return apply(call.name, call.argument, environment);
  const members = Object.entries(value).map(([key, item]) => [key, compute(item, environment)] as const);
  return Object.fromEntries(members.filter(([, item]) => item !== NO_VALUE));
}

function apply(name: string, argument: unknown, environment: Environment): unknown {
  switch (name) {
    case 'Ref':
      return reference(argument as string, environment);
    case 'Condition':
      return environment.condition(argument as string);
    case 'Fn::GetAtt':
      return attribute(argument, environment);
    case 'Fn::Sub':
      return substitute(argument, environment);
    case 'Fn::If': {
      const [condition, yes, no] = argument as [string, unknown, unknown];
      return compute(environment.condition(condition) ? yes : no, environment);
    }
    default: {
      const operand = compute(argument, environment);
      return containsUnknown(operand) ? UNKNOWN : applyCall(name, operand, environment);
    }
  }
}

function reference(name: string, environment: Environment): unknown {
  if (name === 'AWS::NoValue') return NO_VALUE;
  return environment.parameter(name) ?? environment.ref(name);
}

function attribute(argument: unknown, environment: Environment): unknown {
  const [id, ...names] = typeof argument === 'string' ? argument.split('.') : (argument as unknown[]);
  const written = typeof argument === 'string' ? names.join('.') : compute(names[0], environment);
  return environment.attribute(String(id), text(written, wordsOf('Fn::GetAtt')));
}

function substitute(argument: unknown, environment: Environment): unknown {
  const [template, written = {}] = [argument].flat() as [string, Record<string, unknown>?];
  const variables = compute(written, environment) as Record<string, unknown>;
  let result = '';
  for (const piece of pieces(template)) {
    if (typeof piece === 'string') {
      result += piece;
      continue;
    }
    const value = Object.hasOwn(variables, piece.name) ? variables[piece.name] : named(piece.name, environment);
    if (containsUnknown(value)) return UNKNOWN;
    result += text(value, `Fn::Sub expression does not resolve to a string: \${${piece.name}}`);
  }
  return result;
}

function named(name: string, environment: Environment): unknown {
  const dot = name.indexOf('.');
  if (dot > 0) return environment.attribute(name.slice(0, dot), name.slice(dot + 1));
  const value = reference(name, environment);
  if (value === NO_VALUE) throw templateError('AWS::NoValue cannot stand in an Fn::Sub text');
  return value;
}
