/**
 * Expressions, by precedence climbing. Sources: S3 user guide, "Operators" and "SQL functions"; for which error a
 * mistake is, the PartiQL parser, whose error codes are those of S3 Select.
 */
import { isCallable, type Operand, parseArguments, parseCall, parseCase, parseCast } from './calls';
import type { Cursor } from './cursor';
import { selectError, syntaxError } from './errors';
import { parseIon } from './ion';
import { DATE_PARTS } from './keywords';
import { shown, type Token } from './lexer';
import type { BinaryOperator, Expression, Step } from './syntax';
import { MISSING, numberOf, type Value } from './values';

/** An expression that stands by itself. Wildcards in its path are for the SELECT list alone. */
export function parseWhole(cursor: Cursor, wildcards = false): Expression {
  const { place } = cursor.peek;
  const expression = parseExpression(cursor);
  if (!wildcards && expression.kind === 'path') checkScalar(expression.steps, place);
  return expression;
}

function checkScalar(steps: readonly Step[], place: Token['place']): void {
  if (steps.some(({ kind }) => kind === 'items' || kind === 'members'))
    throw syntaxError('ParseInvalidPathComponent', 'Invalid Path component', place);
}

// ---- operators -----------------------------------------------------------------------------------------------------------

const NOT = 3;
const LEVELS: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '=': 4,
  '<>': 4,
  '!=': 4,
  is: 4,
  '<': 5,
  '>': 5,
  '<=': 5,
  '>=': 5,
  like: 6,
  between: 7,
  in: 8,
  '||': 9,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

/** `x NOT LIKE y`: the level of the word behind NOT. */
function operatorAt(cursor: Cursor): { readonly word: string; readonly negated: boolean; readonly level: number } {
  const { type, text } = cursor.peek;
  if (type !== 'keyword' && type !== 'symbol') return { word: '', negated: false, level: 0 };
  const negated = type === 'keyword' && text === 'not';
  const word = negated ? cursor.following.text : text;
  if (negated && !['like', 'between', 'in'].includes(word)) return { word: '', negated, level: 0 };
  return { word, negated, level: LEVELS[word] ?? 0 };
}

export function parseExpression(cursor: Cursor, above = 0): Expression {
  let left = cursor.nested(() => parseUnary(cursor));
  for (;;) {
    const { word, negated, level } = operatorAt(cursor);
    if (level <= above) return left;
    cursor.count();
    if (negated) cursor.next();
    cursor.next();
    left = parseInfix(cursor, left, word, level, negated);
  }
}

function parseInfix(cursor: Cursor, left: Expression, word: string, level: number, negated: boolean): Expression {
  switch (word) {
    case 'is': {
      const not = cursor.takeKeyword('not');
      for (const what of ['null', 'missing'] as const)
        if (cursor.takeKeyword(what)) return { kind: 'is', operand: left, what, negated: not };
      throw cursor.refuse('ParseExpectedTypeName', `Expected type name, found ${shown(cursor.peek)}`);
    }
    case 'between': {
      const low = operand(cursor, level);
      cursor.expectKeyword('and');
      return { kind: 'between', operand: left, low, high: operand(cursor, level), negated };
    }
    case 'in':
      return { kind: 'in', operand: left, list: parseList(cursor, level), negated };
    case 'like': {
      const pattern = operand(cursor, level);
      const escaping = cursor.takeKeyword('escape') ? operand(cursor, level) : undefined;
      return { kind: 'like', operand: left, pattern, escape: escaping, negated };
    }
    default: {
      const operator = (word === '!=' ? '<>' : word) as BinaryOperator;
      return { kind: 'binary', operator, left, right: operand(cursor, level) };
    }
  }
}

function operand(cursor: Cursor, level: number): Expression {
  if (cursor.peek.type === 'end') throw cursor.refuse('ParseExpectedExpression', 'Expected expression');
  const { place } = cursor.peek;
  const expression = parseExpression(cursor, level);
  if (expression.kind === 'path') checkScalar(expression.steps, place);
  return expression;
}

const whole: Operand = (cursor) => operand(cursor, 0);

function parseList(cursor: Cursor, level: number): Expression {
  if (!cursor.isSymbol('(')) return operand(cursor, level);
  cursor.next();
  if (cursor.isKeyword('select')) throw selectError('UnsupportedSqlStructure');
  const items = parseArguments(cursor, whole);
  if (items.length === 0) throw cursor.refuse('ParseExpectedExpression', 'Expected expression');
  return { kind: 'list', items };
}

