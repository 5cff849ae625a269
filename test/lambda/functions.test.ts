import { spawnSync } from 'node:child_process';
import * as sdk from '@aws-sdk/client-lambda';
import { packArchive } from '../../runtime/engine/archive';
import { startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  runtime = await startLambda();
});
afterAll(() => runtime.coffer.close());

const make: typeof runtime.make = (...args) => runtime.make(...args);
const invoke: typeof runtime.invoke = (...args) => runtime.invoke(...args);

test('a handler answers, sees its context and its environment, and nothing of the host', async () => {
  const secrets = { AWS_PROFILE: 'host', HOST_SECRET: 'x' };
  Object.assign(process.env, secrets);
  const name = await make(
    'exports.handler = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis(), env: process.env })',
    { Environment: { Variables: { COLOUR: 'blue' } }, Timeout: 7, MemorySize: 256 },
  );
  const { answer, error, version } = await invoke(
    name,
    { a: [1, 'ü'] },
    { ClientContext: Buffer.from('{"é":1}').toString('base64') },
  );
  for (const key of Object.keys(secrets)) delete process.env[key];
  expect(error).toBeUndefined();
  expect(version).toBe('$LATEST');
  expect(answer.event).toEqual({ a: [1, 'ü'] });
  expect(answer.left).toBeGreaterThan(6000);
  expect(answer.context).toMatchObject({
    functionName: name,
    functionVersion: '$LATEST',
    memoryLimitInMB: '256',
    logGroupName: `/aws/lambda/${name}`,
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    clientContext: { é: 1 },
  });
  expect(answer.env).toMatchObject({ COLOUR: 'blue', AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: name });
  expect(Object.keys(answer.env)).not.toEqual(expect.arrayContaining(['HOST_SECRET']));
  expect(answer.env.AWS_PROFILE).toBeUndefined();
});

test.each([
  ['callback', 'exports.handler = (e, c, done) => { setTimeout(() => done(null, 1), 5) }', 1],
  [
    'callback that waits for the loop',
    'let n = 0; exports.handler = (e, c, done) => { setTimeout(() => n++, 30); done(null, 1); }',
    1,
  ],
  ['nothing', 'exports.handler = () => {}', null],
  ['sync value without callback', 'exports.handler = () => 5', null],
  ['context.succeed', 'exports.handler = (e, c) => c.succeed(3)', 3],
  ['thenable', 'exports.handler = () => ({ then: (f) => f(4) })', 4],
  ['undefined', 'exports.handler = async () => undefined', null],
])('results: %s', async (_, source, expected) => {
  expect((await invoke(await make(source))).answer).toBe(expected);
});

test('modules: .mjs, type module, nested handlers, the SDK of the runtime', async () => {
  const esm = `import { S3Client } from '@aws-sdk/client-s3'; export const a = { b: async () => typeof S3Client };`;
  const name = await make('', { Handler: 'src/main.a.b', Code: { ZipFile: packArchive({ 'src/main.mjs': esm }) } });
  expect(await invoke(name)).toMatchObject({ answer: 'function', error: undefined });
  const files = {
    'package.json': '{"type":"module"}',
    'index.js': 'export const handler = async () => import.meta.url.length > 0',
  };
  expect((await invoke(await make('', { Code: { ZipFile: packArchive(files) } }))).answer).toBe(true);
  const cjs = await make(
    `const { S3Client } = require('@aws-sdk/client-s3'); exports.handler = async () => typeof S3Client`,
  );
  expect((await invoke(cjs)).answer).toBe('function');
  const stranger = await make(`require('msgpackr'); exports.handler = async () => 1`);
  expect((await invoke(stranger)).answer.errorType).toBe('Runtime.ImportModuleError');
});

