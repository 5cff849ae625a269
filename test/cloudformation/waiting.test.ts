/** Stacks that speak to the outside: wait conditions that are signalled, topics that are told. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  SignalResourceCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let cfn: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  cfn = coffer.client(CloudFormationClient);
});
afterEach(() => coffer.close());

const StackName = 'S';
const waiting = (more: object = {}) =>
  JSON.stringify({
    Resources: {
      H: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      W: {
        Type: 'AWS::CloudFormation::WaitCondition',
        Properties: { Handle: { Ref: 'H' }, Timeout: '600', Count: 2, ...more },
      },
    },
    Outputs: { Data: { Value: { 'Fn::GetAtt': ['W', 'Data'] } } },
  });
const stack = async () => (await cfn.send(new DescribeStacksCommand({ StackName }))).Stacks![0];

async function begun(): Promise<{ url: string; done: Promise<unknown> }> {
  await coffer.listen({ port: 0 });
  const done = cfn.send(new CreateStackCommand({ StackName, TemplateBody: waiting() }));
  for (;;) {
    const { StackEvents = [] } = await cfn
      .send(new DescribeStackEventsCommand({ StackName }))
      .catch(() => ({ StackEvents: [] }));
    if (StackEvents.some((it) => it.LogicalResourceId === 'W')) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const handle = await cfn.send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'H' }));
  return { url: handle.StackResourceDetail!.PhysicalResourceId!, done };
}
const signal = async (url: string, UniqueId: string, Data: string, Status = 'SUCCESS') => {
  const body = JSON.stringify({ Status, UniqueId, Data, Reason: 'because' });
  return (await fetch(url, { method: 'PUT', body })).status;
};

test('a wait condition waits for as many signals as it counts', async () => {
  const { url, done } = await begun();
  expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(400);
  expect((await fetch(`${url}x`, { method: 'PUT', body: '{}' })).status).toBe(403);
  expect(await signal(url, 'a', '1')).toBe(200);
  expect(await signal(url, 'a', '2')).toBe(200);
  expect(await signal(url, 'b', '3')).toBe(200);
  await done;
  expect(await stack()).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  expect(JSON.parse((await stack()).Outputs![0].OutputValue!)).toEqual({ a: '2', b: '3' });
  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: waiting({ Count: 3 }) }));
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  expect(StackEvents!.find((it) => it.ResourceStatus === 'UPDATE_FAILED')?.ResourceStatusReason).toBe(
    'Update to resource type AWS::CloudFormation::WaitCondition is not supported.',
  );
  await cfn.send(new DeleteStackCommand({ StackName }));
  expect(await signal(url, 'c', '4')).toBe(403);
});

test.each([
  [
    'a failure',
    (url: string) => signal(url, 'a', '', 'FAILURE'),
    "WaitCondition received failed message: 'because' for uniqueId: a",
  ],
  [
    'its end',
    async (url: string) => {
      await signal(url, 'a', '');
      await coffer.clock.advance({ minutes: 11 });
    },
    'WaitCondition timed out. Received 1 conditions when expecting 2',
  ],
])('a wait condition fails with %s', async (_, act, reason) => {
  const { url, done } = await begun();
  await act(url);
  await done;
  expect((await stack()).StackStatus).toBe('ROLLBACK_COMPLETE');
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  expect(StackEvents!.find((it) => it.ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason).toBe(reason);
});

test.each([
  ['SUCCESS', 'CREATE_COMPLETE'],
  ['FAILURE', 'ROLLBACK_COMPLETE'],
] as const)('a creation policy waits for SignalResource: %s', async (Status, outcome) => {
  const CreationPolicy = { ResourceSignal: { Count: '2', Timeout: 'PT1H' } };
  const W = { Type: 'AWS::CloudFormation::WaitCondition', CreationPolicy };
  const done = cfn.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources: { W } }) }));
  const signals = (UniqueId: string) =>
    cfn.send(new SignalResourceCommand({ StackName, LogicalResourceId: 'W', UniqueId, Status }));
  for (let n = 0; n < 200; n++) {
    if (
      await signals('a').then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (Status === 'SUCCESS') await signals('b');
  await done;
  expect((await stack()).StackStatus).toBe(outcome);
  await expect(signals('c')).rejects.toThrow(/^Resource W is in \w+ state and cannot be signaled/);
});

test('a failure elsewhere cancels who waits for somebody outside', async () => {
  const { Resources } = JSON.parse(waiting());
  const Bad = { Type: 'AWS::S3::Bucket', DependsOn: 'H', Properties: { BucketName: 'Not_Valid' } };
  await cfn.send(
    new CreateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources: { ...Resources, Bad } }) }),
  );
  expect(await stack()).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  const failed = StackEvents!.filter((it) => it.ResourceStatus === 'CREATE_FAILED').reverse();
  expect(failed.map((it) => [it.LogicalResourceId, it.ResourceStatusReason])).toEqual([
    ['Bad', expect.stringContaining('not valid')],
    ['W', 'Resource creation cancelled'],
  ]);
});

test('topics are told of every event of a stack', async () => {
  const { TopicArn } = await coffer.client(SNSClient).send(new CreateTopicCommand({ Name: 'events' }));
  const sqs = coffer.client(SQSClient);
  const arn = 'arn:aws:sqs:us-east-1:000000000000:events';
  const Policy = JSON.stringify({
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn },
    ],
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy } }));
  await coffer
    .client(SNSClient)
    .send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes: { RawMessageDelivery: 'true' } }),
    );
  const TemplateBody = JSON.stringify({ Resources: { Q: { Type: 'AWS::SQS::Queue' } } });
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody, NotificationARNs: [TopicArn!] }));
  expect((await stack()).NotificationARNs).toEqual([TopicArn]);
  await coffer.settled();
  const told: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) break;
    told.push(...Messages.map(({ Body }) => Body!));
  }
  const statuses = told.map((text) =>
    ['LogicalResourceId', 'ResourceStatus']
      .map((name) => new RegExp(`^${name}='(.*)'$`, 'm').exec(text)?.[1])
      .join(' '),
  );
  expect(statuses).toEqual(
    expect.arrayContaining(['S CREATE_IN_PROGRESS', 'Q CREATE_IN_PROGRESS', 'Q CREATE_COMPLETE', 'S CREATE_COMPLETE']),
  );
  expect(told[0]).toContain("StackName='S'\n");
  const wrong = { StackName: 'T', TemplateBody, NotificationARNs: [arn] };
  await expect(cfn.send(new CreateStackCommand(wrong))).rejects.toThrow(`${arn} is not the ARN of a topic`);
});
