/** Metadata that goes with an object and comes back with it. Source: S3 user guide, "Working with object metadata". */
import type { Call } from '../../kernel/call';
import { decodeWords } from './encodedwords';
import { invalidRedirectLocation, invalidStorageClass, metadataTooLarge } from './errors';
import type { SystemMetadata } from './state/tables';

/** Bytes of user-defined metadata, names without `x-amz-meta-` and values in UTF-8. */
const USER_METADATA_BYTES = 2048;

const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
];

interface SystemInput {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  readonly Expires?: Date;
  readonly WebsiteRedirectLocation?: string;
}

/** Headers as the client sent them; `Expires` is any text, which the typed input cannot carry. */
export function systemMetadata(call: Call, input: SystemInput): SystemMetadata {
  const encoding = contentEncoding(input.ContentEncoding);
  const expires = call.request.headers.expires ?? input.Expires?.toUTCString();
  const { CacheControl, ContentDisposition, ContentLanguage, ContentType, WebsiteRedirectLocation } = input;
  if (WebsiteRedirectLocation !== undefined && !/^(https?:\/)?\//.test(WebsiteRedirectLocation))
    throw invalidRedirectLocation();
  return present({
    CacheControl,
    ContentDisposition,
    ContentEncoding: encoding,
    ContentLanguage,
    ContentType: ContentType || undefined,
    Expires: expires,
    WebsiteRedirectLocation,
  });
}

/** `aws-chunked` says how the upload was framed and is no part of the object. */
function contentEncoding(header: string | undefined): string | undefined {
  if (!header?.includes('aws-chunked')) return header || undefined;
  const codings = header.split(',').map((coding) => coding.trim());
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',') || undefined;
}

/** Header text may hold encoded words; fields of a form say what they mean. @throws AwsError MetadataTooLarge */
export function userMetadata(
  { request }: Call,
  metadata: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  const entries = Object.entries(metadata ?? {});
  if (entries.length === 0) return undefined;
  const sizeBytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (sizeBytes > USER_METADATA_BYTES) throw metadataTooLarge(sizeBytes, USER_METADATA_BYTES);
  const meant = request.form ? (value: string) => value : decodeWords;
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), meant(value)]));
}

/** @returns undefined for STANDARD. @throws AwsError InvalidStorageClass */
export function storageClassOf(asked: string | undefined): string | undefined {
  if (asked === undefined || asked === 'STANDARD') return undefined;
  if (!STORAGE_CLASSES.includes(asked)) throw invalidStorageClass(asked);
  return asked;
}

/** A record without its undefined members: they would be stored and sent. */
export function present<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
