/**
 * Step 1: sockets to Request values and Response values to sockets, with a limit on everything. All that HTTP itself
 * asks for is settled here: `Expect`, keep-alive, bodies that nobody reads, clients that stall or go away. What a
 * request means is not known here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Bytes } from '../base/bytes';
import { AwsError } from '../base/errors';
import type { Request, Response } from '../base/http';
import { declaresBody, IncomingBody, noBody, originForm, readHeaders, readTarget } from './incoming';
import { STALL_SECONDS, Stalls } from './stalls';
import { type Standpoint, standpointOf } from './standpoint';

/** Request line and headers together. */
const LONGEST_HEAD_BYTES = 32 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 65_000;
const MOST_CONNECTIONS = 10_000;

/** Answers a request; must not reject. */
export type Answer = (request: Request) => Promise<Response>;

export interface ListenOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host: string;
  /** Virtual time for `Date` headers. */
  readonly now: () => number;
  readonly report: (line: string) => void;
  /** How long a client may pause while it sends a body or reads an answer. @default STALL_SECONDS */
  readonly patienceSeconds?: number;
  /** Given: the port speaks TLS as well as plain HTTP, whichever the client begins with. */
  readonly certificate?: Certificate;
}

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Listener {
  readonly port: number;
  readonly host: string;
  /** `http://127.0.0.1:4566`. */
  readonly url: string;
  /** `https://127.0.0.1:4566`, when the port speaks TLS. */
  readonly secureUrl?: string;
  close(): Promise<void>;
}

/** @throws Error of `node:net` (EADDRINUSE, EACCES, EADDRNOTAVAIL) when it cannot listen */
export async function listen(answer: Answer, options: ListenOptions): Promise<Listener> {
  const limits = { maxHeaderSize: LONGEST_HEAD_BYTES, connectionsCheckingInterval: 5_000, noDelay: true };
  const plain = createServer(limits);
  const secure = options.certificate && createSecureServer({ ...limits, ...options.certificate, minVersion: 'TLSv1' });
  const servers = secure ? [plain, secure] : [plain];
  const stalls = new Stalls(options.patienceSeconds ?? STALL_SECONDS);
  const date = dateHeader(options.now);
  const inTurn = together();

  const serve = (incoming: IncomingMessage, outgoing: ServerResponse, continues: boolean): void => {
    outgoing.on('error', () => outgoing.destroy());
    const head = readHeaders(incoming.rawHeaders);
    const body = declaresBody(head.headers)
      ? new IncomingBody(incoming, head.headers['content-length'], continues ? outgoing : undefined, stalls)
      : undefined;
    toAnswer(answer, incoming, head, body)
      .then(async (response) => {
        await inTurn();
        await respond(response, incoming, outgoing, body, date(), stalls);
      })
      .catch((error) => {
        // An answer that broke half-way: the client must not take it for whole.
        if (!outgoing.destroyed) options.report(`answer to ${incoming.method} ${incoming.url} broke: ${error}`);
        outgoing.destroy();
      });
  };
  for (const server of servers) {
    server.headersTimeout = HEAD_TIMEOUT_MS;
    server.requestTimeout = 0; // a long upload is fine as long as it moves: see `Stalls`
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.maxHeadersCount = 0; // the length of the head is limited: none of it is dropped
    server.on('request', (incoming, outgoing) => serve(incoming, outgoing, false));
    server.on('checkContinue', (incoming, outgoing) => serve(incoming, outgoing, true));
    server.on('checkExpectation', (incoming, outgoing) => serve(incoming, outgoing, false));
    server.on('clientError', refuseConnection);
  }
  const open = new Set<Socket>();
  const server = secure ? eitherOf(plain, secure, open) : plain;
  server.maxConnections = MOST_CONNECTIONS;

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => options.report(`listener: ${error.message}`));
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    host: options.host,
    url: `http://${host}:${port}`,
    secureUrl: secure && `https://${host}:${port}`,
    async close() {
      stalls.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const each of servers) each.closeAllConnections();
        for (const socket of open) socket.destroy();
      });
    },
  };
}

/** A record of TLS begins with this byte, no request of HTTP does. */
const TLS_HANDSHAKE = 22;

/** One port for both: what a client begins with tells what it speaks. */
function eitherOf(plain: Server, secure: SecureServer, open: Set<Socket>): NetServer {
  return createNetServer({ noDelay: true }, (socket) => {
    open.add(socket);
    const impatient = setTimeout(() => socket.destroy(), HEAD_TIMEOUT_MS).unref();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(impatient);
      open.delete(socket);
    });
    socket.once('data', (first) => {
      clearTimeout(impatient);
      socket.pause();
      socket.unshift(first);
      // TLS takes what is there by itself.
      if (first[0] === TLS_HANDSHAKE) secure.emit('connection', socket);
      else {
        plain.emit('connection', socket);
        socket.resume();
      }
    });
  });
}

/** `1.3` of a connection that is TLS. */
function tlsVersionOf(socket: Socket): string | undefined {
  return socket instanceof TLSSocket
    ? socket
        .getProtocol()
        ?.replace(/^TLSv1$/, '1.0')
        .replace('TLSv', '')
    : undefined;
}

