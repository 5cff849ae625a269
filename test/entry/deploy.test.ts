/** Deploying from a test: a stack object, an app, a template; what it made by construct; failures by name. */
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Coffer, DeployFailed, type ProgressEvent, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';

class Files extends Stack {
  readonly bucket = new s3.Bucket(this, 'Bucket');
  readonly writer = new iam.Role(this, 'Writer', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

  constructor(app: App, id: string) {
    super(app, id);
    this.bucket.grantPut(this.writer, 'in/*');
    new CfnOutput(this, 'Where', { value: this.bucket.bucketName });
  }
}

process.env.CDK_VALIDATION = 'false'; // two thirds of a synth's time, and here things are wrong on purpose

let coffer: Coffer;
beforeEach(async () => {
  coffer = await startCoffer();
});
afterEach(() => coffer.close());

test('a stack, its resources by construct, a role of it as caller', async () => {
  const app = new App();
  const [stack, other] = [new Files(app, 'Files'), new Files(app, 'Other')];
  const progress: ProgressEvent[] = [];
  const deployed = await coffer.deploy(stack, { onProgress: (event) => progress.push(event) });

  expect(deployed.stacks.map(({ stackName, outcome }) => [stackName, outcome])).toEqual([['Files', 'deployed']]);
  expect(progress.map(({ constructPath }) => constructPath)).toContain('Files/Bucket/Resource');
  const { physicalId, type } = deployed.resource(stack.bucket);
  expect(type).toBe('AWS::S3::Bucket');
  expect(deployed.output('Where')).toBe(physicalId);
  expect(deployed.resource('Bucket').physicalId).toBe(physicalId);
  expect(() => deployed.resource(other.bucket)).toThrow('there is no resource');
  expect(() => deployed.output('What')).toThrow('there is no output What');

  const writer = coffer.client(S3Client, { as: stack.writer });
  await writer.send(new PutObjectCommand({ Bucket: physicalId, Key: 'in/a', Body: 'x' }));
  const read = writer.send(new GetObjectCommand({ Bucket: physicalId, Key: 'in/a' }));
  await expect(read).rejects.toMatchObject({ name: 'AccessDenied' });
  const elsewhere = writer.send(new PutObjectCommand({ Bucket: physicalId, Key: 'out/a', Body: 'x' }));
  await expect(elsewhere).rejects.toMatchObject({ name: 'AccessDenied' });
  expect(coffer.denials().at(-1)?.nearest?.policy.origin?.constructPath).toBe('Files/Writer/DefaultPolicy/Resource');
});

test('an app: all of its stacks, told apart by name; the second time nothing changes', async () => {
  const app = new App();
  new Files(app, 'Files');
  new Files(app, 'Other');
  const deployed = await coffer.deploy(app);
  expect(() => deployed.output('Where')).toThrow('several stacks have an output Where');
  expect(deployed.output('Where', 'Other')).not.toBe(deployed.output('Where', 'Files'));
  const again = await coffer.deploy(app);
  expect(again.stacks.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
});

test('a failure names the resource, and leaves nothing behind', async () => {
  const stack = new Stack(new App(), 'Broken');
  new s3.Bucket(stack, 'Fine', { removalPolicy: RemovalPolicy.DESTROY });
  new CfnResource(stack, 'Wrong', { type: 'AWS::S3::Bucket', properties: { BucketName: 'Not_A_Name' } });
  const failed = coffer.deploy(stack);
  await expect(failed).rejects.toThrow(DeployFailed);
  await expect(failed).rejects.toThrow(/^Broken failed at Broken\/Wrong \(AWS::S3::Bucket\): /);
  expect((await coffer.client(S3Client).send(new ListBucketsCommand({}))).Buckets).toEqual([]);
});

test('a type without behaviour is said to be inert, or refused', async () => {
  const template = { Resources: { Site: { Type: 'AWS::GameLift::Fleet', Properties: { Name: 'x' } } } };
  const { stacks } = await coffer.deploy({ template, stackName: 'Inert' });
  expect(stacks[0].inert).toEqual({ 'AWS::GameLift::Fleet': ['Site'] });
  const strict = coffer.deploy({ template, stackName: 'Strict' }, { strict: true });
  await expect(strict).rejects.toThrow(/AWS::GameLift::Fleet/);
});
