/**
 * Website endpoints: buckets as browsers see them. A visitor's request becomes an unsigned GET or HEAD of the object it
 * means, answered by S3 like any other, so that bucket policy, ACLs and Block Public Access decide; errors become pages.
 * Whether and how a bucket is a website is looked up as the endpoint itself: it is S3's own, and no policy hides from it
 * how a bucket is set up. Leaves out HTTPS, which website endpoints do not have: `aws:SecureTransport` is false for
 * visitors. Sources: S3 user guide, "Website endpoints", "Configuring an index document", "Configuring a custom error
 * document", "(Optional) Configuring a webpage redirect", "Setting permissions for website access".
 */
import { STATUS_CODES } from 'node:http';
import { AwsError, isAwsError } from '../base/errors';
import type { Request, Response } from '../base/http';
import {
  isFolder,
  keyOf,
  pathOf,
  type Redirect,
  redirectAll,
  redirectByRule,
  WEBSITE_ENDPOINT,
  type Website,
  type WebsiteHost,
  websiteEndpoint,
  websiteHost,
} from '../engine/website';
import type { Kernel } from '../kernel/call';
import { noBody } from '../kernel/incoming';
import { servicePrincipal } from '../kernel/principal';
import type { Edge } from '../kernel/service';

type Headers = Readonly<Record<string, string>>;

/** A request to the website of a bucket. */
interface Visit {
  readonly kernel: Kernel;
  readonly request: Request;
  readonly bucket: string;
  readonly website: Website;
  /** Request ids for answers that no request to S3 has given any. */
  readonly ids: Headers;
}

/** Headers of a visitor that say which bytes are wanted, and under which conditions. */
const READING = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
/** Headers that tell who asks: conditions of policies, CORS rules. */
const ASKING = ['origin', 'referer', 'user-agent'];
const PRODUCT_PAGE = 'https://aws.amazon.com/s3/';

export const website: Edge = {
  before(request, kernel) {
    const host = websiteHost(request.headers.host);
    // CORS preflights are answered alike by either endpoint of a bucket.
    return host && request.method !== 'OPTIONS' ? answer(request, kernel, host) : undefined;
  },
};

async function answer(request: Request, kernel: Kernel, host: WebsiteHost): Promise<Response> {
  const ids = { 'x-amz-request-id': kernel.random.upper(16), 'x-amz-id-2': kernel.random.bytes(42).toString('base64') };
  const { bucket } = host;
  if (bucket === undefined) return redirect({ status: 301, location: PRODUCT_PAGE }, ids);
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request.method);
    return await visit({ kernel, request, bucket, website: await websiteOf(kernel, bucket, host.region), ids });
  } catch (error) {
    if (!isAwsError(error)) throw error;
    return errorPage(error, ids);
  }
}

/** @throws AwsError NoSuchBucket, IncorrectEndpoint, NoSuchWebsiteConfiguration, AccessDenied (Requester Pays) */
async function websiteOf(kernel: Kernel, Bucket: string, asked: string | undefined): Promise<Website> {
  const scope = { account: kernel.defaultAccount, region: kernel.defaultRegion };
  const { s3 } = kernel.peers(servicePrincipal(WEBSITE_ENDPOINT), scope);
  if (asked !== undefined) {
    const { LocationConstraint: location = 'us-east-1' } = await s3.GetBucketLocation({ Bucket });
    const region = location === 'EU' ? 'eu-west-1' : location;
    if (region !== asked) throw incorrectEndpoint(`${Bucket}.${websiteEndpoint(region)}.amazonaws.com`);
  }
  const found = await s3.GetBucketWebsite({ Bucket });
  // "Requester Pays buckets do not allow access through a website endpoint."
  if ((await s3.GetBucketRequestPayment({ Bucket })).Payer === 'Requester') throw accessDenied();
  return found;
}

async function visit(asked: Visit): Promise<Response> {
  const { request, ids, website } = asked;
  const visited = { host: request.headers.host, target: request.target };
  const elsewhere = redirectAll(website, visited);
  if (elsewhere) return redirect(elsewhere, ids);
  const key = keyIn(request);
  const moved = redirectByRule(website, visited, key);
  if (moved) return redirect(moved, ids);

  const index = website.IndexDocument?.Suffix ?? '';
  const page = await read(asked, isFolder(key) ? key + index : key, READING);
  if (!page.failure || page.status === 304) return found(page);
  if (page.status === 404 && !isFolder(key) && (await exists(asked, `${key}/${index}`)))
    return errorPage(inFolder(`${pathOf(key)}/`), idsOf(page));
  const refuge = redirectByRule(website, visited, key, page.status);
  return refuge ? redirect(refuge, idsOf(page)) : failed(asked, page, page.failure);
}

