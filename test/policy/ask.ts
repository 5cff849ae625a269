/** Asks the policy engine one question, with the dull parts filled in. */
import { type Decision, decide, type Policy, type Question } from '../../runtime/engine/policy/decide';
import type { Principal } from '../../runtime/kernel/principal';

export const ACCOUNT = '111122223333';
export const STRANGER = '444455556666';

export type Context = Readonly<Record<string, string | readonly string[]>>;

export const lookupIn = (context: Context): Question['lookup'] => {
  const lower = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return (key) => lower.get(key);
};

export const user = (name = 'ada', account = ACCOUNT): Principal => ({
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/${name}`,
  userId: 'AIDAEXAMPLEEXAMPLE00',
});

export const session = (role = 'Reader', account = ACCOUNT): Principal => ({
  kind: 'session',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${role}/work`,
  userId: 'AROAEXAMPLEEXAMPLE00:work',
  session: { roleArn: `arn:aws:iam::${account}:role/${role}`, name: 'work', issuedAt: 0, expiresAt: 0 },
});

export const root = (account = ACCOUNT): Principal => ({
  kind: 'root',
  account,
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
});

export const service = (name: string): Principal => ({ kind: 'service', arn: name, userId: name, service: name });

export const anonymous: Principal = { kind: 'anonymous', arn: '*', userId: 'anonymous' };

export function policy(kind: Policy['kind'], ...statements: object[]): Policy {
  return { kind, name: `${kind} policy`, document: JSON.stringify({ Version: '2012-10-17', Statement: statements }) };
}

export type Asking = Partial<Omit<Question, 'lookup'>> & { readonly context?: Context };

export function question({ context = {}, ...asking }: Asking): Question {
  return {
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::uploads/a.txt',
    caller: user(),
    owner: ACCOUNT,
    policies: [],
    ...asking,
    lookup: lookupIn(context),
  };
}

/** `allow`, `explicitDeny`, or `implicitDeny: <what was missing>`. */
export function answer(asking: Asking): string {
  const decision: Decision = decide(question(asking));
  return decision.by === 'missing' ? `implicitDeny: ${decision.missing}` : decision.effect;
}
