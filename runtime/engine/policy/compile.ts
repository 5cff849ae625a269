/**
 * From document to functions, once per text. Requests only ever run compiled statements; the cache holds what they
 * used lately and forgets the rest. Decisions are never cached.
 */
import { type Matcher, wildcard } from '../pattern';
import { type Condition, compileCondition } from './conditions';
import { type Document, type Element, PolicyError, type Problem, readDocument, type Statement } from './document';
import { type Caller, compileNotPrincipals, compilePrincipals, type Naming, type Principals } from './principals';
import { compileText, type Lookup, resource } from './text';

/** What a statement is asked. */
export interface Asked {
  /** As AWS spells it: `s3:GetObject`. */
  readonly action: string;
  /** `action` in lower case: actions are compared without regard to case. */
  readonly lowerAction: string;
  /** ARN, or `*` for actions without a resource. */
  readonly resource: string;
  readonly caller: Caller;
  readonly lookup: Lookup;
}

export interface CompiledStatement {
  readonly source: Statement;
  readonly deny: boolean;
  matchesAction(lowerAction: string): boolean;
  matchesResource(resource: string, lookup: Lookup): boolean;
  /** Absent in policies that are attached to a principal. */
  readonly principals?: Principals;
  readonly conditions: readonly Condition[];
}

export interface CompiledPolicy {
  readonly document: Document;
  readonly statements: readonly CompiledStatement[];
}

/** @throws PolicyError when the text is no policy */
export function compileDocument(text: string): CompiledPolicy {
  const document = readDocument(text);
  return { document, statements: document.statements.map((one) => compileStatement(one, document.version)) };
}

/** Whether the statement applies to what is asked, and how it names the caller (`direct` when it names nobody). */
export function applies(statement: CompiledStatement, asked: Asked): Naming | undefined {
  if (!statement.matchesAction(asked.lowerAction)) return undefined;
  if (!statement.matchesResource(asked.resource, asked.lookup)) return undefined;
  const naming = statement.principals ? statement.principals.names(asked.caller) : 'direct';
  if (naming === undefined) return undefined;
  for (const condition of statement.conditions) if (!condition.holds(asked.lookup)) return undefined;
  return naming;
}

function compileStatement(source: Statement, version: Document['version']): CompiledStatement {
  const variables = version === '2012-10-17';
  return {
    source,
    deny: source.effect === 'Deny',
    matchesAction: compileActions(source.actions),
    matchesResource: compileResources(source.resources, variables),
    principals:
      source.principals &&
      (source.principals.negated ? compileNotPrincipals : compilePrincipals)(source.principals.entries),
    conditions: source.conditions.map(({ operator, key, values }) => {
      const condition = compileCondition(operator, key, values, variables);
      if (!('badValue' in condition)) return condition;
      const place = `${source.place}.Condition.${operator}.${key}`;
      const value = condition.badValue;
      const message = 'Syntax errors in policy.';
      throw new PolicyError({ code: 'invalidValue', place, element: 'Condition', value, message });
    }),
  };
}

function compileActions({ negated, values }: Element): Matcher {
  const names = new Set<string>();
  const patterns: Matcher[] = [];
  for (const value of values) {
    const lower = value.toLowerCase();
    if (/[*?]/.test(lower)) patterns.push(wildcard(lower));
    else names.add(lower);
  }
  return (action) => {
    if (names.has(action)) return !negated;
    for (const matches of patterns) if (matches(action)) return !negated;
    return negated;
  };
}

function compileResources(element: Element | undefined, variables: boolean): CompiledStatement['matchesResource'] {
  if (!element) return () => true;
  const { negated, values } = element;
  const tests = values.map((value) => compileText(value, resource, variables, true));
  return (asked, lookup) => {
    for (const test of tests) if (test(asked, lookup)) return !negated;
    return negated;
  };
}

// ---- cache ---------------------------------------------------------------------------------------------------------

export type Compilation = CompiledPolicy | { readonly problem: Problem };

/** Characters of policy text per generation; two generations are kept. */
const GENERATION_CHARACTERS = 8_000_000;

let young = new Map<string, Compilation>();
let old = new Map<string, Compilation>();
let youngCharacters = 0;

/**
 * The young generation by a glance at the text. The store hands out a fresh copy of a text each time; to find it by
 * itself would hash every character of it, to compare it with a few candidates costs a tenth of that.
 */
const byGlance = new Map<number, { readonly text: string; readonly compilation: Compilation }[]>();
/** Texts that look alike: beyond these, hashing is cheaper. */
const MOST_ALIKE = 8;

/** Compiles a policy, or finds it compiled. A text that is no policy gives its problem. */
export function compile(text: string): Compilation {
  const key = glance(text);
  const alike = byGlance.get(key) ?? [];
  for (const one of alike) if (one.text === text) return one.compilation;
  const compilation = young.get(text) ?? remember(text, old.get(text) ?? compileAnew(text));
  byGlance.set(key, [{ text, compilation }, ...alike.slice(0, MOST_ALIKE - 1)]);
  return compilation;
}

function remember(text: string, compilation: Compilation): Compilation {
  youngCharacters += text.length;
  if (youngCharacters > GENERATION_CHARACTERS) {
    old = young;
    young = new Map();
    byGlance.clear();
    youngCharacters = text.length;
  }
  young.set(text, compilation);
  return compilation;
}

const GLANCED = 48;

/** Length and some characters of a text, as a number. */
function glance(text: string): number {
  let sum = text.length;
  const step = text.length / GLANCED;
  for (let i = 0; i < GLANCED; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i * step)) | 0;
  return sum;
}

function compileAnew(text: string): Compilation {
  try {
    return compileDocument(text);
  } catch (error) {
    if (error instanceof PolicyError) return { problem: error.problem };
    throw error;
  }
}
