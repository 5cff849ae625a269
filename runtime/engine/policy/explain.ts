/**
 * Why: what a decision rests on, statement by statement, in data and in one sentence. Made only when somebody wants to
 * know, by asking each statement again and noting the first element that does not fit.
 */
import { type Asked, type CompiledStatement, compile } from './compile';
import { askedOf, type Decision, needsPrincipal, type Policy, type PolicyKind, type Question } from './decide';
import type { Lookup } from './text';

/** The first element of a statement that does not fit the request. */
export interface Mismatch {
  readonly element: 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Principal' | 'NotPrincipal' | 'Condition';
  /** In words: what the policy wants and what the request has. */
  readonly why: string;
}

export interface Considered {
  readonly policy: Pick<Policy, 'kind' | 'name' | 'origin'>;
  /** Position in the document, from 0. */
  readonly statement: number;
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** Absent: the statement matches. */
  readonly mismatch?: Mismatch;
  /** The conditions that hold, of a statement that matches and has some. */
  readonly conditions?: readonly string[];
}

export interface Explanation {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly effect: Decision['effect'];
  /** One sentence. */
  readonly reason: string;
  /** The statement that decided. */
  readonly decidedBy?: Considered;
  /** For an implicit deny: the allowing statement that came closest. */
  readonly nearest?: Considered;
  readonly considered: readonly Considered[];
}

/** The kinds as AWS's messages call them. */
export const kindNames: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity-based policy',
  resource: 'resource-based policy',
  trust: 'role trust policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  serviceControl: 'service control policy',
  resourceControl: 'resource control policy',
  endpoint: 'VPC endpoint policy',
};

export function explain(question: Question, decision: Decision): Explanation {
  const asked = askedOf(question);
  const byPolicy = question.policies.map((policy) => considerPolicy(policy, asked));
  const considered = byPolicy.flat();
  const by = typeof decision.by === 'object' ? decision.by : undefined;
  const decidedBy = by && byPolicy[question.policies.indexOf(by.policy)][by.statement];
  const nearest =
    decision.effect === 'implicitDeny' && decision.by === 'missing'
      ? nearestMiss(considered, decision.missing)
      : undefined;
  return {
    principal: question.caller.arn,
    action: question.action,
    resource: question.resource,
    effect: decision.effect,
    reason: reasonOf(question, decision, decidedBy, nearest),
    decidedBy,
    nearest,
    considered,
  };
}

/** `statement 2 ("Tls") of bucket policy of uploads (AppData/Uploads/Policy/Resource)`. */
export function nameOf({ policy, statement, sid }: Considered): string {
  const { origin } = policy;
  const from = origin && (origin.constructPath ?? `${origin.logicalId} in stack ${origin.stackName}`);
  return `statement ${statement + 1}${sid ? ` ("${sid}")` : ''} of ${policy.name}${from ? ` (${from})` : ''}`;
}

function considerPolicy(policy: Policy, asked: Asked): Considered[] {
  const compilation = compile(policy.document);
  if ('problem' in compilation) return [];
  const { kind, name, origin } = policy;
  return compilation.statements.map((statement, i): Considered => {
    const { sid, effect } = statement.source;
    const mismatch = mismatchOf(statement, asked, needsPrincipal(policy));
    const held = mismatch ? [] : statement.conditions.map((condition) => describe(condition, asked.lookup));
    const conditions = held.length > 0 ? held : undefined;
    return { policy: { kind, name, origin }, statement: i, sid, effect, mismatch, conditions };
  });
}

function mismatchOf(statement: CompiledStatement, asked: Asked, principalNeeded: boolean): Mismatch | undefined {
  const { actions, resources, principals } = statement.source;
  if (!statement.matchesAction(asked.lowerAction)) {
    return elementMismatch('Action', asked.action, actions.negated, actions.values);
  }
  if (!statement.matchesResource(asked.resource, asked.lookup)) {
    return elementMismatch('Resource', asked.resource, resources!.negated, resources!.values);
  }
  if (statement.principals ? !statement.principals.names(asked.caller) : principalNeeded) {
    const element = principals?.negated ? 'NotPrincipal' : 'Principal';
    const relation = principals?.negated ? 'is excepted by' : 'is not among';
    return { element, why: `${asked.caller.arn} ${relation} ${statement.principals?.text ?? 'the named principals'}` };
  }
  const failed = statement.conditions.find((condition) => !condition.holds(asked.lookup));
  return failed && { element: 'Condition', why: describe(failed, asked.lookup) };
}

function elementMismatch(
  name: 'Action' | 'Resource',
  asked: string,
  negated: boolean,
  values: readonly string[],
): Mismatch {
  const relation = negated ? 'is among' : 'is not among';
  return { element: negated ? `Not${name}` : name, why: `${asked} ${relation} ${listOf(values)}` };
}

function describe(
  { operator, key, values }: { operator: string; key: string; values: readonly string[] },
  lookup: Lookup,
): string {
  const value = lookup(key.toLowerCase());
  const actual =
    value === undefined
      ? 'absent'
      : typeof value === 'string'
        ? `"${value}"`
        : value.map((one) => `"${one}"`).join(', ');
  return `${key} is ${actual}, ${operator} ${listOf(values.map((one) => `"${one}"`))}`;
}

const MOST_LISTED = 8;

function listOf(values: readonly string[]): string {
  const more = values.length - MOST_LISTED;
  return more > 0 ? `${values.slice(0, MOST_LISTED).join(', ')} and ${more} more` : values.join(', ');
}

const ORDER = ['Action', 'NotAction', 'Resource', 'NotResource', 'Principal', 'NotPrincipal', 'Condition'];

/** The allowing statement of the missing kind that matched furthest, beyond its action. */
function nearestMiss(considered: readonly Considered[], kind: PolicyKind): Considered | undefined {
  let nearest: Considered | undefined;
  let furthest = ORDER.indexOf('NotAction');
  for (const one of considered) {
    if (one.effect !== 'Allow' || one.policy.kind !== kind || !one.mismatch) continue;
    const rank = ORDER.indexOf(one.mismatch.element);
    if (rank > furthest) [nearest, furthest] = [one, rank];
  }
  return nearest;
}

function reasonOf(question: Question, decision: Decision, decidedBy?: Considered, nearest?: Considered): string {
  const asked = `${question.action} on ${question.resource}`;
  const because = decidedBy?.conditions ? `: ${decidedBy.conditions.join('; ')}` : '';
  switch (decision.by) {
    case 'root':
      return `${asked} is allowed: the account's root user needs no policy, and none denies it.`;
    case 'grant':
      return `${asked} is allowed: ${question.grant!.reason}.`;
    case 'block':
      return `${asked} is refused: ${question.block!.reason}.`;
    case 'unreadable':
      return `${asked} is refused: ${decision.policy.name} cannot be read (${decision.problem.place}).`;
    case 'missing': {
      const near = nearest ? `; nearest is ${nameOf(nearest)}, but ${nearest.mismatch!.why}` : '';
      return `No ${kindNames[decision.missing]} allows ${asked}${near}.`;
    }
    default:
      return decision.effect === 'allow'
        ? `${asked} is allowed by ${nameOf(decidedBy!)}${because}.`
        : `${asked} is explicitly denied by ${nameOf(decidedBy!)}${because}.`;
  }
}
