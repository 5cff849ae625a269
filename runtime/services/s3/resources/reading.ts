/**
 * Properties of CloudFormation's S3 types as S3's API wants them, said as tables: each member with its name there and
 * what it is. A member that no table has is refused by name and place, never dropped.
 */
import { AwsError } from '../../../base/errors';

/** Reads one value. `place` is for the message: `/LifecycleConfiguration/Rules/0/Status`. */
export type Read<T = unknown> = (value: unknown, place: string) => T;

const wrong = (place: string, expected: string, value: unknown) =>
  new AwsError(
    'ValidationError',
    `Properties validation failed: #${place}: expected type: ${expected}, found: ${JSON.stringify(value)}`,
  );

export const text: Read<string> = (value, place) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(place, 'String', value);
};

export const number: Read<number> = (value, place) => {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof read === 'number' && Number.isFinite(read)) return read;
  throw wrong(place, 'Number', value);
};

export const flag: Read<boolean> = (value, place) => {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw wrong(place, 'Boolean', value);
};

export const date: Read<Date> = (value, place) => {
  const read = new Date(text(value, place));
  if (Number.isNaN(read.getTime())) throw wrong(place, 'timestamp', value);
  return read;
};

export function list<T>(item: Read<T>): Read<T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, 'Array', value);
    return value.map((one, i) => item(one, `${place}/${i}`));
  };
}

/** A member that has the same name in the API, or `[name there, what it is]`. */
type Member = Read | readonly [name: string, read: Read];

// biome-ignore lint/suspicious/noExplicitAny: what a table makes is checked by the operation that gets it
export type Shaped = any;

export function shape(members: Readonly<Record<string, Member>>): Read<Shaped> {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'JSONObject', value);
    const made: Record<string, unknown> = {};
    for (const [name, given] of Object.entries(value)) {
      const member = Object.hasOwn(members, name) ? members[name] : undefined;
      if (!member)
        throw new AwsError(
          'ValidationError',
          `Properties validation failed: #${place}: extraneous key [${name}] is not permitted`,
        );
      if (given === undefined) continue;
      const [target, read] = typeof member === 'function' ? [name, member] : member;
      made[target] = read(given, `${place}/${name}`);
    }
    return made;
  };
}

/** What was read, made into something else. */
export function then<A, B>(read: Read<A>, make: (value: A) => B): Read<B> {
  return (value, place) => make(read(value, place));
}

export const tagFilters = list(shape({ Key: text, Value: text }));

/** Prefix and tags side by side, as CloudFormation has them, in the nested form of the API. */
export function filterOf(parts: Readonly<Record<string, unknown>>, tags: readonly Shaped[] = []): Shaped {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  if (given.length + tags.length > 1)
    return { And: { ...Object.fromEntries(given), ...(tags.length > 0 ? { Tags: tags } : {}) } };
  if (tags.length === 1) return { Tag: tags[0] };
  return given.length === 1 ? Object.fromEntries(given) : undefined;
}
