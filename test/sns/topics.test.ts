/** Topics, as clients publish to them and as S3, queues and functions meet them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutBucketNotificationConfigurationCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as sdk from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3n from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let client: sdk.SNSClient;
let queues: SQSClient;
const lines: string[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => lines.push(line) });
  client = coffer.client(sdk.SNSClient);
  queues = coffer.client(SQSClient);
});
afterAll(() => coffer.close());
afterEach(() => void lines.splice(0));

let count = 0;
/** A queue that lets SNS in. */
async function makeQueue(open = true): Promise<{ url: string; arn: string }> {
  const QueueName = `q${++count}`;
  const { QueueUrl: url = '' } = await queues.send(new CreateQueueCommand({ QueueName }));
  const { Attributes } = await queues.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  const arn = Attributes!.QueueArn!;
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  if (open) await queues.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
  return { url, arn };
}

async function makeTopic(Attributes: Record<string, string> = {}): Promise<string> {
  const { TopicArn = '' } = await client.send(new sdk.CreateTopicCommand({ Name: `t${++count}`, Attributes }));
  return TopicArn;
}

async function subscribe(TopicArn: string, Endpoint: string, Attributes: Record<string, string> = {}): Promise<string> {
  const input = { TopicArn, Protocol: 'sqs', Endpoint, Attributes };
  return (await client.send(new sdk.SubscribeCommand(input))).SubscriptionArn!;
}

async function received(url: string) {
  await coffer.settled();
  const all = { QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  return (await queues.send(new ReceiveMessageCommand(all))).Messages ?? [];
}

const publish = (TopicArn: string, Message: string, more: Partial<sdk.PublishCommandInput> = {}) =>
  client.send(new sdk.PublishCommand({ TopicArn, Message, ...more }));

test('a queue gets the message in its envelope, or raw with its attributes', async () => {
  const [plain, raw] = [await makeQueue(), await makeQueue()];
  const topic = await makeTopic();
  const arn = await subscribe(topic, plain.arn);
  await subscribe(topic, raw.arn, { RawMessageDelivery: 'true' });
  const MessageAttributes = { colour: { DataType: 'String', StringValue: 'red' } };
  const { MessageId } = await publish(topic, 'hello', { Subject: 'greeting', MessageAttributes });
  const [message] = await received(plain.url);
  expect(JSON.parse(message.Body!)).toMatchObject({
    Type: 'Notification',
    MessageId,
    TopicArn: topic,
    Subject: 'greeting',
    Message: 'hello',
    Timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    UnsubscribeURL: expect.stringContaining(arn),
    MessageAttributes: { colour: { Type: 'String', Value: 'red' } },
  });
  expect(await received(raw.url)).toMatchObject([{ Body: 'hello', MessageAttributes }]);
  await client.send(new sdk.UnsubscribeCommand({ SubscriptionArn: arn }));
  await publish(topic, 'again');
  expect(await received(plain.url)).toEqual([]);
});

test('each protocol gets its own text', async () => {
  const queue = await makeQueue();
  const topic = await makeTopic();
  await subscribe(topic, queue.arn, { RawMessageDelivery: 'true' });
  const structure = { MessageStructure: 'json' };
  await publish(topic, JSON.stringify({ default: 'd', sqs: 's' }), structure);
  await publish(topic, JSON.stringify({ default: 'd' }), structure);
  expect((await received(queue.url)).map(({ Body }) => Body).sort()).toEqual(['d', 's']);
  await expect(publish(topic, JSON.stringify({ sqs: 's' }), structure)).rejects.toThrow(
    'Invalid parameter: Message Structure - No default entry in JSON message body',
  );
});

test.each([
  ['attributes', { kind: ['a', { prefix: 'b' }], size: [{ numeric: ['>', 5, '<=', 10] }] }],
  ['the body', { kind: ['a', { prefix: 'b' }], deep: { size: [{ numeric: ['>', 5, '<=', 10] }] } }],
])('a filter policy on %s', async (scope, policy) => {
  const queue = await makeQueue();
  const topic = await makeTopic();
  const inBody = scope === 'the body';
  await subscribe(topic, queue.arn, {
    FilterPolicy: JSON.stringify(policy),
    FilterPolicyScope: inBody ? 'MessageBody' : 'MessageAttributes',
    RawMessageDelivery: 'true',
  });
  for (const [kind, size] of [
    ['a', 6],
    ['bee', 10],
    ['c', 7],
    ['a', 11],
  ] as const) {
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: kind },
      size: { DataType: 'Number', StringValue: String(size) },
    };
    await publish(topic, JSON.stringify({ kind, deep: { size } }), inBody ? {} : { MessageAttributes });
  }
  const bodies = (await received(queue.url)).map(({ Body }) => JSON.parse(Body!).kind);
  expect(bodies.sort()).toEqual(['a', 'bee']);
});

