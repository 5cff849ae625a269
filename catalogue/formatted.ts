/** Generated pages: in the layout that the formatter keeps, written or, with `--check`, compared. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './assembly';

/** Writes `page` (a path from the repository) or, with `--check` among the arguments, fails when it differs. */
export function publish(page: string, text: string): void {
  const biome = spawnSync(join(top, 'node_modules/.bin/biome'), ['format', `--stdin-file-path=${page}`], {
    cwd: top,
    input: text,
    encoding: 'utf8',
  });
  if (biome.status !== 0) throw new Error(`biome could not format ${page}: ${biome.stderr}`);
  const path = join(top, page);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, biome.stdout);
    console.log(`wrote ${page}`);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== biome.stdout) {
    console.error(`${page} is out of date: run \`npm run catalogue\``);
    process.exitCode = 1;
  }
}
