/** RestoreObject, and what becomes of restores on the clock. Source: S3 API reference, "RestoreObject". */
import type { Call, Kernel } from '../../../kernel/call';
import { servicePrincipal } from '../../../kernel/principal';
import type { TimerHandler } from '../../../kernel/service';
import {
  alreadyInActiveTier,
  invalidArgument,
  malformedXml,
  noSuchBucket,
  noSuchKey,
  notImplemented,
  restoreAlreadyInProgress,
  restoreNotAllowed,
} from '../errors';
import { announceObject, type EventName } from '../events';
import type { In, Out } from '../model';
import { type Archive, archiveOf, copyExpiry, isRestored, RETRIEVAL_TIERS, retrievalTime } from '../restores';
import { findBucket } from '../state/buckets';
import { findVersion, replaceVersion } from '../state/objects';
import type { Bucket, Restore, RetrievalTier, StoredObject } from '../state/tables';
import { addUsage } from '../state/usage';
import { bucketOf, holderOf } from '../target';

/** Longest life of a restored copy that is accepted here. */
const MOST_DAYS = 36_500;
const DAY_MS = 24 * 60 * 60 * 1000;
const RESTORE_TASK = 'restore';
const COPY_TASK = 'restoredCopy';

type Transaction = Parameters<Kernel['timers']['schedule']>[0];

interface Wanted {
  readonly days?: number;
  readonly tier: RetrievalTier;
}

/** An output member that tells the status: 200 for an object that is restored already. */
type Answer = Out<'RestoreObject'> & { readonly status: number };

export async function RestoreObject(call: Call, input: In<'RestoreObject'>): Promise<Answer> {
  const bucket = await bucketOf(call, input);
  const wanted = wantedOf(input.RestoreRequest);
  const key = input.Key!;
  const { versionId } = await holderOf(call, input);
  const status = await call.kernel.store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const object = await findVersion(tx, now, key, versionId);
    if (!object || object.marker) throw noSuchKey(key);
    return restore(tx, call, now, key, object, wanted);
  });
  return { status };
}

/** @throws AwsError MalformedXML, InvalidArgument, NotImplemented */
function wantedOf(request: In<'RestoreObject'>['RestoreRequest']): Wanted {
  if (!request) throw malformedXml('RestoreRequest is missing');
  // "Amazon S3 Select is no longer available to new customers."
  if (request.Type !== undefined || request.SelectParameters) throw notImplemented('RestoreObject of type SELECT');
  if (request.OutputLocation) throw notImplemented('OutputLocation of RestoreObject');
  const { Days: days } = request;
  if (days !== undefined && (days < 1 || days > MOST_DAYS))
    throw invalidArgument(`Restoration days must be between 1 and ${MOST_DAYS}`, 'Days', days);
  const asked = request.GlacierJobParameters?.Tier ?? request.Tier ?? 'Standard';
  const tier = RETRIEVAL_TIERS.find((one) => one === asked);
  if (!tier) throw malformedXml(`Tier must be one of ${RETRIEVAL_TIERS.join(', ')}, not ${asked}`);
  return { days, tier };
}

async function restore(
  tx: Transaction,
  call: Call,
  bucket: Bucket,
  key: string,
  object: StoredObject,
  wanted: Wanted,
): Promise<number> {
  const archive = archiveOf(object);
  const { storageClass = 'STANDARD', restore: running } = object;
  if (!archive) throw storageClass === 'INTELLIGENT_TIERING' ? alreadyInActiveTier() : restoreNotAllowed(storageClass);
  checkDays(archive, wanted);
  const takes = retrievalTime(archive, wanted.tier);
  if (takes === undefined)
    throw invalidArgument('Retrieval option is not supported by this storage class', 'Tier', wanted.tier);
  const save = (changed: Restore) => replaceVersion(tx, bucket, key, { ...object, restore: changed });

  if (running && isRestored(object, call.now)) {
    const until = copyExpiry(call.now, wanted.days!);
    await save({ ...running, until });
    await noteCopy(tx, bucket, object, call.now, 0, until - running.until!);
    await scheduleFor(tx, call.kernel, COPY_TASK, until, bucket, key, object);
    return 200;
  }
  const ongoing = running?.until === undefined ? running : undefined;
  if (ongoing && !isFaster(wanted, ongoing)) throw restoreAlreadyInProgress();
  const doneAt = Math.min(call.now + takes, ongoing?.doneAt ?? Number.POSITIVE_INFINITY);
  await save({ tier: wanted.tier, doneAt, ...(wanted.days === undefined ? {} : { days: wanted.days }) });
  await scheduleFor(tx, call.kernel, RESTORE_TASK, doneAt, bucket, key, object);
  await addUsage(tx, bucket, call.now, storageClass, `restore${wanted.tier}`, { bytes: object.sizeBytes });
  if (!ongoing) announceObject(tx, call, bucket, key, 'ObjectRestore:Post', object);
  return 202;
}

