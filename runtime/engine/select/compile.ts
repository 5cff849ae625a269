/**
 * Expressions as functions of a row, made once per query: no row looks at the tree. What a name stands for is the
 * binding's to say. Nothing is known of what is reckoned with something that is not known.
 */
import { ACCUMULATORS, type Accumulator } from './aggregates';
import type { Binding, Evaluate } from './binding';
import { cast } from './cast';
import { selectError } from './errors';
import { functionNamed } from './functions';
import { compileLike } from './like';
import { negate, OPERATIONS } from './operators';
import type { Expression } from './syntax';
import { equals, isList, isUnknown, MISSING, type Value } from './values';

export interface Scope<Row> {
  readonly binding: Binding<Row>;
  /** Milliseconds, for UTCNOW. */
  readonly now: number;
  /** What is to be told of every row that is selected; filled while compiling. */
  readonly aggregates: { readonly operand?: Evaluate<Row>; readonly into: Accumulator }[];
}

type Kind<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

export function compile<Row>(expression: Expression, scope: Scope<Row>): Evaluate<Row> {
  const within = (inner: Expression) => compile(inner, scope);
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'list': {
      const items = expression.items.map(within);
      return (row) => items.map((item) => item(row));
    }
    case 'path':
      return scope.binding.path(expression.steps);
    case 'plus':
    case 'minus': {
      const operand = within(expression.operand);
      const keep = expression.kind === 'plus';
      return known(operand, (value) => (keep ? negate(negate(value)) : negate(value)));
    }
    case 'not': {
      const operand = condition(within(expression.operand));
      return (row) => {
        const value = operand(row);
        return value === null ? null : !value;
      };
    }
    case 'binary':
      return compileBinary(expression, within);
    case 'between':
      return compileBetween(expression, within);
    case 'in':
      return compileIn(expression, within);
    case 'like':
      return compileLikeExpression(expression, within);
    case 'is': {
      const operand = within(expression.operand);
      const { negated } = expression;
      return expression.what === 'null'
        ? (row) => isUnknown(operand(row)) !== negated
        : (row) => (operand(row) === MISSING) !== negated;
    }
    case 'case':
      return compileCase(expression, within);
    case 'cast': {
      const { type } = expression;
      return known(within(expression.operand), (value) => cast(value, type));
    }
    case 'call':
      return compileCall(expression, within, scope.now);
    case 'aggregate': {
      const into = ACCUMULATORS[expression.name]();
      scope.aggregates.push({ operand: expression.operand && within(expression.operand), into });
      return () => into.result();
    }
  }
}

type Within<Row> = (inner: Expression) => Evaluate<Row>;

function known<Row>(operand: Evaluate<Row>, of: (value: Value) => Value): Evaluate<Row> {
  return (row) => {
    const value = operand(row);
    return isUnknown(value) ? null : of(value);
  };
}

/** Holds, does not hold, or nobody knows. */
export function condition<Row>(operand: Evaluate<Row>): (row: Row) => boolean | null {
  return (row) => {
    const value = operand(row);
    if (typeof value === 'boolean') return value;
    if (isUnknown(value)) return null;
    throw selectError('ExternalEvalException');
  };
}

function compileBinary<Row>({ operator, left, right }: Kind<'binary'>, within: Within<Row>): Evaluate<Row> {
  const [a, b] = [within(left), within(right)];
  if (operator === 'and' || operator === 'or') {
    const decides = operator === 'or';
    const [first, second] = [condition(a), condition(b)];
    return (row) => {
      const one = first(row);
      if (one === decides) return one;
      const other = second(row);
      return other === decides || one !== null ? other : null;
    };
  }
  const operation = OPERATIONS[operator];
  return (row) => {
    const x = a(row);
    if (isUnknown(x)) return null;
    const y = b(row);
    return isUnknown(y) ? null : operation(x, y);
  };
}

function compileBetween<Row>({ operand, low, high, negated }: Kind<'between'>, within: Within<Row>): Evaluate<Row> {
  const [value, least, most] = [within(operand), within(low), within(high)];
  return (row) => {
    const x = value(row);
    const a = least(row);
    const b = most(row);
    if (isUnknown(x) || isUnknown(a) || isUnknown(b)) return null;
    return (OPERATIONS['>='](x, a) && OPERATIONS['<='](x, b)) !== negated;
  };
}

function compileIn<Row>({ operand, list, negated }: Kind<'in'>, within: Within<Row>): Evaluate<Row> {
  const value = within(operand);
  const texts = textsOf(list);
  if (texts) return known(value, (x) => (typeof x === 'string' && texts.has(x)) !== negated);
  const items = within(list);
  return (row) => {
    const x = value(row);
    const among = items(row);
    if (isUnknown(x) || isUnknown(among)) return null;
    if (!isList(among)) throw selectError('ExternalEvalException');
    if (among.some((item) => !isUnknown(item) && equals(x, item))) return !negated;
    return among.some(isUnknown) ? null : negated;
  };
}

/** A list that is all texts is looked up, however long it is. */
function textsOf(list: Expression): ReadonlySet<string> | undefined {
  if (list.kind !== 'list') return undefined;
  const texts = new Set<string>();
  for (const item of list.items) {
    if (item.kind !== 'literal' || typeof item.value !== 'string') return undefined;
    texts.add(item.value);
  }
  return texts;
}

function compileLikeExpression<Row>(
  { operand, pattern, escape: escaping, negated }: Kind<'like'>,
  within: Within<Row>,
): Evaluate<Row> {
  const [value, wanted, escaped] = [within(operand), within(pattern), escaping && within(escaping)];
  let latest: { readonly pattern: string; readonly escape?: string; matches(text: string): boolean } | undefined;
  return (row) => {
    const x = value(row);
    const p = wanted(row);
    const e = escaped?.(row);
    if (isUnknown(x) || isUnknown(p) || (e !== undefined && isUnknown(e))) return null;
    if (typeof x !== 'string' || typeof p !== 'string' || (e !== undefined && typeof e !== 'string'))
      throw selectError('LikeInvalidInputs');
    if (!latest || latest.pattern !== p || latest.escape !== e)
      latest = { pattern: p, escape: e, matches: compileLike(p, e) };
    return latest.matches(x) !== negated;
  };
}

function compileCase<Row>({ operand, branches, otherwise }: Kind<'case'>, within: Within<Row>): Evaluate<Row> {
  const subject = operand && within(operand);
  const compiled = branches.map(({ when, result }) => ({ when: within(when), result: within(result) }));
  const last = otherwise ? within(otherwise) : () => null;
  if (!subject) {
    const conditions = compiled.map(({ when, result }) => ({ holds: condition(when), result }));
    return (row) => {
      for (const { holds, result } of conditions) if (holds(row)) return result(row);
      return last(row);
    };
  }
  return (row) => {
    const value = subject(row);
    if (!isUnknown(value))
      for (const { when, result } of compiled) {
        const wanted = when(row);
        if (!isUnknown(wanted) && equals(value, wanted)) return result(row);
      }
    return last(row);
  };
}

function compileCall<Row>({ name, part = '', args }: Kind<'call'>, within: Within<Row>, now: number): Evaluate<Row> {
  const { call, seesUnknown } = functionNamed(name);
  const compiled = args.map(within);
  return (row) => {
    const values = compiled.map((arg) => arg(row));
    if (!seesUnknown && values.some(isUnknown)) return null;
    return call(values, part, now);
  };
}
