/** Functions of one row. Sources: S3 user guide, "String functions", "Date functions", "Conditional functions". */
import { selectError } from './errors';
import { compileTimeFormat } from './timeformat';
import { addToDate, dateDifference, extractPart, readTimestamp, Timestamp, timestampOf } from './timestamp';
import { Decimal, equals, isUnknown, type Value } from './values';

/** @param part of a date, or which side of a text */
type Function = (args: readonly Value[], part: string, now: number) => Value;

const wrongType = () => selectError('IncorrectSqlFunctionArgumentType');

function text(value: Value): string {
  if (typeof value !== 'string') throw wrongType();
  return value;
}

function moment(value: Value): Timestamp {
  if (!(value instanceof Timestamp)) throw wrongType();
  return value;
}

function whole(value: Value): number {
  const number = value instanceof Decimal && value.isInteger() ? value.toNumber() : Number(value as bigint);
  if ((typeof value !== 'bigint' && !(value instanceof Decimal)) || !Number.isSafeInteger(number)) throw wrongType();
  return number;
}

/** These see what is unknown; of all others nothing is known when an argument is not. */
const OF_UNKNOWN: Readonly<Record<string, Function>> = {
  coalesce: (args) => args.find((value) => !isUnknown(value)) ?? null,
  nullif: ([a, b]) => {
    if (isUnknown(a)) return null;
    return !isUnknown(b) && equals(a, b) ? null : a;
  },
};

const OF_KNOWN: Readonly<Record<string, Function>> = {
  char_length: ([value]) => BigInt(characters(text(value)).length),
  character_length: ([value]) => BigInt(characters(text(value)).length),
  lower: ([value]) => text(value).toLowerCase(),
  upper: ([value]) => text(value).toUpperCase(),
  substring,
  trim,
  utcnow: (_args, _part, now) => timestampOf(now),
  to_timestamp([value]) {
    if (value instanceof Timestamp) return value;
    const timestamp = readTimestamp(text(value));
    if (!timestamp) throw selectError('ValueParseFailure');
    return timestamp;
  },
  to_string: ([value, pattern]) => formatOf(text(pattern))(moment(value)),
  extract: ([value], part) => extractPart(part, moment(value)),
  date_add([quantity, value], part) {
    const result = addToDate(part, whole(quantity), moment(value));
    if (!result) throw selectError('ExternalEvalException');
    return result;
  },
  date_diff: ([from, to], part) => dateDifference(part, moment(from), moment(to)),
};

export function functionNamed(name: string): { readonly call: Function; readonly seesUnknown: boolean } {
  const special = Object.hasOwn(OF_UNKNOWN, name) ? OF_UNKNOWN[name] : undefined;
  return special ? { call: special, seesUnknown: true } : { call: OF_KNOWN[name], seesUnknown: false };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those of one byte
const PLAIN = /^[\u0000-\ud7ff]*$/;

/** Characters, not halves of them. */
function characters(value: string): string | readonly string[] {
  return PLAIN.test(value) ? value : [...value];
}

/**
 * "If start is < 1, with a length specified, then the index position is set to start + length - 1. If ... < 0, then an
 * empty string is returned."
 */
function substring([value, from, length]: readonly Value[]): Value {
  const all = characters(text(value));
  const start = whole(from);
  const end = length === undefined ? all.length : start - 1 + whole(length);
  if (length !== undefined && whole(length) < 0) throw selectError('EvaluatorInvalidArguments');
  const part = all.slice(Math.max(start - 1, 0), Math.max(end, 0));
  return typeof part === 'string' ? part : part.join('');
}

function trim([value, remove = ' ']: readonly Value[], side: string): Value {
  const all = characters(text(value));
  const set = new Set(text(remove));
  let start = 0;
  let end = all.length;
  if (side !== 'trailing') while (start < end && set.has(all[start])) start++;
  if (side !== 'leading') while (end > start && set.has(all[end - 1])) end--;
  const part = all.slice(start, end);
  return typeof part === 'string' ? part : part.join('');
}

/** The format that was used last: a query has one or two, and uses them for each row. */
let latest: { readonly pattern: string; readonly format: (at: Timestamp) => string } | undefined;

function formatOf(pattern: string): (at: Timestamp) => string {
  if (latest?.pattern !== pattern) latest = { pattern, format: compileTimeFormat(pattern) };
  return latest.format;
}
