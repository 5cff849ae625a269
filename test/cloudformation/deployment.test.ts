/** CDK's bucket deployments, from first deployment to destroy; their handler is Python with a layer of the AWS CLI. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Duration, Fn, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as deployment from 'aws-cdk-lib/aws-s3-deployment';
import { packArchive } from '../../runtime/engine/archive';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let client: S3Client;
const folders: string[] = [];
const lines: string[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => lines.push(line) });
  client = coffer.client(S3Client);
});
afterAll(async () => {
  await coffer.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
  expect(lines).toEqual([]);
});

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-site-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

type Props = Partial<deployment.BucketDeploymentProps>;

/** A bucket that stays the same, and a deployment into it. */
function site(name: string, props: (stack: Stack) => Props): App {
  const app = new App();
  const stack = new Stack(app, name);
  const destinationBucket = new s3.Bucket(stack, 'Bucket', { bucketName: `site-${name.toLowerCase()}` });
  const { sources = [], ...rest } = props(stack);
  const made = new deployment.BucketDeployment(stack, 'Deploy', { destinationBucket, sources, ...rest });
  new CfnOutput(stack, 'Keys', { value: Fn.join(',', made.objectKeys) });
  new CfnOutput(stack, 'Deployed', { value: made.deployedBucket.bucketName });
  return app;
}

const keysOf = async (name: string) => {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: `site-${name.toLowerCase()}` }));
  return Contents.map(({ Key }) => Key);
};
const textOf = async (name: string, Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: `site-${name.toLowerCase()}`, Key }));
  return Body!.transformToString();
};
const put = (name: string, Key: string) =>
  client.send(new PutObjectCommand({ Bucket: `site-${name.toLowerCase()}`, Key, Body: 'x' }));
const destroy = (StackName: string) => coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName }));

test('folders are laid over one another, values filled in, what is gone pruned', async () => {
  const first = folderWith({ 'index.html': '<h1>', 'css/a.css': 'a', 'both.txt': 'first' });
  const second = folderWith({ 'both.txt': 'second' });
  const app = (base: string) =>
    site('Whole', (stack) => ({
      sources: [
        deployment.Source.asset(base),
        deployment.Source.asset(second),
        deployment.Source.data(
          'id.txt',
          `bucket ${stack.node.findChild('Bucket').node.id} in ${stack.region} "${stack.stackId}"`,
        ),
        deployment.Source.jsonData('config.json', { id: stack.stackId, list: [1, stack.region] }),
      ],
    }));
  const deployed = await coffer.deploy(app(first));
  expect(await keysOf('Whole')).toEqual(['both.txt', 'config.json', 'css/a.css', 'id.txt', 'index.html']);
  expect(await textOf('Whole', 'both.txt')).toBe('second');
  const id = deployed.stacks[0].stackId!;
  expect(await textOf('Whole', 'id.txt')).toBe(`bucket Bucket in us-east-1 "${id}"`);
  expect(JSON.parse(await textOf('Whole', 'config.json'))).toEqual({ id, list: [1, 'us-east-1'] });
  expect(deployed.output('Keys').split(',')).toHaveLength(4);
  const head = await client.send(new HeadObjectCommand({ Bucket: 'site-whole', Key: 'index.html' }));
  expect(head.ContentType).toBe('text/html');

  await coffer.deploy(app(folderWith({ 'index.html': '<h2>' })));
  expect(await keysOf('Whole')).toEqual(['both.txt', 'config.json', 'id.txt', 'index.html']);
  expect(await textOf('Whole', 'index.html')).toBe('<h2>');
  await destroy('Whole');
  expect(await keysOf('Whole')).toHaveLength(4);
});

