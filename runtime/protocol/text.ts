/**
 * Simple values as text, for every place that is not JSON or CBOR: headers, query, labels, forms and XML. Reading is
 * strict: a number is a number, a day exists. Source: Smithy specification, "Timestamp serialization and deserialization".
 */
import type { Simple, TimestampFormat } from './schema';

export interface TextOptions {
  /** How timestamps are written here unless the model fixes it. */
  readonly timestamps: TimestampFormat;
  /** Numbers have no fraction: the vendor's schema does not tell integers from doubles. */
  readonly integers?: boolean;
  /** Write `.000Z`, as S3 does, where other services leave it out. */
  readonly milliseconds?: boolean;
}

export interface TextReader {
  /** What the text should have been, for a message: `a timestamp`. */
  readonly expected: string;
  /** @returns undefined when the text is not such a value */
  read(text: string): unknown;
}

export function textReader(shape: Simple, options: TextOptions): TextReader {
  switch (shape.kind) {
    case 'string':
    case 'document':
      return { expected: 'a string', read: (text) => text };
    case 'boolean':
      return { expected: '"true" or "false"', read: readBoolean };
    case 'number':
      return options.integers
        ? { expected: 'an integer', read: readInteger }
        : { expected: 'a number', read: readNumber };
    case 'bigInteger':
      return { expected: 'an integer', read: (text) => (/^[+-]?\d{1,1000}$/.test(text) ? BigInt(text) : undefined) };
    case 'bigDecimal':
      return { expected: 'a number', read: (text) => (NUMBER.test(text) ? text : undefined) };
    case 'blob':
      return { expected: 'base64', read: readBase64 };
    case 'timestamp': {
      const format = shape.format ?? options.timestamps;
      return { expected: `a timestamp (${format})`, read: (text) => readTimestamp(text, format) };
    }
  }
}

export function textWriter(shape: Simple, options: TextOptions): (value: unknown) => string {
  switch (shape.kind) {
    case 'blob':
      return writeBase64;
    case 'timestamp': {
      const format = shape.format ?? options.timestamps;
      return (value) => writeTimestamp(value as Date, format, options.milliseconds);
    }
    default:
      return String;
  }
}

const NUMBER = /^[+-]?(\d{1,400}(\.\d{1,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?$/;
const INTEGER = /^[+-]?\d{1,19}$/;

function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

function readInteger(text: string): number | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function readNumber(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Node's decoder skips what is not base64: only a text that was base64 throughout decodes to the length it promises. */
export function readBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || /[-_\s]/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}

export function writeBase64(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('base64');
  const bytes = value as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

// ---- timestamps ----------------------------------------------------------------------------------------------------

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** RFC 9110 "Date/Time Formats": the fixed form, and the two obsolete ones that a recipient must accept. */
const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? GMT$/;
const RFC_850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

export function readTimestamp(text: string, format: TimestampFormat): Date | undefined {
  if (format === 'epoch-seconds') {
    const seconds = readNumber(text);
    return seconds === undefined ? undefined : dateOfSeconds(seconds);
  }
  return format === 'http-date' ? readHttpDate(text) : readDateTime(text);
}

export function dateOfSeconds(seconds: number): Date | undefined {
  const date = new Date(Math.round(seconds * 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function readDateTime(text: string): Date | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match;
  const date = dateOf(+year, +month - 1, +day, +hour, +minute, +second);
  if (!date || +offsetHours > 23 || +offsetMinutes > 59) return undefined;
  const offset = (+offsetHours * 60 + +offsetMinutes) * 60_000 * (sign === '-' ? -1 : 1);
  return new Date(date.getTime() + Number(`${fraction}000`.slice(0, 3)) - offset);
}

function readHttpDate(text: string): Date | undefined {
  let match = IMF_FIXDATE.exec(text);
  if (match) return dateOf(+match[3], MONTHS.indexOf(match[2]), +match[1], +match[4], +match[5], +match[6]);
  match = RFC_850.exec(text);
  if (match) {
    const year = +match[3] + (+match[3] < 70 ? 2000 : 1900);
    return dateOf(year, MONTHS.indexOf(match[2]), +match[1], +match[4], +match[5], +match[6]);
  }
  match = ASCTIME.exec(text);
  return match ? dateOf(+match[6], MONTHS.indexOf(match[1]), +match[2], +match[3], +match[4], +match[5]) : undefined;
}

/** A moment in UTC, if the calendar and the clock have it (a leap second counts as the second after). */
function dateOf(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month, day);
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined;
  return new Date(midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000);
}

export function writeTimestamp(value: Date, format: TimestampFormat, milliseconds = false): string {
  if (format === 'http-date') return value.toUTCString();
  if (format === 'epoch-seconds') return String(value.getTime() / 1000);
  const text = value.toISOString();
  return milliseconds || !text.endsWith('.000Z') ? text : `${text.slice(0, -5)}Z`;
}
