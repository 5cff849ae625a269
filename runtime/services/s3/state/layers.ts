/**
 * Two layers of encryption: what a body's own key has sealed in frames is sealed once more on its way to where it lies,
 * under a key of S3's own. A range still costs a range. Source: S3 user guide, "Using dual-layer server-side encryption
 * with AWS KMS keys (DSSE-KMS)".
 */
import type { Bytes } from '../../../base/bytes';
import { FRAME_BYTES, type FrameCipher, frameCount, SEALED_FRAME_BYTES, TAG_BYTES } from '../../../store/frames';
import type { BlobWriter, ByteRange } from '../../../store/port';

/** What a body's pieces derive their keys from: for each layer its own. */
export interface Layered {
  /** Of the first layer, from KMS. */
  readonly inner: Uint8Array;
  /** Of the second layer, S3's own. */
  readonly outer: Uint8Array;
}

export type DataKey = Uint8Array | Layered;

export function isLayered(key: DataKey): key is Layered {
  return !(key instanceof Uint8Array);
}

/** Length of a body after its first layer, bytes. */
export function layeredBytes(sizeBytes: number): number {
  return sizeBytes + frameCount(sizeBytes) * TAG_BYTES;
}

/** Writes the first layer of a body into what writes the second. */
export function layerWriter(blob: BlobWriter, cipher: FrameCipher): BlobWriter {
  const frame = Buffer.allocUnsafe(FRAME_BYTES);
  let fill = 0;
  let index = 0;
  async function seal(last: boolean): Promise<void> {
    for (const part of cipher.seal(index++, last, frame.subarray(0, fill))) await blob.write(part);
    fill = 0;
  }
  return {
    async write(chunk) {
      for (let from = 0; from < chunk.length; ) {
        if (fill === FRAME_BYTES) await seal(false);
        const part = chunk.subarray(from, from + FRAME_BYTES - fill);
        frame.set(part, fill);
        fill += part.length;
        from += part.length;
      }
    },
    async finish() {
      await seal(true);
      return blob.finish();
    },
    discard: () => blob.discard(),
    digests: blob.digests,
  };
}

/**
 * Opens the first layer.
 * @param sizeBytes length of the body in plain
 * @param read gives a range of what the second layer holds
 */
export async function* openLayer(
  read: (range: ByteRange) => Bytes,
  cipher: FrameCipher,
  sizeBytes: number,
  range: ByteRange = { start: 0, end: sizeBytes - 1 },
): Bytes {
  const last = frameCount(sizeBytes) - 1;
  let index = Math.floor(range.start / FRAME_BYTES);
  const end = Math.min((Math.floor(range.end / FRAME_BYTES) + 1) * SEALED_FRAME_BYTES, layeredBytes(sizeBytes)) - 1;
  for await (const sealed of frames(read({ start: index * SEALED_FRAME_BYTES, end }))) {
    const plain = cipher.open(index, index === last, sealed);
    const offset = index++ * FRAME_BYTES;
    yield plain.subarray(Math.max(range.start - offset, 0), range.end - offset + 1);
  }
}

/** The same bytes, cut into frames. */
async function* frames(source: Bytes): Bytes {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (; rest.length - from >= SEALED_FRAME_BYTES; from += SEALED_FRAME_BYTES)
      yield rest.subarray(from, from + SEALED_FRAME_BYTES);
    rest = rest.subarray(from);
  }
  if (rest.length > 0) yield rest;
}
