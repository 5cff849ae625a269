/**
 * Requester Pays: who is not the bucket's owner says with each request that they know what it costs. Source: S3 user
 * guide, "Using Requester Pays general purpose buckets for storage transfers and usage".
 */
import type { Request } from '../../base/http';
import type { Call } from '../../kernel/call';
import { accessDenied } from './errors';
import type { Bucket } from './state/tables';

const HEADER = 'x-amz-request-payer';

const charged = new WeakSet<Request>();

/**
 * "You must authenticate all requests", and each carries the header or, in a presigned URL, the parameter. AWS's own
 * services act for the owner.
 * @throws AwsError AccessDenied
 */
export function checkPayer({ principal, request }: Call, bucket: Bucket): void {
  if (!bucket.requesterPays || principal.kind === 'service' || principal.account === bucket.account) return;
  if (principal.kind === 'anonymous' || !agrees(request)) throw accessDenied();
  charged.add(request);
}

function agrees({ headers, query }: Request): boolean {
  const value = headers[HEADER] ?? query.find(([name]) => name.toLowerCase() === HEADER)?.[1];
  return value === 'requester';
}

/** Whether a request went to a bucket of somebody else who does not pay for it. */
export function isCharged(request: Request): boolean {
  return charged.has(request);
}
