/**
 * JSON documents, for JSON 1.0, 1.1 and REST-JSON: their bytes and their simple values; the walk is `document.ts`.
 * Source: Smithy specification, "AWS JSON protocols".
 */
import { compileDocumentReader, compileDocumentWriter, mismatch, type Read, type Write } from './document';
import { jsonWords } from './errors';
import { MAX_DEPTH, type Reading } from './reading';
import type { Simple, Structure } from './schema';
import { dateOfSeconds, readBase64, readTimestamp, writeBase64, writeTimestamp } from './text';
import type { ModelNotes } from './wire';

type Fields = Record<string, unknown>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a document into `target`. An empty body counts as an empty document. */
export function compileJsonReader(structure: Structure, members: readonly string[], notes: ModelNotes | undefined) {
  const read = compileDocumentReader(structure, members, readSimple, notes);
  return (bytes: Uint8Array, target: Fields) => read(bytes.length === 0 ? {} : parse(bytes), target);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw jsonWords.malformed(error instanceof SyntaxError ? error.message : 'The document is not UTF-8', '');
  }
}

function readSimple(shape: Simple): Read {
  switch (shape.kind) {
    case 'string':
      return readText;
    case 'boolean':
      return typed('boolean', 'Boolean');
    case 'number':
      return (value, reading) => {
        if (typeof value === 'number' && Number.isFinite(value)) return value;
        throw mismatch(value, 'Number', reading);
      };
    case 'bigInteger':
    case 'bigDecimal':
      return typed('number', 'Number');
    case 'blob':
      return (value, reading) => {
        const bytes = typeof value === 'string' ? readBase64(value) : undefined;
        if (!bytes) throw mismatch(value, 'Blob', reading);
        return bytes;
      };
    case 'timestamp':
      return (value, reading) => {
        const date = readMoment(value, shape);
        if (!date) throw mismatch(value, 'Timestamp', reading);
        return date;
      };
    case 'document':
      return (value, reading) => {
        if (isDeeper(value, MAX_DEPTH)) throw jsonWords.malformed('The document is nested too deeply', reading.place());
        return value;
      };
  }
}

function typed(type: 'string' | 'boolean' | 'number', name: string): Read {
  return (value, reading) => {
    if (typeof value !== type) throw mismatch(value, name, reading);
    return value;
  };
}

/** JSON can name half a character, which no UTF-8 can hold. */
function readText(value: unknown, reading: Reading): string {
  if (typeof value !== 'string') throw mismatch(value, 'String', reading);
  if (!value.isWellFormed()) throw jsonWords.malformed('STRING_VALUE holds half a character', reading.place());
  return value;
}

function readMoment(value: unknown, { format = 'epoch-seconds' }: Simple): Date | undefined {
  if (format === 'epoch-seconds') return typeof value === 'number' ? dateOfSeconds(value) : undefined;
  return typeof value === 'string' ? readTimestamp(value, format) : undefined;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (!value || typeof value !== 'object') return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/** Makes an object for `JSON.stringify`. */
export function compileJsonWriter(structure: Structure, members: readonly string[]) {
  return compileDocumentWriter(structure, members, writeSimple);
}

function writeSimple(shape: Simple): Write {
  switch (shape.kind) {
    case 'blob':
      return writeBase64;
    case 'timestamp': {
      const { format = 'epoch-seconds' } = shape;
      if (format === 'epoch-seconds') return (value) => (value as Date).getTime() / 1000;
      return (value) => writeTimestamp(value as Date, format);
    }
    case 'number':
      return (value) => (Number.isFinite(value) ? value : String(value));
    case 'bigInteger':
    case 'bigDecimal':
      return Number;
    default:
      return (value) => value;
  }
}