test('what a queue refuses goes to the dead-letter queue, or is reported', async () => {
  const [closed, dead] = [await makeQueue(false), await makeQueue()];
  const topic = await makeTopic();
  const arn = await subscribe(topic, closed.arn);
  await publish(topic, 'lost');
  await coffer.settled();
  expect(lines).toEqual([expect.stringMatching(/not delivered to .*not authorized to perform: sqs:SendMessage/i)]);
  const AttributeValue = JSON.stringify({ deadLetterTargetArn: dead.arn });
  const redrive = { SubscriptionArn: arn, AttributeName: 'RedrivePolicy', AttributeValue };
  await client.send(new sdk.SetSubscriptionAttributesCommand(redrive));
  await publish(topic, 'kept');
  const [message] = await received(dead.url);
  expect(JSON.parse(message.Body!).Message).toBe('kept');
  expect(message.MessageAttributes).toMatchObject({ ErrorCode: { StringValue: '403' } });
});

test('a queue of another account is asked first', async () => {
  const account = '111122223333';
  const theirs = coffer.client(SQSClient, { account });
  const { QueueUrl } = await theirs.send(new CreateQueueCommand({ QueueName: 'theirs' }));
  const arn = `arn:aws:sqs:us-east-1:${account}:theirs`;
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:*', Resource: arn }];
  const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
  await theirs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const topic = await makeTopic();
  expect(await subscribe(topic, arn)).toBe('pending confirmation');
  await publish(topic, 'too early');
  await coffer.settled();
  const { Messages = [] } = await theirs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  const asked = Messages.map(({ Body }) => JSON.parse(Body!));
  expect(asked).toMatchObject([{ Type: 'SubscriptionConfirmation', TopicArn: topic }]);
  const confirm = new sdk.ConfirmSubscriptionCommand({ TopicArn: topic, Token: asked[0].Token });
  expect((await client.send(confirm)).SubscriptionArn).toMatch(new RegExp(`^${topic}:`));
  await publish(topic, 'now');
  await coffer.settled();
  const later = await theirs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(JSON.parse(later.Messages![0].Body!).Message).toBe('now');
});

test('a web hook on this machine confirms, and is called', async () => {
  const calls: { type: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    calls.push({ type: String(request.headers['x-amz-sns-message-type']), body: Buffer.concat(chunks).toString() });
    response.writeHead(calls.length === 3 ? 400 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const dead = await makeQueue();
  const topic = await makeTopic();
  const input = { TopicArn: topic, Protocol: 'http', Endpoint: `http://127.0.0.1:${port}/hook` };
  const Attributes = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) };
  await client.send(new sdk.SubscribeCommand({ ...input, Attributes }));
  await publish(topic, 'too early');
  await coffer.settled();
  const { SubscribeURL, Type } = JSON.parse(calls[0].body);
  expect([Type, calls.length]).toEqual(['SubscriptionConfirmation', 1]);
  expect((await fetch(SubscribeURL)).status).toBe(200);
  await publish(topic, 'now');
  await publish(topic, 'refused');
  const [lost] = await received(dead.url);
  expect(calls.map(({ type }) => type)).toEqual(['SubscriptionConfirmation', 'Notification', 'Notification']);
  expect(JSON.parse(calls[1].body)).toMatchObject({ Type: 'Notification', Message: 'now' });
  expect(JSON.parse(lost.Body!).Message).toBe('refused');
  await new Promise((resolve) => server.close(resolve));
});

