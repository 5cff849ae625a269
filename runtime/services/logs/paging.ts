/** Tokens of lists: opaque to clients, the last name of the page before. Those of events are in `operations/events.ts`. */
import { constraint, invalidParameter } from './errors';

export function pageLimit(limit: number | undefined, most: number, normal = most): number {
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1 || limit > most))
    throw constraint('limit', limit, `have value between 1 and ${most}`);
  return limit ?? normal;
}

/** @throws InvalidParameterException */
export function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof value === 'string') return value;
  } catch {
    // Not one of ours.
  }
  throw invalidParameter('The specified nextToken is invalid.');
}

export const writeToken = (name: string): string => Buffer.from(JSON.stringify(name)).toString('base64url');

/** The page out of ordered rows, of which there is one more when more are to come. */
export function pageOf<T>(rows: readonly T[], limit: number, name: (row: T) => string) {
  const page = rows.slice(0, limit);
  return { page, nextToken: rows.length > limit ? writeToken(name(page[limit - 1])) : undefined };
}
