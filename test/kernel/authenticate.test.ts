/** Who asks: credentials, signatures, time and bodies, each with the service family's own refusals. */
import { createHash, createHmac } from 'node:crypto';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { collect, once } from '../../runtime/base/bytes';
import { Clock } from '../../runtime/base/clock';
import { createAuthenticator } from '../../runtime/kernel/authenticate';
import type { Credentials, IdentitySource } from '../../runtime/kernel/authorize';
import type { Kernel } from '../../runtime/kernel/call';
import { noBody, readTarget } from '../../runtime/kernel/incoming';
import { root } from '../../runtime/kernel/principal';
import type { Dialect } from '../../runtime/kernel/rejection';

const DAY = 86_400_000;
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

interface Options {
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

let clock: Clock;
const known = new Map<string, number>();
const session: Credentials = {
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

async function request(options: Options = {}) {
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

async function authenticate(options: Options = {}, dialect: Dialect = 's3') {
  const kernel = { clock, defaultAccount: '000000000000' } as Kernel;
  const asked = { dialect, signingNames: [dialect === 's3' ? 's3' : 'kms'], bodyLimitBytes: 1000 };
  const caller = await createAuthenticator(kernel, [source], known)(await request(options), asked);
  return { ...caller, content: (await collect(caller.body.stream, 1e6)).toString() };
}

beforeEach(() => {
  clock = new Clock();
  known.clear();
});

describe('credentials', () => {
  const keys = (id: string, secret = id, sessionToken?: string) => ({
    credentials: { accessKeyId: id, secretAccessKey: secret, sessionToken },
  });

  test.each<[string, Options, string]>([
    ['test/test is the default account', keys('test'), 'arn:aws:iam::000000000000:root'],
    ['any id that is its own secret is too', keys('anything'), 'arn:aws:iam::000000000000:root'],
    ['twelve digits are that account', keys('111122223333'), 'arn:aws:iam::111122223333:root'],
    ['a session with its token', keys('ASIASESSION', 'secret', 'the-token'), session.principal.arn],
  ])('%s', async (_, options, arn) => {
    expect((await authenticate(options)).principal.arn).toBe(arn);
    expect((await authenticate({ ...options, expiresIn: 60 })).principal.arn).toBe(arn);
  });

  test.each<[string, Options, string, string, string]>([
    ['an unknown AKIA', keys('AKIAX'), 'InvalidAccessKeyId', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    [
      'an id that nobody has',
      keys('minio', 'other'),
      'InvalidAccessKeyId',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
    ],
    [
      'an inactive key',
      keys('AKIAOFF', 's'),
      'InvalidAccessKeyId',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
    ],
    [
      'a session without its token',
      keys('ASIASESSION', 'secret'),
      'InvalidToken',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
    ],
    [
      'another token',
      keys('ASIASESSION', 'secret', 'x'),
      'InvalidToken',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
    ],
    [
      'another secret',
      keys('test', 'Test'),
      'SignatureDoesNotMatch',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
    ],
    [
      'an ended session',
      keys('ASIASESSION', 'secret', 'the-token'),
      'ExpiredToken',
      'ExpiredToken',
      'ExpiredTokenException',
    ],
  ])('%s is refused', async (what, options, s3, query, json) => {
    if (what === 'an ended session') clock.skip(2 * DAY);
    await expect(authenticate(options)).rejects.toMatchObject({ code: s3 });
    await expect(authenticate({ ...options, service: 'kms' }, 'query')).rejects.toMatchObject({
      code: query,
      status: 403,
    });
    await expect(authenticate({ ...options, service: 'kms' }, 'json')).rejects.toMatchObject({
      code: json,
      status: 400,
    });
    await expect(authenticate({ ...options, service: 'kms' }, 'rest')).rejects.toMatchObject({
      code: json,
      status: 403,
    });
  });

  test('no signature is nobody', async () => {
    const caller = await authenticate({ tamper: ({ headers }) => delete headers.authorization });
    expect(caller.principal.kind).toBe('anonymous');
  });
});

describe('signatures', () => {
  test('S3 shows what it computed', async () => {
    const refused = authenticate({
      tamper: (sent) => {
        sent.path = '/bucket/other';
      },
    });
    await expect(refused).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
      fields: {
        AWSAccessKeyId: 'test',
        StringToSign: expect.stringMatching(
          /^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
        ),
        CanonicalRequest: expect.stringContaining('GET\n/bucket/other\n\n'),
        StringToSignBytes: expect.stringMatching(/^41 57 53 34/),
      },
    });
  });

  test.each<[string, Options, string]>([
    [
      'a changed signed header',
      {
        headers: { 'x-amz-acl': 'private' },
        tamper: ({ headers }) => {
          headers['x-amz-acl'] = 'public-read';
        },
      },
      'SignatureDoesNotMatch',
    ],
    [
      'an added header',
      {
        tamper: ({ headers }) => {
          headers['x-amz-acl'] = 'public-read';
        },
      },
      'AccessDenied',
    ],
    [
      'an added header on a URL',
      {
        expiresIn: 60,
        tamper: ({ headers }) => {
          headers['x-amz-acl'] = 'public-read';
        },
      },
      'AccessDenied',
    ],
    [
      'a changed parameter',
      {
        expiresIn: 60,
        tamper: (sent) => {
          sent.path += '&versionId=1';
        },
      },
      'SignatureDoesNotMatch',
    ],
    [
      'a longer life',
      {
        expiresIn: 60,
        tamper: (sent) => {
          sent.path = sent.path.replace('Expires=60', 'Expires=600');
        },
      },
      'SignatureDoesNotMatch',
    ],
    [
      'a life too long',
      {
        expiresIn: 60,
        tamper: (sent) => {
          sent.path = sent.path.replace('Expires=60', 'Expires=604801');
        },
      },
      'AuthorizationQueryParametersError',
    ],
    ['another service', { service: 'sqs' }, 'AuthorizationHeaderMalformed'],
    ['no payload hash', { tamper: ({ headers }) => delete headers['x-amz-content-sha256'] }, 'InvalidRequest'],
    [
      'version 2',
      {
        tamper: ({ headers }) => {
          headers.authorization = 'AWS test:abc=';
        },
      },
      'InvalidRequest',
    ],
    [
      'version 4A',
      {
        tamper: ({ headers }) => {
          headers.authorization = 'AWS4-ECDSA-P256-SHA256 x';
        },
      },
      'NotImplemented',
    ],
    [
      'an unknown scheme',
      {
        tamper: ({ headers }) => {
          headers.authorization = 'Basic x';
        },
      },
      'InvalidArgument',
    ],
  ])('S3 refuses %s', async (_, options, code) => {
    await expect(authenticate(options)).rejects.toMatchObject({ code });
  });

  test.each<[string, Options, string]>([
    ['another service', { service: 'sqs' }, 'InvalidSignatureException'],
    [
      'a changed body',
      {
        body: '{}',
        tamper: (sent) => {
          sent.body = '[]';
        },
      },
      'InvalidSignatureException',
    ],
    [
      'a broken header',
      {
        tamper: ({ headers }) => {
          headers.authorization = 'AWS4-HMAC-SHA256 x';
        },
      },
      'IncompleteSignatureException',
    ],
    ['too long a body', { body: 'x'.repeat(1001) }, 'RequestEntityTooLargeException'],
  ])('others refuse %s', async (_, options, code) => {
    await expect(authenticate({ service: 'kms', method: 'POST', path: '/', ...options }, 'json')).rejects.toMatchObject(
      { code },
    );
  });
});

describe('bodies', () => {
  test('a hashed body is handed on', async () => {
    expect((await authenticate({ method: 'PUT', body: 'hello' })).content).toBe('hello');
    expect((await authenticate({ service: 'kms', method: 'POST', body: 'hello' }, 'json')).content).toBe('hello');
  });

  test('an altered body is found out at its end', async () => {
    const altered = {
      method: 'PUT',
      body: 'hello',
      tamper: (sent: { body: string }) => {
        sent.body = 'hellO';
      },
    };
    await expect(authenticate(altered)).rejects.toMatchObject({ code: 'XAmzContentSHA256Mismatch', status: 400 });
    const missing = {
      method: 'PUT',
      body: 'hello',
      tamper: (sent: { body: string }) => {
        sent.body = '';
      },
    };
    await expect(authenticate(missing)).rejects.toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
  });

  test('an unsigned one may be anything', async () => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expect((await authenticate({ method: 'PUT', body: 'a', headers })).content).toBe('a');
  });

  test('frames come off, with trailers', async () => {
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    const caller = await authenticate({ method: 'PUT', body, headers });
    expect(caller.content).toBe('hello');
    expect(caller.body).toMatchObject({ length: 5, trailers: { 'x-amz-checksum-crc32': 'NhCmhg==' } });
  });

  test.each([
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', {}, 'MissingContentLength'],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-decoded-content-length': 'x' }, 'InvalidArgument'],
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', {}, 'NotImplemented'],
    ['nonsense', {}, 'InvalidArgument'],
  ])('%s with %j is refused', async (mode, more, code) => {
    const headers = { 'x-amz-content-sha256': mode, ...more };
    await expect(authenticate({ method: 'PUT', body: 'x', headers })).rejects.toMatchObject({ code });
  });
});