test('what is not on this machine is not called', async () => {
  const topic = await makeTopic();
  const hook = { TopicArn: topic, Protocol: 'https', Endpoint: 'https://example.com/hook' };
  expect((await client.send(new sdk.SubscribeCommand(hook))).SubscriptionArn).toBe('pending confirmation');
  await coffer.settled();
  expect(lines).toEqual([expect.stringMatching(/^sns: https:\/\/example.com\/hook is not on this machine/)]);
});

test('attributes, lists and batches', async () => {
  const queue = await makeQueue();
  const topic = await makeTopic({ DisplayName: 'one' });
  const arn = await subscribe(topic, queue.arn, { RawMessageDelivery: 'true' });
  expect(await subscribe(topic, queue.arn, { RawMessageDelivery: 'true' })).toBe(arn);
  await expect(subscribe(topic, queue.arn, { RawMessageDelivery: 'false' })).rejects.toThrow('different attributes');
  const { Attributes } = await client.send(new sdk.GetTopicAttributesCommand({ TopicArn: topic }));
  expect(Attributes).toMatchObject({ DisplayName: 'one', SubscriptionsConfirmed: '1', TopicArn: topic });
  const listed = await client.send(new sdk.ListSubscriptionsByTopicCommand({ TopicArn: topic }));
  expect(listed.Subscriptions).toMatchObject([{ SubscriptionArn: arn, Protocol: 'sqs', Endpoint: queue.arn }]);
  const all = await client.send(new sdk.ListSubscriptionsCommand({}));
  expect(all.Subscriptions!.map(({ SubscriptionArn }) => SubscriptionArn)).toContain(arn);
  const entries = ['a', 'b'].map((Id) => ({ Id, Message: Id }));
  const batch = new sdk.PublishBatchCommand({
    TopicArn: topic,
    PublishBatchRequestEntries: [...entries, { Id: 'c', Message: '' }],
  });
  expect(await client.send(batch)).toMatchObject({ Successful: [{ Id: 'a' }, { Id: 'b' }], Failed: [{ Id: 'c' }] });
  expect((await received(queue.url)).map(({ Body }) => Body).sort()).toEqual(['a', 'b']);
  await client.send(new sdk.DeleteTopicCommand({ TopicArn: topic }));
  await expect(publish(topic, 'x')).rejects.toMatchObject({ name: 'NotFoundException' });
});

test.each([
  [
    'FIFO topics',
    () => client.send(new sdk.CreateTopicCommand({ Name: 'a.fifo', Attributes: { FifoTopic: 'true' } })),
    /Coffer does not implement FIFO topics/,
  ],
  [
    'a filter with a strange word',
    async () =>
      subscribe(await makeTopic(), 'arn:aws:sqs:us-east-1:000000000000:x', { FilterPolicy: '{"a":[{"like":"b"}]}' }),
    /FilterPolicy: Unrecognized match type like/,
  ],
  ['an empty message', async () => publish(await makeTopic(), ''), /Empty message/],
  ['a message that is too long', async () => publish(await makeTopic(), 'x'.repeat(262_145)), /Message too long/],
])('%s are refused by name', async (_, ask, words) => {
  await expect(ask()).rejects.toThrow(words);
});

