import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { KMS } from '@aws-sdk/client-kms';
import { SQS } from '@aws-sdk/client-sqs';
import { SSM } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let cloudformation: CloudFormation;
beforeAll(async () => {
  coffer = await startCoffer();
  cloudformation = coffer.client(CloudFormation);
});
afterAll(() => coffer.close());

type Resources = Record<string, { Type: string; Properties: object }>;

async function deploy(StackName: string, Resources: Resources, outputs: Record<string, unknown> = {}) {
  const Outputs = Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }]));
  const TemplateBody = JSON.stringify({ Resources, Outputs });
  const exists = await cloudformation.describeStacks({ StackName }).then(
    () => true,
    () => false,
  );
  await (exists
    ? cloudformation.updateStack({ StackName, TemplateBody })
    : cloudformation.createStack({ StackName, TemplateBody }));
  await coffer.settled();
  const { Stacks } = await cloudformation.describeStacks({ StackName });
  const { StackResources } = await cloudformation.describeStackResources({ StackName });
  return {
    status: Stacks![0].StackStatus,
    outputs: Object.fromEntries(Stacks![0].Outputs?.map((one) => [one.OutputKey, one.OutputValue]) ?? []),
    id: (logicalId: string) => StackResources!.find((one) => one.LogicalResourceId === logicalId)!.PhysicalResourceId!,
  };
}
const remove = async (StackName: string) => {
  await cloudformation.deleteStack({ StackName });
  await coffer.settled();
};
const attribute = (logicalId: string, name: string) => ({ 'Fn::GetAtt': [logicalId, name] });
const ref = (logicalId: string) => ({ Ref: logicalId });

test('keys, aliases and replicas', async () => {
  const kms = coffer.client(KMS);
  const stack = (key: object, alias = 'alias/one'): Resources => ({
    Key: { Type: 'AWS::KMS::Key', Properties: { EnableKeyRotation: true, PendingWindowInDays: 7, ...key } },
    Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: alias, TargetKeyId: attribute('Key', 'Arn') } },
  });
  const first = await deploy('keys', stack({ Description: 'a', MultiRegion: true, Tags: [{ Key: 'x', Value: '1' }] }), {
    Arn: attribute('Key', 'Arn'),
    Id: ref('Key'),
  });
  const { KeyMetadata } = await kms.describeKey({ KeyId: 'alias/one' });
  expect(KeyMetadata).toMatchObject({ Description: 'a', Arn: first.outputs.Arn, KeyId: first.outputs.Id });
  const KeyId = KeyMetadata!.KeyId!;
  expect((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled).toBe(true);

  const there = coffer.client(CloudFormation, { region: 'eu-west-1' });
  const Principal = { AWS: 'arn:aws:iam::000000000000:root' };
  const KeyPolicy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }],
  };
  await there.createStack({
    StackName: 'replica',
    TemplateBody: JSON.stringify({
      Resources: {
        Replica: { Type: 'AWS::KMS::ReplicaKey', Properties: { PrimaryKeyArn: first.outputs.Arn, KeyPolicy } },
      },
    }),
  });
  await coffer.settled();
  const replica = await coffer.client(KMS, { region: 'eu-west-1' }).describeKey({ KeyId });
  expect(replica.KeyMetadata!.MultiRegionConfiguration!.PrimaryKey!.Region).toBe('us-east-1');

  const second = await deploy('keys', stack({ Description: 'b', MultiRegion: true, Enabled: false }, 'alias/two'));
  expect(second.id('Key')).toBe(KeyId);
  expect((await kms.describeKey({ KeyId: 'alias/two' })).KeyMetadata).toMatchObject({
    Description: 'b',
    KeyState: 'Disabled',
  });
  await expect(kms.describeKey({ KeyId: 'alias/one' })).rejects.toThrow('is not found');
  const tags = (await kms.listResourceTags({ KeyId })).Tags!.filter(({ TagKey }) => !TagKey!.startsWith('aws:'));
  expect(tags).toEqual([]);
  expect((await deploy('keys', stack({ MultiRegion: false }, 'alias/two'))).status).toMatch(/ROLLBACK_COMPLETE/);
  await remove('keys');
  expect((await kms.describeKey({ KeyId })).KeyMetadata!.KeyState).toBe('PendingReplicaDeletion');
});