test.each([
  [
    'throws',
    'exports.handler = async () => { throw new TypeError("no") }',
    { errorType: 'TypeError', errorMessage: 'no' },
  ],
  ['throws at once', 'exports.handler = () => { throw new TypeError("no") }', { errorType: 'TypeError' }],
  [
    'throws text',
    'exports.handler = async () => { throw "no" }',
    { errorType: 'string', errorMessage: 'no', trace: [] },
  ],
  ['callback error', 'exports.handler = (e, c, d) => d(new Error("no"))', { errorType: 'Error', errorMessage: 'no' }],
  [
    'exits',
    'exports.handler = async () => process.exit(3)',
    {
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: [\w-]+ Error: Runtime exited with error: exit status 3$/),
    },
  ],
  [
    'exits well',
    'exports.handler = async () => process.exit(0)',
    { errorMessage: expect.stringMatching(/Runtime exited without providing a reason$/) },
  ],
  [
    'is killed',
    'exports.handler = async () => process.kill(process.pid, "SIGKILL")',
    { errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/signal: killed$/) },
  ],
  ['never settles', 'exports.handler = () => new Promise(() => {})', { errorType: 'Runtime.NodeJsExit' }],
  [
    'unhandled rejection',
    'exports.handler = async () => { Promise.reject(new Error("x")); await new Promise((r) => setTimeout(r, 500)) }',
    { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'Error: x' },
  ],
  [
    'uncaught exception',
    'exports.handler = async () => { setTimeout(() => { throw new Error("x") }); await new Promise((r) => setTimeout(r, 500)) }',
    { errorType: 'Error', errorMessage: 'x' },
  ],
  [
    'circular answer',
    'exports.handler = async () => { const a = {}; a.a = a; return a }',
    { errorType: 'Runtime.MarshalError' },
  ],
  [
    'too long an answer',
    'exports.handler = async () => "x".repeat(6300000)',
    {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    },
  ],
  [
    'no such export',
    'exports.handle = 1',
    { errorType: 'Runtime.HandlerNotFound', errorMessage: 'index.handler is undefined or not exported' },
  ],
  [
    'no function',
    'exports.handler = 1',
    { errorType: 'Runtime.HandlerNotFound', errorMessage: 'index.handler is not a function' },
  ],
  ['syntax error', 'exports.handler = {', { errorType: 'Runtime.UserCodeSyntaxError' }],
  ['throws while loading', 'throw new RangeError("early")', { errorType: 'RangeError', errorMessage: 'early' }],
  ['exits while loading', 'process.exit(4)', { errorType: 'Runtime.ExitError' }],
])('failures: %s', async (_, source, expected) => {
  const { answer, error, status } = await invoke(await make(source));
  expect(status).toBe(200);
  expect(error).toBe('Unhandled');
  expect(answer).toMatchObject(expected);
});

test('a handler that hangs is killed at its timeout, and the next call starts afresh', async () => {
  const source = 'let n = 0; exports.handler = async ({ hang }) => { n++; if (hang) for (;;); return n }';
  const name = await make(source, { Timeout: 1 });
  expect((await invoke(name)).answer).toBe(1);
  const hung = await invoke(name, { hang: true }, { LogType: 'Tail' });
  expect(hung.answer).toEqual({
    errorType: 'Sandbox.Timedout',
    errorMessage: expect.stringMatching(/^RequestId: [\w-]+ Error: Task timed out after 1.00 seconds$/),
  });
  expect(hung.log).toMatch(/Task timed out after 1\.00 seconds[\s\S]*REPORT .*Status: timeout/);
  expect((await invoke(name)).answer).toBe(1);
});

test('a handler that takes more memory than it has is killed', async () => {
  const source =
    'exports.handler = async () => { const a = []; for (;;) { a.push(Buffer.alloc(8 << 20, 1)); await new Promise((r) => setTimeout(r, 5)); } }';
  const { answer, log } = await invoke(await make(source, { Timeout: 10 }), {}, { LogType: 'Tail' });
  expect(answer).toEqual({ errorType: 'Runtime.OutOfMemory', errorMessage: expect.stringMatching(/signal: killed$/) });
  expect(log).toMatch(/Max Memory Used: 128 MB\tInit Duration: .*Status: error\tError Type: Runtime.OutOfMemory/);
});

