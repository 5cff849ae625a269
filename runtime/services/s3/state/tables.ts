/**
 * S3's rows. Buckets are found by name (names are global), everything in a bucket by its id, so that a bucket made
 * anew under an old name starts empty. A key has at most one row in `objects`, its current object; all else that a
 * version-enabled bucket remembers lies in `history`, newest first, so that listing current objects never wades
 * through old versions.
 */
import { type BlobRef, table } from '../../../store/port';
import type { Packed, PackedObject } from './packing';

// ---- buckets ------------------------------------------------------------------------------------------------------

export type Ownership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
export type SseAlgorithm = 'AES256' | 'aws:kms' | 'aws:kms:dsse';
export type LockMode = 'GOVERNANCE' | 'COMPLIANCE';

export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

/** What encrypts a new object that does not say otherwise. */
export interface DefaultEncryption {
  readonly algorithm: SseAlgorithm;
  readonly keyId?: string;
  readonly bucketKey: boolean;
  /** Whether somebody has put it: copies onto themselves may then change nothing else. */
  readonly isSet?: boolean;
  /** Whether uploads with SSE-C are refused. */
  readonly blocksCustomerKeys: boolean;
}

export interface Grant {
  /** `id` is a canonical user id or a group's URI. */
  readonly grantee: { readonly kind: 'user' | 'group'; readonly id: string };
  readonly permission: 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';
}

/** A length of time, in one of two units. */
export interface Duration {
  readonly days?: number;
  readonly years?: number;
}

/** What new objects get: a mode with a period, an event hold, or both. */
export interface BucketLock extends Duration {
  readonly mode?: LockMode;
  readonly eventHold?: Duration;
}

/** What nearly every request needs to know of a bucket. Larger configurations have rows of their own. */
export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** The old name `EU` of eu-west-1, for a bucket that was made by it: S3 tells it by that for ever. */
  readonly constraint?: 'EU';
  /** Virtual milliseconds. */
  readonly createdAt: number;
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly mfaDelete?: 'Enabled' | 'Disabled';
  /** Absent: the bucket has no ownership controls, which counts as ObjectWriter. */
  readonly ownership?: Ownership;
  readonly publicAccess?: PublicAccessBlock;
  /** What its account blocks for all of its buckets. */
  readonly accountAccess?: PublicAccessBlock;
  /** The access point that this request came through. Never kept. */
  readonly via?: AccessPoint;
  readonly encryption: DefaultEncryption;
  /** Present once Object Lock is on; it never goes off again. */
  readonly lock?: BucketLock;
  /** Absent: private. */
  readonly acl?: readonly Grant[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly requesterPays?: boolean;
  /** Whether tags of the bucket count in policies. */
  readonly abac?: boolean;
}

/** A name of its own for a bucket, with a policy of its own. */
export interface AccessPoint {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  readonly bucketId: string;
  readonly bucketAccount: string;
  readonly alias: string;
  /** Virtual milliseconds. */
  readonly createdAt: number;
  /** The only VPC from which it takes requests. */
  readonly vpc?: string;
  readonly publicAccess: PublicAccessBlock;
  readonly tags?: Readonly<Record<string, string>>;
  readonly policy?: {
    readonly document: string;
    readonly isPublic: boolean;
    readonly origin?: Configuration['origin'];
  };
}

export type Family =
  | 'policy'
  | 'cors'
  | 'lifecycle'
  | 'logging'
  | 'notification'
  | 'replication'
  | 'website'
  | 'accelerate'
  | 'analytics'
  | 'inventory'
  | 'metrics'
  | 'intelligent-tiering';

export interface Configuration {
  /** The configuration as S3's API shapes it; dates as ISO text. */
  readonly value: unknown;
  /** Virtual milliseconds of the last change. */
  readonly at: number;
  /** Where a deployed template says it. */
  readonly origin?: { stackName: string; logicalId: string; constructPath?: string };
}

// ---- objects ------------------------------------------------------------------------------------------------------

/** One stretch of stored bytes, encrypted under a key of its own: HMAC(data key, id). */
export interface Piece {
  readonly id: string;
  readonly sizeBytes: number;
  /** Absent: the bytes lie in `bodies`; an empty piece lies nowhere. */
  readonly blob?: BlobRef;
}

/** How to get at the data key of a body. */
export interface Seal {
  readonly algorithm: SseAlgorithm | 'SSE-C';
  /** KMS: the key's ARN, the wrapped data key (the bucket's, with `bucketKey`), and the caller's own context. */
  readonly keyArn?: string;
  readonly wrapped?: Uint8Array;
  readonly context?: Readonly<Record<string, string>>;
  readonly bucketKey?: boolean;
  /** The body's data key, encrypted under the one that is wrapped. Absent: that one is the body's. */
  readonly enclosed?: Uint8Array;
  /** SSE-C: the MD5 that clients send along, and a salted digest to know the key again. The key is not kept. */
  readonly keyMd5?: string;
  readonly salt?: Uint8Array;
  readonly proof?: Uint8Array;
}

export type ChecksumName =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'MD5'
  | 'XXHASH64'
  | 'XXHASH3'
  | 'XXHASH128';

export interface Checksum {
  readonly algorithm: ChecksumName;
  /** Base64; composite values end with `-parts`. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface Retention {
  readonly mode: LockMode;
  /** Virtual milliseconds. Under an event hold: at least until then; 0 for no date. */
  readonly until: number;
  /** While an event hold is on: how long the version stays once it is released. */
  readonly eventHold?: Duration;
}

