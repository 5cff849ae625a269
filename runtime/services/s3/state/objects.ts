/**
 * Versions of a key: which is current, how one is put on top and how one goes. Three tables make one stack per key;
 * nothing outside this file may change them. Source: S3 user guide, "Retaining multiple versions of objects".
 */
import type { Random } from '../../../base/random';
import type { Reader, Writer } from '../../../store/port';
import { dropPiece } from './bodies';
import { type PackedObject, pack, unpack, unpackObject } from './packing';
import { type Bucket, history, nulls, objects, type StoredObject, type Version } from './tables';
import { dropParts } from './uploads';
import { noteLeaving } from './usage';

const RANDOM_CHARACTERS = 22;
const ORDER_CHARACTERS = 10;
const VERSION_ID = /^[0-9A-Za-z]{22}[0-9a-z]{10}$/;

/** An unguessable id that tells where in its key's stack the version lies. */
function newVersionId(order: number, random: Random): string {
  return random.mixed(RANDOM_CHARACTERS) + order.toString(36).padStart(ORDER_CHARACTERS, '0');
}

/** Place in the stack; undefined when the text is no id of ours. */
export function orderOf(versionId: string): number | undefined {
  return VERSION_ID.test(versionId) ? Number.parseInt(versionId.slice(RANDOM_CHARACTERS), 36) : undefined;
}

export function isVersionId(text: string): boolean {
  return text === 'null' || VERSION_ID.test(text);
}

/** The newest version of a key, a delete marker included. */
export async function latestVersion(reader: Reader, bucket: Bucket, key: string): Promise<Version | undefined> {
  const current = await currentObject(reader, bucket, key);
  return current ?? (bucket.versioning ? newestInHistory(reader, bucket, key) : undefined);
}

export async function findVersion(
  reader: Reader,
  bucket: Bucket,
  key: string,
  versionId: string,
): Promise<Version | undefined> {
  const current = await currentObject(reader, bucket, key);
  if (current?.versionId === versionId) return current;
  const order = versionId === 'null' ? await reader.get(nulls, [bucket.id, key]) : orderOf(versionId);
  if (order === undefined) return undefined;
  const found = await pastVersion(reader, bucket, key, order);
  return found?.versionId === versionId ? found : undefined;
}

async function currentObject(reader: Reader, bucket: Bucket, key: string): Promise<StoredObject | undefined> {
  const row = await reader.get(objects, [bucket.id, key]);
  return row && unpackObject(row);
}

async function pastVersion(reader: Reader, bucket: Bucket, key: string, order: number): Promise<Version | undefined> {
  const row = await reader.get(history, [bucket.id, key, -order]);
  return row && unpack(row);
}

async function newestInHistory(reader: Reader, bucket: Bucket, key: string): Promise<Version | undefined> {
  const [row] = await reader.page(history, { within: [bucket.id, key], limit: 1 });
  return row && unpack(row.value);
}

/** Where a new version goes: its id and order are settled in the transaction that adds it. */
export type Place = Pick<Version, 'versionId' | 'order'>;

/**
 * Puts a new version on top, in the way the bucket's versioning asks for. The caller has kept its body.
 * @param at virtual milliseconds
 */
export async function addVersion<V extends Version>(
  tx: Writer,
  bucket: Bucket,
  key: string,
  at: number,
  random: Random,
  make: (place: Place) => V,
): Promise<V> {
  const current = await currentObject(tx, bucket, key);
  const newest = current ?? (bucket.versioning ? await newestInHistory(tx, bucket, key) : undefined);
  const order = Math.max(at, (newest?.order ?? 0) + 1);
  const keepsOld = bucket.versioning === 'Enabled';
  const version = make({ order, versionId: keepsOld ? newVersionId(order, random) : 'null' });

  if (current && (keepsOld || current.versionId !== 'null')) putHistory(tx, bucket, key, current);
  else if (current) await dropBody(tx, bucket, current, at);
  if (bucket.versioning === 'Suspended' && current?.versionId !== 'null') await dropNull(tx, bucket, key, at);

  if (version.marker) {
    putHistory(tx, bucket, key, version);
    if (current) tx.delete(objects, [bucket.id, key]);
  } else {
    putObject(tx, bucket, key, version);
  }
  return version;
}

/**
 * Takes a version away for good; what lies below becomes current.
 * @param at virtual milliseconds
 */
export async function removeVersion(
  tx: Writer,
  bucket: Bucket,
  key: string,
  version: Version,
  at: number,
): Promise<void> {
  const current = await currentObject(tx, bucket, key);
  if (current?.versionId === version.versionId) tx.delete(objects, [bucket.id, key]);
  else dropHistory(tx, bucket, key, version);
  if (!version.marker) await dropBody(tx, bucket, version, at);
  if (!bucket.versioning || (current && current.versionId !== version.versionId)) return;
  const newest = await newestInHistory(tx, bucket, key);
  if (!newest || newest.marker) return;
  dropHistory(tx, bucket, key, newest);
  putObject(tx, bucket, key, newest);
}

/** Writes a version's row anew where it lies: tags, lock and ACL change without making a version. */
export async function replaceVersion(tx: Writer, bucket: Bucket, key: string, version: StoredObject): Promise<void> {
  const current = await currentObject(tx, bucket, key);
  if (current?.versionId === version.versionId) putObject(tx, bucket, key, version);
  else tx.put(history, [bucket.id, key, -version.order], pack(version));
}

function putObject(tx: Writer, bucket: Bucket, key: string, object: StoredObject): void {
  tx.put(objects, [bucket.id, key], pack(object) as PackedObject);
}

function putHistory(tx: Writer, bucket: Bucket, key: string, version: Version): void {
  tx.put(history, [bucket.id, key, -version.order], pack(version));
  if (version.versionId === 'null') tx.put(nulls, [bucket.id, key], version.order);
}

function dropHistory(tx: Writer, bucket: Bucket, key: string, version: Version): void {
  tx.delete(history, [bucket.id, key, -version.order]);
  if (version.versionId === 'null') tx.delete(nulls, [bucket.id, key]);
}

async function dropNull(tx: Writer, bucket: Bucket, key: string, at: number): Promise<void> {
  const order = await tx.get(nulls, [bucket.id, key]);
  if (order === undefined) return;
  const old = await pastVersion(tx, bucket, key, order);
  if (!old) return;
  dropHistory(tx, bucket, key, old);
  if (!old.marker) await dropBody(tx, bucket, old, at);
}

async function dropBody(tx: Writer, bucket: Bucket, object: StoredObject, at: number): Promise<void> {
  if (object.storageClass !== undefined) await noteLeaving(tx, bucket, object, at);
  if (object.piece) dropPiece(tx, object.piece);
  if (object.manifest) dropParts(tx, object.manifest);
  if (object.annotations) dropParts(tx, object.annotations.id);
}
