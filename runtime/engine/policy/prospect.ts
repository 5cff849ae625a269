/**
 * What policies say of requests that nobody has made yet: allowed whatever the request looks like, denied, or depending
 * on conditions whose keys nobody can know beforehand. A question is decided twice: once as if every open condition held
 * where that allows and failed where that denies, once the other way round.
 */
import { type Asked, type CompiledStatement, compile } from './compile';
import { askedOf, decide, needsPrincipal, type Question } from './decide';
import { variablesIn } from './keys';
import type { Naming } from './principals';

/** A condition that is open until a request is made. */
export interface Proviso {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export type Prospect =
  | { readonly effect: 'allowed' | 'denied' }
  | {
      readonly effect: 'conditional';
      /** Alternatives: the conditions of any one of them have to hold. Empty: nothing but `unless` matters. */
      readonly if: readonly (readonly Proviso[])[];
      /** Denials: where all conditions of one of them hold, the request is denied. */
      readonly unless: readonly (readonly Proviso[])[];
    };

/** A statement that fits but for conditions that are open. */
interface Open {
  readonly statement: CompiledStatement;
  readonly naming: Naming;
  readonly provisos: readonly Proviso[];
}

/** @param isKnown whether the question's lookup tells a key (in lower case) as every such request would */
export function prospectOf(question: Question, isKnown: (key: string) => boolean): Prospect {
  const asked = askedOf(question);
  const open: Open[] = [];
  const settled = new Map<CompiledStatement, Naming | undefined>();
  for (const policy of question.policies) {
    const compilation = compile(policy.document);
    if ('problem' in compilation) continue;
    for (const statement of compilation.statements) {
      const fits = fit(statement, asked, isKnown);
      if (fits === undefined || (!statement.principals && needsPrincipal(policy))) settled.set(statement, undefined);
      else if (fits.provisos.length === 0) settled.set(statement, fits.naming);
      else open.push({ statement, ...fits });
    }
  }
  const isAllowed = (counted: readonly Open[]): boolean => {
    const naming = new Map([...settled, ...counted.map((one) => [one.statement, one.naming] as const)]);
    return decide(question, (statement) => naming.get(statement)).effect === 'allow';
  };
  if (open.length === 0) return { effect: isAllowed([]) ? 'allowed' : 'denied' };
  const allows = open.filter(({ statement }) => !statement.deny);
  const denies = open.filter(({ statement }) => statement.deny);
  if (!isAllowed(allows)) return { effect: 'denied' };
  if (isAllowed(denies)) return { effect: 'allowed' };
  return {
    effect: 'conditional',
    if: isAllowed([]) ? [] : alternatives(allows, isAllowed),
    unless: unique(denies.map(({ provisos }) => provisos)),
  };
}

/** What two questions come to that both have to be allowed: an access point's and its bucket's. */
export function bothOf(one: Prospect, other: Prospect): Prospect {
  if (one.effect === 'denied' || other.effect === 'denied') return { effect: 'denied' };
  if (one.effect !== 'conditional') return other;
  if (other.effect !== 'conditional') return one;
  const together = orNone(one.if).flatMap((mine) => orNone(other.if).map((theirs) => joined(mine, theirs)));
  return {
    effect: 'conditional',
    if: one.if.length + other.if.length > 0 ? unique(together) : [],
    unless: unique([...one.unless, ...other.unless]),
  };
}

function joined(mine: readonly Proviso[], theirs: readonly Proviso[]): readonly Proviso[] {
  return [...new Map([...mine, ...theirs].map((one) => [JSON.stringify(one), one])).values()];
}

/** Each statement that is enough by itself; when none is, all of them together. */
function alternatives(allows: readonly Open[], isAllowed: (counted: readonly Open[]) => boolean) {
  const enough = allows.filter((one) => isAllowed([one]));
  return unique(enough.length > 0 ? enough.map(({ provisos }) => provisos) : [allows.flatMap((one) => one.provisos)]);
}

function unique(lists: readonly (readonly Proviso[])[]): readonly (readonly Proviso[])[] {
  return [...new Map(lists.map((list) => [JSON.stringify(list), list])).values()];
}

function fit(
  statement: CompiledStatement,
  asked: Asked,
  isKnown: (key: string) => boolean,
): { naming: Naming; provisos: Proviso[] } | undefined {
  const naming = statement.principals ? statement.principals.names(asked.caller) : 'direct';
  if (naming === undefined || !statement.matchesAction(asked.lowerAction)) return undefined;
  const provisos: Proviso[] = [];
  const { resources } = statement.source;
  if (!statement.matchesResource(asked.resource, asked.lookup)) {
    const unknown = resources?.values.filter((value) => variablesIn(value).some((key) => !isKnown(key.toLowerCase())));
    if (!resources || resources.negated || !unknown?.some((value) => mayBe(value, asked.resource))) return undefined;
    provisos.push({ operator: 'Resource', key: asked.resource, values: unknown });
  }
  for (const condition of statement.conditions) {
    const { operator, key, values } = condition;
    const keys = [key, ...values.flatMap(variablesIn)];
    if (!keys.every((one) => isKnown(one.toLowerCase()))) provisos.push({ operator, key, values });
    else if (!condition.holds(asked.lookup)) return undefined;
  }
  return { naming, provisos };
}

/** Whether a resource with variables may come to mean what is asked: as far as its first variable. */
function mayBe(value: string, resource: string): boolean {
  const fixed = value.slice(0, value.indexOf('${'));
  return resource.startsWith(fixed.replace(/\*.*$/, ''));
}

const NEGATED = /^(ForAllValues:|ForAnyValue:)?(\w*Not\w+|NotIpAddress)(IfExists)?$/;

/** Whether `one` can hold only where `other` holds, too: the same key, asked by the same operator, of fewer values. */
export function implies(one: Proviso, other: Proviso): boolean {
  if (one.operator !== other.operator || one.key.toLowerCase() !== other.key.toLowerCase()) return false;
  const [few, many] = NEGATED.test(one.operator) ? [other, one] : [one, other];
  return few.values.every((value) => many.values.includes(value));
}

/** Whether everything that `other` lets through, `one` lets through as well. */
export function covers(one: Prospect, other: Prospect): boolean {
  if (other.effect === 'denied' || one.effect === 'allowed') return true;
  if (one.effect !== 'conditional') return false;
  const theirs = other.effect === 'conditional' ? other : { if: [], unless: [] };
  const allowsAll = orNone(theirs.if).every((needed) =>
    orNone(one.if).some((mine) => mine.every((condition) => needed.some((own) => implies(own, condition)))),
  );
  const deniesNoMore = one.unless.every((mine) =>
    theirs.unless.some((denial) => denial.every((condition) => mine.some((own) => implies(own, condition)))),
  );
  return allowsAll && deniesNoMore;
}

type Lists = readonly (readonly Proviso[])[];

/** No alternatives: one that needs nothing. */
const orNone = (lists: Lists): Lists => (lists.length > 0 ? lists : [[]]);
