/** Bytes on their way to a parser: in pieces that take little time, and all of them UTF-8. */
import { TextDecoder } from 'node:util';
import { invalidTextEncoding } from './errors';
import type { Counters } from './formats';

/** So small that no parser holds up the process for long. */
const PIECE_BYTES = 32 * 1024;

export async function* pieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
}

/** @throws AwsError InvalidTextEncoding */
export async function* utf8(stream: AsyncIterable<Uint8Array>, counters: Counters): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const piece of stream) {
    if (!accepts(decoder, piece, true)) throw invalidTextEncoding(counters.processed + firstFlaw(piece));
    counters.processed += piece.length;
    yield piece;
  }
  if (!accepts(decoder, new Uint8Array(0), false)) throw invalidTextEncoding(counters.processed);
}

function accepts(decoder: TextDecoder, bytes: Uint8Array, more: boolean): boolean {
  try {
    decoder.decode(bytes, { stream: more });
    return true;
  } catch {
    return false;
  }
}

/** How much of a piece that is not UTF-8 still is. */
function firstFlaw(piece: Uint8Array): number {
  let good = 0;
  let bad = piece.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (accepts(new TextDecoder('utf-8', { fatal: true }), piece.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  return good;
}
