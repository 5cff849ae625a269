/** A fresh runtime is as good as bootstrapped: what `cdk bootstrap` makes is there when somebody first asks for it. */
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

const account = '000000000000';
const Bucket = `cdk-hnb659fds-assets-${account}-us-east-1`;
const roleArn = (kind: string, region = 'us-east-1') =>
  `arn:aws:iam::${account}:role/cdk-hnb659fds-${kind}-role-${account}-${region}`;

let coffer: Coffer;
let lines: string[];
beforeEach(async () => {
  lines = [];
  coffer = await startCoffer({ report: (line) => lines.push(line) });
});
afterEach(() => coffer.close());

const assume = (kind: string, region?: string, RoleSessionName = 'cli') =>
  coffer.client(STSClient).send(new AssumeRoleCommand({ RoleArn: roleArn(kind, region), RoleSessionName }));
const toolkits = (region?: string) =>
  coffer.client(CloudFormationClient, { region }).send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));

test('roles come with the first that is assumed, once for all who ask at the same time', async () => {
  await expect(toolkits()).rejects.toThrow('does not exist');
  const kinds = ['file-publishing', 'image-publishing', 'deploy', 'lookup'];
  await Promise.all(kinds.map((kind) => assume(kind)));
  const { Stacks } = await toolkits();
  expect(Stacks).toMatchObject([{ StackStatus: 'CREATE_COMPLETE' }]);
  const outputs = Object.fromEntries(Stacks![0].Outputs!.map((it) => [it.OutputKey, it.OutputValue]));
  expect(outputs).toMatchObject({ BucketName: Bucket, BootstrapVersion: '33' });
  const { Roles } = await coffer.client(IAMClient).send(new ListRolesCommand({}));
  expect(Roles!.map(({ Arn }) => Arn)).toEqual(
    ['cfn-exec', 'deploy', 'file-publishing', 'image-publishing', 'lookup'].map((kind) => roleArn(kind)),
  );
  await expect(toolkits('eu-west-1')).rejects.toThrow('does not exist');
  await assume('deploy', 'eu-west-1');
  expect((await toolkits('eu-west-1')).Stacks).toHaveLength(1);
});

test('the staging bucket too, and each role may what it is for', async () => {
  const s3 = coffer.client(S3Client);
  expect(await s3.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Enabled' });
  const publisher = coffer.client(S3Client, { as: roleArn('file-publishing') });
  await publisher.send(new PutObjectCommand({ Bucket, Key: 'a.zip', Body: 'x' }));
  const { ServerSideEncryptionConfiguration } = await publisher.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(ServerSideEncryptionConfiguration?.Rules?.[0].ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe(
    'aws:kms',
  );
  const VersioningConfiguration = { Status: 'Suspended' } as const;
  const refused = publisher.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });

  const lookup = { as: roleArn('lookup') };
  const Name = '/cdk-bootstrap/hnb659fds/version';
  const { Parameter } = await coffer.client(SSMClient, lookup).send(new GetParameterCommand({ Name }));
  expect(Parameter?.Value).toBe('33');
  await coffer.client(S3Client, lookup).send(new ListBucketsCommand({}));
  const made = coffer.client(S3Client, lookup).send(new CreateBucketCommand({ Bucket: 'of-the-lookup-role' }));
  await expect(made).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('strangers, third parties and other names find nothing', async () => {
  const stranger = coffer.client(S3Client, { account: '111122223333' });
  await expect(stranger.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
  const anonymous = coffer.client(S3Client, { as: 'anonymous' });
  await expect(anonymous.send(new HeadBucketCommand({ Bucket }))).rejects.toBeDefined();
  const other = 'cdk-other-assets-000000000000-us-east-1';
  await expect(coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: other }))).rejects.toBeDefined();
  await expect(toolkits()).rejects.toThrow('does not exist');

  await assume('deploy');
  const RoleArn = roleArn('deploy');
  const third = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'cli', ExternalId: 'somebody' });
  await expect(coffer.client(STSClient).send(third)).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('what cannot be made is said, and leaves nothing behind', async () => {
  await coffer.client(S3Client).send(new CreateBucketCommand({ Bucket }));
  await expect(assume('deploy')).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(toolkits()).rejects.toThrow('does not exist');
  expect((await coffer.client(IAMClient).send(new ListRolesCommand({}))).Roles).toEqual([]);
  expect(lines).toEqual([expect.stringContaining('could not be bootstrapped in us-east-1')]);
});

test('a stack of that name is left alone, also while it is deleted', async () => {
  await assume('deploy');
  const cloudformation = coffer.client(CloudFormationClient);
  await cloudformation.send(new DeleteStackCommand({ StackName: 'CDKToolkit' }));
  await expect(toolkits()).rejects.toThrow('does not exist');
  const { Buckets } = await coffer.client(S3Client).send(new ListBucketsCommand({}));
  expect(Buckets!.map(({ Name }) => Name)).toEqual([Bucket]);
  const events = cloudformation.send(new DescribeStackEventsCommand({ StackName: 'CDKToolkit' }));
  await expect(events).rejects.toThrow('does not exist');
});
