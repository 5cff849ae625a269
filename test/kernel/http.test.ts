/** The socket side, spoken to in raw bytes: framing, limits, `Expect`, bodies that nobody reads, clients that leave. */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { collect } from '../../runtime/base/bytes';
import type { Request, Response } from '../../runtime/base/http';
import { type Listener, listen } from '../../runtime/kernel/http';
import { readTarget } from '../../runtime/kernel/incoming';

let listener: Listener;
let answer: (request: Request) => Promise<Response>;
const reports: string[] = [];

beforeAll(async () => {
  const now = () => Date.UTC(2026, 10, 20, 18, 58, 50);
  const report = (line: string) => reports.push(line);
  listener = await listen((request) => answer(request), {
    port: 0,
    host: '127.0.0.1',
    now,
    report,
    patienceSeconds: 0,
  });
});
afterAll(() => listener.close());
beforeEach(() => {
  answer = async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('ok') });
});

/** A connection whose received text can be waited for. */
function dial(): {
  socket: Socket;
  send(text: string | Buffer): void;
  until(pattern: RegExp): Promise<string>;
  ended: Promise<string>;
} {
  const socket = connect(listener.port, '127.0.0.1');
  let text = '';
  let look = () => {};
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    look();
  });
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  return {
    socket,
    send: (bytes) => socket.write(bytes),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(text)) resolve(text);
        };
        look();
        void ended.then(() => (pattern.test(text) ? resolve(text) : reject(new Error(`closed after: ${text}`))));
      }),
    ended,
  };
}

async function exchange(bytes: string): Promise<string> {
  const { send, ended, socket } = dial();
  send(bytes);
  setTimeout(() => socket.end(), 20).unref();
  return ended;
}

describe('what cannot be HTTP is answered and forgotten', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a bad method', 'G\u0001T / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['an empty Content-Length', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a negative Content-Length', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two Content-Lengths',
      'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'length and chunks',
      'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['a header without colon', 'GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'too much head',
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*RequestHeaderSectionTooLarge/,
    ],
    ['too long a target', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a bad escape in the query', 'GET /?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*InvalidURI/],
    ['bad UTF-8 in the query', 'GET /?a=%ff HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*InvalidURI/],
  ])('%s', async (_, bytes, expected) => {
    expect(await exchange(bytes)).toMatch(expected);
    expect(await exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a broken chunk in a body ends the body with an error', async () => {
    let failure: unknown;
    answer = async (request) => {
      failure = await collect(request.body, 1000).catch((error) => error);
      return { status: 400, headers: {} };
    };
    await exchange('PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n');
    await eventually(() => failure !== undefined);
    expect(failure).toMatchObject({ code: 'IncompleteBody' });
  });
});

test('a request becomes a value', async () => {
  let seen!: Request;
  answer = async (request) => {
    seen = request;
    return { status: 200, headers: {}, body: await collect(request.body, 100) };
  };
  const text = await exchange(
    'POST /a%2Fb/c?x=1&flag&y=a+b%20c HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 3\r\n\r\nabc',
  );
  expect(text).toMatch(
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*date: Fri, 20 Nov 2026 18:58:50 GMT\r\ncontent-length: 3[\s\S]*\r\n\r\nabc$/,
  );
  expect(seen).toMatchObject({
    method: 'POST',
    target: '/a%2Fb/c?x=1&flag&y=a+b%20c',
    path: '/a%2Fb/c',
    query: [
      ['x', '1'],
      ['flag', ''],
      ['y', 'a+b c'],
    ],
    headers: { host: 'h', 'x-two': '1, 2' },
    repeated: { 'x-two': '1,2' },
    contentLength: 3,
    remoteAddress: '127.0.0.1',
    secure: true,
  });
});

