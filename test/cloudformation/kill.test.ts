/** The process is killed in the middle of a deployment, while a handler of a custom resource does not answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';

const bin = resolve(__dirname, '../../runtime/bin/coffer.js');
jest.setTimeout(60_000);

let directory: string;
let child: ChildProcess;
let options: object;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-kill-'));
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  const env = { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' };
  child = spawn(process.execPath, [bin, 'start', '--port', '0', '--quiet', '--data', join(directory, 'data')], { env });
  const endpoint = await new Promise<string>((found) => {
    child.stdout!.once('data', (chunk: Buffer) => found(chunk.toString().trim()));
  });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  options = { endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 };
}
async function kill(): Promise<void> {
  const gone = new Promise((done) => child.once('close', done));
  child.kill('SIGKILL');
  await gone;
}

const cfn = () => new CloudFormationClient(options);
const StackName = 'S';
const Capabilities = ['CAPABILITY_IAM' as const];
const trust = {
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** @param silent with a custom resource whose handler never answers */
function template(versioned: boolean, silent: boolean): string {
  const Status = versioned ? 'Enabled' : 'Suspended';
  const Bucket = {
    Type: 'AWS::S3::Bucket',
    Properties: { BucketName: 'killed', VersioningConfiguration: { Status } },
  };
  const never = {
    Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
    Function: {
      Type: 'AWS::Lambda::Function',
      DependsOn: 'Bucket',
      Properties: {
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: 'exports.handler = async () => {}' },
      },
    },
    Never: { Type: 'Custom::Never', Properties: { ServiceToken: { 'Fn::GetAtt': ['Function', 'Arn'] } } },
  };
  return JSON.stringify({ Resources: { Bucket, ...(silent ? never : {}) } });
}

async function status(): Promise<string | undefined> {
  return (await cfn().send(new DescribeStacksCommand({ StackName }))).Stacks![0].StackStatus;
}

/** Until the handler has been asked. */
async function untilSilent(): Promise<void> {
  for (let n = 0; n < 500; n++) {
    const { StackEvents = [] } = await cfn()
      .send(new DescribeStackEventsCommand({ StackName }))
      .catch(() => ({ StackEvents: [] }));
    if (StackEvents.some(({ LogicalResourceId }) => LogicalResourceId === 'Never')) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error('the custom resource was not begun');
}

async function untilSettled(): Promise<string | undefined> {
  for (let n = 0; n < 500; n++) {
    const now = await status();
    if (!now?.endsWith('_IN_PROGRESS')) return now;
    await new Promise((done) => setTimeout(done, 20));
  }
  return status();
}

test('a creation is rolled back at the next start, and can be done again', async () => {
  await begin();
  const asked = cfn().send(new CreateStackCommand({ StackName, TemplateBody: template(true, true), Capabilities }));
  asked.catch(() => {});
  await untilSilent();
  await kill();
  await begin();
  expect(await untilSettled()).toBe('ROLLBACK_COMPLETE');
  const s3 = new S3Client(options);
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'killed' }))).rejects.toMatchObject({ name: 'NotFound' });
  await cfn().send(new DeleteStackCommand({ StackName }));
  await cfn().send(new CreateStackCommand({ StackName, TemplateBody: template(true, false) }));
  expect(await status()).toBe('CREATE_COMPLETE');
});

test('an update is rolled back at the next start, and can be done again', async () => {
  await begin();
  await cfn().send(new CreateStackCommand({ StackName, TemplateBody: template(false, false) }));
  const asked = cfn().send(new UpdateStackCommand({ StackName, TemplateBody: template(true, true), Capabilities }));
  asked.catch(() => {});
  await untilSilent();
  await kill();
  await begin();
  expect(await untilSettled()).toBe('UPDATE_ROLLBACK_COMPLETE');
  await cfn().send(new UpdateStackCommand({ StackName, TemplateBody: template(true, false) }));
  expect(await status()).toBe('UPDATE_COMPLETE');
});
