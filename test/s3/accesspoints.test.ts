/** Access points as buckets, their own policies before the bucket's, and what an account blocks for all of its buckets. */
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  PutPublicAccessBlockCommand as BlockAccountCommand,
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DeleteAccessPointPolicyCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  GetAccessPointPolicyStatusCommand,
  GetPublicAccessBlockCommand as GetAccountBlockCommand,
  ListAccessPointsCommand,
  ListTagsForResourceCommand,
  PutAccessPointPolicyCommand,
  S3ControlClient,
  TagResourceCommand,
  DeletePublicAccessBlockCommand as UnblockAccountCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-s3-control';
import { refusal, type Setting, start } from './client';

const AccountId = '000000000000';
const STRANGER = '111122223333';
const Bucket = 'behind-access-points';
const arn = (name: string) => `arn:aws:s3:us-east-1:${AccountId}:accesspoint/${name}`;

let setting: Setting;
let control: S3ControlClient;
let hosted: S3Client;

beforeAll(async () => {
  setting = await start();
  control = setting.coffer.client(S3ControlClient);
  hosted = setting.coffer.client(S3Client, { config: { forcePathStyle: false } });
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'a/k', Body: 'through' }));
});
afterAll(() => setting.coffer.close());

let made = 0;
async function point(more: object = {}) {
  const Name = `point-${++made}`;
  const { Alias = '', AccessPointArn } = await control.send(
    new CreateAccessPointCommand({ AccountId, Name, Bucket, ...more }),
  );
  return { Name, Alias, AccessPointArn };
}
const policy = (name: string, principal: unknown, Action = 's3:GetObject') =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action, Resource: `${arn(name)}/object/*` }],
  });
const put = (Name: string, Policy: string) =>
  control.send(new PutAccessPointPolicyCommand({ AccountId, Name, Policy }));
const read = async (client: S3Client, bucket: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'a/k' }));
  return Body?.transformToString();
};

test('made, told, listed page by page, removed', async () => {
  const one = await point();
  expect(one).toMatchObject({ AccessPointArn: arn(one.Name), Alias: expect.stringMatching(/^point-1-.{34}-s3alias$/) });
  const told = await control.send(new GetAccessPointCommand({ AccountId, Name: one.Name }));
  expect(told).toMatchObject({
    Bucket,
    Alias: one.Alias,
    NetworkOrigin: 'Internet',
    BucketAccountId: AccountId,
    PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
  });
  const two = await point();
  const first = await control.send(new ListAccessPointsCommand({ AccountId, Bucket, MaxResults: 1 }));
  const { NextToken } = first;
  const next = await control.send(new ListAccessPointsCommand({ AccountId, Bucket, MaxResults: 1, NextToken }));
  expect([first, next].map(({ AccessPointList }) => AccessPointList?.map(({ Name }) => Name))).toEqual([
    [one.Name],
    [two.Name],
  ]);
  expect(await refusal(control.send(new CreateAccessPointCommand({ AccountId, Name: two.Name, Bucket })))).toBe(
    '409 AccessPointAlreadyOwnedByYou',
  );
  expect(await refusal(setting.s3.send(new DeleteBucketCommand({ Bucket })))).toBe('400 BucketHasAccessPointsAttached');
  for (const { Name } of [one, two]) await control.send(new DeleteAccessPointCommand({ AccountId, Name }));
  expect(await refusal(control.send(new GetAccessPointCommand({ AccountId, Name: one.Name })))).toBe(
    '404 NoSuchAccessPoint',
  );
  expect(await refusal(read(setting.s3, one.Alias))).toBe('404 NoSuchAccessPoint');
});

test.each(['ab', 'Upper', 'a_b', '-ab', 'name--ol-s3', 'x'.repeat(51)])('%s is no name', async (Name) => {
  expect(await refusal(control.send(new CreateAccessPointCommand({ AccountId, Name, Bucket })))).toMatch(/^400 /);
});

test('an alias and an ARN are as good as the bucket', async () => {
  const { Alias, AccessPointArn = '', Name } = await point();
  expect(await read(setting.s3, Alias)).toBe('through');
  expect(await read(hosted, AccessPointArn)).toBe('through');
  expect(await read(hosted, Alias)).toBe('through');
  await hosted.send(new PutObjectCommand({ Bucket: AccessPointArn, Key: 'written', Body: 'x' }));
  const listed = await setting.s3.send(new ListObjectsV2Command({ Bucket: Alias, Prefix: 'w' }));
  expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['written']);
  expect((await setting.s3.send(new HeadBucketCommand({ Bucket: Alias }))).AccessPointAlias).toBe(true);
  const CopySource = `${arn(Name)}/object/a/k`;
  await hosted.send(new CopyObjectCommand({ Bucket: AccessPointArn, Key: 'copied', CopySource }));
  const versioning = { Bucket: Alias, VersioningConfiguration: { Status: 'Enabled' as const } };
  expect(await refusal(setting.s3.send(new PutBucketVersioningCommand(versioning)))).toBe('405 MethodNotAllowed');
  expect(await refusal(read(hosted, arn('absent')))).toMatch(/^404 NoSuch/);
});

