/** The bytes of an object, wherever they lie: one piece, or the parts of the upload that made it. */
import type { Bytes } from '../../base/bytes';
import type { Call, Kernel } from '../../kernel/call';
import { operationAborted } from './errors';
import type { Span } from './ranges';
import { readPiece } from './state/bodies';
import type { DataKey } from './state/layers';
import type { Checksum, Manifest, StoredObject } from './state/tables';
import { findManifest, findPart, holdParts } from './state/uploads';
import { forget } from './target';

type Store = Kernel['store'];

/** How often a read starts over because its object was replaced meanwhile. */
const ATTEMPTS = 8;

/**
 * Reads an object and opens its body; anew, when the body was gone before it was open, because the object was replaced
 * in between. @param read is to look everything up again each time
 */
export async function whileReplaced<T>(call: Call, read: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await read().catch(whereGone);
    if (found !== undefined) return found;
    forget(call);
  }
  throw operationAborted();
}

/** A body to be shared may be gone by the time of the commit. */
function whereGone(error: unknown): undefined {
  if (!(error instanceof Error && error.name === 'BlobGone')) throw error;
}

/** Opens a body, or a span of it, with its first bytes fetched. @returns undefined when it is gone */
export async function openBody(
  call: Call,
  object: StoredObject,
  dataKey: DataKey,
  span?: Span,
): Promise<Uint8Array | Bytes | undefined> {
  const { store } = call.kernel;
  if (object.piece) {
    const body = await readPiece(store, object.piece, dataKey, span);
    return body instanceof Uint8Array ? body : body && primed(body);
  }
  const manifest = await findManifest(store, object.manifest!);
  return (
    manifest &&
    primed(readParts(call, object.manifest!, manifest, dataKey, span ?? { start: 0, end: object.sizeBytes - 1 }))
  );
}

async function* readParts(call: Call, uploadId: string, manifest: Manifest, dataKey: DataKey, span: Span): Bytes {
  const { store } = call.kernel;
  const release = holdParts(store, uploadId);
  try {
    yield* readSpan(store, uploadId, manifest, dataKey, span);
  } finally {
    release();
  }
}

async function* readSpan(store: Store, uploadId: string, manifest: Manifest, dataKey: DataKey, span: Span): Bytes {
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
