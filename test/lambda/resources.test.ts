import { randomUUID } from 'node:crypto';
import * as sdk from '@aws-sdk/client-lambda';
import { root } from '../../runtime/kernel/principal';
import type { Properties, ResourceContext } from '../../runtime/kernel/service';
import { lambda } from '../../runtime/services/lambda/service';
import { startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
let context: ResourceContext;
beforeAll(async () => {
  runtime = await startLambda();
  const place = { account: '000000000000', region: 'us-east-1', partition: 'aws' };
  const origin = { stackName: 's', logicalId: 'L' };
  const peers = runtime.kernel.peers(root(place.account), { ...place, origin });
  context = {
    ...{ kernel: runtime.kernel, peers, peersIn: () => peers, ...place, ...origin, origin },
    stackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/s/1',
    tags: { stack: 's' },
    generatedName: () => `s-L-${randomUUID().slice(0, 8)}`,
  };
});
afterAll(() => runtime.close());

const types = new Map(lambda().resources!.map((type) => [type.type, type]));
const make = (type: string, properties: Properties) => types.get(`AWS::Lambda::${type}`)!.create(context, properties);
const change = (type: string, id: string, now: Properties, before: Properties) =>
  types.get(`AWS::Lambda::${type}`)!.update!(context, id, now, before);
const remove = (type: string, id: string, properties: Properties) =>
  types.get(`AWS::Lambda::${type}`)!.delete(context, id, properties);

const send: sdk.LambdaClient['send'] = (command: never) => runtime.client.send(command);
const answer = async (FunctionName: string) =>
  JSON.parse(Buffer.from((await send(new sdk.InvokeCommand({ FunctionName }))).Payload!).toString());

test('a function and all that goes with it, from templates', async () => {
  const first = {
    Code: { ZipFile: 'exports.handler = async () => [1, process.env.LEVEL, typeof require("cfn-response").send]' },
    Handler: 'index.handler',
    Runtime: 'nodejs20.x',
    Role: 'arn:aws:iam::000000000000:role/R',
    Timeout: '9',
    Environment: { Variables: { LEVEL: 3 } },
    DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:q' },
    ReservedConcurrentExecutions: 5,
    Tags: [{ Key: 'own', Value: '1' }],
  };
  const { physicalId: name, attributes } = await make('Function', first);
  expect(attributes?.Arn).toBe(`arn:aws:lambda:us-east-1:000000000000:function:${name}`);
  expect(await answer(name)).toEqual([1, '3', 'function']);
  expect(await send(new sdk.GetFunctionCommand({ FunctionName: name }))).toMatchObject({
    Configuration: { Timeout: 9, DeadLetterConfig: first.DeadLetterConfig },
    Concurrency: { ReservedConcurrentExecutions: 5 },
    Tags: { stack: 's', own: '1' },
  });

  const version = await make('Version', { FunctionName: name });
  expect(version).toEqual({
    physicalId: `${attributes?.Arn}:1`,
    attributes: { FunctionArn: `${attributes?.Arn}:1`, Version: '1' },
  });
  await expect(make('Version', { FunctionName: name })).rejects.toMatchObject({ code: 'AlreadyExists' });
  const alias = { FunctionName: name, FunctionVersion: '1', Name: 'live' };
  const { physicalId: aliasArn } = await make('Alias', alias);
  expect(aliasArn).toBe(`${attributes?.Arn}:live`);

  const second = {
    Code: { ZipFile: 'exports.handler = async () => [2, process.env.LEVEL]' },
    Handler: 'index.handler',
    Runtime: 'nodejs20.x',
    Role: first.Role,
  };
  await change('Function', name, second, first);
  expect(await answer(name)).toEqual([2, null]);
  expect(await answer(aliasArn)).toEqual([1, '3', 'function']);
  const shown = await send(new sdk.GetFunctionCommand({ FunctionName: name }));
  expect(shown).toMatchObject({ Configuration: { Timeout: 3 }, Tags: { stack: 's' } });
  expect([shown.Concurrency, shown.Configuration?.DeadLetterConfig]).toEqual([undefined, undefined]);

  const grant = {
    Action: 'lambda:InvokeFunction',
    FunctionName: aliasArn,
    Principal: 's3.amazonaws.com',
    SourceAccount: '000000000000',
  };
  const { physicalId: statement } = await make('Permission', grant);
  const { Policy } = await send(new sdk.GetPolicyCommand({ FunctionName: name, Qualifier: 'live' }));
  expect(JSON.parse(Policy!).Statement).toMatchObject([{ Sid: statement, Resource: aliasArn }]);

  const retries = { FunctionName: name, Qualifier: '$LATEST', MaximumRetryAttempts: '0' };
  const { physicalId: retriesId } = await make('EventInvokeConfig', retries);
  const mapping = { FunctionName: name, EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q', BatchSize: 1 };
  const { physicalId: uuid } = await make('EventSourceMapping', mapping);
  await change('EventSourceMapping', uuid, { ...mapping, Enabled: false }, mapping);
  expect(await send(new sdk.GetEventSourceMappingCommand({ UUID: uuid }))).toMatchObject({
    State: 'Disabled',
    BatchSize: 1,
  });

  await remove('EventSourceMapping', uuid, mapping);
  await remove('EventInvokeConfig', retriesId, retries);
  await remove('Permission', statement, grant);
  await remove('Alias', aliasArn, alias);
  await remove('Version', version.physicalId, { FunctionName: name });
  await remove('Function', name, second);
  await remove('Function', name, second);
  await remove('Permission', statement, grant);
});

test.each([
  ['Function', { Code: { Zip: 'x' }, Runtime: 'nodejs20.x' }, '#/Code: extraneous key [Zip] is not permitted'],
  ['Function', { Code: { ZipFile: 'x' }, Runtime: 'java21' }, 'ZipFile can only be used'],
  ['Function', { Code: { ZipFile: 'x' }, Runtime: 'nodejs20.x', Environment: 'x' }, 'expected type: JSONObject'],
])('a property that cannot be honoured is refused: %s %j', async (type, properties, message) => {
  await expect(make(type, properties)).rejects.toMatchObject({ message: expect.stringContaining(message) });
});
