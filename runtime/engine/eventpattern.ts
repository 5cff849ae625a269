/**
 * Patterns that JSON events are held to: event patterns of EventBridge, and filter policies of SNS, which are the same
 * language with fewer words. Sources: EventBridge user guide, "Comparison operators for use in event patterns"; SNS
 * developer guide, "Amazon SNS subscription filter policies".
 */
import { anyRun, compileTokens, type Token } from './pattern';
import { type Block, contains, parseAddress, parseBlock } from './policy/addresses';

export type EventPattern = (event: unknown) => boolean;

/** What is wrong with a pattern, in a sentence that fits behind "Reason: ". */
export class PatternError extends Error {}

/** Comparisons beyond plain values. */
const WORDS = [
  'anything-but',
  'cidr',
  'equals-ignore-case',
  'exists',
  'numeric',
  'prefix',
  'suffix',
  'wildcard',
] as const;
type Word = (typeof WORDS)[number];

export interface Dialect {
  /** @default all */
  readonly words?: readonly Word[];
  /** Whether patterns nest. @default true */
  readonly nested?: boolean;
}

/** Words of SNS filter policies. */
export const FILTER_WORDS: readonly Word[] = WORDS.filter((word) => word !== 'wildcard');

const DEEPEST = 20;

type Fields = Readonly<Record<string, unknown>>;
/** One value of an event, or that there is none. */
type Test = (value: unknown) => boolean;
const ABSENT = Symbol('absent');

/** @throws PatternError */
export function readEventPattern(pattern: unknown, dialect: Dialect = {}): EventPattern {
  if (!isFields(pattern)) throw new PatternError('Filter is not an object');
  return readFields(pattern, dialect, '', 0);
}

function readFields(pattern: Fields, dialect: Dialect, path: string, depth: number): EventPattern {
  if (depth > DEEPEST) throw new PatternError(`"${path}" is nested too deep`);
  const names = Object.keys(pattern);
  if (names.length === 0) throw new PatternError('Empty objects are not allowed');
  const tests = names.map((name): EventPattern => {
    const wanted = pattern[name];
    if (name === '$or') return readAlternatives(wanted, dialect, path, depth);
    const here = path === '' ? name : `${path}.${name}`;
    if (Array.isArray(wanted)) {
      const test = readValues(wanted, dialect, here);
      return (event) => test(isFields(event) && Object.hasOwn(event, name) ? event[name] : ABSENT);
    }
    if (!isFields(wanted) || dialect.nested === false) {
      throw new PatternError(`"${name}" must be ${dialect.nested === false ? 'an array' : 'an object or an array'}`);
    }
    const inner = readFields(wanted, dialect, here, depth + 1);
    return (event) => {
      const value = isFields(event) ? event[name] : undefined;
      return Array.isArray(value) ? value.some(inner) : inner(value);
    };
  });
  return (event) => tests.every((test) => test(event));
}

function readAlternatives(wanted: unknown, dialect: Dialect, path: string, depth: number): EventPattern {
  if (!Array.isArray(wanted) || wanted.length < 2) {
    throw new PatternError('"$or" must be an array of at least two patterns');
  }
  const patterns = wanted.map((one) => {
    if (!isFields(one)) throw new PatternError('"$or" must hold objects only');
    return readFields(one, dialect, path, depth + 1);
  });
  return (event) => patterns.some((pattern) => pattern(event));
}

/** An array in a pattern: one of its entries has to fit; an array in an event: one of its elements has to. */
function readValues(wanted: readonly unknown[], dialect: Dialect, path: string): Test {
  if (wanted.length === 0) throw new PatternError('Empty arrays are not allowed');
  const tests = wanted.map((one) => readValue(one, dialect, path));
  return (value) => {
    const values = Array.isArray(value) ? value : [value];
    return tests.some((test) => values.some(test));
  };
}

function readValue(wanted: unknown, { words = WORDS }: Dialect, path: string): Test {
  if (!isFields(wanted)) return equalTo(wanted, path);
  const [[word, argument] = ['', undefined], ...more] = Object.entries(wanted);
  if (more.length > 0) throw new PatternError('Only one key allowed in match expression');
  if (!words.includes(word as Word)) throw new PatternError(`Unrecognized match type ${word}`);
  return comparisons[word as Word](argument, path);
}

