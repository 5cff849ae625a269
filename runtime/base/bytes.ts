/** Byte streams as the runtime passes them: async iterables of chunks, and the few things one does with them. */

export type Bytes = AsyncIterable<Uint8Array>;

/** Thrown by `collect` when a stream is longer than its limit. */
export class TooLong extends Error {
  constructor(readonly limit: number) {
    super(`more than ${limit} bytes`);
  }
}

/** Reads a whole stream, at most `limit` bytes. @throws TooLong */
export async function collect(stream: Bytes, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > limit) throw new TooLong(limit);
    chunks.push(chunk);
  }
  if (chunks.length === 1) {
    const only = chunks[0];
    return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  }
  return Buffer.concat(chunks, length);
}

export async function* once(bytes: Uint8Array): Bytes {
  if (bytes.length > 0) yield bytes;
}
