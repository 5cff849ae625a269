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
  try {
    await ask();
  } catch (error) {
    if (error instanceof Captured) return bytesOf(error.request);
    throw error;
  }
  throw new Error('no request was made');
}

/** The bytes of a GET of a presigned URL. */
export function preparedGet(url: string): string {
  const { host, pathname, search } = new URL(url);
  return Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).toString('base64');
}

function bytesOf(request: Wire): string {
  const query = Object.entries(request.query ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((v) => [name, v ?? ''] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const body = request.body === undefined ? Buffer.alloc(0) : Buffer.from(request.body as Uint8Array);
  const headers = { ...request.headers, ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) };
  const head = [
    `${request.method} ${request.path}${query === '' ? '' : `?${query}`} HTTP/1.1`,
    ...Object.entries(headers)
      .filter(([name]) => name !== 'expect')
      .map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]).toString('base64');
}
