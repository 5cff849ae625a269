/**
 * The evaluation order: which of the policies that apply to a request decide it. Explicit denies first, then the
 * organisation's and the endpoint's guards, then what the resource and the caller's own policies grant, within the
 * limits of boundary and session. Sources: IAM user guide, "Policy evaluation logic" (with "Policy evaluation for
 * requests within a single account" and "Cross-account policy evaluation logic"), "Permissions boundaries for IAM
 * entities", "Policies and permissions: Session policies"; KMS developer guide, "Key policies in AWS KMS".
 */
import { type Asked, applies, compile } from './compile';
import type { Problem } from './document';
import type { Caller, Naming } from './principals';
import type { Lookup } from './text';

export type PolicyKind =
  | 'identity'
  | 'resource'
  | 'boundary'
  | 'session'
  | 'trust'
  | 'serviceControl'
  | 'resourceControl'
  | 'endpoint';

/** A policy that applies to a request. The kernel's `AttachedPolicy` is one. */
export interface Policy {
  readonly kind: PolicyKind;
  readonly name: string;
  /** Of a managed policy and of an organisation's. */
  readonly arn?: string;
  /** What it is attached to: `role Reader`, `bucket uploads`. Absent: the name says it. */
  readonly attachedTo?: string;
  readonly document: string;
  readonly origin?: { readonly stackName: string; readonly logicalId: string; readonly constructPath?: string };
  /** Where in an organisation a control policy is attached: every level has to allow. */
  readonly level?: string;
}

export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly caller: Caller;
  readonly lookup: Lookup;
  /** Account that owns the resource. Absent: the caller's. */
  readonly owner?: string;
  readonly policies: readonly Policy[];
  /** Whether identity policies of the owner's account are enough, or only where the resource policy lets the account in. */
  readonly sameAccount?: 'sufficient' | 'delegated';
  /** An allow beyond policies: an ACL, a KMS grant. */
  readonly grant?: { readonly allowed: boolean; readonly reason: string };
  /** A refusal beyond policies. */
  readonly block?: { readonly reason: string };
}

/** A statement of a policy. */
export interface Reference {
  readonly policy: Policy;
  /** Position in the document, from 0. */
  readonly statement: number;
}

export type Decision =
  | { readonly effect: 'allow'; readonly by: Reference | 'root' | 'grant' }
  | { readonly effect: 'explicitDeny'; readonly by: Reference }
  /** A policy that is no policy (a store of an older release) denies everything it applies to. */
  | { readonly effect: 'explicitDeny'; readonly by: 'unreadable'; readonly policy: Policy; readonly problem: Problem }
  | { readonly effect: 'implicitDeny'; readonly by: 'block' }
  /** What had to allow and did not. */
  | { readonly effect: 'implicitDeny'; readonly by: 'missing'; readonly missing: PolicyKind };

export function askedOf({ action, resource, caller: who, lookup, policies }: Question): Asked {
  const caller = policies.some(({ kind }) => kind === 'boundary') ? { ...who, bounded: true } : who;
  return { action, lowerAction: action.toLowerCase(), resource, caller, lookup };
}

/** @param how whether a statement applies; given by those who ask of requests that nobody has made */
export function decide(question: Question, how: typeof applies = applies): Decision {
  const asked = askedOf(question);
  const found = new Findings();
  for (const policy of question.policies) {
    const compilation = compile(policy.document);
    if ('problem' in compilation) {
      return { effect: 'explicitDeny', by: 'unreadable', policy, problem: compilation.problem };
    }
    found.open(policy);
    const { statements } = compilation;
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i];
      if (!statement.deny && found.needsNoMore(policy)) continue;
      if (!statement.principals && needsPrincipal(policy)) continue;
      const naming = how(statement, asked);
      if (naming === undefined) continue;
      if (statement.deny) return { effect: 'explicitDeny', by: { policy, statement: i } };
      found.allow(policy, i, naming);
    }
  }
  return combine(question, found);
}

/** Statements of these kinds speak only of the principals they name. */
export function needsPrincipal({ kind }: Policy): boolean {
  return kind === 'resource' || kind === 'trust';
}

