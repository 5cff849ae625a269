/** Whom a client acts as: roles and users by name, ARN or construct, held to their policies. */
import { CreateRoleCommand, CreateUserCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type As, type Coffer, startCoffer } from '@coffer/runtime';

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const TRUST = document({ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
  const iam = coffer.client(IAMClient);
  await iam.send(new CreateRoleCommand({ RoleName: 'Reader', Path: '/team/', AssumeRolePolicyDocument: TRUST }));
  const PolicyDocument = document({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'Reader', PolicyName: 'read', PolicyDocument }));
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'first' }));
  await s3.send(new PutObjectCommand({ Bucket: 'first', Key: 'a', Body: 'hello' }));
});
afterAll(() => coffer.close());

const READER = 'arn:aws:sts::000000000000:assumed-role/Reader/coffer';
test.each<[string, As, string]>([
  ['the administrator', 'admin', 'arn:aws:iam::000000000000:root'],
  ['a role by name, whomever it trusts', 'Reader', READER],
  ['a role by ARN', 'arn:aws:iam::000000000000:role/team/Reader', READER],
  ['something with a role ARN', { roleArn: 'arn:aws:iam::000000000000:role/team/Reader' }, READER],
  ['a user by name, without access keys', 'ann', 'arn:aws:iam::000000000000:user/ann'],
  ['a user by ARN', { userArn: 'arn:aws:iam::000000000000:user/ann' }, 'arn:aws:iam::000000000000:user/ann'],
])('%s', async (_, as, arn) => {
  const { Arn } = await coffer.client(STSClient, { as }).send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe(arn);
});

test('a role does what its policies allow and no more, and the refusal says why', async () => {
  const reader = coffer.client(S3Client, { as: 'Reader' });
  const { Body } = await reader.send(new GetObjectCommand({ Bucket: 'first', Key: 'a' }));
  expect(await Body!.transformToString()).toBe('hello');
  const refused = reader.send(new PutObjectCommand({ Bucket: 'first', Key: 'a', Body: 'x' }));
  await expect(refused).rejects.toThrow(`User: ${READER} is not authorized to perform: s3:PutObject`);
  expect(coffer.denials().at(-1)).toMatchObject({
    principal: READER,
    action: 's3:PutObject',
    resource: 'arn:aws:s3:::first/a',
    reason: 'No identity-based policy allows s3:PutObject on arn:aws:s3:::first/a.',
  });
});

test('a session is renewed when virtual time has passed it by', async () => {
  const reader = coffer.client(S3Client, { as: 'Reader' });
  await reader.send(new GetObjectCommand({ Bucket: 'first', Key: 'a' }));
  await coffer.clock.advance({ days: 1 });
  expect((await reader.send(new GetObjectCommand({ Bucket: 'first', Key: 'a' }))).ContentLength).toBe(5);
});

test('nobody of that name', async () => {
  const ghost = coffer.client(S3Client, { as: 'ghost' });
  await expect(ghost.send(new ListBucketsCommand({}))).rejects.toThrow('neither a role nor a user named ghost');
});
