/** What an object holds beside its content: tags, ACL, retention, legal hold. Source: their pages in the S3 API reference. */

import type { Call } from '../../../kernel/call';
import { blocks } from '../accesspoints';
import { aclMembers, checkAclsOff, isPublic, keptGrants, putGrants } from '../acls';
import { existingObjectCheck, type Keys, requestTags } from '../actions/keys';
import { remainingDays, textOf } from '../actions/objects';
import { changeRow } from '../configurations';
import { accessDenied, malformedXml, noObjectLock, noSuchBucket, noSuchKey, noSuchLock } from '../errors';
import { announceObject, type EventName } from '../events';
import { checkedDuration, checkUnlocked, futureDate, isProlonged, modeOf, untilOf } from '../locks';
import type { In, Out } from '../model';
import { canonicalId, ownerId } from '../owners';
import { findBucket } from '../state/buckets';
import { findVersion, replaceVersion } from '../state/objects';
import type { Retention, StoredObject } from '../state/tables';
import { objectTags, toTagSet } from '../tags';
import { bucketOf, holderOf, objectOf } from '../target';
import { versionMember } from '../writing';

interface OnObject {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
  readonly Key?: string;
  readonly VersionId?: string;
}

/** Changes a version where it lies, in a transaction that sees it as it is then. */
async function change(
  call: Call,
  input: OnObject,
  to: (object: StoredObject) => StoredObject,
  event?: EventName,
): Promise<StoredObject> {
  const bucket = await bucketOf(call, input);
  const { versionId } = await holderOf(call, input);
  const key = input.Key!;
  return call.kernel.store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const object = await findVersion(tx, now, key, versionId);
    if (!object || object.marker) throw noSuchKey(key);
    const changed = to(object);
    await replaceVersion(tx, now, key, changed);
    if (event) announceObject(tx, call, now, key, event, { versionId, etag: changed.etag });
    return changed;
  });
}

async function ask(call: Call, input: OnObject, action: string, versionAction: string, keys: Keys): Promise<void> {
  await call.authorize(
    await existingObjectCheck(call, await bucketOf(call, input), input, action, versionAction, keys),
  );
}

// ---- tags ---------------------------------------------------------------------------------------------------------

export async function PutObjectTagging(call: Call, input: In<'PutObjectTagging'>): Promise<Out<'PutObjectTagging'>> {
  const tags = objectTags(call.kernel, input.Tagging?.TagSet);
  await ask(call, input, 's3:PutObjectTagging', 's3:PutObjectVersionTagging', requestTags(tags));
  const bucket = await bucketOf(call, input);
  const object = await change(call, input, (was) => withTags(was, tags), 'ObjectTagging:Put');
  return versionMember(bucket, object);
}

export async function GetObjectTagging(call: Call, input: In<'GetObjectTagging'>): Promise<Out<'GetObjectTagging'>> {
  const object = await holderOf(call, input);
  return { TagSet: toTagSet(object.tags), ...versionMember(await bucketOf(call, input), object) };
}

export async function DeleteObjectTagging(
  call: Call,
  input: In<'DeleteObjectTagging'>,
): Promise<Out<'DeleteObjectTagging'>> {
  const bucket = await bucketOf(call, input);
  const object = await change(call, input, (was) => withTags(was, {}), 'ObjectTagging:Delete');
  return versionMember(bucket, object);
}

function withTags({ tags: _, ...object }: StoredObject, tags: Readonly<Record<string, string>>): StoredObject {
  return Object.keys(tags).length > 0 ? { ...object, tags } : object;
}

// ---- ACLs ---------------------------------------------------------------------------------------------------------

export async function GetObjectAcl(call: Call, input: In<'GetObjectAcl'>): Promise<Out<'GetObjectAcl'>> {
  const bucket = await bucketOf(call, input);
  // Of a delete marker S3 refuses to set the ACL by its kind, and says of reading it that there is none.
  const { owner, acl } = await objectOf(call, input);
  return bucket.ownership === 'BucketOwnerEnforced'
    ? aclMembers(call.kernel, bucket.account, undefined)
    : aclMembers(call.kernel, owner, acl);
}

