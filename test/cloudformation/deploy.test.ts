import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';
import {
  App,
  CfnOutput,
  CfnParameter,
  CfnResource,
  CustomResource,
  NestedStack,
  RemovalPolicy,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let outdir: string;
const lines: string[] = [];
beforeEach(async () => {
  lines.length = 0;
  outdir = await mkdtemp(join(tmpdir(), 'coffer-app-'));
  coffer = await startCoffer({ report: (line) => lines.push(line) });
});
afterEach(async () => {
  await coffer.close();
  await rm(outdir, { recursive: true, force: true });
  expect(lines).toEqual([]);
});

const app = (context: Record<string, unknown> = {}) => new App({ outdir, context });
const clients = () => ({
  cfn: coffer.client(CloudFormationClient),
  s3: coffer.client(S3Client),
  ssm: coffer.client(SSMClient),
});
const destroy = (StackName: string) => clients().cfn.send(new DeleteStackCommand({ StackName }));

test('a bucket with notifications and automatic emptying, deployed, left alone, changed and destroyed', async () => {
  const make = (versioned: boolean) => {
    const stack = new Stack(app(), 'Data');
    const bucket = new s3.Bucket(stack, 'Uploads', {
      autoDeleteObjects: true,
      removalPolicy: RemovalPolicy.DESTROY,
      enforceSSL: true,
      versioned,
    });
    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new SqsDestination(new sqs.Queue(stack, 'Queue')), {
      prefix: 'in/',
    });
    new CfnOutput(stack, 'Name', { value: bucket.bucketName });
    return { stack, bucket };
  };
  const { stack, bucket } = make(false);
  const first = await coffer.deploy(stack);
  const Bucket = first.output('Name');
  expect(first.resource(bucket)).toMatchObject({
    physicalId: Bucket,
    type: 'AWS::S3::Bucket',
    constructPath: 'Data/Uploads/Resource',
  });
  expect(first.stacks[0]).toMatchObject({ outcome: 'deployed', status: 'CREATE_COMPLETE', inert: {} });
  const { s3: client } = clients();
  const { QueueConfigurations } = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  expect(QueueConfigurations).toMatchObject([{ Events: ['s3:ObjectCreated:*'] }]);

  const again = await coffer.deploy(outdir);
  expect(again.stacks[0].outcome).toBe('unchanged');

  const changed = await coffer.deploy(make(true).stack);
  expect(changed.stacks[0]).toMatchObject({ outcome: 'deployed', status: 'UPDATE_COMPLETE' });
  expect(changed.output('Name')).toBe(Bucket);

  await client.send(new PutObjectCommand({ Bucket, Key: 'in/a', Body: 'a' }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'in/a', Body: 'b' }));
  await destroy('Data');
  await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
});

test('stages, environments, order, weak references and parameters', async () => {
  const root = app({ '@aws-cdk/core:defaultCrossStackReferences': 'weak' });
  const stage = new Stage(root, 'Prod');
  const far = new Stack(stage, 'Far', { env: { account: '111122223333', region: 'eu-west-1' } });
  const home = new Stack(stage, 'Home', { env: { account: '111122223333', region: 'us-east-1' }, tags: { team: 'x' } });
  const bucket = new s3.Bucket(far, 'Bucket', { bucketName: 'far-away' });
  const size = new CfnParameter(home, 'Size', { default: 'small' });
  new ssm.StringParameter(home, 'Param', {
    parameterName: '/home',
    stringValue: `${bucket.bucketArn} ${size.valueAsString}`,
  });
  const deployment = await coffer.deploy(root, { parameters: { Size: 'large' } });
  expect(deployment.stacks.map(({ id, stackName, region }) => [id, stackName, region])).toEqual([
    ['Prod/Far', 'Prod-Far', 'eu-west-1'],
    ['Prod/Home', 'Prod-Home', 'us-east-1'],
  ]);
  const there = coffer.client(SSMClient, { account: '111122223333' });
  const { Parameter } = await there.send(new GetParameterCommand({ Name: '/home' }));
  expect(Parameter!.Value).toBe('arn:aws:s3:::far-away large');
  await coffer.deploy(outdir);
  const kept = await there.send(new GetParameterCommand({ Name: '/home' }));
  expect(kept.Parameter!.Value).toBe('arn:aws:s3:::far-away large');
});