async function toAnswer(
  answer: Answer,
  incoming: IncomingMessage,
  { headers, repeated }: Pick<Request, 'headers' | 'repeated'>,
  body: IncomingBody | undefined,
): Promise<Response> {
  let parsed: Pick<Request, 'target' | 'path' | 'query'>;
  let standpoint: Standpoint;
  try {
    if (repeated?.host) throw new AwsError('BadRequest', 'The request has more than one Host header.');
    parsed = readTarget(originForm(incoming.url as string));
    standpoint = standpointOf(headers, incoming.socket.remoteAddress ?? '', tlsVersionOf(incoming.socket));
  } catch (error) {
    if (error instanceof AwsError) return plainError(error);
    throw error;
  }
  const length = headers['content-length'];
  return answer({
    method: incoming.method as string,
    target: parsed.target,
    path: parsed.path,
    query: parsed.query,
    headers,
    repeated,
    contentLength: length === undefined ? undefined : Number(length),
    body: body ?? noBody,
    ...standpoint,
  });
}

async function respond(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingBody | undefined,
  date: string,
  stalls: Stalls,
): Promise<void> {
  if (outgoing.destroyed) return closeBody(response.body);
  const { status } = response;
  const content = response.body;
  const head: string[] = [];
  for (const name in response.headers) {
    const value = response.headers[name];
    if (value !== undefined && name !== 'content-length') head.push(name, value);
  }
  head.push('date', date);
  // Last: Node takes a Content-Disposition that comes behind a length for UTF-8.
  const length = response.headers['content-length'];
  if (length !== undefined) head.push('content-length', length);
  const bodiless = incoming.method === 'HEAD' || status === 204 || status === 304;
  if (response.headers['content-length'] === undefined && !(status === 204 || status === 304)) {
    if (content === undefined) head.push('content-length', '0');
    else if (content instanceof Uint8Array) head.push('content-length', String(content.length));
  }
  const unread = body !== undefined && !body.finished;
  const closes = unread && !body.cheap;
  if (closes) head.push('connection', 'close');
  outgoing.sendDate = false;
  writeHead(outgoing, status, head);

  if (content === undefined || bodiless) {
    await closeBody(content);
    if (closes) outgoing.flushHeaders();
  } else if (content instanceof Uint8Array) {
    if (!unread) {
      outgoing.end(content);
      return;
    }
    outgoing.write(content);
  } else {
    await stream(content, outgoing, stalls);
  }
  if (unread) await body.discard();
  outgoing.end();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a header cannot hold
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/g;

function writeHead(outgoing: ServerResponse, status: number, head: string[]): void {
  try {
    outgoing.writeHead(status, head);
  } catch {
    // Text beyond Latin-1 goes out as its UTF-8 bytes; line breaks and their kind cannot go out at all.
    const bytes = head.map((text) => Buffer.from(text.replace(CONTROLS, ' ')).toString('latin1'));
    outgoing.writeHead(status, bytes);
  }
}

async function stream(content: Bytes, outgoing: ServerResponse, stalls: Stalls): Promise<void> {
  for await (const chunk of content) {
    if (outgoing.destroyed) return;
    if (!outgoing.write(chunk)) await drained(outgoing, stalls);
  }
}

function drained(outgoing: ServerResponse, stalls: Stalls): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stalls.forget(outgoing);
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.on('drain', done).on('close', done);
    stalls.watch(outgoing, () => outgoing.destroy());
  });
}

/** Lets a stream that will not be read release what it holds. */
async function closeBody(content: Response['body']): Promise<void> {
  if (content === undefined || content instanceof Uint8Array) return;
  await content[Symbol.asyncIterator]().return?.();
}

/** What cannot be parsed as HTTP gets HTTP's own answer. */
function refuseConnection(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  const response = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (response?.req.complete && !response.writableEnded && socket.writable) {
    // The flaw is in what follows a whole request: that one is answered before the connection ends.
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.destroy());
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) {
    socket.destroy();
    return;
  }
  const [line, code, message] =
    error.code === 'HPE_INVALID_EOF_STATE' && response
      ? ['400 Bad Request', 'IncompleteBody', 'The request body terminated unexpectedly']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'RequestHeaderSectionTooLarge', 'Your request header is too large.']
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? ['408 Request Timeout', 'RequestTimeout', 'The request head did not arrive in time.']
          : ['400 Bad Request', 'BadRequest', 'An error occurred when parsing the HTTP request.'];
  const body = errorDocument(code, message);
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/xml\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Before anyone knows which service is asked: the form that S3 and most others would use. */
function plainError(error: AwsError): Response {
  const body = Buffer.from(errorDocument(error.code, error.message));
  return { status: error.status, headers: { 'content-type': 'application/xml' }, body };
}

function errorDocument(code: string, message: string): string {
  const text = message.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${text}</Message></Error>`;
}

/**
 * Answers that are ready in one turn of the event loop go out together at its end: waking a client that waits costs more
 * than writing to it, and those that share a process are woken once.
 */
function together(): () => Promise<void> {
  let waiting: (() => void)[] = [];
  const release = () => {
    const all = waiting;
    waiting = [];
    for (const go of all) go();
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(release);
    });
}

/** `Date` headers, one text per second. */
function dateHeader(now: () => number): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      text = new Date(current * 1000).toUTCString();
    }
    return text;
  };
}
