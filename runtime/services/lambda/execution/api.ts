/**
 * The Runtime API that a function's process talks to, one loopback server per execution environment: its address tells
 * the environments apart. Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collect, TooLong } from '../../../base/bytes';
import { LONGEST_RESPONSE } from './errors';

/** An invocation as handed to the runtime. */
export interface Invocation {
  readonly requestId: string;
  readonly invokedArn: string;
  readonly traceId: string;
  readonly payload: Uint8Array;
  /** JSON text, decoded. */
  readonly clientContext?: string;
  /** Takes a response that is streamed while it is made. Absent: it is taken when it is whole. */
  readonly sink?: Sink;
}

export interface Sink {
  begin(contentType: string | undefined): void;
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
}

/** A response while it comes. */
export interface Streamed {
  readonly contentType?: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** What went wrong on the way; known when the chunks have ended. */
  failure(): { readonly errorType: string; readonly body: Buffer } | undefined;
}

/** The environment behind the API. */
export interface Host {
  /** The runtime asks for work; `answer` is kept until there is some. */
  next(answer: (invocation: Invocation, deadline: number) => void): void;
  /** Whether `requestId` is what the runtime is working on. */
  expects(requestId: string): boolean;
  responded(payload: Buffer | 'tooLarge'): void;
  /** Resolves when the response has ended, whatever came of it. */
  streamed(response: Streamed): Promise<void>;
  failed(payload: Buffer | 'tooLarge', errorType: string | undefined): void;
  initFailed(payload: Buffer | 'tooLarge', errorType: string | undefined): void;
}

export interface RuntimeApi {
  /** `host:port`, as in `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  close(): void;
}

const BASE = '/2018-06-01/runtime';
const INVOCATION = /^\/2018-06-01\/runtime\/invocation\/([0-9a-zA-Z-]{1,64})\/(response|error)$/;

export async function serveRuntimeApi(host: Host): Promise<RuntimeApi> {
  const server = createServer((request, response) => {
    answer(host, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  server.unref();
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function answer(host: Host, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '' } = request;
  if (method === 'GET' && url === `${BASE}/invocation/next`) return host.next((...work) => hand(response, ...work));
  if (method !== 'POST') return reply(response, 404, { errorMessage: 'Not found', errorType: 'NotFound' });
  const errorType = header(request, 'lambda-runtime-function-error-type');
  const [, requestId, kind] = INVOCATION.exec(url) ?? [];
  const streaming = header(request, 'lambda-runtime-function-response-mode') === 'streaming';
  if (streaming && kind === 'response' && host.expects(requestId)) {
    await host.streamed(streamOf(request));
    return reply(response, 202, { status: 'OK' });
  }
  const body = await collect(request, LONGEST_RESPONSE).catch((error: unknown) => {
    if (error instanceof TooLong) return 'tooLarge' as const;
    throw error;
  });
  if (url === `${BASE}/init/error`) {
    host.initFailed(body, errorType);
    return reply(response, 202, { status: 'OK' });
  }
  if (!requestId) return reply(response, 404, { errorMessage: 'Not found', errorType: 'NotFound' });
  if (!host.expects(requestId)) {
    return reply(response, 400, { errorMessage: 'Invalid request ID', errorType: 'InvalidRequestID' });
  }
  if (kind === 'response') host.responded(body);
  else host.failed(body, errorType);
  if (body !== 'tooLarge') return reply(response, 202, { status: 'OK' });
  reply(response, 413, { errorMessage: 'Exceeded maximum allowed payload size', errorType: 'RequestEntityTooLarge' });
}

/** Source: Lambda developer guide, "Implementing response streaming in a custom runtime". */
function streamOf(request: IncomingMessage): Streamed {
  return {
    contentType: header(request, 'content-type'),
    chunks: request,
    failure() {
      const errorType = request.trailers['lambda-runtime-function-error-type'];
      if (errorType === undefined) return undefined;
      const encoded = request.trailers['lambda-runtime-function-error-body'] ?? '';
      return { errorType, body: Buffer.from(encoded, 'base64') };
    },
  };
}

function hand(response: ServerResponse, invocation: Invocation, deadline: number): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': invocation.payload.length,
    'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
    'Lambda-Runtime-Deadline-Ms': deadline,
    'Lambda-Runtime-Invoked-Function-Arn': invocation.invokedArn,
    'Lambda-Runtime-Trace-Id': invocation.traceId,
    ...(invocation.clientContext && { 'Lambda-Runtime-Client-Context': invocation.clientContext }),
  });
  response.end(invocation.payload);
}

function reply(response: ServerResponse, status: number, document: Readonly<Record<string, string>>): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
