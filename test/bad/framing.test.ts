/**
 * Requests whose length, head or chunks are wrong, bodies that stop and clients that leave: the refusal names the place,
 * nothing of it can be seen, nothing stays behind, and the next request is answered.
 */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, bytesOf, type Door, EMPTY, exchange, openDoor, readAnswers, type Signed, sha256, sign } from './wire';

let door: Door;
const directory = mkdtempSync(join(tmpdir(), 'coffer-bad-'));
beforeAll(async () => {
  door = await openDoor(directory);
  await ask(door, { method: 'PUT', target: '/box' });
});
afterAll(async () => {
  await door.close();
  rmSync(directory, { recursive: true });
});
/** After each test: the object that it tried to make is not there, and no body of it. */
afterEach(async () => {
  expect((await ask(door, { target: '/box/key' })).brief).toBe('404 NoSuchKey');
  expect((await ask(door, { target: '/box' })).body).not.toContain('<Key>');
  expect(await door.incoming()).toBe(0);
});

const host = () => `127.0.0.1:${door.port}`;

describe('heads', () => {
  const start = 'PUT /box/key HTTP/1.1\r\nHost: x\r\n';
  test.each<[string, string, string]>([
    ['garbage', 'hello\r\n\r\n', '400 BadRequest'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', '400 BadRequest'],
    ['too long', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, '431 RequestHeaderSectionTooLarge'],
    ['a negative length', `${start}Content-Length: -5\r\n\r\n`, '400 BadRequest'],
    ['a length that is none', `${start}Content-Length: abc\r\n\r\n`, '400 BadRequest'],
    ['a huge length', `${start}Content-Length: 99999999999999999999\r\n\r\n`, '400 BadRequest'],
    ['two lengths', `${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, '400 BadRequest'],
    [
      'length and encoding',
      `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      '400 BadRequest',
    ],
    ['a folded header', `${start}A: b\r\n c\r\n\r\n`, '400 BadRequest'],
    ['a path that is no UTF-8', 'GET /box/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400 InvalidURI'],
    ['a broken escape', 'GET /box/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400 InvalidURI'],
  ])('%s', async (_, bytes, brief) => {
    expect((await exchange(door.port, bytes))[0].brief).toBe(brief);
  });

  test('no header is dropped, however many there are', async () => {
    const extra = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`x${i}`, '']));
    const answer = await ask(door, { tamper: (headers) => Object.assign(headers, extra, { 'x-amz-meta-late': '1' }) });
    expect(answer.brief).toBe('403 AccessDenied'); // the last one was not signed
  });
});

