/** Tags of log groups, which policies may ask for. */
import { constraint, invalidParameter, tooManyTags } from './errors';

type Tags = Readonly<Record<string, string>>;

/** @throws InvalidParameterException, TooManyTagsException */
export function readTags(tags: Tags | undefined, existing: Tags = {}): Tags {
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw constraint('tags', key, 'be a tag key');
    if (value.length > 256) throw constraint('tags', value, 'have length less than or equal to 256');
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys must not begin with aws:.');
  }
  const merged = { ...existing, ...tags };
  if (Object.keys(merged).length > 50) throw tooManyTags();
  return merged;
}

export const withoutTags = (tags: Tags, keys: readonly string[]): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
