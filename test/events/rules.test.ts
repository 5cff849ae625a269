/** Rules and their targets, as clients make them and as S3 and functions meet them. */

import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as sdk from '@aws-sdk/client-eventbridge';
import { DeleteObjectCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as destinations from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let client: sdk.EventBridgeClient;
let queues: SQSClient;
const lines: string[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => lines.push(line) });
  client = coffer.client(sdk.EventBridgeClient);
  queues = coffer.client(SQSClient);
});
afterAll(() => coffer.close());
afterEach(() => void lines.splice(0));

let count = 0;
/** A queue that lets EventBridge in. */
async function makeQueue(open = true): Promise<{ url: string; arn: string }> {
  const QueueName = `q${++count}`;
  const { QueueUrl: url = '' } = await queues.send(new CreateQueueCommand({ QueueName }));
  const arn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  const Principal = { Service: 'events.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: arn }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  if (open) await queues.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
  return { url, arn };
}

async function received(QueueUrl: string): Promise<string[]> {
  await coffer.settled();
  const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map(({ Body }) => Body!);
}

async function makeRule(pattern: object, ...Targets: Omit<sdk.Target, 'Id'>[]): Promise<string> {
  const Name = `r${++count}`;
  await client.send(new sdk.PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
  const named = Targets.map((target, i) => ({ Id: `t${i}`, ...target }) as sdk.Target);
  if (named.length > 0) await client.send(new sdk.PutTargetsCommand({ Rule: Name, Targets: named }));
  return Name;
}

const put = (Source: string, detail: object, more: object = {}) =>
  client.send(
    new sdk.PutEventsCommand({ Entries: [{ Source, DetailType: 'said', Detail: JSON.stringify(detail), ...more }] }),
  );

test('a rule hands on what fits its pattern, whole, in part, constant or transformed', async () => {
  const [whole, part, constant, filled] = [await makeQueue(), await makeQueue(), await makeQueue(), await makeQueue()];
  const InputTransformer = {
    InputPathsMap: { who: '$.detail.who', tags: '$.detail.tags', none: '$.detail.none' },
    InputTemplate: '{"text": "<who> in <aws.events.rule-name>", "tags": <tags>, "none": <none>}',
  };
  const rule = await makeRule(
    { source: ['one'], detail: { who: [{ prefix: 'a' }] } },
    { Arn: whole.arn },
    { Arn: part.arn, InputPath: '$.detail.tags[0]' },
    { Arn: constant.arn, Input: '{"fixed":true}' },
    { Arn: filled.arn, InputTransformer },
  );
  const { Entries } = await put('one', { who: 'ann "x"', tags: ['t', 2] }, { Resources: ['r'] });
  await put('one', { who: 'bob' });
  await put('two', { who: 'ann' });
  expect((await received(whole.url)).map((body) => JSON.parse(body))).toEqual([
    {
      version: '0',
      id: Entries![0].EventId,
      'detail-type': 'said',
      source: 'one',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'us-east-1',
      resources: ['r'],
      detail: { who: 'ann "x"', tags: ['t', 2] },
    },
  ]);
  expect(await received(part.url)).toEqual(['"t"']);
  expect(await received(constant.url)).toEqual(['{"fixed":true}']);
  const [text] = await received(filled.url);
  expect(JSON.parse(text)).toEqual({ text: `ann "x" in ${rule}`, tags: ['t', 2], none: '' });
});

test('what a target refuses goes to its dead-letter queue, or is reported', async () => {
  const [closed, dead] = [await makeQueue(false), await makeQueue()];
  await makeRule({ source: ['lost'] }, { Arn: closed.arn }, { Arn: closed.arn, DeadLetterConfig: { Arn: dead.arn } });
  await put('lost', { n: 1 });
  const [body] = await received(dead.url);
  expect(JSON.parse(body).detail).toEqual({ n: 1 });
  expect(lines).toEqual([expect.stringMatching(/^events: event .* not delivered to .*not authorized/)]);
});

test('schedules fire as time passes, until they are disabled', async () => {
  const queue = await makeQueue();
  await client.send(new sdk.PutRuleCommand({ Name: 'tick', ScheduleExpression: 'rate(10 minutes)' }));
  await client.send(new sdk.PutTargetsCommand({ Rule: 'tick', Targets: [{ Id: 'q', Arn: queue.arn }] }));
  await coffer.clock.advance({ minutes: 31 });
  const ticks = (await received(queue.url)).map((body) => JSON.parse(body));
  expect(ticks).toHaveLength(3);
  expect(ticks[0]).toMatchObject({
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    resources: ['arn:aws:events:us-east-1:000000000000:rule/tick'],
  });
  await client.send(new sdk.DisableRuleCommand({ Name: 'tick' }));
  await coffer.clock.advance({ minutes: 31 });
  // The three are visible again.
  expect(await received(queue.url)).toHaveLength(3);
});

test('buses are apart, and other accounts need their policy', async () => {
  const queue = await makeQueue();
  await client.send(new sdk.CreateEventBusCommand({ Name: 'own' }));
  const rule = { Name: 'all', EventBusName: 'own' };
  const EventPattern = JSON.stringify({ account: [{ exists: true }] });
  const { RuleArn } = await client.send(new sdk.PutRuleCommand({ ...rule, EventPattern }));
  expect(RuleArn).toBe('arn:aws:events:us-east-1:000000000000:rule/own/all');
  const Targets = [{ Id: 'q', Arn: queue.arn, InputPath: '$.account' }];
  await client.send(new sdk.PutTargetsCommand({ Rule: 'all', EventBusName: 'own', Targets }));
  await put('x', {});
  await put('x', {}, { EventBusName: 'own' });
  const theirs = coffer.client(sdk.EventBridgeClient, { account: '111122223333' });
  const EventBusName = 'arn:aws:events:us-east-1:000000000000:event-bus/own';
  const entry = { Source: 'x', DetailType: 'y', Detail: '{}', EventBusName };
  const tell = () => theirs.send(new sdk.PutEventsCommand({ Entries: [entry] }));
  await expect(tell()).rejects.toThrow('not authorized to perform: events:PutEvents');
  const permission = { EventBusName: 'own', StatementId: 's', Action: 'events:PutEvents', Principal: '111122223333' };
  await client.send(new sdk.PutPermissionCommand(permission));
  await tell();
  expect((await received(queue.url)).sort()).toEqual(['"000000000000"', '"111122223333"']);
  await expect(client.send(new sdk.DeleteEventBusCommand({ Name: 'own' }))).rejects.toThrow('still has rules');
});

test('rules are described, listed, changed and deleted', async () => {
  const queue = await makeQueue();
  const Name = await makeRule({ source: ['a'] }, { Arn: queue.arn });
  const listed = await client.send(new sdk.ListRuleNamesByTargetCommand({ TargetArn: queue.arn }));
  expect(listed.RuleNames).toEqual([Name]);
  await client.send(new sdk.PutRuleCommand({ Name, EventPattern: '{"source":["b"]}', Description: 'd' }));
  expect(await client.send(new sdk.DescribeRuleCommand({ Name }))).toMatchObject({
    EventPattern: '{"source":["b"]}',
    Description: 'd',
    State: 'ENABLED',
    EventBusName: 'default',
  });
  await expect(client.send(new sdk.DeleteRuleCommand({ Name }))).rejects.toThrow('since it has targets');
  await client.send(new sdk.RemoveTargetsCommand({ Rule: Name, Ids: ['t0'] }));
  await client.send(new sdk.DeleteRuleCommand({ Name }));
  await expect(client.send(new sdk.DescribeRuleCommand({ Name }))).rejects.toThrow(
    `Rule ${Name} does not exist on EventBus default.`,
  );
});

test.each([
  [
    'a pattern with a strange word',
    () => makeRule({ a: [{ like: 'b' }] }),
    /Event pattern is not valid. Reason: Unrecognized match type like/,
  ],
  [
    'a schedule that is none',
    () => client.send(new sdk.PutRuleCommand({ Name: 'x', ScheduleExpression: 'daily' })),
    /ScheduleExpression is not valid/,
  ],
  [
    'a target that nobody is',
    () => makeRule({ a: [1] }, { Arn: 'arn:aws:codebuild:us-east-1:000000000000:project/x' }),
    /Coffer does not implement targets of codebuild/,
  ],
  [
    'a rule without a wish',
    () => client.send(new sdk.PutRuleCommand({ Name: 'x' })),
    /EventPattern or ScheduleExpression must be specified/,
  ],
])('%s is refused', async (_, ask, words) => {
  await expect(ask()).rejects.toThrow(words);
});

test('entries are refused one by one', async () => {
  const Entries = [
    { Source: 'aws.s3', DetailType: 'x', Detail: '{}' },
    { Source: 'x', DetailType: 'x', Detail: '[]' },
    { DetailType: 'x', Detail: '{}' },
    { Source: 'x', DetailType: 'x', Detail: '{}' },
  ];
  const answer = await client.send(new sdk.PutEventsCommand({ Entries }));
  expect(answer.FailedEntryCount).toBe(3);
  expect(answer.Entries!.map(({ ErrorCode }) => ErrorCode)).toEqual([
    'NotAuthorizedForSourceException',
    'MalformedDetail',
    'InvalidArgument',
    undefined,
  ]);
});

function stackOf(prefix: string): App {
  const app = new App();
  const stack = new Stack(app, 'Pipe');
  const bucket = new s3.Bucket(stack, 'Bucket', { eventBridgeEnabled: true, versioned: true });
  const queue = new sqs.Queue(stack, 'Queue');
  const fn = new lambda.Function(stack, 'Fn', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async (event) => event["detail-type"];'),
    onSuccess: new destinations.EventBridgeDestination(),
  });
  const topic = new sns.Topic(stack, 'Topic');
  topic.addSubscription(new subscriptions.SqsSubscription(queue, { rawMessageDelivery: true }));
  const created = new events.Rule(stack, 'Created', {
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created', 'Object Tags Added', 'Object Deleted'],
      detail: { bucket: { name: [bucket.bucketName] }, object: { key: [{ prefix }] } },
    },
  });
  created.addTarget(new targets.LambdaFunction(fn, { retryAttempts: 2, maxEventAge: Duration.hours(1) }));
  created.addTarget(
    new targets.SnsTopic(topic, {
      message: events.RuleTargetInput.fromText(`new ${events.EventField.fromPath('$.detail.object.key')}`),
    }),
  );
  const group = new logs.LogGroup(stack, 'Group');
  created.addTarget(new targets.CloudWatchLogGroup(group, { installLatestAwsSdk: false }));
  const told = new sqs.Queue(stack, 'Told');
  new events.Rule(stack, 'Records', { eventPattern: { source: ['lambda'] } }).addTarget(new targets.SqsQueue(told));
  new events.Rule(stack, 'Nightly', { schedule: events.Schedule.cron({ hour: '3', minute: '0' }) }).addTarget(
    new targets.SqsQueue(told),
  );
  new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
  new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
  new CfnOutput(stack, 'ToldUrl', { value: told.queueUrl });
  new CfnOutput(stack, 'FnName', { value: fn.functionName });
  new CfnOutput(stack, 'GroupName', { value: group.logGroupName });
  new CfnOutput(stack, 'RuleArn', { value: created.ruleArn });
  return app;
}

