/**
 * The data directory: made, recognised and owned by one process at a time.
 *
 *     format        "coffer-data 1": what wrote this directory
 *     owner.mdb     held while a process has the directory open
 *     rows.mdb      tables and change log
 *     blobs/        bodies
 *     copies/       copies that somebody works on
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataDirectoryForeign, dataDirectoryInUse, dataDirectoryNewer, dataDirectoryUnusable } from './errors';
import { holdFile } from './lmdb';

const FORMAT = 1;
const FORMAT_FILE = 'format';

export interface Directory {
  readonly path: string;
  release(): Promise<void>;
}

const openHere = new Set<string>();

/** @throws DataDirectoryError */
export function claimDirectory(path: string): Directory {
  let real: string;
  let release: (() => Promise<void>) | undefined;
  try {
    mkdirSync(path, { recursive: true });
    real = realpathSync(path);
    if (openHere.has(real)) throw dataDirectoryInUse(path);
    checkFormat(path);
    release = holdFile(join(real, 'owner.mdb'));
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('DataDirectory')) throw error;
    throw dataDirectoryUnusable(path, error);
  }
  if (!release) throw dataDirectoryInUse(path);
  openHere.add(real);
  return {
    path: real,
    async release() {
      await release();
      openHere.delete(real);
    },
  };
}

/** Marks an empty directory as this format's, or makes sure that it is. @throws DataDirectoryError */
export function checkFormat(path: string): void {
  const names = readdirSync(path);
  const marker = names.includes(FORMAT_FILE) ? readFileSync(join(path, FORMAT_FILE), 'latin1').trim() : '';
  if (marker) {
    const [, version] = /^coffer-data (\S+)$/.exec(marker) ?? [];
    if (!version) throw dataDirectoryForeign(path);
    if (Number(version) !== FORMAT) throw dataDirectoryNewer(path, version, FORMAT);
    return;
  }
  if (names.some((name) => !name.startsWith(FORMAT_FILE))) throw dataDirectoryForeign(path);
  const draft = join(path, `${FORMAT_FILE}.${process.pid}`);
  writeFileSync(draft, `coffer-data ${FORMAT}\n`, { flush: true });
  renameSync(draft, join(path, FORMAT_FILE));
}

/** Makes names that were added to a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

const temporary = new Set<string>();

/** A directory for an ephemeral store: gone when released, at the latest when the process exits. */
export function temporaryDirectory(): Directory {
  const path = mkdtempSync(join(tmpdir(), 'coffer-'));
  if (temporary.size === 0) process.on('exit', removeTemporary);
  temporary.add(path);
  return {
    path,
    async release() {
      rmSync(path, { recursive: true, force: true });
      temporary.delete(path);
      if (temporary.size === 0) process.off('exit', removeTemporary);
    },
  };
}

function removeTemporary(): void {
  for (const path of temporary) rmSync(path, { recursive: true, force: true });
}
