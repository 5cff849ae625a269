/** Unfinished uploads, their parts, and the manifests of finished ones. */
import type { Reader, Writer } from '../../../store/port';
import { dropPiece } from './bodies';
import { type Manifest, manifests, type Part, parts, type Upload, uploads } from './tables';

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

/** Lets all parts of an upload go. They are removed after the commit, a step at a time, by the consumer of this topic. */
export function dropParts(tx: Writer, uploadId: string): void {
  tx.announce({ topic: 's3.parts', key: uploadId, data: { uploadId } });
}

/** One step of removing parts. @returns whether all are gone */
export async function removeParts(tx: Writer, uploadId: string): Promise<boolean> {
  const rows = await tx.page(parts, { within: [uploadId], limit: PARTS_AT_ONCE });
  for (const { key, value } of rows) {
    dropPiece(tx, value.piece);
    tx.delete(parts, key);
  }
  if (rows.length === PARTS_AT_ONCE) return false;
  tx.delete(manifests, [uploadId]);
  return true;
}

/** All unfinished uploads of a bucket that goes. */
export async function dropUploads(tx: Writer, bucketId: string): Promise<void> {
  for (const { key } of await tx.page(uploads, { within: [bucketId], limit: Number.MAX_SAFE_INTEGER })) {
    dropParts(tx, String(key[2]));
    tx.delete(uploads, key);
  }
}
