/**
 * Where bytes lie. A body comes in as a stream, is digested on its way, and is encrypted at rest: up to 16 KiB as a
 * row, in the transaction that makes the object; beyond that as a blob. A piece's key is derived from its object's
 * data key, so that one data key serves any number of pieces and no pair of key and nonce is used twice.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { type Bytes, once } from '../../../base/bytes';
import { type Digest, type DigestName, digest } from '../../../base/digests';
import type { Random } from '../../../base/random';
import { type FrameCipher, frameCipher } from '../../../store/frames';
import type { BlobWriter, ByteRange, Reader, Store, Writer } from '../../../store/port';
import { type DataKey, isLayered, layeredBytes, layerWriter, openLayer } from './layers';
import { createOpened, type Opened } from './opened';
import { bodies, type Piece } from './tables';

/** The largest body that lives in a row, bytes. */
const INLINE_BYTES = 16 * 1024;
/** From this length on, bytes, a body is worth the way to another thread. */
const LONG_BYTES = 512 * 1024;
const TAG_BYTES = 16;
/** A piece's key encrypts one message only, so its nonce may be constant. */
const NONCE = Buffer.alloc(12);

/** A body to be read. */
export interface Incoming {
  readonly stream: Bytes;
  /** Bytes, when it is known. */
  readonly length?: number;
  /** The same bytes before their SHA-256 is held against the signed one, for a reader that takes it anyway. */
  readonly signed?: { readonly stream: Bytes; confirm(sha256: Uint8Array): void };
}

export function incoming(content: Uint8Array | Bytes, length: number): Incoming {
  return { stream: content instanceof Uint8Array ? once(content) : content, length };
}

/** A body that was read to its end and is not part of anything yet. */
export interface Taken {
  readonly piece: Piece;
  /** Ciphertext of a small body, to be put into a row. */
  readonly row?: Uint8Array;
  readonly digests: Readonly<Partial<Record<DigestName, Uint8Array>>>;
}

const openedBodies = new WeakMap<Store, Opened>();

/** Ids that sort by time keep rows that are written together together. */
export function newId(now: number, random: Random): string {
  return now.toString(36).padStart(9, '0') + random.mixed(16);
}

export interface Taking {
  readonly id: string;
  readonly dataKey: DataKey;
  readonly digests: readonly DigestName[];
  /** Told the length so far with every chunk; throws to stop. */
  onLength(sizeBytes: number): void;
}

/** Reads a body to its end. */
export function takeBody(store: Store, body: Incoming, taking: Taking): Promise<Taken> {
  const isLong = (body.length ?? 0) >= LONG_BYTES && !isLayered(taking.dataKey);
  return isLong ? takeLong(store, body, taking) : takeShort(store, body.stream, taking);
}

/** Everything but the reading is done by another thread. */
async function takeLong(
  store: Store,
  { stream, signed }: Incoming,
  { id, dataKey, digests: names, onLength }: Taking,
): Promise<Taken> {
  const digests = signed ? [...new Set<DigestName>([...names, 'SHA256'])] : names;
  const blob = await store.blobs.create(pieceKey(outermost(dataKey), id), { digests });
  let sizeBytes = 0;
  try {
    for await (const chunk of signed?.stream ?? stream) {
      sizeBytes += chunk.length;
      onLength(sizeBytes);
      await blob.write(chunk);
    }
  } catch (error) {
    await blob.discard();
    throw error;
  }
  const taken = { piece: { id, sizeBytes, blob: await blob.finish() }, digests: blob.digests };
  return using(store, taken, async () => {
    signed?.confirm(blob.digests.SHA256!);
    return taken;
  });
}

