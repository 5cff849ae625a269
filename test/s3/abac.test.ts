/** Tags of a bucket decide in policies, once the bucket says that they do. */
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketAbacCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  ListTagsForResourceCommand,
  S3ControlClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-s3-control';
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

describe('tags by ARN', () => {
  const control = (options = {}) => setting.coffer.client(S3ControlClient, options);
  const on = (name: string) => ({ AccountId: '000000000000', ResourceArn: `arn:aws:s3:::${name}` });
  const tagsOf = async (name: string) =>
    (await control().send(new ListTagsForResourceCommand(on(name)))).Tags?.map(({ Key, Value }) => `${Key}=${Value}`);
  const tag = (Tags: { Key: string; Value: string }[], name = 'tagged-by-arn') =>
    refusal(control().send(new TagResourceCommand({ ...on(name), Tags })));

  it('are the only ones once ABAC is on', async () => {
    const Bucket = 'tagged-by-arn';
    await setting.s3.send(new CreateBucketCommand({ Bucket }));
    const put = () =>
      refusal(
        setting.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } })),
      );
    expect(await put()).toBe('no error');
    await setting.s3.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status: 'Enabled' } }));
    expect(await put()).toBe('405 MethodNotAllowed');
    expect(await refusal(setting.s3.send(new DeleteBucketTaggingCommand({ Bucket })))).toBe('405 MethodNotAllowed');
    expect(await tag([{ Key: 'b', Value: '2' }])).toBe('no error');
    expect(await tag([{ Key: 'a', Value: '3' }])).toBe('no error');
    expect(await tagsOf(Bucket)).toEqual(['a=3', 'b=2']);
    const { TagSet } = await setting.s3.send(new GetBucketTaggingCommand({ Bucket }));
    expect(TagSet).toHaveLength(2);
    await control().send(new UntagResourceCommand({ ...on(Bucket), TagKeys: ['a', 'nothing'] }));
    expect(await tagsOf(Bucket)).toEqual(['b=2']);
    expect(await tag([{ Key: 'aws:x', Value: '' }])).toBe('400 InvalidTag');
    expect(await tag(Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' })))).toBe('400 BadRequest');
    expect(await tag([{ Key: 'x', Value: '' }], 'no-such-bucket-here')).toBe('404 NoSuchBucket');
  });

  it('are refused by name for what is no bucket', async () => {
    const list = (ResourceArn: string) =>
      refusal(control().send(new ListTagsForResourceCommand({ AccountId: '000000000000', ResourceArn })));
    expect(await list('arn:aws:s3:us-east-1:000000000000:storage-lens-group/x')).toBe('501 NotImplemented');
    expect(await list(`arn:aws:s3:::${blue}/k`)).toBe('400 InvalidArgument');
    const other = control({ account: '111122223333' });
    expect(await refusal(other.send(new ListTagsForResourceCommand(on(blue))))).toBe('403 AccessDenied');
    const wrong = new ListTagsForResourceCommand({ ...on(blue), AccountId: '111122223333' });
    expect(await refusal(control().send(wrong))).toBe('403 AccessDenied');
  });

  it('may be held to by policy', async () => {
    await setting.coffer.client(IAMClient).send(
      new PutUserPolicyCommand({
        UserName: 'ada',
        PolicyName: 'team',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: ['s3:TagResource', 's3:UntagResource'],
            Resource: '*',
            Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Level'] } },
          },
        }),
      }),
    );
    const mine = control({ as: 'ada' });
    const asAda = (Key: string) =>
      refusal(mine.send(new TagResourceCommand({ ...on(blue), Tags: [{ Key, Value: 'x' }] })));
    expect(await asAda('Level')).toBe('no error');
    expect(await asAda('Team')).toBe('403 AccessDenied');
    const untag = (key: string) => refusal(mine.send(new UntagResourceCommand({ ...on(blue), TagKeys: [key] })));
    expect(await untag('Team')).toBe('403 AccessDenied');
    expect(await untag('Level')).toBe('no error');
  });
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
