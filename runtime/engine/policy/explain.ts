/**
 * Why: what a decision rests on, statement by statement, in data and in one sentence. Made only when somebody wants to
 * know, by asking each statement again and noting the first element that does not fit.
 */
import { type Asked, type CompiledStatement, compile } from './compile';
import { courseOf, type Step } from './course';
import { askedOf, type Decision, needsPrincipal, type Policy, type PolicyKind, type Question } from './decide';
import { kindNames } from './kinds';
import type { Caller } from './principals';
import type { Lookup } from './text';

/** The first element of a statement that does not fit the request. */
export interface Mismatch {
  readonly element: 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Principal' | 'NotPrincipal' | 'Condition';
  /** In words: what the policy wants and what the request has. */
  readonly why: string;
  /** Of a `Condition`: the one key that does not fit. */
  readonly condition?: {
    readonly operator: string;
    readonly key: string;
    /** As the policy has them. */
    readonly values: readonly string[];
    /** As the request has it; absent when it has none. */
    readonly found?: string | readonly string[];
  };
}

/** A policy that was asked, also one without a statement that matters. */
export interface ConsideredPolicy extends Pick<Policy, 'kind' | 'name' | 'arn' | 'attachedTo' | 'level' | 'origin'> {
  readonly statements: number;
  /** Where it cannot be read; such a policy denies. */
  readonly unreadable?: string;
}

export interface Considered {
  readonly policy: Pick<Policy, 'kind' | 'name' | 'arn' | 'origin'>;
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
  /** More of the principal: its kind and account, and the session that it is. */
  readonly caller: Pick<Caller, 'kind' | 'account' | 'session' | 'sourceArn'>;
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
  readonly policies: readonly ConsideredPolicy[];
  /** What was asked in AWS's order of evaluation, up to what decided. */
  readonly course: readonly Step[];
}

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
  const { kind, account, session, sourceArn } = question.caller;
  return {
    principal: question.caller.arn,
    caller: { kind, account, session: session && sessionOf(session), sourceArn },
    action: question.action,
    resource: question.resource,
    effect: decision.effect,
    reason: reasonOf(question, decision, decidedBy, nearest),
    decidedBy,
    nearest,
    considered,
    policies: question.policies.map(consideredPolicy),
    course: courseOf(question, decision, considered),
  };
}

function consideredPolicy({ kind, name, arn, attachedTo, level, origin, document }: Policy): ConsideredPolicy {
  const compilation = compile(document);
  const read =
    'problem' in compilation
      ? { statements: 0, unreadable: compilation.problem.place }
      : { statements: compilation.statements.length };
  return { kind, name, arn, attachedTo, level, origin, ...read };
}

function sessionOf({ roleArn, provider, name, sourceIdentity, expiresAt, mfa }: NonNullable<Caller['session']>) {
  return { roleArn, provider, name, sourceIdentity, expiresAt, mfa };
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
  const { kind, name, arn, origin } = policy;
  return compilation.statements.map((statement, i): Considered => {
    const { sid, effect } = statement.source;
    const mismatch = mismatchOf(statement, asked, needsPrincipal(policy));
    const held = mismatch ? [] : statement.conditions.map((condition) => describe(condition, asked.lookup));
    const conditions = held.length > 0 ? held : undefined;
    return { policy: { kind, name, arn, origin }, statement: i, sid, effect, mismatch, conditions };
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
  if (!failed) return undefined;
  const { operator, key, values } = failed;
  const condition = { operator, key, values, found: asked.lookup(key.toLowerCase()) };
  return { element: 'Condition', why: describe(failed, asked.lookup), condition };
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
