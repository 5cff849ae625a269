/** Tags of a bucket decide in policies, once the bucket says that they do. */
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketAbacCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let ada: S3Client;
const [blue, red] = ['tagged-blue', 'tagged-red'];

beforeAll(async () => {
  setting = await start();
  const iam = setting.coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  ada = setting.coffer.client(S3Client, { as: 'ada' });
  for (const Bucket of [blue, red]) {
    await setting.s3.send(new CreateBucketCommand({ Bucket }));
    const TagSet = [{ Key: 'Team', Value: Bucket === blue ? 'blue' : 'red' }];
    await setting.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  }
});
afterAll(() => setting.coffer.close());

const abac = async (Status: 'Enabled' | 'Disabled') => {
  for (const Bucket of [blue, red]) await setting.s3.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status } }));
};
const allow = (Condition: object) =>
  setting.coffer.client(IAMClient).send(
    new PutUserPolicyCommand({
      UserName: 'ada',
      PolicyName: 'team',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*', Condition },
      }),
    }),
  );
const outcomes = async (Bucket: string) => [
  await refusal(ada.send(new GetObjectCommand({ Bucket, Key: 'k' }))),
  await refusal(ada.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'x' }))),
  await refusal(ada.send(new ListObjectsV2Command({ Bucket }))),
];
const YES = Array(3).fill('no error');
const NO = Array(3).fill('403 AccessDenied');

it.each(['aws:ResourceTag/Team', 's3:BucketTag/Team'])('%s lets in, on the bucket and on its objects', async (key) => {
  await allow({ StringEquals: { [key]: 'blue' } });
  await abac('Disabled');
  expect([await outcomes(blue), await outcomes(red)]).toEqual([NO, NO]);
  await abac('Enabled');
  expect([await outcomes(blue), await outcomes(red)]).toEqual([YES, NO]);
});

it('keeps out by a bucket policy as well', async () => {
  await abac('Enabled');
  await allow({});
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${red}/*`,
      Condition: { StringNotEquals: { 'aws:ResourceTag/Team': 'blue' } },
    },
  });
  await setting.s3.send(new PutBucketPolicyCommand({ Bucket: red, Policy }));
  expect((await outcomes(red))[0]).toBe('403 AccessDenied');
  expect(await outcomes(blue)).toEqual(YES);
});
