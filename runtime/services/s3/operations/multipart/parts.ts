/** Parts of an upload, from a body or from another object. Source: S3 API reference, "UploadPart", "UploadPartCopy". */
import type { DigestName } from '../../../../base/digests';
import type { Call } from '../../../../kernel/call';
import { base64, type Claim, checkContentMd5, claimOf, verify } from '../../checksums';
import { checkNotBlocked, customerKeyOf, isKeyOf } from '../../customerkeys';
import { disputed } from '../../disputed';
import { type EncryptionInput, encryptionMembers, unseal } from '../../encryption';
import {
  copySourceTooLarge,
  invalidArgument,
  invalidRequest,
  needsIntegrity,
  noSuchUpload,
  partNumberOutOfRange,
} from '../../errors';
import { otherCustomerKey } from '../../keyerrors';
import type { In, Out } from '../../model';
import { wholeSecond } from '../../pages';
import { openBody, whileReplaced } from '../../reading';
import { noteRetrieval } from '../../retrievals';
import { copiedVersionMember, copySource, type Source, sharedBody } from '../../sources';
import { type Incoming, incoming, keepBody, newId, type Taken, takeBody, using } from '../../state/bodies';
import type { DataKey } from '../../state/layers';
import type { Bucket, Part, Upload } from '../../state/tables';
import { findUpload, putPart } from '../../state/uploads';
import { bucketOf } from '../../target';
import { LARGEST_PUT, limitBody } from '../../writing';
import { entityTag } from '../put';
import { uploadOf } from './uploads';

const MOST_PARTS = 10_000;
const NO_BODY = incoming(new Uint8Array(0), 0);

type PartInput = { Key?: string; UploadId?: string; PartNumber?: number } & EncryptionInput;

export async function UploadPart(call: Call, input: In<'UploadPart'>): Promise<Out<'UploadPart'>> {
  const bucket = await bucketOf(call, input);
  checkNumber(input.PartNumber);
  const onLength = limitBody(call);
  checkContentMd5(input.ContentMD5);
  const claim = claimOf(call, input);
  const upload = await uploadOf(call, bucket, input);
  checkClaim(upload, claim);
  const { retention, legalHold } = upload.draft;
  if ((retention || legalHold) && !claim && input.ContentMD5 === undefined) throw needsIntegrity('Put Part');
  const dataKey = await partKey(call, bucket, upload, input);
  const taken = await take(call, upload, call.body ?? NO_BODY, dataKey, onLength, claim);
  const { algorithm } = claim ?? upload;
  const { part, given } = await using(call.kernel.store, taken, async () => {
    const promised = { claim, contentMd5: input.ContentMD5, body: call.body, algorithm };
    const given = verify(taken.digests, promised, (md5) => md5);
    return { part: await putTaken(call, bucket, input, upload, taken), given };
  });
  return {
    ETag: `"${part.etag}"`,
    ...encryptionMembers(upload.draft.seal),
    // "Only ... present if the checksum was provided in the request", or the upload has chosen one.
    ...(claim || upload.declared ? { [`Checksum${given.algorithm}`]: given.value } : {}),
  };
}

export async function UploadPartCopy(call: Call, input: In<'UploadPartCopy'>): Promise<Out<'UploadPartCopy'>> {
  const bucket = await bucketOf(call, input);
  checkNumber(input.PartNumber);
  const upload = await uploadOf(call, bucket, input);
  const dataKey = await partKey(call, bucket, upload, input);
  const { source, part } = await whileReplaced(call, async () => {
    const source = await copySource(call, input);
    const span = copySpan(call, input.CopySourceRange, source.object.sizeBytes);
    const sizeBytes = span ? span.end - span.start + 1 : source.object.sizeBytes;
    if (sizeBytes > LARGEST_PUT) throw copySourceTooLarge(LARGEST_PUT);
    const shared = sizeBytes === source.object.sizeBytes && sharedPart(source, upload, call.now);
    if (shared) return { source, part: await keepPart(call, bucket, input, upload, shared) };
    const body = await openBody(call, source.object, await source.open(), span);
    if (!body) return undefined;
    const taken = await take(call, upload, incoming(body, sizeBytes), dataKey, () => {}, undefined);
    const part = await using(call.kernel.store, taken, () => putTaken(call, bucket, input, upload, taken));
    return { source, part };
  });
  noteRetrieval(call.kernel, source.bucket, source.object, part.piece.sizeBytes, call.now);
  return {
    CopyPartResult: {
      ETag: `"${part.etag}"`,
      LastModified: wholeSecond(part.at),
      ...(upload.declared ? { [`Checksum${upload.algorithm}`]: part.checksum } : {}),
    },
    ...copiedVersionMember(source),
    ...encryptionMembers(upload.draft.seal),
  };
}

