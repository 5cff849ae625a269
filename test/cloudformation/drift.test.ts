/** Drift: resources changed or deleted behind their stack's back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  DetectStackResourceDriftCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import {
  DeletePublicAccessBlockCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { synthesiseProbe } from '../cdk/probe';

let coffer: Coffer;
let cfn: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  cfn = coffer.client(CloudFormationClient);
});
afterEach(() => coffer.close());

const Bucket = 'drifting-bucket';
const StackName = 'Drifting';
const TrustPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const body = (more: object = {}) =>
  JSON.stringify({
    Resources: {
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: Bucket,
          VersioningConfiguration: { Status: 'Enabled' },
          PublicAccessBlockConfiguration: { BlockPublicAcls: true },
        },
      },
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'drifting',
          VisibilityTimeout: 60,
          RedriveAllowPolicy: { redrivePermission: 'denyAll' },
        },
      },
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: TrustPolicy } },
      Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: 'x', ...more } },
      Key: { Type: 'AWS::KMS::Key', Properties: { EnableKeyRotation: true } },
      Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/drifting', TargetKeyId: { Ref: 'Key' } } },
    },
  });
const Capabilities = ['CAPABILITY_IAM' as const];
const create = () => cfn.send(new CreateStackCommand({ StackName, TemplateBody: body(), Capabilities }));

async function detect() {
  const { StackDriftDetectionId } = await cfn.send(new DetectStackDriftCommand({ StackName }));
  return cfn.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }));
}

async function drifts(): Promise<Record<string, string | undefined>> {
  const { StackResourceDrifts } = await cfn.send(new DescribeStackResourceDriftsCommand({ StackName }));
  return Object.fromEntries(StackResourceDrifts!.map((it) => [it.LogicalResourceId, it.StackResourceDriftStatus]));
}

test('a stack that nobody touched is in sync; what cannot be read is not checked', async () => {
  await create();
  const outcome = await detect();
  expect(outcome).toMatchObject({ DetectionStatus: 'DETECTION_COMPLETE', StackDriftStatus: 'IN_SYNC' });
  expect(outcome.DriftedStackResourceCount).toBe(0);
  const [Queue, Role, Parameter, Key, Alias] = ['IN_SYNC', 'IN_SYNC', 'IN_SYNC', 'IN_SYNC', 'NOT_CHECKED'];
  expect(await drifts()).toEqual({ Bucket: 'IN_SYNC', Queue, Role, Parameter, Key, Alias });
});

test('changed and deleted resources are told, property by property', async () => {
  await create();
  const s3 = coffer.client(S3Client);
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const QueueUrl = 'http://127.0.0.1:4566/000000000000/drifting';
  await coffer.client(SQSClient).send(new DeleteQueueCommand({ QueueUrl }));
  expect(await detect()).toMatchObject({ StackDriftStatus: 'DRIFTED', DriftedStackResourceCount: 2 });
  expect(await drifts()).toMatchObject({ Bucket: 'MODIFIED', Queue: 'DELETED', Role: 'IN_SYNC' });
  const { Stacks } = await cfn.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks![0].DriftInformation?.StackDriftStatus).toBe('DRIFTED');

  const one = new DetectStackResourceDriftCommand({ StackName, LogicalResourceId: 'Bucket' });
  const { StackResourceDrift: drift } = await cfn.send(one);
  expect(drift!.PropertyDifferences).toEqual([
    {
      PropertyPath: '/VersioningConfiguration/Status',
      ExpectedValue: 'Enabled',
      ActualValue: 'Suspended',
      DifferenceType: 'NOT_EQUAL',
    },
    expect.objectContaining({ PropertyPath: '/PublicAccessBlockConfiguration', DifferenceType: 'REMOVE' }),
  ]);
});

test('an update makes what was found obsolete', async () => {
  await create();
  const QueueUrl = 'http://127.0.0.1:4566/000000000000/drifting';
  const Attributes = { VisibilityTimeout: '61' };
  await coffer.client(SQSClient).send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const { StackDriftDetectionId } = await detect();
  await coffer.clock.advance({ seconds: 1 });
  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: body({ Value: 'y' }), Capabilities }));
  const { Stacks } = await cfn.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks![0].DriftInformation?.StackDriftStatus).toBe('NOT_CHECKED');
  expect(await drifts()).toMatchObject({ Queue: 'MODIFIED' });
  expect(await drifts()).not.toHaveProperty('Parameter');
  const gone = cfn.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }));
  await expect(gone).rejects.toThrow('No drift detection found');
  const nobody = new DetectStackResourceDriftCommand({ StackName, LogicalResourceId: 'Nobody' });
  await expect(cfn.send(nobody)).rejects.toThrow('Resource Nobody does not exist');
});

test('the probe app, as it is deployed, has not drifted; what is changed behind its back has', async () => {
  process.env.CDK_VALIDATION = 'false';
  const outdir = await mkdtemp(join(tmpdir(), 'coffer-drift-'));
  const deployment = await coffer.deploy(synthesiseProbe({ outdir }));
  await rm(outdir, { recursive: true });
  const find = async (name: string) => {
    await cfn.send(new DetectStackDriftCommand({ StackName: name }));
    const { StackResourceDrifts } = await cfn.send(new DescribeStackResourceDriftsCommand({ StackName: name }));
    return StackResourceDrifts!.filter(
      ({ StackResourceDriftStatus: status }) => status === 'MODIFIED' || status === 'DELETED',
    );
  };
  for (const name of ['ProbeData', 'ProbeWork', 'ProbeSite', 'ProbeUse']) expect(await find(name)).toEqual([]);

  const FunctionName = deployment.output('HandlerName');
  await coffer
    .client(LambdaClient)
    .send(new UpdateFunctionConfigurationCommand({ FunctionName, Handler: 'other.handler' }));
  const logs = coffer.client(CloudWatchLogsClient);
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'ProbeWork-HandlerLog' }));
  await logs.send(new DeleteLogGroupCommand({ logGroupName: logGroups![0].logGroupName }));
  const found = Object.fromEntries(
    (await find('ProbeWork')).map((it) => [
      it.ResourceType,
      it.PropertyDifferences?.[0].PropertyPath ?? it.StackResourceDriftStatus,
    ]),
  );
  expect(found).toEqual({ 'AWS::Lambda::Function': '/Handler', 'AWS::Logs::LogGroup': 'DELETED' });

  const Bucket = deployment.output('BucketName');
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await coffer.client(S3Client).send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  const [drift] = await find('ProbeData');
  expect(drift.PropertyDifferences!.map(({ PropertyPath }) => PropertyPath)).toContain(
    '/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm',
  );
});
