/**
 * Completing an upload: the parts become one object where they lie, no byte is read or copied. Sources: S3 API
 * reference, "CompleteMultipartUpload"; S3 user guide, "Checking object integrity", composite and full-object checksums.
 */
import { combineCrcs, type DigestName, digest, isCrc } from '../../../../base/digests';
import { isAwsError } from '../../../../base/errors';
import type { Call } from '../../../../kernel/call';
import { base64, checksumMembers, givenChecksums, headerOf, isChecksum } from '../../checksums';
import { type CustomerKey, customerKeyOf, isKeyOf } from '../../customerkeys';
import {
  badChecksum,
  badChecksumHeader,
  badPartChecksum,
  badPartChecksumForm,
  manyChecksums,
} from '../../digesterrors';
import { disputed } from '../../disputed';
import { checkCustomerKey, encryptionMembers } from '../../encryption';
import {
  conditionalRequestConflict,
  entityTooSmall,
  invalidArgument,
  invalidPart,
  invalidPartOrder,
  invalidRequest,
  malformedXml,
  noSuchUpload,
} from '../../errors';
import { expirationMember } from '../../expiry';
import { otherCustomerKey } from '../../keyerrors';
import type { In, Out } from '../../model';
import { regionalHost } from '../../names';
import { latestVersion } from '../../state/objects';
import type { Bucket, Checksum, Part, StoredObject, Upload } from '../../state/tables';
import { findUpload, partsOf, putManifest, removePart, removeUpload } from '../../state/uploads';
import { bucketOf, uploadIn } from '../../target';
import { checkWriteEarly, commitObject, writtenVersionMember } from '../../writing';

/** Least bytes of every part but the last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;
const COUNT = /-\d{1,5}$/;

type Named = NonNullable<NonNullable<In<'CompleteMultipartUpload'>['MultipartUpload']>['Parts']>[number];
type NumberedPart = Part & { readonly number: number };

export async function CompleteMultipartUpload(
  call: Call,
  input: In<'CompleteMultipartUpload'>,
): Promise<Out<'CompleteMultipartUpload'>> {
  const bucket = await bucketOf(call, input);
  const { store } = call.kernel;
  const { Key: key = '', UploadId: uploadId = '' } = input;
  const named = input.MultipartUpload?.Parts;
  const upload = await uploadIn(call, bucket, key, uploadId);
  if (!upload) return completedBefore(call, bucket, input);
  if (!input.MultipartUpload) throw disputed(call.kernel).noParts();
  if (!named?.length) throw invalidRequest('You must specify at least one part');
  const conditional = await checkWriteEarly(call, bucket, key, input);
  if (conditional) await checkUndisturbed(call, bucket, key, upload, input);
  const customer = customerKeyOf(input);
  checkKey(call, upload, customer);
  checkMode(upload, input.ChecksumType);

  const promised = promiseOf(call, input);
  const there = await partsOf(store, uploadId, { limit: MOST_PARTS });
  const chosen = choose(call, upload, named, there);
  const sizeBytes = chosen.reduce((sum, { piece }) => sum + piece.sizeBytes, 0);
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize < 0)
    throw invalidRequest(`Value for x-amz-mp-object-size header is less than zero: '${input.MpuObjectSize}'`);
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== sizeBytes)
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${sizeBytes}`,
    );
  const checksum = await checksumOf(upload, chosen);
  // What a customer's key encrypts has no checksum that nobody chose.
  const kept = upload.declared || upload.draft.seal.algorithm !== 'SSE-C' ? { checksum } : {};
  if (!isAsPromised(promised, checksum)) throw badChecksum(upload.algorithm.toLowerCase());
  const etag = await etagOf(chosen);

  const commit = commitObject(call, {
    bucket,
    key,
    event: 'ObjectCreated:CompleteMultipartUpload',
    conditions: conditional ? input : undefined,
    object: { ...upload.draft, sizeBytes, etag, ...kept, manifest: uploadId, parts: chosen.length },
    async also(tx) {
      if (!(await findUpload(tx, bucket.id, key, uploadId))) throw noSuchUpload(uploadId);
      const now = await partsOf(tx, uploadId, { limit: MOST_PARTS });
      const pieces = new Map(now.map(({ number, piece }) => [number, piece.id]));
      for (const part of chosen)
        if (pieces.get(part.number) !== part.piece.id) throw invalidPart(uploadId, part.number, part.etag);
      const kept = new Set(chosen.map(({ number }) => number));
      for (const { number } of now) if (!kept.has(number)) await removePart(tx, uploadId, number);
      removeUpload(tx, bucket.id, key, uploadId);
      putManifest(tx, uploadId, {
        numbers: chosen.map(({ number }) => number),
        sizes: chosen.map(({ piece }) => piece.sizeBytes),
      });
    },
  });
  try {
    return await answer(call, bucket, key, await commit, upload.declared);
  } catch (error) {
    // Somebody who asked for the same at the same time was first.
    if (isAwsError(error, 'NoSuchUpload')) return completedBefore(call, bucket, input);
    throw error;
  }
}

/**
 * "If the object was deleted" or written while the upload was under way, whoever asks on a condition starts over: even
 * when the condition holds by now. Source: S3 user guide, "Conditional write behavior".
 */
