import * as cfn from '@aws-sdk/client-cloudformation';
import * as sdk from '@aws-sdk/client-lambda';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { ROLE, startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
let client: cfn.CloudFormationClient;
beforeAll(async () => {
  runtime = await startLambda();
  client = runtime.coffer.client(cfn.CloudFormationClient);
  await runtime.sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
});
afterAll(() => runtime.coffer.close());

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const ref = (Ref: string) => ({ Ref });
const att = (...parts: string[]) => ({ 'Fn::GetAtt': parts });

/** What goes with a function, whatever the function is. */
const companions = {
  Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: ref('Fn') } },
  Alias: {
    Type: 'AWS::Lambda::Alias',
    Properties: { FunctionName: ref('Fn'), FunctionVersion: att('Version', 'Version'), Name: 'live' },
  },
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: ref('Alias'),
      Principal: 's3.amazonaws.com',
      SourceAccount: '000000000000',
    },
  },
  Retries: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: { FunctionName: ref('Fn'), Qualifier: '$LATEST', MaximumRetryAttempts: '0' },
  },
};

function templateOf(properties: object, more: object = {}) {
  const Fn = {
    Type: 'AWS::Lambda::Function',
    Properties: { Handler: 'index.handler', Runtime: 'nodejs20.x', Role: ROLE, ...properties },
  };
  const Outputs = { Name: { Value: ref('Fn') }, Arn: { Value: att('Fn', 'Arn') }, Alias: { Value: ref('Alias') } };
  return JSON.stringify({ Resources: { Fn, ...companions, ...more }, Outputs });
}

const inline = (source: string) => ({ Code: { ZipFile: source } });

async function outputs(StackName: string): Promise<Record<string, string>> {
  await runtime.coffer.settled();
  const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
  expect(Stacks![0]).toMatchObject({ StackStatus: expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/) });
  return Object.fromEntries(Stacks![0].Outputs!.map((output) => [output.OutputKey, output.OutputValue!]));
}

test('a function and all that goes with it, from templates', async () => {
  const first = {
    ...inline('exports.handler = async () => [1, process.env.LEVEL, typeof require("cfn-response").send]'),
    Timeout: '9',
    Environment: { Variables: { LEVEL: 3 } },
    DeadLetterConfig: { TargetArn: QUEUE },
    ReservedConcurrentExecutions: 5,
    Tags: [{ Key: 'own', Value: '1' }],
  };
  const mapping = (Enabled: boolean) => ({
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { FunctionName: ref('Fn'), EventSourceArn: QUEUE, BatchSize: 1, Enabled },
    },
  });
  const StackName = 's';
  const create = { StackName, TemplateBody: templateOf(first, mapping(true)) };
  await client.send(new cfn.CreateStackCommand(create));
  const { Name, Arn, Alias } = await outputs(StackName);
  expect(Arn).toBe(`arn:aws:lambda:us-east-1:000000000000:function:${Name}`);
  expect(Alias).toBe(`${Arn}:live`);
  expect((await runtime.invoke(Name)).answer).toEqual([1, '3', 'function']);
  expect(await runtime.send(new sdk.GetFunctionCommand({ FunctionName: Name }))).toMatchObject({
    Configuration: { Timeout: 9, DeadLetterConfig: first.DeadLetterConfig },
    Concurrency: { ReservedConcurrentExecutions: 5 },
    Tags: { own: '1' },
  });
  const { Policy } = await runtime.send(new sdk.GetPolicyCommand({ FunctionName: Name, Qualifier: 'live' }));
  expect(JSON.parse(Policy!).Statement).toMatchObject([
    { Resource: Alias, Principal: { Service: 's3.amazonaws.com' } },
  ]);

  const second = templateOf(inline('exports.handler = async () => [2, process.env.LEVEL]'), mapping(false));
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: second }));
  expect((await outputs(StackName)).Arn).toBe(Arn);
  expect((await runtime.invoke(Name)).answer).toEqual([2, null]);
  expect((await runtime.invoke(Alias)).answer).toEqual([1, '3', 'function']);
  const shown = await runtime.send(new sdk.GetFunctionCommand({ FunctionName: Name }));
  expect(shown.Configuration?.Timeout).toBe(3);
  expect([shown.Concurrency, shown.Configuration?.DeadLetterConfig, shown.Tags?.own]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const { EventSourceMappings } = await runtime.send(new sdk.ListEventSourceMappingsCommand({ FunctionName: Name }));
  expect(EventSourceMappings).toMatchObject([{ State: 'Disabled', BatchSize: 1 }]);

  await client.send(new cfn.DeleteStackCommand({ StackName }));
  await runtime.coffer.settled();
  await expect(runtime.invoke(Name)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test.each([
  ['member', { Code: { Zip: 'x' } }, '#/Code: extraneous key [Zip] is not permitted'],
  ['runtime', { ...inline('x'), Runtime: 'java21' }, 'ZipFile can only be used'],
  ['form', { ...inline('x'), Environment: 'x' }, 'expected type: JSONObject'],
  ['property', { ...inline('x'), VpcConfig: {} }, 'VpcConfig'],
])('what cannot be honoured fails the stack by name: %s', async (name, properties, message) => {
  const StackName = `refused-${name}`;
  let reason = '';
  try {
    await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: templateOf(properties) }));
    await runtime.coffer.settled();
    const { StackEvents } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
    reason = StackEvents!.map((event) => event.ResourceStatusReason).join();
  } catch (error) {
    reason = String(error);
  }
  expect(reason).toContain(message);
});
