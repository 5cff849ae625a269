import fc from 'fast-check';
import { boundsOf, decodeKey, encodeKey, KEY_LIMIT_BYTES, placeOf, tablePrefix } from '../../runtime/store/keys';
import type { Key, KeyPart, Range } from '../../runtime/store/port';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('\0', '\x01', '\x02', 'a', '/', '\x7f', 'é', '\uffff', '😀', '\u{10ffff}'),
    maxLength: 6,
  }),
);
const number = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity));
const key: fc.Arbitrary<KeyPart[]> = fc.array(fc.oneof(text, number), { maxLength: 4 });

/** The order that the port promises. */
function compare(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
    const order =
      typeof x === 'number' ? x - (y as number) || 0 : Buffer.compare(Buffer.from(x), Buffer.from(y as string));
    if (x !== y && order !== 0) return Math.sign(order);
  }
  return Math.sign(a.length - b.length);
}

const sign = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

test('encoded keys sort as the tuples do', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(sign(encodeKey('t', a), encodeKey('t', b))).toBe(compare(a, b));
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('keys come back as they were', () => {
  fc.assert(
    fc.property(key, (tuple) => {
      const encoded = encodeKey('some.table', tuple);
      expect(decodeKey(encoded, tablePrefix('some.table').length)).toEqual(
        tuple.map((part) => (part === 0 ? 0 : part)),
      );
      expect(Buffer.from(encoded, 'latin1').toString('latin1')).toBe(encoded);
    }),
    { numRuns: 1000, seed: 2 },
  );
});

test('within, prefix and past hold what begins with them, and nothing else', () => {
  fc.assert(
    fc.property(key, text, key, (within, prefix, other) => {
      const encoded = encodeKey('t', other);
      const startsWith = (of: Key, length: number) =>
        other.length >= length && compare(other.slice(0, length), of) === 0;
      const inBounds = ({ low, high }: { low: string; high: string }) => encoded >= low && encoded < high;
      expect(inBounds(boundsOf('t', { within }))).toBe(startsWith(within, within.length));
      const next = other[within.length];
      const hasPrefix = startsWith(within, within.length) && typeof next === 'string' && next.startsWith(prefix);
      expect(inBounds(boundsOf('t', { within, prefix }))).toBe(hasPrefix);
      const begins = (): boolean => hasPrefix || compare(other, [...within, prefix]) < 0;
      expect(inBounds(boundsOf('t', { past: [...within, prefix] }))).toBe(!begins());
    }),
    { numRuns: 2000, seed: 3 },
  );
});

test('tables do not run into one another', () => {
  const { low, high } = boundsOf('s3.object', {});
  expect(encodeKey('s3.objects', []) >= low && encodeKey('s3.objects', []) < high).toBe(false);
  expect(encodeKey('s3.object', ['\u{10ffff}']) < high).toBe(true);
});

test('a place beyond the longest key lies where it should', () => {
  const unit = fc.constantFrom('a', 'b', '\0', 'é', '😀');
  const long = fc.tuple(
    fc.string({ unit, maxLength: 3 }),
    fc.constantFrom('a', 'é', '😀'),
    fc.integer({ min: -3, max: 3 }),
  );
  const texts = long.map(
    ([start, char, more]) => start + char.repeat(Math.floor(1970 / Buffer.byteLength(char)) + more),
  );
  fc.assert(
    fc.property(fc.array(texts, { minLength: 2, maxLength: 5 }), (all) => {
      const rows = all.flatMap((one) => {
        const encoded = placeOf('t', [one]);
        return encoded.length > KEY_LIMIT_BYTES ? [] : [{ one, encoded }];
      });
      const met = (range: Range) => {
        const { low, high } = boundsOf('t', range);
        expect(Math.max(low.length, high.length)).toBeLessThanOrEqual(KEY_LIMIT_BYTES + 1);
        return rows.filter(({ encoded }) => encoded >= low && encoded < high).map(({ one }) => one);
      };
      const those = (test: (one: string) => boolean) => rows.map(({ one }) => one).filter(test);
      for (const edge of all) {
        const order = (one: string) => compare([one], [edge]);
        expect(met({ from: [edge] })).toEqual(those((one) => order(one) >= 0));
        expect(met({ after: [edge] })).toEqual(those((one) => order(one) > 0));
        expect(met({ before: [edge] })).toEqual(those((one) => order(one) < 0));
        expect(met({ reverse: true, from: [edge] })).toEqual(those((one) => order(one) <= 0));
        expect(met({ reverse: true, after: [edge] })).toEqual(those((one) => order(one) < 0));
        expect(met({ reverse: true, before: [edge] })).toEqual(those((one) => order(one) > 0));
        expect(met({ within: [], prefix: edge })).toEqual(those((one) => one.startsWith(edge)));
        expect(met({ past: [edge] })).toEqual(those((one) => order(one) > 0 && !one.startsWith(edge)));
        expect(met({ within: [edge] })).toEqual(those((one) => one === edge));
      }
    }),
    { numRuns: 100, seed: 4 },
  );
});

test('what cannot be a key is refused by name', () => {
  const named = (name: string) => expect.objectContaining({ name });
  expect(() => encodeKey('t', [Number.NaN])).toThrow(named('KeyInvalid'));
  expect(() => encodeKey('t', ['\ud800'])).toThrow(named('KeyInvalid'));
  expect(() => encodeKey('t', ['x'.repeat(KEY_LIMIT_BYTES)])).toThrow(named('KeyTooLong'));
  expect(() => encodeKey('t', ['é'.repeat(KEY_LIMIT_BYTES / 2)])).toThrow(named('KeyTooLong'));
  expect(() => encodeKey('t', ['x'.repeat(1000), 'x'.repeat(1000)])).toThrow(named('KeyTooLong'));
  // The longest key of S3 fits, whatever it is made of.
  expect(encodeKey('s3.objects', ['b'.repeat(63), '\0'.repeat(1024), 'version'.repeat(5)]).length).toBeLessThan(1200);
});
