/** The vendor's client on one side, this floor on the other, and no network between. */
import { Readable } from 'node:stream';
import { type Bytes, collect, once } from '../../runtime/base/bytes';
import type { Request, Response } from '../../runtime/base/http';

interface VendorRequest {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

export async function toRequest(vendor: VendorRequest): Promise<Request> {
  const query: [string, string][] = [];
  for (const [name, value] of Object.entries(vendor.query)) {
    for (const one of Array.isArray(value) ? value : [value]) query.push([name, one ?? '']);
  }
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  const headers: Record<string, string> = { host: vendor.hostname };
  for (const [name, value] of Object.entries(vendor.headers)) headers[name.toLowerCase()] = value;
  return {
    method: vendor.method,
    target: search ? `${vendor.path}?${search}` : vendor.path,
    path: vendor.path,
    query,
    headers,
    body: once(await bytesOf(vendor.body)),
    remoteAddress: '127.0.0.1',
    secure: true,
  };
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  return collect(body as Bytes, 2 ** 24);
}

export function toVendorResponse({ status, headers, body }: Response) {
  const stream = body === undefined ? Readable.from([]) : Readable.from(body instanceof Uint8Array ? [body] : body);
  return { statusCode: status, headers: { ...headers }, body: stream };
}

/** A request handler for a vendor's client that answers with `answer`. */
export function handlerOf(answer: (request: Request, body: Uint8Array) => Response | Promise<Response>) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(vendor: VendorRequest) {
      const request = await toRequest(vendor);
      return { response: toVendorResponse(await answer(request, await collect(request.body, 2 ** 24))) };
    },
  };
}
