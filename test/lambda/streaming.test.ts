/** Responses that are streamed while they are made, to who listens and to who waits for the whole. */
import { InvokeWithResponseStreamCommand, type InvokeWithResponseStreamCommandInput } from '@aws-sdk/client-lambda';
import { packArchive } from '../../runtime/engine/archive';
import { startLambda } from './harness';

let lambda: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  lambda = await startLambda();
});
afterAll(async () => {
  await lambda.coffer.close();
  expect(lambda.reports.filter((line) => line.startsWith('internal'))).toEqual([]);
});

async function stream(
  FunctionName: string,
  event: unknown = {},
  more: Partial<InvokeWithResponseStreamCommandInput> = {},
) {
  const Payload = Buffer.from(JSON.stringify(event));
  const output = await lambda.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload, ...more }));
  const chunks: string[] = [];
  const times: number[] = [];
  let complete: { ErrorCode?: string; ErrorDetails?: string; LogResult?: string } | undefined;
  for await (const { PayloadChunk, InvokeComplete } of output.EventStream!) {
    if (PayloadChunk) {
      chunks.push(Buffer.from(PayloadChunk.Payload!).toString());
      times.push(performance.now());
    } else complete = InvokeComplete;
  }
  return { output, chunks, times, text: chunks.join(''), complete };
}

const streaming = (body: string) =>
  `exports.handler = awslambda.streamifyResponse(async (event, out, context) => { ${body} });`;

test('what is written comes at once, and the end after it', async () => {
  const name = await lambda.make(
    streaming(`
      console.log('hello from ' + context.functionName);
      out.setContentType('text/plain');
      out.write('one ' + event.n + ';');
      await new Promise((resolve) => setTimeout(resolve, 400));
      out.write('two;');
      out.end('three');`),
  );
  const { output, text, times, complete } = await stream(name, { n: 7 }, { LogType: 'Tail' });
  expect(output).toMatchObject({
    StatusCode: 200,
    ExecutedVersion: '$LATEST',
    ResponseStreamContentType: 'text/plain',
  });
  expect(text).toBe('one 7;two;three');
  expect(times.at(-1)! - times[0]).toBeGreaterThan(250);
  expect(complete).toEqual({ LogResult: expect.any(String) });
  expect(Buffer.from(complete!.LogResult!, 'base64').toString()).toContain(`hello from ${name}`);
  // The same process is ready for the next, whole or in pieces.
  expect((await stream(name, { n: 8 })).text).toBe('one 8;two;three');
});

test('pipelines of many megabytes go through, and a whole response stays within 6 MB', async () => {
  const name = await lambda.make(`
    const { pipeline } = require('node:stream/promises');
    const { Readable } = require('node:stream');
    exports.handler = awslambda.streamifyResponse((event, out) =>
      pipeline(Readable.from((function* () { for (let i = 0; i < event.pieces; i++) yield Buffer.alloc(65536, 97); })()), out));`);
  expect((await stream(name, { pieces: 200 })).text.length).toBe(200 * 65_536);
  const large = await lambda.invoke(name, { pieces: 200 });
  expect(large).toMatchObject({ error: 'Unhandled', answer: { errorType: 'Function.ResponseSizeTooLarge' } });
});

test('Invoke gets it whole; a function that does not stream is one chunk', async () => {
  const streams = await lambda.make(streaming(`out.write('{"a":'); out.end('1}');`));
  expect(await lambda.invoke(streams)).toMatchObject({ answer: { a: 1 }, error: undefined });
  const whole = await lambda.make('exports.handler = async (event) => ({ got: event });');
  const { chunks, complete } = await stream(whole, [1]);
  expect(chunks).toEqual(['{"got":[1]}']);
  expect(complete).toEqual({});
});