describe('time', () => {
  const minutes = (n: number) => new Date(clock.now() + n * 60_000);

  test.each([-14, 0, 14])('%i minutes off are fine', async (off) => {
    expect((await authenticate({ signingDate: minutes(off) })).principal.kind).toBe('root');
  });

  test.each([-16, 16])('%i minutes off are not', async (off) => {
    await expect(authenticate({ signingDate: minutes(off) })).rejects.toMatchObject({
      code: 'RequestTimeTooSkewed',
      status: 403,
      fields: { MaxAllowedSkewMilliseconds: 900_000 },
    });
    const elsewhere = authenticate({ service: 'kms', signingDate: minutes(off) }, 'json');
    await expect(elsewhere).rejects.toThrow(
      off < 0 ? /^Signature expired: .* - 15 min/ : /^Signature not yet current: .* \+ 15 min/,
    );
  });

  test('a client whose clock did not move along is understood, as is one whose clock did', async () => {
    clock.skip(30 * DAY);
    expect((await authenticate()).principal.kind).toBe('root');
    expect((await authenticate({ signingDate: new Date(clock.now()) })).principal.kind).toBe('root');
  });

  test('a request signed before a move is stale after it', async () => {
    const signingDate = new Date(Date.now() - 2000);
    clock.skip(DAY);
    await expect(authenticate({ signingDate })).rejects.toMatchObject({ code: 'RequestTimeTooSkewed' });
  });

  test('a URL ends when its time is over', async () => {
    expect((await authenticate({ expiresIn: 3600, signingDate: minutes(-59) })).principal.kind).toBe('root');
    await expect(authenticate({ expiresIn: 3600, signingDate: minutes(-61) })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      fields: { 'X-Amz-Expires': 3600 },
    });
    await expect(authenticate({ expiresIn: 60, signingDate: minutes(20) })).rejects.toMatchObject({
      message: 'Request is not valid yet',
    });
  });

  test('moves count for a URL signed before them, not for one signed after', async () => {
    const before = { expiresIn: 3600, signingDate: new Date(Date.now() - 5000) };
    clock.skip(1800_000);
    expect((await authenticate(before)).principal.kind).toBe('root');
    clock.skip(1800_000);
    await expect(authenticate(before)).rejects.toThrow('Request has expired');
    const after = { expiresIn: 3600, signingDate: new Date(Date.now() + 1000) };
    expect((await authenticate(after)).principal.kind).toBe('root');
    const byVirtualTime = { expiresIn: 3600, signingDate: new Date(clock.now()) };
    expect((await authenticate(byVirtualTime)).principal.kind).toBe('root');
  });

  test('within the second of a move only who signed can tell', async () => {
    const options = { expiresIn: 60, signingDate: new Date(Math.floor(Date.now() / 1000) * 1000) };
    clock.skip(DAY);
    await expect(authenticate(options)).rejects.toThrow('Request has expired');
    known.set(/X-Amz-Signature=(\w+)/.exec((await request(options)).target)![1], clock.now());
    expect((await authenticate(options)).principal.kind).toBe('root');
  });
});
