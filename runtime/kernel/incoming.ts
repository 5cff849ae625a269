/**
 * What comes in: targets, headers and bodies as values. A body is read on demand, so that an early refusal goes out
 * before it, and what nobody reads is got rid of without harm to the next request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bytes } from '../base/bytes';
import { AwsError } from '../base/errors';
import type { Request } from '../base/http';
import type { Stalls } from './stalls';

/** A body that nobody read is drained up to here to keep the connection; a longer one costs the connection. */
const DRAINED_BYTES = 1024 * 1024;
/** After an early answer: how much, and for how long, to go on reading, so that the client sees it before the connection closes. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;
const LINGER_MS = 2_000;

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

/** A proxy's client sends the absolute form, `GET http://host/path`: HTTP asks every server to accept it. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const authority = /^https?:\/\/[^/?]*/i.exec(target);
  if (!authority) return `/${target}`;
  const rest = target.slice(authority[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

export function declaresBody(headers: Request['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The body of a request on a socket: read on demand, `100 Continue` sent when the first byte is asked for. */
export class IncomingBody implements AsyncIterableIterator<Uint8Array> {
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
      this.stalls.watch(this, () => this.fail(requestTimeout));
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
    incoming.on('error', () => this.fail(clientGone));
    incoming.on('close', () => this.fail(clientGone));
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

  /** @param reason made only when it is one: every body that was read ends with `close` as well */
  private fail(reason: () => AwsError): void {
    if (this.ended || this.failure) return;
    this.failure = reason();
    this.settle()?.reject(this.failure);
  }

  /** Whether all of it has been read. */
  get finished(): boolean {
    return this.ended;
  }

  /** Whether what is left will come, and is worth reading to keep the connection. */
  get cheap(): boolean {
    if (this.failure || (this.outgoing && !this.started)) return false;
    return this.declaredLength !== undefined && Number(this.declaredLength) - this.taken <= DRAINED_BYTES;
  }

  /** Reads the rest for nobody. Resolves at its end, or when it is too long or too slow. */
  discard(): Promise<void> {
    const { incoming } = this;
    if (this.failure || incoming.destroyed) return Promise.resolve();
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

function requestTimeout(): AwsError {
  return new AwsError(
    'RequestTimeout',
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  );
}

function clientGone(): AwsError {
  return new AwsError('IncompleteBody', 'The client closed the connection before the request body was complete.');
}