test('what goes wrong before the response, within it, and by dying', async () => {
  const name = await lambda.make(
    streaming(`
      if (event.at === 'start') throw new TypeError('too early');
      out.write('some');
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (event.at === 'exit') process.exit(3);
      if (event.at === 'stream') out.destroy(new RangeError('broken'));
      else throw new RangeError('too late');
      await new Promise((resolve) => setTimeout(resolve, 50));`),
  );
  const early = await stream(name, { at: 'start' });
  expect(early.chunks).toEqual([]);
  expect(early.complete!.ErrorCode).toBe('TypeError');
  expect(JSON.parse(early.complete!.ErrorDetails!)).toMatchObject({
    errorType: 'TypeError',
    errorMessage: 'too early',
  });

  for (const [at, errorMessage] of [
    ['middle', 'too late'],
    ['stream', 'broken'],
  ]) {
    const late = await stream(name, { at });
    expect(late.text).toBe('some');
    expect(late.complete!.ErrorCode).toBe('RangeError');
    expect(JSON.parse(late.complete!.ErrorDetails!)).toMatchObject({ errorMessage });
  }

  const dead = await stream(name, { at: 'exit' });
  expect(dead.text).toBe('some');
  expect(dead.complete!.ErrorCode).toBe('Runtime.ExitError');
  expect((await stream(name, { at: 'start' })).complete!.ErrorCode).toBe('TypeError');
});

test('a stream that never ends is cut off at the timeout', async () => {
  const name = await lambda.make(
    streaming(`out.write('begun'); await new Promise(() => setInterval(() => {}, 1000));`),
    {
      Timeout: 1,
    },
  );
  const { text, complete } = await stream(name);
  expect(text).toBe('begun');
  expect(complete!.ErrorCode).toBe('Sandbox.Timedout');
});

test('metadata of an HTTP response comes before its body', async () => {
  const name = await lambda.make(
    streaming(`
      out = awslambda.HttpResponseStream.from(out, { statusCode: 201, headers: { a: 'b' } });
      out.end('body');`),
  );
  const { output, text } = await stream(name);
  expect(output.ResponseStreamContentType).toBe('application/vnd.awslambda.http-integration-response');
  expect(text).toBe(`{"statusCode":201,"headers":{"a":"b"}}${'\0'.repeat(8)}body`);
});

test('provided: by the Runtime API alone', async () => {
  const bootstrap = `#!${process.execPath}
const http = require('node:http');
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const base = '/2018-06-01/runtime/invocation/';
const run = () => http.get({ host, port, path: base + 'next' }, (res) => {
  res.resume().on('end', () => {
    const path = base + res.headers['lambda-runtime-aws-request-id'] + '/response';
    const headers = { 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked', Trailer: 'Lambda-Runtime-Function-Error-Type' };
    const post = http.request({ host, port, path, method: 'POST', headers }, (done) => done.resume().on('end', run));
    post.write('part');
    post.addTrailers({ 'Lambda-Runtime-Function-Error-Type': 'Runtime.Odd' });
    post.end();
  });
});
run();`;
  const ZipFile = packArchive({ bootstrap });
  ZipFile.writeUInt16LE(0o100755, ZipFile.indexOf('PK\x01\x02', 0, 'latin1') + 40);
  const name = await lambda.make('', { Runtime: 'provided.al2023', Handler: 'x', Code: { ZipFile } });
  const { text, complete } = await stream(name);
  expect(text).toBe('part');
  expect(complete).toMatchObject({ ErrorCode: 'Runtime.Odd' });
});

test('is asked as Invoke is', async () => {
  const name = await lambda.make(streaming('out.end();'));
  const refused = (more: Partial<InvokeWithResponseStreamCommandInput>) =>
    stream(name, {}, more).then(
      () => 'no error',
      (error) => error.name,
    );
  expect(await refused({ InvocationType: 'Event' as never })).toMatch(/Validation|InvalidParameter/);
  expect(await refused({ Payload: Buffer.from('no JSON') })).toBe('InvalidRequestContentException');
  expect(await refused({ FunctionName: 'nobody' })).toBe('ResourceNotFoundException');
  const { output, chunks } = await stream(name, {}, { InvocationType: 'DryRun' });
  expect([output.StatusCode, chunks]).toEqual([204, []]);
});
