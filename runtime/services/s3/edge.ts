/**
 * What S3 answers beside its operations: CORS preflights, CORS headers on every other answer to a browser, browsers' forms,
 * and who was charged. Leaves out websites: `edge/website.ts`. Source: S3 user guide, "Using cross-origin resource sharing (CORS)".
 */
import type { Request, Response } from '../../base/http';
import type { Kernel } from '../../kernel/call';
import type { Edge } from '../../kernel/service';
import { type CorsRule, corsHeaders, matchingRule } from './cors';
import { badRequest, corsForbidden, preconditionFailed } from './errors';
import { formRequest, isForm, isNoForm } from './forms/request';
import { isCharged } from './payer';
import { findBucket, findConfiguration } from './state/buckets';
import type { Bucket } from './state/tables';

export const edge: Edge = {
  before(request, kernel) {
    if (request.method !== 'OPTIONS' || isFunctionUrl(request)) return undefined;
    return preflight(request, kernel);
  },
  rewrite(request) {
    if (isNoForm(request)) throw preconditionFailed('Bucket POST must be of the enclosure-type multipart/form-data');
    const bucket = isForm(request) ? bucketNameIn(request) : undefined;
    return bucket === undefined ? undefined : formRequest(request, bucket);
  },
  wants: (request) => request.headers.origin !== undefined || isCharged(request) || mayHeadBucket(request),
  async after(request, response, kernel) {
    if (isCharged(request) && response.status < 400) response.headers['x-amz-request-charged'] = 'requester';
    const hidden = mayHeadBucket(request) && response.status >= 400;
    if (request.headers.origin === undefined && !hidden) return;
    const target = await targetOf(request, kernel);
    // Whoever may not look into a bucket is told where it is all the same: clients find its region so.
    if (hidden && target.bucket && !target.onObject) response.headers['x-amz-bucket-region'] = target.bucket.region;
    if (request.headers.origin === undefined) return;
    const rules = target.bucket && (await rulesOf(kernel, target.bucket));
    const rule = rules && matchingRule(rules, request);
    if (rule) Object.assign(response.headers, corsHeaders(rule, request));
  },
};

async function preflight(request: Request, kernel: Kernel): Promise<Response> {
  const { headers } = request;
  if (headers.origin === undefined) throw badRequest('Insufficient information. Origin request header needed.');
  const method = headers['access-control-request-method'];
  const { bucket, onObject } = await targetOf(request, kernel);
  if (!bucket) throw corsForbidden('CORSResponse: Bucket not found', method ?? request.method, 'BUCKET');
  const rules = await rulesOf(kernel, bucket);
  if (!rules)
    throw corsForbidden('CORSResponse: CORS is not enabled for this bucket.', method ?? request.method, 'BUCKET');
  if (method === undefined) throw badRequest('Invalid Access-Control-Request-Method: null');
  const rule = matchingRule(rules, request);
  if (!rule)
    throw corsForbidden(
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      method,
      onObject ? 'OBJECT' : 'BUCKET',
    );
  const answer = { 'content-length': '0', 'x-amz-request-id': kernel.random.upper(16), ...corsHeaders(rule, request) };
  return { status: 200, headers: answer };
}

async function rulesOf({ store }: Kernel, bucket: Bucket): Promise<readonly CorsRule[] | undefined> {
  return (await findConfiguration(store, bucket.id, 'cors'))?.value as readonly CorsRule[] | undefined;
}

/** The bucket that a request is about, by host or by path, whichever names one that exists. */
async function targetOf(
  { headers, path }: Request,
  { store }: Kernel,
): Promise<{ bucket?: Bucket; onObject: boolean }> {
  const byHost = bucketInHost(headers.host);
  const hosted = byHost && (await findBucket(store, byHost));
  if (hosted) return { bucket: hosted, onObject: path.length > 1 };
  const [, byPath = '', key = ''] = path.split('/', 3);
  return { bucket: byPath === '' ? undefined : await findBucket(store, byPath), onObject: key !== '' };
}

function bucketInHost(host = ''): string | undefined {
  return /^(.+?)\.(?:s3[.-].*|localhost)$/.exec(host.replace(/:\d+$/, '').toLowerCase())?.[1];
}

/** Where a form is posted to: the bucket of its path, else of its host. */
function bucketNameIn({ headers, path }: Request): string | undefined {
  return path === '/' ? bucketInHost(headers.host) : decodeURIComponent(path.split('/', 2)[1]);
}

/** What may be a HeadBucket: by host, or by path. */
const mayHeadBucket = ({ method, path }: Request) => method === 'HEAD' && /^\/[^/]*\/?$/.test(path);

function isFunctionUrl({ headers }: Request): boolean {
  return /\.lambda-url\./.test(headers.host ?? '');
}