test('nested stacks pass values down and up, and fail with their reason', async () => {
  const make = (value: string) => {
    const stack = new Stack(app(), 'Outer');
    const queue = new sqs.Queue(stack, 'Queue');
    const nested = new NestedStack(stack, 'Inner');
    const parameter = new ssm.StringParameter(nested, 'P', {
      parameterName: '/inner',
      stringValue: `${queue.queueName} ${value}`,
    });
    new CfnOutput(stack, 'Out', { value: parameter.parameterName });
    return stack;
  };
  const deployment = await coffer.deploy(make('one'));
  expect(deployment.output('Out')).toBe('/inner');
  const { cfn, ssm: client } = clients();
  const { Stacks } = await cfn.send(new DescribeStacksCommand({}));
  const inner = Stacks!.find(({ StackName }) => StackName!.startsWith('Outer-'))!;
  expect(inner).toMatchObject({
    StackStatus: 'CREATE_COMPLETE',
    ParentId: deployment.stacks[0].stackId,
    RootId: deployment.stacks[0].stackId,
  });
  await coffer.deploy(make('two'));
  expect((await client.send(new GetParameterCommand({ Name: '/inner' }))).Parameter!.Value).toMatch(/ two$/);
  await expect(coffer.deploy(make(''.padEnd(5000, 'x')))).rejects.toThrow(
    /Outer failed at .*: P\w+ \(AWS::SSM::Parameter\) in nested stack Outer-Inner\w+-[A-Z0-9]{12}: Resource handler returned message: /,
  );
  expect((await client.send(new GetParameterCommand({ Name: '/inner' }))).Parameter!.Value).toMatch(/ two$/);
  await destroy('Outer');
  const left = await cfn.send(new DescribeStacksCommand({}));
  expect(left.Stacks!.map(({ StackName }) => StackName)).toEqual(['CDKToolkit']);
});

test('a failure names resource, construct and reason, and what waits is skipped', async () => {
  const root = app();
  const bad = new Stack(root, 'Bad');
  new s3.CfnBucket(bad, 'Bucket', { bucketName: 'taken' });
  const after = new Stack(root, 'After');
  after.addStackDependency(bad);
  new s3.Bucket(after, 'Bucket');
  const other = coffer.client(S3Client, { account: '111122223333' });
  await other.send(new CreateBucketCommand({ Bucket: 'taken' }));
  const error = await coffer.deploy(root).catch((failure: Error) => failure);
  expect(String(error)).toMatch(
    /^DeployFailed: Bad failed at Bad\/Bucket \(AWS::S3::Bucket\): Resource handler returned message: /,
  );
  expect(String(error)).toMatch(/AlreadyExists\)" \(HandlerErrorCode: AlreadyExists\)\nAfter was skipped/);
});

test('inert types are listed, and refused when strict', async () => {
  const stack = new Stack(app(), 'Lake');
  new CfnResource(stack, 'Db', { type: 'AWS::ECS::Cluster', properties: { ClusterName: 'x' } });
  new CfnOutput(stack, 'Ref', { value: stack.resolve((stack.node.findChild('Db') as CfnResource).ref) });
  const deployment = await coffer.deploy(stack);
  expect(deployment.stacks[0].inert).toEqual({ 'AWS::ECS::Cluster': ['Db'] });
  await expect(
    coffer.deploy({ template: { Resources: { D: { Type: 'AWS::ECS::Cluster' } } }, stackName: 'T' }, { strict: true }),
  ).rejects.toThrow('Resource type AWS::ECS::Cluster is not supported by this runtime');
});

test.each([
  ['{', /^T failed: Template format error: JSON not well-formed/],
  [
    'Resources: {A: {Type: "AWS::S3::Bucket", Properties: {BuckName: x}}}',
    /extraneous key \[BuckName\] is not permitted/,
  ],
])('a plain template file: %s', async (text, message) => {
  const file = join(outdir, 'T.template.yaml');
  await writeFile(file, text);
  await expect(coffer.deploy(file)).rejects.toThrow(message);
});

