/** Beginning, aborting and listing uploads. Source: S3 API reference, "CreateMultipartUpload" and its neighbours. */
import type { Call } from '../../../../kernel/call';
import type { Keys } from '../../actions/keys';
import { creationKeys } from '../../actions/objects';
import { algorithmNamed, DEFAULT_CHECKSUM } from '../../checksums';
import { encryptionChoice, sealFor, writtenEncryptionMembers } from '../../encryption';
import { headerNotImplemented, invalidArgument, invalidRequest, noSuchBucket, noSuchUpload } from '../../errors';
import { abortMembers } from '../../expiry';
import type { In, Out } from '../../model';
import { checkKey } from '../../names';
import { initiatorMember, ownerId, ownerMember } from '../../owners';
import { encodeKeys, pageSize, wholeSecond } from '../../pages';
import { newId } from '../../state/bodies';
import { findBucket } from '../../state/buckets';
import { openUploads, walk } from '../../state/listing';
import { latestVersion } from '../../state/objects';
import type { Bucket, Checksum, ChecksumName, Upload } from '../../state/tables';
import { dropParts, findUpload, partsOf, putUpload, removeUpload } from '../../state/uploads';
import { bucketOf, uploadIn } from '../../target';
import { draftOf } from '../../writing';

export async function CreateMultipartUpload(
  call: Call,
  input: In<'CreateMultipartUpload'>,
): Promise<Out<'CreateMultipartUpload'>> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  checkKey(key);
  const { algorithm, type, declared } = checksumPlan(input.ChecksumAlgorithm, input.ChecksumType);
  const choice = encryptionChoice(call, bucket, input);
  const draft = draftOf(call, bucket, input);
  const { seal } = await sealFor(call, bucket, key, choice);
  const upload: Upload = {
    id: newId(call.now, call.kernel.random),
    at: call.now,
    initiator: initiatorOf(call),
    draft: { ...draft, seal },
    algorithm,
    type,
    declared,
    ...askedOf(creationKeys(call, input)),
  };
  await call.kernel.store.write(async (tx) => {
    if ((await findBucket(tx, bucket.name))?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const found = (await latestVersion(tx, bucket, key))?.order;
    putUpload(tx, bucket.id, key, found === undefined ? upload : { ...upload, found });
  });
  return {
    Bucket: bucket.name,
    Key: key,
    UploadId: upload.id,
    ...writtenEncryptionMembers(seal),
    ...declaration(upload),
    ...(await abortMembers(call, bucket, key, call.now)),
  };
}

/** The condition keys that have a value. */
function askedOf(keys: Keys): Pick<Upload, 'asked'> {
  const asked = Object.entries(keys).filter(([, value]) => value !== undefined);
  return asked.length > 0 ? { asked: Object.fromEntries(asked) as Upload['asked'] } : {};
}

/** Which checksum parts and object will have. Source: S3 user guide, "Using full object and composite checksums". */
function checksumPlan(
  asked: string | undefined,
  askedType: string | undefined,
): Pick<Upload, 'algorithm' | 'type' | 'declared'> {
  if (asked === undefined) {
    if (askedType !== undefined)
      throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
    return { algorithm: DEFAULT_CHECKSUM, type: 'FULL_OBJECT', declared: false };
  }
  const algorithm = algorithmNamed(asked);
  if (askedType !== undefined && askedType !== 'COMPOSITE' && askedType !== 'FULL_OBJECT')
    throw invalidRequest('Value for x-amz-checksum-type header is invalid.');
  const type = askedType ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const possible = type === 'FULL_OBJECT' ? algorithm.startsWith('CRC') : algorithm !== 'CRC64NVME';
  if (!possible)
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, type, declared: true };
}

/** Members that tell an upload's checksum, when its client chose one. */
function declaration({ declared, algorithm, type }: Upload): {
  ChecksumAlgorithm?: ChecksumName;
  ChecksumType?: Checksum['type'];
} {
  return declared ? { ChecksumAlgorithm: algorithm, ChecksumType: type } : {};
}

function initiatorOf({ principal, kernel }: Call): string {
  return principal.kind === 'user' || principal.kind === 'session'
    ? principal.arn
    : ownerId(kernel, principal.account ?? '');
}

/** @throws AwsError NoSuchUpload */
export async function uploadOf(
  call: Call,
  bucket: Bucket,
  { Key = '', UploadId = '' }: { Key?: string; UploadId?: string },
): Promise<Upload> {
  const upload = await uploadIn(call, bucket, Key, UploadId);
  if (!upload) throw noSuchUpload(UploadId);
  return upload;
}

