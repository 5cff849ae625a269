/**
 * Annotations of objects: named texts beside a version, that come and go without touching it. Sources: S3 API reference,
 * "PutObjectAnnotation" and its neighbours; S3 user guide, "Annotating your objects".
 */
import { isUtf8 } from 'node:buffer';
import { type Bytes, collect, once, TooLong } from '../../../base/bytes';
import type { Call } from '../../../kernel/call';
import type { Writer } from '../../../store/port';
import { noAnnotationsUnderCustomerKeys, noSuchAnnotation, unsupportedMediaType } from '../annotations/errors';
import { checkName, checkPrefix } from '../annotations/names';
import { annotationsOf, findAnnotation, putAnnotation, removeAnnotation } from '../annotations/state';
import { checkContentMd5, checksumMembers, claimOf, digestsFor, verify } from '../checksums';
import { checkObjectMatch } from '../conditions';
import { unseal } from '../encryption';
import { entityTooLarge, invalidArgument, invalidRequest, noSuchBucket, noSuchKey, operationAborted } from '../errors';
import { announceObject } from '../events';
import { checkUnlocked } from '../locks';
import type { In, Out } from '../model';
import { whileReplaced } from '../reading';
import { incoming, newId, readPiece, takeBody, using } from '../state/bodies';
import { findBucket } from '../state/buckets';
import { findVersion, replaceVersion } from '../state/objects';
import type { Annotation, Bucket, StoredObject } from '../state/tables';
import { bucketOf, holderOf } from '../target';
import { entityTag } from './put';

const LARGEST_PAYLOAD = 1024 * 1024;
const LARGEST_PAGE = 1000;
const NO_BODY = once(new Uint8Array(0));

export async function PutObjectAnnotation(
  call: Call,
  input: In<'PutObjectAnnotation'>,
): Promise<Out<'PutObjectAnnotation'>> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  const name = input.AnnotationName ?? '';
  checkName(name);
  checkContentMd5(input.ContentMD5);
  const claim = claimOf(call, input);
  const object = await holderOf(call, input);
  if (object.seal.algorithm === 'SSE-C') throw noAnnotationsUnderCustomerKeys();
  checkObjectMatch(input.ObjectIfMatch, object);
  const payload = await payloadOf(call);
  const dataKey = await unseal(call, bucket, key, object.seal, undefined);
  const { store, random } = call.kernel;
  const taken = await takeBody(store, incoming(payload, payload.length), {
    id: newId(call.now, random),
    dataKey,
    digests: digestsFor(claim),
    onLength: () => {},
  });
  const fresh = newId(call.now, random);
  const annotation = await using(store, taken, async (): Promise<Annotation> => {
    const checksum = verify(taken.digests, { claim, contentMd5: input.ContentMD5, body: call.body });
    const etag = entityTag(call, object.seal, taken.digests.MD5!);
    const annotation = { at: call.now, etag, checksum, piece: taken.piece };
    await change(call, bucket, key, object, async (tx, now) => {
      checkObjectMatch(input.ObjectIfMatch, now);
      const changed = await putAnnotation(tx, now, { name, annotation, taken, fresh });
      announceObject(tx, call, bucket, key, 'ObjectAnnotation:Put', object);
      return changed;
    });
    return annotation;
  });
  return {
    Key: key,
    AnnotationName: name,
    ETag: `"${annotation.etag}"`,
    ...checksumMembers(annotation.checksum),
    ...encryptionMember(object),
    ...versionMember(bucket, object),
  };
}

export async function GetObjectAnnotation(
  call: Call,
  input: In<'GetObjectAnnotation'>,
): Promise<Out<'GetObjectAnnotation'>> {
  const name = input.AnnotationName ?? '';
  checkName(name);
  return whileReplaced(call, async () => {
    const bucket = await bucketOf(call, input);
    const object = await holderOf(call, input);
    const { store } = call.kernel;
    const annotation = object.annotations && (await findAnnotation(store, object.annotations, name));
    if (!annotation) throw noSuchAnnotation(name);
    const dataKey = await unseal(call, bucket, input.Key!, object.seal, undefined);
    const AnnotationPayload: Uint8Array | Bytes | undefined = await readPiece(store, annotation.piece, dataKey);
    if (!AnnotationPayload) return undefined;
    return {
      AnnotationPayload,
      LastModified: new Date(annotation.at),
      ContentLength: annotation.piece.sizeBytes,
      ETag: `"${annotation.etag}"`,
      ...(input.ChecksumMode === 'ENABLED' ? checksumMembers(annotation.checksum) : {}),
      ...encryptionMember(object),
      ...versionMember(bucket, object),
    };
  });
}

