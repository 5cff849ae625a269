/**
 * A decision told in the order in which AWS evaluates: explicit denies, the organisation's and the endpoint's guards, the
 * resource's policy, the caller's own, its limits. The telling ends where the request was decided.
 * Source: IAM user guide, "How AWS enforcement code logic evaluates requests to allow or deny access".
 */
import type { Decision, PolicyKind, Question } from './decide';
import type { Considered } from './explain';
import { kindNames } from './kinds';

export interface Step {
  /** `explicit deny`, `Block Public Access`, or the kind of policy that is asked. */
  readonly step: string;
  readonly outcome: 'allows' | 'denies' | 'does not allow' | 'passes';
  /** In words, where there is more to say. */
  readonly says?: string;
  /** Whether the request was decided here. */
  readonly decided?: true;
}

const GUARDS = ['resourceControl', 'serviceControl', 'endpoint'] as const;
const LIMITS = ['boundary', 'session'] as const;

export function courseOf(question: Question, decision: Decision, considered: readonly Considered[]): readonly Step[] {
  if (decision.effect === 'explicitDeny') {
    const policy = decision.by === 'unreadable' ? decision.policy : decision.by.policy;
    const where = decision.by === 'unreadable' ? '' : `statement ${decision.by.statement + 1} of `;
    return [{ step: 'explicit deny', outcome: 'denies', says: `${where}${policy.name}`, decided: true }];
  }
  const denies = considered.filter(({ effect }) => effect === 'Deny').length;
  const steps: Step[] = [
    { step: 'explicit deny', outcome: 'passes', says: `none of ${denies} denying statement${denies === 1 ? '' : 's'}` },
  ];
  if (decision.by === 'block') {
    return [...steps, { step: 'Block Public Access', outcome: 'denies', says: question.block?.reason, decided: true }];
  }
  for (const kind of kindsAsked(question)) {
    const step = stepOf(kind, question, decision, considered);
    steps.push(step);
    if (step.decided) return steps;
  }
  return steps.map((step, i) => (i === steps.length - 1 ? { ...step, decided: true } : step));
}

/** Which kinds have a say, in order. */
function kindsAsked({ policies, caller }: Question): readonly PolicyKind[] {
  const there = (kind: PolicyKind) => policies.some((policy) => policy.kind === kind);
  const own = caller.kind === 'user' || caller.kind === 'session' || caller.kind === 'root';
  return [
    ...GUARDS.filter(there),
    there('trust') ? 'trust' : 'resource',
    ...(own ? (['identity'] as const) : []),
    ...LIMITS.filter(there),
  ];
}

function stepOf(kind: PolicyKind, question: Question, decision: Decision, considered: readonly Considered[]): Step {
  const step = kindNames[kind];
  if (decision.by === 'missing' && decision.missing === kind) return { step, outcome: 'does not allow', decided: true };
  if (decision.by === 'grant' && (kind === 'resource' || kind === 'trust')) {
    return { step: 'grant beyond policies', outcome: 'allows', says: question.grant?.reason, decided: true };
  }
  if (kind === 'identity' && question.caller.kind === 'root') {
    return { step: 'root user', outcome: 'allows', says: 'the root user of an account needs no policy of its own' };
  }
  const by = considered.find(({ policy, effect, mismatch }) => policy.kind === kind && effect === 'Allow' && !mismatch);
  if (!by) return { step, outcome: 'does not allow' };
  const decides = typeof decision.by === 'object' && decision.by.policy.kind === kind && enough(kind, question);
  const says = `statement ${by.statement + 1} of ${by.policy.name}`;
  return { step, outcome: 'allows', says, ...(decides ? { decided: true } : {}) };
}

/** Whether an allow of this kind leaves nothing to ask: the resource's, within its account or for those without one. */
function enough(kind: PolicyKind, { caller, owner }: Question): boolean {
  if (kind !== 'resource' && kind !== 'trust') return false;
  return caller.account === undefined || caller.account === (owner ?? caller.account);
}
