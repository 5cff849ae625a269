/** Handlers that answer or print what nobody can use, or leave others running behind them. */
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { startLambda } from '../lambda/harness';

let lambda: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  lambda = await startLambda();
});
afterAll(() => lambda.coffer.close());
const run = async (source: string) => {
  const name = await lambda.make(source, { Timeout: 2 });
  return { name, ...(await lambda.invoke(name, {}, { LogType: 'Tail' })) };
};

test.each<[string, string, unknown]>([
  ['nothing', 'exports.handler = async () => {}', null],
  ['NaN', 'exports.handler = async () => NaN', null],
  ['as much as fits', 'exports.handler = async () => "x".repeat(6291456 - 2)', 'x'.repeat(6_291_454)],
  ['twice', 'exports.handler = (e, c, done) => { done(null, 1); done(null, 2); }', 1],
])('answers %s', async (_, source, answer) => {
  const outcome = await run(source);
  expect(outcome.error).toBeUndefined();
  expect(outcome.answer).toEqual(answer);
});

test.each<[string, string, string]>([
  ['more than fits', 'exports.handler = async () => "x".repeat(7e6)', 'Function.ResponseSizeTooLarge'],
  [
    'an error longer than fits',
    'exports.handler = async () => { throw new Error("x".repeat(4e6)) }',
    'Function.ResponseSizeTooLarge',
  ],
  ['a number without JSON', 'exports.handler = async () => 5n', 'Runtime.MarshalError'],
  ['by its own end', 'exports.handler = async () => process.abort()', 'Runtime.ExitError'],
  [
    'never, and hears no signal',
    'process.on("SIGTERM", () => {}); exports.handler = async () => { for (;;); }',
    'Sandbox.Timedout',
  ],
])('answers %s', async (_, source, errorType) => {
  expect(await run(source)).toMatchObject({ status: 200, error: 'Unhandled', answer: { errorType } });
});

test.each<[string, string]>([
  ['bytes that are no text', 'process.stdout.write(Buffer.from([0, 255, 254, 10, 27, 91, 50, 74, 10]))'],
  ['a line without end', 'process.stdout.write("z".repeat(3e6))'],
  ['more than anyone reads', 'for (let i = 0; i < 100; i++) console.log("y".repeat(50000))'],
])('prints %s', async (_, print) => {
  const outcome = await run(`exports.handler = async () => { ${print}; return 1 }`);
  expect(outcome).toMatchObject({ answer: 1, error: undefined });
  expect(outcome.log.length).toBeLessThanOrEqual(4096);
  expect((await lambda.invoke(outcome.name)).answer).toBe(1);
});

test('what a handler has started ends with it', async () => {
  const start = 'require("child_process").spawn("sleep", ["60"], { stdio: "inherit" }).pid';
  const { answer: pid } = await run(`exports.handler = async () => ${start}`);
  // A process that has ended is there until somebody asks how.
  const alive = () => /^[^Z\s]/.test(spawnSync('ps', ['-o', 'stat=', '-p', pid]).stdout.toString());
  expect(alive()).toBe(true);
  await lambda.coffer.reset();
  for (let tries = 0; alive() && tries < 50; tries++) await pause(20);
  expect(alive()).toBe(false);
});
