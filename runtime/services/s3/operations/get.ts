/** GetObject and HeadObject. Source: S3 API reference, "GetObject", "HeadObject". */
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import { existingObjectCheck } from '../actions/keys';
import { checksumMembers } from '../checksums';
import { checkRead } from '../conditions';
import { readingKeyOf } from '../customerkeys';
import { disputed } from '../disputed';
import { asLatin1, encodeWords, isLatin1 } from '../encodedwords';
import { checkCustomerKey, checkSigned, encryptionMembers, unseal } from '../encryption';
import { invalidArgument, invalidPartNumber, invalidRequest, partNumberOutOfRange } from '../errors';
import { expirationMember } from '../expiry';
import { legalHoldMember, retentionMembers } from '../locks';
import type { In, Out } from '../model';
import { contentRange, type Span, spanOf } from '../ranges';
import { openBody, type PartSpan, partSpan, whileReplaced } from '../reading';
import { archiveMembers, requireReadable } from '../restores';
import { noteRetrieval } from '../retrievals';
import type { Bucket, StoredObject } from '../state/tables';
import { bucketOf, objectOf } from '../target';

type ReadInput = In<'GetObject'> | In<'HeadObject'>;

const ENCRYPTION = 'x-amz-server-side-encryption';

interface Reading {
  readonly bucket: Bucket;
  readonly object: StoredObject;
  readonly span?: Span;
  readonly part?: PartSpan;
}

/** All that a GET and a HEAD have in common: which bytes of which object, if the conditions let them go. */
async function prepare(call: Call, input: ReadInput): Promise<Reading> {
  const bucket = await bucketOf(call, input);
  // "Encryption request headers should not be sent for GET requests ...: you'll get an HTTP 400 Bad Request error."
  if (call.request.headers[ENCRYPTION] !== undefined)
    throw invalidArgument(`${ENCRYPTION} header is not supported for this operation.`, ENCRYPTION);
  if (input.Range !== undefined && input.PartNumber !== undefined)
    throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  if (input.PartNumber !== undefined && (input.PartNumber < 1 || input.PartNumber > 10_000))
    throw partNumberOutOfRange(input.PartNumber);
  const object = await objectOf(call, input);
  checkRead(input, object, call.now);
  if (input.PartNumber === undefined) return { bucket, object, span: spanOf(input.Range, object.sizeBytes) };
  const part = await partSpan(call, object, input.PartNumber);
  if (!part) throw invalidPartNumber(input.PartNumber, object.parts ?? 1);
  return { bucket, object, span: part.span, part };
}

export async function GetObject(call: Call, input: In<'GetObject'>): Promise<Out<'GetObject'>> {
  const customer = readingKeyOf(input);
  return whileReplaced(call, async () => {
    const reading = await prepare(call, input);
    const { bucket, object, span } = reading;
    requireReadable(object, call.now);
    const dataKey = await unseal(call, bucket, input.Key!, object.seal, customer);
    const Body = await openBody(call, object, dataKey, span);
    if (!Body) return undefined;
    const out = await members(call, reading, input);
    if (object.storageClass) noteRetrieval(call.kernel, bucket, object, out.ContentLength!, call.now);
    return Object.assign(out, { Body });
  });
}

export async function HeadObject(call: Call, input: In<'HeadObject'>): Promise<Out<'HeadObject'>> {
  const customer = readingKeyOf(input);
  const reading = await prepare(call, input);
  checkSigned(call, reading.object.seal);
  const { bucket, object } = reading;
  checkCustomerKey(call, object.seal, customer);
  // Checksums of objects under KMS keys are encrypted too: "you must have permission to use the kms:Decrypt action".
  if (input.ChecksumMode?.toUpperCase() === 'ENABLED' && object.seal.keyArn !== undefined)
    await unseal(call, bucket, input.Key!, object.seal, customer);
  return members(call, reading, input);
}

const OVERRIDES = [
  ['ResponseCacheControl', 'CacheControl'],
  ['ResponseContentDisposition', 'ContentDisposition'],
  ['ResponseContentEncoding', 'ContentEncoding'],
  ['ResponseContentLanguage', 'ContentLanguage'],
  ['ResponseContentType', 'ContentType'],
] as const;

