/**
 * Partitions that Athena computes from a rule instead of looking them up (partition projection): no crawler, no
 * `MSCK REPAIR`, new days are there at midnight. Source: Athena User Guide, "Set up partition projection" and
 * "Supported types for partition projection".
 */
import type { Problems } from '../validation/problems';

/** Options of `PartitionKey.date`. */
export interface DatePartitionOptions {
  /**
   * How the date is written in keys, as Java's `SimpleDateFormat` has it.
   * @default 'yyyy-MM-dd'
   */
  readonly format?: string;
  /**
   * Last date: in the form of `format`, or relative to now.
   * @default 'NOW'
   */
  readonly to?: string;
  /**
   * Distance of two partitions, in `unit`s. At least 1.
   * @default 1
   */
  readonly interval?: number;
  /**
   * Unit of `interval`: YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES or SECONDS.
   * @default 'DAYS'
   */
  readonly unit?: string;
}

/** Options of `PartitionKey.integer`. */
export interface IntegerPartitionOptions {
  /**
   * Width to which numbers are filled with zeroes, e.g. 2 for `07`. At least 1.
   * @default - not filled
   */
  readonly digits?: number;
  /**
   * Distance of two partitions. At least 1.
   * @default 1
   */
  readonly interval?: number;
}

const UNITS = ['YEARS', 'MONTHS', 'WEEKS', 'DAYS', 'HOURS', 'MINUTES', 'SECONDS'];
// Source: Athena User Guide, "Date type": absolute in the column's format, or NOW with an offset.
const RELATIVE = /^NOW([+-][1-9]\d*(YEARS?|MONTHS?|WEEKS?|DAYS?|HOURS?|MINUTES?|SECONDS?))?$/;

/** One partition column and how its values are computed. */
export class PartitionKey {
  /** Dates from `from` (in the format of the column, or `NOW-90DAYS`) until now. */
  public static date(name: string, from: string, options: DatePartitionOptions = {}): PartitionKey {
    const { format = 'yyyy-MM-dd', to = 'NOW', interval = 1, unit = 'DAYS' } = options;
    return new PartitionKey(
      name,
      'string',
      { type: 'date', format, range: `${from},${to}`, interval: String(interval), 'interval.unit': unit },
      (problems) => {
        problems.check(UNITS.includes(unit), `${name}.unit`, unit, UNITS.join(', '), 'use DAYS');
        checkWhole(problems, `${name}.interval`, interval);
        // A date is as long as its format and has digits where the format has letters; quotes hold literal text.
        const shape = format.replace(/'[^']*'/g, (quoted) => quoted.slice(1, -1).replace(/[A-Za-z]/g, '.'));
        const pattern = new RegExp(`^${shape.replace(/[-/\\^$*+?()|[\]{}]/g, '\\$&').replace(/[A-Za-z]/g, '\\d')}$`);
        for (const [end, value] of [
          ['from', from],
          ['to', to],
        ])
          problems.check(
            RELATIVE.test(value) || pattern.test(value),
            `${name}.${end}`,
            value,
            `a date in the form ${format}, NOW, or NOW with an offset like NOW-90DAYS`,
            'write it in the form of the column',
          );
      },
    );
  }

  /** Whole numbers from `from` to `to`, both included. */
  public static integer(name: string, from: number, to: number, options: IntegerPartitionOptions = {}): PartitionKey {
    const { digits, interval = 1 } = options;
    return new PartitionKey(
      name,
      'int',
      {
        type: 'integer',
        range: `${from},${to}`,
        interval: String(interval),
        ...(digits === undefined ? {} : { digits: String(digits) }),
      },
      (problems) => {
        problems.check(
          Number.isInteger(from) && Number.isInteger(to) && from <= to,
          `${name}.range`,
          [from, to],
          'two whole numbers, the smaller one first',
          'exchange them',
        );
        checkWhole(problems, `${name}.interval`, interval);
        if (digits !== undefined) checkWhole(problems, `${name}.digits`, digits);
      },
    );
  }

  /** One of the values given, e.g. regions. */
  public static enumeration(name: string, ...values: string[]): PartitionKey {
    return new PartitionKey(name, 'string', { type: 'enum', values: values.join(',') }, (problems) =>
      problems.check(
        values.length > 0 && new Set(values).size === values.length && values.every((value) => !/[,]|^$/.test(value)),
        `${name}.values`,
        values,
        'one or more different values, none empty or with a comma',
        'name each value once',
      ),
    );
  }

  /** Any value; a query must give it (`WHERE tenant = '...'`), or Athena refuses the query. */
  public static injected(name: string): PartitionKey {
    return new PartitionKey(name, 'string', { type: 'injected' }, () => {});
  }

  private constructor(
    /** Name of the column, in lower case. */
    public readonly name: string,
    /** Type of the column. */
    public readonly type: string,
    private readonly projection: { [name: string]: string },
    private readonly judge: (problems: Problems) => void,
  ) {}

  /** The table parameters that describe the projection. @internal */
  public _parameters(): { [name: string]: string } {
    return Object.fromEntries(
      Object.entries(this.projection).map(([key, value]) => [`projection.${this.name}.${key}`, value]),
    );
  }

  /** Notes what is wrong with it. @internal */
  public _check(problems: Problems): void {
    this.judge(problems);
  }
}

function checkWhole(problems: Problems, property: string, value: number): void {
  problems.check(Number.isInteger(value) && value >= 1, property, value, 'a whole number, at least 1', 'use 1');
}
