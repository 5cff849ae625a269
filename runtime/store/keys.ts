/**
 * Tuple keys as bytes that sort as the tuples do, held in JavaScript as strings of one character a byte, so that they
 * can be compared, mapped and concatenated without allocation. A key is
 *
 *     table name, 00, then for each component: 01 and eight bytes (a number), or 02, text, 00 (a string)
 *
 * Text is UTF-8 with one added to every byte. UTF-8 ends at F4, so nothing overflows, no text byte is 00, the end
 * marker sorts below all text, and a key of control characters is no longer than another of its length.
 */
import { StoreError } from './errors';
import type { Key, Range } from './port';

/** Most bytes of an encoded key, table name included. The engine takes 1,978; a bound of a scan needs one more than a key. */
export const KEY_LIMIT_BYTES = 1977;

const NUMBER = 1;
const TEXT = 2;
/** Sorts after everything that continues a key. */
const BEYOND = '\xff';
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Room for a key that is just within the limit and the longest text after it. */
const scratch = Buffer.allocUnsafeSlow(5 * KEY_LIMIT_BYTES);
const numbers = new DataView(scratch.buffer, scratch.byteOffset);

export function tablePrefix(table: string): string {
  return `${table}\0`;
}

/** @throws StoreError KeyTooLong, KeyInvalid */
export function encodeKey(table: string, key: Key): string {
  const encoded = place(table, key, key.length);
  if (encoded.length > KEY_LIMIT_BYTES) throw tooLong(table);
  return encoded;
}

/**
 * Where a key is or would be, for reading. One beyond the limit is cut one byte beyond it: no row is there, and it lies
 * between the same rows as the whole.
 */
export function placeOf(table: string, key: Key): string {
  return place(table, key, key.length);
}

/** @param complete how many components have ended; what follows them is the beginning of a text */
function place(table: string, key: Key, complete: number): string {
  let at = scratch.write(table, 0, 'latin1');
  scratch[at++] = 0;
  for (let i = 0; i < key.length; i++) {
    const part = key[i];
    if (typeof part === 'number') at = writeNumber(part, at);
    else {
      at = writeText(part, at, table);
      if (i < complete) scratch[at++] = 0;
    }
    if (at > KEY_LIMIT_BYTES) return `${scratch.toString('latin1', 0, KEY_LIMIT_BYTES)}\0`;
  }
  return scratch.toString('latin1', 0, at);
}

function tooLong(table: string): StoreError {
  return new StoreError('KeyTooLong', `a key of table ${table} is longer than ${KEY_LIMIT_BYTES} bytes`);
}

/** IEEE 754 with the sign turned round sorts by value when negative numbers are inverted. */
function writeNumber(value: number, at: number): number {
  if (Number.isNaN(value)) throw new StoreError('KeyInvalid', 'a key cannot hold NaN');
  scratch[at] = NUMBER;
  numbers.setFloat64(at + 1, value === 0 ? 0 : value);
  const negative = scratch[at + 1] & 0x80;
  if (negative) for (let i = at + 1; i < at + 9; i++) scratch[i] ^= 0xff;
  else scratch[at + 1] ^= 0x80;
  return at + 9;
}

function writeText(text: string, at: number, table: string): number {
  scratch[at++] = TEXT;
  const start = at;
  if (text.length > KEY_LIMIT_BYTES) return writeText(beginningOf(text), start - 1, table);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return writeWideText(text, start, table);
    scratch[at++] = code + 1;
  }
  return at;
}

/** As much of a long text as can matter, without half a character. */
function beginningOf(text: string): string {
  return text.slice(0, KEY_LIMIT_BYTES).replace(/[\ud800-\udbff]$/, '');
}

function writeWideText(text: string, start: number, table: string): number {
  if (LONE_SURROGATE.test(text)) throw new StoreError('KeyInvalid', `a key of table ${table} holds half a character`);
  const end = start + scratch.write(text, start);
  for (let i = start; i < end; i++) scratch[i]++;
  return end;
}

/** The tuple in an encoded key, after the `offset` characters of its table prefix. */
export function decodeKey(encoded: string, offset: number): Key {
  const key: (string | number)[] = [];
  let at = offset;
  while (at < encoded.length) {
    if (encoded.charCodeAt(at) === NUMBER) {
      key.push(readNumber(encoded, at + 1));
      at += 9;
    } else {
      const end = encoded.indexOf('\0', at);
      key.push(readText(encoded, at + 1, end));
      at = end + 1;
    }
  }
  return key;
}

function readNumber(encoded: string, at: number): number {
  scratch.write(encoded.slice(at, at + 8), 0, 'latin1');
  if (scratch[0] & 0x80) scratch[0] ^= 0x80;
  else for (let i = 0; i < 8; i++) scratch[i] ^= 0xff;
  return numbers.getFloat64(0);
}

function readText(encoded: string, start: number, end: number): string {
  let wide = false;
  for (let i = start; i < end; i++) {
    const byte = encoded.charCodeAt(i) - 1;
    if (byte >= 0x80) wide = true;
    scratch[i - start] = byte;
  }
  return scratch.toString(wide ? 'utf8' : 'latin1', 0, end - start);
}

/** Encoded keys `low <= key < high`, walked upwards or downwards. */
export interface Bounds {
  readonly low: string;
  readonly high: string;
  readonly reverse: boolean;
}

export function boundsOf(table: string, range: Range): Bounds {
  const { within = [], prefix, from, after, before, past, reverse = false } = range;
  const base = place(table, prefix === undefined ? within : [...within, prefix], within.length);
  let low = base;
  let high = followed(base, BEYOND);
  const atLeast = (key: string) => {
    if (key > low) low = key;
  };
  const below = (key: string) => {
    if (key < high) high = key;
  };
  const at = (key: Key) => placeOf(table, key);
  // The smallest key above another is that key and a zero byte; one that was cut already ends in it.
  const next = (key: Key) => followed(at(key), '\0');
  const open = past && place(table, past, past.length - 1);
  if (reverse) {
    if (from) below(next(from));
    if (after) below(at(after));
    if (open) below(open);
    if (before) atLeast(next(before));
  } else {
    if (from) atLeast(at(from));
    if (after) atLeast(next(after));
    if (open) atLeast(followed(open, BEYOND));
    if (before) below(at(before));
  }
  if (high < low) high = low;
  return { low, high, reverse };
}

function followed(key: string, by: string): string {
  return key.length > KEY_LIMIT_BYTES ? key : key + by;
}
