/** Values made from a schema, the same ones for the same seed. */
import type { Member, Shape, Simple, Structure } from '../../runtime/protocol/schema';

export type Random = () => number;

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export type Sample = Record<string, unknown>;

const DEEPEST = 4;
const TEXTS = ['plain', 'two words', 'a<b>&"c"', "it's", 'naïve ☃', 'x\r\ny', '100%+1', 'a,b', 'key/with/slashes', ''];
const HEADER_TEXTS = ['plain', 'two words', 'a<b>&c', "it's", '100%+1', 'a/b'];

/** Texts of members whose text is not free, by name. */
const FIXED: Readonly<Record<string, string>> = {
  Bucket: 'sample-bucket',
  RequestRoute: 'route',
  AccountId: '111122223333',
  ChecksumAlgorithm: 'CRC32',
  LocationConstraint: 'eu-west-1',
  Policy: '{}',
};

export function sampleOf(shape: Structure, random: Random, skip: readonly string[] = []): Sample {
  return structure(shape, random, 0, skip);
}

function structure(shape: Structure, random: Random, depth: number, skip: readonly string[]): Sample {
  const members = shape.members.filter(({ name }) => !skip.includes(name));
  if (shape.union) {
    const member = members[Math.floor(random() * members.length)];
    return { [member.name]: place(member, random, depth, skip) };
  }
  const sample: Sample = {};
  for (const [index, member] of members.entries()) {
    if (isEventStream(member.shape)) continue;
    // A structure of nothing cannot be told from nothing in Query; a client reads absent prefix headers as none.
    const stays = member.required || index === 0 || member.traits.httpPrefixHeaders !== undefined;
    if (!stays && (depth >= DEEPEST || random() < 0.25)) continue;
    sample[member.name] = place(member, random, depth, skip);
  }
  return sample;
}

export const isEventStream = (shape: Shape) => shape.kind === 'structure' && shape.traits.streaming !== undefined;

function place(member: Member, random: Random, depth: number, skip: readonly string[]): unknown {
  const { name, shape, traits } = member;
  if (shape.kind === 'string' && FIXED[name] !== undefined) return FIXED[name];
  if (shape.kind === 'blob' && traits.httpPayload) return Buffer.from('payload');
  const inHead =
    traits.httpHeader ?? traits.httpQuery ?? traits.httpPrefixHeaders ?? traits.httpLabel ?? traits.xmlAttribute;
  return valueFor(shape, random, depth + 1, inHead !== undefined, skip);
}

function valueFor(shape: Shape, random: Random, depth: number, inHead: boolean, skip: readonly string[]): unknown {
  const item = (of: Shape) => valueFor(of, random, depth + 1, inHead, skip);
  const count = depth > 2 * DEEPEST ? 0 : depth > DEEPEST ? 1 : 1 + Math.floor(random() * 2);
  switch (shape.kind) {
    case 'structure':
      return structure(shape, random, depth, skip);
    case 'list':
      return Array.from({ length: count }, () => item(shape.item.shape));
    case 'map':
      return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, item(shape.value.shape)]));
    default:
      return simple(shape, random, inHead);
  }
}

function simple(shape: Simple, random: Random, inHead: boolean): unknown {
  const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)];
  switch (shape.kind) {
    case 'boolean':
      return random() < 0.5;
    case 'number':
      return pick([0, 1, 7, 1000, 123456]);
    case 'timestamp': {
      const seconds = 1_700_000_000 + Math.floor(random() * 1e8);
      return new Date(seconds * 1000 + (inHead || shape.format === 'http-date' ? 0 : pick([0, 250])));
    }
    case 'blob':
      return Buffer.from(pick(['', 'bytes', '\u0000\u0001ÿ']));
    default:
      return pick(inHead ? HEADER_TEXTS : TEXTS);
  }
}
