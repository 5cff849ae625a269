/**
 * Requests as access logs tell them: one record for most, two for a copy, one more per key for a deletion of many.
 * Leaves out what was never negotiated or measured here (cipher suite, source Region):
 * such fields are `-`, "unknown or unavailable". Source: S3 user guide, "Amazon S3 server access log format".
 */
import type { Request } from '../../../base/http';
import type { Kernel } from '../../../kernel/call';
import type { Principal } from '../../../kernel/principal';
import type { Exchange } from '../../../kernel/service';
import { accessPointArn, accessPointOf } from '../accesspoints';
import { copySourceOf } from '../copies';
import { canonicalId } from '../owners';
import { loggedOperation } from './operations';

export interface AccessRecord {
  readonly bucket: string;
  /** Virtual milliseconds. */
  readonly at: number;
  readonly remoteAddress: string;
  readonly principal?: Principal;
  readonly requestId: string;
  readonly operation: string;
  readonly key?: string;
  readonly status: number;
  readonly error?: string;
  readonly bytesSent?: number;
  readonly sizeBytes?: number;
  readonly versionId?: string;
  readonly hostId?: string;
  readonly headers: Request['headers'];
  readonly signature?: 'SigV2' | 'SigV4';
  readonly authentication?: 'AuthHeader' | 'QueryString';
  /** ARN of the access point that it came through. */
  readonly accessPoint?: string;
  readonly tlsVersion?: string;
  readonly aclRequired: boolean;
  /** Absent for the single keys of a deletion of many: they are no request of their own. */
  readonly line?: { readonly uri?: string; readonly tookMs: number };
}

interface Input {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly VersionId?: string;
  readonly CopySource?: string;
  readonly ContentLength?: number;
  readonly Delete?: { readonly Objects?: readonly { readonly Key?: string; readonly VersionId?: string }[] };
}

interface Output {
  readonly ContentLength?: number;
  readonly ContentRange?: string;
  readonly Errors?: readonly { readonly Key?: string; readonly VersionId?: string; readonly Code?: string }[];
}

/** Statuses of single keys of a deletion, of which the answer tells the code only; all others are 400. */
const STATUSES: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  NoSuchVersion: 404,
  PreconditionFailed: 412,
  NotImplemented: 501,
};

/** The records of one request; those of buckets that do not log are for the caller to drop. */
export function accessRecords(exchange: Exchange): AccessRecord[] {
  const { record, response, principal } = exchange;
  // What a website asks for a visitor is logged as the visitor asked for it.
  const { visit } = exchange.request;
  const request = visit ?? exchange.request;
  const input = exchange.input as Input;
  const output = exchange.output as Output | undefined;
  const via = accessPointOf(exchange.request);
  const operation = loggedOperation(record.operation ?? '', response && record.method, input.Key !== undefined);
  const uri = response && `${record.method} ${visit?.target ?? record.target} HTTP/1.1`;
  const whole: AccessRecord = {
    bucket: via?.bucket ?? input.Bucket ?? '',
    at: record.at,
    remoteAddress: record.remoteAddress,
    principal,
    requestId: record.requestId,
    operation: visit ? operation.replace('REST', 'WEBSITE') : operation,
    key: input.Key,
    status: record.status,
    error: record.error,
    bytesSent: record.method === 'HEAD' ? undefined : bytesSent(exchange),
    sizeBytes: output && sizeOf(record.operation, request, input, output),
    versionId: input.VersionId,
    hostId: response?.headers['x-amz-id-2'],
    headers: request.headers,
    ...signatureOf(request),
    accessPoint: via && accessPointArn(via),
    tlsVersion: response && request.tlsVersion,
    aclRequired: exchange.granted,
    line: { uri, tookMs: record.tookMs },
  };
  if (record.operation === 'DeleteObjects') return [whole, ...deletions(whole, input, output)];
  const source = input.CopySource === undefined ? undefined : sourceOf(input.CopySource);
  if (!source) return [whole];
  const { bucket, key, versionId } = source;
  const read = { bucket, key, versionId, operation: `${operation}_GET`, bytesSent: undefined };
  return [
    { ...whole, versionId: undefined },
    { ...whole, ...read },
  ];
}

/** A source that names nothing was read nowhere. */
function sourceOf(header: string): ReturnType<typeof copySourceOf> | undefined {
  try {
    return copySourceOf(header);
  } catch {
    return undefined;
  }
}

