/** Event patterns: the comparisons of EventBridge's user guide, what they match and what they do not. */
import { PatternError, readEventPattern } from '../../runtime/engine/eventpattern';

const matches = (pattern: unknown, event: unknown) => readEventPattern(pattern)(event);
const on = (...values: unknown[]) => ({ a: values });

test.each<[string, unknown, unknown[], unknown[]]>([
  ['text', on('x'), ['x'], ['X', 'xx', 1, null, undefined]],
  ['numbers by value, not by text', on(1), [1, 1.0], ['1', 2]],
  ['null and flags', on(null, true), [null, true], [false, 'null', undefined]],
  ['one of an array', on('x', 'y'), [['z', 'y'], 'x'], [['z'], []]],
  ['prefix', on({ prefix: 'ab' }), ['abc', 'ab'], ['xab', 'AB', 1]],
  ['prefix, any case', on({ prefix: { 'equals-ignore-case': 'ab' } }), ['ABc'], ['xab']],
  ['suffix', on({ suffix: '.png' }), ['a.png'], ['a.png.txt', undefined]],
  ['any case', on({ 'equals-ignore-case': 'aB' }), ['AB', 'ab'], ['abc']],
  ['wildcard', on({ wildcard: 'a*c*e' }), ['abcde', 'ace'], ['abcd', 'xace']],
  ['a star that is one', on({ wildcard: 'a\\*b*' }), ['a*bc'], ['axbc']],
  ['a question mark is none', on({ wildcard: 'a?*b' }), ['a?b', 'a?xb'], ['axb']],
  ['stars only', on({ wildcard: '*' }), ['', 'x'], [1]],
  ['exists', on({ exists: true }), ['x', null, 0], [undefined]],
  ['exists not', on({ exists: false }), [undefined], ['x', null]],
  ['anything but', on({ 'anything-but': ['x', 1] }), ['y', 2, null], ['x', 1, undefined]],
  ['anything but a prefix', on({ 'anything-but': { prefix: 'x' } }), ['yx'], ['xy']],
  ['anything but suffixes', on({ 'anything-but': { suffix: ['.a', '.b'] } }), ['x.c'], ['x.a', 'x.b']],
  ['numeric', on({ numeric: ['>=', 1, '<', 5] }), [1, 4.9], [5, 0, '3', undefined]],
  ['cidr', on({ cidr: '10.0.0.0/24' }), ['10.0.0.255'], ['10.0.1.0', 'x', 10]],
])('%s', (_, pattern, fitting, others) => {
  for (const a of fitting) expect([a, matches(pattern, a === undefined ? {} : { a })]).toEqual([a, true]);
  for (const a of others) expect([a, matches(pattern, a === undefined ? {} : { a })]).toEqual([a, false]);
});

test('fields nest, all of them must fit, and $or lets one of several', () => {
  const pattern = { source: ['aws.s3'], detail: { bucket: { name: ['b'] }, object: { key: [{ prefix: 'in/' }] } } };
  const event = (name: string, key: string) => ({ source: 'aws.s3', detail: { bucket: { name }, object: { key } } });
  expect(matches(pattern, event('b', 'in/x'))).toBe(true);
  expect(matches(pattern, event('c', 'in/x'))).toBe(false);
  expect(matches(pattern, event('b', 'out/x'))).toBe(false);
  expect(matches(pattern, { source: 'aws.s3' })).toBe(false);
  expect(matches({ x: { y: [{ exists: false }] } }, { z: 1 })).toBe(true);
  const either = { source: ['s'], $or: [{ a: [1] }, { b: [{ numeric: ['>', 2] }] }] };
  expect(matches(either, { source: 's', b: 3 })).toBe(true);
  expect(matches(either, { source: 's', a: 2, b: 1 })).toBe(false);
  expect(matches({ list: { n: [2] } }, { list: [{ n: 1 }, { n: 2 }] })).toBe(true);
});

test('many stars take no longer', () => {
  const pattern = readEventPattern(on({ wildcard: `${'*a?'.repeat(200)}b` }));
  const started = performance.now();
  expect(pattern({ a: 'a?'.repeat(20_000) })).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test.each([
  [[], 'Filter is not an object'],
  [{}, 'Empty objects are not allowed'],
  [{ a: [] }, 'Empty arrays are not allowed'],
  [{ a: 'x' }, '"a" must be an object or an array'],
  [{ a: [{ like: 'x' }] }, 'Unrecognized match type like'],
  [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'Only one key allowed in match expression'],
  [{ a: [{ numeric: ['~', 1] }] }, 'Unrecognized numeric range operator: ~'],
  [{ a: [{ exists: 'yes' }] }, 'exists match pattern must be either true or false.'],
  [{ a: [{ wildcard: 'a**b' }] }, 'Consecutive wildcard characters are not allowed'],
  [{ $or: [{ a: [1] }] }, '"$or" must be an array of at least two patterns'],
])('%j is refused', (pattern, words) => {
  expect(() => readEventPattern(pattern)).toThrow(new PatternError(words));
});
