/**
 * Archived objects: which cannot be read at once, how long it takes to restore them, and until when the restored copy
 * stays. Sources: S3 user guide, "Understanding archive retrieval options", "Restoring an archived object"; S3 API
 * reference, "RestoreObject". Every restore takes the longest that S3 says it typically takes.
 */
import { accessTierInvalid, invalidObjectState } from './errors';
import type { RetrievalTier, StoredObject } from './state/tables';

/** Where bytes lie that must be restored: a storage class, or a tier of INTELLIGENT_TIERING. */
export type Archive = 'GLACIER' | 'DEEP_ARCHIVE' | 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const FLEXIBLE = { Expedited: 5 * MINUTE_MS, Standard: 5 * HOUR_MS, Bulk: 12 * HOUR_MS };
const DEEP = { Standard: 12 * HOUR_MS, Bulk: 48 * HOUR_MS };

/** Milliseconds until a restore is done. "Expedited retrievals are not available" for what lies deep. */
const TIMES: Readonly<Record<Archive, Readonly<Partial<Record<RetrievalTier, number>>>>> = {
  GLACIER: FLEXIBLE,
  DEEP_ARCHIVE: DEEP,
  ARCHIVE_ACCESS: FLEXIBLE,
  DEEP_ARCHIVE_ACCESS: DEEP,
};

/** Fastest first. */
export const RETRIEVAL_TIERS: readonly RetrievalTier[] = ['Expedited', 'Standard', 'Bulk'];

type Stored = Pick<StoredObject, 'storageClass' | 'accessTier' | 'restore'>;

/** @returns undefined when its class is one that can be read at any time */
export function archiveOf({ storageClass, accessTier }: Stored): Archive | undefined {
  if (storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE') return storageClass;
  return storageClass === 'INTELLIGENT_TIERING' ? accessTier : undefined;
}

/** @returns undefined when the archive has no such tier */
export function retrievalTime(archive: Archive, tier: RetrievalTier): number | undefined {
  return TIMES[archive][tier];
}

/** "Rounding the resulting time to the next day at midnight UTC." @param from virtual milliseconds */
export function copyExpiry(from: number, days: number): number {
  return Math.ceil((from + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** Whether there is a restored copy now. */
export function isRestored({ restore }: Stored, now: number): boolean {
  return restore?.until !== undefined && now < restore.until;
}

/** @throws AwsError InvalidObjectState for bytes that nobody has restored */
export function requireReadable(object: Stored, now: number, refuse = invalidObjectState): void {
  if (object.storageClass === undefined) return;
  const archive = archiveOf(object);
  if (!archive || isRestored(object, now)) return;
  throw object.accessTier ? accessTierInvalid(object.storageClass, object.accessTier) : refuse(object.storageClass);
}

/** Members of GetObject and HeadObject that tell of archives; most objects have none. */
export function archiveMembers(object: Stored, now: number) {
  const { restore, accessTier } = object;
  return {
    ...(accessTier ? { ArchiveStatus: accessTier } : {}),
    ...(restore && restore.until === undefined ? { Restore: 'ongoing-request="true"' } : {}),
    ...(restore?.until !== undefined && isRestored(object, now)
      ? { Restore: `ongoing-request="false", expiry-date="${new Date(restore.until).toUTCString()}"` }
      : {}),
  };
}

/** What listings tell who asks for it. "If the object hasn't been restored", nothing. */
export function restoreStatus(object: Stored, now: number) {
  const { restore } = object;
  if (!restore) return {};
  if (restore.until === undefined) return { RestoreStatus: { IsRestoreInProgress: true } };
  if (!isRestored(object, now)) return {};
  return { RestoreStatus: { IsRestoreInProgress: false, RestoreExpiryDate: new Date(restore.until) } };
}
