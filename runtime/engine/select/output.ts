/** Records as they go out. Source: S3 API reference, "CSVOutput" and "JSONOutput". */
import type { Selected } from './binding';
import { selectError } from './errors';
import { LONGEST_RECORD, type OutputFormat } from './formats';
import { Timestamp } from './timestamp';
import { Decimal, isList, isStruct, MISSING, textOf, type Value } from './values';

/** @throws AwsError OverMaxRecordSize, UnsupportedSqlOperation */
export type WriteRecord = (record: Selected) => string;

export function compileOutput(format: OutputFormat): WriteRecord {
  const write = format.kind === 'csv' ? csv(format) : json();
  const { recordDelimiter } = format;
  return (record) => {
    const text = write(record);
    if (text.length > LONGEST_RECORD) throw selectError('OverMaxRecordSize');
    return text + recordDelimiter;
  };
}

function csv(format: Extract<OutputFormat, { kind: 'csv' }>) {
  const { quoteAlways, recordDelimiter, fieldDelimiter, quote, escape: escaping } = format;
  const troublesome = [fieldDelimiter, recordDelimiter, quote, '\n', '\r'].filter((text) => text !== '');
  const quoted = (text: string) => {
    let escaped = escaping !== quote && text.includes(escaping) ? text.replaceAll(escaping, escaping + escaping) : text;
    if (escaped.includes(quote)) escaped = escaped.replaceAll(quote, escaping + quote);
    return quote + escaped + quote;
  };
  const field = (value: Value): string => {
    if (isList(value) || isStruct(value))
      throw selectError('UnsupportedSqlOperation', 'Nested data can only be emitted using the JSON output format.');
    const text = textOf(value);
    if (quote === '') return text;
    return quoteAlways || troublesome.some((one) => text.includes(one)) ? quoted(text) : text;
  };
  return ({ values }: Selected) => values.map(field).join(fieldDelimiter);
}

function json() {
  let lastNames: readonly string[] | undefined;
  let keys: readonly string[] = [];
  return ({ names, values }: Selected) => {
    if (names !== lastNames) {
      lastNames = names;
      keys = names.map((name) => `${JSON.stringify(name)}:`);
    }
    let text = '';
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value === MISSING) continue;
      text += `${text === '' ? '' : ','}${keys[i]}${jsonOf(value)}`;
    }
    return `{${text}}`;
  };
}

function jsonOf(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => (item === MISSING ? 'null' : jsonOf(item))).join(',')}]`;
  if (isStruct(value)) {
    const members = [...value].filter(([, member]) => member !== MISSING);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join(',')}}`;
  }
  if (value instanceof Timestamp) return JSON.stringify(value.toString());
  if (value instanceof Decimal) return value.toFixed();
  return value === MISSING || value === null ? 'null' : String(value);
}