export async function AbortMultipartUpload(
  call: Call,
  input: In<'AbortMultipartUpload'>,
): Promise<Out<'AbortMultipartUpload'>> {
  const bucket = await bucketOf(call, input);
  if (input.IfMatchInitiatedTime) throw headerNotImplemented('x-amz-if-match-initiated-time');
  const { Key = '', UploadId = '' } = input;
  await call.kernel.store.write(async (tx) => {
    if (!(await findUpload(tx, bucket.id, Key, UploadId))) throw noSuchUpload(UploadId);
    removeUpload(tx, bucket.id, Key, UploadId);
    dropParts(tx, UploadId);
  });
  return {};
}

export async function ListParts(call: Call, input: In<'ListParts'>): Promise<Out<'ListParts'>> {
  const bucket = await bucketOf(call, input);
  const upload = await uploadOf(call, bucket, input);
  const MaxParts = pageSize(input.MaxParts, 'max-parts');
  const marker = partNumberMarker(input.PartNumberMarker || undefined);
  const found = await partsOf(call.kernel.store, upload.id, { after: marker, limit: MaxParts + 1 });
  const shown = found.slice(0, MaxParts);
  return {
    Bucket: bucket.name,
    Key: input.Key,
    UploadId: upload.id,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(shown[shown.length - 1]?.number ?? 0),
    MaxParts,
    IsTruncated: found.length > shown.length,
    ...declaration(upload),
    ...(await abortMembers(call, bucket, input.Key!, upload.at)),
    Initiator: initiatorMember(call.kernel, upload.initiator),
    Owner: ownerMember(call.kernel, upload.draft.owner),
    StorageClass: (upload.draft.storageClass ?? 'STANDARD') as 'STANDARD',
    Parts: shown.map(({ number, at, etag, checksum, piece }) => ({
      PartNumber: number,
      LastModified: wholeSecond(at),
      ETag: `"${etag}"`,
      Size: piece.sizeBytes,
      ...(upload.declared ? { [`Checksum${upload.algorithm}`]: checksum } : {}),
    })),
  };
}

function partNumberMarker(text = '0'): number {
  const marker = Number(text);
  const name = 'part-number-marker';
  if (!/^-?\d+$/.test(text) || Math.abs(marker) > INT32)
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  if (marker < 0) throw invalidArgument(`Argument ${name} must be an integer between 0 and ${INT32}`, name, text);
  return marker;
}

export async function ListMultipartUploads(
  call: Call,
  input: In<'ListMultipartUploads'>,
): Promise<Out<'ListMultipartUploads'>> {
  const bucket = await bucketOf(call, input);
  const { Prefix = '', Delimiter, KeyMarker = '' } = input;
  const UploadIdMarker = KeyMarker === '' ? '' : (input.UploadIdMarker ?? '');
  if (UploadIdMarker !== '' && !UPLOAD_ID.test(UploadIdMarker))
    throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', UploadIdMarker);
  const encode = encodeKeys(input.EncodingType, call);
  const MaxUploads = pageSize(input.MaxUploads, 'max-uploads');
  const { items, truncated } = await walk(openUploads(call.kernel.store, bucket), {
    prefix: Prefix,
    delimiter: Delimiter,
    // Without an upload's id all uploads of the key were on earlier pages.
    after: KeyMarker === '' ? undefined : { key: KeyMarker, id: UploadIdMarker || LAST_ID },
    marker: KeyMarker || undefined,
    max: MaxUploads,
  });
  // Where nothing is left only uploads are told as the last ones, not common prefixes.
  const last = truncated ? items[items.length - 1] : items.findLast(({ row }) => row !== undefined);
  return {
    Bucket: bucket.name,
    KeyMarker: encode(KeyMarker),
    UploadIdMarker,
    ...(input.Prefix === undefined ? {} : { Prefix: encode(Prefix) }),
    ...(Delimiter ? { Delimiter: encode(Delimiter) } : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    MaxUploads,
    IsTruncated: truncated,
    NextKeyMarker: last ? encode(last.row ? last.row.key : last.group) : '',
    NextUploadIdMarker: last?.row?.id ?? '',
    Uploads: items.flatMap(({ row }) =>
      row
        ? [
            {
              Key: encode(row.key),
              UploadId: row.id,
              Initiated: wholeSecond(row.value.at),
              Initiator: initiatorMember(call.kernel, row.value.initiator),
              Owner: ownerMember(call.kernel, row.value.draft.owner),
              StorageClass: (row.value.draft.storageClass ?? 'STANDARD') as 'STANDARD',
              ...declaration(row.value),
            },
          ]
        : [],
    ),
    CommonPrefixes: items.flatMap(({ group }) => (group === undefined ? [] : [{ Prefix: encode(group) }])),
  };
}

/** As `newId` makes them. */
const UPLOAD_ID = /^[0-9a-z]{9}[0-9A-Za-z]{16}$/;
const INT32 = 2 ** 31 - 1;
/** Sorts after every upload id. */
const LAST_ID = '\u{10ffff}';