export type RetrievalTier = 'Expedited' | 'Standard' | 'Bulk';

/** A restore of an archived object: under way, or done. */
export interface Restore {
  readonly tier: RetrievalTier;
  /** When it is or was done, virtual milliseconds. */
  readonly doneAt: number;
  /** Life of the copy; absent for what moves back out of a tier of INTELLIGENT_TIERING. */
  readonly days?: number;
  /** Once it is done: until when there is a copy, virtual milliseconds. */
  readonly until?: number;
}

/** Headers that a writer gives and every reader gets back. */
export interface SystemMetadata {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  readonly Expires?: string;
  readonly WebsiteRedirectLocation?: string;
}

interface Any {
  /** `null` for the version that a bucket keeps while versioning is not enabled. */
  readonly versionId: string;
  /** Newer is higher, per key. */
  readonly order: number;
  /** Last modified, virtual milliseconds. */
  readonly at: number;
  /** Account that owns it. */
  readonly owner: string;
}

export interface DeleteMarker extends Any {
  readonly marker: true;
}

export interface StoredObject extends Any {
  readonly marker?: undefined;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly system: SystemMetadata;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Absent: STANDARD. */
  readonly storageClass?: string;
  /** When it came into its class, virtual milliseconds. Absent: when it was made. */
  readonly classSince?: number;
  /** Of INTELLIGENT_TIERING: the archive tier that it has moved to. */
  readonly accessTier?: 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS';
  readonly restore?: Restore;
  readonly checksum?: Checksum;
  readonly seal: Seal;
  /** The body in one piece; a body uploaded in parts is found through `manifest` instead. */
  readonly piece?: Piece;
  /** Id of the upload that made it, whose part rows are the body. */
  readonly manifest?: string;
  readonly parts?: number;
  readonly acl?: readonly Grant[];
  readonly retention?: Retention;
  readonly legalHold?: boolean;
  /** Absent: it never had any. */
  readonly annotations?: AnnotationSet;
}

export type Version = StoredObject | DeleteMarker;

// ---- annotations --------------------------------------------------------------------------------------------------

/** Where the annotations of a version are found. */
export interface AnnotationSet {
  /** Of the rows in `annotations`. */
  readonly id: string;
  readonly count: number;
  /** Counts changes. */
  readonly revision: number;
}

export interface Annotation {
  /** Last modified, virtual milliseconds. */
  readonly at: number;
  readonly etag: string;
  readonly checksum: Checksum;
  /** Encrypted under the data key of the object. */
  readonly piece: Piece;
}

// ---- multipart ----------------------------------------------------------------------------------------------------

export interface Upload {
  readonly id: string;
  readonly at: number;
  /** Who began it: the ARN of a user or session, the canonical id of an account. */
  readonly initiator: string;
  /** What the finished object will have beyond its body. */
  readonly draft: Pick<
    StoredObject,
    'system' | 'metadata' | 'tags' | 'storageClass' | 'seal' | 'owner' | 'acl' | 'retention' | 'legalHold'
  >;
  readonly algorithm: ChecksumName;
  readonly type: Checksum['type'];
  /** Whether the client chose the algorithm; if not, parts may not bring checksums of their own. */
  readonly declared: boolean;
  /** Order of the version that was on top when it began; absent: none. Conditions on its end want it undisturbed. */
  readonly found?: number;
  /** Condition keys of the request that began it: its parts are asked about with them. */
  readonly asked?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Part {
  readonly at: number;
  readonly etag: string;
  readonly checksum: string;
  readonly piece: Piece;
}

/** The parts of a finished object in order, so that a range finds its bytes without reading every part's row. */
export interface Manifest {
  readonly numbers: readonly number[];
  readonly sizes: readonly number[];
}

/** [name] */
export const buckets = table<Bucket>('s3.buckets', { hot: true });
/** [account, name] → region */
export const owned = table<string>('s3.owned');
/** [account, region, name] */
export const accessPoints = table<AccessPoint>('s3.accessPoints', { hot: true });
/** [alias] → account, region, name */
export const aliases = table<readonly [string, string, string]>('s3.aliases', { hot: true });
/** [account] */
export const accountAccess = table<PublicAccessBlock>('s3.accountAccess');
/** [bucket id, family, id or ''] */
export const configurations = table<Configuration>('s3.configurations', { hot: true });
/** [bucket id, key] */
export const objects = table<PackedObject>('s3.objects');
/** [bucket id, key, -order] */
export const history = table<Packed>('s3.history');
/** [piece id] → ciphertext and tag of a small body, apart from its object so that listing does not read bodies */
export const bodies = table<Uint8Array>('s3.bodies');
/** [bucket id, key] → order of the null version while it lies in `history` */
export const nulls = table<number>('s3.nulls');
/** [bucket id, key, upload id] */
export const uploads = table<Upload>('s3.uploads');
/** [upload id, part number] */
export const parts = table<Part>('s3.parts');
/** [upload id] */
export const manifests = table<Manifest>('s3.manifests');
/** [set id, name] */
export const annotations = table<Annotation>('s3.annotations');
/** [upload or set id]: parts and annotations that belong to nothing any more and are to be removed */
export const leftovers = table<true>('s3.leftovers');
/** [name] → 32 bytes: the key under which S3-managed encryption derives its own */
export const secrets = table<Uint8Array>('s3.secrets');