async function checkUndisturbed(
  { kernel }: Call,
  bucket: Bucket,
  key: string,
  { found }: Upload,
  { IfNoneMatch }: In<'CompleteMultipartUpload'>,
): Promise<void> {
  const now = await latestVersion(kernel.store, bucket, key);
  if (now?.order !== found)
    throw conditionalRequestConflict(IfNoneMatch === undefined ? 'If-Match' : 'If-None-Match', key);
}

/** Composite checksums may be given with the number of parts behind them or without. @throws AwsError InvalidRequest */
function promiseOf({ kernel }: Call, input: In<'CompleteMultipartUpload'>) {
  const given = givenChecksums(input);
  if (given.length > 1) throw manyChecksums();
  for (const { algorithm, value } of given)
    if (!isChecksum(algorithm, value.replace(COUNT, '')))
      throw disputed(kernel).malformedChecksum(algorithm, headerOf(algorithm));
  return given[0];
}

function isAsPromised(promised: ReturnType<typeof promiseOf> | undefined, { algorithm, value }: Checksum): boolean {
  if (!promised) return true;
  return promised.algorithm === algorithm && (promised.value === value || promised.value === value.replace(COUNT, ''));
}

/** A completion whose answer got lost may be asked for again, as long as its object is current. */
async function completedBefore(
  call: Call,
  bucket: Bucket,
  { Key: key = '', UploadId: uploadId = '' }: In<'CompleteMultipartUpload'>,
): Promise<Out<'CompleteMultipartUpload'>> {
  const object = await latestVersion(call.kernel.store, bucket, key);
  if (!object || object.marker || object.manifest !== uploadId) throw noSuchUpload(uploadId);
  return answer(call, bucket, key, object, false);
}

async function answer(
  call: Call,
  bucket: Bucket,
  key: string,
  object: StoredObject,
  declared: boolean,
): Promise<Out<'CompleteMultipartUpload'>> {
  const { host } = call.request.headers;
  const Location = host
    ? `http://${host}${call.request.path}`
    : `https://${regionalHost(bucket.name, bucket.region)}/${encodeURIComponent(key)}`;
  return {
    Location,
    Bucket: bucket.name,
    Key: key,
    ETag: `"${object.etag}"`,
    // A checksum that nobody asked for is not told of what a KMS key encrypts.
    ...(object.seal.keyArn === undefined || declared ? checksumMembers(object.checksum) : {}),
    ...encryptionMembers(object.seal),
    ...writtenVersionMember(bucket, object),
    ...(await expirationMember(call, bucket, key, object)),
  };
}

/** "This parameter is needed only when the object was created using a checksum algorithm": one that was chosen. */
function checkKey(call: Call, { draft: { seal }, declared }: Upload, customer: CustomerKey | undefined): void {
  const chosen = declared || disputed(call.kernel).completesWithKey;
  if (!customer && !chosen && seal.algorithm === 'SSE-C') return;
  if (seal.algorithm !== 'SSE-C' || !customer) checkCustomerKey(call, seal, customer);
  else if (!isKeyOf(seal, customer)) throw otherCustomerKey();
}