async function members(
  call: Call,
  { bucket, object, span, part }: Reading,
  input: ReadInput,
): Promise<Out<'HeadObject'>> {
  const overridden: Record<string, string> = {};
  for (const [asked, member] of OVERRIDES) {
    const value = input[asked];
    if (value === undefined) continue;
    if (!isLatin1(value))
      throw invalidArgument('Header value cannot be represented using ISO-8859-1.', headerNameOf(member), value);
    overridden[member] = value;
  }
  if (call.principal.kind === 'anonymous' && (Object.keys(overridden).length > 0 || input.ResponseExpires))
    throw invalidRequest('Request specific response headers cannot be used for anonymous GET requests.');
  // Member by member: most objects have few of them, and this is in the way of every read.
  const out: Out<'HeadObject'> = {
    AcceptRanges: 'bytes',
    LastModified: new Date(object.at),
    ContentLength: span ? span.end - span.start + 1 : object.sizeBytes,
    ETag: `"${object.etag}"`,
    ContentType: 'binary/octet-stream',
  };
  if (span && object.sizeBytes > 0) out.ContentRange = contentRange(span, object.sizeBytes);
  if (input.ChecksumMode?.toUpperCase() === 'ENABLED') Object.assign(out, checksumOf(call, object, span, part));
  if (bucket.versioning) out.VersionId = object.versionId;
  Object.assign(out, latin1(object.system), overridden, encryptionMembers(object.seal));
  out.Expires = input.ResponseExpires ?? dateOf(object.system.Expires);
  if (object.metadata) out.Metadata = told(object.metadata);
  if (object.storageClass) {
    out.StorageClass = object.storageClass as Out<'HeadObject'>['StorageClass'];
    Object.assign(out, archiveMembers(object, call.now));
  }
  if (part && object.parts) out.PartsCount = object.parts;
  if (object.tags) out.TagCount = Object.keys(object.tags).length;
  if (object.retention && (await mayKnow(call, bucket, input, 's3:GetObjectRetention')))
    Object.assign(out, retentionMembers(object.retention, call.now));
  if (object.legalHold !== undefined && (await mayKnow(call, bucket, input, 's3:GetObjectLegalHold')))
    Object.assign(out, legalHoldMember(object.legalHold));
  if (input.VersionId === undefined) Object.assign(out, await expirationMember(call, bucket, input.Key!, object));
  return out;
}

const headerNameOf = (member: string) => `response${member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function told(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name in metadata) out[name] = encodeWords(metadata[name]);
  return out;
}

/** Most objects need nothing done here, and this is in the way of every read. */
function latin1(system: StoredObject['system']): StoredObject['system'] {
  const texts = Object.entries(system) as [string, string][];
  if (texts.every(([, text]) => PRINTABLE.test(text))) return system;
  return Object.fromEntries(texts.map(([name, text]) => [name, asLatin1(text)]));
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * "The request succeeds; however, it doesn't return information that you don't have permission to view." Source: S3 user
 * guide, "Object Lock considerations".
 */
async function mayKnow(call: Call, bucket: Bucket, input: ReadInput, action: string): Promise<boolean> {
  try {
    await call.authorize(await existingObjectCheck(call, bucket, input, action, action));
    return true;
  } catch (error) {
    if (isAwsError(error, 'AccessDenied')) return false;
    throw error;
  }
}

/** A range has no checksum of its own, unless it is of everything; a part has the one it was uploaded with. */
function checksumOf(call: Call, object: StoredObject, span: Span | undefined, part: PartSpan | undefined) {
  const whole = !span || span.end - span.start + 1 === object.sizeBytes;
  if (whole && object.checksum?.type === 'FULL_OBJECT') return checksumMembers(object.checksum);
  if (!part) return whole ? checksumMembers(object.checksum) : {};
  // Parts of an object with one checksum for all of it have none of their own.
  const type = object.checksum?.type;
  if (!part.checksum || (type !== 'COMPOSITE' && !disputed(call.kernel).tellsParts)) return {};
  return { ...checksumMembers(part.checksum), ChecksumType: type };
}

function dateOf(text: string | undefined): Date | undefined {
  const date = text === undefined ? undefined : new Date(text);
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
