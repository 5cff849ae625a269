/** What every operation that makes an object has in common: what it checks, and the commit that makes it visible. */
import type { Call } from '../../kernel/call';
import { type AclInput, newObjectAcl } from './acls';
import { checkWrite, checkWriteForm, type WriteConditions } from './conditions';
import { entityTooLarge, headerNotImplemented, missingContentLength, noSuchBucket } from './errors';
import { announceObject, type EventName } from './events';
import { type LockInput, newLock } from './locks';
import { storageClassOf, systemMetadata, userMetadata } from './metadata';
import { keepBody, type Taken } from './state/bodies';
import { findBucket } from './state/buckets';
import { addVersion, latestVersion } from './state/objects';
import type { Bucket, StoredObject } from './state/tables';
import { headerTags } from './tags';

/** Largest object of one PUT, largest part, and largest source of one copy: bytes. */
export const LARGEST_PUT = 5 * 1024 ** 3;

type SystemInput = Parameters<typeof systemMetadata>[1];

export interface DraftInput extends AclInput, LockInput, SystemInput {
  readonly Metadata?: Record<string, string>;
  readonly StorageClass?: string;
  readonly Tagging?: string;
}

/** Everything of an object but its place, its body and its encryption. */
export type Draft = Pick<
  StoredObject,
  'system' | 'metadata' | 'tags' | 'storageClass' | 'owner' | 'acl' | 'retention' | 'legalHold'
>;

export function draftOf(call: Call, bucket: Bucket, input: DraftInput): Draft {
  const metadata = userMetadata(call, input.Metadata);
  const storageClass = storageClassOf(input.StorageClass);
  const tags = headerTags(call.kernel, input.Tagging);
  return {
    system: systemMetadata(call, input),
    ...(metadata ? { metadata } : {}),
    ...(storageClass ? { storageClass } : {}),
    ...(tags && Object.keys(tags).length > 0 ? { tags } : {}),
    ...newObjectAcl(call.kernel, bucket, call.principal, input),
    ...newLock(call, bucket, input),
  };
}

/**
 * Checks the conditions of a write before its body is read.
 * @returns whether there are any, so that the commit asks again
 */
export async function checkWriteEarly(call: Call, bucket: Bucket, key: string, conditions: WriteConditions) {
  checkWriteForm(conditions);
  const conditional = conditions.IfMatch !== undefined || conditions.IfNoneMatch !== undefined;
  if (conditional) checkWrite(conditions, key, await latestVersion(call.kernel.store, bucket, key));
  return conditional;
}

export interface Commit {
  readonly bucket: Bucket;
  readonly key: string;
  readonly event: EventName;
  readonly conditions?: WriteConditions;
  /** The body when it lies in one piece. */
  readonly taken?: Pick<Taken, 'piece' | 'row'>;
  readonly object: Omit<StoredObject, 'versionId' | 'order' | 'at'>;
  /** More to do in the same commit. */
  readonly also?: (tx: Parameters<typeof keepBody>[0], bucket: Bucket) => Promise<void>;
}

/** Makes an object visible, all or nothing, with its body, its conditions checked once more, and its announcement. */
export function commitObject(call: Call, commit: Commit): Promise<StoredObject> {
  const { bucket, key, conditions, taken, object } = commit;
  const { store, random } = call.kernel;
  return store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    if (conditions) checkWrite(conditions, key, await latestVersion(tx, now, key), true);
    await commit.also?.(tx, now);
    if (taken) keepBody(tx, taken);
    const made = await addVersion(
      tx,
      now,
      key,
      call.now,
      random,
      (place): StoredObject => ({
        ...place,
        at: call.now,
        ...object,
      }),
    );
    announceObject(tx, call, now, key, commit.event, made);
    return made;
  });
}

/** The version id that answers of buckets with versioning carry. */
export function versionMember(bucket: Bucket, { versionId }: { versionId: string }) {
  return bucket.versioning ? { VersionId: versionId } : {};
}

/** The same in answers to writes: the null version that a suspended bucket keeps goes without saying. */
export function writtenVersionMember(bucket: Bucket, { versionId }: { versionId: string }) {
  return bucket.versioning && versionId !== 'null' ? { VersionId: versionId } : {};
}

/** Stops a body at S3's limit, and one of unknown length at once. */
export function limitBody(call: Call): (sizeBytes: number) => void {
  const { headers } = call.request;
  const length = call.body?.length;
  const declared = length !== undefined && headers['content-length'] !== undefined;
  if (!declared && call.body && !call.request.form) {
    if (length === undefined && headers['transfer-encoding'] !== undefined)
      throw headerNotImplemented('Transfer-Encoding');
    if (headers['transfer-encoding'] === undefined && headers.host !== undefined) throw missingContentLength();
  }
  const check = (sizeBytes: number) => {
    if (sizeBytes > LARGEST_PUT) throw entityTooLarge(sizeBytes, LARGEST_PUT);
  };
  if (length !== undefined) check(length);
  return check;
}
