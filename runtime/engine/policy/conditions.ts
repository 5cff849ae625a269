/**
 * The `Condition` element: every operator, its `...IfExists` form, and the set operators for multivalued keys.
 * Sources: IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys".
 */
import type { Matcher } from '../pattern';
import { contains, parseAddress, parseBlock } from './addresses';
import { arnLike, compileText, exact, exactIgnoringCase, type Kind, type Lookup, like, type Test } from './text';

export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  /** As written; keys are compared without regard to case. */
  readonly key: string;
  readonly values: readonly string[];
  holds(lookup: Lookup): boolean;
}

/** An operator without `ForAllValues:`, `ForAnyValue:` and `IfExists`. */
interface Operator {
  readonly negated?: boolean;
  /** Compiles one policy value; undefined when the operator cannot compare with it. */
  compile(value: string, variables: boolean): Test | undefined;
}

const text = (kind: Kind, wildcards: boolean, negated = false): Operator => ({
  negated,
  compile: (value, variables) => compileText(value, kind, variables, wildcards),
});

/** Operators on parsed values: variables and wildcards mean nothing to them. */
function parsed<T>(parse: (value: string) => T | undefined, compare: (actual: T, wanted: T) => boolean): Operator {
  return {
    compile(value): Matcher | undefined {
      const wanted = parse(value);
      if (wanted === undefined) return undefined;
      return (given) => {
        const actual = parse(given);
        return actual !== undefined && compare(actual, wanted);
      };
    },
  };
}

function number(value: string): number | undefined {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

const DATE = /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;

/** Seconds since the epoch: "ISO 8601 date formats" or "epoch (UNIX) time". */
function date(value: string): number | undefined {
  if (/^\d{9,}(\.\d+)?$/.test(value)) return Number(value);
  const match = DATE.exec(value);
  if (!match) return undefined;
  const zoned = match[3] && !match[6] ? `${value}Z` : value;
  const ms = Date.parse(zoned.replace(/([+-]\d{2})(\d{2})$/, (whole, h, m) => (match[3] ? `${h}:${m}` : whole)));
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

function bool(value: string): boolean | undefined {
  const lower = value.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

function binary(value: string): string | undefined {
  return /^[A-Za-z0-9+/\s]*=*\s*$/.test(value) ? Buffer.from(value, 'base64').toString('base64') : undefined;
}

const equal = <T>(a: T, b: T): boolean => a === b;
const ipAddress: Operator = {
  compile(value): Matcher | undefined {
    const block = parseBlock(value);
    if (!block) return undefined;
    return (given) => {
      const address = parseAddress(given);
      return address !== undefined && contains(block, address);
    };
  },
};
const not = (operator: Operator): Operator => ({ ...operator, negated: true });

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: text(exact, false),
  StringNotEquals: text(exact, false, true),
  StringEqualsIgnoreCase: text(exactIgnoringCase, false),
  StringNotEqualsIgnoreCase: text(exactIgnoringCase, false, true),
  StringLike: text(like, true),
  StringNotLike: text(like, true, true),
  NumericEquals: parsed(number, equal),
  NumericNotEquals: not(parsed(number, equal)),
  NumericLessThan: parsed(number, (a, b) => a < b),
  NumericLessThanEquals: parsed(number, (a, b) => a <= b),
  NumericGreaterThan: parsed(number, (a, b) => a > b),
  NumericGreaterThanEquals: parsed(number, (a, b) => a >= b),
  DateEquals: parsed(date, equal),
  DateNotEquals: not(parsed(date, equal)),
  DateLessThan: parsed(date, (a, b) => a < b),
  DateLessThanEquals: parsed(date, (a, b) => a <= b),
  DateGreaterThan: parsed(date, (a, b) => a > b),
  DateGreaterThanEquals: parsed(date, (a, b) => a >= b),
  Bool: parsed(bool, equal),
  BinaryEquals: parsed(binary, equal),
  IpAddress: ipAddress,
  NotIpAddress: not(ipAddress),
  // "ArnEquals and ArnLike behave identically."
  ArnEquals: text(arnLike, true),
  ArnLike: text(arnLike, true),
  ArnNotEquals: text(arnLike, true, true),
  ArnNotLike: text(arnLike, true, true),
};

/** All operators, for documents and findings. */
export const operatorNames: readonly string[] = [...Object.keys(operators), 'Null'];

const NAME = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/;

/** Whether IAM knows an operator of this name. */
export function isOperator(name: string): boolean {
  if (name === 'Null') return true;
  const base = NAME.exec(name)?.[2];
  return base !== undefined && Object.hasOwn(operators, base);
}

/**
 * Compiles one key of one operator.
 * @returns the first value that the operator cannot compare with, when there is one
 */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): Condition | { readonly badValue: string } {
  const lowerKey = key.toLowerCase();
  const written = { operator, key, values };
  if (operator === 'Null') {
    const bad = values.find((value) => bool(value) === undefined);
    if (bad !== undefined) return { badValue: bad };
    const wanted = values.map(bool);
    return { ...written, holds: (lookup) => wanted.includes(isAbsent(lookup(lowerKey))) };
  }
  const [, quantifier, base, ifExists] = NAME.exec(operator)!;
  const { negated = false, compile } = operators[base];
  const tests: Test[] = [];
  for (const value of values) {
    const test = compile(value, variables);
    if (!test) return { badValue: value };
    tests.push(test);
  }
  const matches = (value: string, lookup: Lookup): boolean => {
    for (const test of tests) if (test(value, lookup)) return !negated;
    return negated;
  };
  /** What an absent key means. */
  const otherwise =
    ifExists !== undefined || quantifier === 'ForAllValues' || (negated && quantifier !== 'ForAnyValue');
  // A plain operator on a multivalued key: one match is a match, and a negated operator is its negation.
  const every = quantifier === 'ForAllValues' || (quantifier === undefined && negated);
  return {
    ...written,
    holds(lookup) {
      const value = lookup(lowerKey);
      if (isAbsent(value)) return otherwise;
      if (typeof value === 'string') return matches(value, lookup) || (value === '' && quantifier === 'ForAllValues');
      return every ? value!.every((one) => matches(one, lookup)) : value!.some((one) => matches(one, lookup));
    },
  };
}

function isAbsent(value: string | readonly string[] | undefined): boolean {
  return value === undefined || (typeof value !== 'string' && value.length === 0);
}