/** The copy that a restore makes costs storage for as long as it stays. */
function noteCopy(
  tx: Transaction,
  bucket: Bucket,
  { storageClass, sizeBytes }: StoredObject,
  at: number,
  count: 0 | 1,
  lifeMs: number,
): Promise<void> {
  const byteDays = (sizeBytes * lifeMs) / DAY_MS;
  return addUsage(tx, bucket, at, storageClass!, 'restoredCopy', { count, bytes: count * sizeBytes, byteDays });
}

/** A copy of what the archive holds lives for days; what leaves a tier of INTELLIGENT_TIERING just leaves it. */
function checkDays(archive: Archive, { days }: Wanted): void {
  const tiering = archive === 'ARCHIVE_ACCESS' || archive === 'DEEP_ARCHIVE_ACCESS';
  if (!tiering && days === undefined) throw malformedXml('Days is missing');
  if (tiering && days !== undefined)
    throw invalidArgument('Days is not supported for objects of INTELLIGENT_TIERING', 'Days', days);
}

/**
 * "Choose a tier that is faster than the tier that the in-progress restore is using. You must not change any other
 * parameters." Source: S3 user guide, "Upgrading the speed of an in-progress restore".
 */
function isFaster(wanted: Wanted, ongoing: Restore): boolean {
  const sooner = RETRIEVAL_TIERS.indexOf(wanted.tier) < RETRIEVAL_TIERS.indexOf(ongoing.tier);
  return sooner && wanted.days === ongoing.days;
}

// ---- on the clock -------------------------------------------------------------------------------------------------

interface Payload {
  readonly bucket: string;
  readonly bucketId: string;
  readonly key: string;
  readonly versionId: string;
  /** Tells a null version from the one that came after it. */
  readonly order: number;
}

function scheduleFor(
  tx: Transaction,
  kernel: Kernel,
  task: string,
  at: number,
  bucket: Bucket,
  key: string,
  { versionId, order }: StoredObject,
): Promise<void> {
  const payload: Payload = { bucket: bucket.name, bucketId: bucket.id, key, versionId, order };
  return kernel.timers.schedule(tx, {
    at,
    service: 's3',
    task,
    id: `${bucket.id} ${order} ${key}`,
    payload: { ...payload },
  });
}

/** Looks up the version that a timer was set for, if it is still there, and changes it. */
async function change(
  kernel: Kernel,
  payload: Payload,
  to: (tx: Transaction, bucket: Bucket, object: StoredObject) => Promise<StoredObject | undefined>,
  event: EventName,
): Promise<void> {
  const by = {
    now: kernel.clock.now(),
    principal: servicePrincipal('s3.amazonaws.com'),
    requestId: kernel.random.uuid(),
    request: { remoteAddress: 's3.amazonaws.com' },
  };
  await kernel.store.write(async (tx) => {
    const bucket = await findBucket(tx, payload.bucket);
    if (bucket?.id !== payload.bucketId) return;
    const object = await findVersion(tx, bucket, payload.key, payload.versionId);
    if (!object || object.marker || object.order !== payload.order) return;
    const changed = await to(tx, bucket, object);
    if (!changed) return;
    await replaceVersion(tx, bucket, payload.key, changed);
    announceObject(tx, by, bucket, payload.key, event, { ...changed, restore: changed.restore ?? object.restore });
  });
}

const finish: TimerHandler = (payload, kernel) =>
  change(
    kernel,
    payload as unknown as Payload,
    async (tx, bucket, object) => {
      const { restore: running, accessTier: _, ...rest } = object;
      if (!running || running.until !== undefined) return undefined;
      // "The object is moved into the Frequent Access tier."
      if (running.days === undefined) {
        const { restore: __, ...active } = rest as StoredObject;
        return active;
      }
      const until = copyExpiry(running.doneAt, running.days);
      await scheduleFor(tx, kernel, COPY_TASK, until, bucket, (payload as unknown as Payload).key, object);
      await noteCopy(tx, bucket, object, running.doneAt, 1, until - running.doneAt);
      return { ...rest, restore: { ...running, until } };
    },
    'ObjectRestore:Completed',
  );

const expire: TimerHandler = (payload, kernel) =>
  change(
    kernel,
    payload as unknown as Payload,
    async (_, __, { restore: running, ...rest }) =>
      running?.until !== undefined && running.until <= kernel.clock.now() ? rest : undefined,
    'ObjectRestore:Delete',
  );

export const restoreTimers: Readonly<Record<string, TimerHandler>> = { [RESTORE_TASK]: finish, [COPY_TASK]: expire };
