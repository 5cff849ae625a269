/** DeleteObject and DeleteObjects. Source: S3 API reference, "DeleteObject", "DeleteObjects", "Deleting object versions". */
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import { deletionChecks } from '../actions/deletions';
import { checkDelete } from '../conditions';
import {
  headerNotImplemented,
  invalidArgument,
  invalidVersionId,
  malformedXml,
  noSuchBucket,
  noSuchVersion,
  notImplemented,
} from '../errors';
import { announceObject } from '../events';
import { checkUnlocked } from '../locks';
import { mfaRequired, provesMfa } from '../mfa';
import type { In, Out } from '../model';
import { checkKey } from '../names';
import { findBucket } from '../state/buckets';
import { addVersion, findVersion, isVersionId, latestVersion, removeVersion } from '../state/objects';
import type { Bucket, DeleteMarker } from '../state/tables';
import { bucketOf } from '../target';

const MOST_KEYS = 1000;
/** Deleted in one commit, so that others have a turn between. The request is not atomic on S3 either. */
const KEYS_AT_ONCE = 250;
/** The ETag that events of delete markers carry: that of nothing. */
const ETAG_OF_NOTHING = 'd41d8cd98f00b204e9800998ecf8427e';

type Transaction = Parameters<Parameters<Call['kernel']['store']['write']>[0]>[0];

interface Deletion {
  readonly key: string;
  readonly versionId?: string;
  readonly ifMatch?: string;
  readonly bypass: boolean;
  /** Whether it is one of many: S3 then tells of what was not there as if it had been. */
  readonly oneOfMany?: boolean;
  /** Whether the request showed MFA. */
  readonly mfa: boolean;
}

interface Deleted {
  readonly versionId?: string;
  /** A delete marker was made, or one was removed. */
  readonly marker?: boolean;
}

export async function DeleteObject(call: Call, input: In<'DeleteObject'>): Promise<Out<'DeleteObject'>> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  checkKey(key);
  if (input.IfMatchLastModifiedTime) throw headerNotImplemented('x-amz-if-match-last-modified-time');
  if (input.IfMatchSize !== undefined) throw headerNotImplemented('x-amz-if-match-size');
  const bypass = bypassOf(bucket, input.BypassGovernanceRetention);
  if (input.VersionId !== undefined && !isVersionId(input.VersionId)) throw invalidVersionId(input.VersionId);
  const mfa = await provesMfa(call, bucket, input.MFA);
  const deletion: Deletion = { key, versionId: input.VersionId, ifMatch: input.IfMatch, bypass, mfa };
  const { versionId, marker } = await call.kernel.store.write(async (tx) => {
    return deleteVersion(tx, call, await bucketNow(tx, bucket), deletion);
  });
  return { ...(marker ? { DeleteMarker: true } : {}), ...(versionId === undefined ? {} : { VersionId: versionId }) };
}

