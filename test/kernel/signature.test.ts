/** Signature Version 4 against AWS's published examples and against the SDK's own signer. */
import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { collect } from '../../runtime/base/bytes';
import { canonicalRequest, type Signable } from '../../runtime/engine/sigv4/canonical';
import { unframe } from '../../runtime/engine/sigv4/chunks';
import { FlawedClaim, readClaim } from '../../runtime/engine/sigv4/claim';
import { EMPTY_SHA256, sign, signingKey, stringToSign } from '../../runtime/engine/sigv4/signature';
import { readTarget } from '../../runtime/kernel/incoming';

const S3_SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SUITE_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

function signable(method: string, target: string, headers: Record<string, string>): Signable {
  return { method, ...readTarget(target), headers };
}

/** The signature that this request ought to carry, by its own claim. */
function expectedSignature(request: Signable, secret: string, payloadHash: string): string {
  const claim = readClaim(request.headers, request.query)!;
  return sign(signingKey(secret, claim), stringToSign(claim, canonicalRequest(request, claim, payloadHash)));
}

function authorization(scope: string, signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${scope}/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
}

describe('published examples', () => {
  const S3_SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3';
  const host = 'examplebucket.s3.amazonaws.com';
  const date = '20130524T000000Z';

  // Amazon S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk".
  test.each([
    [
      'GET object',
      signable('GET', '/test.txt', {
        host,
        range: 'bytes=0-9',
        'x-amz-content-sha256': EMPTY_SHA256,
        'x-amz-date': date,
      }),
      'host;range;x-amz-content-sha256;x-amz-date',
      EMPTY_SHA256,
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT object, with a $ in its key',
      signable('PUT', '/test$file.text', {
        host,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-date': date,
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      }),
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET with a parameter without value',
      signable('GET', '/?lifecycle', { host, 'x-amz-date': date, 'x-amz-content-sha256': EMPTY_SHA256 }),
      'host;x-amz-content-sha256;x-amz-date',
      EMPTY_SHA256,
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'GET with parameters out of order',
      signable('GET', '/?prefix=J&max-keys=2', { host, 'x-amz-date': date, 'x-amz-content-sha256': EMPTY_SHA256 }),
      'host;x-amz-content-sha256;x-amz-date',
      EMPTY_SHA256,
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('S3: %s', (_, request, signedHeaders, payloadHash, signature) => {
    const signed = { ...request.headers, authorization: authorization(S3_SCOPE, signedHeaders, signature) };
    expect(expectedSignature({ ...request, headers: signed }, S3_SECRET, payloadHash)).toBe(signature);
  });

  // Amazon S3 API reference, "Authenticating Requests: Using Query Parameters".
  test('S3: presigned URL', () => {
    const signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const target = `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`;
    expect(expectedSignature(signable('GET', target, { host }), S3_SECRET, 'UNSIGNED-PAYLOAD')).toBe(signature);
  });

  // The aws-sig-v4-test-suite.
  test.each([
    ['get-vanilla', '/', {}, undefined, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'normalize-path/get-slashes',
      '//',
      {},
      undefined,
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'normalize-path/get-relative',
      '/example/..',
      {},
      undefined,
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'get-header-key-duplicate',
      '/',
      { 'my-header1': 'value2, value2, value1' },
      { 'my-header1': 'value2,value2,value1' },
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-vanilla-query-order-key-case',
      '/?Param2=value2&Param1=value1',
      {},
      undefined,
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ])('suite: %s', (_, target, extra, repeated, signature) => {
    const headers: Record<string, string> = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      ...extra,
    };
    const names = Object.keys(headers).sort().join(';');
    headers.authorization = authorization('AKIDEXAMPLE/20150830/us-east-1/service', names, signature);
    const request = { ...signable('GET', target, headers), repeated };
    expect(expectedSignature(request, SUITE_SECRET, EMPTY_SHA256)).toBe(signature);
  });
});

describe("the SDK's signer", () => {
  class Sha256 {
    private readonly hash;
    constructor(secret?: string | Uint8Array) {
      this.hash = secret ? createHmac('sha256', secret) : createHash('sha256');
    }
    update(data: string | Uint8Array) {
      this.hash.update(data);
    }
    async digest() {
      return new Uint8Array(this.hash.digest());
    }
    reset() {}
  }
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'to/ken+=' };
  const signer = (service: string, s3: boolean) =>
    new SignatureV4({ credentials, region: 'eu-west-1', service, sha256: Sha256 as never, uriEscapePath: !s3 });

  const cases: [string, string, Record<string, string>, string][] = [
    ['s3', '/bucket/plain/key.txt', {}, 'plain'],
    ['s3', '/bucket/%E2%82%AC%20%26%3D/..//a%2Bb', {}, 'a key of odd characters, not normalised'],
    ['s3', '/bucket/', { 'list-type': '2', prefix: "a b/!*'()", delimiter: '/' }, 'parameters that need encoding'],
    ['s3', '/bucket/%28x%29', { uploads: '' }, 'parentheses and an empty parameter'],
    ['lambda', '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations', { Qualifier: '1' }, 'a path encoded twice'],
    ['iam', '/', {}, 'the root'],
  ];

  test.each(cases)('%s %s: %s', async (service, path, query, _) => {
    const s3 = service === 's3';
    const request = new HttpRequest({
      method: 'GET',
      path,
      query,
      headers: { host: 'localhost', 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-meta-spaces': '  a   b  ' },
    });
    const text = Object.entries(query).map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`);
    const target = text.length ? `${path}?${text.join('&')}` : path;

    const signed = await signer(service, s3).sign(request);
    const claim = readClaim(signed.headers, [])!;
    expect(claim).toMatchObject({ form: 'header', accessKeyId: 'test', region: 'eu-west-1', sessionToken: 'to/ken+=' });
    expect(expectedSignature(signable('GET', target, signed.headers), 'test', EMPTY_SHA256)).toBe(claim.signature);

    const presigned = await signer(service, s3).presign(request, {
      expiresIn: 60,
      unhoistableHeaders: new Set(['x-amz-content-sha256']),
    });
    const pairs = Object.entries(presigned.query as Record<string, string>);
    const url = `${path}?${pairs.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}`;
    const inQuery = signable('GET', url, presigned.headers);
    expect(readClaim({}, inQuery.query)).toMatchObject({ form: 'query', expiresSeconds: 60, sessionToken: 'to/ken+=' });
    expect(expectedSignature(inQuery, 'test', EMPTY_SHA256)).toBe(presigned.query!['X-Amz-Signature']);
  });
});

test('a signature is an HMAC, however long the text', () => {
  const key = signingKey('secret', { date: '20261120', region: 'eu-west-1', service: 's3' });
  const chain = ['20261120', 'eu-west-1', 's3', 'aws4_request'];
  const plain = chain.reduce((k, text) => createHmac('sha256', k).update(text).digest(), Buffer.from('AWS4secret'));
  for (const length of [0, 1, 63, 64, 140, 511, 512, 513, 5000]) {
    const text = 'x'.repeat(length);
    expect(sign(key, text)).toBe(createHmac('sha256', plain).update(text).digest('hex'));
  }
});

describe('flawed claims', () => {
  const good = 'Credential=AK/20130524/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00';
  const at = { 'x-amz-date': '20130524T000000Z' };
  test.each([
    ['AWS AKIA:abc', at, 'signatureVersion2'],
    ['AWS4-ECDSA-P256-SHA256 Credential=x', at, 'signatureVersion4A'],
    ['Bearer x', at, 'unknownScheme'],
    ['AWS4-HMAC-SHA256', at, 'missingComponent'],
    ['AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request', at, 'missingComponent'],
    [`AWS4-HMAC-SHA256 ${good}, Other`, at, 'component'],
    [`AWS4-HMAC-SHA256 ${good.replace('/s3', '')}`, at, 'credential'],
    [`AWS4-HMAC-SHA256 ${good.replace('AK/', '/')}`, at, 'credential'],
    [`AWS4-HMAC-SHA256 ${good.replace('aws4_request', 'aws3')}`, at, 'terminal'],
    [`AWS4-HMAC-SHA256 ${good.replace('20130524', '2013-5')}`, at, 'scopeDate'],
    [`AWS4-HMAC-SHA256 ${good.replace('20130524', '20130525')}`, at, 'dateMismatch'],
    [`AWS4-HMAC-SHA256 ${good}`, {}, 'missingDate'],
    [`AWS4-HMAC-SHA256 ${good}`, { 'x-amz-date': 'yesterday' }, 'malformedDate'],
  ])('%s', (text, headers, kind) => {
    let thrown: unknown;
    try {
      readClaim({ authorization: text, ...headers }, []);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FlawedClaim);
    expect((thrown as FlawedClaim).flaw.kind).toBe(kind);
  });

  test('an empty header is none', () => {
    expect(readClaim({ authorization: '' }, [])).toBeUndefined();
  });

  test('a Date header stands in for X-Amz-Date', () => {
    const headers = { authorization: `AWS4-HMAC-SHA256 ${good}`, date: 'Fri, 24 May 2013 18:58:50 -0000' };
    expect(readClaim(headers, [])!.timestamp).toBe('20130524T185850Z');
  });
});

describe('aws-chunked', () => {
  const content = Buffer.alloc(66_560, 'a');
  // Amazon S3 API reference, "Transferring Payload in Multiple Chunks (Chunked Upload)" and "Including Trailing Headers".
  const key = signingKey(S3_SECRET, { date: '20130524', region: 'us-east-1', service: 's3' });
  const seed = (signature: string) => ({
    key,
    timestamp: '20130524T000000Z',
    scope: '20130524/us-east-1/s3/aws4_request',
    signature,
  });
  const plainSeed = seed('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');
  const trailerSeed = seed('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');

  function frame(signatures: string[], end = '\r\n'): Buffer {
    const [first, second, last] = signatures.map((signature) => (signature ? `;chunk-signature=${signature}` : ''));
    return Buffer.concat([
      Buffer.from(`10000${first}\r\n`),
      content.subarray(0, 65_536),
      Buffer.from(`\r\n400${second}\r\n`),
      content.subarray(65_536),
      Buffer.from(`\r\n0${last}\r\n${end}`),
    ]);
  }
  const signed = frame([
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ]);
  const signedTrailer = (
    value: string,
    signature = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ) =>
    frame(
      [
        'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
        '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
        '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
      ],
      `x-amz-checksum-crc32c:${value}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
    );
  const unsigned = frame(['', '', ''], 'x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n');
  const CRC = ['x-amz-checksum-crc32c'];

  async function read(
    bytes: Buffer,
    framing: Omit<Parameters<typeof unframe>[1], 'lengthBytes'>,
    piece: number,
    lengthBytes = content.length,
  ) {
    const pieces: Buffer[] = [];
    for (let i = 0; i < bytes.length; i += piece) pieces.push(bytes.subarray(i, i + piece));
    const trailers: Record<string, string> = {};
    const body = await collect(unframe(Readable.from(pieces), { ...framing, lengthBytes }, trailers), 1e6);
    return { body, trailers };
  }

  test.each([7, 4096, 65_600, 1_000_000])('signed, in pieces of %i bytes', async (piece) => {
    expect((await read(signed, { seed: plainSeed }, piece)).body.equals(content)).toBe(true);
  });

  test.each([3, 1_000_000])('with trailers, in pieces of %i bytes', async (piece) => {
    for (const [bytes, framing] of [
      [signedTrailer('sOO8/Q=='), { seed: trailerSeed, trailers: CRC }],
      [unsigned, { trailers: CRC }],
    ] as const) {
      const { body, trailers } = await read(bytes, framing, piece);
      expect(body.equals(content)).toBe(true);
      expect(trailers).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
    }
  });

  const text = (s: string) => Buffer.from(s);
  const big = 'x'.repeat(8192);
  test.each<[string, Buffer, Parameters<typeof read>[1], number, string]>([
    ['an altered byte', Buffer.from(signed).fill('b', 100, 101), { seed: plainSeed }, 66_560, 'SignatureDoesNotMatch'],
    ['another seed', signed, { seed: trailerSeed }, 66_560, 'SignatureDoesNotMatch'],
    [
      'an altered trailer',
      signedTrailer('AAAAAA=='),
      { seed: trailerSeed, trailers: CRC },
      66_560,
      'SignatureDoesNotMatch',
    ],
    ['no trailer signature', unsigned, { seed: trailerSeed, trailers: CRC }, 66_560, 'IncompleteBody'],
    ['a cut body', signed.subarray(0, -10), { seed: plainSeed }, 66_560, 'IncompleteBody'],
    ['a cut chunk', signed.subarray(0, 5000), { seed: plainSeed }, 66_560, 'IncompleteBody'],
    ['nothing at all', text(''), {}, 0, 'IncompleteBody'],
    ['more than declared', unsigned, { trailers: CRC }, 66_559, 'IncompleteBody'],
    ['less than declared', unsigned, { trailers: CRC }, 66_561, 'IncompleteBody'],
    ['something after the end', text('0\r\n\r\nx'), {}, 0, 'IncompleteBody'],
    ['a size that is no number', text('xyz\r\n'), {}, 3, 'IncompleteBody'],
    ['a negative size', text('-1\r\n\r\n'), {}, 3, 'IncompleteBody'],
    ['a huge size', text('fffffffffffffffff\r\n'), {}, 3, 'IncompleteBody'],
    ['an endless line', text('1'.repeat(5000)), {}, 3, 'IncompleteBody'],
    ['a chunk without its end', text('3\r\nabcXX0\r\n\r\n'), {}, 3, 'IncompleteBody'],
    [
      'a signature where none is',
      text(`3;chunk-signature=${'0'.repeat(64)}\r\nabc\r\n0\r\n\r\n`),
      {},
      3,
      'IncompleteBody',
    ],
    [
      'a short chunk before the last',
      text(`3\r\nabc\r\n2000\r\n${big}\r\n0\r\n\r\n`),
      {},
      8195,
      'InvalidChunkSizeError',
    ],
    ['a trailer not announced', text('0\r\na:b\r\n\r\n'), { trailers: CRC }, 0, 'MalformedTrailerError'],
    ['an announced trailer missing', text('0\r\n\r\n'), { trailers: CRC }, 0, 'MalformedTrailerError'],
    [
      'a trailer twice',
      text('0\r\nx-amz-checksum-crc32c:a\r\nx-amz-checksum-crc32c:a\r\n\r\n'),
      { trailers: CRC },
      0,
      'MalformedTrailerError',
    ],
    ['a trailer without colon', text('0\r\nabc\r\n\r\n'), { trailers: CRC }, 0, 'MalformedTrailerError'],
  ])('refuses %s', async (_, bytes, framing, length, code) => {
    for (const piece of [5, 1_000_000]) {
      await expect(read(bytes, framing, piece, length)).rejects.toMatchObject({ code });
    }
  });
});
