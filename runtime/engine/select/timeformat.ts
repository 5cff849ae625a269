/** TO_STRING's patterns. Source: S3 user guide, "Date functions", the table of format patterns. */
import { selectError } from './errors';
import { offsetText, pad, type Timestamp } from './timestamp';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

type Part = (at: Timestamp) => string;

const hour12 = ({ fields }: Timestamp) => fields.hour % 12 || 12;
const short = (minutes: number, zero: string) =>
  minutes % 60 === 0 ? offsetText(minutes, ':', zero).replace(/:00$/, '') : offsetText(minutes, '', zero);

const PARTS: Readonly<Record<string, Part>> = {
  y: ({ fields }) => String(fields.year),
  yy: ({ fields }) => pad(fields.year % 100, 2),
  yyyy: ({ fields }) => pad(fields.year, 4),
  M: ({ fields }) => String(fields.month),
  MM: ({ fields }) => pad(fields.month, 2),
  MMM: ({ fields }) => MONTHS[fields.month - 1].slice(0, 3),
  MMMM: ({ fields }) => MONTHS[fields.month - 1],
  MMMMM: ({ fields }) => MONTHS[fields.month - 1][0],
  d: ({ fields }) => String(fields.day),
  dd: ({ fields }) => pad(fields.day, 2),
  a: ({ fields }) => (fields.hour < 12 ? 'AM' : 'PM'),
  h: (at) => String(hour12(at)),
  hh: (at) => pad(hour12(at), 2),
  H: ({ fields }) => String(fields.hour),
  HH: ({ fields }) => pad(fields.hour, 2),
  m: ({ fields }) => String(fields.minute),
  mm: ({ fields }) => pad(fields.minute, 2),
  s: ({ fields }) => String(fields.second),
  ss: ({ fields }) => pad(fields.second, 2),
  n: ({ fraction }) => String(Number(fraction.slice(0, 9).padEnd(9, '0'))),
  X: ({ offset = 0 }) => short(offset, 'Z'),
  XX: ({ offset = 0 }) => offsetText(offset, ''),
  XXX: ({ offset = 0 }) => offsetText(offset, ':'),
  XXXX: ({ offset = 0 }) => offsetText(offset, ''),
  XXXXX: ({ offset = 0 }) => offsetText(offset, ':'),
  x: ({ offset = 0 }) => short(offset, '+00'),
  xx: ({ offset = 0 }) => offsetText(offset, '', '+0000'),
  xxx: ({ offset = 0 }) => offsetText(offset, ':', '+00:00'),
  xxxx: ({ offset = 0 }) => offsetText(offset, '', '+0000'),
  xxxxx: ({ offset = 0 }) => offsetText(offset, ':', '+00:00'),
};

/** @throws AwsError EvaluatorInvalidTimestampFormatPatternSymbol, EvaluatorUnterminatedTimestampFormatPatternToken */
export function compileTimeFormat(pattern: string): Part {
  const parts: Part[] = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at];
    if (char === "'") {
      const end = pattern.indexOf("'", at + 1);
      if (end < 0) throw selectError('EvaluatorUnterminatedTimestampFormatPatternToken');
      const text = end === at + 1 ? "'" : pattern.slice(at + 1, end);
      parts.push(() => text);
      at = end + 1;
      continue;
    }
    if (!/[A-Za-z]/.test(char)) {
      parts.push(() => char);
      at++;
      continue;
    }
    let end = at;
    while (pattern[end] === char) end++;
    const symbol = pattern.slice(at, end);
    const part = char === 'S' ? fraction(symbol.length) : Object.hasOwn(PARTS, symbol) ? PARTS[symbol] : undefined;
    if (!part) throw selectError('EvaluatorInvalidTimestampFormatPatternSymbol');
    parts.push(part);
    at = end;
  }
  return (timestamp) => parts.map((part) => part(timestamp)).join('');
}

const fraction =
  (digits: number): Part =>
  (at) =>
    at.fraction.slice(0, digits).padEnd(digits, '0');