test('tags come with it, come later and go, and count in policies', async () => {
  const { Name, Alias, AccessPointArn: ResourceArn } = await point({ Tags: [{ Key: 'team', Value: 'blue' }] });
  const tags = async () => (await control.send(new ListTagsForResourceCommand({ AccountId, ResourceArn }))).Tags;
  expect(await tags()).toEqual([{ Key: 'team', Value: 'blue' }]);
  const iam = setting.coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'tagged' }));
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'blue', 's3:AccessPointTag/team': 'blue' } };
  const Statement = [
    { Effect: 'Allow', Action: 's3:GetObject', Resource: `${arn(Name)}/object/*`, Condition },
    { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
  ];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'tagged', PolicyName: 'p', PolicyDocument }));
  const user = setting.coffer.client(S3Client, { as: `arn:aws:iam::${AccountId}:user/tagged` });
  expect(await read(user, Alias)).toBe('through');
  const Tags = [{ Key: 'team', Value: 'red' }];
  await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags }));
  expect(await refusal(read(user, Alias))).toBe('403 AccessDenied');
  await control.send(new UntagResourceCommand({ AccountId, ResourceArn, TagKeys: ['team', 'none'] }));
  expect(await tags()).toEqual([]);
  expect(await refusal(control.send(new TagResourceCommand({ AccountId, ResourceArn: arn('absent'), Tags })))).toBe(
    '404 NoSuchAccessPoint',
  );
  const reserved = [{ Key: 'aws:team', Value: 'blue' }];
  expect(await refusal(point({ Tags: reserved }))).toBe('400 InvalidTag');
});

test('access logs tell of one beside its bucket', async () => {
  const { Alias, AccessPointArn = '' } = await point();
  const logs = 'logs-of-points';
  await setting.s3.send(new CreateBucketCommand({ Bucket: logs }));
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'logging.s3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${logs}/*`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await setting.s3.send(new PutBucketPolicyCommand({ Bucket: logs, Policy }));
  const LoggingEnabled = { TargetBucket: logs, TargetPrefix: '' };
  await setting.s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
  await read(setting.s3, Alias);
  await setting.coffer.clock.advance({ minutes: 10 });
  const { Contents = [] } = await setting.s3.send(new ListObjectsV2Command({ Bucket: logs }));
  const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket: logs, Key: Contents[0].Key }));
  const line = (await Body!.transformToString()).split('\n').find((one) => one.includes('REST.GET.OBJECT a/k')) ?? '';
  expect(line.split(' ')[1]).toBe(Bucket);
  expect(line.endsWith(` TLSv1.3 ${AccessPointArn} - -`)).toBe(true);
});

test('access point and bucket both have to allow; a bucket may leave it to its access points', async () => {
  const { Name, Alias } = await point();
  const stranger = setting.coffer.client(S3Client, { account: STRANGER });
  expect(await refusal(read(stranger, Alias))).toBe('403 AccessDenied');
  await put(Name, policy(Name, { AWS: STRANGER }));
  expect(await refusal(read(stranger, Alias))).toBe('403 AccessDenied');
  const Condition = { StringEquals: { 's3:DataAccessPointAccount': AccountId } };
  const delegation = {
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: '*',
    Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    Condition,
  };
  await setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement: [delegation] }) }));
  expect(await read(stranger, Alias)).toBe('through');
  expect(await refusal(read(stranger, Bucket))).toBe('403 AccessDenied');
  await control.send(new DeleteAccessPointPolicyCommand({ AccountId, Name }));
  expect(await refusal(read(stranger, Alias))).toBe('403 AccessDenied');
});

test("a user's own policies name the access point and the bucket", async () => {
  const { Name, Alias } = await point();
  const iam = setting.coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const ada = setting.coffer.client(S3Client, { as: 'ada' });
  const grant = (...Resource: string[]) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'ada',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource }],
        }),
      }),
    );
  const [front, back] = [`${arn(Name)}/object/*`, `arn:aws:s3:::${Bucket}/*`];
  await grant(back);
  expect(await refusal(read(ada, Alias))).toBe('403 AccessDenied');
  await grant(front, back);
  expect(await read(ada, Alias)).toBe('through');
});

test('policies are checked, told, and held to what blocks public ones', async () => {
  const { Name } = await point();
  expect(await refusal(put(Name, '{'))).toBe('400 MalformedPolicy');
  expect(await refusal(put(Name, policy('another', { AWS: AccountId })))).toBe('400 MalformedPolicy');
  expect(await refusal(control.send(new GetAccessPointPolicyCommand({ AccountId, Name })))).toBe(
    '404 NoSuchAccessPointPolicy',
  );
  expect(await refusal(put(Name, policy(Name, '*')))).toBe('403 AccessDenied');
  const document = policy(Name, { AWS: AccountId });
  await put(Name, document);
  expect((await control.send(new GetAccessPointPolicyCommand({ AccountId, Name }))).Policy).toBe(document);
  const status = await control.send(new GetAccessPointPolicyStatusCommand({ AccountId, Name }));
  expect(status.PolicyStatus).toEqual({ IsPublic: false });
});

