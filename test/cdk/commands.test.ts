/** The CDK CLI's rarer commands, each over a small app: rollback, import, refactor, watch, nested stacks, parameters. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, CfnParameter, CfnResource, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { cdkCommand, commandLine } from './command';

process.env.CDK_VALIDATION = 'false';
jest.setTimeout(60_000);

const bin = resolve(__dirname, '../../runtime/bin/coffer.js');

let coffer: Coffer;
let directory: string;
let endpoint: string;
let cdk: ReturnType<typeof cdkCommand>;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-cdk-'));
  coffer = await startCoffer();
  endpoint = await coffer.listen({ port: 0 });
  cdk = cdkCommand({ endpoint, directory });
});
afterAll(async () => {
  await coffer.close();
  rmSync(directory, { recursive: true, force: true });
});

const env = { account: '000000000000', region: 'us-east-1' };
function assembly(name: string, fill: (app: App) => void): string {
  // The CLI asks every app for these; nested stacks are found by them.
  const context = { 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true };
  const app = new App({ outdir: join(directory, name), context });
  fill(app);
  app.synth();
  return name;
}
const stackIn = (app: App, name: string, fill: (stack: Stack) => void) => fill(new Stack(app, name, { env }));
const parameter = (stack: Stack, id: string, stringValue: string) =>
  new ssm.StringParameter(stack, id, { parameterName: `/${stack.stackName}/${id}`, stringValue });
const deploy = (app: string, ...more: string[]) => cdk('deploy', '--app', app, '--require-approval', 'never', ...more);
const stackNamed = async (StackName: string) =>
  (await coffer.client(CloudFormationClient).send(new DescribeStacksCommand({ StackName }))).Stacks![0];
const resourcesOf = async (StackName: string) => {
  const asked = new DescribeStackResourcesCommand({ StackName });
  const { StackResources } = await coffer.client(CloudFormationClient).send(asked);
  return StackResources!.map(({ LogicalResourceId, ResourceType, PhysicalResourceId }) => ({
    LogicalResourceId,
    ResourceType,
    PhysicalResourceId,
  }));
};
const valueAt = async (Name: string) =>
  (await coffer.client(SSMClient).send(new GetParameterCommand({ Name }))).Parameter!.Value;

test('parameters are given, kept, and told apart by stack', async () => {
  const app = assembly('parameters', (it) =>
    stackIn(it, 'Params', (stack) => {
      const value = new CfnParameter(stack, 'Value', { default: 'usual' });
      parameter(stack, 'P', value.valueAsString);
    }),
  );
  expect(await deploy(app, '--method=direct', '--parameters', 'Params:Value=given')).toMatchObject({ code: 0 });
  expect(await valueAt('/Params/P')).toBe('given');
  expect(await deploy(app, '--force')).toMatchObject({ code: 0 });
  expect(await valueAt('/Params/P')).toBe('given');
});

test('a failure without rollback is rolled back later; the set is prepared and executed in two steps', async () => {
  const app = (name: string, taken: boolean) =>
    assembly(name, (it) =>
      stackIn(it, 'Back', (stack) => {
        const first = parameter(stack, 'A', name);
        if (taken) parameter(stack, 'Taken', 'x').node.addDependency(first);
      }),
    );
  await coffer.client(SSMClient).send(new PutParameterCommand({ Name: '/Back/Taken', Value: 'mine', Type: 'String' }));
  expect(await deploy(app('good', false), '--method=prepare-change-set', '--change-set-name', 'mine')).toMatchObject({
    code: 0,
  });
  expect((await stackNamed('Back')).StackStatus).toBe('REVIEW_IN_PROGRESS');
  expect(await deploy('good', 'Back', '--method=execute-change-set', '--change-set-name', 'mine')).toMatchObject({
    code: 0,
  });
  expect((await stackNamed('Back')).StackStatus).toBe('CREATE_COMPLETE');
  const failed = await deploy(app('bad', true), '--no-rollback');
  expect(failed).toMatchObject({ code: 1, said: expect.stringContaining('already exists') });
  expect((await stackNamed('Back')).StackStatus).toBe('UPDATE_FAILED');
  expect(await valueAt('/Back/A')).toBe('bad');
  expect(await cdk('rollback', 'Back', '--app', 'bad')).toMatchObject({ code: 0 });
  expect((await stackNamed('Back')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await valueAt('/Back/A')).toBe('good');
});

test('what exists is imported: by command, and by a deployment', async () => {
  for (const Bucket of ['by-command', 'by-deployment'])
    await coffer.client(S3Client).send(new CreateBucketCommand({ Bucket }));
  const app = (name: string, ...names: string[]) =>
    assembly(name, (it) =>
      stackIn(it, 'Imports', (stack) => {
        for (const bucketName of names) new s3.Bucket(stack, bucketName, { bucketName });
      }),
    );
  app('import1', 'by-command');
  writeFileSync(join(directory, 'map.json'), JSON.stringify({ bycommand00661E86: { BucketName: 'by-command' } }));
  const imported = await cdk('import', 'Imports', '--app', 'import1', '--resource-mapping', 'map.json');
  expect(imported).toMatchObject({ code: 0, said: expect.stringContaining('Import operation complete') });
  const found = await deploy(app('import2', 'by-command', 'by-deployment'), '--import-existing-resources');
  expect(found).toMatchObject({ code: 0 });
  const ids = (await resourcesOf('Imports')).map(({ PhysicalResourceId }) => PhysicalResourceId);
  expect(ids).toEqual(expect.arrayContaining(['by-command', 'by-deployment']));
});

test('a refactor moves a bucket to another stack and renames a queue', async () => {
  const app = (name: string, moved: boolean) =>
    assembly(name, (it) => {
      stackIn(it, 'Here', (stack) => {
        if (!moved) new s3.Bucket(stack, 'Moving');
        new sqs.Queue(stack, moved ? 'After' : 'Before');
      });
      stackIn(it, 'There', (stack) => {
        if (moved) new s3.Bucket(stack, 'Moved');
        parameter(stack, 'P', 'x');
      });
    });
  expect(await deploy(app('refactor1', false), '--all')).toMatchObject({ code: 0 });
  const before = await resourcesOf('Here');
  const told = await cdk('refactor', '--app', app('refactor2', true), '--unstable', 'refactor', '--force');
  expect(told).toMatchObject({ code: 0, said: expect.stringContaining('Stack refactor complete') });
  const after = [...(await resourcesOf('Here')), ...(await resourcesOf('There'))];
  const idOf = (all: typeof before, type: string) => all.find((it) => it.ResourceType === type)!.PhysicalResourceId;
  for (const type of ['AWS::S3::Bucket', 'AWS::SQS::Queue']) expect(idOf(after, type)).toBe(idOf(before, type));
  expect(after.map(({ LogicalResourceId }) => LogicalResourceId!.replace(/[0-9A-F]{8}$/, ''))).toEqual(
    expect.arrayContaining(['After', 'Moved']),
  );
});

test('coffer exec keeps the CLI here, whatever the environment says', async () => {
  const app = assembly('kept', (it) => stackIn(it, 'Kept', (stack) => parameter(stack, 'P', 'here')));
  const { args, options } = commandLine({ endpoint, directory });
  const elsewhere = 'http://203.0.113.1:9';
  const misleading = {
    AWS_PROFILE: 'production',
    AWS_ENDPOINT_URL: elsewhere,
    AWS_ENDPOINT_URL_S3: elsewhere,
    AWS_ENDPOINT_URL_CLOUDFORMATION: elsewhere,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    AWS_CONFIG_FILE: join(directory, 'config'),
    HTTP_PROXY: elsewhere,
    HTTPS_PROXY: elsewhere,
  };
  writeFileSync(
    join(directory, 'config'),
    `[default]\nservices = there\nrole_arn = arn:aws:iam::111122223333:role/x\n[services there]\nsts =\n  endpoint_url = ${elsewhere}\n`,
  );
  const own = [...args, 'deploy', '--app', app, '--require-approval', 'never'];
  const child = spawn(
    process.execPath,
    [bin, 'exec', '--port', new URL(endpoint).port, '--', process.execPath, ...own],
    { ...options, env: { ...options.env, ...misleading } },
  );
  const code = await new Promise((done) => child.once('close', done));
  expect(code).toBe(0);
  expect(await valueAt('/Kept/P')).toBe('here');
});

test('properties that cannot be are told before anything is made', async () => {
  const app = assembly('early', (it) =>
    stackIn(it, 'Early', (stack) => {
      new CfnResource(stack, 'B', { type: 'AWS::S3::Bucket', properties: { Colour: 'red' } });
    }),
  );
  const { code, said } = await deploy(app);
  expect(code).toBe(1);
  expect(said.replace(/\s+/g, ' ')).toContain('extraneous key [Colour] is not permitted');
  await expect(resourcesOf('Early')).resolves.toEqual([]);
});

test('a nested stack: changes in it are told and made, its failure is told at its resource', async () => {
  const app = (name: string, value: string, taken?: string) =>
    assembly(name, (it) =>
      stackIn(it, 'Outer', (stack) => {
        const inner = new NestedStack(stack, 'Inner');
        new ssm.StringParameter(inner, 'P', { parameterName: '/inner/p', stringValue: value });
        if (taken) new ssm.StringParameter(inner, 'T', { parameterName: taken, stringValue: value });
        new CfnOutput(stack, 'O', { value: inner.stackName });
      }),
    );
  await coffer.client(SSMClient).send(new PutParameterCommand({ Name: '/Outer/Taken', Value: 'mine', Type: 'String' }));
  expect(await deploy(app('nested1', 'one'))).toMatchObject({ code: 0 });
  const { said } = await cdk('diff', '--app', app('nested2', 'two'));
  expect(said).toMatch(/AWS::SSM::Parameter Inner\/P[\s\S]+one[\s\S]+two/);
  expect(await deploy('nested2')).toMatchObject({ code: 0 });
  expect(await valueAt('/inner/p')).toBe('two');
  const failed = await deploy(app('nested3', 'three', '/Outer/Taken'));
  expect(failed.code).toBe(1);
  expect(failed.said).toMatch(/failed to create: \[T\w+\]\. T\w+: [\s\S]+already exists/);
  expect(await valueAt('/inner/p')).toBe('two');
});

test('watch deploys what changes, functions by hotswap', async () => {
  const app = (name: string, answer: string) =>
    assembly(name, (it) =>
      stackIn(it, 'Watched', (stack) => {
        new lambda.Function(stack, 'F', {
          functionName: 'watched',
          runtime: lambda.Runtime.NODEJS_22_X,
          handler: 'index.handler',
          code: lambda.Code.fromInline(`exports.handler = async () => '${answer}'`),
        }).applyRemovalPolicy(RemovalPolicy.DESTROY);
      }),
    );
  const answer = async () => {
    const { Payload } = await coffer.client(LambdaClient).send(new InvokeCommand({ FunctionName: 'watched' }));
    return JSON.parse(Buffer.from(Payload!).toString());
  };
  expect(await deploy(app('watch1', 'old'))).toMatchObject({ code: 0 });
  app('watch2', 'new');
  writeFileSync(join(directory, 'cdk.json'), JSON.stringify({ watch: { include: ['trigger'] } }));
  const { args, options } = commandLine({ endpoint, directory });
  const watching = spawn(process.execPath, [...args, 'watch', '--app', 'watch1', '--no-logs'], options);
  let said = '';
  for (const stream of [watching.stdout!, watching.stderr!]) stream.on('data', (chunk) => (said += chunk));
  const until = async (holds: () => boolean | Promise<boolean>) => {
    for (let n = 0; n < 300 && !(await holds()); n++) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  try {
    await until(() => /✨ {2}Total time[\s\S]*/.test(said));
    cpSync(join(directory, 'watch2'), join(directory, 'watch1'), { recursive: true });
    writeFileSync(join(directory, 'trigger'), 'now');
    await until(async () => (await answer()) === 'new');
    expect({ answer: await answer(), said }).toMatchObject({ answer: 'new' });
  } finally {
    watching.kill();
    await new Promise((resolve) => watching.once('close', resolve));
  }
});
