/** Pages of EventBridge's lists. Source: EventBridge API Reference, `Limit` and `NextToken`. */
import { validation } from './errors';

const MOST = 100;

export async function pageOf<T>(
  rows: AsyncIterable<T>,
  { Limit = MOST, NextToken }: { Limit?: number; NextToken?: string },
  keyOf: (row: T) => string,
): Promise<{ items: T[]; NextToken?: string }> {
  const after = readToken(NextToken);
  const items: T[] = [];
  for await (const row of rows) {
    if (after !== undefined && keyOf(row) <= after) continue;
    if (items.length === Limit) {
      const last = keyOf(items[items.length - 1]);
      return { items, NextToken: Buffer.from(JSON.stringify(last)).toString('base64') };
    }
    items.push(row);
  }
  return { items };
}

function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof value === 'string') return value;
  } catch {
    // Not one of ours.
  }
  throw validation('Parameter NextToken is not valid.');
}