function parseUnary(cursor: Cursor): Expression {
  if (cursor.takeKeyword('not')) {
    cursor.count();
    return { kind: 'not', operand: operand(cursor, NOT - 1) };
  }
  for (const [symbol, kind] of [
    ['-', 'minus'],
    ['+', 'plus'],
  ] as const) {
    if (!cursor.takeSymbol(symbol)) continue;
    cursor.count();
    const term = cursor.nested(() => parseUnary(cursor));
    return { kind, operand: term };
  }
  return parseTerm(cursor);
}

// ---- terms ---------------------------------------------------------------------------------------------------------------

const CONSTANTS: Readonly<Record<string, Value>> = { true: true, false: false, null: null, missing: MISSING };

function parseTerm(cursor: Cursor): Expression {
  const token = cursor.peek;
  switch (token.type) {
    case 'number':
      cursor.next();
      return { kind: 'literal', value: numberOf(token.text) };
    case 'string':
      cursor.next();
      return { kind: 'literal', value: token.text };
    case 'ion':
      cursor.next();
      return { kind: 'literal', value: parseIon(token) };
    case 'identifier':
    case 'quoted':
      return parsePath(cursor);
    case 'keyword':
      return parseKeyword(cursor);
    case 'symbol':
      if (cursor.takeSymbol('(')) return parseGroup(cursor);
      if (cursor.takeSymbol('[')) return { kind: 'list', items: parseArguments(cursor, whole, ']') };
      if (token.text in LEVELS && token.text !== '*')
        throw cursor.refuse('ParseUnexpectedOperator', `Unexpected operator found ${shown(token)}`);
  }
  throw cursor.refuse('ParseUnexpectedTerm', `Unexpected term found ${shown(token)}`);
}

function parseGroup(cursor: Cursor): Expression {
  if (cursor.isKeyword('select')) throw selectError('UnsupportedSqlStructure');
  const inner = parseArguments(cursor, whole);
  if (inner.length === 0) throw cursor.refuse('ParseExpectedExpression', 'Expected expression');
  return inner.length === 1 ? inner[0] : { kind: 'list', items: inner };
}

function parsePath(cursor: Cursor): Expression {
  const first = cursor.next();
  if (first.type === 'identifier' && cursor.isSymbol('(')) return parseCall(cursor, first, whole);
  const steps: Step[] = [{ kind: 'name', name: first.text, exact: first.type === 'quoted' }];
  while (cursor.isSymbol('.') || cursor.isSymbol('[')) steps.push(parseStep(cursor));
  return { kind: 'path', steps, place: first.place };
}

function refuseStep(cursor: Cursor) {
  const { type, text } = cursor.peek;
  const kind = type === 'keyword' && DATE_PARTS.has(text) ? 'DATE_PART' : shown(cursor.peek).split(':')[0];
  const what = `Invalid Path component, expecting either an IDENTIFIER or STAR, got: ${kind},`;
  return cursor.refuse('ParseInvalidPathComponent', what);
}

/** `.name`, `."name"`, `.*`, `[0]`, `['name']`, `[*]`. */
export function parseStep(cursor: Cursor): Step {
  if (cursor.takeSymbol('.')) {
    if (cursor.takeSymbol('*')) return { kind: 'members' };
    const { type, text } = cursor.peek;
    if (type !== 'identifier' && type !== 'quoted') throw refuseStep(cursor);
    cursor.next();
    return { kind: 'name', name: text, exact: type === 'quoted' };
  }
  cursor.expectSymbol('[');
  const { type, text } = cursor.peek;
  if (cursor.takeSymbol('*')) {
    cursor.expectSymbol(']');
    return { kind: 'items' };
  }
  if (type !== 'string' && !(type === 'number' && /^\d{1,9}$/.test(text))) throw refuseStep(cursor);
  cursor.next();
  cursor.expectSymbol(']');
  return type === 'string' ? { kind: 'name', name: text, exact: true } : { kind: 'index', index: Number(text) };
}

/** These say themselves what is wrong when no bracket follows. */
const BRACKETS_LATER = ['substring', 'trim', 'extract'];

function parseKeyword(cursor: Cursor): Expression {
  const token = cursor.peek;
  const { text } = token;
  if (Object.hasOwn(CONSTANTS, text)) {
    cursor.next();
    return { kind: 'literal', value: CONSTANTS[text] };
  }
  if (text === 'case') return parseCase(cursor, whole);
  if (text === 'cast') return parseCast(cursor, whole);
  if (text === 'select') throw selectError('UnsupportedSqlStructure');
  if (!isCallable(text) || (!BRACKETS_LATER.includes(text) && cursor.following.text !== '('))
    throw cursor.refuse('ParseUnExpectedKeyword', `Unexpected keyword found, ${shown(token)}`);
  cursor.next();
  return parseCall(cursor, token, whole);
}
