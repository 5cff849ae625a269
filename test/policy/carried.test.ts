/**
 * Condition keys that requests carry beyond the obvious ones, asked as clients: each is denied by the key that it is
 * about, and by no other value of it. Source: Service Authorization Reference.
 */
import {
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetPolicyCommand,
  GetUserCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
} from '@aws-sdk/client-iam';
import { CreateGrantCommand, CreateKeyCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  PutBucketInventoryConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

const ACCOUNT = '000000000000';
let coffer: Coffer;
let iam: IAMClient;
let as: { accessKeyId: string; secretAccessKey: string };

beforeAll(async () => {
  coffer = await startCoffer();
  iam = coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
  as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
});
afterAll(() => coffer.close());

/** Ada may do everything but `Action` where `Condition` holds. @returns whether it held */
async function held(Action: string, Condition: object, attempt: () => Promise<unknown>): Promise<boolean> {
  const Statement = [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action, Resource: '*', Condition },
  ];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'p', PolicyDocument }));
  return attempt().then(
    () => false,
    (error) => /explicit deny/.test(error.message),
  );
}

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

test('a role that is passed brings its tags', async () => {
  await iam.send(
    new CreateRoleCommand({ RoleName: 'tagged', AssumeRolePolicyDocument: trust, Tags: [{ Key: 'team', Value: 'a' }] }),
  );
  const create = () =>
    coffer.client(LambdaClient, { as }).send(
      new CreateFunctionCommand({
        FunctionName: 'f',
        Role: `arn:aws:iam::${ACCOUNT}:role/tagged`,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: new Uint8Array(1) },
      }),
    );
  expect(await held('iam:PassRole', { StringEquals: { 'aws:ResourceTag/team': 'a' } }, create)).toBe(true);
  expect(await held('iam:PassRole', { StringEquals: { 'iam:ResourceTag/team': 'a' } }, create)).toBe(true);
  expect(await held('iam:PassRole', { StringEquals: { 'iam:ResourceTag/team': 'b' } }, create)).toBe(false);
});

test('managed policies bring their tags', async () => {
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: 'tagged',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
      }),
      Tags: [{ Key: 'team', Value: 'a' }],
    }),
  );
  const get = () => coffer.client(IAMClient, { as }).send(new GetPolicyCommand({ PolicyArn: Policy!.Arn }));
  expect(await held('iam:GetPolicy', { StringEquals: { 'aws:ResourceTag/team': 'a' } }, get)).toBe(true);
  expect(await held('iam:GetPolicy', { StringEquals: { 'aws:ResourceTag/team': 'b' } }, get)).toBe(false);
});

test('requests about a boundary carry it, others do not', async () => {
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await iam.send(new CreateRoleCommand({ RoleName: 'bound', AssumeRolePolicyDocument: trust, PermissionsBoundary }));
  const mine = coffer.client(IAMClient, { as });
  const condition = { StringEquals: { 'iam:PermissionsBoundary': PermissionsBoundary } };
  const put = () => mine.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'bound', PermissionsBoundary }));
  expect(await held('iam:PutRolePermissionsBoundary', condition, put)).toBe(true);
  const tag = () => mine.send(new TagRoleCommand({ RoleName: 'bound', Tags: [{ Key: 'a', Value: 'b' }] }));
  expect(await held('iam:TagRole', condition, tag)).toBe(false);
  expect(await held('iam:GetUser', condition, () => mine.send(new GetUserCommand({ UserName: 'ada' })))).toBe(false);
});