function checkMode({ declared, type }: Upload, asked: string | undefined): void {
  const mode = declared ? type : 'null';
  if (asked !== undefined && asked !== 'COMPOSITE' && asked !== 'FULL_OBJECT')
    throw badChecksumHeader('x-amz-checksum-type');
  if (asked !== undefined && asked !== mode)
    throw invalidRequest(
      `The upload was created using the ${mode} checksum mode. The complete request must use the same checksum mode.`,
    );
}

/** The parts that the document names, each of them there as it says. */
function choose(
  { kernel }: Call,
  upload: Upload,
  names: readonly Named[],
  there: readonly NumberedPart[],
): NumberedPart[] {
  const { takesLastNamed, needsPartChecksums } = disputed(kernel);
  const isLast = ({ PartNumber }: Named, i: number) => PartNumber !== names[i + 1]?.PartNumber;
  const named = takesLastNamed ? names.filter(isLast) : names;
  const byNumber = new Map(there.map((part) => [part.number, part]));
  let last = 0;
  const chosen = named.map((one) => {
    const { PartNumber: number, ETag } = one;
    if (number === undefined || ETag === undefined) throw malformedXml('a Part needs PartNumber and ETag');
    if (number < 1) throw invalidArgument('PartNumber must be >= 1', 'PartNumber', number);
    if (number <= last) throw invalidPartOrder(upload.id);
    last = number;
    const etag = ETag.replace(/^"|"$/g, '');
    const part = byNumber.get(number);
    if (!part || part.etag !== etag) throw invalidPart(upload.id, number, etag);
    checkPartChecksum(upload, part, one, needsPartChecksums);
    return part;
  });
  for (const { number, piece, etag } of chosen.slice(0, -1))
    if (piece.sizeBytes < LEAST_PART_BYTES) throw entityTooSmall(piece.sizeBytes, LEAST_PART_BYTES, number, etag);
  return chosen;
}

function checkPartChecksum(upload: Upload, part: NumberedPart, named: Named, needed: boolean): void {
  const [given, ...more] = givenChecksums(named);
  if (given && (more.length > 0 || !isChecksum(given.algorithm, given.value)))
    throw badPartChecksumForm(
      more.length > 0 ? [given, ...more].map((one) => `${one.algorithm}:${one.value};`).join('') : given.value,
    );
  if (!given) {
    if (needed && upload.declared && upload.type === 'COMPOSITE')
      throw invalidRequest(
        `The upload was created using a ${upload.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
      );
    return;
  }
  if (upload.declared && given.algorithm !== upload.algorithm)
    throw badPartChecksum(given.algorithm.toLowerCase(), part.number);
  if (!upload.declared || given.value !== part.checksum) throw invalidPart(upload.id, part.number, part.etag);
}

async function checksumOf({ algorithm, type }: Upload, parts: readonly NumberedPart[]): Promise<Checksum> {
  const values = parts.map(({ checksum }) => Buffer.from(checksum, 'base64'));
  if (type === 'COMPOSITE' || !isCrc(algorithm)) {
    return { algorithm, type: 'COMPOSITE', value: `${base64(await digestAll(algorithm, values))}-${parts.length}` };
  }
  let whole: Uint8Array = values[0];
  for (let i = 1; i < parts.length; i++) whole = combineCrcs(algorithm, whole, values[i], parts[i].piece.sizeBytes);
  return { algorithm, type, value: base64(whole) };
}

/** The digest of the parts' digests, and how many they are. */
async function etagOf(parts: readonly Part[]): Promise<string> {
  const all = await digestAll(
    'MD5',
    parts.map(({ etag }) => Buffer.from(etag, 'hex')),
  );
  return `${Buffer.from(all).toString('hex')}-${parts.length}`;
}

async function digestAll(name: DigestName, values: readonly Uint8Array[]): Promise<Uint8Array> {
  const all = digest(name);
  for (const value of values) all.update(value);
  return all.finish();
}
