/**
 * The unmodified CDK CLI over the probe app: bootstrap, diff, deploy, the stacks used as their clients would, a second
 * deploy, changes, a failure, hotswap, drift, destroy, and nothing left in the store. One runtime, steps in their order.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, DeleteTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { cdkCommand } from './command';
import { synthesiseProbe, type Wish } from './probe';
import { bodiesIn, rowsIn } from './remains';

process.env.CDK_VALIDATION = 'false';
jest.setTimeout(60_000);

const ALL = ['ProbeData', 'ProbeFar', 'ProbeSite', 'ProbeUse', 'ProbeWork'];
const FAR = { region: 'us-west-2' };
const GC = ['--type', 's3', '--rollback-buffer-days', '0', '--created-buffer-days', '0', '--confirm', 'false'];

let directory: string;
let data: string;
let coffer: Coffer;
let cdk: ReturnType<typeof cdkCommand>;
let first: string;
let told: string | undefined;
let bootstrapped: Record<string, string[]>;

async function start(): Promise<void> {
  coffer = await startCoffer({ directory: data });
  cdk = cdkCommand({ endpoint: await coffer.listen({ port: 0 }), directory });
}
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-probe-'));
  data = join(directory, 'data');
  first = synthesise('first');
  await start();
});
afterAll(async () => {
  await coffer.close();
  rmSync(directory, { recursive: true, force: true });
});

function synthesise(name: string, wish: Partial<Wish> = {}): string {
  return synthesiseProbe({ outdir: join(directory, name), ...wish });
}
const deploy = (app: string, ...more: string[]) =>
  cdk('deploy', '--app', app, '--require-approval', 'never', '--outputs-file', 'outputs.json', ...more);
const output = (stack: string, name: string): string =>
  JSON.parse(readFileSync(join(directory, 'outputs.json'), 'utf8'))[stack][name];
const stackNamed = async (StackName: string) =>
  (await coffer.client(CloudFormationClient).send(new DescribeStacksCommand({ StackName }))).Stacks![0];
const parameterValue = async (Name: string, where = {}) =>
  (await coffer.client(SSMClient, where).send(new GetParameterCommand({ Name }))).Parameter!.Value!;
async function hiddenSeconds(QueueUrl: string): Promise<string | undefined> {
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
  return (await coffer.client(SQSClient).send(asked)).Attributes?.VisibilityTimeout;
}
async function handlerSays(FunctionName: string): Promise<string> {
  const { Payload } = await coffer.client(LambdaClient).send(new InvokeCommand({ FunctionName }));
  return Buffer.from(Payload!).toString();
}

/**
 * Where it shows that anything happened at all, and what AWS makes for an account at its first use; numbers of layer
 * versions are never given again.
 */
const KEPT = /^(kernel|store|sts|s3\.secrets$|kms|lambda\.layers$|iam\.lastUses$)/;

/** Rows by table as they are on disk; the runtime is closed and started again. */
async function rows(): Promise<Record<string, string[]>> {
  await coffer.close();
  const tables = await rowsIn(data);
  await start();
  return Object.fromEntries([...tables].filter(([table]) => !KEPT.test(table)));
}

test('bootstrap of a fresh runtime, in two Regions', async () => {
  const { code, said } = await cdk('bootstrap', 'aws://000000000000/us-east-1', 'aws://000000000000/us-west-2');
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('us-west-2 bootstrapped') });
  bootstrapped = await rows();
  expect(Object.keys(bootstrapped)).toContain('iam.roles');
});

test('list, synth and diff of what is not there yet', async () => {
  expect((await cdk('list', '--app', first)).said.trim().split('\n').sort()).toEqual(ALL);
  expect((await cdk('synth', 'ProbeUse', '--app', first)).said).toContain('AWS::CloudFormation::Stack');
  const { code, said } = await cdk('diff', '--app', first);
  expect(code).toBe(0);
  expect(said).toContain('IAM Statement Changes');
  expect(said).toContain('[+] AWS::S3::Bucket Bucket');
  // Five, and the nested one.
  expect(said).toContain('Number of stacks with differences: 6');
});

test('deploy --all, at once, with tags and topics', async () => {
  told = (await coffer.client(SNSClient).send(new CreateTopicCommand({ Name: 'told' }))).TopicArn;
  const more = ['--all', '--concurrency', '5', '--tags', 'team=probe', '--notification-arns', told!];
  const { code, said } = await deploy(first, ...more);
  expect({ code, said }).toMatchObject({ code: 0 });
  for (const name of ALL) expect(said).toContain(`✅  ${name}`);
  const work = await stackNamed('ProbeWork');
  expect(work).toMatchObject({
    StackStatus: 'CREATE_COMPLETE',
    Tags: [{ Key: 'team', Value: 'probe' }],
    NotificationARNs: [told],
  });
  const { StackEvents } = await coffer
    .client(CloudFormationClient)
    .send(new DescribeStackEventsCommand({ StackName: 'ProbeWork' }));
  const times = StackEvents!.map(({ Timestamp }) => Timestamp!.getTime());
  expect(times.every((time, i) => i === 0 || time < times[i - 1])).toBe(true);
});

