/** Pages of SNS's lists: a hundred at a time, with an opaque token. Source: SNS API Reference, "ListTopics". */
import { invalid } from './errors';

export const PAGE = 100;

/** The key after which a page begins. @throws InvalidParameter */
export function readToken(token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof value === 'string') return value;
  } catch {
    // Not one of ours.
  }
  throw invalid(`NextToken Reason: ${token}`);
}

/** The first page of ordered rows. */
export async function pageOf<T>(rows: AsyncIterable<T>, keyOf: (row: T) => string) {
  const items: T[] = [];
  for await (const row of rows) {
    if (items.length === PAGE) {
      const NextToken = Buffer.from(JSON.stringify(keyOf(items[PAGE - 1]))).toString('base64');
      return { items, NextToken };
    }
    items.push(row);
  }
  return { items, NextToken: undefined };
}