/** The error document with the status of what went wrong, else a page about it. For 4XX only, as the guide says. */
async function failed(asked: Visit, page: Response, failure: AwsError): Promise<Response> {
  const key = failure.status < 500 ? asked.website.ErrorDocument?.Key : undefined;
  const document = key === undefined ? undefined : await read(asked, key);
  if (!document || document.failure) return errorPage(failure, idsOf(page), document?.failure);
  const answered = await found(document);
  if (answered !== document) return answered;
  return { ...document, status: failure.status, headers: { ...document.headers, ...errorHeaders(failure) } };
}

/** An object as it is, or where its metadata say that it has moved. */
async function found(page: Response): Promise<Response> {
  const location = page.headers['x-amz-website-redirect-location'];
  if (location === undefined) return page;
  if (page.body && !(page.body instanceof Uint8Array)) await page.body[Symbol.asyncIterator]().return?.();
  return redirect({ status: 301, location }, idsOf(page));
}

// ---- what the visitor may see of the bucket -----------------------------------------------------------------------

/** S3's answer to the visitor, unsigned; nothing but the object is asked for, whatever the visitor's query says. */
function read({ kernel, request, bucket }: Visit, key: string, names: readonly string[] = []): Promise<Response> {
  const headers: Record<string, string> = { host: `${bucket}.s3.localhost` };
  for (const name of [...ASKING, ...names])
    if (request.headers[name] !== undefined) headers[name] = request.headers[name];
  const { method, remoteAddress } = request;
  const path = pathOf(key);
  const whole = { method, target: path, path, query: [], headers, body: noBody, remoteAddress };
  return kernel.answer({ ...whole, secure: false, visit: request });
}

/** "The user can use the response code to infer whether a specific object exists", whoever may read it. */
async function exists(asked: Visit, key: string): Promise<boolean> {
  const { status } = await read({ ...asked, request: { ...asked.request, method: 'HEAD' } }, key);
  return status !== 404;
}

function keyIn({ path }: Request): string {
  try {
    return keyOf(path);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { fields: { URI: path } });
  }
}

// ---- errors -------------------------------------------------------------------------------------------------------

const methodNotAllowed = (Method: string) =>
  new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
    fields: { Method, ResourceType: 'OBJECT' },
  });

const accessDenied = () => new AwsError('AccessDenied', 'Access Denied', { status: 403 });

const incorrectEndpoint = (Endpoint: string) =>
  new AwsError(
    'IncorrectEndpoint',
    'The specified bucket exists in another region. Please direct requests to the specified endpoint.',
    { fields: { Endpoint } },
  );

/** Told like an error, though it is the way to the index document of a folder. */
const inFolder = (location: string) => new AwsError('Found', 'Resource Found', { status: 302, headers: { location } });

// ---- answers ------------------------------------------------------------------------------------------------------

function redirect({ status, location }: Redirect, ids: Headers): Response {
  return { status, headers: { ...ids, location, server: 'AmazonS3', 'content-length': '0' } };
}

/** @param second what went wrong with the error document */
function errorPage(error: AwsError, ids: Headers, second?: AwsError): Response {
  const title = `${error.status} ${STATUS_CODES[error.status] ?? ''}`;
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<h1>${title}</h1>`,
    ...list({ ...membersOf(error), RequestId: ids['x-amz-request-id'], HostId: ids['x-amz-id-2'] }),
    ...(second
      ? ['<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>', ...list(membersOf(second))]
      : []),
    '<hr/>',
    '</body>',
    '</html>',
    '',
  ];
  const headers = { ...ids, ...error.headers, ...errorHeaders(error), server: 'AmazonS3' };
  const body = Buffer.from(lines.join('\n'));
  return { status: error.status, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' }, body };
}

const membersOf = ({ code, message, fields }: AwsError) => ({ Code: code, Message: message, ...fields });

function list(members: Readonly<Record<string, unknown>>): string[] {
  return ['<ul>', ...Object.entries(members).map(([name, value]) => `<li>${name}: ${escaped(value)}</li>`), '</ul>'];
}

function escaped(value: unknown): string {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What a page says, for who asks with HEAD or gets the error document. */
function errorHeaders({ code, message, fields }: AwsError): Record<string, string> {
  const details = Object.entries(fields).map(([name, value]) => [
    `x-amz-error-detail-${name.toLowerCase()}`,
    `${value}`,
  ]);
  return { 'x-amz-error-code': code, 'x-amz-error-message': message, ...Object.fromEntries(details) };
}

function idsOf({ headers }: Response): Headers {
  return { 'x-amz-request-id': headers['x-amz-request-id'], 'x-amz-id-2': headers['x-amz-id-2'] };
}
