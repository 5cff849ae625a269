import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-lambda';
import { startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  runtime = await startLambda();
});
afterAll(() => runtime.coffer.close());

const later = (FunctionName: string, event: unknown) =>
  runtime.send(
    new sdk.InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: Buffer.from(JSON.stringify(event)) }),
  );
const runs = async (name: string) => (await runtime.log(name, '"START RequestId"')).length;
const reserve = (FunctionName: string, ReservedConcurrentExecutions: number) =>
  runtime.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));

test('an event is accepted at once and runs soon', async () => {
  const name = await runtime.make('exports.handler = async (event) => console.log("got", event.n)');
  expect((await later(name, { n: 7 })).StatusCode).toBe(202);
  expect((await runtime.log(name)).join()).toMatch(/INFO\tgot 7\n/);
});

test('what fails runs again after one and two minutes, then goes to the dead-letter queue', async () => {
  const dead = await runtime.queue('dead');
  const source = 'exports.handler = async () => { throw new Error("always") }';
  const name = await runtime.make(source, { DeadLetterConfig: { TargetArn: dead.arn } });
  await later(name, { n: 1 });
  expect(await runs(name)).toBe(1);
  await runtime.coffer.clock.advance({ seconds: 59 });
  expect(await runs(name)).toBe(1);
  await runtime.coffer.clock.advance({ seconds: 2 });
  expect(await runs(name)).toBe(2);
  expect(await dead.take()).toEqual([]);
  await runtime.coffer.clock.advance({ minutes: 2 });
  expect(await runs(name)).toBe(3);
  expect(await dead.take()).toMatchObject([
    {
      Body: '{"n":1}',
      MessageAttributes: {
        RequestID: { DataType: 'String', StringValue: expect.any(String) },
        ErrorCode: { DataType: 'Number', StringValue: '200' },
        ErrorMessage: { DataType: 'String', StringValue: 'always' },
      },
    },
  ]);
});

test('destinations get a record', async () => {
  const failures = await runtime.queue('failures');
  const sink = await runtime.make('exports.handler = async (e) => console.log("sunk", e.requestContext.condition)');
  const name = await runtime.make(
    'exports.handler = async ({ ok }) => { if (!ok) throw new Error("no"); return { done: true } }',
  );
  const OnSuccess = { Destination: `arn:aws:lambda:us-east-1:000000000000:function:${sink}` };
  const DestinationConfig = { OnSuccess, OnFailure: { Destination: failures.arn } };
  const input = { FunctionName: name, MaximumRetryAttempts: 0, DestinationConfig };
  await runtime.send(new sdk.PutFunctionEventInvokeConfigCommand(input));
  await later(name, { ok: true });
  await later(name, { ok: false });
  expect((await runtime.log(sink)).join()).toMatch(/INFO\tsunk Success\n/);
  expect((await failures.take()).map(({ Body }) => JSON.parse(Body!))).toEqual([
    {
      version: '1.0',
      timestamp: expect.stringMatching(/Z$/),
      requestContext: {
        requestId: expect.any(String),
        functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}:$LATEST`,
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
  const expired = await runtime.queue('expired');
  const name = await runtime.make('exports.handler = async () => 1', { DeadLetterConfig: { TargetArn: expired.arn } });
  await reserve(name, 0);
  await runtime.send(
    new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: name, MaximumEventAgeInSeconds: 120 }),
  );
  await later(name, {});
  await runtime.coffer.clock.advance({ minutes: 1 });
  expect(await runs(name)).toBe(0);
  await runtime.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: name }));
  await runtime.coffer.clock.advance({ minutes: 1 });
  expect(await runs(name)).toBe(1);
  await reserve(name, 0);
  await later(name, {});
  expect(await expired.take()).toEqual([]);
  await runtime.coffer.clock.advance({ minutes: 3 });
  expect(await expired.take()).toMatchObject([{ MessageAttributes: { ErrorCode: { StringValue: '429' } } }]);
});

test('what was accepted survives the runtime', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  const before = await startLambda(directory);
  const source = 'exports.handler = async () => { await new Promise((r) => setTimeout(r, 200)); console.log("done") }';
  const FunctionName = await before.make(source);
  await before.send(new sdk.InvokeCommand({ FunctionName, InvocationType: 'Event' }));
  await before.coffer.close();
  const after = await startLambda(directory);
  expect((await after.log(FunctionName, 'done')).length).toBeGreaterThan(0);
  await after.coffer.close();
  rmSync(directory, { recursive: true, force: true });
});
