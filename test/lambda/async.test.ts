import * as sdk from '@aws-sdk/client-lambda';
import { packArchive } from '../../runtime/engine/archive';
import { startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  runtime = await startLambda();
});
afterAll(() => runtime.close());

const ROLE = 'arn:aws:iam::000000000000:role/R';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:dead';
const send: sdk.LambdaClient['send'] = (command: never) => runtime.client.send(command);

async function make(FunctionName: string, source: string, more: Partial<sdk.CreateFunctionCommandInput> = {}) {
  const Code = { ZipFile: packArchive({ 'index.js': source }) };
  const input = { FunctionName, Runtime: 'nodejs20.x' as const, Handler: 'index.handler', Role: ROLE, Code, ...more };
  await send(new sdk.CreateFunctionCommand(input));
}

const later = (FunctionName: string, event: unknown) =>
  send(new sdk.InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: Buffer.from(JSON.stringify(event)) }));

const runs = (name: string) =>
  runtime.logs.filter(({ group, message }) => group.endsWith(`/${name}`) && message.startsWith('START')).length;

test('an event is accepted at once and runs soon', async () => {
  await make('good', 'exports.handler = async (event) => console.log("got", event.n)');
  expect((await later('good', { n: 7 })).StatusCode).toBe(202);
  await runtime.settled();
  expect(runtime.logs.map((entry) => entry.message).join()).toMatch(/INFO\tgot 7\n/);
});

test('what fails runs again after one and two minutes, then goes to the dead-letter queue', async () => {
  await make('bad', 'exports.handler = async () => { throw new Error("always") }', {
    DeadLetterConfig: { TargetArn: QUEUE },
  });
  await later('bad', { n: 1 });
  await runtime.settled();
  expect(runs('bad')).toBe(1);
  await runtime.advance({ seconds: 59 });
  expect(runs('bad')).toBe(1);
  await runtime.advance({ seconds: 2 });
  expect(runs('bad')).toBe(2);
  expect(runtime.messages).toEqual([]);
  await runtime.advance({ minutes: 2 });
  expect(runs('bad')).toBe(3);
  expect(runtime.messages).toEqual([
    {
      QueueUrl: 'https://sqs.us-east-1.amazonaws.com/000000000000/dead',
      MessageBody: '{"n":1}',
      MessageAttributes: {
        RequestID: { DataType: 'String', StringValue: expect.any(String) },
        ErrorCode: { DataType: 'Number', StringValue: '200' },
        ErrorMessage: { DataType: 'String', StringValue: 'always' },
      },
    },
  ]);
});

test('destinations get a record', async () => {
  runtime.messages.length = 0;
  await make('sink', 'exports.handler = async (event) => console.log("sunk", event.requestContext.condition)');
  await make('either', 'exports.handler = async ({ ok }) => { if (!ok) throw new Error("no"); return { done: true } }');
  const OnSuccess = { Destination: 'arn:aws:lambda:us-east-1:000000000000:function:sink' };
  const DestinationConfig = { OnSuccess, OnFailure: { Destination: QUEUE } };
  await send(
    new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: 'either', MaximumRetryAttempts: 0, DestinationConfig }),
  );
  await later('either', { ok: true });
  await later('either', { ok: false });
  await runtime.settled();
  expect(runtime.logs.map((entry) => entry.message).join()).toMatch(/INFO\tsunk Success\n/);
  expect(runtime.messages.map(({ MessageBody }) => JSON.parse(MessageBody))).toEqual([
    {
      version: '1.0',
      timestamp: expect.stringMatching(/Z$/),
      requestContext: {
        requestId: expect.any(String),
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:either:$LATEST',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      },
      requestPayload: { ok: false },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'Error', errorMessage: 'no', trace: expect.any(Array) },
    },
  ]);
});

test('events too old are given up; throttled ones are tried again', async () => {
  runtime.messages.length = 0;
  await make('shut', 'exports.handler = async () => 1', { DeadLetterConfig: { TargetArn: QUEUE } });
  await send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: 'shut', ReservedConcurrentExecutions: 0 }));
  await send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: 'shut', MaximumEventAgeInSeconds: 120 }));
  await later('shut', {});
  await runtime.advance({ minutes: 1 });
  expect(runtime.messages).toEqual([]);
  await send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: 'shut' }));
  await later('shut', {});
  await runtime.settled();
  expect(runs('shut')).toBe(1);
  await runtime.advance({ minutes: 1 });
  expect(runs('shut')).toBe(2);
  await send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: 'shut', ReservedConcurrentExecutions: 0 }));
  await later('shut', {});
  await runtime.advance({ minutes: 3 });
  expect(runtime.messages).toHaveLength(1);
});
