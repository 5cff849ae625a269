import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let sqs: SQSClient;
let QueueUrl: string;
let QueueArn: string;
const Bucket = 'makes-noise';

beforeAll(async () => {
  setting = await start();
  sqs = setting.coffer.client(SQSClient);
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'heard' }))).QueueUrl!;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  QueueArn = Attributes!.QueueArn!;
});
afterAll(() => setting.coffer.close());

const configure = (NotificationConfiguration: NotificationConfiguration) =>
  setting.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));

/** Everything that is in the queue now, taken out. */
// biome-ignore lint/suspicious/noExplicitAny: events are JSON
async function heard(): Promise<any[]> {
  await setting.coffer.settled();
  const all = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return all;
    for (const { Body, ReceiptHandle } of Messages) {
      all.push(JSON.parse(Body!));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

describe('a notification configuration', () => {
  it('names destinations that let S3 in', async () => {
    const created = { Events: ['s3:ObjectCreated:*' as const], QueueArn };
    expect(await refusal(configure({ QueueConfigurations: [created] }))).toBe('400 InvalidArgument');
    expect(await refusal(configure({ QueueConfigurations: [{ ...created, QueueArn: `${QueueArn}-none` }] }))).toBe(
      '400 InvalidArgument',
    );
    const Policy = JSON.stringify({
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QueueArn,
        Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
      },
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    await configure({ QueueConfigurations: [created] });
    expect(await heard()).toMatchObject([{ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket }]);
  });

  const rule = (prefix: string, suffix: string, event = 's3:ObjectCreated:*') => ({
    Events: [event as 's3:ObjectCreated:*'],
    QueueArn,
    Filter: {
      Key: {
        FilterRules: [
          { Name: 'prefix' as const, Value: prefix },
          { Name: 'suffix' as const, Value: suffix },
        ],
      },
    },
  });
  it.each<[string, () => NotificationConfiguration]>([
    ['an unparsable ARN', () => ({ QueueConfigurations: [{ Events: ['s3:ObjectCreated:*'], QueueArn: 'nonsense' }] })],
    ['an unknown event', () => ({ QueueConfigurations: [rule('', '', 's3:ObjectImagined:*')] })],
    ['overlapping filters', () => ({ QueueConfigurations: [rule('a', '.x'), rule('ab', 'y.x')] })],
    ['one event twice', () => ({ QueueConfigurations: [rule('', ''), rule('', '', 's3:ObjectCreated:Put')] })],
    [
      'an id twice',
      () => ({
        QueueConfigurations: [
          { ...rule('a', ''), Id: '1' },
          { ...rule('b', ''), Id: '1' },
        ],
      }),
    ],
  ])('is refused with %s', async (_, configuration) => {
    expect(await refusal(configure(configuration()))).toBe('400 InvalidArgument');
  });

  it('is told as it was put, with ids', async () => {
    await configure({ QueueConfigurations: [rule('uploads/', '.txt')] });
    const told = await setting.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(told.QueueConfigurations).toMatchObject([
      {
        Id: expect.any(String),
        Filter: {
          Key: {
            FilterRules: [
              { Name: 'Prefix', Value: 'uploads/' },
              { Name: 'Suffix', Value: '.txt' },
            ],
          },
        },
      },
    ]);
    await heard();
  });
});

describe('events', () => {
  it('reach the queue in order, in AWS’s shape, and only those that match', async () => {
    const { s3 } = setting;
    await configure({
      QueueConfigurations: [
        {
          Id: 'all',
          Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'],
          QueueArn,
          Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'up' }] } },
        },
      ],
    });
    await heard();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'other', Body: 'x' }));
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'up/ä b+c', Body: 'hello' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'up/ä b+c' }));
    const records = (await heard()).map(({ Records: [record] }) => record);
    expect(records).toEqual([
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: 'AWS:000000000000' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-request-id': expect.stringMatching(/^[0-9A-F]{16}$/),
          'x-amz-id-2': expect.any(String),
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'all',
          bucket: { name: Bucket, ownerIdentity: { principalId: expect.any(String) }, arn: `arn:aws:s3:::${Bucket}` },
          object: { key: 'up/%C3%A4+b%2Bc', size: 5, eTag: ETag?.slice(1, -1), sequencer: expect.any(String) },
        },
      },
      expect.objectContaining({ eventName: 'ObjectRemoved:Delete' }),
    ]);
    const [first, second] = records.map(({ s3: { object } }) => object.sequencer);
    expect(second > first).toBe(true);
  });

  it('tell of each key among many, there or not', async () => {
    const { s3 } = setting;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'up/there', Body: 'x' }));
    const Objects = [{ Key: 'up/there' }, { Key: 'up/never' }];
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'up/never' }));
    const records = (await heard()).map(({ Records: [record] }) => [record.eventName, record.s3.object.key]);
    expect(records).toEqual([
      ['ObjectCreated:Put', 'up/there'],
      ['ObjectRemoved:Delete', 'up/there'],
      ['ObjectRemoved:Delete', 'up/never'],
    ]);
  });

  it('of versions name them', async () => {
    const { s3 } = setting;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'up/v', Body: 'x' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'up/v' }));
    const records = (await heard()).map(({ Records: [record] }) => [record.eventName, record.s3.object.versionId]);
    expect(records).toEqual([
      ['ObjectCreated:Put', VersionId],
      ['ObjectRemoved:DeleteMarkerCreated', expect.any(String)],
    ]);
  });
});
