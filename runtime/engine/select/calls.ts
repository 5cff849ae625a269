/** Calls, CASE and CAST. Sources: S3 user guide, "SQL functions"; see `expressions.ts` for the errors. */
import type { Cursor } from './cursor';
import { selectError, syntaxError } from './errors';
import { AGGREGATES, DATE_PARTS, FUNCTIONS } from './keywords';
import { shown, type Token } from './lexer';
import type { CastType, Expression } from './syntax';

/** Reads an expression, as loosely bound as it may be. */
export type Operand = (cursor: Cursor) => Expression;

/** Keywords that may be followed by arguments. */
export const isCallable = (word: string) =>
  Object.hasOwn(FUNCTIONS, word) || AGGREGATES.has(word) || Object.hasOwn(SPECIAL, word);

/** Expressions between commas, up to the closing bracket. */
export function parseArguments(cursor: Cursor, operand: Operand, closing = ')'): Expression[] {
  const args: Expression[] = [];
  if (cursor.takeSymbol(closing)) return args;
  do args.push(operand(cursor));
  while (cursor.takeSymbol(','));
  cursor.expectSymbol(closing);
  return args;
}

const SPECIAL: Readonly<Record<string, (cursor: Cursor, token: Token, operand: Operand) => Expression>> = {
  substring: parseSubstring,
  trim: parseTrim,
  extract: parseExtract,
};

export function parseCall(cursor: Cursor, token: Token, operand: Operand): Expression {
  cursor.count();
  const name = token.text.toLowerCase();
  if (Object.hasOwn(SPECIAL, name)) return SPECIAL[name](cursor, token, operand);
  if (name === 'date_add' || name === 'date_diff') return parseDateCall(cursor, token, operand, name);
  cursor.expectSymbol('(', 'ParseExpectedLeftParenBuiltinFunctionCall');
  if (AGGREGATES.has(name)) return parseAggregate(cursor, name, operand);
  if (!Object.hasOwn(FUNCTIONS, name))
    throw syntaxError('UnsupportedFunction', `Unsupported function ${token.text.slice(0, 64)}`, token.place);
  if (cursor.isSymbol('*'))
    throw cursor.refuse('ParseUnsupportedCallWithStar', 'Only COUNT with (*) as a parameter is supported');
  const args = parseArguments(cursor, operand);
  const [least, most] = FUNCTIONS[name];
  if (args.length < least || args.length > most) throw selectError('EvaluatorInvalidArguments');
  return { kind: 'call', name, args, place: token.place };
}

function parseAggregate(cursor: Cursor, name: string, operand: Operand): Expression {
  if (cursor.isKeyword('distinct')) throw selectError('UnsupportedSqlStructure');
  cursor.takeKeyword('all');
  if (cursor.isSymbol('*')) {
    if (name !== 'count')
      throw cursor.refuse('ParseUnsupportedCallWithStar', 'Only COUNT with (*) as a parameter is supported');
    cursor.next();
    cursor.expectSymbol(')');
    return { kind: 'aggregate', name };
  }
  const args = parseArguments(cursor, operand);
  if (args.length !== 1)
    throw cursor.refuse('ParseNonUnaryAgregateFunctionCall', 'Only one argument is supported for aggregate functions');
  return { kind: 'aggregate', name, operand: args[0] };
}

function opening(cursor: Cursor): void {
  cursor.expectSymbol('(', 'ParseExpectedLeftParenBuiltinFunctionCall');
}

function closing(cursor: Cursor): void {
  cursor.expectSymbol(')', 'ParseExpectedRightParenBuiltinFunctionCall');
}

/** `SUBSTRING(string FROM start [FOR length])`, or with commas. */
function parseSubstring(cursor: Cursor, { place }: Token, operand: Operand): Expression {
  opening(cursor);
  const args = [operand(cursor)];
  const named = cursor.takeKeyword('from');
  if (!named && !cursor.takeSymbol(','))
    throw cursor.refuse('ParseExpectedArgumentDelimiter', `Expected argument delimiter, found ${shown(cursor.peek)}`);
  args.push(operand(cursor));
  if (named ? cursor.takeKeyword('for') : cursor.takeSymbol(',')) args.push(operand(cursor));
  if (!cursor.takeSymbol(')'))
    throw cursor.refuse('ParseExpected2TokenTypes', `Expected ')', found ${shown(cursor.peek)}`);
  return { kind: 'call', name: 'substring', args, place };
}