test('plain HTTP is a mark on a loopback request', async () => {
  const secure: boolean[] = [];
  answer = async (request) => {
    secure.push(request.secure);
    return { status: 204, headers: {} };
  };
  await exchange(
    'GET / HTTP/1.1\r\nHost: x\r\nx-coffer-secure-transport: false\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  expect(secure).toEqual([false, true]);
});

test('a proxy-style target loses its authority', async () => {
  answer = async ({ target }) => ({ status: 200, headers: {}, body: Buffer.from(target) });
  expect(await exchange('GET http://other:1/b/k?x HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/\r\n\r\n\/b\/k\?x$/);
});

describe('Expect', () => {
  const put = (expectation: string) =>
    `PUT / HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: 5\r\n\r\n`;

  test('100-continue is sent when the body is asked for', async () => {
    answer = async ({ body }) => ({ status: 200, headers: {}, body: await collect(body, 10) });
    const { send, until, socket } = dial();
    send(put('100-continue'));
    await until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    send('hello');
    await until(/HTTP\/1\.1 200 OK[\s\S]*hello$/);
    socket.end();
  });

  test('an early error goes out before the body, and the connection closes', async () => {
    answer = async () => ({ status: 403, headers: {}, body: Buffer.from('no') });
    const { send, until, ended } = dial();
    send(put('100-continue'));
    expect(await until(/no$/)).toMatch(/^HTTP\/1\.1 403 [\s\S]*connection: close/);
    send('hello');
    await ended;
  });

  test.each(['200-ok', '', 'whatever'])('"%s" is accepted', async (expectation) => {
    answer = async ({ body }) => ({ status: 200, headers: {}, body: await collect(body, 10) });
    expect(await exchange(`${put(expectation)}hello`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*hello$/);
  });
});

describe('a body that nobody reads', () => {
  test('is drained when short, and the next request is answered', async () => {
    let count = 0;
    answer = async () => ({ status: 200, headers: {}, body: Buffer.from(`<${++count}>`) });
    const { send, until, socket } = dial();
    send(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`);
    await until(/<1>/);
    send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(/<2>/);
    socket.end();
  });

  test('costs the connection when long, after the answer was seen', async () => {
    answer = async () => ({ status: 403, headers: {}, body: Buffer.from('early') });
    const { send, until, ended } = dial();
    send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n');
    send(Buffer.alloc(4_000_000));
    expect(await until(/early/)).toMatch(/connection: close/);
    send(Buffer.alloc(4_000_000));
    await ended;
  });
});

describe('answers', () => {
  async function* pieces(...texts: string[]) {
    for (const text of texts) yield Buffer.from(text);
  }

  test.each<[string, string, () => Response, RegExp]>([
    [
      'a stream of known length',
      'GET',
      () => ({ status: 200, headers: { 'content-length': '4' }, body: pieces('ab', 'cd') }),
      /content-length: 4\r\n[\s\S]*\r\n\r\nabcd$/,
    ],
    [
      'a stream of unknown length',
      'GET',
      () => ({ status: 200, headers: {}, body: pieces('ab', 'cd') }),
      /transfer-encoding: chunked[\s\S]*\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n$/i,
    ],
    [
      'HEAD has the length and no body',
      'HEAD',
      () => ({ status: 200, headers: { 'content-length': '4' }, body: pieces('abcd') }),
      /content-length: 4\r\n[\s\S]*\r\n\r\n$/,
    ],
    ['no body at all', 'GET', () => ({ status: 200, headers: {} }), /content-length: 0\r\n[\s\S]*\r\n\r\n$/],
    ['204 has no length', 'GET', () => ({ status: 204, headers: {} }), /^(?![\s\S]*content-length)[\s\S]*\r\n\r\n$/],
    [
      'text beyond Latin-1 goes out as UTF-8',
      'GET',
      () => ({ status: 200, headers: { 'x-name': '€\r\nx: y' } }),
      /x-name: \u00e2\u0082\u00ac {2}x: y\r\n/,
    ],
  ])('%s', async (_, method, response, expected) => {
    answer = async () => response();
    expect(await exchange(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(expected);
  });

  test('a stream that breaks breaks the connection', async () => {
    answer = async () => ({
      status: 200,
      headers: { 'content-length': '10' },
      body: (async function* () {
        yield Buffer.from('abc');
        await pause(20);
        throw new Error('disk on fire');
      })(),
    });
    expect(await dialAndSend('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/\r\n\r\nabc$/);
    expect(reports.join()).toContain('disk on fire');
  });

  test('a reader that leaves ends the stream', async () => {
    let closed = false;
    answer = async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        try {
          for (;;) yield Buffer.alloc(65_536);
        } finally {
          closed = true;
        }
      })(),
    });
    const { send, until, socket } = dial();
    send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(/200 OK/);
    socket.pause();
    await pause(20);
    socket.destroy();
    await eventually(() => closed);
  });

  test('a sender that stalls is told so', async () => {
    answer = async (request) => {
      const failure = await collect(request.body, 1e6).catch((error) => error);
      return { status: failure.status, headers: {}, body: Buffer.from(failure.code) };
    };
    const { send, until, ended } = dial();
    send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc');
    await until(/^HTTP\/1\.1 400 [\s\S]*RequestTimeout$/);
    await ended;
  });

  test('a sender that leaves ends the body', async () => {
    let failure: unknown;
    answer = async (request) => {
      failure = await collect(request.body, 1e6).catch((error) => error);
      return { status: 200, headers: {} };
    };
    const { send, socket } = dial();
    send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc');
    await pause(30);
    socket.destroy();
    await eventually(() => failure !== undefined);
    expect(failure).toMatchObject({ code: 'IncompleteBody' });
  });
});

async function eventually(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (holds()) return;
    await pause(10);
  }
  throw new Error('it never came to that');
}

async function dialAndSend(bytes: string): Promise<string> {
  const { send, ended } = dial();
  send(bytes);
  return ended;
}

test('a target is decoded once, in order', () => {
  expect(readTarget('/a?b=%2541&c&=d&&e=f=g')).toEqual({
    target: '/a?b=%2541&c&=d&&e=f=g',
    path: '/a',
    query: [
      ['b', '%41'],
      ['c', ''],
      ['', 'd'],
      ['e', 'f=g'],
    ],
  });
});
