/**
 * A hostile client: signs by itself and writes raw bytes to a socket, so that each test may break exactly one thing.
 * Nothing of the runtime's own signing or parsing is used.
 */
import { createHash, createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type CofferConfig, startCoffer } from '@coffer/runtime';

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
export const EMPTY = sha256('');

export interface Door {
  readonly coffer: Awaited<ReturnType<typeof startCoffer>>;
  readonly port: number;
  readonly url: string;
  /**
   * Bodies that stay on their way into the store. One that a commit has kept moves to its place behind the answer, so
   * whoever asks waits a moment for it.
   */
  incoming(): Promise<number>;
  /** Fails when the runtime had to report a defect. */
  close(): Promise<void>;
}

export async function openDoor(directory?: string, config?: CofferConfig): Promise<Door> {
  const defects: string[] = [];
  const coffer = await startCoffer({ directory, config, report: (line) => defects.push(line) });
  const url = await coffer.listen({ port: 0 });
  return {
    coffer,
    url,
    port: Number(new URL(url).port),
    async incoming() {
      const count = () => {
        try {
          return readdirSync(join(directory as string, 'blobs/incoming')).length;
        } catch {
          return 0;
        }
      };
      for (let tries = 0; count() > 0 && tries < 50; tries++) await setTimeout(20);
      return count();
    },
    async close() {
      await coffer.close();
      const internal = defects.filter((line) => line.startsWith('internal error'));
      if (internal.length > 0) throw new Error(internal.join('\n'));
    },
  };
}

export interface Asking {
  readonly method?: string;
  /** As sent: percent-encoded already. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly service?: string;
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly at?: Date;
  /** What the signature covers in place of the body's digest. */
  readonly hash?: string;
  /** In place of the signed request; what it returns is sent. */
  readonly tamper?: (headers: Record<string, string>) => void;
  /** Sent in place of `body`, which still was what was signed. */
  readonly sends?: string | Uint8Array;
}

export interface Signed {
  readonly headers: Record<string, string>;
  readonly signature: string;
  readonly key: Buffer;
  readonly stamp: string;
  readonly scope: string;
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export const stampOf = (at: Date) => at.toISOString().replace(/[-:]|\.\d+/g, '');

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=', 2).map((text) => encode(decodeURIComponent(text))))
    .sort(([a, b = ''], [c, d = '']) => (a === c ? compare(b, d) : compare(a, c)))
    .map(([name, value = '']) => `${name}=${value}`)
    .join('&');
}

