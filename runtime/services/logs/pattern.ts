/**
 * The filter pattern language: terms (`ERROR -debug "two words" ?either ?or`), JSON selectors
 * (`{ $.status = 404 && $.path = "/a*" }`) and space-delimited fields (`[ip, user, ..., status = 4*, size > 100]`).
 * Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log
 * events, and Live Tail". Left out, and refused by name: regular expressions between percent signs.
 */
import { anyRun, compileTokens, type Token } from '../../engine/pattern';
import { invalidParameter, unsupported } from './errors';

export type Pattern = (message: string) => boolean;

const patternLimit = 1024;
const invalid = (why: string) => invalidParameter(`Invalid filter pattern: ${why}`);

/** @throws InvalidParameterException */
export function compilePattern(text: string | undefined): Pattern {
  const pattern = (text ?? '').trim();
  if (pattern.length > patternLimit) throw invalid(`longer than ${patternLimit} characters`);
  if (pattern === '') return () => true;
  if (/(^|[\s=?-])%/.test(pattern)) throw unsupported('regular expressions in filter patterns');
  if (pattern.startsWith('{')) return compileJson(pattern);
  if (pattern.startsWith('[')) return compileFields(pattern);
  return compileTerms(pattern);
}

// ---- terms ---------------------------------------------------------------------------------------------------------

function compileTerms(pattern: string): Pattern {
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  let rest = pattern;
  while (rest !== '') {
    const parts = /^([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?:\s+|$)/.exec(rest);
    if (!parts) throw invalid('a quotation mark is missing');
    const [whole, sign, quoted, bare] = parts;
    if (bare !== undefined && !/^[\w*]+$/.test(bare)) throw invalidParameter(`Invalid character(s) in term '${bare}'`);
    const term = bare ?? quoted.replace(/\\(.)/g, '$1');
    (sign === '-' ? excluded : sign === '?' ? optional : required).push(term);
    rest = rest.slice(whole.length);
  }
  // "If you combine '?' with other filter patterns, such as include and exclude terms, the '?' is ignored."
  const either = required.length + excluded.length > 0 ? [] : optional;
  return (message) =>
    required.every((term) => message.includes(term)) &&
    !excluded.some((term) => message.includes(term)) &&
    (either.length === 0 || either.some((term) => message.includes(term)));
}

// ---- expressions: what JSON and field patterns share -----------------------------------------------------------------

interface Lexeme {
  readonly kind: 'sign' | 'text' | 'word' | 'selector';
  readonly text: string;
}

const lexemePattern =
  /\s*(?:(&&|\|\||!=|<=|>=|[(){}[\],=<>])|"((?:[^"\\]|\\.)*)"|(\$(?:\.[\w-]+|\[\d+\]|\['[^']*'\])*)|(\.\.\.|[^\s()[\]{},=<>!&|"]+))/y;

/** A reader of one pattern, one lexeme ahead. */
class Lexemes {
  private readonly all: Lexeme[] = [];
  private at = 0;

  constructor(pattern: string) {
    lexemePattern.lastIndex = 0;
    let end = 0;
    for (let found = lexemePattern.exec(pattern); found; found = lexemePattern.exec(pattern)) {
      const [, sign, quoted, selector, word] = found;
      if (sign !== undefined) this.all.push({ kind: 'sign', text: sign });
      else if (quoted !== undefined) this.all.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1') });
      else if (selector !== undefined) this.all.push({ kind: 'selector', text: selector });
      else this.all.push({ kind: 'word', text: word });
      end = lexemePattern.lastIndex;
    }
    if (pattern.slice(end).trim() !== '') throw invalid(`unexpected ${pattern.slice(end).trim()}`);
  }

  take(): Lexeme {
    const lexeme = this.all[this.at++];
    if (!lexeme) throw invalid('it ends too early');
    return lexeme;
  }

  /** Whether the next lexeme is one of these signs or words. */
  ahead(...texts: string[]): boolean {
    const next = this.all[this.at];
    return next !== undefined && (next.kind === 'sign' || next.kind === 'word') && texts.includes(next.text);
  }

  /** Takes the next lexeme when it is this sign or word. */
  skip(text: string): boolean {
    const here = this.ahead(text);
    if (here) this.at++;
    return here;
  }

  expect(text: string): void {
    if (!this.skip(text)) throw invalid(`${text} is missing`);
  }

  end(): void {
    if (this.at < this.all.length) throw invalid(`unexpected ${this.all[this.at].text}`);
  }
}

type Test<V> = (value: V) => boolean;

/** `||` of `&&` of what `primary` reads. */
function readOr<V>(from: Lexemes, primary: () => Test<V>): Test<V> {
  const tests = [readAnd(from, primary)];
  while (from.skip('||')) tests.push(readAnd(from, primary));
  return tests.length === 1 ? tests[0] : (value) => tests.some((test) => test(value));
}

function readAnd<V>(from: Lexemes, primary: () => Test<V>): Test<V> {
  const tests = [primary()];
  while (from.skip('&&')) tests.push(primary());
  return tests.length === 1 ? tests[0] : (value) => tests.every((test) => test(value));
}

