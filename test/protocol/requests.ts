/** Requests as a test's table writes them. */
import { once } from '../../runtime/base/bytes';
import type { Request } from '../../runtime/base/http';

export interface Written {
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** @param line `GET /path?query` */
export function request(line: string, { host = '127.0.0.1:4566', headers = {}, body = '' }: Written = {}): Request {
  const [method, target] = line.split(' ');
  const [path, search] = target.split('?');
  const query = (search?.split('&') ?? []).map((pair): [string, string] => {
    const [name, value = ''] = pair.split('=');
    return [decodeURIComponent(name), decodeURIComponent(value)];
  });
  return {
    method,
    target,
    path,
    query,
    headers: { host, ...headers },
    body: once(Buffer.from(body)),
    remoteAddress: '127.0.0.1',
    secure: true,
  };
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
