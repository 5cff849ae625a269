/** Tags of users, roles and policies. Source: IAM user guide, "Tags for AWS Identity and Access Management resources". */
import type { Tag } from '@aws-sdk/client-iam';
import { constraint, invalidInput, tooManyTags, validation } from './errors';

const MOST_TAGS = 50;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

type Tags = Readonly<Record<string, string>>;

/** `existing` with the given tags over it. "Tag keys are not case sensitive ... but case is preserved." */
export function addTags(tags: readonly Tag[] | undefined, existing: Tags = {}): Tags {
  const merged = new Map(Object.entries(existing));
  const seen = new Set<string>();
  for (const { Key: key = '', Value: value = '' } of tags ?? []) {
    checkTag(key, value);
    const lower = key.toLowerCase();
    if (seen.has(lower)) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    seen.add(lower);
    for (const old of merged.keys()) if (old.toLowerCase() === lower) merged.delete(old);
    merged.set(key, value);
  }
  if (merged.size > MOST_TAGS) throw tooManyTags();
  return Object.fromEntries(merged);
}

export function removeTags(keys: readonly string[], existing: Tags): Tags {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(existing).filter(([key]) => !gone.has(key.toLowerCase())));
}

export function tagsIn(tags: readonly Tag[] | undefined): Tags | undefined {
  return tags && Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}

export function listTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function checkTag(key: string, value: string): void {
  if (key.length < 1 || key.length > 128) throw constraint('tags.member.key', key, 'have length between 1 and 128');
  if (value.length > 256) throw constraint('tags.member.value', value, 'have length less than or equal to 256');
  if (!ALLOWED.test(key) || !ALLOWED.test(value)) {
    throw constraint(
      'tags.member',
      `${key}=${value}`,
      'satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*',
    );
  }
  if (/^aws:/i.test(key)) throw validation('Tag keys beginning with "aws:" are reserved for system use.');
}
