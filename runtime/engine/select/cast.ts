/** CAST. Source: S3 user guide, "Conversion functions" and "Data types". */
import { selectError } from './errors';
import type { CastType } from './syntax';
import { readTimestamp, Timestamp } from './timestamp';
import { Decimal, decimalOf, integer, isList, isNumber, isStruct, textOf, type Value } from './values';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$/;

/** @param value known. @throws AwsError CastFailed, IntegerOverflow */
export function cast(value: Value, type: CastType): Value {
  const result = CASTS[type](value);
  if (result === undefined) throw selectError('CastFailed');
  return result;
}

const CASTS: Readonly<Record<CastType, (value: Value) => Value | undefined>> = {
  int(value) {
    if (typeof value === 'bigint') return value;
    if (typeof value === 'string') {
      const text = value.trim();
      return /^[+-]?\d{1,400}$/.test(text) ? integer(BigInt(text.replace(/^\+/, ''))) : undefined;
    }
    if (typeof value === 'boolean') return value ? 1n : 0n;
    return isNumber(value) ? integer(BigInt(decimalOf(value).truncated().toFixed())) : undefined;
  },
  float(value) {
    if (typeof value === 'number') return value;
    if (typeof value === 'boolean') return Number(value);
    const text = typeof value === 'string' ? value.trim() : undefined;
    const number = text !== undefined ? (NUMBER.test(text) ? Number(text) : Number.NaN) : Number(value as bigint);
    return (text !== undefined || isNumber(value)) && Number.isFinite(number) ? number : undefined;
  },
  decimal(value) {
    if (isNumber(value)) return decimalOf(value);
    if (typeof value === 'boolean') return new Decimal(Number(value));
    return typeof value === 'string' && NUMBER.test(value.trim())
      ? new Decimal(value.trim()).toSignificantDigits(38)
      : undefined;
  },
  bool(value) {
    if (typeof value === 'boolean') return value;
    if (isNumber(value)) return !decimalOf(value).isZero();
    const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
    return word === 'true' ? true : word === 'false' ? false : undefined;
  },
  string: (value) => (isList(value) || isStruct(value) ? undefined : textOf(value)),
  timestamp(value) {
    if (value instanceof Timestamp) return value;
    return typeof value === 'string' ? readTimestamp(value) : undefined;
  },
};
