/** Pages of lists that are short enough to be made whole. Tokens are opaque to clients: where the next page begins. */
import { invalidInput, invalidToken } from './errors';

const MOST = 20;

export interface Paged {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

/** @throws InvalidInputException */
export function pageOf<T>(all: readonly T[], { NextToken, MaxResults = MOST }: Paged) {
  if (MaxResults < 1 || MaxResults > MOST) {
    throw invalidInput(
      'You provided a numeric argument that is out of range.',
      MaxResults < 1 ? 'MIN_VALUE_EXCEEDED' : 'MAX_VALUE_EXCEEDED',
    );
  }
  const text = NextToken === undefined ? 'from 0' : Buffer.from(NextToken, 'base64').toString();
  const start = Number(/^from (\d{1,9})$/.exec(text)?.[1]);
  if (!(start <= all.length)) throw invalidToken();
  const end = start + MaxResults;
  return {
    items: all.slice(start, end),
    NextToken: end < all.length ? Buffer.from(`from ${end}`).toString('base64') : undefined,
  };
}
