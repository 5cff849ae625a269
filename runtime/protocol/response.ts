/** What all answers have in common, good or bad. */
import type { Response } from '../base/http';
import type { WriteContext } from './port';

/** The headers that every answer has. S3 names its request id otherwise, and has a second one. */
export function responseHeaders(s3: boolean, { requestId, hostId }: WriteContext): Record<string, string> {
  if (!s3) return { 'x-amzn-requestid': requestId };
  return hostId ? { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId } : { 'x-amz-request-id': requestId };
}

/** A body that is wholly there. A content type that is set already stays. */
export function withBody(status: number, headers: Record<string, string>, type: string, body: Uint8Array): Response {
  headers['content-type'] ??= type;
  headers['content-length'] = String(body.length);
  return { status, headers, body };
}
