/** Tags of roots, units, accounts and policies. Source: AWS Organizations API reference, TagResource. */
import type { Tag } from '@aws-sdk/client-organizations';
import { duplicateTag, invalidPattern, systemTag, tooManyTags } from './errors';
import type { Tags } from './state';

const MOST = 50;

/** @throws InvalidInputException, ConstraintViolationException */
export function readTags(tags: readonly Tag[] = [], existing: Tags = {}): Tags {
  const merged: Record<string, string> = { ...existing };
  const seen = new Set<string>();
  for (const { Key = '', Value = '' } of tags) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256) throw invalidPattern('Tags');
    if (/^aws:/i.test(Key)) throw systemTag();
    if (seen.has(Key)) throw duplicateTag();
    seen.add(Key);
    merged[Key] = Value;
  }
  if (Object.keys(merged).length > MOST) throw tooManyTags();
  return merged;
}

export const listTags = (tags: Tags = {}): Tag[] =>
  Object.keys(tags)
    .sort()
    .map((Key) => ({ Key, Value: tags[Key] }));
