/**
 * Metadata that is not plain ASCII: decoded as RFC 2047 says before it is stored, and encoded so again on its way out.
 * Source: S3 user guide, "Working with object metadata", user-defined object metadata. Which of the two encodings is
 * taken, and where a long text is cut, is as S3 was seen to do it: by letters where most of the text is ASCII, in words
 * of at most 75 characters.
 */
const WORD = /=\?([\w-]+)\?([bq])\?([^?\s]*)\?=/gi;
const BASE64 = /^([\w+/]{4})*([\w+/]{2}==|[\w+/]{3}=)?$/;
const LONGEST_ENCODED = 63;

/** @returns the text itself when no word of it is encoded, or not in a charset that is known */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  const joined = text.replace(/(\?=)\s+(?==\?)/g, '$1');
  return joined.replace(WORD, (word, charset: string, encoding: string, content: string) => {
    if (encoding.toLowerCase() === 'b' && !BASE64.test(content)) return word;
    const bytes = encoding.toLowerCase() === 'b' ? Buffer.from(content, 'base64') : unquoted(content);
    return /^utf-?8$/i.test(charset)
      ? bytes.toString('utf8')
      : /^(us-ascii|iso-8859-1)$/i.test(charset)
        ? bytes.toString('latin1')
        : word;
  });
}

function unquoted(text: string): Buffer {
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}

/** Plain ASCII as it is; anything else in encoded words. */
export function encodeWords(text: string): string {
  const characters = [...text];
  const strange = characters.filter((one) => !isPlain(one)).length;
  if (strange === 0) return text;
  return words(text, strange >= characters.length - strange ? base64Word : quotedWord).join(' ');
}

const isPlain = (character: string) => /^[\t\x20-\x7e]$/.test(character);

type Encoder = (text: string) => string;

function words(text: string, encode: Encoder): string[] {
  const encoded = encode(text);
  const characters = [...text];
  if (encoded.length <= LONGEST_ENCODED + 12 || characters.length < 2) return [encoded];
  const half = Math.floor(characters.length / 2);
  return [characters.slice(0, half), characters.slice(half)].flatMap((part) => words(part.join(''), encode));
}

const base64Word: Encoder = (text) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;

const quotedWord: Encoder = (text) => {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (character === ' ') encoded += '_';
    else if (byte > 0x20 && byte < 0x7f && !'=_?'.includes(character)) encoded += character;
    else encoded += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return `=?UTF-8?Q?${encoded}?=`;
};

/** Whether a header can hold a text as it is. */
export function isLatin1(text: string): boolean {
  return !/[^\0-\xff]/.test(text);
}

/** A system header as S3 answers it: what ISO-8859-1 has no letter for is a space. */
export function asLatin1(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/gu, ' ');
}
