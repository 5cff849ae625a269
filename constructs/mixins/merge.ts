/**
 * Merging into a property of a resource that may be known only later, as those of `s3.Bucket` are: what is there is
 * resolved when the template is written, so that what its owner adds after a mixin is kept too.
 */
import { type IResolvable, Lazy, Token } from 'aws-cdk-lib';

/** A property in the form in which its construct takes it. */
// biome-ignore lint/suspicious/noExplicitAny: properties of any resource, not seen by callers of this package
export type Form = any;

/** What `change` makes of a property, now or when it is known; of an empty object where there is none. */
export function merged(before: unknown, change: (before: Form) => Form): IResolvable {
  if (!Token.isUnresolved(before)) return change(before ?? {});
  return Lazy.uncachedAny({ produce: (context) => change(context.resolve(before) ?? {}) });
}

/** A list property with `added` to it, now or when it is known. */
export function mergedList(before: unknown, added: Form[]): IResolvable {
  const change = (it: Form) => joined(Array.isArray(it) ? it : undefined, added);
  return merged(before, change);
}

/** A list with `added` behind it; one of the same id is replaced. */
export function joined(before: Form[] | undefined, added: Form[]): Form[] {
  const ids = new Set(added.map((it) => it.id).filter((id) => id !== undefined));
  return [...(before ?? []).filter((it) => !ids.has(it.id)), ...added];
}
