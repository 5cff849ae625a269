/**
 * Encryption of a body in frames, so that a range costs a range: each frame is AES-256-GCM over 64 KiB with its tag
 * behind it. The frame key is derived from the body's key and the blob's id, and a frame's nonce is its index and
 * whether it is the last: a frame that was changed, moved, taken from another blob or cut off does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

export const FRAME_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
export const SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES;
export const KEY_BYTES = 32;

const ALGORITHM = 'aes-256-gcm';

/** Number of frames of a body; an empty one has a single empty frame. */
export function frameCount(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / FRAME_BYTES));
}

export interface FrameCipher {
  /** @returns ciphertext and tag */
  seal(index: number, last: boolean, plain: Uint8Array): [Uint8Array, Uint8Array];
  /** @throws Error when the frame is not what was sealed at this place */
  open(index: number, last: boolean, sealed: Uint8Array): Uint8Array;
}

/** @param key 32 bytes @throws RangeError */
export function frameCipher(key: Uint8Array, blobId: string): FrameCipher {
  if (key.length !== KEY_BYTES) throw new RangeError(`a body's key has ${KEY_BYTES} bytes, not ${key.length}`);
  const frameKey = new Uint8Array(hkdfSync('sha256', key, blobId, 'coffer blob frames 1', KEY_BYTES));
  return {
    seal(index, last, plain) {
      const cipher = createCipheriv(ALGORITHM, frameKey, nonceOf(index, last));
      const sealed = cipher.update(plain);
      cipher.final();
      return [sealed, cipher.getAuthTag()];
    },
    open(index, last, sealed) {
      const end = sealed.length - TAG_BYTES;
      if (end < 0) throw new Error('the frame is cut off');
      const decipher = createDecipheriv(ALGORITHM, frameKey, nonceOf(index, last));
      decipher.setAuthTag(sealed.subarray(end));
      const plain = decipher.update(sealed.subarray(0, end));
      decipher.final();
      return plain;
    },
  };
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}