function stackOf(subject: string): { app: App; stack: Stack } {
  const trust = '@aws-cdk/s3-notifications:addS3TrustKeyPolicyForSnsSubscriptions';
  const app = new App({ context: { [trust]: true } });
  const stack = new Stack(app, 'Site');
  const key = new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY });
  const topic = new sns.Topic(stack, 'Topic', { displayName: subject, masterKey: key });
  const queue = new sqs.Queue(stack, 'Queue');
  topic.addSubscription(
    new subscriptions.SqsSubscription(queue, {
      rawMessageDelivery: true,
      filterPolicyWithMessageBody: {
        Records: sns.FilterOrPolicy.policy({
          eventName: sns.FilterOrPolicy.filter(
            sns.SubscriptionFilter.stringFilter({ matchPrefixes: ['ObjectCreated'] }),
          ),
        }),
      },
    }),
  );
  const fn = new lambda.Function(stack, 'Fn', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(
      'let seen = []; exports.handler = async (e) => e.Records ? void seen.push(...e.Records) : seen;',
    ),
  });
  topic.addSubscription(new subscriptions.LambdaSubscription(fn));
  topic.addSubscription(new subscriptions.EmailSubscription('a@example.com'));
  const bucket = new s3.Bucket(stack, 'Bucket');
  bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new s3n.SnsDestination(topic), { prefix: 'in/' });
  new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
  new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
  new CfnOutput(stack, 'FnName', { value: fn.functionName });
  new CfnOutput(stack, 'TopicArn', { value: topic.topicArn });
  new CfnOutput(stack, 'TopicName', { value: topic.topicName });
  return { app, stack };
}

test('S3 tells a topic under a key, and the topic tells a queue and a function', async () => {
  const deployed = await coffer.deploy(stackOf('one').app);
  const Bucket = deployed.output('BucketName');
  const topic = deployed.output('TopicArn');
  expect(topic).toMatch(new RegExp(`:${deployed.output('TopicName')}$`));
  await coffer.settled();
  const s3client = coffer.client(S3Client);
  await s3client.send(new PutObjectCommand({ Bucket, Key: 'in/a b', Body: 'x' }));
  await s3client.send(new PutObjectCommand({ Bucket, Key: 'out/a', Body: 'x' }));
  const bodies = (await received(deployed.output('QueueUrl'))).map(({ Body }) => JSON.parse(Body!));
  expect(bodies).toMatchObject([{ Records: [{ s3: { object: { key: 'in/a+b' } } }] }]);
  const { Payload } = await coffer
    .client(LambdaClient)
    .send(new InvokeCommand({ FunctionName: deployed.output('FnName') }));
  const seen = JSON.parse(Buffer.from(Payload!).toString());
  expect(seen.map((record: { Sns: { Subject: string } }) => record.Sns.Subject)).toContain('Amazon S3 Notification');
  expect(seen.at(-1)).toMatchObject({
    EventSource: 'aws:sns',
    EventSubscriptionArn: expect.stringContaining(topic),
    Sns: { TopicArn: topic, Message: expect.stringContaining('in/a+b'), MessageAttributes: {} },
  });

  const again = await coffer.deploy(stackOf('two').app);
  expect(again.output('TopicArn')).toBe(topic);
  const { Attributes } = await client.send(new sdk.GetTopicAttributesCommand({ TopicArn: topic }));
  expect(Attributes).toMatchObject({ DisplayName: 'two', SubscriptionsConfirmed: '2', SubscriptionsPending: '1' });
});

test('S3 refuses topics that do not let it in', async () => {
  const bucket = await coffer.deploy({ template: { Resources: { B: { Type: 'AWS::S3::Bucket' } } }, stackName: 'B' });
  const Bucket = bucket.resource('B').physicalId!;
  const put = (TopicArn: string) =>
    coffer.client(S3Client).send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { TopicConfigurations: [{ TopicArn, Events: ['s3:ObjectCreated:*'] }] },
      }),
    );
  const topic = await makeTopic();
  await expect(put(topic)).rejects.toThrow('Unable to validate the following destination configurations');
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sns:Publish', Resource: topic },
  ];
  const AttributeValue = JSON.stringify({ Version: '2012-10-17', Statement });
  const policy = { TopicArn: topic, AttributeName: 'Policy', AttributeValue };
  await client.send(new sdk.SetTopicAttributesCommand(policy));
  await put(topic);
  const managed = { TopicArn: topic, AttributeName: 'KmsMasterKeyId', AttributeValue: 'alias/aws/sns' };
  await client.send(new sdk.SetTopicAttributesCommand(managed));
  await expect(put(topic)).rejects.toThrow('Unable to validate the following destination configurations');
});