export async function ListObjectAnnotations(
  call: Call,
  input: In<'ListObjectAnnotations'>,
): Promise<Out<'ListObjectAnnotations'>> {
  const { AnnotationPrefix = '', ContinuationToken, MaxAnnotationResults = LARGEST_PAGE } = input;
  checkPrefix(AnnotationPrefix);
  if (MaxAnnotationResults < 1 || MaxAnnotationResults > LARGEST_PAGE)
    throw invalidArgument(
      `Argument max-annotation-results must be an integer between 1 and ${LARGEST_PAGE}`,
      'max-annotation-results',
      MaxAnnotationResults,
    );
  const bucket = await bucketOf(call, input);
  const object = await holderOf(call, input);
  const after = ContinuationToken === undefined ? undefined : readToken(ContinuationToken);
  const limit = MaxAnnotationResults + 1;
  const found = object.annotations
    ? await annotationsOf(call.kernel.store, object.annotations, { prefix: AnnotationPrefix, after, limit })
    : [];
  const shown = found.slice(0, MaxAnnotationResults);
  const last = found.length > shown.length ? shown[shown.length - 1].name : undefined;
  return {
    Annotations: shown.map(({ name, annotation: { at, etag, checksum, piece } }) => ({
      AnnotationName: name,
      LastModified: new Date(at),
      ETag: `"${etag}"`,
      ChecksumAlgorithm: [checksum.algorithm],
      Size: piece.sizeBytes,
    })),
    Bucket: bucket.name,
    Key: input.Key,
    ...(AnnotationPrefix ? { AnnotationPrefix } : {}),
    MaxAnnotationResults,
    AnnotationCount: shown.length,
    ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    ...(last === undefined ? {} : { NextContinuationToken: Buffer.from(last).toString('base64url') }),
    ...versionMember(bucket, object),
  };
}

/** What is not there is fine. Object Lock protects annotations as it protects their object from being deleted. */
export async function DeleteObjectAnnotation(
  call: Call,
  input: In<'DeleteObjectAnnotation'>,
): Promise<Out<'DeleteObjectAnnotation'>> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  const name = input.AnnotationName ?? '';
  checkName(name);
  const bypass = call.request.headers[BYPASS]?.toLowerCase() === 'true';
  const object = await holderOf(call, input);
  await change(call, bucket, key, object, async (tx, now) => {
    checkObjectMatch(input.ObjectIfMatch, now);
    checkUnlocked(now, call.now, bypass);
    const changed = await removeAnnotation(tx, now, name);
    if (changed) announceObject(tx, call, bucket, key, 'ObjectAnnotation:Delete', object);
    return changed;
  });
  return versionMember(bucket, object);
}

/** The client's model of the operation lacks it, its page does not. */
const BYPASS = 'x-amz-bypass-governance-retention';

/** Changes the version that was found, as it is now. @throws AwsError NoSuchKey, OperationAborted when it was replaced */
function change(
  call: Call,
  bucket: Bucket,
  key: string,
  { versionId, order }: StoredObject,
  to: (tx: Writer, object: StoredObject) => Promise<StoredObject | undefined>,
): Promise<void> {
  return call.kernel.store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const object = await findVersion(tx, now, key, versionId);
    if (!object || object.marker) throw noSuchKey(key);
    if (object.order !== order) throw operationAborted();
    const changed = await to(tx, object);
    if (changed) await replaceVersion(tx, now, key, changed);
  });
}

/** @throws AwsError EntityTooLarge, InvalidRequest, UnsupportedMediaType */
async function payloadOf({ body }: Call): Promise<Uint8Array> {
  if (body?.length !== undefined && body.length > LARGEST_PAYLOAD) throw entityTooLarge(body.length, LARGEST_PAYLOAD);
  let payload: Uint8Array;
  try {
    payload = await collect(body?.stream ?? NO_BODY, LARGEST_PAYLOAD);
  } catch (error) {
    throw error instanceof TooLong ? entityTooLarge(LARGEST_PAYLOAD + 1, LARGEST_PAYLOAD) : error;
  }
  if (payload.length === 0) throw invalidRequest('The annotation payload must be between 1 byte and 1 MiB in size.');
  if (!isUtf8(payload)) throw unsupportedMediaType();
  return payload;
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8');
  if (name === '' || Buffer.from(name).toString('base64url') !== token)
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  return name;
}

function encryptionMember({ seal: { algorithm } }: StoredObject) {
  return algorithm === 'SSE-C' ? {} : { ServerSideEncryption: algorithm };
}

function versionMember(bucket: Bucket, { versionId }: StoredObject) {
  return bucket.versioning ? { ObjectVersionId: versionId } : {};
}
