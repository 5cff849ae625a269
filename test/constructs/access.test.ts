/** Access points, endpoint policies and perimeters, by template and as clients inside and outside. */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AccessLogBucket,
  BucketAccessPoint,
  type BucketAccessPointProps,
  BucketPerimeter,
  EndpointPolicy,
  type EndpointPolicyOptions,
  Perimeter,
  SecureBucket,
} from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { findings } from './packs';

const context = require('aws-cdk-lib/recommended-feature-flags.json');

const app = new App({ context });
const stack = new Stack(app, 'S');
const bucket = new SecureBucket(stack, 'Data');
const inside = new SecureBucket(stack, 'Inside', { perimeter: new Perimeter({ vpcEndpointIds: ['vpce-0a1b2c3d'] }) });
const point = new BucketAccessPoint(stack, 'Open', { bucket });
const own = new BucketAccessPoint(stack, 'Own', {
  bucket,
  accessPointName: 'own-network',
  vpcId: 'vpc-0abc1234',
  perimeter: new Perimeter({ vpcEndpointIds: ['vpce-0a1b2c3d'] }),
});
const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountPrincipal(stack.account) });
const stranger = new iam.Role(stack, 'Stranger', { assumedBy: new iam.AccountPrincipal(stack.account) });
point.access.read(reader, { prefix: 'reports/' });
own.access.upload(reader, { prefix: 'in/' });
for (const it of [point, own]) new CfnOutput(stack, `${it.node.id}Alias`, { value: it.alias });
const template = Template.fromStack(stack);

test('an access point blocks public access, names its VPC, and its bucket lets it through', () => {
  template.resourceCountIs('AWS::S3::AccessPoint', 2);
  template.hasResourceProperties('AWS::S3::AccessPoint', {
    Name: 'own-network',
    VpcConfiguration: { VpcId: 'vpc-0abc1234' },
    PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
    Policy: { Statement: [Match.objectLike({ Sid: 'DenyOtherNetworks', Effect: 'Deny' })] },
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: 'Allow',
          Condition: {
            StringEquals: { 's3:DataAccessPointArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('^Open'), 'Arn'] } },
          },
        }),
      ]),
    },
  });
  expect(findings(app)).toEqual([]);
});

test('an endpoint policy names buckets, principals and what AWS keeps', () => {
  const it = new Stack(new App({ context }), 'V');
  const vpc = new ec2.Vpc(it, 'Vpc', { natGateways: 0 });
  const endpoint = vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  const policy = new EndpointPolicy({
    buckets: [new SecureBucket(it, 'Data')],
    organizationId: 'o-a1b2c3d4e5',
    awsBucketsIn: 'eu-west-1',
  });
  policy.applyTo(endpoint);
  expect(policy.document().statementCount).toBe(3);
  Template.fromStack(it).hasResourceProperties('AWS::EC2::VPCEndpoint', {
    PolicyDocument: {
      Statement: [
        Match.objectLike({
          Sid: 'NamedBuckets',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } },
        }),
        Match.objectLike({
          Sid: 'BucketsOfTheOrganization',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5', 'aws:ResourceOrgID': 'o-a1b2c3d4e5' } },
        }),
        Match.objectLike({ Sid: 'BucketsOfAws', Action: 's3:GetObject' }),
      ],
    },
  });
});

test.each<[string, Partial<BucketAccessPointProps>, string]>([
  [
    'a wrong name',
    { accessPointName: 'A_b' },
    'accessPointName is "A_b"; allowed: 3 to 50 of a-z, 0-9 and -, not - at an end or twice, not ending in -s3alias; fix: leave it out',
  ],
  [
    'a wrong VPC',
    { vpcId: 'here' },
    'vpcId is "here"; allowed: vpc- and 8 or 17 hexadecimal digits; fix: name the VPC\'s id',
  ],
  [
    'a perimeter without name',
    { perimeter: new Perimeter({ vpcIds: ['vpc-0a1b2c3d'] }) },
    'accessPointName is not set; allowed: a name beside perimeter: the policy of an access point has to name it; fix: name the access point, or give the perimeter to the bucket',
  ],
])('an access point with %s is refused', (_what, props, message) => {
  const it = new Stack(new App(), 'S');
  const made = () => new BucketAccessPoint(it, 'P', { bucket: new SecureBucket(it, 'B'), ...props });
  expect(made).toThrow(new Error(`invalid props of S/P:\n  ${message}`));
});

test.each<[string, EndpointPolicyOptions, string]>([
  [
    'for nothing',
    {},
    'buckets is []; allowed: at least one bucket, or an organizationId; fix: name what can be reached',
  ],
  [
    'of no organisation',
    { organizationId: 'acme' },
    'organizationId is "acme"; allowed: o- and 10 to 32 of a-z and 0-9; fix: take it from aws organizations describe-organization',
  ],
  [
    'of no account',
    { organizationId: 'o-a1b2c3d4e5', account: '1' },
    'account is "1"; allowed: 12 digits; fix: name the account\'s id',
  ],
])('an endpoint policy %s is refused', (_what, options, message) => {
  expect(() => new EndpointPolicy(options)).toThrow(new Error(`invalid props of EndpointPolicy:\n  ${message}`));
});

