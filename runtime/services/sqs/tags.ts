/** Tags of queues, which policies may ask for. */
import { invalidParameter } from './errors';

type Tags = Readonly<Record<string, string>>;

/** @throws InvalidParameterValue */
export function readTags(tags: Tags | undefined, existing: Tags = {}): Tags {
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw invalidParameter(`Tag key ${key} is invalid.`);
    if (value.length > 256) throw invalidParameter('Tag values may not exceed 256 characters.');
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys must not begin with aws:.');
  }
  const merged = { ...existing, ...tags };
  if (Object.keys(merged).length > 50) throw invalidParameter('Too many tags added for queue.');
  return merged;
}