test('queues and their policies', async () => {
  const sqs = coffer.client(SQS);
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' },
    ],
  };
  const stack = (queue: object, withPolicy: boolean): Resources => ({
    Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        FifoQueue: 'true',
        RedrivePolicy: { deadLetterTargetArn: attribute('Dead', 'Arn'), maxReceiveCount: 3 },
        ...queue,
      },
    },
    ...(withPolicy && {
      Policy: { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [ref('Queue')], PolicyDocument: policy } },
    }),
  });
  const shown = async (QueueUrl: string) =>
    (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] })).Attributes!;
  const first = await deploy('queues', stack({ VisibilityTimeout: 60, Tags: [{ Key: 'x', Value: '1' }] }, true), {
    Url: ref('Queue'),
    Arn: attribute('Queue', 'Arn'),
    Name: attribute('Queue', 'QueueName'),
  });
  const QueueUrl = first.outputs.Url!;
  expect(first.outputs.Name).toMatch(/^queues-Queue-\w+\.fifo$/);
  expect(await shown(QueueUrl)).toMatchObject({
    VisibilityTimeout: '60',
    QueueArn: first.outputs.Arn,
    Policy: JSON.stringify(policy),
  });
  const second = await deploy('queues', stack({ DelaySeconds: 5 }, false));
  expect(second.id('Queue')).toBe(QueueUrl);
  const after = await shown(QueueUrl);
  expect(after).toMatchObject({ VisibilityTimeout: '30', DelaySeconds: '5' });
  expect(after).not.toHaveProperty('Policy');
  await remove('queues');
  await expect(shown(QueueUrl)).rejects.toThrow('does not exist');
});

test('parameters and log groups', async () => {
  const ssm = coffer.client(SSM);
  const logs = coffer.client(CloudWatchLogs);
  const stack = (value: string, group: object): Resources => ({
    Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/a/b', Type: 'String', Value: value } },
    Group: { Type: 'AWS::Logs::LogGroup', Properties: group },
    Stream: { Type: 'AWS::Logs::LogStream', Properties: { LogGroupName: ref('Group'), LogStreamName: 's' } },
    Rules: {
      Type: 'AWS::Logs::ResourcePolicy',
      Properties: {
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'logs:PutLogEvents',
              Resource: '*',
            },
          ],
        }),
      },
    },
  });
  const first = await deploy('small', stack('one', { RetentionInDays: 7 }), {
    Value: attribute('Parameter', 'Value'),
    Arn: attribute('Group', 'Arn'),
  });
  const logGroupName = first.id('Group');
  expect(first.outputs).toEqual({
    Value: 'one',
    Arn: `arn:aws:logs:us-east-1:${coffer.defaultAccount}:log-group:${logGroupName}:*`,
  });
  expect((await logs.describeLogStreams({ logGroupName })).logStreams).toHaveLength(1);
  await deploy('small', stack('two', {}));
  expect((await ssm.getParameter({ Name: '/a/b' })).Parameter).toMatchObject({ Value: 'two', Version: 2 });
  const [group] = (await logs.describeLogGroups({ logGroupNamePrefix: logGroupName })).logGroups!;
  expect(group.retentionInDays).toBeUndefined();
  await remove('small');
  expect((await logs.describeLogGroups({ logGroupNamePrefix: logGroupName })).logGroups).toEqual([]);
  expect((await logs.describeResourcePolicies({})).resourcePolicies).toEqual([]);
  await expect(ssm.getParameter({ Name: '/a/b' })).rejects.toMatchObject({ name: 'ParameterNotFound' });
});
