/** Pages of IAM's lists. Source: IAM API reference, `Marker` and `MaxItems`. */
import { constraint, validation } from './errors';

const DEFAULT_ITEMS = 100;
const MOST_ITEMS = 1000;

export interface Paging {
  readonly Marker?: string;
  readonly MaxItems?: number;
}

export interface Page<T> {
  readonly items: T[];
  readonly paging: { readonly IsTruncated: boolean; readonly Marker?: string };
}

/** A page of an ordered sequence. `keyOf` orders it and is what a marker carries; rows before the marker are skipped. */
export async function pageOf<T>(
  rows: AsyncIterable<T> | Iterable<T>,
  { Marker, MaxItems = DEFAULT_ITEMS }: Paging,
  keyOf: (row: T) => string,
): Promise<Page<T>> {
  if (MaxItems < 1) throw constraint('maxItems', MaxItems, 'have value greater than or equal to 1');
  if (MaxItems > MOST_ITEMS) throw constraint('maxItems', MaxItems, `have value less than or equal to ${MOST_ITEMS}`);
  const after = readMarker(Marker);
  const items: T[] = [];
  for await (const row of rows) {
    if (after !== undefined && keyOf(row) <= after) continue;
    if (items.length === MaxItems) {
      const last = keyOf(items[items.length - 1]);
      return { items, paging: { IsTruncated: true, Marker: Buffer.from(PREFIX + last).toString('base64') } };
    }
    items.push(row);
  }
  return { items, paging: { IsTruncated: false } };
}

const PREFIX = 'after ';

/** The key after which a page begins. @throws ValidationError */
export function readMarker(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const text = Buffer.from(marker, 'base64').toString();
  if (!text.startsWith(PREFIX)) throw validation('Invalid Marker.');
  return text.slice(PREFIX.length);
}
