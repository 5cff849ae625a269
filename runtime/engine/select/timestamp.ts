/**
 * Moments as precise as they were told: from a year down to any fraction of a second, with the offset of a place's
 * clock. Sources: S3 user guide, "Data types" and "Date functions"; W3C note "Date and Time Formats".
 */

export const PRECISIONS = ['year', 'month', 'day', 'minute', 'second'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const MINUTE_MS = 60_000;

export class Timestamp {
  constructor(
    /** Whole seconds, as milliseconds in UTC. */
    readonly ms: number,
    readonly precision: Precision,
    /** Digits behind the second, as they were told. */
    readonly fraction = '',
    /** Minutes east of UTC; undefined where nobody knows. */
    readonly offset?: number,
  ) {}

  /** As a clock at the place shows it. */
  get fields(): Fields {
    const local = new Date(this.ms + (this.offset ?? 0) * MINUTE_MS);
    return {
      year: local.getUTCFullYear(),
      month: local.getUTCMonth() + 1,
      day: local.getUTCDate(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
    };
  }

  toString(): string {
    const { year, month, day, hour, minute, second } = this.fields;
    let text = pad(year, 4);
    if (this.precision === 'year') return `${text}T`;
    text += `-${pad(month, 2)}`;
    if (this.precision === 'month') return `${text}T`;
    text += `-${pad(day, 2)}`;
    if (this.precision === 'day') return text;
    text += `T${pad(hour, 2)}:${pad(minute, 2)}`;
    if (this.precision === 'second') text += `:${pad(second, 2)}${this.fraction === '' ? '' : `.${this.fraction}`}`;
    return text + (this.offset === undefined ? '-00:00' : offsetText(this.offset, ':'));
  }
}

export const pad = (value: number, digits: number) => String(value).padStart(digits, '0');

/** @param between what stands between hours and minutes */
export function offsetText(minutes: number, between: string, zero = 'Z'): string {
  if (minutes === 0) return zero;
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${between}${pad(size % 60, 2)}`;
}

const DATE = String.raw`(\d{4})(?:-(\d\d)(?:-(\d\d))?)?`;
const TIME = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,100}))?)?(Z|[+-]\d\d:\d\d)?`;
const TEXT = new RegExp(`^${DATE}(?:(T)(?:${TIME})?)?$`);

/** @returns undefined when the text is no moment */
export function readTimestamp(text: string): Timestamp | undefined {
  const match = TEXT.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, t, hour, minute, second, fraction = '', zone] = match;
  if (day === undefined && (t === undefined || hour !== undefined)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month ?? 1) - 1, Number(day ?? 1));
  if (date.getUTCMonth() !== Number(month ?? 1) - 1 || year === '0000') return undefined;
  if (hour === undefined)
    return new Timestamp(date.getTime(), day !== undefined ? 'day' : month !== undefined ? 'month' : 'year');
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return undefined;
  const offset = readOffset(zone);
  if (offset === null) return undefined;
  const seconds = (Number(hour) * 60 + Number(minute) - (offset ?? 0)) * 60 + Number(second ?? 0);
  return new Timestamp(date.getTime() + seconds * 1000, second === undefined ? 'minute' : 'second', fraction, offset);
}

/** @returns undefined for none, or for `-00:00`, which says that nobody knows; null when there is no such place */
function readOffset(zone: string | undefined): number | undefined | null {
  if (zone === undefined || zone === '-00:00') return undefined;
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) return null;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** A moment of the runtime's clock. */
export function timestampOf(ms: number, fractionDigits = 3): Timestamp {
  const whole = Math.floor(ms / 1000) * 1000;
  return new Timestamp(whole, 'second', pad(ms - whole, 3).slice(0, fractionDigits), 0);
}

export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  if (a.ms !== b.ms) return a.ms - b.ms;
  const digits = Math.max(a.fraction.length, b.fraction.length);
  const [x, y] = [a.fraction.padEnd(digits, '0'), b.fraction.padEnd(digits, '0')];
  return x < y ? -1 : x > y ? 1 : 0;
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------------

const UNIT_MS: Readonly<Record<string, number>> = {
  day: 86_400_000,
  hour: 3_600_000,
  minute: MINUTE_MS,
  second: 1000,
};

/** @returns undefined when the result lies beyond what a timestamp can tell */
export function addToDate(part: string, quantity: number, to: Timestamp): Timestamp | undefined {
  const unit = UNIT_MS[part];
  const ms = unit === undefined ? addMonths(to, part === 'year' ? quantity * 12 : quantity) : to.ms + quantity * unit;
  const year = new Date(ms + (to.offset ?? 0) * MINUTE_MS).getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return undefined;
  return new Timestamp(ms, finer(to.precision, part), to.fraction, to.offset);
}

function addMonths(to: Timestamp, months: number): number {
  const offset = (to.offset ?? 0) * MINUTE_MS;
  const local = new Date(to.ms + offset);
  const { day } = to.fields;
  local.setUTCDate(1);
  local.setUTCMonth(local.getUTCMonth() + months);
  const last = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  local.setUTCDate(Math.min(day, last));
  return local.getTime() - offset;
}

/** "Result will add precision as necessary." */
function finer(precision: Precision, part: string): Precision {
  const asked = PRECISIONS.indexOf((part === 'hour' ? 'minute' : part) as Precision);
  return PRECISIONS[Math.max(PRECISIONS.indexOf(precision), asked)];
}

/** Whole parts from one moment to another: "need to be at least 24h apart to be 1 day apart". */
export function dateDifference(part: string, from: Timestamp, to: Timestamp): bigint {
  const unit = UNIT_MS[part];
  if (unit !== undefined) return BigInt(Math.trunc((to.ms - from.ms) / unit));
  const [early, late, sign] = from.ms <= to.ms ? [from, to, 1] : [to, from, -1];
  const [a, b] = [new Date(early.ms), new Date(late.ms)];
  let months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  if (months > 0 && addMonths(new Timestamp(early.ms, 'second', '', 0), months) > late.ms) months--;
  return BigInt(sign * (part === 'year' ? Math.floor(months / 12) : months));
}

export function extractPart(part: string, from: Timestamp): bigint {
  if (part === 'timezone_hour') return BigInt(Math.trunc((from.offset ?? 0) / 60));
  if (part === 'timezone_minute') return BigInt((from.offset ?? 0) % 60);
  return BigInt(from.fields[part as keyof Fields]);
}