test('one warm process per concurrent call, stopped between calls', async () => {
  const source = `let ticks = 0; setInterval(() => ticks++, 5); exports.handler = async ({ ms }) => { await new Promise((r) => setTimeout(r, ms)); return [process.pid, ticks] }`;
  const name = await make(source);
  const both = await Promise.all([invoke(name, { ms: 100 }), invoke(name, { ms: 100 })]);
  const pids = new Set(both.map(({ answer }) => answer[0]));
  expect(pids.size).toBe(2);
  const { answer: before } = await invoke(name, { ms: 0 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { answer: after } = await invoke(name, { ms: 0 });
  expect(pids).toContain(after[0]);
  expect(after[0]).toBe(before[0]);
  expect(after[1] - before[1]).toBeLessThan(20);
});

test('reserved concurrency is enforced', async () => {
  const name = await make('exports.handler = () => new Promise((r) => setTimeout(r, 300))');
  await runtime.client.send(
    new sdk.PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }),
  );
  const [first, second] = await Promise.allSettled([invoke(name), invoke(name)]);
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({
    reason: {
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    },
  });
});

test('new code and new settings reach the next call; versions and aliases keep theirs', async () => {
  const name = await make('exports.handler = async () => [1, process.env.XY]');
  const send = runtime.client.send.bind(runtime.client);
  expect((await invoke(name)).answer).toEqual([1, null]);
  await send(new sdk.PublishVersionCommand({ FunctionName: name }));
  await send(new sdk.CreateAliasCommand({ FunctionName: name, Name: 'live', FunctionVersion: '1' }));
  await send(
    new sdk.UpdateFunctionCodeCommand({
      FunctionName: name,
      ZipFile: packArchive({ 'index.js': 'exports.handler = async () => [2, process.env.XY]' }),
    }),
  );
  await send(
    new sdk.UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables: { XY: 'y' } } }),
  );
  expect((await invoke(name)).answer).toEqual([2, 'y']);
  expect(await invoke(`${name}:live`)).toMatchObject({ answer: [1, null], version: '1' });
  expect(await invoke(encodeURIComponent(name), {}, { Qualifier: '1' })).toMatchObject({ answer: [1, null] });
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  expect((await invoke(`${arn}:live`)).version).toBe('1');
  await expect(invoke(name, {}, { Qualifier: 'gone' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn}:gone`,
  });
});

test('logs: system lines, console, output by line', async () => {
  const name = await make(
    'exports.handler = async () => { console.log("one\\ntwo %s", 3); process.stdout.write("raw\\nline"); console.error(new Error("e")) }',
  );
  const { log } = await invoke(name, {}, { LogType: 'Tail' });
  const messages = await runtime.log(name);
  expect(messages.slice(0, 2)).toEqual([
    expect.stringMatching(/^INIT_START Runtime Version: nodejs:/),
    expect.stringMatching(/^START RequestId: [\w-]+ Version: \$LATEST\n$/),
  ]);
  expect(messages).toEqual(
    expect.arrayContaining([expect.stringMatching(/^\S+Z\t[\w-]{36}\tINFO\tone\ntwo 3\n$/), 'raw\n', 'line']),
  );
  expect(messages.at(-2)).toMatch(/^END RequestId: [\w-]+\n$/);
  expect(messages.at(-1)).toMatch(
    /^REPORT RequestId: [\w-]+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n$/,
  );
  expect(log).toContain('START RequestId');
});

test('a role that may not write logs has none, and the refusal can be seen', async () => {
  const name = await make('exports.handler = async () => 1', {
    Role: await runtime.makeRole('Silent', ['s3:GetObject']),
  });
  expect((await invoke(name)).answer).toBe(1);
  expect(await runtime.log(name)).toEqual([]);
  expect(
    runtime.coffer
      .denials()
      .map((denial) => JSON.stringify(denial))
      .join(),
  ).toMatch(/logs:Create/);
});

test('a handler acts as its role', async () => {
  const source = `const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
    exports.handler = async () => (await new SQSClient({}).send(new ListQueuesCommand({}))).QueueUrls ?? [];`;
  const may = await make(source, { Timeout: 20 });
  expect((await invoke(may)).answer).toEqual([]);
  const mayNot = await make(source, { Timeout: 20, Role: await runtime.makeRole('Poor', ['logs:*']) });
  expect((await invoke(mayNot)).answer).toMatchObject({
    errorType: 'AccessDenied',
    errorMessage: expect.stringContaining('assumed-role/Poor/'),
  });
});

test('requests of a handler tell which function it is', async () => {
  const source = `const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
    exports.handler = async () => (await new SQSClient({}).send(new ListQueuesCommand({}))).QueueUrls ?? [];`;
  const Role = await runtime.makeRole('Named', ['logs:*', 'sqs:*']);
  const name = await make(source, { Timeout: 20, Role });
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  const onlyFrom = (SourceFunctionArn: string) =>
    runtime.limitRole('Named', { ArnNotEquals: { 'lambda:SourceFunctionArn': SourceFunctionArn } });
  await onlyFrom(arn);
  expect((await invoke(name)).answer).toEqual([]);
  await onlyFrom(`${arn}-other`);
  expect((await invoke(name)).answer).toMatchObject({ errorMessage: expect.stringContaining('explicit deny') });
});

const python = spawnSync('python3', ['--version']).status === 0 ? test : test.skip;
python('python', async () => {
  const source = `import os, sys\ndef handler(event, context):\n    print("hello")\n    if event.get("fail"):\n        raise ValueError("bad")\n    return {"got": event, "name": context.function_name, "left": context.get_remaining_time_in_millis() > 0}\n`;
  const name = await make('', { Runtime: 'python3.11', Code: { ZipFile: packArchive({ 'index.py': source }) } });
  expect((await invoke(name, { a: 1 })).answer).toEqual({ got: { a: 1 }, name, left: true });
  const failed = await invoke(name, { fail: true });
  expect(failed).toMatchObject({
    error: 'Unhandled',
    answer: { errorType: 'ValueError', errorMessage: 'bad', stackTrace: [expect.stringContaining('raise ValueError')] },
  });
  const missing = await make('', {
    Runtime: 'python3.11',
    Code: { ZipFile: packArchive({ 'index.py': 'import nothing_here' }) },
  });
  expect((await invoke(missing)).answer).toMatchObject({
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Unable to import module 'index': No module named 'nothing_here'",
  });
});

test('provided: the bootstrap of the package; other runtimes say what is missing', async () => {
  const bootstrap = `#!${process.execPath}
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
(async () => {
  for (;;) {
    const next = await fetch(api + 'next');
    const id = next.headers.get('lambda-runtime-aws-request-id');
    await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify({ echo: await next.json() }) });
  }
})();
`;
  const zip = packArchive({ bootstrap });
  const name = await make('', { Runtime: 'provided.al2023', Handler: 'x', Code: { ZipFile: zip } });
  expect((await invoke(name)).answer).toMatchObject({
    errorType: 'Runtime.InvalidEntrypoint',
    errorMessage: expect.stringContaining('permission denied'),
  });
  zip.writeUInt16LE(0o100755, zip.indexOf('PK\x01\x02', 0, 'latin1') + 40);
  const runs = await make('', { Runtime: 'provided.al2023', Handler: 'x', Code: { ZipFile: zip } });
  expect((await invoke(runs, [1])).answer).toEqual({ echo: [1] });
  await expect(invoke(await make('', { Runtime: 'java21' }))).rejects.toMatchObject({
    name: 'InvalidRuntimeException',
    message: expect.stringContaining('java21'),
  });
});
