/**
 * What is never shown: values of `NoEcho` parameters, and what custom resources answered with `NoEcho`. Found by value,
 * for a value keeps no note of where it came from. Outputs are not covered, as on AWS. Source: CloudFormation user guide,
 * "Custom resource response objects", `NoEcho`; "Parameters", `NoEcho`.
 */
import { isObject } from '../../../engine/template/parse';
import type { Resource, StackParameter } from '../state';

const MASK = '*****';
/** Shorter values are masked only where they are the whole of a text: they would be found everywhere. */
const SHORTEST_PART = 4;

export function secretsOf(parameters: readonly StackParameter[], rows: readonly Resource[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { value, noEcho } of parameters) if (noEcho && value !== '') found.add(value);
  for (const { now } of rows) if (now?.noEcho) collect(now.attributes, found);
  return found;
}

function collect(value: unknown, into: Set<string>): void {
  if (typeof value === 'string' && value !== '') into.add(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, into);
  else if (isObject(value)) for (const item of Object.values(value)) collect(item, into);
}

/** A copy of a value with the secrets in its texts masked. */
export function masked(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (secrets.size === 0) return value;
  if (typeof value === 'string') {
    if (secrets.has(value)) return MASK;
    return [...secrets].reduce(
      (text, secret) => (secret.length < SHORTEST_PART ? text : text.replaceAll(secret, MASK)),
      value,
    );
  }
  if (Array.isArray(value)) return value.map((item) => masked(item, secrets));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, secrets)]));
}
