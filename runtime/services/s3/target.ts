/**
 * What a request is about: its bucket, and for reads the version it names. Each is looked up once per call, so that
 * what was authorised is what is served. Checks that come before any permission are made here: the bucket exists, is
 * of this region, and belongs to whom the caller expects.
 */
import type { Call } from '../../kernel/call';
import { accessPointNamed, noteAccessPoint, throughAccessPoint } from './accesspoints';
import { disputed } from './disputed';
import {
  accessDenied,
  invalidExpectedOwner,
  invalidVersionId,
  methodNotAllowed,
  noSuchBucket,
  noSuchKey,
  noSuchVersion,
  notImplemented,
  wrongRegion,
} from './errors';
import { bucketArn, checkKeyLength } from './names';
import { checkPayer } from './payer';
import { findBucket } from './state/buckets';
import { findVersion, isVersionId, latestVersion } from './state/objects';
import type { Bucket, StoredObject, Upload, Version } from './state/tables';
import { findUpload } from './state/uploads';

interface OnBucket {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
}

interface OnObject extends OnBucket {
  readonly Key?: string;
  readonly VersionId?: string;
}

function once<T>({ known }: Call, name: string, find: () => Promise<T>): Promise<T> {
  let value = known.get(name) as Promise<T> | undefined;
  if (!value) {
    value = find();
    known.set(name, value);
  }
  return value;
}

/** Forgets what was looked up, for who has to look again. */
export function forget(call: Call): void {
  call.known.clear();
}

/** @throws AwsError NoSuchBucket, AccessDenied (another owner than expected), AuthorizationHeaderMalformed (other region) */
export async function bucketOf(call: Call, input: OnBucket): Promise<Bucket> {
  const bucket = await bucketNamed(call, input.Bucket ?? '');
  checkOwner(call, bucket, input.ExpectedBucketOwner);
  checkRegion(call, bucket);
  return bucket;
}

/**
 * A bucket that the request names besides its own: the source of a copy, the target of logs.
 * @throws AwsError NoSuchBucket, AccessDenied (a requester who does not pay)
 */
export function bucketNamed(call: Call, name: string): Promise<Bucket> {
  return once(call, `bucket ${name}`, async () => {
    const bucket = await lookUp(call, name);
    checkPayer(call, bucket);
    return bucket;
  });
}

async function lookUp(call: Call, name: string): Promise<Bucket> {
  if (name.endsWith('--x-s3')) throw notImplemented('directory buckets');
  const { store } = call.kernel;
  const bucket = await findBucket(store, name);
  if (bucket) return bucket;
  const via = await accessPointNamed(call, name);
  if (via) {
    const behind = await findBucket(store, via.bucket);
    if (behind?.id !== via.bucketId) throw noSuchBucket(via.bucket);
    noteAccessPoint(call.request, via);
    return { ...behind, via };
  }
  const supplied = (await call.kernel.supply(bucketArn(name, call.partition), call)) && (await findBucket(store, name));
  if (supplied) return supplied;
  throw noSuchBucket(name);
}

export function checkOwner({ kernel }: Call, bucket: Bucket, expected: string | undefined): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected) && disputed(kernel).knowsAccounts) throw invalidExpectedOwner(expected);
  if (expected !== bucket.account) throw accessDenied();
}

/**
 * This endpoint serves all regions, as `bucket.s3.amazonaws.com` does, so what can be wrong is the signature's region.
 * GetBucketLocation is how clients find the right one. Source: S3 user guide, "Request redirection and the REST API".
 */
function checkRegion(call: Call, bucket: Bucket): void {
  if (call.region === bucket.region || call.operation === 'GetBucketLocation') return;
  const { headers, query } = call.request;
  const presigned = query.some(([name]) => name === 'X-Amz-Credential');
  if (presigned || headers.authorization !== undefined) throw wrongRegion(call.region, bucket.region, presigned);
}

/** The version that a read names, or the current one; undefined when there is none. Delete markers are answers too. */
export async function versionOf(call: Call, input: OnObject): Promise<Version | undefined> {
  const bucket = await bucketOf(call, input);
  const { Key: key = '', VersionId: versionId } = input;
  return versionIn(call, bucket, key, versionId);
}

export function versionIn(call: Call, bucket: Bucket, key: string, versionId?: string): Promise<Version | undefined> {
  return once(call, `version ${versionId ?? ''} ${bucket.id} ${key}`, async () => {
    checkKeyLength(key);
    if (versionId === undefined) return latestVersion(call.kernel.store, bucket, key);
    if (!isVersionId(versionId)) throw invalidVersionId(versionId);
    return findVersion(call.kernel.store, bucket, key, versionId);
  });
}

/** An upload that has not ended; undefined when there is none. */
export function uploadIn(call: Call, bucket: Bucket, key: string, uploadId: string): Promise<Upload | undefined> {
  return once(call, `upload ${uploadId} ${bucket.id} ${key}`, () =>
    findUpload(call.kernel.store, bucket.id, key, uploadId),
  );
}

/**
 * The object that a read names.
 * @throws AwsError NoSuchKey or NoSuchVersion; AccessDenied instead, for who may not list the bucket; MethodNotAllowed
 *   for a delete marker named by its version
 */
export async function objectOf(call: Call, input: OnObject): Promise<StoredObject> {
  const version = await versionOf(call, input);
  if (version && !version.marker) return version;
  const bucket = await bucketOf(call, input);
  throw await missing(call, bucket, input.Key ?? '', input.VersionId, version);
}

/** Why there is no object to read, as far as the caller may know. Source: see `readChecks`. */
export async function missing(
  call: Call,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  version: Version | undefined,
): Promise<Error> {
  if (!version) {
    if (!call.request.visit)
      await call.authorize(
        throughAccessPoint(
          {
            action: 's3:ListBucket',
            resource: bucketArn(bucket.name, call.partition),
            owner: bucket.account,
            keys: { 's3:prefix': key },
          },
          bucket,
        ),
      );
    return versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId);
  }
  if (versionId === undefined) return noSuchKey(key, markerHeaders(version));
  return onMarker(call, version);
}

/**
 * The object of which a read or write concerns a part: its tags, its ACL, its lock. Delete markers have none of them.
 * @throws AwsError as `objectOf`, but MethodNotAllowed for every delete marker
 */
export async function holderOf(call: Call, input: OnObject): Promise<StoredObject> {
  const version = await versionOf(call, input);
  if (version?.marker) throw onMarker(call, version);
  return objectOf(call, input);
}

const markerHeaders = ({ versionId }: Version) => ({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId });

const onMarker = (call: Call, version: Version) =>
  methodNotAllowed(call.request.method, 'DeleteMarker', {
    ...markerHeaders(version),
    allow: 'DELETE',
    'last-modified': new Date(version.at).toUTCString(),
  });
