/** Signed requests as bytes, made by the vendor's client itself: what it would send, without sending it. */
import { S3Client } from '@aws-sdk/client-s3';

interface Wire {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

class Captured extends Error {
  constructor(readonly request: Wire) {
    super('captured');
  }
}

/** A client that sends nothing: what it would send comes back from `prepared`. */
export function recorder(port: number): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: unknown) => {
        throw new Captured(request as Wire);
      },
    },
  });
}

/** The bytes, base64, of the request that `ask` makes through a recorder. */
export async function prepared(ask: () => Promise<unknown>): Promise<string> {
  const request = await captured(ask);
  return Buffer.concat([headOf(request), bodyOf(request)]).toString('base64');
}

/** The head alone, for a body that is sent again and again. */
export async function preparedHead(ask: () => Promise<unknown>): Promise<Buffer> {
  return headOf(await captured(ask));
}

async function captured(ask: () => Promise<unknown>): Promise<Wire> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof Captured) return error.request;
    throw error;
  }
  throw new Error('no request was made');
}

/** The bytes of a GET of a presigned URL. */
export function preparedGet(url: string): string {
  const { host, pathname, search } = new URL(url);
  return Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).toString('base64');
}

function bodyOf({ body }: Wire): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(body as Uint8Array);
}

function headOf(request: Wire): Buffer {
  const query = Object.entries(request.query ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((v) => [name, v ?? ''] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const body = bodyOf(request);
  const headers = { ...request.headers, ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) };
  const head = [
    `${request.method} ${request.path}${query === '' ? '' : `?${query}`} HTTP/1.1`,
    ...Object.entries(headers)
      .filter(([name]) => name.toLowerCase() !== 'expect')
      .map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
}
