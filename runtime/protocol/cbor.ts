/**
 * CBOR, as far as Smithy RPC v2 uses it: its bytes and its simple values; the walk is `document.ts`. Sources: RFC 8949;
 * Smithy specification, "Smithy RPC v2 CBOR protocol".
 */
import { compileDocumentReader, compileDocumentWriter, mismatch, type Read, type Write } from './document';
import { jsonWords } from './errors';
import { assign, MAX_DEPTH } from './reading';
import type { Simple, Structure } from './schema';
import { dateOfSeconds } from './text';
import type { ModelNotes } from './wire';

type Fields = Record<string, unknown>;

/** Reads a document into `target`. An empty body counts as an empty document. */
export function compileCborReader(structure: Structure, members: readonly string[], notes: ModelNotes | undefined) {
  const read = compileDocumentReader(structure, members, readSimple, notes);
  return (bytes: Uint8Array, target: Fields) => read(bytes.length === 0 ? {} : decodeCbor(bytes), target);
}

/** Makes a value for `encodeCbor`. */
export function compileCborWriter(structure: Structure, members: readonly string[]) {
  return compileDocumentWriter(structure, members, writeSimple);
}

function readSimple(shape: Simple): Read {
  const accepts = ACCEPTS[shape.kind];
  return (value, reading) => {
    if (!accepts(value)) throw mismatch(value, shape.kind, reading);
    return value;
  };
}

const ACCEPTS: Readonly<Record<Simple['kind'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: Number.isFinite,
  bigInteger: (value) => typeof value === 'bigint' || Number.isInteger(value),
  bigDecimal: Number.isFinite,
  blob: (value) => value instanceof Uint8Array,
  timestamp: (value) => value instanceof Date,
  document: () => true,
};

function writeSimple(shape: Simple): Write {
  if (shape.kind === 'blob') return (value) => (typeof value === 'string' ? Buffer.from(value) : value);
  return (value) => value;
}

// ---- bytes to values ---------------------------------------------------------------------------------------------------

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, special: 7 } as const;
const INDEFINITE = 31;
const EPOCH_SECONDS = 1;
const BREAK = Symbol('break');

const malformed = (what: string) => jsonWords.malformed(`The document is not valid CBOR: ${what}`, '');
/** A byte order mark at the beginning of a text is one of its characters. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeCbor(bytes: Uint8Array): unknown {
  const decoder = new Decoder(bytes);
  const value = decoder.value(0);
  if (value === BREAK) throw malformed('an end without its begin');
  if (!decoder.atEnd) throw malformed('bytes after its end');
  return value;
}

class Decoder {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw malformed('it is nested too deeply');
    const initial = this.view.getUint8(this.take(1));
    const major = initial >> 5;
    const info = initial & 31;
    switch (major) {
      case MAJOR.unsigned:
        return this.integer(info);
      case MAJOR.negative: {
        const value = this.integer(info);
        return typeof value === 'bigint' ? -1n - value : -1 - value;
      }
      case MAJOR.bytes:
        return info === INDEFINITE ? this.chunks(major) : this.slice(this.length(info));
      case MAJOR.text:
        return this.text(info === INDEFINITE ? this.chunks(major) : this.slice(this.length(info)));
      case MAJOR.list:
        return this.list(info, depth);
      case MAJOR.map:
        return this.map(info, depth);
      case MAJOR.tag:
        return this.tagged(this.integer(info), this.value(depth + 1));
      default:
        return this.special(info);
    }
  }

  /** Where the next `count` bytes are, which are then behind us. */
  private take(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) throw malformed('it ends too early');
    this.at += count;
    return start;
  }

  private slice(count: number): Uint8Array {
    const start = this.take(count);
    return this.bytes.subarray(start, start + count);
  }

  private text(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed('a text that is not UTF-8');
    }
  }

  private integer(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.view.getUint8(this.take(1));
    if (info === 25) return this.view.getUint16(this.take(2));
    if (info === 26) return this.view.getUint32(this.take(4));
    if (info !== 27) throw malformed('a reserved length');
    const value = this.view.getBigUint64(this.take(8));
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  private length(info: number): number {
    const length = this.integer(info);
    if (typeof length === 'bigint' || length > this.bytes.length - this.at) throw malformed('it ends too early');
    return length;
  }

  private chunks(major: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (;;) {
      const initial = this.view.getUint8(this.take(1));
      if (initial === 0xff) return Buffer.concat(parts);
      if (initial >> 5 !== major || (initial & 31) === INDEFINITE) throw malformed('a chunk of another kind');
      parts.push(this.slice(this.length(initial & 31)));
    }
  }

  private list(info: number, depth: number): unknown[] {
    const list: unknown[] = [];
    const length = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.length(info);
    while (list.length < length) {
      const item = this.value(depth + 1);
      if (item === BREAK && length === Number.POSITIVE_INFINITY) break;
      if (item === BREAK) throw malformed('an end within a list');
      list.push(item);
    }
    return list;
  }

  private map(info: number, depth: number): Fields {
    const map: Fields = {};
    const length = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.length(info);
    for (let count = 0; count < length; count++) {
      const key = this.value(depth + 1);
      if (key === BREAK && length === Number.POSITIVE_INFINITY) break;
      if (typeof key !== 'string') throw malformed('a key that is not a text');
      const value = this.value(depth + 1);
      if (value === BREAK) throw malformed('a key without its value');
      if (Object.hasOwn(map, key)) throw malformed(`the key ${key.slice(0, 64)} twice`);
      assign(map, key, value);
    }
    return map;
  }

  private tagged(tag: number | bigint, value: unknown): unknown {
    if (tag !== EPOCH_SECONDS) throw malformed(`the tag ${tag}`);
    const date = typeof value === 'number' ? dateOfSeconds(value) : undefined;
    if (!date) throw malformed('a time that is none');
    return date;
  }

  private special(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.view.getUint16(this.take(2)));
      case 26:
        return this.view.getFloat32(this.take(4));
      case 27:
        return this.view.getFloat64(this.take(8));
      case INDEFINITE:
        return BREAK;
      default:
        throw malformed(`the simple value ${info}`);
    }
  }
}

/** RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (fraction + 1024) * 2 ** (exponent - 25);
}

// ---- values to bytes ---------------------------------------------------------------------------------------------------

export function encodeCbor(value: unknown): Buffer {
  const parts: Uint8Array[] = [];
  encode(value, parts);
  return Buffer.concat(parts);
}

function encode(value: unknown, parts: Uint8Array[]): void {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(head(MAJOR.text, bytes.length), bytes);
  } else if (typeof value === 'number') encodeNumber(value, parts);
  else if (typeof value === 'bigint') encodeBigInt(value, parts);
  else if (typeof value === 'boolean') parts.push(Buffer.of(value ? 0xf5 : 0xf4));
  else if (value === null || value === undefined) parts.push(Buffer.of(0xf6));
  else if (value instanceof Date) {
    parts.push(head(MAJOR.tag, EPOCH_SECONDS));
    encodeNumber(value.getTime() / 1000, parts);
  } else if (value instanceof Uint8Array) parts.push(head(MAJOR.bytes, value.length), value);
  else if (Array.isArray(value)) {
    parts.push(head(MAJOR.list, value.length));
    for (const item of value) encode(item, parts);
  } else {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    parts.push(head(MAJOR.map, entries.length));
    for (const [key, item] of entries) {
      encode(key, parts);
      encode(item, parts);
    }
  }
}

function encodeNumber(value: number, parts: Uint8Array[]): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    parts.push(value < 0 ? head(MAJOR.negative, -1 - value) : head(MAJOR.unsigned, value));
    return;
  }
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  parts.push(bytes);
}

function encodeBigInt(value: bigint, parts: Uint8Array[]): void {
  parts.push(value < 0n ? head(MAJOR.negative, -1n - value) : head(MAJOR.unsigned, value));
}

function head(major: number, value: number | bigint): Uint8Array {
  const kind = major << 5;
  if (value < 24) return Buffer.of(kind | Number(value));
  if (value < 0x100) return Buffer.of(kind | 24, Number(value));
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9, kind);
  if (bytes.length === 3) bytes.writeUInt16BE(Number(value), 1);
  else if (bytes.length === 5) bytes.writeUInt32BE(Number(value), 1);
  else bytes.writeBigUInt64BE(BigInt(value), 1);
  bytes[0] |= bytes.length === 3 ? 25 : bytes.length === 5 ? 26 : 27;
  return bytes;
}
