/** Tags of buckets and objects. Sources: S3 user guide, "Categorizing your objects using tags", "Using cost allocation tags". */
import type { Kernel } from '../../kernel/call';
import { disputed } from './disputed';
import { invalidArgument, invalidTag, malformedXml } from './errors';

export type Tags = Readonly<Record<string, string>>;

const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const OBJECT_TAGS = 10;
const BUCKET_TAGS = 50;

type TagSet = readonly { Key?: string; Value?: string }[] | undefined;

export function objectTags(kernel: Kernel, set: TagSet): Tags {
  return within(kernel, readTags(set, reservedObjectTag), OBJECT_TAGS, 'Object tags');
}

const reservedObjectTag = (TagKey: string) => invalidTag('Your TagKey cannot be prefixed with aws:', { TagKey });

export function bucketTags(kernel: Kernel, set: TagSet): Tags {
  const reserved = (TagKey: string) => invalidTag('System tags cannot be added/updated by requester', { TagKey });
  return within(kernel, readTags(set, reserved), BUCKET_TAGS, 'Bucket tag count');
}

/** The tags that a bucket is created with: the same in other words. */
export function newBucketTags(kernel: Kernel, set: TagSet): Tags {
  const tags = readTags(set, () => invalidTag(RESERVED));
  return within(kernel, tags, BUCKET_TAGS, 'Bucket tag count');
}

const RESERVED =
  'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.';

function within(kernel: Kernel, tags: Tags, most: number, what: string): Tags {
  if (Object.keys(tags).length > most) throw disputed(kernel).tooManyTags(`${what} cannot be greater than ${most}`);
  return tags;
}

/** The `x-amz-tagging` header: a query string. */
export function headerTags(kernel: Kernel, header: string | undefined): Tags | undefined {
  if (header === undefined) return undefined;
  const set: { Key: string; Value: string }[] = [];
  for (const pair of header.split('&')) {
    if (pair === '') continue;
    const [key, value = '', ...more] = pair.split('=');
    if (more.length > 0 || key === '') throw badHeader(header);
    set.push({ Key: decode(key, header), Value: decode(value, header) });
  }
  const seen = new Set(set.map(({ Key }) => Key));
  if (seen.size !== set.length) throw badHeader(header);
  return within(kernel, readTags(set, reservedObjectTag), OBJECT_TAGS, 'Object tags');
}

export function toTagSet(tags: Tags | undefined): { Key: string; Value: string }[] {
  const set = Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return set.sort((a, b) => (a.Key < b.Key ? -1 : 1));
}

function readTags(set: TagSet, reserved: (key: string) => Error): Tags {
  const tags: Record<string, string> = Object.create(null);
  for (const { Key, Value } of set ?? []) {
    if (Key === undefined || Value === undefined) throw malformedXml('a Tag needs Key and Value');
    if (Key in tags) throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: Key });
    if (Key.startsWith('aws:')) throw reserved(Key);
    if (Key === '' || Key.length > 128 || !ALLOWED.test(Key))
      throw invalidTag('The TagKey you have provided is invalid', { TagKey: Key });
    if (Value.length > 256 || !ALLOWED.test(Value))
      throw invalidTag('The TagValue you have provided is invalid', { TagKey: Key, TagValue: Value });
    tags[Key] = Value;
  }
  return { ...tags };
}

const badHeader = (header: string) =>
  invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    'x-amz-tagging',
    header,
  );

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badHeader(header);
  }
}
