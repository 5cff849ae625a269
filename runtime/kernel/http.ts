/**
 * Step 1: sockets to Request values and Response values to sockets, with a limit on everything. All that HTTP itself
 * asks for is settled here: `Expect`, keep-alive, bodies that nobody reads, clients that stall or go away. What a
 * request means is not known here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Bytes } from '../base/bytes';
import { AwsError } from '../base/errors';
import type { Request, Response } from '../base/http';

/** Request line and headers together. */
const LONGEST_HEAD_BYTES = 32 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
/** How long a client may pause while it sends a body or reads an answer. AWS closes such connections after about 20 s. */
const STALL_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
const MOST_CONNECTIONS = 10_000;
/** A body that nobody read is drained up to here to keep the connection; a longer one costs the connection. */
const DRAINED_BYTES = 1024 * 1024;
/** After an early answer: how much, and for how long, to go on reading, so that the client sees it before the connection closes. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;
const LINGER_MS = 2_000;

/** Answers a request; must not reject. */
export type Answer = (request: Request) => Promise<Response>;

export interface ListenOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host: string;
  /** Virtual time for `Date` headers. */
  readonly now: () => number;
  readonly report: (line: string) => void;
}

export interface Listener {
  readonly port: number;
  readonly host: string;
  /** `http://127.0.0.1:4566`. */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error of `node:net` (EADDRINUSE, EACCES, EADDRNOTAVAIL) when it cannot listen */
export async function listen(answer: Answer, options: ListenOptions): Promise<Listener> {
  const server = createServer({ maxHeaderSize: LONGEST_HEAD_BYTES, connectionsCheckingInterval: 5_000, noDelay: true });
  server.headersTimeout = HEAD_TIMEOUT_MS;
  server.requestTimeout = 0; // a long upload is fine as long as it moves: see `Stalls`
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MOST_CONNECTIONS;
  const stalls = new Stalls();
  const date = dateHeader(options.now);

  const serve = (incoming: IncomingMessage, outgoing: ServerResponse, continues: boolean): void => {
    outgoing.on('error', () => outgoing.destroy());
    const head = readHeaders(incoming.rawHeaders);
    const body = hasBody(head.headers)
      ? new IncomingBody(incoming, head.headers['content-length'], continues ? outgoing : undefined, stalls)
      : undefined;
    toAnswer(answer, incoming, head, body)
      .then((response) => respond(response, incoming, outgoing, body, date(), stalls))
      .catch((error) => {
        // An answer that broke half-way: the client must not take it for whole.
        if (!outgoing.destroyed) options.report(`answer to ${incoming.method} ${incoming.url} broke: ${error}`);
        outgoing.destroy();
      });
  };
  server.on('request', (incoming, outgoing) => serve(incoming, outgoing, false));
  server.on('checkContinue', (incoming, outgoing) => serve(incoming, outgoing, true));
  server.on('checkExpectation', (incoming, outgoing) => serve(incoming, outgoing, false));
  server.on('clientError', refuseConnection);

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
    async close() {
      stalls.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

// ---- in ------------------------------------------------------------------------------------------------------------

const NO_QUERY: Request['query'] = [];
/** The body of a request that has none. */
export const noBody: Bytes = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true as const, value: undefined }) }),
};

/** Path and decoded query of a request target. `+` stays a plus. @throws AwsError InvalidURI */
export function readTarget(target: string): Pick<Request, 'target' | 'path' | 'query'> {
  const mark = target.indexOf('?');
  if (mark < 0) return { target, path: target, query: NO_QUERY };
  const query: [string, string][] = [];
  for (const pair of target.slice(mark + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 0) query.push([decode(pair), '']);
    else query.push([decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]);
  }
  return { target, path: target.slice(0, mark), query };
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { fields: { URI: text } });
  }
}

/** Lower-case names from a flat list of names and values; what came twice is joined, and kept apart for signatures. */
export function readHeaders(raw: readonly string[]): Pick<Request, 'headers' | 'repeated'> {
  const headers: Record<string, string> = Object.create(null);
  let repeated: Record<string, string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    const value = raw[i + 1];
    const earlier = headers[name];
    if (earlier === undefined) headers[name] = value;
    else {
      headers[name] = `${earlier}, ${value}`;
      repeated ??= Object.create(null) as Record<string, string>;
      repeated[name] = `${repeated[name] ?? earlier},${value}`;
    }
  }
  return { headers, repeated };
}

async function toAnswer(
  answer: Answer,
  incoming: IncomingMessage,
  { headers, repeated }: Pick<Request, 'headers' | 'repeated'>,
  body: IncomingBody | undefined,
): Promise<Response> {
  let parsed: Pick<Request, 'target' | 'path' | 'query'>;
  try {
    parsed = readTarget(originForm(incoming.url as string));
  } catch (error) {
    if (error instanceof AwsError) return plainError(error);
    throw error;
  }
  const length = headers['content-length'];
  const remoteAddress = incoming.socket.remoteAddress ?? '';
  return answer({
    method: incoming.method as string,
    target: parsed.target,
    path: parsed.path,
    query: parsed.query,
    headers,
    repeated,
    contentLength: length === undefined ? undefined : Number(length),
    body: body ?? noBody,
    remoteAddress,
    secure: isLoopback(remoteAddress) && headers['x-coffer-secure-transport'] !== 'false',
  });
}

