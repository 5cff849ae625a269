/**
 * One attack: a request as an attacker would send it, signed, unsigned or presigned, and what came of it. Nothing here
 * asks whether something would be allowed: it is sent, and the answer counts.
 */
import { createHash } from 'node:crypto';
import { once } from '../base/bytes';
import { type AwsError, isAwsError } from '../base/errors';
import type { Request } from '../base/http';
import type { Explanation } from '../engine/policy/explain';
import { canonicalRequest } from '../engine/sigv4/canonical';
import { sha256, sign, signingKey, stringToSign } from '../engine/sigv4/signature';
import { noBody, readTarget } from '../kernel/incoming';
import type { Life } from '../life';

/** A request before somebody signs it. */
export interface Sketch {
  /** As in credential scopes. */
  readonly service: string;
  readonly region: string;
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Manner {
  /** Whose plain credentials sign it: an account's administrator. Absent: nobody signs. */
  readonly as?: string;
  /** Signed into the URL, some seconds ago, for so long. */
  readonly presigned?: { readonly agoSeconds: number; readonly expiresSeconds: number };
  /** Without TLS. */
  readonly plainHttp?: boolean;
  readonly tlsVersion?: string;
  /** What is changed after it was signed. */
  readonly tamper?: (request: Request) => Request;
  /** The body is not signed. */
  readonly unsignedPayload?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly code?: string;
  /** Why: the statement that decided, or the error's own words. */
  readonly reason: string;
}

/** Sends it to a (disposable) runtime. */
export async function send(life: Life, sketch: Sketch, manner: Manner): Promise<Answer> {
  const response = await life.answer(requestOf(sketch, manner, life.kernel.clock.now()));
  if (response.failure) return { status: response.status, ...told(response.failure) };
  const { requestId } = life.records.requests().at(-1)!;
  return { status: response.status, reason: await whyAllowed(life, requestId) };
}

/** The same for what a service does, which signs nothing: a call between services. */
export async function call(life: Life, work: () => Promise<unknown>): Promise<Answer> {
  try {
    await work();
    return { status: 200, reason: await whyAllowed(life, life.records.calls().at(-1)?.requestId ?? '') };
  } catch (error) {
    if (!isAwsError(error)) throw error;
    return { status: error.status, ...told(error) };
  }
}

function told({ code, message, detail }: AwsError): { code: string; reason: string } {
  const { reason = message } = (detail ?? {}) as Partial<Explanation>;
  return { code, reason };
}

async function whyAllowed({ authorize }: Life, requestId: string): Promise<string> {
  const explanations = await authorize.recent(requestId);
  return explanations.at(-1)?.reason ?? 'It asked for no permission.';
}

function requestOf(sketch: Sketch, manner: Manner, now: number): Request {
  const { method, path, query = {}, body = '', service, region } = sketch;
  const { as, presigned, plainHttp, tlsVersion = '1.3', tamper = (request) => request } = manner;
  const time = timestamp(now - (presigned?.agoSeconds ?? 0) * 1000);
  const payload = manner.unsignedPayload || presigned ? 'UNSIGNED-PAYLOAD' : sha256(Buffer.from(body));
  const headers: Record<string, string> = { host: '127.0.0.1', ...sketch.headers };
  if (body !== '') {
    headers['content-length'] = String(Buffer.byteLength(body));
    headers['content-md5'] ??= createHash('md5').update(body).digest('base64');
  }
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const asked: Record<string, string> = { ...query };
  if (as !== undefined && presigned) {
    Object.assign(asked, {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${as}/${scope}`,
      'X-Amz-Date': time,
      'X-Amz-Expires': String(presigned.expiresSeconds),
      'X-Amz-SignedHeaders': 'host',
    });
  } else {
    if (service === 's3') headers['x-amz-content-sha256'] = payload;
    if (as !== undefined) headers['x-amz-date'] = time;
  }
  const made = (): Request => ({
    method,
    ...readTarget(targetOf(path, asked)),
    headers,
    contentLength: body === '' ? undefined : Buffer.byteLength(body),
    body: body === '' ? noBody : once(Buffer.from(body)),
    remoteAddress: '203.0.113.66',
    secure: !plainHttp,
    tlsVersion: plainHttp ? undefined : tlsVersion,
  });
  if (as === undefined) return tamper(made());
  const signedHeaders = presigned ? ['host'] : Object.keys(headers).sort();
  const date = time.slice(0, 8);
  const claim = { date, region, service, scope, timestamp: time, signedHeaders };
  const canonical = canonicalRequest(made(), claim as never, payload);
  const signature = sign(signingKey(as, claim), stringToSign(claim, canonical));
  if (presigned) asked['X-Amz-Signature'] = signature;
  else {
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${as}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  }
  return tamper(made());
}

function targetOf(path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return pairs.length > 0 ? `${path}?${pairs.join('&')}` : path;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
