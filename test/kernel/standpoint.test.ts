/** Where requests come from: what a client states of itself decides conditions, and real TLS is what it is. */
import { request } from 'node:https';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';

const ENDPOINT_POLICY = {
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::*/open/*' }],
};

let coffer: Coffer;
let admin: S3Client;
beforeAll(async () => {
  const vpcEndpoints = [{ id: 'vpce-declared', vpc: 'vpc-home', policy: ENDPOINT_POLICY }];
  coffer = await startCoffer({ config: { vpcEndpoints } });
  admin = coffer.client(S3Client);
});
afterAll(() => coffer.close());

let made = 0;
async function bucketOn(s3: S3Client): Promise<string> {
  const Bucket = `standpoint-${++made}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

type From = NonNullable<NonNullable<Parameters<Coffer['client']>[1]>['from']>;

/** Whether a request from there may read, when the bucket denies everything that meets the condition. */
async function reads(condition: object, from: From, key = 'open/k'): Promise<boolean> {
  const Bucket = await bucketOn(admin);
  await admin.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));
  const Statement = [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
      Condition: condition,
    },
  ];
  await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement }) }));
  const there = coffer.client(S3Client, { from });
  return there.send(new GetObjectCommand({ Bucket, Key: key })).then(
    () => true,
    (error) => {
      if (error.name !== 'AccessDenied') throw error;
      return false;
    },
  );
}

const OFFICE = '203.0.113.0/24';

test.each<[string, object, From, boolean]>([
  ['an address inside', { NotIpAddress: { 'aws:SourceIp': OFFICE } }, { sourceIp: '203.0.113.9' }, true],
  ['an address outside', { NotIpAddress: { 'aws:SourceIp': OFFICE } }, { sourceIp: '198.51.100.1' }, false],
  ['loopback itself', { NotIpAddress: { 'aws:SourceIp': OFFICE } }, {}, false],
  ['an address of IPv6', { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, { sourceIp: '2001:db8::1' }, false],
  ['the endpoint', { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }, { vpcEndpoint: 'vpce-1' }, true],
  ['another endpoint', { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }, { vpcEndpoint: 'vpce-2' }, false],
  ['no endpoint', { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }, {}, false],
  [
    'the network of a declared endpoint',
    { StringNotEquals: { 'aws:SourceVpc': 'vpc-home' } },
    { vpcEndpoint: 'vpce-declared' },
    true,
  ],
  [
    'a network that is stated',
    { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } },
    { vpcEndpoint: 'vpce-1', vpc: 'vpc-1' },
    true,
  ],
  // "aws:SourceIp is not available when the principal uses an Amazon VPC endpoint."
  ['no public address behind an endpoint', { Null: { 'aws:SourceIp': 'true' } }, { vpcEndpoint: 'vpce-1' }, false],
  [
    'a private address behind it',
    { NotIpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } },
    { vpcEndpoint: 'vpce-1', sourceIp: '10.1.2.3' },
    true,
  ],
  ['old TLS', { NumericLessThan: { 's3:TlsVersion': '1.2' } }, { tlsVersion: '1.1' }, false],
  ['current TLS', { NumericLessThan: { 's3:TlsVersion': '1.2' } }, {}, true],
  ['plain HTTP', { Bool: { 'aws:SecureTransport': 'false' } }, { plainHttp: true }, false],
])('%s', async (_, condition, from, allowed) => {
  expect(await reads(condition, from)).toBe(allowed);
});

test('the policy of a declared endpoint limits what comes through it, administrators too', async () => {
  const never = { StringEquals: { 'aws:SourceVpce': 'vpce-none' } };
  expect(await reads(never, { vpcEndpoint: 'vpce-declared' }, 'open/k')).toBe(true);
  expect(await reads(never, { vpcEndpoint: 'vpce-declared' }, 'closed/k')).toBe(false);
  expect(coffer.denials().at(-1)).toMatchObject({ reason: expect.stringContaining('No VPC endpoint policy allows') });
});

test.each<[From, string]>([
  [{ sourceIp: 'nowhere' }, 'x-coffer-source-ip must be an IP address'],
  [{ vpcEndpoint: 'mine' }, 'x-coffer-vpc-endpoint must be the id of a VPC endpoint'],
  [{ vpc: 'x' }, 'x-coffer-vpc must be'],
  [{ tlsVersion: '3' }, 'x-coffer-tls-version must be one of'],
  [{ tlsVersion: '1.2', plainHttp: true }, 'makes no sense'],
])('%j is refused', async (from, message) => {
  const there = coffer.client(S3Client, { from });
  await expect(there.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toThrow(message);
});

test('a port speaks TLS and plain HTTP, and tells them apart', async () => {
  const endpoint = await coffer.listen({ port: 0, tls: true });
  expect(endpoint).toMatch(/^https:/);
  const ask = (options: object) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(endpoint);
      const asking = request(
        { hostname, port, path: '/none', ca: coffer.certificate, agent: false, ...options },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      asking.on('error', reject).end();
    });
  expect(await ask({})).toBe(404);
  expect(await ask({ maxVersion: 'TLSv1.2' })).toBe(404);
  await expect(ask({ ca: undefined })).rejects.toThrow(/self-signed/);
  expect((await fetch(`${coffer.endpoint}/none`)).status).toBe(404);
});

test('the version of real TLS is what policies see', async () => {
  const Bucket = await bucketOn(admin);
  await admin.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  const Statement = [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
      Condition: { NumericLessThan: { 's3:TlsVersion': '1.3' } },
    },
  ];
  await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement }) }));
  const endpoint = await coffer.listen({ port: 0, tls: true });
  const { Agent } = await import('node:https');
  const through = (maxVersion: 'TLSv1.2' | 'TLSv1.3') => {
    const httpsAgent = new Agent({ ca: coffer.certificate, maxVersion });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      requestHandler: { httpsAgent },
    });
  };
  const [old, current] = [through('TLSv1.2'), through('TLSv1.3')];
  await expect(old.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toThrow('explicit deny');
  await current.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  old.destroy();
  current.destroy();
});