test('an access point of a VPC takes requests from there only', async () => {
  const { Alias, Name } = await point({ VpcConfiguration: { VpcId: 'vpc-1' } });
  expect((await control.send(new GetAccessPointCommand({ AccountId, Name }))).NetworkOrigin).toBe('VPC');
  await expect(read(setting.s3, Alias)).rejects.toThrow('takes requests from vpc-1 only');
  const inside = setting.coffer.client(S3Client, { from: { vpcEndpoint: 'vpce-1', vpc: 'vpc-1' } });
  expect(await read(inside, Alias)).toBe('through');
});

test('what an account blocks is blocked for each of its buckets, old and new', async () => {
  const open = 'account-blocks';
  await setting.s3.send(new CreateBucketCommand({ Bucket: open }));
  await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket: open }));
  await setting.s3.send(new PutObjectCommand({ Bucket: open, Key: 'a/k', Body: 'x' }));
  const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${open}/*` };
  const publish = () =>
    setting.s3.send(new PutBucketPolicyCommand({ Bucket: open, Policy: JSON.stringify({ Statement: [everybody] }) }));
  await publish();
  const nobody = setting.coffer.client(S3Client, { as: 'anonymous' });
  expect(await read(nobody, open)).toBe('x');
  const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  expect(await refusal(control.send(new GetAccountBlockCommand({ AccountId })))).toBe(
    '404 NoSuchPublicAccessBlockConfiguration',
  );
  await control.send(new BlockAccountCommand({ AccountId, PublicAccessBlockConfiguration: all }));
  expect(await refusal(read(nobody, open))).toBe('403 AccessDenied');
  expect(await refusal(publish())).toBe('403 AccessDenied');
  await setting.s3.send(new CreateBucketCommand({ Bucket: 'account-blocks-2' }));
  await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket: 'account-blocks-2' }));
  const later = { ...everybody, Resource: 'arn:aws:s3:::account-blocks-2/*' };
  expect(
    await refusal(
      setting.s3.send(
        new PutBucketPolicyCommand({ Bucket: 'account-blocks-2', Policy: JSON.stringify({ Statement: [later] }) }),
      ),
    ),
  ).toBe('403 AccessDenied');
  expect((await control.send(new GetAccountBlockCommand({ AccountId }))).PublicAccessBlockConfiguration).toEqual(all);
  await control.send(new UnblockAccountCommand({ AccountId }));
  expect(await read(nobody, open)).toBe('x');
  expect(await refusal(control.send(new GetAccountBlockCommand({ AccountId: STRANGER })))).toBe('403 AccessDenied');
});

test('CloudFormation makes them, changes their policy and removes them', async () => {
  const template = (principal: string) => ({
    Resources: {
      Point: {
        Type: 'AWS::S3::AccessPoint',
        Properties: {
          Bucket,
          Name: 'made-by-stack',
          Tags: [{ Key: 'for', Value: principal }],
          Policy: JSON.parse(policy('made-by-stack', { AWS: principal })),
        },
      },
    },
    Outputs: Object.fromEntries(
      ['Alias', 'Arn', 'Name', 'NetworkOrigin'].map((name) => [name, { Value: { 'Fn::GetAtt': ['Point', name] } }]),
    ),
  });
  const { CloudFormationClient, CreateStackCommand, DescribeStacksCommand, UpdateStackCommand, DeleteStackCommand } =
    await import('@aws-sdk/client-cloudformation');
  const cloudformation = setting.coffer.client(CloudFormationClient);
  const StackName = 'points';
  await cloudformation.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(template(AccountId)) }));
  await setting.coffer.settled();
  const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
  const outputs = Object.fromEntries(
    Stacks?.[0].Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]) ?? [],
  );
  expect(outputs).toMatchObject({ Arn: arn('made-by-stack'), Name: 'made-by-stack', NetworkOrigin: 'Internet' });
  expect(await read(setting.s3, outputs.Alias ?? '')).toBe('through');
  await cloudformation.send(new UpdateStackCommand({ StackName, TemplateBody: JSON.stringify(template(STRANGER)) }));
  await setting.coffer.settled();
  const { Policy } = await control.send(new GetAccessPointPolicyCommand({ AccountId, Name: 'made-by-stack' }));
  expect(Policy).toContain(STRANGER);
  const { Tags } = await control.send(new ListTagsForResourceCommand({ AccountId, ResourceArn: arn('made-by-stack') }));
  expect(Tags).toEqual([{ Key: 'for', Value: STRANGER }]);
  await cloudformation.send(new DeleteStackCommand({ StackName }));
  await setting.coffer.settled();
  expect(await refusal(control.send(new GetAccessPointCommand({ AccountId, Name: 'made-by-stack' })))).toBe(
    '404 NoSuchAccessPoint',
  );
});
