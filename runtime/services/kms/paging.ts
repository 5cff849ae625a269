/** Markers of KMS's lists: opaque to clients, the last key of the page before. */
import { constraint, invalidMarker } from './errors';

/** @throws ValidationException */
export function pageLimit(limit: number | undefined, most: number, normal: number): number {
  if (limit === undefined) return normal;
  if (limit < 1) throw constraint('limit', limit, 'have value greater than or equal to 1');
  if (limit > most) throw constraint('limit', limit, `have value less than or equal to ${most}`);
  return limit;
}

const prefix = 'after ';
export const writeMarker = (last: string): string => Buffer.from(prefix + last).toString('base64');

/** @throws InvalidMarkerException */
export function readMarker(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const text = Buffer.from(marker, 'base64').toString();
  if (!text.startsWith(prefix)) throw invalidMarker();
  return text.slice(prefix.length);
}

export interface Page<T> {
  readonly items: T[];
  readonly truncated: boolean;
  readonly marker?: string;
}

/** A page of at most `limit` of the ordered rows that were read, of which there is one more when more are to come. */
export function pageOf<T>(rows: readonly T[], limit: number, name: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const truncated = rows.length > limit;
  return { items, truncated, marker: truncated ? writeMarker(name(items[items.length - 1])) : undefined };
}

/** The same for a list that is short enough to be read whole. */
export function pageAfter<T>(rows: readonly T[], limit: number, after: string | undefined, name: (row: T) => string) {
  const start = after === undefined ? 0 : rows.findIndex((row) => name(row) > after);
  return pageOf(start < 0 ? [] : rows.slice(start, start + limit + 1), limit, name);
}
