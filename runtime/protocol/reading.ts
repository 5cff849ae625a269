/**
 * What is known while a request is being read: the place, and the bounds that were found violated. Bounds are worded as
 * AWS words them ("1 validation error detected: Value '' at 'name' failed to satisfy constraint: ...").
 */
import { AwsError } from '../base/errors';
import type { Words } from './errors';
import type { Member, Structure } from './schema';
import type { Constraint, ModelNotes } from './wire';

/** Deepest nesting of a request document. */
export const MAX_DEPTH = 32;
const MAX_VIOLATIONS = 10;
const MAX_SHOWN = 256;

export class Reading {
  /** Names from the document's root to where the reader is. */
  readonly path: string[] = [];
  readonly violations: string[] = [];
  /** The first required member that is not there. */
  firstMissing: string | undefined;

  place(): string {
    return this.path.join('.');
  }

  violate(value: string, what: string): void {
    if (this.violations.length >= MAX_VIOLATIONS) return;
    const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value;
    this.violations.push(
      `Value ${shown} at '${this.path.map(lowerFirst).join('.')}' failed to satisfy constraint: ${what}`,
    );
  }

  missing(name: string): void {
    this.firstMissing ??= name;
    this.path.push(name);
    this.violate('null', 'Member must not be null');
    this.path.pop();
  }
}

/** Throws what a reading has found out of bounds, if anything. */
export function settle(reading: Reading, words: Words, notes: ModelNotes | undefined): void {
  if (reading.violations.length === 0) return;
  if (reading.firstMissing === undefined || !notes?.missing) throw words.invalid(reading.violations);
  const { code, message } = notes.missing(reading.firstMissing);
  throw new AwsError(code, message);
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

export type Check = (value: unknown, reading: Reading) => void;

/** The bounds of a member that the service's model notes give, if any. Numbers are whole unless they say otherwise. */
export function checkOf(structure: Structure, member: Member, notes: ModelNotes | undefined): Check | undefined {
  const name = `${structure.name}$${member.name}`;
  const constraint = notes?.constraints?.[name];
  const whole = member.shape.kind === 'number' && !notes?.fractions?.includes(name);
  if (!constraint && !whole) return undefined;
  return (value, reading) => {
    reading.path.push(member.name);
    if (whole && !Number.isInteger(value)) reading.violate(`'${value}'`, 'Member must be an integer');
    else if (constraint) check(constraint, value, reading);
    reading.path.pop();
  };
}

/** On a list, `min` and `max` bound its length, the rest each item. */
function check(constraint: Constraint, value: unknown, reading: Reading): void {
  const { min, max, pattern, values } = constraint;
  if (typeof value === 'number') {
    const fail = (what: string) => reading.violate(`'${value}'`, `Member must have value ${what}`);
    if (min !== undefined && value < min) fail(`greater than or equal to ${min}`);
    if (max !== undefined && value > max) fail(`less than or equal to ${max}`);
    return;
  }
  const length = lengthOf(value);
  if (length !== undefined) {
    const fail = (what: string) => reading.violate(`'${shown(value)}'`, `Member must have length ${what}`);
    if (min !== undefined && length < min) fail(`greater than or equal to ${min}`);
    if (max !== undefined && length > max) fail(`less than or equal to ${max}`);
  }
  for (const text of Array.isArray(value) ? value : [value]) {
    if (typeof text !== 'string') continue;
    const fail = (what: string) => reading.violate(`'${text}'`, `Member must satisfy ${what}`);
    if (pattern && !pattern.test(text)) fail(`regular expression pattern: ${pattern.source}`);
    if (values && !values.includes(text)) fail(`enum value set: [${values.join(', ')}]`);
  }
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return value && typeof value === 'object' && !(value instanceof Date) ? Object.keys(value).length : undefined;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? `[${value.join(', ')}]` : `[${lengthOf(value)} entries]`;
}

/** Sets a member whose name comes from the client: `__proto__` is a name like any other. */
export function assign(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
