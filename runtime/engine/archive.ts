/**
 * Zip archives, read strictly: the directory is checked as a whole before anything is unpacked. Refused are paths that
 * leave the archive, symbolic links, encrypted or unknown encodings, and more entries or bytes than the caller allows.
 * Also writes the smallest archive there is (stored entries), for code that arrives as text. No disk, no network: bytes
 * come from and go to the caller.
 */
import { Readable } from 'node:stream';
import type { Entry as ZipEntry, ZipFile } from 'yauzl';
import { type Bytes, collect } from '../base/bytes';

/** Where the archive's bytes are; read at random. */
export interface ArchiveSource {
  readonly sizeBytes: number;
  /** Bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Bytes;
}

export interface ArchiveLimits {
  /** Most bytes of all entries together, unpacked. */
  readonly unpackedBytes: number;
  readonly entries: number;
}

export interface ArchiveEntry {
  /** Relative, with `/`, without `.` and `..`. */
  readonly path: string;
  readonly directory: boolean;
  /** Unix permission bits; 0o644 when the archive was not made on Unix. */
  readonly mode: number;
  readonly sizeBytes: number;
}

export interface Archive {
  readonly entries: readonly ArchiveEntry[];
  readonly unpackedBytes: number;
  read(entry: ArchiveEntry): Promise<Bytes>;
}

/** `tooLarge`: a limit of the caller. `malformed`: no zip archive. `unsafe`: an entry that is never unpacked. */
export class ArchiveError extends Error {
  constructor(
    readonly kind: 'malformed' | 'tooLarge' | 'unsafe',
    message: string,
  ) {
    super(message);
  }
}

const UNIX = 3;
const TYPE_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;

/** Reads and checks the directory of an archive. @throws ArchiveError */
export async function openArchive(source: ArchiveSource, limits: ArchiveLimits): Promise<Archive> {
  const zip = await openZip(source);
  if (zip.entryCount > limits.entries) throw new ArchiveError('tooLarge', `more than ${limits.entries} entries`);
  const entries = new Map<ArchiveEntry, ZipEntry>();
  let unpackedBytes = 0;
  try {
    for await (const raw of zip.eachEntry()) {
      const entry = checkEntry(raw);
      unpackedBytes += entry.sizeBytes;
      if (unpackedBytes > limits.unpackedBytes) {
        throw new ArchiveError('tooLarge', `more than ${limits.unpackedBytes} bytes unpacked`);
      }
      entries.set(entry, raw);
    }
  } catch (error) {
    throw error instanceof ArchiveError ? error : new ArchiveError('malformed', (error as Error).message);
  }
  return {
    entries: [...entries.keys()],
    unpackedBytes,
    async read(entry) {
      const raw = entries.get(entry);
      if (!raw) throw new ArchiveError('malformed', `no entry ${entry.path}`);
      return zip.openReadStreamPromise(raw);
    },
  };
}

async function openZip(source: ArchiveSource): Promise<ZipFile> {
  const yauzl = require('yauzl') as typeof import('yauzl');
  const ahead = readAhead(source);
  class Reader extends yauzl.RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return Readable.from(source.read(start, end));
    }

    /** The directory is read a few bytes at a time: they come out of what was read ahead. */
    override read(
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
      done: (error: Error | null) => void,
    ): void {
      ahead(position, length).then(
        (bytes) => {
          bytes.copy(buffer, offset);
          done(null);
        },
        (error: Error) => done(error),
      );
    }
  }
  try {
    const options = { lazyEntries: true, autoClose: false, strictFileNames: true };
    return await yauzl.fromRandomAccessReaderPromise(new Reader(), source.sizeBytes, options);
  } catch (error) {
    throw new ArchiveError('malformed', (error as Error).message);
  }
}

const AHEAD_BYTES = 1 << 18;

/** Bytes at a place of the source, with what follows them kept for the next call. */
function readAhead({ sizeBytes, read }: ArchiveSource): (position: number, length: number) => Promise<Buffer> {
  let from = 0;
  let kept: Buffer = Buffer.alloc(0);
  return async (position, length) => {
    if (position < from || position + length > from + kept.length) {
      const end = Math.min(position + Math.max(length, AHEAD_BYTES), sizeBytes);
      kept = await collect(read(position, end), end - position);
      from = position;
    }
    return kept.subarray(position - from, position - from + length);
  };
}

function checkEntry(raw: ZipEntry): ArchiveEntry {
  const unixMode = raw.versionMadeBy >>> 8 === UNIX ? raw.externalFileAttributes >>> 16 : 0;
  if ((unixMode & TYPE_MASK) === SYMBOLIC_LINK) {
    throw new ArchiveError('unsafe', `${raw.fileName} is a symbolic link`);
  }
  if (!raw.canDecodeFileData())
    throw new ArchiveError('unsafe', `${raw.fileName} is encrypted or in an unknown encoding`);
  const parts = raw.fileName.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || raw.fileName.includes('\0')) {
    throw new ArchiveError('unsafe', `${raw.fileName} leaves the archive`);
  }
  return {
    path: parts.join('/'),
    directory: raw.fileName.endsWith('/'),
    mode: unixMode & 0o777 || 0o644,
    sizeBytes: raw.uncompressedSize,
  };
}

/** An archive of the given files, in order, stored without compression. Meant for small texts. */
export function packArchive(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const { crc32 } = require('@node-rs/crc32') as typeof import('@node-rs/crc32');
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(content as string);
    // Common part of local header and directory entry: version 2.0, UTF-8 names, stored, 1980-01-01.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    bodies.push(Buffer.from('PK\x03\x04', 'latin1'), common, name, data);

    const rest = Buffer.alloc(14);
    rest.writeUInt16LE(0o100644, 8);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, name);
    offset += 30 + name.length + data.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listing, end]);
}
