/**
 * Small bodies that were decrypted lately: an object that is read again and again is opened once. A body's id is never
 * used for other content, so nothing here can be stale; it is given only to who comes with the same data key, that is,
 * after the object's key was asked for this request too. Bounded; the oldest are forgotten first.
 */

/** Most bytes kept. */
const KEPT_BYTES = 8 * 1024 * 1024;

export interface Opened {
  find(id: string, dataKey: Uint8Array): Uint8Array | undefined;
  keep(id: string, dataKey: Uint8Array, content: Uint8Array): void;
}

interface Entry {
  readonly dataKey: Uint8Array;
  readonly content: Uint8Array;
}

export function createOpened(): Opened {
  const entries = new Map<string, Entry>();
  let keptBytes = 0;
  return {
    find(id, dataKey) {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      return entry.dataKey === dataKey || Buffer.compare(entry.dataKey, dataKey) === 0 ? entry.content : undefined;
    },
    keep(id, dataKey, content) {
      keptBytes += content.length - (entries.get(id)?.content.length ?? 0);
      entries.set(id, { dataKey, content });
      for (const [oldest, { content: old }] of entries) {
        if (keptBytes <= KEPT_BYTES) break;
        entries.delete(oldest);
        keptBytes -= old.length;
      }
    },
  };
}
