/** The unmodified CDK CLI, from bootstrap to destroy, over the app of this repository and over one that goes wrong. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Removal } from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AppDataStack } from '../../lib/app-data-stack';
import { cdkCommand } from './command';

process.env.CDK_VALIDATION = 'false';
jest.setTimeout(60_000);

let coffer: Coffer;
let directory: string;
let cdk: ReturnType<typeof cdkCommand>;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-cdk-'));
  coffer = await startCoffer();
  cdk = cdkCommand({ endpoint: await coffer.listen({ port: 0 }), directory });
});
afterAll(async () => {
  await coffer.close();
  rmSync(directory, { recursive: true, force: true });
});

/** An assembly on disk, so that the CLI has nothing to synthesise. */
function assembly(name: string, fill: (app: App) => void): string {
  const app = new App({ outdir: join(directory, name) });
  fill(app);
  app.synth();
  return name;
}

interface Wish {
  readonly minutes?: number;
  readonly versioned?: boolean;
  readonly bucketName?: string;
}

const work = (name: string, { minutes = 1, versioned, bucketName }: Wish = {}) =>
  assembly(name, (app) => {
    const stack = new Stack(app, 'Work');
    const removalPolicy = RemovalPolicy.DESTROY;
    const bucket = new s3.Bucket(stack, 'Bucket', { versioned, bucketName, removalPolicy });
    const queue = new sqs.Queue(stack, 'Queue', { visibilityTimeout: Duration.minutes(minutes) });
    Tags.of(stack).add('team', 'storage');
    queue.node.addDependency(bucket);
    new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
    new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
  });

const deploy = (app: string, ...more: string[]) =>
  cdk('deploy', '--app', app, '--require-approval', 'never', '--outputs-file', 'outputs.json', ...more);
const outputs = (stack: string): Record<string, string> =>
  JSON.parse(readFileSync(join(directory, 'outputs.json'), 'utf8'))[stack];
const stackNamed = async (StackName: string) =>
  (await coffer.client(CloudFormationClient).send(new DescribeStacksCommand({ StackName }))).Stacks![0];
async function visibilityTimeout(): Promise<string | undefined> {
  const { QueueUrl } = outputs('Work');
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
  return (await coffer.client(SQSClient).send(asked)).Attributes?.VisibilityTimeout;
}

async function setVisibilityTimeout(VisibilityTimeout: string): Promise<void> {
  const { QueueUrl } = outputs('Work');
  const change = new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } });
  await coffer.client(SQSClient).send(change);
}

test('the app of this repository: deployed to a fresh runtime, unchanged, destroyed', async () => {
  const app = assembly('app', (it) => new AppDataStack(it, 'AppData', { removal: Removal.DESTROY }));
  expect(await deploy(app)).toMatchObject({ code: 0, said: expect.stringContaining('✅  AppData') });
  const { BucketName: Bucket } = outputs('AppData');
  expect(await coffer.client(S3Client).send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({
    Status: 'Enabled',
  });
  // Assets and stack went through the roles of the bootstrap, which nobody has made.
  expect((await stackNamed('AppData')).RoleARN).toContain(':role/cdk-hnb659fds-cfn-exec-role-');
  expect(await deploy(app)).toMatchObject({ code: 0, said: expect.stringContaining('AppData (no changes)') });
  expect(await cdk('diff', '--app', app)).toMatchObject({
    code: 0,
    said: expect.stringContaining('There were no differences'),
  });
  expect(await cdk('destroy', '--app', app, '--force')).toMatchObject({ code: 0 });
  await expect(stackNamed('AppData')).rejects.toThrow('does not exist');
});

test('changes: seen by diff, deployed, rolled back with the reason when they fail', async () => {
  const first = work('first');
  const second = work('second', { minutes: 2, versioned: true });
  expect((await deploy(first)).code).toBe(0);
  expect(await visibilityTimeout()).toBe('60');
  expect((await stackNamed('Work')).Tags).toEqual([{ Key: 'team', Value: 'storage' }]);

  const seen = await cdk('diff', '--app', second);
  expect(seen.said).toContain('[~] AWS::SQS::Queue Queue');
  expect(seen.said).toMatch(/VisibilityTimeout[\s\S]+60[\s\S]+120/);
  expect(seen.said).toContain('Number of stacks with differences: 1');
  expect(await deploy(second)).toMatchObject({ code: 0 });
  expect(await visibilityTimeout()).toBe('120');

  expect((await cdk('drift', '--app', second)).said).toContain('No drift detected');
  await setVisibilityTimeout('90');
  expect((await cdk('drift', '--app', second)).said).toMatch(/VisibilityTimeout[\s\S]+120[\s\S]+90/);
  await setVisibilityTimeout('120');

  const broken = work('broken', {
    minutes: 3,
    versioned: true,
    bucketName: 'cdk-hnb659fds-assets-000000000000-us-east-1',
  });
  const failed = await deploy(broken);
  expect(failed.code).toBe(1);
  expect(failed.said).toContain('Resource updates failed:');
  expect(failed.said).toContain('cdk-hnb659fds-assets-000000000000-us-east-1 already exists');
  // The CLI looks for reasons in CloudTrail, too; a 5xx would have it try for half a minute.
  expect(coffer.requests().filter(({ status }) => status >= 500)).toEqual([]);
  expect((await stackNamed('Work')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await visibilityTimeout()).toBe('120');

  expect(await deploy(first, '--method=direct')).toMatchObject({ code: 0 });
  expect(await visibilityTimeout()).toBe('60');
  expect(await cdk('destroy', '--app', first, '--force')).toMatchObject({ code: 0 });
});

test('bootstrap takes over what is there, and the second time finds nothing to do', async () => {
  const place = 'aws://000000000000/us-east-1';
  const taken = await cdk('bootstrap', place);
  expect(taken).toMatchObject({ code: 0, said: expect.stringContaining(`${place} bootstrapped.`) });
  expect(taken.said).toContain('UPDATE_COMPLETE');
  expect(await cdk('bootstrap', place)).toMatchObject({ said: expect.stringContaining('bootstrapped (no changes)') });
  const fresh = await cdk('bootstrap', 'aws://000000000000/eu-west-1');
  expect(fresh).toMatchObject({ code: 0 });
  expect(fresh.said).toContain('CREATE_COMPLETE');
});
