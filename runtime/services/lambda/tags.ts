/** Tags on functions. Source: Lambda developer guide, "Using tags on Lambda functions". */
import { invalidParameter } from './errors';

export type Tags = Readonly<Record<string, string>>;

const MOST = 50;

export function checkTags(tags: Tags): Tags {
  if (Object.keys(tags).length > MOST) throw invalidParameter(`Number of tags exceeds the limit of ${MOST}.`);
  for (const [name, value] of Object.entries(tags)) {
    const fits = name.length >= 1 && name.length <= 128 && value.length <= 256;
    if (!fits || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(name + value) || /^aws:/i.test(name)) {
      throw invalidParameter(`The tag ${name} is not valid.`);
    }
  }
  return tags;
}

/** `aws:RequestTag/*` and `aws:TagKeys` of a request that carries these tags. */
export function requestTagKeys(tags: Tags): Record<string, string | readonly string[]> {
  const requested = Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value] as const);
  return { ...Object.fromEntries(requested), 'aws:TagKeys': Object.keys(tags) };
}
