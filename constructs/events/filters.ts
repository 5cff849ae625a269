/**
 * Filters of event notifications: what S3 takes, and when two of them would hear of the same event of a key, which it
 * refuses. Source: S3 user guide, "Configuring event notifications using object key name filtering".
 */
import { type KeyFilter, sharesEvent, sharesKey } from '../validation/overlap';
import type { Problems } from '../validation/problems';

const LONGEST_BYTES = 1024;

export interface Filter extends KeyFilter {
  readonly event: string;
}

export const told = ({ event, prefix, suffix }: Filter) => `${event} of ${prefix}*${suffix}`;

/** Whether a key can exist whose event both would hear of. */
export function overlapping(one: Filter, other: Filter): boolean {
  return sharesEvent(one.event, other.event) && sharesKey(one, other);
}

/** Notes what S3 would refuse, or take and never match. */
export function checkFilter(problems: Problems, prefix: string, suffix: string): void {
  for (const [name, value] of Object.entries({ prefix, suffix })) {
    const bytes = Buffer.byteLength(value);
    problems.check(
      bytes <= LONGEST_BYTES,
      name,
      `${value.slice(0, 12)}... (${bytes} bytes)`,
      `at most ${LONGEST_BYTES} bytes`,
      'filter in the handler',
    );
    problems.check(
      !value.includes('*'),
      name,
      value,
      'text that is compared as it is: S3 knows no wildcards here',
      `use ${JSON.stringify(value.replaceAll('*', ''))}`,
    );
  }
  problems.check(
    !prefix.startsWith('/'),
    'prefix',
    prefix,
    'the beginning of a key, which has no / before it',
    `use ${JSON.stringify(prefix.replace(/^\/+/, ''))}`,
  );
}
