/** The event history: what was asked of the runtime, by whom, and what came of it. */
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudTrailClient, LookupEventsCommand, type LookupEventsCommandInput } from '@aws-sdk/client-cloudtrail';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
  const s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'told' }));
  await s3.send(new HeadBucketCommand({ Bucket: 'told' }));
  await s3.send(new PutObjectCommand({ Bucket: 'told', Key: 'k', Body: 'x' }));
  const iam = coffer.client(IAMClient);
  const statement = (more: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });
  const AssumeRolePolicyDocument = statement({ Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'Weak', AssumeRolePolicyDocument }));
  const PolicyDocument = statement({ Action: 's3:ListBucket', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'Weak', PolicyName: 'p', PolicyDocument }));
  const weak = coffer.client(S3Client, { as: { roleArn: 'arn:aws:iam::000000000000:role/Weak' } });
  await weak.send(new DeleteBucketCommand({ Bucket: 'told' })).catch(() => {});
  const TemplateBody = JSON.stringify({ Resources: { Q: { Type: 'AWS::SQS::Queue' } } });
  await coffer.client(CloudFormationClient).send(new CreateStackCommand({ StackName: 'S', TemplateBody }));
  await coffer.client(S3Client, { region: 'eu-west-1' }).send(new CreateBucketCommand({ Bucket: 'far' }));
});
afterAll(() => coffer.close());

const look = (input: LookupEventsCommandInput = {}, where = {}) =>
  coffer.client(CloudTrailClient, where).send(new LookupEventsCommand(input));
const by = (
  AttributeKey: 'EventName' | 'EventSource' | 'ReadOnly' | 'Username' | 'EventId' | 'AccessKeyId',
  AttributeValue: string,
) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});
const detailOf = (event: { CloudTrailEvent?: string } | undefined) => JSON.parse(event!.CloudTrailEvent!);

test('operations on buckets are there, operations on objects are not', async () => {
  const { Events } = await look(by('EventSource', 's3.amazonaws.com'));
  expect(Events!.map(({ EventName }) => EventName)).toEqual(['DeleteBucket', 'HeadBucket', 'CreateBucket']);
  expect(Events!.map(({ ReadOnly }) => ReadOnly)).toEqual(['false', 'true', 'false']);
  expect(detailOf(Events![2])).toMatchObject({
    eventName: 'CreateBucket',
    awsRegion: 'us-east-1',
    recipientAccountId: '000000000000',
    userIdentity: { type: 'Root', arn: 'arn:aws:iam::000000000000:root' },
    managementEvent: true,
  });
});

test('a refusal has its code and message, and the role behind the session', async () => {
  const { Events } = await look(by('EventName', 'DeleteBucket'));
  expect(detailOf(Events![0])).toMatchObject({
    errorCode: 'AccessDenied',
    errorMessage: expect.stringContaining('s3:DeleteBucket'),
    userIdentity: {
      type: 'AssumedRole',
      sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::000000000000:role/Weak', userName: 'Weak' } },
    },
  });
});

test('what CloudFormation does in the name of a caller is told as such', async () => {
  const { Events } = await look(by('EventName', 'CreateQueue'));
  expect(detailOf(Events![0])).toMatchObject({
    sourceIPAddress: 'cloudformation.amazonaws.com',
    userIdentity: { type: 'Root', invokedBy: 'cloudformation.amazonaws.com' },
  });
});

test('Regions, accounts and times are apart', async () => {
  const far = await look(by('EventName', 'CreateBucket'), { region: 'eu-west-1' });
  expect(far.Events!.map((event) => detailOf(event).awsRegion)).toEqual(['eu-west-1']);
  expect((await look(by('EventName', 'CreateBucket'), { account: '111122223333' })).Events).toEqual([]);
  expect((await look({ EndTime: new Date(0) })).Events).toEqual([]);
});

test('pages hold still while more comes', async () => {
  const first = await look({ MaxResults: 2, ...by('EventSource', 's3.amazonaws.com') });
  await coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: 'told' }));
  await coffer.clock.advance({ seconds: 1 });
  const second = await look({ MaxResults: 2, NextToken: first.NextToken, ...by('EventSource', 's3.amazonaws.com') });
  const names = [...first.Events!, ...second.Events!].map(({ EventName }) => EventName);
  expect(names.filter((name) => name !== 'HeadBucket')).toEqual(['DeleteBucket', 'CreateBucket']);
  const { EventId } = second.Events!.at(-1)!;
  expect((await look(by('EventId', EventId!))).Events).toHaveLength(1);
});

test.each<[LookupEventsCommandInput, string]>([
  [by('AccessKeyId', 'x'), 'InvalidLookupAttributesException'],
  [
    { LookupAttributes: [...by('EventName', 'a').LookupAttributes, ...by('EventName', 'b').LookupAttributes] },
    'InvalidLookupAttributesException',
  ],
  [{ MaxResults: 51 }, 'InvalidMaxResultsException'],
  [{ StartTime: new Date(2), EndTime: new Date(1) }, 'InvalidTimeRangeException'],
  [{ EventCategory: 'insight' }, 'InvalidEventCategoryException'],
  [{ NextToken: 'x' }, 'InvalidNextTokenException'],
])('%j is refused', async (input, name) => {
  await expect(look(input)).rejects.toMatchObject({ name });
});
