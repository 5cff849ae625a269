/** Who asks: credentials, signatures, time and bodies, each with the service family's own refusals. */
import type { Clock } from '../../runtime/base/clock';
import { authenticate, DAY, newClock, type Options, session } from './asking';

let clock: Clock;
beforeEach(() => {
  clock = newClock();
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

  test('version 2 in a query, as boto3 presigns', async () => {
    // boto3 1.43: client('s3').generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'}), keys test/test
    const path = '/b/k?AWSAccessKeyId=test&Signature=EK6HQDIyj0D%2FTZIEO9WdCAgwsCU%3D&Expires=1795213134';
    const url = (changed: string) => (sent: { headers: Record<string, string>; path: string }) => {
      sent.headers = { host: '127.0.0.1:4566' };
      sent.path = changed;
    };
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_795_213_000_000);
    try {
      expect((await authenticate({ tamper: url(path) })).principal.kind).toBe('root');
      await expect(authenticate({ tamper: url(path.replace('/k', '/j')) })).rejects.toMatchObject({
        code: 'SignatureDoesNotMatch',
        fields: { StringToSign: 'GET\n\n\n1795213134\n/b/j' },
      });
      await expect(authenticate({ tamper: url(path.replace(/&Expires.*/, '')) })).rejects.toThrow(/^Query-string auth/);
      now.mockReturnValue(1_795_213_135_000);
      await expect(authenticate({ tamper: url(path) })).rejects.toThrow('Request has expired');
    } finally {
      now.mockRestore();
    }
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
