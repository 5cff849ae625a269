/** Literals between backticks, of which S3's documentation uses timestamps; numbers, texts and constants besides. */
import { syntaxError } from './errors';
import type { Token } from './lexer';
import { readTimestamp } from './timestamp';
import { numberOf, type Value } from './values';

const CONSTANTS: Readonly<Record<string, Value>> = { true: true, false: false, null: null };

/** @throws AwsError LexerInvalidIONLiteral */
export function parseIon({ text, place }: Token): Value {
  const literal = text.trim();
  if (Object.hasOwn(CONSTANTS, literal)) return CONSTANTS[literal];
  if (/^-?\d+(\.\d*)?([eEdD][+-]?\d{1,4})?$/.test(literal)) {
    return /[eE]/.test(literal) ? Number(literal) : numberOf(literal.replace(/[dD]/, 'e'));
  }
  const timestamp = readTimestamp(literal);
  if (timestamp) return timestamp;
  if (/^"(?:[^"\\]|\\.)*"$/.test(literal)) {
    try {
      return JSON.parse(literal) as string;
    } catch {
      // Falls through to the refusal: an escape that is none.
    }
  }
  throw syntaxError('LexerInvalidIONLiteral', 'Invalid ION literal', place);
}
