/**
 * The vendor's clients without a socket: a request handler that turns the SDK's request into a Request value, runs it
 * through the pipeline and hands the answer back as a stream. Signing, retries and everything else stay the SDK's own.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bytes, once } from './base/bytes';
import type { Clock } from './base/clock';
import { AwsError } from './base/errors';
import type { Request } from './base/http';
import type { Answer } from './kernel/http';
import { noBody, readTarget } from './kernel/incoming';
import { headersOf, type StatedStandpoint, standpointOf } from './kernel/standpoint';

/** As much of a client as matters here. */
interface SdkClient {
  readonly middlewareStack: {
    add(middleware: (next: (args: unknown) => Promise<{ output: unknown }>) => typeof next, options: object): void;
  };
}

/**
 * Remembers when a client presigned a URL, if its time stamp cannot tell: the stamp is of whole seconds, and the clock
 * was moved within that second.
 */
export function noteSignings(
  client: unknown,
  now: () => { readonly clock: Clock; readonly known: Map<string, number> },
) {
  const noting = (next: (args: unknown) => Promise<{ output: unknown }>) => async (args: unknown) => {
    const result = await next(args);
    const signature = (result.output as { presigned?: SdkRequest } | undefined)?.presigned?.query?.['X-Amz-Signature'];
    const { clock, known } = now();
    const last = clock.moves().at(-1);
    if (typeof signature === 'string' && last && clock.now() - (last.from + last.byMs) < 1000) {
      known.set(signature, clock.now());
    }
    return result;
  };
  (client as SdkClient).middlewareStack.add(noting, {
    name: 'cofferNoteSignings',
    step: 'initialize',
    priority: 'high',
  });
}

/**
 * Gives errors of refused requests their explanation as `cause`, which test runners print below the error.
 * @param whyOf the explanation of a refusal, to be read; undefined when the request was not refused by policy
 */
export function explainRefusals(client: unknown, whyOf: (requestId: string) => string | undefined): void {
  const explaining = (next: (args: unknown) => Promise<{ output: unknown }>) => async (args: unknown) => {
    try {
      return await next(args);
    } catch (error) {
      const { $metadata } = error as { $metadata?: { requestId?: string } };
      const why = $metadata?.requestId === undefined ? undefined : whyOf($metadata.requestId);
      if (why !== undefined) {
        const cause = Object.assign(new Error(why), { name: 'Refusal', stack: why });
        Object.defineProperty(error, 'cause', { value: cause, enumerable: false, configurable: true, writable: true });
      }
      throw error;
    }
  };
  (client as SdkClient).middlewareStack.add(explaining, {
    name: 'cofferExplainRefusals',
    step: 'initialize',
    priority: 'high',
  });
}

/** As much of the SDK's request as matters here. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

interface HandlerOptions {
  readonly abortSignal?: { readonly aborted: boolean; onabort?: unknown };
}

export interface RequestHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(request: SdkRequest, options?: HandlerOptions): Promise<{ response: SdkResponse }>;
  destroy(): void;
}

/** For the `requestHandler` of a client's configuration. */
export function createRequestHandler(answer: Answer, from: StatedStandpoint = {}): RequestHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(sdkRequest, { abortSignal } = {}) {
      // As a socket would: whoever asks again and again in a loop leaves time for everybody else.
      await nextTurn();
      if (abortSignal?.aborted) throw aborted();
      const response = await answer(toRequest(sdkRequest, from));
      if (abortSignal?.aborted) throw aborted();
      const { status, headers, body } = response;
      const bodiless = sdkRequest.method === 'HEAD' || body === undefined;
      return { response: { statusCode: status, headers, body: bodiless ? Readable.from([]) : readable(body) } };
    },
    destroy() {},
  };
}

function toRequest(sdkRequest: SdkRequest, from: StatedStandpoint): Request {
  const headers: Record<string, string> = Object.assign(Object.create(null), headersOf(from));
  for (const [name, value] of Object.entries(sdkRequest.headers)) {
    if (value === undefined) continue;
    validateHeaderName(name); // as the SDK's own handler does by way of node:http
    validateHeaderValue(name, value);
    headers[name.toLowerCase()] = value;
  }
  const body = bytesOf(sdkRequest.body);
  if (body.length !== undefined) headers['content-length'] ??= String(body.length);
  const declared = headers['content-length'];
  if (declared === undefined) headers['transfer-encoding'] = 'chunked';
  const contentLength = declared === undefined ? undefined : Number(declared);
  return {
    method: sdkRequest.method,
    ...readTarget(targetOf(sdkRequest)),
    headers,
    contentLength: body.stream === noBody && contentLength === 0 ? undefined : contentLength,
    body: contentLength === undefined ? body.stream : exactly(body.stream, contentLength),
    ...standpointOf(headers, '127.0.0.1'),
  };
}

function targetOf({ path, query }: SdkRequest): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      pairs.push(item === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(item)}`);
    }
  }
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function bytesOf(body: unknown): { stream: Bytes; length?: number } {
  if (body === undefined || body === null || body === '') return { stream: noBody, length: 0 };
  if (typeof body === 'string') return bytesOf(Buffer.from(body));
  if (body instanceof Uint8Array) return { stream: once(body), length: body.length };
  if (body instanceof ArrayBuffer) return bytesOf(new Uint8Array(body));
  if (body instanceof Blob) return { stream: body.stream() as unknown as Bytes, length: body.size };
  return { stream: body as Bytes };
}

/** On a socket a body that is longer or shorter than declared cannot be; here it is checked. */
async function* exactly(stream: Bytes, length: number): Bytes {
  let left = length;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    left -= bytes.length;
    if (left < 0) break;
    yield bytes;
  }
  if (left !== 0) {
    throw new AwsError('IncompleteBody', 'The body is not as long as its Content-Length header says.');
  }
}

function readable(body: Uint8Array | Bytes): Readable {
  return Readable.from(body instanceof Uint8Array ? [body] : body, { objectMode: false });
}

function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}
