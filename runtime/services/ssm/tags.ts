/** Tags of parameters, which policies may ask for. */
import type { Tag } from '@aws-sdk/client-ssm';
import { constraint, tooManyTags, validation } from './errors';

type Tags = Readonly<Record<string, string>>;

/** @throws ValidationException, TooManyTagsError */
export function readTags(tags: readonly Tag[] | undefined, existing: Tags = {}): Tags {
  const merged: Record<string, string> = { ...existing };
  for (const { Key: key = '', Value: value = '' } of tags ?? []) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw constraint('tags.member.key', key, 'be a tag key');
    if (value.length > 256) throw constraint('tags.member.value', value, 'have length less than or equal to 256');
    if (/^aws:/i.test(key)) throw validation('aws: prefixed tag key names are not allowed for external use.');
    merged[key] = value;
  }
  if (Object.keys(merged).length > 50) throw tooManyTags();
  return merged;
}

export const listTags = (tags: Tags): Tag[] =>
  Object.keys(tags)
    .sort()
    .map((Key) => ({ Key, Value: tags[Key] }));

export const asRecord = (tags: readonly Tag[] | undefined) =>
  tags && Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
