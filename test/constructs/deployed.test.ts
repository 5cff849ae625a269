/** The props of SecureBucket, each used as a client in the runtime. */
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import {
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  BucketTlsOnly,
  Encryption,
  Lifecycle,
  Perimeter,
  Removal,
  SecureBucket,
  UploadEncryption,
} from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';

process.env.CDK_VALIDATION = 'false';

const stack = new Stack(new App(), 'Used');
const other = new kms.Key(stack, 'OtherKey');
const bucket = new SecureBucket(stack, 'Data', { lifecycle: Lifecycle.logs({ retention: Duration.days(60) }) });
const strict = new SecureBucket(stack, 'Strict', { uploadEncryption: UploadEncryption.STATED });
const locked = new SecureBucket(stack, 'Locked', {
  encryption: Encryption.s3Managed('test'),
  objectLockDefaultRetention: s3.ObjectLockRetention.compliance(Duration.days(10)),
});
const inside = new SecureBucket(stack, 'Inside', { perimeter: new Perimeter({ vpcEndpointIds: ['vpce-0a1b2c3d'] }) });

let coffer: Coffer;
let client: S3Client;
const name: Record<string, string> = {};
const keys: Record<string, string> = {};
beforeAll(async () => {
  coffer = await startCoffer();
  const deployed = await coffer.deploy(stack);
  for (const it of [bucket, strict, locked, inside]) name[it.node.id] = deployed.resource(it).physicalId!;
  const region = 'arn:aws:kms:us-east-1:000000000000:key/';
  for (const it of [bucket.encryptionKey!, strict.encryptionKey!, other])
    keys[it.node.id] = `${region}${deployed.resource(it).physicalId}`;
  client = coffer.client(S3Client);
});
afterAll(() => coffer.close());

async function put(id: string, more: Partial<PutObjectCommandInput> = {}): Promise<string> {
  return client.send(new PutObjectCommand({ Bucket: name[id], Key: 'k', Body: 'x', ...more })).then(
    (out) => `${out.ServerSideEncryption} ${out.SSEKMSKeyId ?? ''}`.trim(),
    (error) => error.name,
  );
}

test('an upload takes the key of the bucket, named or not; another one or none is denied', async () => {
  const right = `aws:kms ${keys.DataKey}`;
  expect(await put('Data')).toBe(right);
  expect(await put('Data', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.DataKey })).toBe(right);
  expect(await put('Data', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.OtherKey })).toBe('AccessDenied');
  expect(await put('Data', { ServerSideEncryption: 'aws:kms' })).toBe('AccessDenied');
  expect(await put('Data', { ServerSideEncryption: 'AES256' })).toBe('AccessDenied');
  expect(await put('Strict')).toBe('AccessDenied');
  expect(await put('Strict', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.StrictKey })).toBe(
    `aws:kms ${keys.StrictKey}`,
  );
});

test("a caller's own key is refused, and the bucket says so", async () => {
  const SSECustomerKey = Buffer.alloc(32, 7).toString('base64');
  const SSECustomerKeyMD5 = require('node:crypto').createHash('md5').update(Buffer.alloc(32, 7)).digest('base64');
  const own = { SSECustomerAlgorithm: 'AES256', SSECustomerKey, SSECustomerKeyMD5 };
  expect(await put('Locked', own)).toBe('AccessDenied');
  const { ServerSideEncryptionConfiguration } = await client.send(
    new GetBucketEncryptionCommand({ Bucket: name.Data }),
  );
  expect(ServerSideEncryptionConfiguration!.Rules![0].BlockedEncryptionTypes).toEqual({ EncryptionType: ['SSE-C'] });
});

test('a locked version stays, whoever asks', async () => {
  const { VersionId } = await client.send(new PutObjectCommand({ Bucket: name.Locked, Key: 'v', Body: 'x' }));
  const gone = client.send(new DeleteObjectCommand({ Bucket: name.Locked, Key: 'v', VersionId }));
  await expect(gone).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('objects inside a perimeter are reached through its endpoint only', async () => {
  expect(await put('Inside')).toBe('AccessDenied');
});

test('the lifecycle of logs is in force: an object knows when it goes', async () => {
  await client.send(new PutObjectCommand({ Bucket: name.Data, Key: 'log', Body: 'x' }));
  const head = await client.send(new HeadObjectCommand({ Bucket: name.Data, Key: 'log' }));
  expect(head.Expiration).toMatch(/^expiry-date=".*", rule-id="logs"$/);
});

test('a bucket under two layers of encryption, with a name of the account, tagged', async () => {
  const named = new Stack(new App(), 'Named');
  const dual = new SecureBucket(named, 'Dual', {
    bucketNamePrefix: 'orders',
    encryption: Encryption.dualLayer(),
    tags: { 'cost-centre': '42' },
  });
  const Bucket = (await coffer.deploy(named)).resource(dual).physicalId!;
  expect(Bucket).toBe('orders-000000000000-us-east-1-an');
  const put = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  expect(put.ServerSideEncryption).toBe('aws:kms:dsse');
  const other = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ServerSideEncryption: 'aws:kms' });
  await expect(client.send(other)).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('after both steps the objects go with the bucket; after one the bucket stays', async () => {
  const StackName = 'Removed';
  const cfn = coffer.client(CloudFormationClient);
  for (const [confirmed, left] of [
    [true, 'NotFound'],
    [false, undefined],
  ] as const) {
    const it = new Stack(new App({ context: { [Removal.CONTEXT_KEY]: confirmed } }), StackName);
    const made = new SecureBucket(it, 'B', { removal: Removal.destroyWithObjects() });
    const Bucket = (await coffer.deploy(it)).resource(made).physicalId!;
    for (const Body of ['one', 'two']) await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body }));
    await cfn.send(new DeleteStackCommand({ StackName }));
    await coffer.settled();
    const after = await client.send(new HeadBucketCommand({ Bucket })).then(
      () => undefined,
      (error) => error.name,
    );
    expect(after).toBe(left);
  }
});

test('nothing passes without TLS, nor over an old one; a retrofitted bucket is told apart from the one beside it', async () => {
  const it = new Stack(new App(), 'Tls');
  const modern = new SecureBucket(it, 'Modern', { minimumTlsVersion: 1.3 });
  const theirs = new s3.Bucket(it, 'Theirs').with(new BucketTlsOnly()) as s3.Bucket;
  const plain = new s3.Bucket(it, 'Plain');
  const deployed = await coffer.deploy(it);
  const puts = (from: object) =>
    Promise.all(
      [modern, theirs, plain].map((made) =>
        coffer
          .client(S3Client, { from })
          .send(new PutObjectCommand({ Bucket: deployed.resource(made).physicalId, Key: 'k', Body: 'x' }))
          .then(
            () => 'done',
            (error) => error.name,
          ),
      ),
    );
  expect(await puts({ plainHttp: true })).toEqual(['AccessDenied', 'AccessDenied', 'done']);
  expect(await puts({ tlsVersion: '1.1' })).toEqual(['AccessDenied', 'AccessDenied', 'done']);
  expect(await puts({ tlsVersion: '1.2' })).toEqual(['AccessDenied', 'done', 'done']);
  expect(await puts({ tlsVersion: '1.3' })).toEqual(['done', 'done', 'done']);
});
