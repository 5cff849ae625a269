/** The bytes of one body file, in and out, in constant memory: what streams through is a few buffers, not the body. */
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { Bytes } from '../base/bytes';
import { StoreError } from './errors';
import { FRAME_BYTES, type FrameCipher, frameCount, SEALED_FRAME_BYTES, TAG_BYTES } from './frames';
import type { ByteRange } from './port';

const writeFd = promisify(fs.write);
const readFd = promisify(fs.read);

const BUFFER_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;
const SEALED_PIECE_BYTES = 4 * SEALED_FRAME_BYTES;

/** Write buffers that no body uses at the moment. */
const spare: Buffer[] = [];
const SPARE_BUFFERS = 16;

function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

function giveBuffer(buffer: Buffer): void {
  if (spare.length < SPARE_BUFFERS) spare.push(buffer);
}

export interface Sink {
  /** The chunk may be reused by the caller once this resolves. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes what is left. @returns the length of what was written, before encryption */
  end(): Promise<number>;
  /** Gives the buffers back without writing what is left. */
  abandon(): Promise<void>;
}

export function bodySink(fd: number, cipher?: FrameCipher): Sink {
  const file = fileSink(fd);
  return cipher ? sealingSink(file, cipher) : file;
}

/** Two buffers: one fills while the other is on its way to the file. */
function fileSink(fd: number): Sink {
  let filling = takeBuffer();
  let idle: Buffer | undefined;
  let fill = 0;
  let size = 0;
  let writing: Promise<Buffer | undefined> = Promise.resolve(undefined);

  async function flush(): Promise<void> {
    idle = (await writing) ?? idle;
    const full = filling;
    const length = fill;
    writing = writeAll(fd, full, length).then(() => full);
    // Whoever comes next learns of a failure; until then nobody has to.
    writing.catch(() => {});
    filling = idle ?? takeBuffer();
    idle = undefined;
    fill = 0;
  }

  async function release(): Promise<void> {
    const written = await writing.catch(() => undefined);
    for (const buffer of [filling, idle, written]) if (buffer) giveBuffer(buffer);
    idle = undefined;
  }

  return {
    async write(chunk) {
      let from = 0;
      while (from < chunk.length) {
        const part = chunk.subarray(from, from + BUFFER_BYTES - fill);
        filling.set(part, fill);
        fill += part.length;
        from += part.length;
        size += part.length;
        if (fill === BUFFER_BYTES) await flush();
      }
    },
    async end() {
      try {
        if (fill > 0) await flush();
        await writing;
        return size;
      } finally {
        await release();
      }
    },
    abandon: release,
  };
}

async function writeAll(fd: number, buffer: Buffer, length: number): Promise<void> {
  for (let from = 0; from < length; ) from += (await writeFd(fd, buffer, from, length - from)).bytesWritten;
}

/** A full frame is sealed only when another byte follows: the last one says so. */
function sealingSink(file: Sink, cipher: FrameCipher): Sink {
  const frame = Buffer.allocUnsafeSlow(FRAME_BYTES);
  let fill = 0;
  let index = 0;
  let size = 0;

  async function seal(last: boolean): Promise<void> {
    for (const part of cipher.seal(index++, last, frame.subarray(0, fill))) await file.write(part);
    fill = 0;
  }

  return {
    async write(chunk) {
      let from = 0;
      while (from < chunk.length) {
        if (fill === FRAME_BYTES) await seal(false);
        const part = chunk.subarray(from, from + FRAME_BYTES - fill);
        frame.set(part, fill);
        fill += part.length;
        from += part.length;
      }
      size += chunk.length;
    },
    async end() {
      await seal(true);
      await file.end();
      return size;
    },
    abandon: () => file.abandon(),
  };
}

/** @param sizeBytes length of the body, before encryption @throws StoreError BlobDamaged */
export async function* bodyBytes(fd: number, sizeBytes: number, range?: ByteRange, cipher?: FrameCipher): Bytes {
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? sizeBytes - 1, sizeBytes - 1);
  if (start > end && !(cipher && sizeBytes === 0)) return;
  if (!cipher) {
    yield* pieces(fd, start, end + 1, PIECE_BYTES);
    return;
  }
  const last = frameCount(sizeBytes) - 1;
  const sealedEnd = sizeBytes + (last + 1) * TAG_BYTES;
  let index = Math.floor(start / FRAME_BYTES);
  const to = Math.min((Math.floor(Math.max(end, 0) / FRAME_BYTES) + 1) * SEALED_FRAME_BYTES, sealedEnd);
  for await (const piece of pieces(fd, index * SEALED_FRAME_BYTES, to, SEALED_PIECE_BYTES)) {
    for (let from = 0; from < piece.length; from += SEALED_FRAME_BYTES, index++) {
      const plain = openFrame(cipher, index, index === last, piece.subarray(from, from + SEALED_FRAME_BYTES));
      const offset = index * FRAME_BYTES;
      const wanted = plain.subarray(Math.max(start - offset, 0), end - offset + 1);
      if (wanted.length > 0) yield wanted;
    }
  }
}

function openFrame(cipher: FrameCipher, index: number, last: boolean, sealed: Uint8Array): Uint8Array {
  try {
    return cipher.open(index, last, sealed);
  } catch (cause) {
    throw new StoreError('BlobDamaged', `frame ${index} of a body fails authentication`, { cause });
  }
}

/** The file from `from` to `to`, read one piece ahead of the consumer. */
async function* pieces(fd: number, from: number, to: number, pieceBytes: number): AsyncGenerator<Buffer, void> {
  const readPiece = async (at: number): Promise<Buffer> => {
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - at));
    for (let got = 0; got < piece.length; ) {
      const { bytesRead } = await readFd(fd, piece, got, piece.length - got, at + got);
      if (bytesRead === 0) throw new StoreError('BlobDamaged', `a body ends at byte ${at + got} of ${to}`);
      got += bytesRead;
    }
    return piece;
  };
  let ahead: Promise<Buffer> | undefined = readPiece(from);
  try {
    for (let at = from; ahead; at += pieceBytes) {
      const piece: Buffer = await ahead;
      const following: number = at + pieceBytes;
      ahead = following < to ? readPiece(following) : undefined;
      ahead?.catch(() => {});
      yield piece;
    }
  } finally {
    // The file may be closed after this.
    await ahead?.catch(() => {});
  }
}