test('S3 tells the default bus, and rules tell functions, topics, queues and log groups', async () => {
  const deployed = await coffer.deploy(stackOf('in/'));
  const Bucket = deployed.output('BucketName');
  expect(deployed.output('RuleArn')).toMatch(/^arn:aws:events:us-east-1:\d{12}:rule\/Pipe-Created/);
  const s3client = coffer.client(S3Client);
  const object = { Bucket, Key: 'in/a b' };
  const { VersionId, ETag } = await s3client.send(new PutObjectCommand({ ...object, Body: 'xyz' }));
  await s3client.send(new PutObjectCommand({ Bucket, Key: 'out/a', Body: 'x' }));
  await s3client.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } }));
  await s3client.send(new DeleteObjectCommand(object));
  await coffer.settled();
  // What the function got is in the record of its invocation.
  const records = (await received(deployed.output('ToldUrl'))).map((body) => JSON.parse(body));
  const seen = records.map(({ detail }) => detail.requestPayload);
  expect(records[0]['detail-type']).toBe('Lambda Function Invocation Result - Success');
  expect(records[0].detail.responsePayload).toBe(seen[0]['detail-type']);
  const byType = Object.fromEntries(seen.map((event) => [event['detail-type'], event]));
  expect(byType['Object Created']).toMatchObject({
    source: 'aws.s3',
    account: '000000000000',
    resources: [`arn:aws:s3:::${Bucket}`],
    detail: {
      version: '0',
      bucket: { name: Bucket },
      object: { key: 'in/a b', size: 3, etag: ETag!.slice(1, -1), 'version-id': VersionId },
      requester: '000000000000',
      reason: 'PutObject',
    },
  });
  expect(byType['Object Deleted'].detail).toMatchObject({ 'deletion-type': 'Delete Marker Created' });
  expect(byType['Object Tags Added'].detail).toMatchObject({ object: { key: 'in/a b' } });
  expect(await received(deployed.output('QueueUrl'))).toContain('"new in/a b"');
  const found = await coffer
    .client(CloudWatchLogsClient)
    .send(new FilterLogEventsCommand({ logGroupName: deployed.output('GroupName') }));
  expect(found.events!.map(({ message }) => JSON.parse(message!)['detail-type'])).toContain('Object Created');

  const again = await coffer.deploy(stackOf('other/'));
  expect(again.output('RuleArn')).toBe(deployed.output('RuleArn'));
  await s3client.send(new PutObjectCommand({ Bucket, Key: 'in/later', Body: 'x' }));
  expect(await received(deployed.output('QueueUrl'))).not.toContain('"new in/later"');
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Pipe' }));
  const { Rules } = await client.send(new sdk.ListRulesCommand({ NamePrefix: 'Pipe-' }));
  expect(Rules).toEqual([]);
});

