/** What changed between two values of a resource's properties, member by member. */
import { UNKNOWN } from './evaluate';
import { isObject } from './parse';

export interface Difference {
  /** Top-level property. */
  readonly property: string;
  /** Names and indexes from the property down, the property first. */
  readonly path: readonly string[];
  readonly kind: 'Add' | 'Modify' | 'Remove';
  readonly before?: unknown;
  /** `UNKNOWN` inside when it is only known after the deployment. */
  readonly after?: unknown;
}

type Members = Readonly<Record<string, unknown>>;

export function differences(before: Members, after: Members): Difference[] {
  const found: Difference[] = [];
  compareMembers(before, after, [], found);
  return found;
}

/** Whether two evaluated values are equal, key order aside. What is unknown equals nothing. */
export function same(before: unknown, after: unknown): boolean {
  if (before === after) return before !== UNKNOWN;
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && before.every((item, index) => same(item, after[index]));
  }
  if (!isObject(before) || !isObject(after)) return false;
  const keys = Object.keys(before);
  if (keys.length !== Object.keys(after).length) return false;
  return keys.every((key) => Object.hasOwn(after, key) && same(before[key], after[key]));
}

function compareMembers(before: Members, after: Members, path: readonly string[], found: Difference[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const here = [...path, key];
    const property = here[0];
    if (!Object.hasOwn(after, key)) found.push({ property, path: here, kind: 'Remove', before: before[key] });
    else if (!Object.hasOwn(before, key)) found.push({ property, path: here, kind: 'Add', after: after[key] });
    else compare(before[key], after[key], here, found);
  }
}

function compare(before: unknown, after: unknown, path: readonly string[], found: Difference[]): void {
  if (same(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) compareMembers({ ...before }, { ...after }, path, found);
  else if (isObject(before) && isObject(after)) compareMembers(before, after, path, found);
  else found.push({ property: path[0], path, kind: 'Modify', before, after });
}
