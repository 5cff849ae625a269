/** A short run of every fuzz target, the same inputs each time. `npm run fuzz` goes on where this ends. */
import fc from 'fast-check';
import { targets } from './targets';

test.each(targets)('$name', async ({ property, open, close }) => {
  await open?.();
  try {
    await fc.assert(property, { seed: 20_261_127, numRuns: 150 });
  } finally {
    await close?.();
  }
});