/** `BATCH.DELETE.OBJECT`: what became of each key. */
function deletions(whole: AccessRecord, input: Input, output: Output | undefined): AccessRecord[] {
  if (!output) return [];
  const refused = new Map(output.Errors?.map(({ Key, VersionId, Code }) => [`${VersionId ?? ''}/${Key}`, Code]));
  return (input.Delete?.Objects ?? []).map(({ Key, VersionId }) => {
    const error = refused.get(`${VersionId ?? ''}/${Key}`);
    return {
      ...whole,
      operation: 'BATCH.DELETE.OBJECT',
      key: Key,
      versionId: VersionId,
      status: error === undefined ? 204 : (STATUSES[error] ?? 400),
      error,
      bytesSent: undefined,
      line: undefined,
    };
  });
}

function bytesSent({ response }: Exchange): number | undefined {
  const length = response?.body instanceof Uint8Array ? response.body.length : response?.headers['content-length'];
  return Number(response?.body === undefined ? 0 : length) || undefined;
}

/** Size of the object that was read or written, where the request or its answer tells it. */
function sizeOf(operation: string | undefined, request: Request, input: Input, output: Output): number | undefined {
  if (operation === 'GetObject' || operation === 'HeadObject') {
    const total = output.ContentRange?.split('/')[1];
    return total === undefined ? output.ContentLength : Number(total);
  }
  if (operation !== 'PutObject' && operation !== 'UploadPart') return undefined;
  const decoded = request.headers['x-amz-decoded-content-length'];
  return decoded === undefined ? (input.ContentLength ?? request.contentLength ?? 0) : Number(decoded);
}

function signatureOf({ headers, query }: Request): Pick<AccessRecord, 'signature' | 'authentication'> {
  if (headers.authorization !== undefined)
    return { signature: headers.authorization.startsWith('AWS ') ? 'SigV2' : 'SigV4', authentication: 'AuthHeader' };
  for (const [name] of query) {
    if (name === 'X-Amz-Signature') return { signature: 'SigV4', authentication: 'QueryString' };
    if (name === 'Signature') return { signature: 'SigV2', authentication: 'QueryString' };
  }
  return {};
}

// ---- as text ------------------------------------------------------------------------------------------------------

/** One line of a log object, without its end. @param account that owns the bucket */
export function lineOf(kernel: Kernel, account: string, record: AccessRecord): string {
  const { line, headers } = record;
  const took = line && Math.max(1, Math.round(line.tookMs));
  const fields = [
    canonicalId(kernel, account),
    record.bucket,
    timeOf(record.at),
    record.remoteAddress.replace(/^::ffff:(?=\d+\.)/i, ''),
    requesterOf(kernel, record.principal),
    record.requestId,
    record.operation,
    record.key === undefined ? undefined : encoded(encoded(record.key)),
    line?.uri === undefined ? undefined : quoted(line.uri),
    record.status,
    record.error,
    record.bytesSent,
    record.sizeBytes,
    took,
    took,
    line && quoted(headers.referer),
    line && quoted(headers['user-agent']),
    record.versionId === undefined ? undefined : encoded(record.versionId),
    record.hostId,
    record.signature,
    undefined, // cipher suite
    record.authentication,
    headers.host,
    record.tlsVersion === undefined ? undefined : `TLSv${record.tlsVersion}`,
    record.accessPoint,
    record.aclRequired ? 'Yes' : undefined,
    undefined, // source Region: no request here comes out of one
  ];
  return fields.map((field) => (field === undefined || field === '' ? '-' : field)).join(' ');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `[06/Feb/2019:00:00:38 +0000]`. */
function timeOf(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `[${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000]`;
}

/** Accounts by their canonical id, users and sessions by ARN, services as `svc:` and their name. */
function requesterOf(kernel: Kernel, principal: Principal | undefined): string | undefined {
  if (!principal || principal.kind === 'anonymous') return undefined;
  if (principal.kind === 'service') return `svc:${principal.service}`;
  return principal.kind === 'root' ? canonicalId(kernel, principal.account ?? '') : principal.arn;
}

/** Keys are encoded twice: logs are made of URLs that were encoded once already. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()).replaceAll('%2F', '/');
}

/** A quote within would end the field: it is percent-encoded, so that no client writes fields of its own. */
function quoted(text = '-'): string {
  return `"${text.replaceAll('"', '%22')}"`;
}
