/** Policies are compiled once per version, however often they are read from the store, and forgotten in the end. */
import { compile } from '../../runtime/engine/policy/compile';

const text = (resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: resource }] });
/** As the store hands a text out: equal, and another string. */
const freshly = (one: string) => Buffer.from(one).toString();

test('a fresh copy of a text finds it compiled', () => {
  const first = compile(text('arn:aws:s3:::once/*'));
  for (let i = 0; i < 100; i++) expect(compile(freshly(text('arn:aws:s3:::once/*')))).toBe(first);
});

test('another version is another policy, also one that looks alike', () => {
  const versions = Array.from({ length: 20 }, (_, i) => text(`arn:aws:s3:::version/${String(i).padStart(2, '0')}/*`));
  const compiled = versions.map((one) => compile(one));
  expect(new Set(compiled).size).toBe(20);
  versions.forEach((one, i) => {
    expect(compile(freshly(one))).toBe(compiled[i]);
  });
});

test('what is no policy is read once, too', () => {
  const first = compile('{');
  expect(first).toMatchObject({ problem: { code: 'json' } });
  expect(compile(freshly('{'))).toBe(first);
});

test('texts that nobody asks for any more are forgotten', () => {
  const first = compile(text('arn:aws:s3:::old/*'));
  const padding = 'x'.repeat(100_000);
  for (let i = 0; i < 200; i++) compile(text(`arn:aws:s3:::${i}/${padding}`));
  expect(compile(text('arn:aws:s3:::old/*'))).not.toBe(first);
});
