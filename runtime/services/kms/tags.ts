/** Tags of keys. Source: KMS API Reference, "Tag", and Developer Guide, "Tags in AWS KMS". */
import type { Tag } from '@aws-sdk/client-kms';
import { constraint, invalidTag, limitExceeded } from './errors';

const tagLimit = 50;

type Tags = Readonly<Record<string, string>>;

/** @throws TagException, LimitExceededException */
export function readTags(tags: readonly Tag[] | undefined, existing: Tags = {}): Tags {
  const merged: Record<string, string> = { ...existing };
  const seen = new Set<string>();
  for (const { TagKey: key = '', TagValue: value = '' } of tags ?? []) {
    if (key.length < 1 || key.length > 128)
      throw constraint('tags.member.tagKey', key, 'have length between 1 and 128');
    if (value.length > 256) throw constraint('tags.member.tagValue', value, 'have length less than or equal to 256');
    if (/^aws:/i.test(key)) throw invalidTag('Tag keys must not begin with aws:.');
    if (seen.has(key)) throw invalidTag(`Duplicate tag key ${key}.`);
    seen.add(key);
    merged[key] = value;
  }
  if (Object.keys(merged).length > tagLimit) throw limitExceeded(`A key has at most ${tagLimit} tags.`);
  return merged;
}

export const listTags = (tags: Tags): Tag[] =>
  Object.keys(tags)
    .sort()
    .map((key) => ({ TagKey: key, TagValue: tags[key] }));