/** What the statements that apply say, per kind of policy. */
class Findings {
  private readonly present = new Set<PolicyKind>();
  private readonly allows = new Map<PolicyKind, Reference>();
  /** Levels of control policies (and the endpoint's policy): whether they have allowed yet. */
  private readonly guards = new Map<string, { readonly kind: PolicyKind; open: boolean }>();
  resourceNaming: Naming | undefined;

  open(policy: Policy): void {
    this.present.add(policy.kind);
    if (!isGuard(policy.kind)) return;
    const level = levelOf(policy);
    if (!this.guards.has(level)) this.guards.set(level, { kind: policy.kind, open: false });
  }

  needsNoMore(policy: Policy): boolean {
    if (needsPrincipal(policy)) return this.resourceNaming === 'direct';
    return isGuard(policy.kind) ? this.guards.get(levelOf(policy))!.open : this.allows.has(policy.kind);
  }

  allow(policy: Policy, statement: number, naming: Naming): void {
    const reference = { policy, statement };
    if (needsPrincipal(policy)) {
      const stronger = naming === 'direct' || this.resourceNaming === undefined || this.resourceNaming === 'account';
      if (!stronger) return;
      this.resourceNaming = naming;
      this.allows.set('resource', reference);
    } else if (isGuard(policy.kind)) {
      this.guards.get(levelOf(policy))!.open = true;
    } else {
      this.allows.set(policy.kind, reference);
    }
  }

  by(kind: 'identity' | 'resource'): Reference | undefined {
    return this.allows.get(kind);
  }

  /** The first guard that does not let the request through. */
  closedGuard(): PolicyKind | undefined {
    const closed = [...this.guards.values()].filter(({ open }) => !open).map(({ kind }) => kind);
    return (['resourceControl', 'serviceControl', 'endpoint'] as const).find((kind) => closed.includes(kind));
  }

  /** The first of boundary and session policies that is there and does not allow. */
  closedLimit(): PolicyKind | undefined {
    return (['boundary', 'session'] as const).find((kind) => this.present.has(kind) && !this.allows.has(kind));
  }
}

function isGuard(kind: PolicyKind): boolean {
  return kind === 'serviceControl' || kind === 'resourceControl' || kind === 'endpoint';
}

function levelOf({ kind, level }: Policy): string {
  return `${kind} ${level ?? ''}`;
}

const missing = (kind: PolicyKind): Decision => ({ effect: 'implicitDeny', by: 'missing', missing: kind });

function combine(question: Question, found: Findings): Decision {
  if (question.block) return { effect: 'implicitDeny', by: 'block' };
  const guard = found.closedGuard();
  if (guard) return missing(guard);
  const { caller, grant } = question;
  const fromResource = found.by('resource') ?? (grant?.allowed ? 'grant' : undefined);
  const noResource = question.policies.some(({ kind }) => kind === 'trust') ? 'trust' : 'resource';

  if (caller.kind === 'anonymous' || caller.kind === 'service') {
    return fromResource ? { effect: 'allow', by: fromResource } : missing(noResource);
  }
  if (caller.account !== (question.owner ?? caller.account)) {
    if (!fromResource) return missing(noResource);
    const unmet = callerLacks(caller, found);
    return unmet ? missing(unmet) : { effect: 'allow', by: fromResource };
  }

  // "Resource-based policies that grant permissions to an IAM user or role session ARN are not limited by an implicit
  // deny in an identity-based policy, permissions boundary, or session policy"; those to a role ARN are.
  const granted = found.resourceNaming === 'direct' || grant?.allowed;
  if (fromResource && granted) return { effect: 'allow', by: fromResource };
  if (fromResource && found.resourceNaming === 'role') {
    const limit = found.closedLimit();
    return limit ? missing(limit) : { effect: 'allow', by: fromResource };
  }
  if (question.sameAccount === 'delegated' && found.resourceNaming !== 'account') return missing(noResource);
  const unmet = callerLacks(caller, found);
  if (unmet) return missing(unmet);
  return { effect: 'allow', by: found.by('identity') ?? 'root' };
}

/** What the caller's own side does not allow; undefined when it allows. The root user needs no policy. */
function callerLacks(caller: Caller, found: Findings): PolicyKind | undefined {
  if (caller.kind === 'root') return undefined;
  return found.by('identity') ? found.closedLimit() : 'identity';
}
