/**
 * The body that belongs to a signature. Most services sign the hash of a document, which is read here first. S3 lets
 * the client say how the body is covered (`x-amz-content-sha256`); it is then unframed and verified while the handler
 * reads it, and a mismatch is thrown at the end of the stream, before anything is committed. Source: Amazon S3 API
 * reference, "Authenticating Requests (AWS Signature Version 4)", "Signature Calculations ...".
 */
import { createHash } from 'node:crypto';
import { type Bytes, collect, once, TooLong } from '../base/bytes';
import { AwsError } from '../base/errors';
import type { Request } from '../base/http';
import { unframe } from '../engine/sigv4/chunks';
import type { Claim } from '../engine/sigv4/claim';
import { EMPTY_SHA256, type Seed, sha256 } from '../engine/sigv4/signature';
import type { Body } from './call';
import { noBody } from './incoming';
import type { Dialect } from './rejection';

export interface Payload {
  /** The last line of the canonical request. */
  readonly hash: string;
  /** The body as the handler may see it. @param seed of the verified signature; absent for anonymous requests */
  open(seed: Seed | undefined): Body;
}

const NO_TRAILERS: Body['trailers'] = {};
const NOTHING: Body = { stream: noBody, length: 0, trailers: NO_TRAILERS };

/**
 * A document, read whole and hashed.
 * @throws AwsError when it is longer than `limitBytes`
 */
export async function documentPayload(request: Request, dialect: Dialect, limitBytes: number): Promise<Payload> {
  if (!hasBody(request)) return { hash: EMPTY_SHA256, open: () => NOTHING };
  const bytes = await readDocument(request.body, dialect, limitBytes);
  const body: Body = { stream: once(bytes), length: bytes.length, trailers: NO_TRAILERS };
  return { hash: sha256(bytes), open: () => body };
}

/** @throws AwsError when the stream is longer than `limitBytes`, and what the stream throws */
export async function readDocument(stream: Bytes, dialect: Dialect, limitBytes: number): Promise<Buffer> {
  try {
    return await collect(stream, limitBytes);
  } catch (error) {
    throw error instanceof TooLong ? tooLong(dialect, limitBytes) : error;
  }
}

/**
 * A body as S3 clients send it.
 * @throws AwsError for a value of `x-amz-content-sha256` that S3 does not know
 */
export function streamPayload(request: Request, claim: Claim | undefined): Payload {
  const { headers } = request;
  const mode = headers['x-amz-content-sha256'] ?? modeInQuery(request, claim);
  if (mode === undefined) {
    if (claim?.form === 'header') {
      throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
    }
    return plainPayload(request);
  }
  if (mode === 'UNSIGNED-PAYLOAD') return plainPayload(request);
  if (mode === EMPTY_SHA256 && !hasBody(request)) return { hash: mode, open: () => NOTHING };
  if (SHA256.test(mode)) return hashedPayload(request, mode);
  const form = framings.get(mode);
  if (!form) throw unknownMode(mode);
  const lengthBytes = decodedLength(headers['x-amz-decoded-content-length']);
  const announced = form.trailers ? namesIn(headers['x-amz-trailer'] ?? '') : undefined;
  return {
    hash: mode,
    open(seed) {
      if (form.signed && !seed) throw unknownMode(mode);
      const trailers: Record<string, string> = {};
      const framing = { seed: form.signed ? seed : undefined, trailers: announced, lengthBytes };
      return { stream: unframe(request.body, framing, trailers), length: lengthBytes, trailers };
    },
  };
}

/** A presigned URL may carry the mode among its signed parameters; it is otherwise unsigned. */
function modeInQuery(request: Request, claim: Claim | undefined): string | undefined {
  if (claim?.form !== 'query') return undefined;
  return request.query.find(([name]) => name === 'X-Amz-Content-Sha256')?.[1];
}

const SHA256 = /^[0-9a-f]{64}$/;

const framings = new Map([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailers: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailers: true }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailers: true }],
]);

export function hasBody(request: Request): boolean {
  return request.contentLength === undefined
    ? request.headers['transfer-encoding'] !== undefined
    : request.contentLength > 0;
}

function plainPayload(request: Request): Payload {
  const body = hasBody(request)
    ? { stream: request.body, length: request.contentLength, trailers: NO_TRAILERS }
    : NOTHING;
  return { hash: 'UNSIGNED-PAYLOAD', open: () => body };
}

function hashedPayload(request: Request, expected: string): Payload {
  const body: Body = {
    stream: verified(request.body, expected),
    length: request.contentLength,
    trailers: NO_TRAILERS,
    signed: { stream: request.body, confirm: (sha256) => confirm(expected, Buffer.from(sha256).toString('hex')) },
  };
  return {
    hash: expected,
    open() {
      if (!hasBody(request)) throw mismatch(expected, EMPTY_SHA256);
      return body;
    },
  };
}

async function* verified(stream: Bytes, expected: string): Bytes {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
  confirm(expected, hash.digest('hex'));
}

function confirm(expected: string, computed: string): void {
  if (computed !== expected) throw mismatch(expected, computed);
}

function mismatch(expected: string, computed: string): AwsError {
  return new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { fields: { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: computed } },
  );
}

function decodedLength(text: string | undefined): number {
  if (text === undefined || text === '') {
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 });
  }
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AwsError('InvalidArgument', 'The value of x-amz-decoded-content-length must be a number of bytes.', {
    fields: { ArgumentName: 'x-amz-decoded-content-length', ArgumentValue: text },
  });
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

function unknownMode(mode: string): AwsError {
  if (mode.startsWith('STREAMING-AWS4-ECDSA-')) {
    return new AwsError('NotImplemented', `Signature Version 4A (${mode}) is not implemented`, { status: 501 });
  }
  const known = ['UNSIGNED-PAYLOAD', ...framings.keys()].join(', ');
  return new AwsError('InvalidArgument', `x-amz-content-sha256 must be ${known}, or a valid sha256 value.`, {
    fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: mode },
  });
}

function tooLong(dialect: Dialect, limitBytes: number): AwsError {
  if (dialect === 's3') {
    return new AwsError('MaxMessageLengthExceeded', 'Your request was too big.', {
      fields: { MaxMessageLengthBytes: limitBytes },
    });
  }
  return new AwsError('RequestEntityTooLargeException', `Request must be smaller than ${limitBytes} bytes`, {
    status: 413,
  });
}
