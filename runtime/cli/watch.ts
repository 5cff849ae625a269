/**
 * Tells when a file below a directory changes. Directories are watched one by one, so that what nobody edits
 * (`node_modules`, what is built, what begins with a dot) costs nothing.
 */
import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface Watch {
  /** Resolves with the first path that has changed since it was last asked, once nothing has for a moment. */
  changed(): Promise<string>;
  close(): void;
}

const IGNORED = new Set(['node_modules', 'dist', 'coverage']);
/** Editors write a file in several steps. */
const MOMENT_MS = 50;
const DIRECTORY_LIMIT = 5_000;

/** @param except directories that are left out */
export async function watchTree(root: string, except: readonly string[]): Promise<Watch> {
  const left = new Set(except.map((path) => resolve(path)));
  const watchers = new Map<string, FSWatcher>();
  let first: string | undefined;
  let wake = () => {};
  let timer: NodeJS.Timeout | undefined;

  const isIgnored = (path: string, name: string) => IGNORED.has(name) || name.startsWith('.') || left.has(path);

  function note(path: string): void {
    first ??= path;
    clearTimeout(timer);
    timer = setTimeout(() => wake(), MOMENT_MS);
  }

  async function add(directory: string): Promise<void> {
    if (watchers.has(directory) || watchers.size >= DIRECTORY_LIMIT) return;
    const watcher = watchDirectory(directory, (_, name) => {
      if (name === null || isIgnored(join(directory, name), name)) return;
      const path = join(directory, name);
      note(path);
      void addIfDirectory(path);
    });
    watcher.on('error', () => {
      watcher.close();
      watchers.delete(directory);
    });
    watchers.set(directory, watcher);
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !isIgnored(path, entry.name)) await add(path);
    }
  }

  async function addIfDirectory(path: string): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) await add(path);
  }

  await add(resolve(root));
  return {
    changed() {
      return new Promise((done) => {
        wake = () => {
          if (first === undefined) return;
          const path = first;
          first = undefined;
          wake = () => {};
          done(path);
        };
        if (first !== undefined) note(first);
      });
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