test('what is not there is said', async () => {
  await expect(coffer.deploy(join(outdir, 'none'))).rejects.toThrow(/none does not exist/);
  await expect(coffer.deploy(outdir)).rejects.toThrow(/manifest.json cannot be read/);
  const stack = new Stack(app(), 'Only');
  new s3.Bucket(stack, 'B');
  (stack.node.root as App).synth();
  await expect(coffer.deploy(outdir, { stacks: ['Other'] })).rejects.toThrow(
    'there is no stack Other; there are: Only',
  );
});

describe('custom resources', () => {
  const handler = `
    const { send, SUCCESS, FAILED } = require('cfn-response');
    exports.handler = async (event, context) => {
      const { Value, Mode } = event.ResourceProperties;
      if (Mode === 'throw') throw new Error('broken handler');
      if (Mode === 'fail') return send(event, context, FAILED, {}, 'x');
      const old = event.OldResourceProperties?.Value;
      const id = event.PhysicalResourceId && Mode !== 'move' ? event.PhysicalResourceId : 'id-' + Value;
      await send(event, context, SUCCESS, { Said: [event.RequestType, typeof Value, old].join(' ') }, id);
    };`;
  const make = (properties: Record<string, unknown>) => {
    const stack = new Stack(app(), 'Custom');
    const fn = new lambda.Function(stack, 'Fn', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(handler),
    });
    const resource = new CustomResource(stack, 'Thing', {
      serviceToken: fn.functionArn,
      resourceType: 'Custom::Thing',
      properties,
    });
    new CfnOutput(stack, 'Said', { value: resource.getAttString('Said') });
    new CfnOutput(stack, 'Id', { value: resource.ref });
    return stack;
  };

  test('really run: create, update, replacement, failure, delete', async () => {
    const first = await coffer.deploy(make({ Value: 1 }));
    expect([first.output('Said'), first.output('Id')]).toEqual(['Create string ', 'id-1']);
    const second = await coffer.deploy(make({ Value: 2 }));
    expect([second.output('Said'), second.output('Id')]).toEqual(['Update string 1', 'id-1']);
    const third = await coffer.deploy(make({ Value: 3, Mode: 'move' }));
    expect([third.output('Said'), third.output('Id')]).toEqual(['Update string 2', 'id-3']);
    await expect(coffer.deploy(make({ Value: 4, Mode: 'fail' }))).rejects.toThrow(
      /Received response status \[FAILED\] from custom resource\. Message returned: See the details in CloudWatch Log Stream/,
    );
    await expect(coffer.deploy(make({ Value: 5, Mode: 'throw' }))).rejects.toThrow(
      /did not receive a response from your Custom Resource: the handler ended with Unhandled: .*broken handler/,
    );
    const { cfn } = clients();
    const { StackResources } = await cfn.send(
      new DescribeStackResourcesCommand({ StackName: 'Custom', LogicalResourceId: 'Thing' }),
    );
    expect(StackResources).toMatchObject([{ PhysicalResourceId: 'id-3', ResourceStatus: 'UPDATE_COMPLETE' }]);
    await destroy('Custom');
    await expect(cfn.send(new DescribeStacksCommand({ StackName: 'Custom' }))).rejects.toThrow('does not exist');
  });

  test('one that never answers is given up when virtual time says so', async () => {
    const stack = new Stack(app(), 'Silent');
    const fn = new lambda.Function(stack, 'Fn', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline('exports.handler = async () => {}'),
    });
    new CustomResource(stack, 'Thing', { serviceToken: fn.functionArn });
    const deploying = coffer.deploy(stack).catch((error: Error) => error.message);
    const { cfn } = clients();
    for (;;) {
      const found = await cfn.send(new DescribeStackResourcesCommand({ StackName: 'Silent' })).catch(() => undefined);
      if (found?.StackResources?.some((it) => it.LogicalResourceId === 'Thing')) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await coffer.clock.advance({ hours: 2 });
    expect(await deploying).toMatch(/did not answer in time/);
  });
});
