/** The bytes of an object, wherever they lie: one piece, or the parts of the upload that made it. */
import type { Bytes } from '../../base/bytes';
import type { Call } from '../../kernel/call';
import { noSuchKey } from './errors';
import type { Span } from './ranges';
import { readPiece } from './state/bodies';
import type { Checksum, Manifest, StoredObject } from './state/tables';
import { findManifest, findPart } from './state/uploads';

/**
 * Opens a body, or a span of it. The first bytes are fetched before this returns: an object that was replaced in the
 * meantime answers an error and not half a body.
 */
export async function openBody(
  call: Call,
  object: StoredObject,
  dataKey: Uint8Array,
  span?: Span,
): Promise<Uint8Array | Bytes> {
  const { store } = call.kernel;
  if (object.piece) {
    const body = await readPiece(store, object.piece, dataKey, span);
    if (!body) throw noSuchKey('');
    return body instanceof Uint8Array ? body : primed(body);
  }
  const manifest = await findManifest(store, object.manifest!);
  if (!manifest) throw noSuchKey('');
  return primed(readParts(call, object.manifest!, manifest, dataKey, span ?? { start: 0, end: object.sizeBytes - 1 }));
}

async function* readParts(call: Call, uploadId: string, manifest: Manifest, dataKey: Uint8Array, span: Span): Bytes {
  const { store } = call.kernel;
  let offset = 0;
  for (let i = 0; i < manifest.sizes.length && offset <= span.end; i++) {
    const size = manifest.sizes[i];
    const range = { start: Math.max(span.start - offset, 0), end: Math.min(span.end - offset, size - 1) };
    offset += size;
    if (range.start >= size || size === 0) continue;
    const part = await findPart(store, uploadId, manifest.numbers[i]);
    const whole = range.start === 0 && range.end === size - 1;
    const body = part && (await readPiece(store, part.piece, dataKey, whole ? undefined : range));
    if (!body) throw new Error(`part ${manifest.numbers[i]} of upload ${uploadId} is gone`);
    if (body instanceof Uint8Array) yield body;
    else yield* body;
  }
}

/** The same stream, with its first chunk already fetched. Not a generator: one that never starts never cleans up. */
async function primed(stream: Bytes): Promise<Bytes> {
  const iterator = stream[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array> | undefined = await iterator.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = first ?? (await iterator.next());
        first = undefined;
        return step;
      },
      async return() {
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

export interface PartSpan {
  readonly span?: Span;
  readonly checksum?: Checksum;
}

/** Where the n-th part lies. An object that was not uploaded in parts is its own first part. */
export async function partSpan(call: Call, object: StoredObject, number: number): Promise<PartSpan | undefined> {
  if (!object.manifest) {
    if (number !== 1) return undefined;
    return { span: object.sizeBytes > 0 ? { start: 0, end: object.sizeBytes - 1 } : undefined };
  }
  const manifest = await findManifest(call.kernel.store, object.manifest);
  const size = manifest?.sizes[number - 1];
  if (!manifest || size === undefined) return undefined;
  const start = manifest.sizes.slice(0, number - 1).reduce((sum, each) => sum + each, 0);
  const part = await findPart(call.kernel.store, object.manifest, manifest.numbers[number - 1]);
  const algorithm = object.checksum?.algorithm;
  return {
    span: size > 0 ? { start, end: start + size - 1 } : undefined,
    ...(part && algorithm ? { checksum: { algorithm, value: part.checksum, type: 'FULL_OBJECT' as const } } : {}),
  };
}
