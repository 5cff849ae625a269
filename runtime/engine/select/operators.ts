/** Arithmetic and comparison of known values; what is unknown makes the result unknown before it comes here. */
import { selectError } from './errors';
import type { BinaryOperator } from './syntax';
import { compare, Decimal, decimalOf, equals, integer, isNumber, type Value } from './values';

type Operation = (a: Value, b: Value) => Value;

const numeric =
  (
    whole: (a: bigint, b: bigint) => bigint,
    decimal: (a: Decimal, b: Decimal) => Decimal,
    float: (a: number, b: number) => number,
  ): Operation =>
  (a, b) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return integer(whole(a, b));
    if (!isNumber(a) || !isNumber(b)) throw selectError('ExternalEvalException');
    if (typeof a === 'number' || typeof b === 'number') return finite(float(Number(a), Number(b)));
    return decimal(decimalOf(a), decimalOf(b));
  };

function finite(value: number): number {
  if (!Number.isFinite(value)) throw selectError('ExternalEvalException');
  return value;
}

/** A division by nothing has no result. */
const divisor = <T extends bigint | Decimal | number>(value: T): T => {
  if (value instanceof Decimal ? value.isZero() : Number(value) === 0) throw selectError('ExternalEvalException');
  return value;
};

const ordered =
  (holds: (order: number) => boolean): Operation =>
  (a, b) => {
    const order = compare(a, b);
    if (order === undefined) throw selectError('ExternalEvalException');
    return holds(order);
  };

export const OPERATIONS: Readonly<Record<Exclude<BinaryOperator, 'and' | 'or'>, Operation>> = {
  '+': numeric(
    (a, b) => a + b,
    (a, b) => a.plus(b),
    (a, b) => a + b,
  ),
  '-': numeric(
    (a, b) => a - b,
    (a, b) => a.minus(b),
    (a, b) => a - b,
  ),
  '*': numeric(
    (a, b) => a * b,
    (a, b) => a.times(b),
    (a, b) => a * b,
  ),
  '/': numeric(
    (a, b) => a / divisor(b),
    (a, b) => a.dividedBy(divisor(b)),
    (a, b) => a / divisor(b),
  ),
  '%': numeric(
    (a, b) => a % divisor(b),
    (a, b) => a.modulo(divisor(b)),
    (a, b) => a % divisor(b),
  ),
  '||': (a, b) => {
    if (typeof a !== 'string' || typeof b !== 'string') throw selectError('ExternalEvalException');
    return a + b;
  },
  '=': (a, b) => equals(a, b),
  '<>': (a, b) => !equals(a, b),
  '<': ordered((order) => order < 0),
  '>': ordered((order) => order > 0),
  '<=': ordered((order) => order <= 0),
  '>=': ordered((order) => order >= 0),
};

export function negate(value: Value): Value {
  if (typeof value === 'bigint') return integer(-value);
  if (typeof value === 'number') return -value;
  if (value instanceof Decimal) return value.negated();
  throw selectError('ExternalEvalException');
}
