/**
 * Values of a query and how they compare. Integers are bigints of 8 bytes, decimals have 38 digits, floats are numbers.
 * Source: S3 user guide, "Data types". Only values of one kind have an order; values of different kinds are not equal.
 */
import { Decimal as ArbitraryDecimal } from 'decimal.js';
import { selectError } from './errors';
import { compareTimestamps, Timestamp } from './timestamp';

/** No value at all, where `null` is one that is not known. */
export const MISSING = Symbol('missing');

/** "A base-10 number, with a maximum precision of 38." */
export const Decimal = ArbitraryDecimal.clone({ precision: 38, toExpNeg: -40, toExpPos: 40 });
export type Decimal = ArbitraryDecimal;

export type Struct = ReadonlyMap<string, Value>;

export type Value =
  | typeof MISSING
  | null
  | boolean
  | bigint
  | number
  | Decimal
  | string
  | Timestamp
  | readonly Value[]
  | Struct;

export const isUnknown = (value: Value): value is null | typeof MISSING => value === null || value === MISSING;

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

export const isStruct = (value: Value): value is Struct => value instanceof Map;

export const isNumber = (value: Value): value is bigint | number | Decimal =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof Decimal;

const LEAST_INTEGER = -(2n ** 63n);
const MOST_INTEGER = 2n ** 63n - 1n;

/** @throws AwsError IntegerOverflow */
export function integer(value: bigint): bigint {
  if (value > MOST_INTEGER || value < LEAST_INTEGER) throw selectError('IntegerOverflow');
  return value;
}

/** A number as it is written: whole ones are integers while they fit, the rest are decimals. */
export function numberOf(text: string): bigint | Decimal {
  if (text.length < 19 && !text.includes('.') && !text.includes('e') && !text.includes('E')) return BigInt(text);
  if (/^-?\d{1,19}$/.test(text)) {
    const whole = BigInt(text);
    if (whole <= MOST_INTEGER && whole >= LEAST_INTEGER) return whole;
  }
  return new Decimal(text);
}

export function decimalOf(value: bigint | number | Decimal): Decimal {
  return value instanceof Decimal ? value : new Decimal(typeof value === 'bigint' ? value.toString() : value);
}

// ---- comparing ---------------------------------------------------------------------------------------------------------

/** @returns below, at or above 0; undefined for values that have no order. Neither is unknown. */
export function compare(a: Value, b: Value): number | undefined {
  if (typeof a === 'string') return typeof b === 'string' ? compareText(a, b) : undefined;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
  if (isNumber(a)) return isNumber(b) ? compareNumbers(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Timestamp) return b instanceof Timestamp ? compareTimestamps(a, b) : undefined;
  return undefined;
}

/** By code point, where the language compares halves of characters. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const halves = x >= 0xd800 && y >= 0xd800;
    return halves ? rank(x) - rank(y) : x - y;
  }
  return a.length - b.length;
}

/** Halves of characters beyond the first plane come after what is left of it. */
const rank = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

function compareNumbers(a: bigint | number | Decimal, b: bigint | number | Decimal): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return decimalOf(a).comparedTo(decimalOf(b));
}

/** Neither is unknown. Values of different kinds differ. */
export function equals(a: Value, b: Value): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (isStruct(a)) {
    if (!isStruct(b) || a.size !== b.size) return false;
    for (const [name, value] of a) if (!b.has(name) || !same(value, b.get(name)!)) return false;
    return true;
  }
  return compare(a, b) === 0;
}

const same = (a: Value, b: Value) => a === b || (!isUnknown(a) && !isUnknown(b) && equals(a, b));

// ---- showing -----------------------------------------------------------------------------------------------------------

/** A simple value as text, as CSV and CAST show it. */
export function textOf(value: Exclude<Value, readonly Value[] | Struct>): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'symbol':
      return '';
    case 'object':
      return value === null ? '' : value instanceof Decimal ? value.toFixed() : value.toString();
    default:
      return String(value);
  }
}
