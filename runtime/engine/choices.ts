/** Rules of Choice states. Source: Step Functions developer guide, "Choice workflow state", comparison operators. */
import { readJsonPath, valueAt } from './jsonpath';
import { wildcard } from './pattern';

type Fields = Readonly<Record<string, unknown>>;

const time = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : Number.NaN);

/** Comparisons of two values, by what stands before `Equals`, `LessThan` and so on. */
const kinds: Readonly<Record<string, (a: unknown, b: unknown) => number | undefined>> = {
  String: (a, b) => (typeof a === 'string' && typeof b === 'string' ? (a < b ? -1 : a > b ? 1 : 0) : undefined),
  Numeric: (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : undefined),
  Timestamp: (a, b) => (Number.isNaN(time(a)) || Number.isNaN(time(b)) ? undefined : time(a) - time(b)),
  Boolean: (a, b) => (typeof a === 'boolean' && typeof b === 'boolean' ? Number(a) - Number(b) : undefined),
};

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  Equals: (order) => order === 0,
  LessThan: (order) => order < 0,
  LessThanEquals: (order) => order <= 0,
  GreaterThan: (order) => order > 0,
  GreaterThanEquals: (order) => order >= 0,
};

const tests: Readonly<Record<string, (value: unknown) => boolean>> = {
  IsPresent: (value) => value !== undefined,
  IsNull: (value) => value === null,
  IsString: (value) => typeof value === 'string',
  IsNumeric: (value) => typeof value === 'number',
  IsBoolean: (value) => typeof value === 'boolean',
  IsTimestamp: (value) => !Number.isNaN(time(value)),
};

/** Whether a rule fits. One that compares what is not there, or of another type, does not. */
export function choose(rule: Fields, input: unknown, context: Fields): boolean {
  const at = (path: unknown) => {
    const text = String(path);
    const inContext = text.startsWith('$$');
    const steps = readJsonPath(inContext ? text.slice(1) : text);
    return steps && valueAt(inContext ? context : input, steps);
  };
  const inner = (rules: unknown) => (Array.isArray(rules) ? rules : []) as Fields[];
  if (rule.And !== undefined) return inner(rule.And).every((one) => choose(one, input, context));
  if (rule.Or !== undefined) return inner(rule.Or).some((one) => choose(one, input, context));
  if (rule.Not !== undefined) return !choose(rule.Not as Fields, input, context);
  const value = at(rule.Variable);
  const [name = '', wanted] =
    Object.entries(rule).find(([key]) => !['Variable', 'Next', 'Comment', 'Assign', 'Output'].includes(key)) ?? [];
  if (Object.hasOwn(tests, name)) return tests[name](value) === wanted;
  if (name === 'StringMatches') return typeof value === 'string' && wildcard(String(wanted))(value);
  const [, kind = '', order = '', byPath] = /^(String|Numeric|Timestamp|Boolean)(\w+?)(Path)?$/.exec(name) ?? [];
  const compared = kinds[kind]?.(value, byPath ? at(wanted) : wanted);
  return compared !== undefined && (orders[order]?.(compared) ?? false);
}
