/**
 * The `Principal` and `NotPrincipal` elements: whom a statement of a resource policy means, and how directly.
 * Source: IAM user guide, "AWS JSON policy elements: Principal", "AWS JSON policy elements: NotPrincipal".
 */
import { parseArn } from '../../base/arn';

/** Who asks, as far as policies care. The kernel's `Principal` is one. */
export interface Caller {
  readonly kind: 'anonymous' | 'root' | 'user' | 'session' | 'service';
  readonly account?: string;
  readonly arn: string;
  readonly userId: string;
  readonly session?: {
    readonly roleArn?: string;
    /** Of a federated session: the user whose permissions it shares. */
    readonly userArn?: string;
    readonly provider?: string;
    readonly name?: string;
    readonly sourceIdentity?: string;
    /** Virtual milliseconds. */
    readonly expiresAt?: number;
    readonly mfa?: boolean;
  };
  readonly service?: string;
  /** The resource that a service acts for. */
  readonly sourceArn?: string;
  /** Whether a permissions boundary is attached to the user or role. */
  readonly bounded?: boolean;
  /** Canonical user id of the caller's account, when the resource's service knows it. */
  readonly canonicalId?: string;
}

/**
 * How a statement names the caller. `direct`: the user, the session, the service or everyone; `role`: the role behind
 * the session; `account`: the whole account, which only delegates to its administrators.
 */
export type Naming = 'direct' | 'role' | 'account';

export type PrincipalType = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';

export interface Principals {
  /** In words, for explanations. */
  readonly text: string;
  /** How the caller is named; undefined when it is not. */
  names(caller: Caller): Naming | undefined;
}

/** One entry as written: `{ type: 'AWS', value: '111122223333' }`. `"*"` is `{ type: 'AWS', value: '*' }`. */
export interface PrincipalEntry {
  readonly type: PrincipalType;
  readonly value: string;
}

const USER_ARN = /^arn:aws[\w-]*:iam::(\d{12}|cloudfront):user\/.+$/;
const ROLE_ARN = /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/;
const SESSION_ARN = /^arn:aws[\w-]*:sts::\d{12}:(assumed-role|federated-user|self)\/?.*$/;
const UNIQUE_ID = /^A[A-Z0-9]{15,}$/;

/** Whether the value has a form that its type allows. Wildcards are allowed only alone. */
export function isPrincipal({ type, value }: PrincipalEntry): boolean {
  switch (type) {
    case 'AWS':
      if (value === '*' || accountOf(value) !== undefined || UNIQUE_ID.test(value)) return true;
      return !/[*?]/.test(value) && (USER_ARN.test(value) || ROLE_ARN.test(value) || SESSION_ARN.test(value));
    case 'Service':
      return value === '*' || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(value);
    case 'Federated':
      return value !== '' && value !== '*';
    case 'CanonicalUser':
      return /^[0-9a-f]{64}$/i.test(value);
  }
}

export function compilePrincipals(entries: readonly PrincipalEntry[]): Principals {
  const tests = entries.map(compileEntry);
  return {
    text: textOf(entries),
    names(caller) {
      let best: Naming | undefined;
      for (const test of tests) {
        const naming = test(caller);
        if (naming === 'direct') return naming;
        if (naming === 'role' || best === undefined) best = naming ?? best;
      }
      return best;
    },
  };
}

/**
 * `NotPrincipal`: a caller is excepted only when each of its identities is listed. "AWS might validate the account
 * first, then the role, and then the assumed-role user", so all of them have to be there. "The NotPrincipal element with
 * a Deny effect will always deny any IAM principal that has a permissions boundary policy attached, regardless of the
 * values" (IAM user guide, "Permissions boundaries for IAM entities").
 */
export function compileNotPrincipals(entries: readonly PrincipalEntry[]): Principals {
  const tests = entries.map(compileEntry);
  return {
    text: textOf(entries),
    names(caller) {
      const listed = (identity: Caller): boolean => tests.some((test) => test(identity) === 'direct');
      return !caller.bounded && identitiesOf(caller).every(listed) ? undefined : 'direct';
    },
  };
}

type EntryTest = (caller: Caller) => Naming | undefined;

function compileEntry({ type, value }: PrincipalEntry): EntryTest {
  switch (type) {
    case 'AWS':
      return compileAws(value);
    case 'Service':
      return ({ service }) => (service !== undefined && (value === '*' || service === value) ? 'direct' : undefined);
    case 'Federated':
      return ({ session }) => (session?.provider === value ? 'direct' : undefined);
    case 'CanonicalUser':
      return ({ canonicalId, kind }) =>
        canonicalId !== value.toLowerCase() ? undefined : kind === 'root' ? 'direct' : 'account';
  }
}

function compileAws(value: string): EntryTest {
  // Everyone: anonymous callers and services included.
  if (value === '*') return () => 'direct';
  const account = accountOf(value);
  if (account !== undefined) {
    return (caller) => (caller.account !== account ? undefined : caller.kind === 'root' ? 'direct' : 'account');
  }
  if (ROLE_ARN.test(value)) {
    return ({ session, arn }) => (arn === value ? 'direct' : session?.roleArn === value ? 'role' : undefined);
  }
  if (UNIQUE_ID.test(value)) {
    return ({ userId }) => (userId === value ? 'direct' : userId.startsWith(`${value}:`) ? 'role' : undefined);
  }
  // "Requests made by the federated user during the session are limited", as those of a session are by its role's ARN.
  return ({ arn, session }) => (arn === value ? 'direct' : session?.userArn === value ? 'role' : undefined);
}

/** The account that `111122223333` and `arn:aws:iam::111122223333:root` mean. */
function accountOf(value: string): string | undefined {
  if (/^\d{12}$/.test(value)) return value;
  const arn = parseArn(value);
  return arn?.service === 'iam' && arn.resource === 'root' && /^\d{12}$/.test(arn.account) ? arn.account : undefined;
}

/** The caller's identities, each as a caller of its own: account, role, session. */
function identitiesOf(caller: Caller): Caller[] {
  const identities: Caller[] = [{ ...caller, session: undefined }];
  if (caller.session?.roleArn) {
    identities.push({
      ...caller,
      arn: caller.session.roleArn,
      userId: caller.userId.split(':')[0],
      session: undefined,
    });
  }
  if (caller.account !== undefined && caller.kind !== 'root') {
    identities.push({ kind: 'root', account: caller.account, arn: '', userId: caller.account });
  }
  return identities;
}

function textOf(entries: readonly PrincipalEntry[]): string {
  return entries.map(({ type, value }) => (type === 'AWS' ? value : `${type} ${value}`)).join(', ');
}
