/** Unfinished uploads, their parts, and the manifests of finished ones. */
import type { Reader, Store, Writer } from '../../../store/port';
import { dropPiece } from './bodies';
import { annotations, leftovers, type Manifest, manifests, type Part, parts, type Upload, uploads } from './tables';

/** Parts go in steps of this many, so that no transaction grows with an upload's size. */
const PARTS_AT_ONCE = 500;

export function findUpload(reader: Reader, bucketId: string, key: string, id: string): Promise<Upload | undefined> {
  return reader.get(uploads, [bucketId, key, id]);
}

export function putUpload(tx: Writer, bucketId: string, key: string, upload: Upload): void {
  tx.put(uploads, [bucketId, key, upload.id], upload);
}

export function removeUpload(tx: Writer, bucketId: string, key: string, id: string): void {
  tx.delete(uploads, [bucketId, key, id]);
}

export async function partsOf(
  reader: Reader,
  uploadId: string,
  { after = 0, limit }: { after?: number; limit: number },
): Promise<(Part & { number: number })[]> {
  const rows = await reader.page(parts, { within: [uploadId], after: [uploadId, after], limit });
  return rows.map(({ key, value }) => ({ ...value, number: Number(key[1]) }));
}

export function findPart(reader: Reader, uploadId: string, number: number): Promise<Part | undefined> {
  return reader.get(parts, [uploadId, number]);
}

/** Puts a part in place of one with the same number. */
export async function putPart(tx: Writer, uploadId: string, number: number, part: Part): Promise<void> {
  await removePart(tx, uploadId, number);
  tx.put(parts, [uploadId, number], part);
}

export async function removePart(tx: Writer, uploadId: string, number: number): Promise<void> {
  const old = await tx.get(parts, [uploadId, number]);
  if (!old) return;
  dropPiece(tx, old.piece);
  tx.delete(parts, [uploadId, number]);
}

export function findManifest(reader: Reader, uploadId: string): Promise<Manifest | undefined> {
  return reader.get(manifests, [uploadId]);
}

export function putManifest(tx: Writer, uploadId: string, manifest: Manifest): void {
  tx.put(manifests, [uploadId], manifest);
}

/** Lets all parts of an upload, or all annotations of a set, go: after this commit, a step at a time, and not while somebody reads them. */
export function dropParts(tx: Writer, uploadId: string): void {
  tx.put(leftovers, [uploadId], true);
  tx.announce({ topic: LEFTOVER_TOPIC, key: uploadId, data: { uploadId } });
}

export const LEFTOVER_TOPIC = 's3.leftover';

/** Parts that an earlier life left behind. */
export async function leftoversOf(reader: Reader): Promise<string[]> {
  return (await reader.page(leftovers, { limit: Number.MAX_SAFE_INTEGER })).map(({ key }) => String(key[0]));
}

/** Removes parts that belong to nothing any more: now, or when the last of their readers is done. */
export async function removeParts(store: Store, uploadId: string): Promise<void> {
  const reading = readers.get(store)?.get(uploadId);
  if (reading) reading.done = () => void removeParts(store, uploadId);
  else while (!(await store.write((tx) => removeSome(tx, uploadId))));
}

/** @returns whether all are gone */
async function removeSome(tx: Writer, uploadId: string): Promise<boolean> {
  const rows = await tx.page(parts, { within: [uploadId], limit: PARTS_AT_ONCE });
  for (const { key, value } of rows) {
    dropPiece(tx, value.piece);
    tx.delete(parts, key);
  }
  if (rows.length === PARTS_AT_ONCE) return false;
  const noted = await tx.page(annotations, { within: [uploadId], limit: PARTS_AT_ONCE });
  for (const { key, value } of noted) {
    dropPiece(tx, value.piece);
    tx.delete(annotations, key);
  }
  if (noted.length === PARTS_AT_ONCE) return false;
  tx.delete(manifests, [uploadId]);
  tx.delete(leftovers, [uploadId]);
  return true;
}

/** Who reads which parts now. Parts that nobody reads are not in it. */
const readers = new WeakMap<Store, Map<string, { count: number; done?: () => void }>>();

/** Keeps the parts of an upload where they are until the returned function is called. */
export function holdParts(store: Store, uploadId: string): () => void {
  const held = readers.get(store) ?? new Map();
  readers.set(store, held);
  const reading = held.get(uploadId) ?? { count: 0 };
  held.set(uploadId, reading);
  reading.count++;
  return () => {
    if (--reading.count > 0) return;
    held.delete(uploadId);
    reading.done?.();
  };
}

/** All unfinished uploads of a bucket that goes. */
export async function dropUploads(tx: Writer, bucketId: string): Promise<void> {
  for (const { key } of await tx.page(uploads, { within: [bucketId], limit: Number.MAX_SAFE_INTEGER })) {
    dropParts(tx, String(key[2]));
    tx.delete(uploads, key);
  }
}
