/**
 * The strings of a policy that may hold wildcards and variables, compiled once: `arn:aws:s3:::home/${aws:username}/*`.
 * Source: IAM user guide, "IAM policy elements: Variables and tags", "IAM JSON policy elements: Resource".
 */
import { anyOne, anyRun, compileTokens, type Matcher, type Token, tokensOf } from '../pattern';

/** The request's condition context: values by lower-case key. */
export type Lookup = (key: string) => string | readonly string[] | undefined;

/** Whether a value of the request matches one string of the policy. */
export type Test = (value: string, lookup: Lookup) => boolean;

interface Variable {
  /** Lower-case condition key. */
  readonly key: string;
  readonly fallback?: string;
}
type Part = Token | Variable;

/** How the tokens of a policy string become a matcher. */
export type Kind = (tokens: readonly Token[]) => Matcher;

/**
 * @param variables whether `${...}` means something: only since policy version 2012-10-17
 * @param wildcards whether `*` and `?` do
 */
export function compileText(text: string, kind: Kind, variables: boolean, wildcards: boolean): Test {
  const parts = partsOf(text, variables, wildcards);
  if (parts.some(isVariable)) {
    return (value, lookup) => {
      const tokens = resolve(parts, lookup);
      return tokens !== undefined && kind(tokens)(value);
    };
  }
  return kind(parts as Token[]);
}

/** Whether a policy string means exactly itself: no wildcard, no variable. */
export function isFixed(text: string): boolean {
  return !/[*?]|\$\{/.test(text);
}

export const exact: Kind = (tokens) => {
  const wanted = tokens.join('');
  return (value) => value === wanted;
};

export const exactIgnoringCase: Kind = (tokens) => {
  const wanted = tokens.join('').toLowerCase();
  return (value) => value.toLowerCase() === wanted;
};

export const like: Kind = compileTokens;

/** ARN conditions: "each of the six colon-delimited components of the ARN is checked separately". */
export const arnLike: Kind = (tokens) => {
  const components = componentsOf(tokens);
  if (components.length < 6) {
    const whole = compileTokens(tokens);
    return components.length === 1 ? whole : () => false;
  }
  const matchers = components.map(compileTokens);
  return (value) => {
    const actual = splitArn(value);
    return actual !== undefined && matchers.every((matches, i) => matches(actual[i]));
  };
};

/**
 * `Resource`: wildcards stay within their segment, except that "if the * wildcard is the last character of a resource
 * ARN segment, it can expand to match beyond the colon boundaries".
 */
export const resource: Kind = (tokens) => {
  const head = componentsOf(tokens).slice(0, 5);
  const confined = head.some((component) =>
    component.some((token, i) => token === anyOne || (token === anyRun && i < component.length - 1)),
  );
  return confined ? arnLike(tokens) : compileTokens(tokens);
};

function isVariable(part: Part): part is Variable {
  return typeof part === 'object';
}

const VARIABLE = /\$\{([^}]*)\}/;
const WITH_DEFAULT = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

function partsOf(text: string, variables: boolean, wildcards: boolean): Part[] {
  const literal = (piece: string): Part[] => (piece === '' ? [] : wildcards ? tokensOf(piece) : [piece]);
  if (!variables) return literal(text);
  return text.split(VARIABLE).flatMap((piece, i): Part[] => {
    if (i % 2 === 0) return literal(piece);
    if (piece === '*' || piece === '?' || piece === '$') return [piece];
    const [, key, fallback] = WITH_DEFAULT.exec(piece) ?? [];
    return key === undefined ? literal(`\${${piece}}`) : [{ key: key.toLowerCase(), fallback }];
  });
}

/** Undefined when a variable has no single value and no default: then the string matches nothing. */
function resolve(parts: readonly Part[], lookup: Lookup): Token[] | undefined {
  const tokens: Token[] = [];
  for (const part of parts) {
    if (!isVariable(part)) {
      tokens.push(part);
      continue;
    }
    const value = lookup(part.key) ?? part.fallback;
    if (typeof value !== 'string') return undefined;
    tokens.push(value);
  }
  return tokens;
}

/** Tokens of the (at most six) components between the first five colons. */
function componentsOf(tokens: readonly Token[]): Token[][] {
  const components: Token[][] = [[]];
  for (const token of tokens) {
    if (typeof token !== 'string') {
      components[components.length - 1].push(token);
      continue;
    }
    const pieces = token.split(':');
    const open = Math.min(pieces.length, 7 - components.length);
    pieces.splice(open - 1, pieces.length, pieces.slice(open - 1).join(':'));
    pieces.forEach((piece, i) => {
      if (i > 0) components.push([]);
      if (piece !== '') components[components.length - 1].push(piece);
    });
  }
  return components;
}

function splitArn(value: string): string[] | undefined {
  if (!value.startsWith('arn:')) return undefined;
  const parts = value.split(':');
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')];
}