test('the stacks do what they say', async () => {
  const s3 = coffer.client(S3Client);
  const Bucket = output('ProbeData', 'BucketName');
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(Rules!.map(({ ID }) => ID)).toEqual(['Parts', 'Old']);
  expect((await s3.send(new GetBucketReplicationCommand({ Bucket }))).ReplicationConfiguration!.Rules).toHaveLength(1);
  // Names went to the nested stack, and to another Region.
  expect(await parameterValue('/probe/source')).toBe(Bucket);
  expect(await parameterValue('/probe/origin', FAR)).toMatch(/^arn:aws:s3:::probesite-pages/);
  await s3.send(new PutObjectCommand({ Bucket: output('ProbeWork', 'InboxName'), Key: 'in/1', Body: 'x' }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'in/1', Body: 'x' }));
  expect(await handlerSays(output('ProbeWork', 'HandlerName'))).toBe('1');
  const page = await s3.send(new GetObjectCommand({ Bucket: output('ProbeSite', 'PagesName'), Key: 'index.html' }));
  expect(await page.Body!.transformToString()).toMatch(
    /^<a href="https:\/\/probesite-pages.*\.s3\.amazonaws\.com">probe<\/a>$/,
  );
});

test('a second deploy finds nothing to do', async () => {
  const { code, said } = await deploy(first, '--all', '--concurrency', '5', '--tags', 'team=probe');
  expect(code).toBe(0);
  for (const name of ALL) expect(said).toContain(`✅  ${name} (no changes)`);
});

test('changes: told by diff, deployed in place and by replacement', async () => {
  const second = synthesise('second', { hiddenSeconds: 90, copies: 'probe-copies' });
  const { said } = await cdk('diff', '--app', second, 'ProbeWork', 'ProbeFar');
  expect(said).toMatch(/VisibilityTimeout[\s\S]+60[\s\S]+90/);
  expect(said).toMatch(/AWS::S3::Bucket Copies \S+ (may be replaced|replace)/);
  expect(said).toContain('Number of stacks with differences: 2');
  const old = output('ProbeFar', 'CopiesName');
  const deployed = await deploy(second, '--all', '--concurrency', '5', '--tags', 'team=probe');
  expect(deployed).toMatchObject({ code: 0, said: expect.stringContaining('ProbeData (no changes)') });
  expect(await hiddenSeconds(output('ProbeWork', 'QueueUrl'))).toBe('90');
  const s3 = coffer.client(S3Client, FAR);
  await s3.send(new HeadBucketCommand({ Bucket: 'probe-copies' }));
  await expect(s3.send(new HeadBucketCommand({ Bucket: old }))).rejects.toMatchObject({ name: 'NotFound' });
});

test('a failure is rolled back, and tells why at the resource', async () => {
  const s3 = coffer.client(S3Client, FAR);
  const CreateBucketConfiguration = { LocationConstraint: 'us-west-2' as const };
  await s3.send(new CreateBucketCommand({ Bucket: 'probe-taken', CreateBucketConfiguration }));
  const broken = synthesise('broken', { hiddenSeconds: 90, copies: 'probe-taken' });
  const before = coffer.requests().length;
  const { code, said } = await deploy(broken, 'ProbeFar', '--exclusively');
  expect(code).toBe(1);
  expect(said).toContain('probe-taken already exists');
  expect(
    coffer
      .requests()
      .slice(before)
      .filter(({ status }) => status >= 500),
  ).toEqual([]);
  const { Stacks } = await coffer
    .client(CloudFormationClient, FAR)
    .send(new DescribeStacksCommand({ StackName: 'ProbeFar' }));
  expect(Stacks![0].StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  await s3.send(new HeadBucketCommand({ Bucket: 'probe-copies' }));
  await s3.send(new DeleteBucketCommand({ Bucket: 'probe-taken' }));
});

test('code goes to its function by hotswap', async () => {
  const swapped = synthesise('swapped', {
    hiddenSeconds: 90,
    copies: 'probe-copies',
    code: 'exports.handler = async () => 2;',
  });
  const { code, said } = await deploy(swapped, 'ProbeWork', '--hotswap', '--exclusively');
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('hotswapped') });
  expect(await handlerSays(output('ProbeWork', 'HandlerName'))).toBe('2');
});

test('drift is found, and reverted', async () => {
  const QueueUrl = output('ProbeWork', 'QueueUrl');
  await coffer
    .client(SQSClient)
    .send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '7' } }));
  const drifted = await cdk('drift', 'ProbeWork', '--app', join(directory, 'second'));
  expect(drifted.said).toMatch(/VisibilityTimeout[\s\S]+90[\s\S]+7/);
  expect(await deploy(join(directory, 'second'), 'ProbeWork', '--exclusively', '--revert-drift')).toMatchObject({
    code: 0,
  });
  expect(await hiddenSeconds(QueueUrl)).toBe('90');
});

/** What `cdk gc` deletes stays as old versions for a year. */
async function forgetStaged(region: string): Promise<void> {
  const s3 = coffer.client(S3Client, { region });
  const Bucket = `cdk-hnb659fds-assets-000000000000-${region}`;
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  expect(DeleteMarkers.length).toBe(Versions.length);
  const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
}

test('destroy leaves nothing behind', async () => {
  const { code, said } = await cdk('destroy', '--all', '--force', '--app', join(directory, 'second'));
  expect(code === 0 ? '' : said).toBe('');
  for (const name of ALL) expect(said).toContain(`✅  ${name}: destroyed`);
  await coffer.client(SNSClient).send(new DeleteTopicCommand({ TopicArn: told }));
  expect(await cdk('gc', 'aws://000000000000/us-east-1', '--unstable', 'gc', ...GC)).toMatchObject({ code: 0 });
  expect(await cdk('gc', 'aws://000000000000/us-west-2', '--unstable', 'gc', ...GC)).toMatchObject({ code: 0 });
  for (const region of ['us-east-1', 'us-west-2']) await forgetStaged(region);
  // Deleted stacks can be described for 90 days; keys wait for 30.
  await coffer.clock.advance({ days: 120 });
  await coffer.settled();
  expect(await rows()).toEqual(bootstrapped);
  expect(bodiesIn(data)).toEqual([]);
});
