/**
 * When two filters of event notifications would hear of the same event of a key, which S3 refuses. Source: S3 user guide,
 * "Configuring event notifications using object key name filtering".
 */

/** Keys that a filter wants. */
export interface KeyFilter {
  readonly prefix: string;
  readonly suffix: string;
}

/** Whether one event is the other, or among what it stands for: `s3:ObjectCreated:*` stands for `s3:ObjectCreated:Put`. */
export function sharesEvent(one: string, other: string): boolean {
  const covers = (wide: string, narrow: string) => wide.endsWith('*') && narrow.startsWith(wide.slice(0, -1));
  return one === other || covers(one, other) || covers(other, one);
}

/** Whether a key can exist that both want. */
export function sharesKey(one: KeyFilter, other: KeyFilter): boolean {
  const prefixes = one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix);
  const suffixes = one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix);
  return prefixes && suffixes;
}