test('KMS: the algorithm of data keys, the services of grants', async () => {
  const admin = coffer.client(KMSClient);
  const KeyId = (await admin.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId;
  const kms = coffer.client(KMSClient, { as });
  const generate = () => kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  const algorithm = { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } };
  expect(await held('kms:GenerateDataKey', algorithm, generate)).toBe(true);
  const SourceArn = 'arn:aws:s3:::a';
  const grant = () =>
    kms.send(
      new CreateGrantCommand({
        KeyId,
        GranteeServicePrincipal: 's3.amazonaws.com',
        Operations: ['Decrypt'],
        Constraints: { SourceArn },
      }),
    );
  expect(
    await held('kms:CreateGrant', { StringEquals: { 'kms:GranteeServicePrincipal': 's3.amazonaws.com' } }, grant),
  ).toBe(true);
  expect(await held('kms:CreateGrant', { ArnEquals: { 'kms:GrantConstraintSourceArn': SourceArn } }, grant)).toBe(true);
  expect(
    await held('kms:CreateGrant', { StringEquals: { 'kms:GranteeServicePrincipal': 'sqs.amazonaws.com' } }, grant),
  ).toBe(false);
});

test('S3: fields of an inventory; listing uploads carries no prefix', async () => {
  await coffer.client(S3Client).send(new CreateBucketCommand({ Bucket: 'carried' }));
  const s3 = coffer.client(S3Client, { as });
  const inventory = () =>
    s3.send(
      new PutBucketInventoryConfigurationCommand({
        Bucket: 'carried',
        Id: 'i',
        InventoryConfiguration: {
          Id: 'i',
          IsEnabled: true,
          IncludedObjectVersions: 'Current',
          Schedule: { Frequency: 'Daily' },
          OptionalFields: ['Size', 'ETag'],
          Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::carried', Format: 'CSV' } },
        },
      }),
    );
  const fields = (value: string) => ({ 'ForAnyValue:StringEquals': { 's3:InventoryAccessibleOptionalFields': value } });
  expect(await held('s3:PutInventoryConfiguration', fields('ETag'), inventory)).toBe(true);
  expect(await held('s3:PutInventoryConfiguration', fields('ObjectOwner'), inventory)).toBe(false);
  const uploads = () => s3.send(new ListMultipartUploadsCommand({ Bucket: 'carried', Prefix: 'a' }));
  expect(await held('s3:ListBucketMultipartUploads', { StringEquals: { 's3:prefix': 'a' } }, uploads)).toBe(false);
});

test('tags of a federation token, tags of a parameter by their own key', async () => {
  const token = () =>
    coffer
      .client(STSClient, { as })
      .send(new GetFederationTokenCommand({ Name: 'guest', Tags: [{ Key: 'team', Value: 'a' }] }));
  expect(await held('sts:GetFederationToken', { StringEquals: { 'aws:RequestTag/team': 'a' } }, token)).toBe(true);
  expect(await held('sts:GetFederationToken', { StringEquals: { 'aws:RequestTag/team': 'b' } }, token)).toBe(false);
  const tags = [{ Key: 'team', Value: 'a' }];
  await coffer.client(SSMClient).send(new PutParameterCommand({ Name: 'p', Value: 'v', Type: 'String', Tags: tags }));
  const get = () => coffer.client(SSMClient, { as }).send(new GetParameterCommand({ Name: 'p' }));
  expect(await held('ssm:GetParameter', { StringEquals: { 'ssm:resourceTag/team': 'a' } }, get)).toBe(true);
  expect(await held('ssm:GetParameter', { StringEquals: { 'ssm:resourceTag/team': 'b' } }, get)).toBe(false);
});

test('all buckets may be listed by whom a policy gives all buckets, or everything', async () => {
  const list = async (Resource: string) => {
    const Statement = [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'p', PolicyDocument }));
    const s3 = coffer.client(S3Client, { as });
    return s3.send(new ListBucketsCommand({})).then(
      () => 'allowed',
      (error) => error.message,
    );
  };
  expect(await list('arn:aws:s3:::*')).toBe('allowed');
  expect(await list('*')).toBe('allowed');
  expect(await list('arn:aws:s3:::carried*')).toBe(
    `User: arn:aws:iam::${ACCOUNT}:user/ada is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action`,
  );
});
