/** State machines, as clients run them: what a state does, retries and catches on the virtual clock, what is refused. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as sdk from '@aws-sdk/client-sfn';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { packArchive } from '../../runtime/engine/archive';

let coffer: Coffer;
let client: sdk.SFNClient;
let roleArn: string;
let functionArn: string;
let queueUrl: string;
beforeAll(async () => {
  coffer = await startCoffer();
  client = coffer.client(sdk.SFNClient);
  const iam = coffer.client(IAMClient);
  const Service = ['states.amazonaws.com', 'lambda.amazonaws.com'];
  const trust = { Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }] };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', ...trust });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'machine', AssumeRolePolicyDocument }));
  roleArn = Role!.Arn!;
  const Statement = [{ Effect: 'Allow', Action: ['lambda:InvokeFunction', 'sqs:SendMessage'], Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'machine', PolicyName: 'p', PolicyDocument }));
  const source = `let calls = 0;
    exports.handler = async ({ fail = 0, n = 0 }) => {
      calls++;
      if (fail < 0 || calls <= fail) throw Object.assign(new Error('not yet'), { name: 'NotYet' });
      return { n: n + 1, calls };
    };`;
  const { FunctionArn } = await coffer.client(LambdaClient).send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: packArchive({ 'index.js': source }) },
    }),
  );
  functionArn = FunctionArn!;
  queueUrl = (await coffer.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'q' }))).QueueUrl!;
});
afterAll(() => coffer.close());

let count = 0;
async function start(definition: object, input: unknown = {}): Promise<string> {
  const name = `m${++count}`;
  const { stateMachineArn } = await client.send(
    new sdk.CreateStateMachineCommand({ name, roleArn, definition: JSON.stringify(definition) }),
  );
  const started = await client.send(new sdk.StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
  return started.executionArn!;
}

async function ended(executionArn: string) {
  await coffer.settled();
  const { status, output, error, cause } = await client.send(new sdk.DescribeExecutionCommand({ executionArn }));
  return { status, output: output && JSON.parse(output), error, cause };
}

const one = (state: object) => ({ StartAt: 'It', States: { It: { End: true, ...state } } });

test.each<[string, object, unknown, unknown]>([
  ['passes its input', { Type: 'Pass' }, { a: 1 }, { a: 1 }],
  ['puts a result at a path', { Type: 'Pass', Result: 2, ResultPath: '$.b.c' }, { a: 1 }, { a: 1, b: { c: 2 } }],
  ['drops a result', { Type: 'Pass', Result: 2, ResultPath: null }, { a: 1 }, { a: 1 }],
  ['takes part of its input', { Type: 'Pass', InputPath: '$.a', OutputPath: '$.b' }, { a: { b: [1] } }, [1]],
  [
    'fills a template',
    { Type: 'Pass', Parameters: { 'x.$': '$.a[1]', y: [{ 'z.$': '$$.State.Name' }] } },
    { a: [1, 2] },
    { x: 2, y: [{ z: 'It' }] },
  ],
  ['succeeds with a part', { Type: 'Succeed', OutputPath: '$.a', End: undefined }, { a: 3 }, 3],
])('a state %s', async (_, state, input, output) => {
  expect(await ended(await start(one(state), input))).toEqual({ status: 'SUCCEEDED', output });
});

test.each<[object, unknown, boolean]>([
  [{ Variable: '$.s', StringEquals: 'a' }, { s: 'a' }, true],
  [{ Variable: '$.s', StringMatches: 'a*c' }, { s: 'abc' }, true],
  [{ Variable: '$.n', NumericGreaterThan: 2 }, { n: 2 }, false],
  [{ Variable: '$.n', NumericLessThanEqualsPath: '$.m' }, { n: 2, m: 2 }, true],
  [{ Variable: '$.t', TimestampLessThan: '2026-01-01T00:00:00Z' }, { t: '2025-12-31T00:00:00Z' }, true],
  [{ Variable: '$.x', IsPresent: false }, {}, true],
  [{ Not: { Variable: '$.b', BooleanEquals: true } }, { b: false }, true],
  [
    {
      And: [
        { Variable: '$.n', NumericEquals: 1 },
        { Variable: '$.s', IsString: true },
      ],
    },
    { n: 1, s: 2 },
    false,
  ],
])('a choice: %j of %j', async (rule, input, fits) => {
  const States = {
    It: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
    Yes: { Type: 'Pass', Result: true, End: true },
    No: { Type: 'Pass', Result: false, End: true },
  };
  expect((await ended(await start({ StartAt: 'It', States }, input))).output).toBe(fits);
});

test('tasks call functions and queues as the role of the machine', async () => {
  const States = {
    Call: { Type: 'Task', Resource: functionArn, ResultPath: '$.first', Next: 'Again' },
    Again: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Parameters: { FunctionName: functionArn, 'Payload.$': '$.first' },
      ResultSelector: { 'n.$': '$.Payload.n' },
      Next: 'Send',
    },
    Send: {
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage',
      Parameters: { QueueUrl: queueUrl, 'MessageBody.$': '$' },
      ResultPath: null,
      End: true,
    },
  };
  expect(await ended(await start({ StartAt: 'Call', States }, { n: 1 }))).toEqual({
    status: 'SUCCEEDED',
    output: { n: 3 },
  });
  const { Messages } = await coffer.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
  expect(Messages![0].Body).toBe('{"n":3}');
});

test('what fails is tried again after pauses, then caught, or fails the execution', async () => {
  const Retry = [{ ErrorEquals: ['NotYet'], IntervalSeconds: 60, MaxAttempts: 2, BackoffRate: 2 }];
  const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Caught', ResultPath: '$.why' }];
  const task = { Type: 'Task', Resource: functionArn, Retry };
  const caught = await start(
    { StartAt: 'It', States: { It: { ...task, Catch, End: true }, Caught: { Type: 'Succeed' } } },
    { fail: -1 },
  );
  const failing = await start(one(task), { fail: -1 });
  await coffer.clock.advance({ seconds: 100 });
  expect((await ended(caught)).status).toBe('RUNNING');
  await coffer.clock.advance({ seconds: 100 });
  const why = { Error: 'NotYet', Cause: expect.stringContaining('"errorMessage":"not yet"') };
  expect(await ended(caught)).toMatchObject({ status: 'SUCCEEDED', output: { fail: -1, why } });
  expect(await ended(failing)).toMatchObject({ status: 'FAILED', error: 'NotYet', cause: why.Cause });
});

test('waits pass with the clock, and an execution can be stopped meanwhile', async () => {
  const wait = one({ Type: 'Wait', SecondsPath: '$.s' });
  const [first, second] = [await start(wait, { s: 3600 }), await start(wait, { s: 3600 })];
  expect((await ended(first)).status).toBe('RUNNING');
  await client.send(new sdk.StopExecutionCommand({ executionArn: second, error: 'Enough' }));
  await coffer.clock.advance({ hours: 2 });
  expect(await ended(first)).toEqual({ status: 'SUCCEEDED', output: { s: 3600 } });
  expect(await ended(second)).toMatchObject({ status: 'ABORTED', error: 'Enough' });
});

test('a path that finds nothing ends the execution', async () => {
  expect(await ended(await start(one({ Type: 'Pass', InputPath: '$.none' })))).toMatchObject({
    status: 'FAILED',
    error: 'States.Runtime',
    cause: "Invalid path '$.none' : No results for path",
  });
});

test.each([
  ['a state that goes nowhere', { Type: 'Pass', End: undefined, Next: 'Nowhere' }, /Missing 'Next' target: Nowhere/],
  ['a Map state', { Type: 'Map' }, /Coffer does not implement Map states/],
  [
    'a task of another service',
    { Type: 'Task', Resource: 'arn:aws:states:::dynamodb:putItem' },
    /Coffer does not implement tasks of arn:aws:states:::dynamodb:putItem/,
  ],
  [
    'an intrinsic function',
    { Type: 'Pass', Parameters: { 'a.$': 'States.UUID()' } },
    /Coffer does not implement intrinsic functions/,
  ],
])('%s is refused', async (_, state, words) => {
  await expect(start(one(state))).rejects.toThrow(words);
});

test('a machine is changed, listed and deleted', async () => {
  const executionArn = await start(one({ Type: 'Pass' }));
  const stateMachineArn = executionArn.replace(':execution:', ':stateMachine:').replace(/:[^:]*$/, '');
  const definition = JSON.stringify(one({ Type: 'Pass', Result: 2 }));
  await client.send(new sdk.UpdateStateMachineCommand({ stateMachineArn, definition }));
  const found = await client.send(new sdk.DescribeStateMachineCommand({ stateMachineArn }));
  expect(found).toMatchObject({ definition, roleArn, status: 'ACTIVE', type: 'STANDARD' });
  const { executions } = await client.send(new sdk.ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toMatchObject([{ executionArn }]);
  await client.send(new sdk.DeleteStateMachineCommand({ stateMachineArn }));
  await expect(client.send(new sdk.DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject({
    name: 'ExecutionDoesNotExist',
  });
});