const numeric = /^-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** `= 4*`, `!= "x"`, `> 100` on a field that is text or a number; what is not there only fulfils `!=`. */
function readComparison(from: Lexemes): Test<unknown> {
  const { text: operator } = from.take();
  const { kind, text } = from.take();
  if (kind === 'sign') throw invalid(`unexpected ${text}`);
  const isNumber = kind === 'word' && numeric.test(text);
  if (operator === '=' || operator === '!=') {
    const equals = compileEquals(text, isNumber);
    return operator === '=' ? equals : (value) => !equals(value);
  }
  const limit = Number(text);
  const order = orders[operator];
  if (!order) throw invalid(`unexpected ${operator}`);
  if (!isNumber) throw invalid(`${operator} needs a number`);
  return (value) => {
    const number = typeof value === 'string' && numeric.test(value) ? Number(value) : value;
    return typeof number === 'number' && order(number, limit);
  };
}

const orders: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

function compileEquals(text: string, isNumber: boolean): Test<unknown> {
  const tokens: Token[] = text
    .split(/(\*)/)
    .filter((part) => part !== '')
    .map((part) => (part === '*' ? anyRun : part));
  const matches = compileTokens(tokens);
  const number = Number(text);
  return (value) => {
    if (typeof value === 'number') return isNumber ? value === number : matches(String(value));
    return (
      typeof value === 'string' && (matches(value) || (isNumber && numeric.test(value) && Number(value) === number))
    );
  };
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

function compileJson(pattern: string): Pattern {
  const from = new Lexemes(pattern);
  from.expect('{');
  const primary = (): Test<unknown> => {
    if (!from.skip('(')) return readProperty(from);
    const inner = readOr(from, primary);
    from.expect(')');
    return inner;
  };
  const test = readOr(from, primary);
  from.expect('}');
  from.end();
  return (message) => {
    if (!message.trimStart().startsWith('{')) return false;
    try {
      return test(JSON.parse(message));
    } catch {
      return false;
    }
  };
}

function readProperty(from: Lexemes): Test<unknown> {
  const { kind, text } = from.take();
  if (kind !== 'selector' || text === '$') throw invalid(`${text} is not a selector`);
  const path = [...text.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted) : Number(index),
  );
  const at = (document: unknown) => path.reduce(step, document);
  if (from.skip('NOT')) {
    from.expect('EXISTS');
    return (document) => at(document) === undefined;
  }
  if (from.skip('EXISTS')) return (document) => at(document) !== undefined;
  if (from.skip('IS')) {
    const literal = literals.find(([word]) => from.skip(word));
    if (!literal) throw invalid('IS needs TRUE, FALSE or NULL');
    return (document) => at(document) === literal[1];
  }
  const compare = readComparison(from);
  return (document) => compare(at(document));
}

const literals: readonly (readonly [string, unknown])[] = [
  ['TRUE', true],
  ['FALSE', false],
  ['NULL', null],
];

function step(value: unknown, key: string | number): unknown {
  if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined;
  const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return inside ? (value as Record<string, unknown>)[key] : undefined;
}

// ---- space-delimited fields ------------------------------------------------------------------------------------------

type Field = Test<unknown> | '...';

function compileFields(pattern: string): Pattern {
  const from = new Lexemes(pattern);
  from.expect('[');
  const fields: Field[] = [];
  do fields.push(readField(from));
  while (from.skip(','));
  from.expect(']');
  from.end();
  if (fields.filter((field) => field === '...').length > 1) throw invalid('... may stand only once');
  const gap = fields.indexOf('...');
  const tests = fields.filter((field) => field !== '...');
  return (message) => {
    const values = fieldsOf(message);
    if (gap < 0 ? values.length !== tests.length : values.length < tests.length) return false;
    const skipped = values.length - tests.length;
    return tests.every((test, i) => test(values[gap < 0 || i < gap ? i : i + skipped]));
  };
}

/** `name`, `...`, or conditions on one name joined by `&&` and `||`. */
function readField(from: Lexemes): Field {
  if (from.skip('...')) return '...';
  return readOr<unknown>(from, () => {
    const { kind, text } = from.take();
    if (kind !== 'word') throw invalid(`${text} is not a field name`);
    return from.ahead(',', ']', '&&', '||') ? () => true : readComparison(from);
  });
}

const closing: Readonly<Record<string, string>> = { '[': ']', '"': '"' };

/** A message's fields: words, and what stands between brackets or quotation marks. Reads every character once. */
function fieldsOf(message: string): string[] {
  const fields: string[] = [];
  const unclosed = new Set<string>();
  for (let at = 0; at < message.length; ) {
    if (/\s/.test(message[at])) {
      at++;
      continue;
    }
    const close = closing[message[at]];
    const end = close && !unclosed.has(close) ? message.indexOf(close, at + 1) : -1;
    if (end > 0) {
      fields.push(message.slice(at + 1, end));
      at = end + 1;
      continue;
    }
    if (close) unclosed.add(close);
    wordEnd.lastIndex = at;
    const stop = wordEnd.exec(message)?.index ?? message.length;
    fields.push(message.slice(at, stop));
    at = stop;
  }
  return fields;
}

const wordEnd = /\s/g;