export async function DeleteObjects(call: Call, input: In<'DeleteObjects'>): Promise<Out<'DeleteObjects'>> {
  const bucket = await bucketOf(call, input);
  const asked = input.Delete?.Objects ?? [];
  if (asked.length === 0 || asked.length > MOST_KEYS)
    throw malformedXml(`Object must occur 1 to ${MOST_KEYS} times, not ${asked.length}`);
  // Older suites clean up with the header on any bucket.
  const ignored = !bucket.lock && call.kernel.config.s3.defaults === '2022';
  const bypass = bypassOf(bucket, ignored ? undefined : input.BypassGovernanceRetention);
  // "The entire request will fail, even if there are non-versioned objects you are trying to delete."
  const mfa = await provesMfa(call, bucket, input.MFA);
  if (bucket.mfaDelete === 'Enabled' && !mfa && asked.some(({ VersionId }) => VersionId !== undefined))
    throw mfaRequired();
  const Errors: NonNullable<Out<'DeleteObjects'>['Errors']> = [];
  const refuse = ({ Key, VersionId }: (typeof asked)[number], error: unknown) => {
    if (!isAwsError(error)) throw error;
    Errors.push({ Key, ...(VersionId ? { VersionId } : {}), Code: error.code, Message: error.message });
  };

  const Deleted: NonNullable<Out<'DeleteObjects'>['Deleted']> = [];
  for (let from = 0; from < asked.length; from += KEYS_AT_ONCE)
    await deleteSome(asked.slice(from, from + KEYS_AT_ONCE));
  return { ...(Deleted.length > 0 ? { Deleted } : {}), ...(Errors.length > 0 ? { Errors } : {}) };

  async function deleteSome(some: typeof asked): Promise<void> {
    const allowed: (typeof asked)[number][] = [];
    for (const one of some) {
      try {
        if (one.LastModifiedTime || one.Size !== undefined)
          throw notImplemented('LastModifiedTime and Size of a deletion');
        checkKey(one.Key ?? '');
        // Of one among many S3 says what it says of a version that is not there.
        if (one.VersionId !== undefined && !isVersionId(one.VersionId)) throw noSuchVersion(one.Key!, one.VersionId);
        for (const check of deletionChecks(call, bucket, one, bypass)) await call.authorize(check);
        allowed.push(one);
      } catch (error) {
        refuse(one, error);
      }
    }
    const outcomes = await call.kernel.store.write(async (tx) => {
      const now = await bucketNow(tx, bucket);
      const made: (Deleted | Error)[] = [];
      for (const { Key = '', VersionId, ETag } of allowed) {
        try {
          const deletion = { key: Key, versionId: VersionId, ifMatch: ETag, bypass, mfa, oneOfMany: true };
          made.push(await deleteVersion(tx, call, now, deletion));
        } catch (error) {
          if (!isAwsError(error)) throw error;
          made.push(error);
        }
      }
      return made;
    });
    for (const [i, outcome] of outcomes.entries()) {
      const { Key, VersionId } = allowed[i];
      if (outcome instanceof Error) refuse(allowed[i], outcome);
      else if (!input.Delete?.Quiet) Deleted.push(entryOf(Key, VersionId, outcome));
    }
  }
}

function entryOf(Key: string | undefined, asked: string | undefined, { versionId, marker }: Deleted) {
  return {
    Key,
    ...(asked === undefined ? {} : { VersionId: asked }),
    ...(marker ? { DeleteMarker: true, DeleteMarkerVersionId: versionId } : {}),
  };
}

function bypassOf(bucket: Bucket, asked: boolean | undefined): boolean {
  if (asked !== undefined && !bucket.lock)
    throw invalidArgument(
      'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
      'x-amz-bypass-governance-retention',
    );
  return asked ?? false;
}

async function bucketNow(tx: Transaction, bucket: Bucket): Promise<Bucket> {
  const now = await findBucket(tx, bucket.name);
  if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
  return now;
}

/** Deletes a version for good, or puts a delete marker on top, as bucket and request ask. What is not there is fine. */
async function deleteVersion(tx: Transaction, call: Call, bucket: Bucket, deletion: Deletion): Promise<Deleted> {
  const { key, versionId, bypass } = deletion;
  const { random } = call.kernel;
  if (versionId !== undefined && bucket.mfaDelete === 'Enabled' && !deletion.mfa) throw mfaRequired();
  if (versionId === undefined || deletion.ifMatch !== undefined)
    checkDelete(deletion.ifMatch, key, await latestVersion(tx, bucket, key));
  if (versionId === undefined && bucket.versioning) {
    const marker = await addVersion(
      tx,
      bucket,
      key,
      call.now,
      random,
      (place): DeleteMarker => ({
        ...place,
        at: call.now,
        owner: bucket.account,
        marker: true,
      }),
    );
    announceObject(tx, call, bucket, key, 'ObjectRemoved:DeleteMarkerCreated', { ...marker, etag: ETAG_OF_NOTHING });
    return { marker: true, versionId: marker.versionId };
  }
  const version =
    versionId === undefined ? await latestVersion(tx, bucket, key) : await findVersion(tx, bucket, key, versionId);
  if (!version) {
    if (versionId === undefined && deletion.oneOfMany) announceObject(tx, call, bucket, key, 'ObjectRemoved:Delete');
    return { versionId };
  }
  checkUnlocked(version, call.now, bypass);
  await removeVersion(tx, bucket, key, version, call.now);
  announceObject(tx, call, bucket, key, 'ObjectRemoved:Delete', { versionId: version.versionId });
  if (versionId === undefined) return {};
  return { versionId, ...(version.marker ? { marker: true } : {}) };
}
