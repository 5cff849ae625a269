/**
 * The policy that a form carries: until when it holds and what its fields must be. Source: S3 API reference, "POST
 * policy": expiration, condition matching, conditions, character escaping.
 */
import { invalidPolicyDocument, policyDenied } from './errors';

export interface FormPolicy {
  /** Milliseconds. */
  readonly expiresAt: number;
  readonly conditions: readonly Condition[];
}

type Condition =
  | { readonly kind: 'eq' | 'starts-with'; readonly field: string; readonly value: string; readonly text: string }
  | { readonly kind: 'content-length-range'; readonly least: number; readonly most: number }
  /** What no form can fulfil. */
  | { readonly kind: 'never'; readonly text: string };

/** Fields by lower-case name. */
export type Fields = ReadonlyMap<string, string>;

/** @throws AwsError InvalidPolicyDocument */
export function readPolicy(base64: string): FormPolicy {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    throw invalidPolicyDocument('Invalid Policy: Invalid JSON.');
  }
  if (typeof value !== 'object' || value === null) throw invalidPolicyDocument('Invalid Policy: Invalid JSON.');
  const { expiration, conditions, ...others } = value as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalidPolicyDocument(`Invalid Policy: Unexpected: '${unknown}'.`);
  if (expiration === undefined) throw invalidPolicyDocument('Invalid Policy: Policy missing expiration.');
  if (conditions === undefined) throw invalidPolicyDocument('Invalid Policy: Policy missing conditions.');
  const expiresAt = typeof expiration === 'string' && ISO.test(expiration) ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresAt))
    throw invalidPolicyDocument(`Invalid Policy: Invalid 'expiration' value: '${expiration}'`);
  if (!Array.isArray(conditions)) throw invalidPolicyDocument('Invalid Policy: Invalid conditions.');
  return { expiresAt, conditions: conditions.flatMap(readCondition) };
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

function readCondition(value: unknown): Condition[] {
  const invalid = () => invalidPolicyDocument(`Invalid Policy: Invalid condition: ${JSON.stringify(value)}`);
  if (Array.isArray(value)) {
    const [kind, first, second] = value as unknown[];
    if (value.length !== 3 || typeof kind !== 'string') throw invalid();
    const operator = kind.toLowerCase();
    if (operator === 'content-length-range') {
      const [least, most] = [Number(first), Number(second)];
      if (!Number.isInteger(least) || !Number.isInteger(most)) return [{ kind: 'never', text: textOf(value) }];
      if (least < 0 || most < 0) throw invalid();
      return [{ kind: operator, least, most }];
    }
    if (operator !== 'eq' && operator !== 'starts-with') throw invalid();
    if (typeof first !== 'string' || typeof second !== 'string') throw invalid();
    if (!first.startsWith('$')) return [{ kind: 'never', text: textOf(value) }];
    return [{ kind: operator, field: first.slice(1).toLowerCase(), value: second, text: textOf(value) }];
  }
  if (typeof value !== 'object' || value === null) throw invalid();
  const entries = Object.entries(value);
  if (entries.length !== 1)
    throw invalidPolicyDocument(
      'Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    );
  return entries.map(([name, wanted]) => {
    if (typeof wanted !== 'string') throw invalid();
    const text = textOf(['eq', `$${name}`, wanted]);
    return { kind: 'eq' as const, field: name.toLowerCase(), value: wanted, text };
  });
}

/** A condition as refusals quote it. */
const textOf = (condition: readonly unknown[]) => `[${condition.map((one) => JSON.stringify(String(one))).join(', ')}]`;

/** Fields that need no condition. */
const FREE = new Set(['file', 'policy', 'signature', 'awsaccesskeyid', 'x-amz-signature', 'bucket']);

/** @throws AwsError AccessDenied */
export function checkFields({ expiresAt, conditions }: FormPolicy, fields: Fields, bucket: string, now: number): void {
  if (now > expiresAt) throw policyDenied('Policy expired.');
  const named = new Set<string>();
  for (const condition of conditions) {
    if (condition.kind === 'content-length-range') continue;
    if (condition.kind === 'never') throw policyDenied(`Policy Condition failed: ${condition.text}`);
    const { kind, field, value, text } = condition;
    named.add(field);
    const given = field === 'bucket' ? bucket : (fields.get(field) ?? '');
    const holds = kind === 'eq' ? given === value : given.startsWith(value);
    if (!holds) throw policyDenied(`Policy Condition failed: ${text}`);
  }
  if (!named.has('bucket')) throw policyDenied('Extra input fields: bucket');
  const extra = [...fields.keys()].filter(
    (name) => !named.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-'),
  );
  if (extra.length > 0) throw policyDenied(`Extra input fields: ${extra.join(', ')}`);
}

/** How many bytes the file may have. */
export function lengthRange({ conditions }: FormPolicy): { least: number; most: number } {
  let least = 0;
  let most = Number.POSITIVE_INFINITY;
  for (const condition of conditions) {
    if (condition.kind !== 'content-length-range') continue;
    least = Math.max(least, condition.least);
    most = Math.min(most, condition.most);
  }
  return { least, most };
}