test('metadata, filters, prefixes, and nothing pruned', async () => {
  const sources = [
    deployment.Source.asset(folderWith({ 'a.js': '1', 'b.map': '2', 'deep/c.map': '3', 'keep.map': '4' })),
  ];
  const app = (destinationKeyPrefix: string) =>
    site('Part', () => ({
      sources,
      destinationKeyPrefix,
      exclude: ['*.map'],
      include: ['keep.*'],
      prune: false,
      retainOnDelete: false,
      metadata: { Team: 'blue' },
      cacheControl: [deployment.CacheControl.maxAge(Duration.hours(1)), deployment.CacheControl.setPublic()],
      contentLanguage: 'en',
      storageClass: deployment.StorageClass.STANDARD_IA,
    }));
  await coffer.deploy(app('v1'));
  await put('Part', 'v1/mine');
  await put('Part', 'v10/other');
  expect(await keysOf('Part')).toEqual(['v1/a.js', 'v1/keep.map', 'v1/mine', 'v10/other']);
  expect(await client.send(new HeadObjectCommand({ Bucket: 'site-part', Key: 'v1/a.js' }))).toMatchObject({
    ContentType: 'text/javascript',
    Metadata: { team: 'blue' },
    CacheControl: 'max-age=3600, public',
    ContentLanguage: 'en',
    StorageClass: 'STANDARD_IA',
  });
  await coffer.deploy(app('v2'));
  expect(await keysOf('Part')).toEqual(['v10/other', 'v2/a.js', 'v2/keep.map']);
  // As long as the bucket has the deployment's tag it is taken for somebody's, so it is the update that removes.
  const bare = new App();
  new s3.Bucket(new Stack(bare, 'Part'), 'Bucket', { bucketName: 'site-part' });
  await coffer.deploy(bare);
  expect(await keysOf('Part')).toEqual(['v10/other']);
});

test('an archive as it is, behind a distribution that is inert', async () => {
  const app = site('Zip', (stack) => {
    const origin = origins.S3BucketOrigin.withOriginAccessControl(stack.node.findChild('Bucket') as s3.Bucket);
    const distribution = new cloudfront.Distribution(stack, 'Cdn', { defaultBehavior: { origin } });
    return {
      sources: [deployment.Source.asset(folderWith({ 'a.txt': 'a' }))],
      extract: false,
      distribution,
      distributionPaths: ['/a*'],
    };
  });
  const deployed = await coffer.deploy(app);
  expect(await keysOf('Zip')).toEqual([deployed.output('Keys')]);
});

test('the handler invoked by hand, as cdk watch does it', async () => {
  const app = () => site('Swap', () => ({ sources: [deployment.Source.data('a.txt', 'one')] }));
  const deployed = await coffer.deploy(app());
  const handler = deployed.stacks[0].resources.find(({ type }) => type === 'AWS::Lambda::Function')!;
  await client.send(
    new PutObjectCommand({ Bucket: 'site-swap', Key: 'new.zip', Body: packArchive({ 'b.txt': 'two' }) }),
  );
  const ask = async (SourceObjectKeys: string[]) => {
    const ResourceProperties = {
      SourceBucketNames: ['site-swap'],
      SourceObjectKeys,
      DestinationBucketName: 'site-swap',
      Prune: 'true',
    };
    const Payload = JSON.stringify({ RequestType: 'Update', ResponseURL: 'https://x.y', ResourceProperties });
    const functions = coffer.client(LambdaClient);
    const said = await functions.send(new InvokeCommand({ FunctionName: handler.physicalId, Payload }));
    return [said.FunctionError, Buffer.from(said.Payload!).toString()];
  };
  expect(await ask(['new.zip'])).toEqual([undefined, 'null']);
  expect(await keysOf('Swap')).toEqual(['b.txt']);
  expect(await ask(['gone.zip'])).toEqual(['Unhandled', expect.stringContaining('NoSuchKey')]);
});

test('a source that is no archive, and a role that may not write, fail the deployment with the reason', async () => {
  const bad = site('Bad', (stack) => {
    const bucket = s3.Bucket.fromBucketName(stack, 'Source', 'site-part');
    return { sources: [deployment.Source.bucket(bucket, 'v10/other')] };
  });
  await expect(coffer.deploy(bad)).rejects.toThrow(/v10\/other is no archive that can be unpacked/);
  const denied = site('Denied', (stack) => {
    (stack.node.findChild('Bucket') as s3.Bucket).addToResourcePolicy(denyAll());
    return { sources: [deployment.Source.asset(folderWith({ 'a.txt': 'a' }))] };
  });
  await expect(coffer.deploy(denied)).rejects.toThrow(/not authorized to perform: s3:PutObject .* explicit deny/);
});

function denyAll() {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources: ['arn:aws:s3:::site-denied/*'],
  });
}
