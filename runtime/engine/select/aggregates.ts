/** What is gathered over all rows. Source: S3 user guide, "Aggregate functions". Unknown values are passed over. */
import { selectError } from './errors';
import { compare, Decimal, decimalOf, integer, isNumber, isUnknown, type Value } from './values';

export interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

type Number = bigint | number | Decimal;

function numeric(value: Value): Number {
  if (!isNumber(value)) throw selectError('ExternalEvalException');
  return value;
}

function count(): Accumulator {
  let rows = 0n;
  return {
    add: (value) => {
      if (!isUnknown(value)) rows++;
    },
    result: () => rows,
  };
}

/** "INT for an INT argument, FLOAT for a floating-point argument; otherwise, the same as the argument data type." */
function plus(a: Number, b: Number): Number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return integer(a + b);
  if (typeof a === 'number' || typeof b === 'number') return (globalThis.Number(a) + globalThis.Number(b)) as number;
  return decimalOf(a).plus(decimalOf(b));
}

function sum(): Accumulator {
  let total: Number | undefined;
  return {
    add(value) {
      if (isUnknown(value)) return;
      total = total === undefined ? numeric(value) : plus(total, numeric(value));
    },
    result: () => total ?? null,
  };
}

/** "DECIMAL for an INT argument, FLOAT for a floating-point argument." */
function average(): Accumulator {
  let total: Number = new Decimal(0);
  let values = 0;
  return {
    add(value) {
      if (isUnknown(value)) return;
      values++;
      total = plus(total, numeric(value));
    },
    result() {
      if (values === 0) return null;
      return typeof total === 'number' ? total / values : decimalOf(total).dividedBy(values);
    },
  };
}

const extreme = (sign: 1 | -1) => (): Accumulator => {
  let best: Number | undefined;
  return {
    add(value) {
      if (isUnknown(value)) return;
      const number = numeric(value);
      if (best === undefined || compare(number, best)! * sign > 0) best = number;
    },
    result: () => best ?? null,
  };
};

export const ACCUMULATORS: Readonly<Record<string, () => Accumulator>> = {
  count,
  sum,
  avg: average,
  max: extreme(1),
  min: extreme(-1),
};