export async function PutObjectAcl(call: Call, input: In<'PutObjectAcl'>): Promise<Out<'PutObjectAcl'>> {
  const bucket = await bucketOf(call, input);
  const { owner } = await holderOf(call, input);
  if (bucket.ownership === 'BucketOwnerEnforced') {
    checkAclsOff(input, call.kernel, bucket);
    return {};
  }
  const grants = putGrants(input, {
    kernel: call.kernel,
    owner: ownerId(call.kernel, owner),
    bucketOwner: canonicalId(call.kernel, bucket.account),
  });
  if (isPublic(grants) && blocks(bucket, 'BlockPublicAcls')) throw accessDenied();
  const acl = keptGrants(grants, ownerId(call.kernel, owner));
  await change(call, input, ({ acl: _, ...object }) => (acl ? { ...object, acl } : object), 'ObjectAcl:Put');
  return {};
}

export async function GetBucketAcl(call: Call, input: In<'GetBucketAcl'>): Promise<Out<'GetBucketAcl'>> {
  const { account, acl, ownership } = await bucketOf(call, input);
  return aclMembers(call.kernel, account, ownership === 'BucketOwnerEnforced' ? undefined : acl);
}

export async function PutBucketAcl(call: Call, input: In<'PutBucketAcl'>): Promise<Out<'PutBucketAcl'>> {
  const bucket = await bucketOf(call, input);
  if (bucket.ownership === 'BucketOwnerEnforced') {
    checkAclsOff(input, call.kernel, bucket);
    return {};
  }
  const owner = canonicalId(call.kernel, bucket.account);
  const grants = putGrants(input, { kernel: call.kernel, owner });
  if (isPublic(grants) && blocks(bucket, 'BlockPublicAcls')) throw accessDenied();
  const acl = keptGrants(grants, owner);
  await changeRow(call, input, ({ acl: _, ...now }) => (acl ? { ...now, acl } : now));
  return {};
}

// ---- lock ---------------------------------------------------------------------------------------------------------

export async function PutObjectRetention(
  call: Call,
  input: In<'PutObjectRetention'>,
): Promise<Out<'PutObjectRetention'>> {
  if (!input.Retention) throw malformedXml('Retention is missing');
  const { Mode, RetainUntilDate } = input.Retention;
  await ask(call, input, 's3:PutObjectRetention', 's3:PutObjectRetention', {
    's3:object-lock-mode': Mode,
    's3:object-lock-retain-until-date': RetainUntilDate?.toISOString(),
    's3:object-lock-remaining-retention-days': remainingDays(call, RetainUntilDate),
    's3:object-lock-event-hold': input.Retention.EventHold,
    's3:object-lock-event-hold-duration-days': textOf(input.Retention.EventHoldDuration?.Days),
  });
  const bypass = input.BypassGovernanceRetention ?? false;
  if (bypass) await ask(call, input, 's3:BypassGovernanceRetention', 's3:BypassGovernanceRetention', {});
  const bucket = await bucketOf(call, input);
  if (!bucket.lock) throw noObjectLock();
  checkRetention(input.Retention);
  const until = RetainUntilDate ? futureDate(RetainUntilDate, call.now, 'RetainUntilDate') : 0;
  await change(call, input, ({ retention, ...object }) => {
    const wanted = wantedRetention(call.now, input.Retention, until, retention);
    const released = retention?.eventHold && input.Retention?.EventHold === 'OFF';
    // "Any other change needs the permission to bypass": to prolong a retention does not, nor to release a hold.
    if (retention && !isProlonged(wanted, released ? { ...retention, eventHold: undefined } : retention, call.now))
      checkUnlocked({ ...object, legalHold: false, retention }, call.now, bypass);
    return wanted ? { ...object, retention: wanted } : object;
  });
  return {};
}

type RetentionDocument = In<'PutObjectRetention'>['Retention'];

