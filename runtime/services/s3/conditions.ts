/**
 * Conditional requests. Sources: S3 user guide, "Conditional reads", "Conditional writes", "Conditional deletes";
 * precedence as in RFC 9110, section 13.2.2.
 */
import { conditionalRequestConflict, headerNotImplemented, noSuchKey, notModified, preconditionFailed } from './errors';
import type { StoredObject, Version } from './state/tables';

export interface ReadConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
  readonly IfModifiedSince?: Date;
  readonly IfUnmodifiedSince?: Date;
}

/** @throws AwsError PreconditionFailed, NotModified (304, with the headers that a cache refreshes) */
export function checkRead(conditions: ReadConditions, object: StoredObject, now: number): void {
  const failed = failedRead(conditions, object, now);
  if (failed === undefined) return;
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed);
  throw notModified({
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.at).toUTCString(),
    ...(object.versionId === 'null' ? {} : { 'x-amz-version-id': object.versionId }),
    ...(object.system.CacheControl ? { 'cache-control': object.system.CacheControl } : {}),
  });
}

/** The same for the source of a copy, which has no 304. */
export function checkCopySource(conditions: ReadConditions, object: StoredObject, now: number): void {
  const failed = failedRead(conditions, object, now);
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${failed}`);
}

function failedRead(conditions: ReadConditions, { etag, at }: StoredObject, now: number): string | undefined {
  const seconds = Math.floor(at / 1000);
  const modifiedAfter = (date: Date) => seconds > Math.floor(date.getTime() / 1000);
  if (conditions.IfMatch !== undefined) {
    if (!matches(conditions.IfMatch, etag)) return 'If-Match';
  } else if (conditions.IfUnmodifiedSince && modifiedAfter(conditions.IfUnmodifiedSince)) return 'If-Unmodified-Since';
  if (conditions.IfNoneMatch !== undefined) return matches(conditions.IfNoneMatch, etag) ? 'If-None-Match' : undefined;
  const since = conditions.IfModifiedSince;
  // A date that lies ahead says nothing.
  return since && since.getTime() <= now && !modifiedAfter(since) ? 'If-Modified-Since' : undefined;
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some((candidate) => {
    const tag = candidate.trim().replace(/^W\//, '');
    return tag === '*' || tag.replace(/^"|"$/g, '') === etag;
  });
}

export interface WriteConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

/** What can be said before looking at the object. @throws AwsError NotImplemented */
export function checkWriteForm({ IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfMatch !== undefined && IfNoneMatch !== undefined)
    throw headerNotImplemented('If-Match,If-None-Match', 'Multiple conditional request headers present in the request');
  if (IfNoneMatch !== undefined && IfNoneMatch.trim() !== '*')
    throw headerNotImplemented(
      'If-None-Match',
      "We don't accept the provided value of If-None-Match header for this API",
    );
  if (IfMatch?.trim() === '*')
    throw headerNotImplemented('If-Match', "We don't accept the provided value of If-Match header for this API");
}

/**
 * @param held whether the conditions held when the request began: what fails only now was in conflict
 * @throws AwsError PreconditionFailed, NoSuchKey, ConditionalRequestConflict
 */
export function checkWrite(
  { IfMatch, IfNoneMatch }: WriteConditions,
  key: string,
  latest: Version | undefined,
  held = false,
): void {
  const object = latest && !latest.marker ? latest : undefined;
  if (IfNoneMatch !== undefined && object) throw preconditionFailed('If-None-Match');
  if (IfMatch === undefined) return;
  if (!object) throw held ? conditionalRequestConflict('If-Match', key) : noSuchKey(key);
  if (!matches(IfMatch, object.etag)) throw preconditionFailed('If-Match');
}

/** What is done beside an object, held to its tag: `x-amz-object-if-match`. @throws AwsError PreconditionFailed */
export function checkObjectMatch(tag: string | undefined, object: StoredObject): void {
  if (tag !== undefined && !matches(tag, object.etag)) throw preconditionFailed('x-amz-object-if-match');
}

/**
 * A conditional delete: the tag must be that of the object, or `*` for any. Where there is no object the page says 412 of
 * `*`; of a tag S3 says that there is none.
 */
export function checkDelete(ifMatch: string | undefined, key: string, object: Version | undefined): void {
  if (ifMatch === undefined) return;
  if ((!object || object.marker) && ifMatch.trim() !== '*') throw noSuchKey(key);
  if (!object || object.marker || !matches(ifMatch, object.etag)) throw preconditionFailed('If-Match');
}
