/**
 * Versions as rows hold them: tuples, because the names of their members would be the greater part of a row, and
 * listing a thousand keys reads a thousand rows. What few objects have goes into a map at the end.
 */
import type { Checksum, Seal, StoredObject, Version } from './tables';

type PackedBody = string | readonly [piece: string, blob: string] | readonly [upload: string, parts: number];
const RARE = [
  'metadata',
  'tags',
  'storageClass',
  'classSince',
  'accessTier',
  'restore',
  'acl',
  'retention',
  'legalHold',
  'annotations',
] as const;
type Rare = Partial<Pick<StoredObject, (typeof RARE)[number] | 'system'>>;

type PackedMarker = readonly [versionId: string, order: number, at: number, owner: string];
export type PackedObject = readonly [
  ...PackedMarker,
  sizeBytes: number,
  etag: string,
  contentType: string | null,
  checksum: readonly [Checksum['algorithm'], string, composite?: true] | null,
  /** 0 for S3's own key. */
  seal: Seal | 0,
  body: PackedBody,
  rare?: Rare,
];
export type Packed = PackedMarker | PackedObject;

const MANAGED: Seal = { algorithm: 'AES256' };

export function pack(version: Version): Packed {
  const { versionId, order, at, owner } = version;
  if (version.marker) return [versionId, order, at, owner];
  const { sizeBytes, etag, checksum, seal, system } = version;
  const common = [
    versionId,
    order,
    at,
    owner,
    sizeBytes,
    etag,
    system.ContentType ?? null,
    checksum ? packChecksum(checksum) : null,
    seal.algorithm === 'AES256' ? 0 : seal,
    packBody(version),
  ] as const;
  const rare = rareOf(version);
  return rare ? [...common, rare] : common;
}

export function unpack(packed: Packed): Version {
  const [versionId, order, at, owner] = packed;
  return packed.length === 4 ? { versionId, order, at, owner, marker: true } : unpackObject(packed);
}

export function unpackObject(packed: PackedObject): StoredObject {
  const [versionId, order, at, owner, sizeBytes, etag, ContentType, checksum, seal, body, rare] = packed;
  const object: { -readonly [K in keyof StoredObject]: StoredObject[K] } = {
    ...rare,
    versionId,
    order,
    at,
    owner,
    sizeBytes,
    etag,
    system: ContentType === null ? (rare?.system ?? {}) : { ...rare?.system, ContentType },
    seal: seal === 0 ? MANAGED : seal,
  };
  if (checksum) {
    const [algorithm, value, composite] = checksum;
    object.checksum = { algorithm, value, type: composite ? 'COMPOSITE' : 'FULL_OBJECT' };
  }
  if (typeof body === 'string') object.piece = { id: body, sizeBytes };
  else if (typeof body[1] === 'string') object.piece = { id: body[0], sizeBytes, blob: { id: body[1], sizeBytes } };
  else [object.manifest, object.parts] = body as [string, number];
  return object;
}

function packChecksum({ algorithm, value, type }: Checksum): NonNullable<PackedObject[7]> {
  return type === 'COMPOSITE' ? [algorithm, value, true] : [algorithm, value];
}

function packBody({ piece, manifest, parts }: StoredObject): PackedBody {
  if (!piece) return [manifest!, parts!];
  return piece.blob ? [piece.id, piece.blob.id] : piece.id;
}

function rareOf(object: StoredObject): Rare | undefined {
  const { ContentType: _, ...system } = object.system;
  let rare: Record<string, unknown> | undefined;
  const add = (name: string, value: unknown) => {
    rare ??= {};
    rare[name] = value;
  };
  for (const name of RARE) if (object[name] !== undefined) add(name, object[name]);
  if (Object.keys(system).length > 0) add('system', system);
  return rare;
}