/** @throws AwsError MalformedXML, InvalidArgument */
function checkRetention({ Mode, RetainUntilDate, EventHold, EventHoldDuration }: RetentionDocument = {}): void {
  if (EventHold !== undefined && EventHold !== 'ON' && EventHold !== 'OFF')
    throw malformedXml(`EventHold must be ON or OFF, not ${EventHold}`);
  if ((EventHold === 'ON') !== (EventHoldDuration !== undefined))
    throw malformedXml('an EventHold that is ON needs EventHoldDuration, and no other has one');
  if (EventHoldDuration)
    checkedDuration({ days: EventHoldDuration.Days, years: EventHoldDuration.Years }, 'EventHoldDuration');
  // Who releases a hold need not say the rest again; an empty document takes the retention away.
  const none = Mode === undefined && RetainUntilDate === undefined;
  if (none && EventHold !== 'ON') return;
  if (!modeOf(Mode) || (!RetainUntilDate && EventHold === undefined))
    throw malformedXml('Retention needs the Mode GOVERNANCE or COMPLIANCE and RetainUntilDate or EventHold');
}

/**
 * "When you release the hold, Amazon S3 sets the retain-until-date to the release time plus the duration."
 * @returns undefined for none
 */
function wantedRetention(
  now: number,
  { Mode, EventHold, EventHoldDuration: duration }: RetentionDocument = {},
  until: number,
  current: Retention | undefined,
): Retention | undefined {
  if (EventHold === 'OFF') {
    const mode = modeOf(Mode) ?? current?.mode;
    const kept = current ? untilOf(current, now) : 0;
    if (!mode || (until === 0 && !current?.eventHold)) throw malformedXml('there is no event hold to be released');
    return { mode, until: Math.max(until, current?.eventHold ? kept : 0) };
  }
  const mode = modeOf(Mode);
  if (!mode) return undefined;
  const { Days: days, Years: years } = duration ?? {};
  const eventHold = days === undefined ? { years } : { days };
  return { mode, until, ...(EventHold === 'ON' ? { eventHold } : {}) };
}

export async function GetObjectRetention(
  call: Call,
  input: In<'GetObjectRetention'>,
): Promise<Out<'GetObjectRetention'>> {
  const bucket = await bucketOf(call, input);
  if (!bucket.lock) throw noObjectLock();
  const { retention } = await holderOf(call, input);
  if (!retention) throw noSuchLock();
  const { mode, eventHold } = retention;
  return {
    Retention: {
      Mode: mode,
      RetainUntilDate: new Date(untilOf(retention, call.now)),
      ...(eventHold
        ? { EventHold: 'ON' as const, EventHoldDuration: { Days: eventHold.days, Years: eventHold.years } }
        : {}),
    },
  };
}

export async function PutObjectLegalHold(
  call: Call,
  input: In<'PutObjectLegalHold'>,
): Promise<Out<'PutObjectLegalHold'>> {
  if (!input.LegalHold) throw malformedXml('LegalHold is missing');
  const status = input.LegalHold.Status;
  await ask(call, input, 's3:PutObjectLegalHold', 's3:PutObjectLegalHold', { 's3:object-lock-legal-hold': status });
  const bucket = await bucketOf(call, input);
  if (!bucket.lock) throw noObjectLock();
  if (status !== 'ON' && status !== 'OFF') throw malformedXml(`Status must be ON or OFF, not ${status}`);
  await change(call, input, (object) => ({ ...object, legalHold: status === 'ON' }));
  return {};
}

export async function GetObjectLegalHold(
  call: Call,
  input: In<'GetObjectLegalHold'>,
): Promise<Out<'GetObjectLegalHold'>> {
  const bucket = await bucketOf(call, input);
  if (!bucket.lock) throw noObjectLock();
  const { legalHold } = await holderOf(call, input);
  if (legalHold === undefined) throw noSuchLock();
  return { LegalHold: { Status: legalHold ? 'ON' : 'OFF' } };
}