/** A proxy's client sends the absolute form, `GET http://host/path`: HTTP asks every server to accept it. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const authority = /^https?:\/\/[^/?]*/i.exec(target);
  if (!authority) return `/${target}`;
  const rest = target.slice(authority[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

function hasBody(headers: Request['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The body of a request on a socket: read on demand, `100 Continue` sent when the first byte is asked for. */
class IncomingBody implements AsyncIterableIterator<Uint8Array> {
  private readonly queue: Uint8Array[] = [];
  private waiter: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: Error): void } | undefined;
  private failure: AwsError | undefined;
  private started = false;
  private ended = false;
  private taken = 0;

  constructor(
    private readonly incoming: IncomingMessage,
    private readonly declaredLength: string | undefined,
    /** Set when the client waits for `100 Continue`. */
    private readonly outgoing: ServerResponse | undefined,
    private readonly stalls: Stalls,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (!this.started) this.start();
    const chunk = this.queue.shift();
    if (chunk) {
      if (this.queue.length === 0) this.incoming.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
      this.stalls.watch(this, () => this.fail(requestTimeout()));
    });
  }

  private start(): void {
    this.started = true;
    this.outgoing?.writeContinue();
    const { incoming } = this;
    incoming.on('data', (chunk: Uint8Array) => this.arrive(chunk));
    incoming.on('end', () => {
      this.ended = true;
      this.settle()?.resolve({ done: true, value: undefined });
    });
    incoming.on('error', () => this.fail(clientGone()));
    incoming.on('close', () => this.fail(clientGone()));
  }

  private arrive(chunk: Uint8Array): void {
    this.taken += chunk.length;
    const waiter = this.settle();
    if (waiter) waiter.resolve({ done: false, value: chunk });
    else {
      this.queue.push(chunk);
      this.incoming.pause();
    }
  }

  private settle() {
    const { waiter } = this;
    if (waiter) this.stalls.forget(this);
    this.waiter = undefined;
    return waiter;
  }

  private fail(error: AwsError): void {
    if (this.ended || this.failure) return;
    this.failure = error;
    this.settle()?.reject(error);
  }

  /** Nothing is left to be read by anyone. */
  get finished(): boolean {
    return this.ended || this.failure !== undefined;
  }

  /** Whether what is left is worth reading to keep the connection. */
  get cheap(): boolean {
    if (this.outgoing && !this.started) return false; // it may never come
    return this.declaredLength !== undefined && Number(this.declaredLength) - this.taken <= DRAINED_BYTES;
  }

  /** Reads the rest for nobody. Resolves at its end, or when it is too long or too slow. */
  discard(): Promise<void> {
    const { incoming } = this;
    this.queue.length = 0;
    incoming.removeAllListeners('data');
    return new Promise((resolve) => {
      let left = MOST_DISCARDED_BYTES;
      const over = setTimeout(resolve, LINGER_MS);
      const done = () => {
        clearTimeout(over);
        resolve();
      };
      incoming.on('data', (chunk: Uint8Array) => {
        left -= chunk.length;
        if (left < 0) done();
      });
      incoming.on('end', done).on('close', done).on('error', done).resume();
    });
  }
}

// ---- out -----------------------------------------------------------------------------------------------------------

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
    if (value !== undefined) head.push(name, value);
  }
  head.push('date', date);
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

function writeHead(outgoing: ServerResponse, status: number, head: string[]): void {
  try {
    outgoing.writeHead(status, head);
  } catch {
    // Text beyond Latin-1 goes out as its UTF-8 bytes, as S3 sends it; line breaks cannot go out at all.
    const bytes = head.map((text) => Buffer.from(text.replace(/[\r\n\0]/g, ' ')).toString('latin1'));
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
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) {
    socket.destroy();
    return;
  }
  const [line, code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
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

// ---- stalls --------------------------------------------------------------------------------------------------------

/** Everyone who waits for a client, looked at once a second: cheaper than a timer for each wait. */
class Stalls {
  private readonly waits = new Map<object, { since: number; giveUp: () => void }>();
  private seconds = 0;
  private readonly tick = setInterval(() => {
    this.seconds++;
    for (const [key, wait] of this.waits) {
      if ((this.seconds - wait.since) * 1000 < STALL_TIMEOUT_MS) continue;
      this.waits.delete(key);
      wait.giveUp();
    }
  }, 1000).unref();

  watch(key: object, giveUp: () => void): void {
    this.waits.set(key, { since: this.seconds, giveUp });
  }

  forget(key: object): void {
    this.waits.delete(key);
  }

  stop(): void {
    clearInterval(this.tick);
  }
}

function requestTimeout(): AwsError {
  return new AwsError(
    'RequestTimeout',
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  );
}

function clientGone(): AwsError {
  return new AwsError('IncompleteBody', 'The client closed the connection before the request body was complete.');
}
