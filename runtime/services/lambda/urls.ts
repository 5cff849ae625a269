/**
 * Function URLs as their callers see them: `https://<id>.lambda-url.<region>.on.aws/`, told by the `Host` header, or the
 * path `/_lambda/url/<id>/` for who cannot set one. A caller is asked for his signature when the URL wants that, held
 * to the function's policy and his own, and the function gets the request as an event of version 2.0. Left out: answers
 * that are streamed. Source: Lambda developer guide, "Invoking Lambda function URLs", "Control access to Lambda function URLs".
 */
import { partitionOf } from '../../base/arn';
import { collect, TooLong } from '../../base/bytes';
import { isAwsError } from '../../base/errors';
import type { Request, Response } from '../../base/http';
import { isObject } from '../../engine/template/parse';
import type { Call, Identified, Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { anonymous, type Principal } from '../../kernel/principal';
import type { Edge } from '../../kernel/service';
import type { Fleet } from './execution/fleet';
import { type FunctionName, qualifiedArn } from './names';
import { targetOf } from './resolution';
import { type UrlCors, type UrlRow, urlIds, urls } from './state';

const HOST = /^([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.(?:on\.aws|localhost)(?::\d+)?$/;
const PATH = /^\/_lambda\/url\/([a-z0-9]{32})(\/.*)?$/;
/** Source: Lambda quotas, invocation payload. */
const MOST_BYTES = 6_291_456;

export const urlOf = ({ id, region }: Pick<UrlRow, 'id' | 'region'>) => `https://${id}.lambda-url.${region}.on.aws/`;

export const urlEdge = {
  before(request: Request, kernel: Kernel): Promise<Response> | undefined {
    const byHost = HOST.exec(request.headers.host ?? '')?.[1];
    if (byHost) return visit(kernel, request, byHost, request.path);
    const byPath = request.path.startsWith('/_lambda/url/') ? PATH.exec(request.path) : null;
    return byPath ? visit(kernel, request, byPath[1], byPath[2] ?? '/') : undefined;
  },
} satisfies Edge;

async function visit(kernel: Kernel, request: Request, id: string, path: string): Promise<Response> {
  const key = await kernel.store.get(urlIds, [id]);
  const row = key && (await kernel.store.get(urls, key));
  if (!row) return told(403, 'AccessDeniedException', { Message: 'Forbidden' });
  const cors = corsHeaders(row.cors, request);
  if (cors && request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
    return { status: 200, headers: { ...cors, 'content-length': '0' } };
  const response = await invoke(kernel, request, row, path);
  return { ...response, headers: { ...response.headers, ...cors } };
}

async function invoke(kernel: Kernel, request: Request, row: UrlRow, path: string): Promise<Response> {
  try {
    const { principal, body } = await senderOf(kernel, request, row);
    const bytes = await collect(body.stream, MOST_BYTES);
    const { account, region, name, qualifier } = row;
    const of = { account, region, partition: partitionOf(region), name, qualifier };
    const event = eventOf(kernel, request, row, path, principal, bytes);
    const peers = kernel.peers(principal, { account, region }) as Peers & Urls;
    const outcome = await peers.lambda.InvokeFunctionUrl({
      of,
      authType: row.authType,
      payload: JSON.stringify(event),
    });
    return outcome.failed
      ? told(502, 'InternalServerErrorException', { Message: 'Internal Server Error' })
      : answerOf(outcome.payload);
  } catch (error) {
    if (error instanceof TooLong)
      return told(413, 'RequestTooLargeException', {
        Message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
      });
    if (!isAwsError(error)) throw error;
    if (error.code === 'TooManyRequestsException')
      return told(429, error.code, { Message: error.message, Reason: 'ConcurrentInvocationLimitExceeded' });
    if (error.status >= 500) return told(502, error.code, { Message: 'Internal Server Error' });
    return told(403, 'AccessDeniedException', { Message: /AccessDenied/.test(error.code) ? FORBIDDEN : error.message });
  }
}

const FORBIDDEN =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/** A URL without authentication does not look at signatures. */
async function senderOf(kernel: Kernel, request: Request, { authType }: UrlRow): Promise<Identified> {
  if (authType === 'AWS_IAM') return kernel.identify(request, ['lambda'], MOST_BYTES);
  return { principal: anonymous, body: { stream: request.body, trailers: {} } };
}

function told(status: number, type: string, message: object): Response {
  const body = Buffer.from(JSON.stringify(message));
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
  return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
}

// ---- The invocation, as one that IAM is asked about ------------------------------------------------------------------

interface UrlInput {
  readonly of: FunctionName;
  readonly authType: string;
  readonly payload: string;
}

interface UrlOutcome {
  readonly failed: boolean;
  readonly payload: string;
}

interface Urls {
  readonly lambda: { InvokeFunctionUrl(input: UrlInput): Promise<UrlOutcome> };
}

/** No operation of the API: an action of IAM, which only URLs ask about. Both actions are since October 2025. */
export const urlActions = {
  InvokeFunctionUrl: ({ of, authType }: UrlInput) => [
    {
      action: 'lambda:InvokeFunctionUrl',
      resource: qualifiedArn(of),
      keys: { 'lambda:FunctionUrlAuthType': authType },
    },
    {
      action: 'lambda:InvokeFunction',
      resource: qualifiedArn(of),
      keys: { 'lambda:InvokedViaFunctionUrl': 'true' },
    },
  ],
};

export function urlInvocation(fleet: Fleet) {
  return {
    async InvokeFunctionUrl(call: Call, { of, payload }: UrlInput): Promise<UrlOutcome> {
      const { kernel, requestId, now } = call;
      const target = await targetOf(kernel.store, of, kernel.random);
      const root = `1-${Math.floor(now / 1000)
        .toString(16)
        .padStart(8, '0')}-${kernel.random.hex(24)}`;
      const outcome = await fleet.run(kernel, target, {
        requestId,
        invokedArn: qualifiedArn(of),
        traceId: `Root=${root};Parent=${kernel.random.hex(16)};Sampled=0`,
        payload: Buffer.from(payload),
      });
      return {
        failed: outcome.failure !== undefined,
        payload: Buffer.from(outcome.payload).toString(),
      };
    },
  };
}

// ---- What the function gets, and what it answers ---------------------------------------------------------------------

const TEXTUAL = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded|[\w.-]+\+(json|xml))\b)/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function eventOf(
  kernel: Kernel,
  request: Request,
  row: UrlRow,
  path: string,
  principal: Principal,
  body: Buffer,
): object {
  const { id, region, authType } = row;
  const { cookie, ...headers } = request.headers;
  const query = request.target.includes('?') ? request.target.slice(request.target.indexOf('?') + 1) : '';
  const parameters: Record<string, string> = {};
  for (const [name, value] of request.query)
    parameters[name] = name in parameters ? `${parameters[name]},${value}` : value;
  const type = request.headers['content-type'];
  const asText = body.length > 0 && type !== undefined && TEXTUAL.test(type);
  const now = new Date(kernel.clock.now());
  const two = (number: number) => String(number).padStart(2, '0');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: decoded(path),
    rawQueryString: query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers,
    ...(request.query.length > 0 && { queryStringParameters: parameters }),
    requestContext: {
      accountId: principal.account ?? 'anonymous',
      apiId: id,
      ...(authType === 'AWS_IAM' && { authorizer: { iam: identityOf(principal) } }),
      domainName: `${id}.lambda-url.${region}.on.aws`,
      domainPrefix: id,
      http: {
        method: request.method,
        path: decoded(path),
        protocol: 'HTTP/1.1',
        sourceIp: request.remoteAddress,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: kernel.random.uuid(),
      routeKey: '$default',
      stage: '$default',
      time: `${two(now.getUTCDate())}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}:${two(now.getUTCHours())}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())} +0000`,
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(asText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !asText,
  };
}

const identityOf = ({ accessKeyId, account, userId, arn }: Principal) => ({
  accessKey: accessKeyId,
  accountId: account,
  callerId: userId,
  cognitoIdentity: null,
  principalOrgId: null,
  userArn: arn,
  userId,
});

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What has no status code is the body of a 200, as JSON. */
function answerOf(payload: string): Response {
  const value: unknown = JSON.parse(payload);
  const whole = isObject(value) && value.statusCode !== undefined ? value : undefined;
  if (!whole)
    return bodied(
      200,
      { 'content-type': 'application/json' },
      Buffer.from(typeof value === 'string' ? value : payload),
    );
  const headers: Record<string, string> = {};
  for (const [name, one] of Object.entries(isObject(whole.headers) ? whole.headers : {}))
    headers[name.toLowerCase()] = String(one);
  if (Array.isArray(whole.cookies) && whole.cookies.length > 0) headers['set-cookie'] = whole.cookies.join(', ');
  headers['content-type'] ??= 'application/json';
  const text =
    whole.body === undefined || whole.body === null
      ? ''
      : typeof whole.body === 'string'
        ? whole.body
        : JSON.stringify(whole.body);
  const status = Number(whole.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    return told(502, 'InternalServerErrorException', { Message: 'Internal Server Error' });
  return bodied(status, headers, Buffer.from(text, whole.isBase64Encoded === true ? 'base64' : 'utf8'));
}

function bodied(status: number, headers: Record<string, string>, body: Buffer): Response {
  return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
}

// ---- Browsers -------------------------------------------------------------------------------------------------------

/** @returns undefined when the URL says nothing to this origin */
function corsHeaders(cors: UrlCors | undefined, { headers, method }: Request): Record<string, string> | undefined {
  const { origin } = headers;
  if (!cors || origin === undefined) return undefined;
  const { AllowOrigins = [], AllowMethods = [], AllowHeaders = [], ExposeHeaders = [] } = cors;
  const all = AllowOrigins.includes('*');
  if (!all && !AllowOrigins.includes(origin)) return undefined;
  const preflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
  const lists = preflight ? { methods: AllowMethods, headers: AllowHeaders } : { methods: [], headers: [] };
  return {
    'access-control-allow-origin': all && !cors.AllowCredentials ? '*' : origin,
    vary: 'Origin',
    ...(cors.AllowCredentials && { 'access-control-allow-credentials': 'true' }),
    ...(lists.methods.length > 0 && { 'access-control-allow-methods': lists.methods.join(',') }),
    ...(lists.headers.length > 0 && { 'access-control-allow-headers': lists.headers.join(',') }),
    ...(preflight && cors.MaxAge !== undefined && { 'access-control-max-age': String(cors.MaxAge) }),
    ...(!preflight && ExposeHeaders.length > 0 && { 'access-control-expose-headers': ExposeHeaders.join(',') }),
  };
}