function seal(asking: Asking, stamp: string, canonical: string) {
  const { service = 's3', region = 'us-east-1', accessKeyId = 'test', secretAccessKey = accessKeyId } = asking;
  const date = stamp.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [date, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`;
  return { key, scope, signature: hmac(key, text).toString('hex') };
}

/** Signature in a header. */
export function sign(asking: Asking, host: string): Signed {
  const { method = 'GET', target = '/', body = '', service = 's3', accessKeyId = 'test', sessionToken } = asking;
  const stamp = stampOf(asking.at ?? new Date());
  const hash = asking.hash ?? sha256(body);
  const headers: Record<string, string> = { host, 'x-amz-date': stamp, ...asking.headers };
  if (service === 's3') headers['x-amz-content-sha256'] ??= hash;
  if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
  const names = Object.keys(headers).sort();
  const [path, query = ''] = target.split('?', 2);
  const lines = names.map((name) => `${name}:${headers[name].trim().replace(/ +/g, ' ')}`);
  const canonical = [
    method,
    service === 's3' ? path : encodeURI(path),
    canonicalQuery(query),
    ...lines,
    '',
    names.join(';'),
    hash,
  ].join('\n');
  const { key, scope, signature } = seal(asking, stamp, canonical);
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { headers, signature, key, stamp, scope };
}

export interface Presigning extends Asking {
  readonly expires?: string;
}

/** Signature in the query: the target of a presigned URL. */
export function presign(asking: Presigning, host: string): string {
  const { method = 'GET', target = '/', service = 's3', region = 'us-east-1', accessKeyId = 'test' } = asking;
  const stamp = stampOf(asking.at ?? new Date());
  const [path, query = ''] = target.split('?', 2);
  const headers: Record<string, string> = { host, ...asking.headers };
  const names = Object.keys(headers).sort();
  const pairs = [
    query,
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encode(`${accessKeyId}/${stamp.slice(0, 8)}/${region}/${service}/aws4_request`)}`,
    `X-Amz-Date=${stamp}`,
    `X-Amz-Expires=${asking.expires ?? '60'}`,
    `X-Amz-SignedHeaders=${encode(names.join(';'))}`,
    ...(asking.sessionToken === undefined ? [] : [`X-Amz-Security-Token=${encode(asking.sessionToken)}`]),
  ].filter((pair) => pair !== '');
  const unsigned = pairs.join('&');
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = [method, path, canonicalQuery(unsigned), ...lines, '', names.join(';'), 'UNSIGNED-PAYLOAD'];
  return `${path}?${unsigned}&X-Amz-Signature=${seal(asking, stamp, canonical.join('\n')).signature}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: string | undefined;
  readonly message: string;
  /** `400 MalformedXML`, or the status alone. */
  readonly brief: string;
}

/** What a server sent on one connection, as answers. `100 Continue` is left out. */
export function readAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/')) {
    const end = rest.indexOf('\r\n\r\n');
    const [line, ...fields] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => [field.split(':', 1)[0].toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]),
    );
    const status = Number(line.split(' ')[1]);
    rest = rest.slice(end + 4);
    if (status === 100) continue;
    const length = headers['content-length'] === undefined ? rest.length : Number(headers['content-length']);
    const body = Buffer.from(rest.slice(0, length), 'latin1').toString();
    rest = rest.slice(length);
    const code = codeIn(body, headers);
    const message = /<Message>([^<]*)/i.exec(body)?.[1] ?? /"[mM]essage":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? '';
    answers.push({ status, headers, body, code, message, brief: code ? `${status} ${code}` : String(status) });
  }
  return answers;
}

function codeIn(body: string, headers: Readonly<Record<string, string>>): string | undefined {
  const named = /<Code>([^<]*)/.exec(body)?.[1] ?? /"__type":"(?:[^"#]*#)?([^"]*)"/.exec(body)?.[1];
  return named ?? headers['x-amzn-errortype']?.split(':')[0];
}

/** Sends bytes on a connection of their own and waits until the server has closed it or an answer is whole. */
export function exchange(port: number, bytes: string | Uint8Array, { ends = false } = {}): Promise<Answer[]> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(readAnswers(text)));
    socket.setTimeout(8_000, () => socket.destroy());
    if (ends) socket.end(bytes);
    else socket.write(bytes);
  });
}

/** A request as bytes. A `Content-Length` is added unless the headers name a length or an encoding. */
export function bytesOf(method: string, target: string, headers: Record<string, string>, body: string | Uint8Array) {
  const names = Object.keys(headers);
  const own = names.some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  const lines = names.map((name) => `${name}: ${headers[name]}\r\n`);
  if (!own && (body.length > 0 || method === 'PUT' || method === 'POST')) {
    lines.push(`content-length: ${Buffer.byteLength(body)}\r\n`);
  }
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}connection: close\r\n\r\n`, 'utf8'),
    Buffer.from(body),
  ]);
}

/** One signed request on a connection of its own. */
export async function ask(door: Door, asking: Asking): Promise<Answer> {
  const { method = 'GET', target = '/', body = '' } = asking;
  const { headers } = sign(asking, `127.0.0.1:${door.port}`);
  asking.tamper?.(headers);
  const [answer] = await exchange(door.port, bytesOf(method, target, headers, asking.sends ?? body));
  return answer ?? { status: 0, headers: {}, body: '', code: undefined, message: '', brief: 'closed' };
}

/** The same without a signature. */
export async function askUnsigned(door: Door, asking: Asking): Promise<Answer> {
  const { method = 'GET', target = '/', body = '' } = asking;
  const headers = { host: `127.0.0.1:${door.port}`, ...asking.headers };
  const [answer] = await exchange(door.port, bytesOf(method, target, headers, body));
  return answer ?? { status: 0, headers: {}, body: '', code: undefined, message: '', brief: 'closed' };
}