/** `TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] string)`: the string first in the tree. */
function parseTrim(cursor: Cursor, { place }: Token, operand: Operand): Expression {
  opening(cursor);
  const part = ['leading', 'trailing', 'both'].find((word) => cursor.takeKeyword(word));
  let args: Expression[];
  if (cursor.takeKeyword('from')) args = [operand(cursor)];
  else {
    const first = operand(cursor);
    if (part !== undefined) cursor.expectKeyword('from');
    args = part !== undefined || cursor.takeKeyword('from') ? [operand(cursor), first] : [first];
  }
  closing(cursor);
  return { kind: 'call', name: 'trim', part: part ?? 'both', args, place };
}

function parseDatePart(cursor: Cursor): string {
  const { type, text } = cursor.peek;
  const part = text.toLowerCase();
  if ((type !== 'keyword' && type !== 'identifier') || !DATE_PARTS.has(part))
    throw cursor.refuse('ParseExpectedDatePart', `Expected date part, found ${shown(cursor.peek)}`);
  cursor.next();
  return part;
}

function parseExtract(cursor: Cursor, { place }: Token, operand: Operand): Expression {
  opening(cursor);
  const part = parseDatePart(cursor);
  cursor.expectKeyword('from');
  const args = [operand(cursor)];
  closing(cursor);
  return { kind: 'call', name: 'extract', part, args, place };
}

function parseDateCall(cursor: Cursor, { place }: Token, operand: Operand, name: string): Expression {
  opening(cursor);
  const part = parseDatePart(cursor);
  if (part.startsWith('timezone')) throw selectError('EvaluatorInvalidArguments');
  cursor.expectSymbol(',');
  const first = operand(cursor);
  cursor.expectSymbol(',');
  const args = [first, operand(cursor)];
  closing(cursor);
  return { kind: 'call', name, part, args, place };
}

// ---- CASE and CAST -------------------------------------------------------------------------------------------------------

export function parseCase(cursor: Cursor, operand: Operand): Expression {
  cursor.next();
  const subject = cursor.isKeyword('when') ? undefined : operand(cursor);
  const branches: { when: Expression; result: Expression }[] = [];
  while (cursor.takeKeyword('when')) {
    cursor.count();
    const when = operand(cursor);
    cursor.expectKeyword('then');
    branches.push({ when, result: operand(cursor) });
  }
  if (branches.length === 0) throw cursor.refuse('ParseExpectedWhenClause', 'Expected WHEN clause');
  const otherwise = cursor.takeKeyword('else') ? operand(cursor) : undefined;
  cursor.expectKeyword('end');
  return { kind: 'case', operand: subject, branches, otherwise };
}

/** The names of a type, and how many parameters each may have, which are ignored. */
const TYPES: Readonly<Record<string, readonly [type: CastType, most: number]>> = {
  bool: ['bool', 0],
  boolean: ['bool', 0],
  int: ['int', 0],
  integer: ['int', 0],
  smallint: ['int', 0],
  float: ['float', 1],
  real: ['float', 0],
  decimal: ['decimal', 2],
  numeric: ['decimal', 2],
  dec: ['decimal', 2],
  string: ['string', 0],
  char: ['string', 1],
  character: ['string', 1],
  varchar: ['string', 1],
  timestamp: ['timestamp', 0],
};

export function parseCast(cursor: Cursor, operand: Operand): Expression {
  cursor.next();
  cursor.count();
  cursor.expectSymbol('(', 'ParseExpectedLeftParenAfterCast');
  const inner = operand(cursor);
  if (!cursor.takeKeyword('as'))
    throw cursor.refuse('ParseExpectedTokenType', `Expected AS, found ${shown(cursor.peek)}`);
  const { type, text } = cursor.peek;
  if (type !== 'keyword' || !Object.hasOwn(TYPES, text))
    throw cursor.refuse('ParseExpectedTypeName', `Expected type name, found ${shown(cursor.peek)}`);
  cursor.next();
  const [to, most] = TYPES[text];
  if (cursor.takeSymbol('(')) {
    let count = 0;
    do {
      const { type, text } = cursor.peek;
      if (type !== 'number' || !/^\d+$/.test(text))
        throw cursor.refuse('ParseInvalidTypeParam', 'Type parameter must be an unsigned integer');
      cursor.next();
      count++;
    } while (cursor.takeSymbol(','));
    cursor.expectSymbol(')');
    if (count > most) throw cursor.refuse('ParseCastArity', `CAST to ${text} has incorrect arity`);
  }
  cursor.expectSymbol(')');
  return { kind: 'cast', operand: inner, type: to };
}