/** A document with the names that a deployment would give, as patterns. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  const { 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as { [name: string]: [string, string[]] };
  if (join !== undefined) return (settled(join[1]) as string[]).join('');
  if (attribute?.[0].startsWith('Own')) return 'arn:aws:s3:us-east-1:000000000000:accesspoint/own-network';
  if (attribute !== undefined) return 'arn:aws:s3:::*data*';
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, settled(it)]));
}

describe('in the runtime', () => {
  let coffer: Coffer;
  let admin: S3Client;
  const name: Record<string, string> = {};
  beforeAll(async () => {
    // What applyTo() gives the endpoint in a template, with the names that the template would have.
    const only = new EndpointPolicy({ buckets: [bucket], accessPoints: [own], account: '000000000000' });
    const policy = settled(stack.resolve(only.document())) as object;
    const vpcEndpoints = [{ id: 'vpce-0a1b2c3d', vpc: 'vpc-0abc1234', policy }];
    coffer = await startCoffer({ config: { vpcEndpoints } });
    const deployed = await coffer.deploy(stack);
    for (const it of [bucket, inside]) name[it.node.id] = deployed.resource(it).physicalId!;
    for (const it of [point, own]) name[it.node.id] = deployed.output(`${it.node.id}Alias`);
    admin = coffer.client(S3Client);
    for (const Key of ['reports/a', 'other/a'])
      await admin.send(new PutObjectCommand({ Bucket: name.Data, Key, Body: 'x' }));
  });
  afterAll(() => coffer.close());

  const outcome = (sent: Promise<unknown>) =>
    sent.then(
      () => 'done',
      (error) => error.name,
    );
  const get = (client: S3Client, Bucket: string, Key: string) =>
    outcome(client.send(new GetObjectCommand({ Bucket, Key })));
  const put = (client: S3Client, Bucket: string, Key: string) =>
    outcome(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })));

  test('a reader reads through the access point, below its prefix; not past it', async () => {
    const client = coffer.client(S3Client, { as: reader });
    expect(await get(client, name.Open, 'reports/a')).toBe('done');
    expect(await get(client, name.Open, 'other/a')).toBe('AccessDenied');
    expect(await get(client, name.Data, 'reports/a')).toBe('AccessDenied');
    const list = new ListObjectsV2Command({ Bucket: name.Open, Prefix: 'reports/' });
    expect(await outcome(client.send(list))).toBe('done');
  });

  test('what the bucket lets through is no right of its own', async () => {
    const client = coffer.client(S3Client, { as: stranger });
    expect(await get(client, name.Open, 'reports/a')).toBe('AccessDenied');
    expect(await put(client, name.Open, 'reports/b')).toBe('AccessDenied');
  });

  test('the access point of a VPC takes uploads from there alone', async () => {
    const from = { vpcEndpoint: 'vpce-0a1b2c3d', vpc: 'vpc-0abc1234' };
    expect(await put(coffer.client(S3Client, { as: reader, from }), name.Own, 'in/a')).toBe('done');
    expect(await put(coffer.client(S3Client, { as: reader }), name.Own, 'in/a')).toBe('AccessDenied');
  });

  test('objects inside a perimeter are reached through its endpoint alone, and configured from anywhere', async () => {
    const through = coffer.client(S3Client, { from: { vpcEndpoint: 'vpce-0a1b2c3d', vpc: 'vpc-0abc1234' } });
    expect(await put(admin, name.Inside, 'a')).toBe('AccessDenied');
    // The endpoint lets through what its policy names: the other bucket.
    expect(await put(through, name.Inside, 'a')).toBe('AccessDenied');
    expect(await put(through, name.Data, 'a')).toBe('done');
    const other = coffer.client(S3Client, { from: { vpcEndpoint: 'vpce-0a1b2c3e', vpc: 'vpc-0abc1234' } });
    expect(await put(other, name.Inside, 'a')).toBe('AccessDenied');
  });
});

test('an organisation keeps to itself: its principals come in, others do not, services act for it', async () => {
  const it = new Stack(new App({ context }), 'Org');
  const [ours, theirs] = ['o-exampleorgid', 'o-strangers00'].map(
    (organizationId) => new SecureBucket(it, organizationId.slice(2), { perimeter: new Perimeter({ organizationId }) }),
  );
  // Delivered by a service, for an account of the organisation.
  AccessLogBucket.shared(it).with(new BucketPerimeter(new Perimeter({ organizationId: 'o-exampleorgid' })));
  const coffer = await startCoffer({ config: { organization: { id: 'o-exampleorgid' } } });
  try {
    const deployed = await coffer.deploy(it);
    const client = coffer.client(S3Client);
    const put = (bucket: SecureBucket) =>
      client.send(new PutObjectCommand({ Bucket: deployed.resource(bucket).physicalId, Key: 'k', Body: 'x' })).then(
        () => 'done',
        (error) => error.name,
      );
    expect(await put(ours)).toBe('done');
    expect(await put(theirs)).toBe('AccessDenied');
    await coffer.clock.advance({ days: 1 });
    await coffer.settled();
    const Bucket = deployed.resource(AccessLogBucket.shared(it)).physicalId;
    const logs = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${ours.node.id}/` }));
    expect(logs.KeyCount).toBeGreaterThan(0);
  } finally {
    await coffer.close();
  }
});
