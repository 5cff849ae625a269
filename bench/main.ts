/**
 * `npm run bench [name…]`: prints the project's figures as a table. Ratios come from one run on one machine; absolute
 * numbers are for orientation. Nothing here fails a test.
 */
import { cpus } from 'node:os';
import { access } from './access';
import { bodies } from './bodies';
import { constructs } from './constructs';
import { listing } from './listing';
import { objects } from './objects';
import { queries } from './queries';
import { printed, type Row } from './rows';
import { stacks } from './stacks';
import { stalls } from './stalls';
import { starts } from './starts';
import { store } from './store';

const all: Readonly<Record<string, () => Promise<Row[]>>> = {
  access,
  starts,
  stacks,
  constructs,
  objects,
  listing,
  bodies,
  queries,
  stalls,
  store,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in all));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; known: ${Object.keys(all).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0].model}\n\n| Figure | Measured | Target |\n|---|---|---|`,
  );
  for (const name of names.length > 0 ? names : Object.keys(all)) console.log(printed(await all[name]()));
}

void main(process.argv.slice(2));
