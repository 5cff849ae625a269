/** What a data directory holds when its runtime has ended: rows by table, and files of bodies. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../runtime/store/lmdb';

/** Keys of all rows, printable, by table. */
export async function rowsIn(directory: string): Promise<Map<string, string[]>> {
  const engine = openEngine(join(directory, 'rows.mdb'), false);
  try {
    const tables = new Map<string, string[]>();
    for (const { key } of engine.walk({ low: '\x01', high: '\xff', reverse: false })) {
      const end = key.indexOf('\0');
      const rest = key.slice(end + 1).replace(/[^\0\x21-\x7f]/g, '');
      // Text is written with one added to every byte.
      const words = [...rest].map((c) => (c === '\0' ? '/' : String.fromCharCode(c.charCodeAt(0) - 1))).join('');
      tables.set(key.slice(0, end), [...(tables.get(key.slice(0, end)) ?? []), words]);
    }
    return tables;
  } finally {
    await engine.close();
  }
}

export function bodiesIn(directory: string): string[] {
  const found = readdirSync(join(directory, 'blobs'), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ name }) => name);
}