async function takeShort(
  store: Store,
  stream: Bytes,
  { id, dataKey, digests: names, onLength }: Taking,
): Promise<Taken> {
  const key = pieceKey(outermost(dataKey), id);
  const running = names.map((name): [DigestName, Digest] => [name, digest(name)]);
  let small: Uint8Array[] = [];
  let blob: BlobWriter | undefined;
  let sizeBytes = 0;
  try {
    for await (const chunk of stream) {
      sizeBytes += chunk.length;
      onLength(sizeBytes);
      for (const [, one] of running) one.update(chunk);
      if (!blob && sizeBytes <= INLINE_BYTES) {
        small.push(chunk);
        continue;
      }
      if (!blob) {
        blob = await store.blobs.create(key);
        if (isLayered(dataKey)) blob = layerWriter(blob, firstLayer(dataKey, id));
        for (const earlier of small) await blob.write(earlier);
        small = [];
      }
      await blob.write(chunk);
    }
  } catch (error) {
    await blob?.discard();
    throw error;
  }
  const digests: Partial<Record<DigestName, Uint8Array>> = {};
  for (const [name, one] of running) digests[name] = await one.finish();
  if (blob) return { piece: { id, sizeBytes, blob: await blob.finish() }, digests };
  if (isLayered(dataKey)) small = [encrypt(pieceKey(dataKey.inner, id), small)];
  const row = sizeBytes > 0 ? encrypt(key, small) : undefined;
  return { piece: { id, sizeBytes }, row, digests };
}

/** Does what makes a taken body part of an object. When that fails, the body goes at once. */
export async function using<T>(store: Store, { piece }: Pick<Taken, 'piece'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (piece.blob) await store.blobs.discard(piece.blob);
    throw error;
  }
}

/** Makes a taken body part of this commit. */
export function keepBody(tx: Writer, { piece, row }: Pick<Taken, 'piece' | 'row'>): void {
  if (piece.blob) tx.keep(piece.blob);
  else if (row) tx.put(bodies, [piece.id], row);
}

export function dropPiece(tx: Writer, piece: Piece): void {
  if (piece.blob) tx.drop(piece.blob);
  else if (piece.sizeBytes > 0) tx.delete(bodies, [piece.id]);
}

/** The bytes of a piece, or a range of them; undefined when a small one is gone. */
export async function readPiece(
  store: Store,
  piece: Piece,
  dataKey: DataKey,
  range?: ByteRange,
): Promise<Uint8Array | Bytes | undefined> {
  if (piece.sizeBytes === 0) return new Uint8Array(0);
  if (piece.blob) {
    const key = pieceKey(outermost(dataKey), piece.id);
    if (!isLayered(dataKey)) return store.blobs.read(piece.blob, { range, key });
    const blob = { id: piece.blob.id, sizeBytes: layeredBytes(piece.sizeBytes) };
    const read = (sealed: ByteRange) => store.blobs.read(blob, { range: sealed, key });
    return openLayer(read, firstLayer(dataKey, piece.id), piece.sizeBytes, range);
  }
  const whole = await readRow(store, piece.id, dataKey);
  return range ? whole?.subarray(range.start, range.end + 1) : whole;
}

async function readRow(store: Store, id: string, dataKey: DataKey): Promise<Uint8Array | undefined> {
  const opened = openedBodies.get(store) ?? createOpened();
  openedBodies.set(store, opened);
  const own = isLayered(dataKey) ? dataKey.inner : dataKey;
  const known = opened.find(id, own);
  if (known) return known;
  const row = await (store as Reader).get(bodies, [id]);
  if (!row) return undefined;
  const sealed = decrypt(pieceKey(outermost(dataKey), id), row);
  const content = isLayered(dataKey) ? decrypt(pieceKey(own, id), sealed) : sealed;
  opened.keep(id, own, content);
  return content;
}

/** Of the layer that is written to the store. */
function outermost(dataKey: DataKey): Uint8Array {
  return isLayered(dataKey) ? dataKey.outer : dataKey;
}

function firstLayer({ inner }: { readonly inner: Uint8Array }, id: string): FrameCipher {
  return frameCipher(pieceKey(inner, id), id);
}

function pieceKey(dataKey: Uint8Array, id: string): Uint8Array {
  return createHmac('sha256', dataKey).update(id).digest();
}

function encrypt(key: Uint8Array, chunks: readonly Uint8Array[]): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, NONCE);
  const sealed = chunks.map((chunk) => cipher.update(chunk));
  sealed.push(cipher.final());
  return Buffer.concat([...sealed, cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, row: Uint8Array): Uint8Array {
  const end = row.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE);
  decipher.setAuthTag(row.subarray(end));
  const plain = decipher.update(row.subarray(0, end));
  decipher.final();
  return plain;
}
