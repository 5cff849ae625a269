/**
 * `npm run fuzz -- [--seconds N] [--seed N] [TARGET ...]`: feeds parsers, framing and the whole port with inputs that are
 * nearly right, N seconds each (default 10), and prints what was found, shrunk, with the seed that finds it again.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { targets } from './targets';

/** Inputs between two looks at the clock. */
const RUNS = 200;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' } },
  });
  const unknown = positionals.filter((name) => targets.every((target) => target.name !== name));
  if (unknown.length > 0) throw new Error(`no such target: ${unknown}; there are ${targets.map(({ name }) => name)}`);
  const seconds = Number(values.seconds);
  let seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  for (const { name, property, open, close } of targets) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    await open?.();
    const until = performance.now() + seconds * 1000;
    let runs = 0;
    let found: string | undefined;
    while (performance.now() < until && found === undefined) {
      const details = await fc.check(property, { seed, numRuns: RUNS });
      runs += details.numRuns;
      if (details.failed) found = fc.defaultReportMessage(details);
      else if (values.seed === undefined) seed = (seed + 1) | 0;
    }
    await close?.().catch((error: unknown) => {
      found ??= String(error);
    });
    process.stdout.write(`${name}: ${runs} inputs, ${found === undefined ? 'nothing found' : 'FOUND'}\n`);
    if (found === undefined) continue;
    process.stdout.write(`${found}\n`);
    process.exitCode = 1;
  }
}

void main();
