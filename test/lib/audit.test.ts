/** Every stack of the app withstands every attack. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { type Coffer, startCoffer } from '../../runtime';

const lib = join(__dirname, '../../lib');
type StackClass = new (scope: App, id: string) => Stack;

/** The stack that each file of `lib/` is there for. */
function stackClasses(): [name: string, make: StackClass][] {
  return readdirSync(lib)
    .filter((name) => name.endsWith('-stack.ts'))
    .flatMap((name) => Object.entries(require(join(lib, name)) as Record<string, unknown>))
    .filter((entry): entry is [string, StackClass] => {
      const [, made] = entry;
      return typeof made === 'function' && made.prototype instanceof Stack;
    });
}

let coffer: Coffer;
beforeAll(async () => {
  process.env.CDK_VALIDATION = 'false';
  coffer = await startCoffer();
});
afterAll(() => coffer.close());

test.each(stackClasses())(
  '%s',
  async (name, Made) => {
    await coffer.deploy(new Made(new App(), name));
    await coffer.settled();
    const { findings, holes, clean } = await coffer.audit({ stack: name });
    expect(holes).toEqual([]);
    expect(findings.filter(({ outcome }) => outcome === 'unclear')).toEqual([]);
    expect(clean).toBe(true);
    expect(findings.filter(({ outcome }) => outcome === 'held').length).toBeGreaterThan(20);
  },
  60_000,
);
