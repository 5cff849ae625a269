/** Inputs that are nearly right: valid ones with a few bytes changed, moved, cut or said twice. */
import fc from 'fast-check';

type Bytes = Buffer<ArrayBufferLike>;
type Change = (bytes: Bytes) => Bytes;

/** What parsers give a meaning to. */
const TOKENS = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '&',
    '&#0;',
    '&#x110000;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '<!DOCTYPE a [',
    '<?',
    'xmlns:x="y"',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '\\u0000',
    '\\ud800',
    ':',
    ',',
    'null',
    'NaN',
    '1e999',
    '-0',
    '99999999999999999999',
  ],
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ';',
    '=',
    '%',
    '%00',
    '%zz',
    '+',
    '?',
    '*',
    '${',
    '}',
    '../',
    '--',
    '__proto__',
  ],
  ...['\ufeff', '\u2028', '😀', '\x7f', '\xff\xfe', 'Infinity', '0x10', '-1', '2147483648'],
].map((token) => Buffer.from(token));

const place = fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true });
const at = (bytes: Bytes, share: number) => Math.floor(share * bytes.length);
const between = (bytes: Bytes, a: number, b: number) => {
  const [from, to] = [at(bytes, a), at(bytes, b)].sort((x, y) => x - y);
  return { from, to: Math.min(to, from + 4096) };
};
const replaced = (bytes: Bytes, from: number, to: number, by: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([share, byte]): Change => {
    return (bytes) => replaced(bytes, at(bytes, share), at(bytes, share) + 1, Buffer.of(byte));
  }),
  fc.tuple(place, fc.constantFrom(...TOKENS)).map(([share, token]): Change => {
    return (bytes) => replaced(bytes, at(bytes, share), at(bytes, share), token);
  }),
  fc.tuple(place, place).map(([a, b]): Change => {
    return (bytes) => replaced(bytes, between(bytes, a, b).from, between(bytes, a, b).to, Buffer.alloc(0));
  }),
  fc.tuple(place, place, place, fc.integer({ min: 1, max: 40 })).map(([a, b, to, times]): Change => {
    return (bytes) => {
      const { from, to: end } = between(bytes, a, b);
      const copies = Buffer.concat(Array.from({ length: times }, () => bytes.subarray(from, end)));
      return replaced(bytes, at(bytes, to), at(bytes, to), copies);
    };
  }),
  place.map(
    (share): Change =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share)),
  ),
  fc.uint8Array({ maxLength: 24 }).map(
    (bytes): Change =>
      () =>
        Buffer.from(bytes),
  ),
);

/** @param seeds valid inputs; each comes unchanged now and then */
export function nearly(...seeds: readonly (string | Uint8Array)[]): fc.Arbitrary<Bytes> {
  const changes = fc.array(change, { maxLength: 6, size: 'max' });
  return fc
    .tuple(fc.constantFrom(...seeds.map((seed) => Buffer.from(seed as string))), changes)
    .map(([seed, list]) => list.reduce<Bytes>((bytes, apply) => apply(bytes), seed));
}

/** The same bytes in chunks of any size, empty ones among them. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncIterable<Uint8Array> {
  let offset = 0;
  for (const size of sizes) {
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
  if (offset < bytes.length) yield bytes.subarray(offset);
}

export const chunkSizes = fc.array(fc.nat(3000), { maxLength: 12 });
