/**
 * Signature Version 2: in a query string what boto3 and the aws CLI 1 still presign with in the oldest regions, and S3
 * still honours there; in the `Authorization` header and in browsers' forms what old clients sign with. Source: Amazon
 * S3 User Guide, "Signing and authenticating REST requests", "Query string request authentication alternative".
 */
import { createHmac } from 'node:crypto';

type Query = readonly (readonly [name: string, value: string])[];

export interface Claim2 {
  readonly accessKeyId: string;
  readonly signature: string;
  /** Seconds since the epoch, on the client's clock. */
  readonly expires: string;
  readonly sessionToken?: string;
}

/** Where Version 2 was ever spoken. Source: Amazon S3 User Guide, "Amazon S3 Signature Version 2 ... legacy Regions". */
export const VERSION_2_REGIONS: ReadonlySet<string> = new Set([
  'us-east-1',
  'us-west-1',
  'us-west-2',
  'eu-west-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
  'sa-east-1',
]);

/** @returns undefined when the query carries no such signature, `incomplete` when only a part of one */
export function readClaim2(query: Query): Claim2 | 'incomplete' | undefined {
  const value = (name: string) => query.find(([other]) => other === name)?.[1];
  const accessKeyId = value('AWSAccessKeyId');
  const signature = value('Signature');
  if (accessKeyId === undefined && signature === undefined) return undefined;
  const expires = value('Expires');
  if (!accessKeyId || !signature || !expires || !/^\d{1,15}$/.test(expires)) return 'incomplete';
  return { accessKeyId, signature, expires, sessionToken: value('x-amz-security-token') };
}

/** What an `Authorization` header of Version 2 says. */
export interface HeaderClaim2 {
  readonly accessKeyId: string;
  readonly signature: string;
}

/** `AWS AKIA…:signature`. @returns undefined for any other scheme, `malformed` for what only begins like it */
export function readHeader2(authorization: string | undefined): HeaderClaim2 | 'malformed' | undefined {
  if (!authorization?.startsWith('AWS ')) return undefined;
  const match = /^AWS ([^:\s]+):([A-Za-z0-9+/=]+)$/.exec(authorization);
  return match ? { accessKeyId: match[1], signature: match[2] } : 'malformed';
}

/** Parameters that name a sub-resource or override a response header: only these are signed. */
const SIGNED_PARAMETERS = new Set(
  (
    'accelerate acl analytics cors delete encryption inventory lifecycle location logging metrics notification ' +
    'object-lock partNumber policy publicAccessBlock replication requestPayment restore retention legal-hold select ' +
    'select-type storageClass tagging torrent uploadId uploads versionId versioning versions website ' +
    'response-cache-control response-content-disposition response-content-encoding response-content-language ' +
    'response-content-type response-expires'
  ).split(' '),
);

export interface Signable2 {
  readonly method: string;
  readonly query: Query;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * @param resource path with the bucket in front, percent-encoded as received
 * @param date when a URL ends, or when a request was made
 */
export function stringToSign2(request: Signable2, resource: string, date: string): string {
  const { method, query, headers } = request;
  const amz = [...Object.entries(headers), ...query]
    .filter(([name]) => name.startsWith('x-amz-'))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .sort();
  const parameters = query
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .sort();
  const suffix = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  const head = [method, headers['content-md5'] ?? '', headers['content-type'] ?? '', date];
  return `${head.join('\n')}\n${amz.join('')}${resource}${suffix}`;
}

/** Base64. */
export function sign2(secret: string, text: string): string {
  return createHmac('sha1', secret).update(text).digest('base64');
}