const comparisons: Readonly<Record<Word, (argument: unknown, path: string) => Test>> = {
  exists(argument) {
    if (typeof argument !== 'boolean') throw new PatternError('exists match pattern must be either true or false.');
    return (value) => (value !== ABSENT) === argument;
  },
  prefix: (argument) => onText('prefix', argument, (text, part) => text.startsWith(part)),
  suffix: (argument) => onText('suffix', argument, (text, part) => text.endsWith(part)),
  'equals-ignore-case': (argument) => sameLetters(argument),
  wildcard(argument) {
    if (typeof argument !== 'string') throw new PatternError('wildcard match pattern must be a string');
    if (argument.includes('**')) throw new PatternError('Consecutive wildcard characters are not allowed');
    const fits = starsOnly(argument);
    return (value) => typeof value === 'string' && fits(value);
  },
  cidr(argument) {
    const block = typeof argument === 'string' ? parseBlock(argument) : undefined;
    if (!block) throw new PatternError(`Malformed CIDR, one '/' required: ${JSON.stringify(argument)}`);
    return (value) => inBlock(block, value);
  },
  numeric: (argument) => numeric(argument),
  'anything-but': (argument, path) => anythingBut(argument, path),
};

function equalTo(wanted: unknown, path: string): Test {
  if (wanted !== null && !['string', 'number', 'boolean'].includes(typeof wanted)) {
    throw new PatternError(`Match value must be String, number, true, false, or null at "${path}"`);
  }
  return (value) => value === wanted;
}

/** `{ "prefix": "a" }` and `{ "prefix": { "equals-ignore-case": "a" } }` */
function onText(word: string, argument: unknown, fits: (text: string, part: string) => boolean): Test {
  const loose = isFields(argument) ? argument['equals-ignore-case'] : undefined;
  const part = loose ?? argument;
  if (typeof part !== 'string') throw new PatternError(`${word} match pattern must be a string`);
  if (loose === undefined) return (value) => typeof value === 'string' && fits(value, part);
  const folded = part.toLowerCase();
  return (value) => typeof value === 'string' && fits(value.toLowerCase(), folded);
}

function sameLetters(argument: unknown): Test {
  if (typeof argument !== 'string') throw new PatternError('equals-ignore-case match pattern must be a string');
  const folded = argument.toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase() === folded;
}

/** `*` is the only wildcard of event patterns; `\*` is a star. */
function starsOnly(pattern: string): (text: string) => boolean {
  const pieces = pattern.split(/(?<!\\)\*/).map((piece) => piece.replace(/\\([*\\])/g, '$1'));
  const tokens = pieces.flatMap((piece, i): Token[] => (i === 0 ? [piece] : [anyRun, piece]));
  return compileTokens(tokens.filter((token) => token !== ''));
}

function inBlock(block: Block, value: unknown): boolean {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  return address !== undefined && contains(block, address);
}

const ORDERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function numeric(argument: unknown): Test {
  if (!Array.isArray(argument) || ![2, 4].includes(argument.length)) {
    throw new PatternError('Value of numeric must be an array of a comparison and a number, once or twice.');
  }
  const bounds = [argument.slice(0, 2), argument.slice(2)].filter((pair) => pair.length > 0);
  const tests = bounds.map(([order, bound]) => {
    if (!Object.hasOwn(ORDERS, String(order))) throw new PatternError(`Unrecognized numeric range operator: ${order}`);
    if (typeof bound !== 'number') throw new PatternError('Value of a numeric comparison must be a number');
    return (value: number) => ORDERS[String(order)](value, bound);
  });
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function anythingBut(argument: unknown, path: string): Test {
  const list = Array.isArray(argument) ? argument : [argument];
  if (list.length === 0) throw new PatternError('Empty arrays are not allowed');
  const refused = list.flatMap((one): Test[] => {
    if (!isFields(one)) return [equalTo(one, path)];
    const [[word, inner] = ['', undefined], ...more] = Object.entries(one);
    if (more.length > 0 || !['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(word)) {
      throw new PatternError(`Unsupported anything-but pattern: ${word}`);
    }
    const inners = Array.isArray(inner) ? inner : [inner];
    return inners.map((text) => comparisons[word as Word](text, path));
  });
  return (value) => value !== ABSENT && !refused.some((test) => test(value));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