function checkNumber(number: number | undefined): void {
  if (number === undefined || number < 1 || number > MOST_PARTS) throw partNumberOutOfRange(number);
}

/** Parts of an upload that declared its algorithm bring no other one. */
function checkClaim({ declared, algorithm, type }: Upload, claim: Claim | undefined): void {
  if (!declared || claim?.algorithm === algorithm || (!claim && type === 'FULL_OBJECT')) return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${claim?.algorithm.toLowerCase() ?? 'null'}`,
  );
}

/** The key that began the upload encrypts its parts; KMS is asked once more, as the one who sends the part. */
async function partKey(call: Call, bucket: Bucket, { draft: { seal } }: Upload, input: PartInput): Promise<DataKey> {
  checkNotBlocked(call, bucket, input);
  const customer = customerKeyOf(input);
  if ((seal.algorithm === 'SSE-C') !== (customer !== undefined))
    throw invalidRequest(
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    );
  if (customer && !isKeyOf(seal, customer)) throw otherCustomerKey();
  return unseal(call, bucket, input.Key!, seal, customer);
}

function take(
  call: Call,
  upload: Upload,
  body: Incoming,
  dataKey: DataKey,
  onLength: (sizeBytes: number) => void,
  claim: Claim | undefined,
): Promise<Taken> {
  const { store, random } = call.kernel;
  const digests = [...new Set<DigestName>(['MD5', upload.algorithm, claim?.algorithm ?? upload.algorithm])];
  return takeBody(store, body, { id: newId(call.now, random), dataKey, digests, onLength });
}

async function putTaken(call: Call, bucket: Bucket, input: PartInput, upload: Upload, taken: Taken): Promise<Part> {
  const part: Part = {
    at: call.now,
    etag: entityTag(call, upload.draft.seal, taken.digests.MD5!),
    checksum: base64(taken.digests[upload.algorithm]),
    piece: taken.piece,
  };
  return keepPart(call, bucket, input, upload, part, taken);
}

/** A part that is all of its source, where that need not be copied to be one. */
function sharedPart(source: Source, { draft: { seal }, algorithm }: Upload, at: number): Part | undefined {
  const shared = sharedBody(source, seal, algorithm);
  return shared && { at, etag: shared.etag, checksum: shared.checksum.value, piece: shared.taken.piece };
}

async function keepPart(
  call: Call,
  bucket: Bucket,
  { Key: key, PartNumber: number }: PartInput,
  upload: Upload,
  part: Part,
  taken: Pick<Taken, 'piece' | 'row'> = part,
): Promise<Part> {
  await call.kernel.store.write(async (tx) => {
    if (!(await findUpload(tx, bucket.id, key!, upload.id))) throw noSuchUpload(upload.id);
    keepBody(tx, taken);
    await putPart(tx, upload.id, number!, part);
  });
  return part;
}

/** `x-amz-copy-source-range`, which unlike `Range` names both ends and must fit. */
function copySpan({ kernel }: Call, range: string | undefined, sizeBytes: number) {
  if (range === undefined) return undefined;
  const name = 'x-amz-copy-source-range';
  const match = /^bytes=(\d+)-(\d+)$/.exec(range);
  const [start, end] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || start > end)
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      name,
      range,
    );
  if (start >= sizeBytes) throw invalidRequest('The specified copy range is invalid for the source object size');
  if (end >= sizeBytes) throw disputed(kernel).rangeBeyondSource(name, range, sizeBytes);
  return { start, end };
}
