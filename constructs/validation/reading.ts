/**
 * Reading resources as CloudFormation will see them: properties resolved to template form, in which a reference to
 * another construct stays a reference. Numbers may come as texts, as they do in some templates. What is known only at
 * deploy time reads as unknown, and no rule judges it.
 */
import type { Problem } from './problems';

/** A resource's properties in template form. */
export type Properties = { readonly [name: string]: unknown };

/** Where a value is an object, its members; else none. */
export function members(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

/** The elements of a list; a single value is a list of one. */
export function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** A number, also one written as text. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** A literal text. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A literal truth, also one written as text. */
export function truth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

/** Whether a value is known only at deploy time. */
export function isIntrinsic(value: unknown): boolean {
  const names = Object.keys(members(value));
  return names.length === 1 && (names[0] === 'Ref' || names[0].startsWith('Fn::'));
}

/** Notes what a rule finds. `given` is told as JSON. */
export class Findings {
  public readonly problems: Problem[] = [];

  constructor(private readonly rule: string) {}

  /** Something that AWS refuses, or takes and then ignores. */
  public wrong(property: string, given: unknown, allowed: string, fix: string): void {
    this.note(property, given, allowed, fix, false);
  }

  /** Something that works and is hardly meant. */
  public odd(property: string, given: unknown, allowed: string, fix: string): void {
    this.note(property, given, allowed, fix, true);
  }

  private note(property: string, given: unknown, allowed: string, fix: string, warning: boolean): void {
    this.problems.push({
      rule: this.rule,
      property,
      given: JSON.stringify(given) ?? 'not set',
      allowed,
      fix,
      ...(warning ? { warning } : {}),
    });
  }
}