describe('headers of a PUT', () => {
  test.each<[string, Record<string, string>, string]>([
    ['an MD5 that is none', { 'content-md5': 'zzz' }, '400 InvalidDigest'],
    ['another MD5', { 'content-md5': 'CY9rzUYh03PK3k6DJie09g==' }, '400 BadDigest'],
    ['another checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, '400 BadDigest'],
    ['a checksum that is none', { 'x-amz-checksum-crc32': 'zz' }, '400 InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-checksum-crc32c': 'mnG7TA==' },
      '400 InvalidRequest',
    ],
    ['an unknown class', { 'x-amz-storage-class': 'GOLD' }, '400 InvalidStorageClass'],
    ['an unknown ACL', { 'x-amz-acl': 'everyone' }, '400 InvalidArgument'],
    ['an unknown encryption', { 'x-amz-server-side-encryption': 'rot13' }, '400 InvalidArgument'],
    ['tags with a duplicate', { 'x-amz-tagging': 'a=1&a=2' }, '400 InvalidArgument'],
    ['an odd If-None-Match', { 'if-none-match': '"abc"' }, '501 NotImplemented'],
    ['too much metadata', { 'x-amz-meta-a': 'x'.repeat(2048) }, '400 MetadataTooLarge'],
    ['an odd redirect', { 'x-amz-website-redirect-location': 'ftp://x' }, '400 InvalidRedirectLocation'],
    ['a source without key', { 'x-amz-copy-source': 'nobucket' }, '400 InvalidArgument'],
    ['another owner', { 'x-amz-expected-bucket-owner': '999999999999' }, '403 AccessDenied'],
  ])('%s', async (_, headers, brief) => {
    const answer = await ask(door, { method: 'PUT', target: '/box/key', body: 'hello', headers });
    expect(answer.brief).toBe(brief);
    // Of a canned ACL that there is not S3 says nothing but its name.
    if (!('x-amz-acl' in headers)) expect(answer.message).not.toBe('');
  });

  test('a large body with a wrong checksum leaves nothing', async () => {
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    const answer = await ask(door, { method: 'PUT', target: '/box/key', body: Buffer.alloc(300_000), headers });
    expect(answer.brief).toBe('400 BadDigest');
  });

  test('without a length, or with an encoding in its place', async () => {
    const put = { method: 'PUT', target: '/box/key', hash: 'UNSIGNED-PAYLOAD' };
    const { headers } = sign(put, host());
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `PUT /box/key HTTP/1.1\r\n${lines.join('')}connection: close\r\n`;
    expect((await exchange(door.port, `${head}\r\n`))[0].brief).toBe('411 MissingContentLength');
    const chunked = `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    expect((await exchange(door.port, chunked))[0].brief).toBe('501 NotImplemented');
    const huge = await ask(door, { ...put, tamper: (all) => (all['content-length'] = String(6 * 1024 ** 3)) });
    expect(huge.brief).toBe('400 EntityTooLarge');
  });

  test('the part of an upload without its number does not replace the object', async () => {
    const answer = await ask(door, { method: 'PUT', target: '/box/key?uploadId=u', body: 'part' });
    expect(answer.brief).toBe('400 InvalidArgument');
    expect(answer.message).toContain('Part number');
  });
});

describe('aws-chunked', () => {
  const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
  const UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const NAME = 'x-amz-checksum-crc32';
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('hex');

  function framed(
    { key, stamp, scope, signature }: Signed,
    chunks: readonly string[],
    alter = (s: string, _i: number) => s,
  ) {
    let previous = signature;
    return [...chunks, '']
      .map((chunk, i) => {
        const text = `AWS4-HMAC-SHA256-PAYLOAD\n${stamp}\n${scope}\n${previous}\n${EMPTY}\n${sha256(chunk)}`;
        previous = hmac(key, text);
        return `${chunk.length.toString(16)};chunk-signature=${alter(previous, i)}\r\n${chunk}\r\n`;
      })
      .join('');
  }
  const zeros = '0'.repeat(64);
  const hello = (signed: Signed) => framed(signed, ['hello']);
  async function put(mode: string, make: (signed: Signed) => string, headers: Record<string, string> = {}) {
    const own = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '5', ...headers };
    const signed = sign({ method: 'PUT', target: '/box/key', headers: own, hash: mode }, host());
    const [answer] = await exchange(door.port, bytesOf('PUT', '/box/key', signed.headers, make(signed)));
    return answer;
  }

  test('well framed is well', async () => {
    expect((await put(SIGNED, hello)).status).toBe(200);
    expect((await ask(door, { target: '/box/key' })).body).toBe('hello');
    await ask(door, { method: 'DELETE', target: '/box/key' });
  });

  const length = (value: string) => ({ 'x-amz-decoded-content-length': value });
  test.each<[string, (signed: Signed) => string, Record<string, string>, string, string]>([
    [
      'a wrong signature',
      (s) => framed(s, ['hello'], (own, i) => (i === 0 ? zeros : own)),
      {},
      '403 SignatureDoesNotMatch',
      '<Chunk>1',
    ],
    [
      'a wrong last signature',
      (s) => framed(s, ['hello'], (own, i) => (i === 1 ? zeros : own)),
      {},
      '403 SignatureDoesNotMatch',
      '<Chunk>2',
    ],
    ['no last chunk', (s) => hello(s).split('0;chunk')[0], {}, '400 IncompleteBody', 'ends within chunk 2'],
    ['a cut chunk', (s) => hello(s).slice(0, 88), {}, '400 IncompleteBody', 'ends within chunk 1'],
    ['a size that is none', (s) => hello(s).replace(/^5/, 'zz'), {}, '400 IncompleteBody', 'chunk 1 begins with'],
    ['a size too small', (s) => hello(s).replace(/^5/, '4'), {}, '403 SignatureDoesNotMatch', '<Chunk>1'],
    ['no frames', () => 'hello', {}, '400 IncompleteBody', 'chunk 1'],
    ['less than declared', hello, length('6'), '400 IncompleteBody', '5 of the 6 bytes declared'],
    ['more than declared', hello, length('4'), '400 IncompleteBody', 'chunk 1 goes beyond the 4 bytes'],
    ['a length that is none', hello, length('-1'), '400 InvalidArgument', 'x-amz-decoded-content-length'],
    ['no length', hello, length(''), '411 MissingContentLength', ''],
    ['something after the end', (s) => `${hello(s)}x`, {}, '400 IncompleteBody', 'follows the last chunk'],
    ['small chunks', (s) => framed(s, ['he', 'llo']), {}, '403 InvalidChunkSizeError', '<Chunk>1'],
  ])('%s', async (_, make, headers, brief, place) => {
    const answer = await put(SIGNED, make, headers);
    expect(answer.brief).toBe(brief);
    expect(answer.body).toContain(place);
  });

  const trailed =
    (...lines: string[]) =>
    () =>
      `5\r\nhello\r\n0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  test.each<[string, string, () => string, string, string]>([
    ['a wrong checksum', NAME, trailed(`${NAME}:AAAAAA==`), '400 BadDigest', 'CRC32'],
    ['a checksum that is none', NAME, trailed(`${NAME}:!!`), '400 InvalidRequest', `Value for ${NAME} trailing header`],
    ['none', NAME, trailed(), '400 MalformedTrailerError', `${NAME} was announced`],
    [
      'another',
      NAME,
      trailed('x-amz-checksum-sha1:a'),
      '400 MalformedTrailerError',
      'does not announce x-amz-checksum-sha1',
    ],
    ['one twice', NAME, trailed(`${NAME}:a`, `${NAME}:a`), '400 MalformedTrailerError', 'more than once'],
    ['one without colon', NAME, trailed('abc'), '400 MalformedTrailerError', 'abc'],
    ['one that cannot be', 'x-foo', trailed('x-foo:1'), '400 InvalidRequest', 'x-amz-trailer'],
    [
      'a wrong one of another kind',
      'x-amz-checksum-xxhash3',
      trailed('x-amz-checksum-xxhash3:AAAAAAAAAAA='),
      '400 BadDigest',
      'XXHASH3',
    ],
  ])('trailers: %s', async (_, announced, make, brief, place) => {
    const answer = await put(UNSIGNED, make, { 'x-amz-trailer': announced });
    expect(answer.brief).toBe(brief);
    expect(answer.body).toContain(place);
  });

  test.each([
    ['crc32', 'NhCmhg=='],
    ['crc32c', 'mnG7TA=='],
    ['sha1', 'qvTGHdzF6KLavt4PO0gs2a6pQ00='],
    ['md5', 'XUFAKrxLKna5cZ2REBfFkg=='],
    ['xxhash64', 'JseCfYifbaM='],
    ['xxhash3', 'lVXoVVxi3P0='],
    ['xxhash128', 'tenBrQcbPn/Hec+qXlI4GA=='],
  ])('a trailer of %s that matches is kept', async (algorithm, value) => {
    const name = `x-amz-checksum-${algorithm}`;
    const answer = await put(UNSIGNED, trailed(`${name}:${value}`), { 'x-amz-trailer': name });
    expect([answer.status, answer.headers[name]]).toEqual([200, value]);
    await ask(door, { method: 'DELETE', target: '/box/key' });
  });

  test.each([
    ['STREAMING-FOO', '400 InvalidArgument'],
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', '501 NotImplemented'],
    ['junk', '400 InvalidArgument'],
  ])('the mode %s', async (mode, brief) => {
    expect((await put(mode, () => '0\r\n\r\n')).brief).toBe(brief);
  });
});

describe('bodies that stop', () => {
  test.each<[string, number, 'end' | 'destroy' | 'resetAndDestroy', string | undefined]>([
    ['a small one', 1000, 'end', '400 IncompleteBody'],
    ['a large one', 2_000_000, 'end', '400 IncompleteBody'],
    ['a large one, its sender gone', 2_000_000, 'destroy', undefined],
    ['a large one, its sender crashed', 2_000_000, 'resetAndDestroy', undefined],
  ])('%s', async (_, size, how, brief) => {
    const body = Buffer.alloc(size, 'x');
    for (const hash of ['UNSIGNED-PAYLOAD', undefined]) {
      const { headers } = sign({ method: 'PUT', target: '/box/key', body, hash }, host());
      const bytes = bytesOf('PUT', '/box/key', headers, body);
      const text = await new Promise<string>((resolve) => {
        const socket = connect(door.port, '127.0.0.1');
        let received = '';
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1');
        });
        socket.on('error', () => {}).on('close', () => resolve(received));
        socket.write(bytes.subarray(0, bytes.length - size / 2), () => void pause(20).then(() => socket[how]()));
      });
      expect(readAnswers(text)[0]?.brief).toBe(brief);
      expect(await door.incoming()).toBe(0);
    }
  });

  test('a body longer than its length ends the connection after its answer', async () => {
    const put = { method: 'PUT', target: '/box/key', body: 'hel', headers: { 'content-length': '3' } };
    const { headers } = sign(put, host());
    const [answer] = await exchange(door.port, bytesOf('PUT', '/box/key', headers, 'hello'));
    expect(answer.status).toBe(200);
    expect((await ask(door, { target: '/box/key' })).body).toBe('hel');
    await ask(door, { method: 'DELETE', target: '/box/key' });
  });
});
