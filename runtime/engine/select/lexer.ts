/** The expression as tokens, each with its place. Source: S3 user guide, "SQL reference for Amazon S3 Select". */
import { type Place, syntaxError } from './errors';
import { KEYWORDS } from './keywords';

export type TokenType = 'keyword' | 'identifier' | 'quoted' | 'string' | 'number' | 'ion' | 'symbol' | 'end';

export interface Token {
  readonly type: TokenType;
  /** Keywords in lower case, strings without their quotes. */
  readonly text: string;
  readonly place: Place;
}

const SPACE = /\s/;
const NAME_START = /[A-Za-z_$]/;
const NAME = /[A-Za-z0-9_$]*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SYMBOLS = ['<>', '<=', '>=', '!=', '||', ...'+-*/%=<>(),.[];'];
/** Longest number that an expression may spell out. */
const LONGEST_NUMBER = 500;

export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const placeOf = (index: number): Place => ({ line, column: index - lineStart + 1 });
  const newlines = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      if (expression.charCodeAt(i) !== 10) continue;
      line++;
      lineStart = i + 1;
    }
  };
  const quotedText = (quote: string, place: Place): string => {
    let text = '';
    const begin = at;
    for (;;) {
      const end = expression.indexOf(quote, at + 1);
      if (end < 0) throw syntaxError('LexerInvalidChar', 'Invalid character', place);
      text += expression.slice(at + 1, end);
      at = end + 1;
      if (quote === '`' || expression[at] !== quote) break;
      text += quote;
    }
    newlines(begin, at);
    return text;
  };
  const sticky = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const text = pattern.exec(expression)?.[0] ?? '';
    at += text.length;
    return text;
  };

  while (at < expression.length) {
    const char = expression[at];
    const place = placeOf(at);
    if (SPACE.test(char)) {
      newlines(at, at + 1);
      at++;
    } else if (expression.startsWith('--', at)) {
      const end = expression.indexOf('\n', at);
      at = end < 0 ? expression.length : end;
    } else if (expression.startsWith('/*', at)) {
      const end = expression.indexOf('*/', at + 2);
      if (end < 0) throw syntaxError('LexerInvalidChar', 'Invalid character', place);
      newlines(at, end);
      at = end + 2;
    } else if (NAME_START.test(char)) {
      const text = sticky(NAME);
      const lower = text.toLowerCase();
      const keyword = KEYWORDS.has(lower);
      tokens.push({ type: keyword ? 'keyword' : 'identifier', text: keyword ? lower : text, place });
    } else if (/\d/.test(char) || (char === '.' && /\d/.test(expression[at + 1] ?? ''))) {
      const text = sticky(NUMBER);
      if (NAME_START.test(expression[at] ?? '') || text.length > LONGEST_NUMBER)
        throw syntaxError('LexerInvalidLiteral', 'Invalid literal', place);
      tokens.push({ type: 'number', text, place });
    } else if (char === "'") {
      tokens.push({ type: 'string', text: quotedText("'", place), place });
    } else if (char === '"') {
      tokens.push({ type: 'quoted', text: quotedText('"', place), place });
    } else if (char === '`') {
      tokens.push({ type: 'ion', text: quotedText('`', place), place });
    } else {
      const symbol = SYMBOLS.find((one) => expression.startsWith(one, at));
      if (!symbol)
        throw '!|&^~:?'.includes(char)
          ? syntaxError('LexerInvalidOperator', 'Invalid operator', place)
          : syntaxError('LexerInvalidChar', 'Invalid character', place);
      tokens.push({ type: 'symbol', text: symbol, place });
      at += symbol.length;
    }
  }
  tokens.push({ type: 'end', text: '', place: placeOf(at) });
  return tokens;
}

const SHOWN: Readonly<Record<string, string>> = {
  ',': 'COMMA',
  '(': 'LEFT_PAREN',
  ')': 'RIGHT_PAREN',
  '[': 'LEFT_BRACKET',
  ']': 'RIGHT_BRACKET',
  '.': 'DOT',
  '*': 'STAR',
  ';': 'SEMICOLON',
};

const TYPES: Readonly<Record<Exclude<TokenType, 'symbol'>, string>> = {
  keyword: 'KEYWORD',
  identifier: 'IDENTIFIER',
  quoted: 'QUOTED_IDENTIFIER',
  string: 'LITERAL',
  number: 'LITERAL',
  ion: 'ION_LITERAL',
  end: 'EOF',
};

/** A token as S3 names it in its refusals: by its kind, without what it says. */
export function shown({ type, text }: Token): string {
  return `${type === 'symbol' ? (SHOWN[text] ?? 'OPERATOR') : TYPES[type]}:UNKNOWN`;
}