test('rules start state machines and feed other buses, which feed no third one', async () => {
  const app = new App();
  const stack = new Stack(app, 'Onward');
  const queue = new sqs.Queue(stack, 'Queue');
  const second = new events.EventBus(stack, 'Second');
  const third = new events.EventBus(stack, 'Third');
  const machine = new sfn.StateMachine(stack, 'Machine', {
    definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Pass')),
  });
  const eventPattern = { source: ['onward'] };
  new events.Rule(stack, 'First', { eventPattern, targets: [new targets.EventBus(second)] });
  new events.Rule(stack, 'Machines', {
    eventBus: second,
    eventPattern,
    targets: [new targets.SfnStateMachine(machine), new targets.SqsQueue(queue), new targets.EventBus(third)],
  });
  new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
  new CfnOutput(stack, 'MachineArn', { value: machine.stateMachineArn });
  const deployed = await coffer.deploy(app);
  const { Entries } = await put('onward', { n: 1 });
  const [body] = await received(deployed.output('QueueUrl'));
  expect(JSON.parse(body)).toMatchObject({ id: Entries![0].EventId, source: 'onward', detail: { n: 1 } });
  const stateMachineArn = deployed.output('MachineArn');
  const { executions } = await coffer.client(SFNClient).send(new ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toMatchObject([{ status: 'SUCCEEDED' }]);
  expect(lines).toEqual([expect.stringMatching(/has come from another bus and goes to no third one/)]);
});
