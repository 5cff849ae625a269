/** The `tagging` field of a form: the document of PutObjectTagging, made into the header of PutObject. */
import { malformedXml } from '../errors';

const DOCUMENT = /^\s*(?:<\?xml[^>]*\?>)?\s*<Tagging(?:\s[^>]*)?>\s*<TagSet>(.*)<\/TagSet>\s*<\/Tagging>\s*$/s;
const TAG = /^\s*<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>\s*/;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @throws AwsError MalformedXML */
export function tagsHeader(document: string): string {
  let rest = DOCUMENT.exec(document)?.[1];
  if (rest === undefined) throw malformedXml('Tagging needs a TagSet');
  const pairs: string[] = [];
  while (rest.trim() !== '') {
    const tag: RegExpExecArray | null = TAG.exec(rest);
    if (!tag) throw malformedXml('TagSet holds Tag elements only');
    pairs.push(`${encodeURIComponent(plain(tag[1]))}=${encodeURIComponent(plain(tag[2]))}`);
    rest = rest.slice(tag[0].length);
  }
  return pairs.join('&');
}

function plain(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
