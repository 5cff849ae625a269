/** Signed requests as values, and the authenticator asked about them. */
import { createHash, createHmac } from 'node:crypto';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { collect, once } from '../../runtime/base/bytes';
import { Clock } from '../../runtime/base/clock';
import { createAuthenticator } from '../../runtime/kernel/authenticate';
import type { Credentials, IdentitySource } from '../../runtime/kernel/authorize';
import type { Kernel } from '../../runtime/kernel/call';
import { noConfig } from '../../runtime/kernel/config';
import { noBody, readTarget } from '../../runtime/kernel/incoming';
import { root } from '../../runtime/kernel/principal';
import type { Dialect } from '../../runtime/kernel/rejection';

export const DAY = 86_400_000;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

class Sha256 {
  private readonly hash;
  constructor(secret?: string | Uint8Array) {
    this.hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }
  update(data: string | Uint8Array) {
    this.hash.update(data);
  }
  digest = async () => new Uint8Array(this.hash.digest());
  reset() {}
}

export interface Options {
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  service?: string;
  method?: string;
  path?: string;
  body?: string;
  headers?: Record<string, string>;
  signingDate?: Date;
  expiresIn?: number;
  /** Changes the request after it was signed. */
  tamper?: (request: { headers: Record<string, string>; path: string; body: string }) => void;
}

const plain = { accessKeyId: 'test', secretAccessKey: 'test' };

export const known = new Map<string, number>();

let clock = new Clock();
/** Real time again, and a clock of one's own. */
export function newClock(): Clock {
  clock = new Clock();
  known.clear();
  return clock;
}

export const session: Credentials = {
  accessKeyId: 'ASIASESSION',
  secretAccessKey: 'secret',
  sessionToken: 'the-token',
  principal: {
    kind: 'session',
    account: '111122223333',
    arn: 'arn:aws:sts::111122223333:assumed-role/R/s',
    userId: 'AROA:s',
  },
  expiresAt: Date.now() + DAY,
  active: true,
};
const inactive: Credentials = {
  accessKeyId: 'AKIAOFF',
  secretAccessKey: 's',
  principal: root('111122223333'),
  active: false,
};
const source: IdentitySource = {
  credentials: async (_, id) => [session, inactive].find((credentials) => credentials.accessKeyId === id),
};

export async function request(options: Options = {}) {
  const { credentials = plain, service = 's3', method = 'GET', path = '/bucket/key', body = '', expiresIn } = options;
  const signer = new SignatureV4({
    credentials,
    region: 'us-east-1',
    service,
    sha256: Sha256 as never,
    uriEscapePath: service !== 's3',
  });
  const headers: Record<string, string> = { host: 'localhost', ...options.headers };
  if (service === 's3' && expiresIn === undefined) headers['x-amz-content-sha256'] ??= sha256(body);
  const unsigned = new HttpRequest({ method, path, headers, body });
  const { signingDate } = options;
  let sent = { headers, path, body };
  if (expiresIn === undefined) {
    sent.headers = (await signer.sign(unsigned, { signingDate })).headers;
  } else {
    unsigned.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
    const presigned = await signer.presign(unsigned, { signingDate, expiresIn });
    const query = Object.entries(presigned.query as Record<string, string>);
    sent = {
      headers: presigned.headers,
      path: `${path}?${query.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}`,
      body,
    };
  }
  sent = { headers: { ...sent.headers }, path: sent.path, body };
  options.tamper?.(sent);
  return {
    method,
    ...readTarget(sent.path),
    headers: sent.headers,
    contentLength: sent.body === '' ? undefined : sent.body.length,
    body: sent.body === '' ? noBody : once(Buffer.from(sent.body)),
    remoteAddress: '127.0.0.1',
    secure: true,
  };
}

export async function authenticate(options: Options = {}, dialect: Dialect = 's3') {
  const kernel = { clock, defaultAccount: '000000000000', defaultRegion: 'us-east-1', config: noConfig } as Kernel;
  const asked = { dialect, signingNames: [dialect === 's3' ? 's3' : 'kms'], bodyLimitBytes: 1000 };
  const caller = await createAuthenticator(kernel, [source], known)(await request(options), asked);
  return { ...caller, content: (await collect(caller.body.stream, 1e6)).toString() };
}
