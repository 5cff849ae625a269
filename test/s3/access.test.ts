import { AttachUserPolicyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let other: S3Client;
let nobody: S3Client;
const Bucket = 'kept-to-itself';
const arn = `arn:aws:s3:::${Bucket}`;

beforeAll(async () => {
  setting = await start();
  other = setting.coffer.client(S3Client, { account: '111122223333' });
  nobody = setting.coffer.client(S3Client, { as: 'anonymous' });
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'public/a', Body: 'a', Tagging: 'level=open' }));
  await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'secret', Body: 'b' }));
});
afterAll(() => setting.coffer.close());

const get = (client: S3Client, Key: string) => refusal(client.send(new GetObjectCommand({ Bucket, Key })));
const policy = (...Statement: object[]) =>
  setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
const block = (on: boolean, more: object = {}) =>
  setting.s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: on,
        IgnorePublicAcls: on,
        BlockPublicPolicy: on,
        RestrictPublicBuckets: on,
        ...more,
      },
    }),
  );

describe('without a policy', () => {
  it('a bucket is its owner’s alone', async () => {
    expect(await get(setting.s3, 'secret')).toBe('no error');
    expect(await get(other, 'secret')).toBe('403 AccessDenied');
    expect(await get(nobody, 'secret')).toBe('403 AccessDenied');
    expect(await get(other, 'missing')).toBe('403 AccessDenied');
    expect(await refusal(other.send(new HeadBucketCommand({ Bucket })))).toBe('403 Unknown');
    expect(await refusal(other.send(new CreateBucketCommand({ Bucket })))).toBe('409 BucketAlreadyExists');
    expect(await refusal(other.send(new GetObjectCommand({ Bucket: 'no-such-bucket-at-all', Key: 'k' })))).toBe(
      '404 NoSuchBucket',
    );
  });

  it('its owner may be asserted', async () => {
    const read = (ExpectedBucketOwner: string) =>
      refusal(setting.s3.send(new GetBucketLocationCommand({ Bucket, ExpectedBucketOwner })));
    expect(await read('000000000000')).toBe('no error');
    expect(await read('111122223333')).toBe('403 AccessDenied');
    expect(await read('x')).toBe('400 InvalidBucketOwnerAWSAccountID');
  });
});

describe('a bucket policy', () => {
  const share = {
    Effect: 'Allow',
    Principal: { AWS: '111122223333' },
    Action: 's3:GetObject',
    Resource: `${arn}/public/*`,
  };

  it('lets another account in, as far as it says', async () => {
    await policy(share);
    expect(await get(other, 'public/a')).toBe('no error');
    expect(await get(other, 'secret')).toBe('403 AccessDenied');
    // Who may not list the bucket does not learn what is not in it.
    expect(await get(other, 'public/missing')).toBe('403 AccessDenied');
    await policy(share, {
      Effect: 'Allow',
      Principal: { AWS: '111122223333' },
      Action: 's3:ListBucket',
      Resource: arn,
      Condition: { StringLike: { 's3:prefix': 'public/*' } },
    });
    expect(await get(other, 'public/missing')).toBe('404 NoSuchKey');
    const list = (Prefix?: string) => refusal(other.send(new ListObjectsV2Command({ Bucket, Prefix })));
    expect(await list('public/')).toBe('no error');
    expect(await list()).toBe('403 AccessDenied');
  });

  it('sees tags of what is there and of what is asked for', async () => {
    await policy(
      { ...share, Condition: { StringEquals: { 's3:ExistingObjectTag/level': 'open' } } },
      {
        Effect: 'Allow',
        Principal: { AWS: '111122223333' },
        Action: 's3:PutObjectTagging',
        Resource: `${arn}/public/*`,
        Condition: { StringEquals: { 's3:RequestObjectTag/level': ['open', 'closed'] } },
      },
    );
    const tag = (Value: string) =>
      refusal(
        other.send(
          new PutObjectTaggingCommand({ Bucket, Key: 'public/a', Tagging: { TagSet: [{ Key: 'level', Value }] } }),
        ),
      );
    expect(await tag('other')).toBe('403 AccessDenied');
    expect(await get(other, 'public/a')).toBe('no error');
    expect(await tag('closed')).toBe('no error');
    expect(await get(other, 'public/a')).toBe('403 AccessDenied');
    const { TagSet } = await setting.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'public/a' }));
    expect(TagSet).toEqual([{ Key: 'level', Value: 'closed' }]);
  });

  it('can hold its owner to encryption headers', async () => {
    await policy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${arn}/*`,
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    });
    const put = (ServerSideEncryption?: 'aws:kms' | 'AES256') =>
      refusal(setting.s3.send(new PutObjectCommand({ Bucket, Key: 'e', Body: 'x', ServerSideEncryption })));
    expect(await put()).toBe('403 AccessDenied');
    expect(await put('AES256')).toBe('403 AccessDenied');
    expect(await put('aws:kms')).toBe('no error');
  });

  it('cannot lock out the root of its account from itself', async () => {
    await policy({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [arn, `${arn}/*`] });
    const iam = setting.coffer.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'keeper' }));
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await iam.send(new AttachUserPolicyCommand({ UserName: 'keeper', PolicyArn }));
    const keeper = setting.coffer.client(S3Client, { as: 'keeper' });
    const reads = (client: S3Client) => refusal(client.send(new GetBucketPolicyCommand({ Bucket })));
    expect(await get(setting.s3, 'secret')).toBe('403 AccessDenied');
    expect(await reads(keeper)).toBe('403 AccessDenied');
    expect(await refusal(keeper.send(new DeleteBucketPolicyCommand({ Bucket })))).toBe('403 AccessDenied');
    expect(await reads(other)).toBe('403 AccessDenied');
    expect(await reads(setting.s3)).toBe('no error');
    await setting.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect(await get(setting.s3, 'secret')).toBe('no error');
  });

  it.each([
    ['not JSON', '{'],
    ['no statement', '{}'],
    ['another bucket', { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::other/*' }],
    ['another service', { Effect: 'Allow', Principal: '*', Action: 'ec2:Start', Resource: `${arn}/*` }],
    ['no principal', { Effect: 'Deny', Action: 's3:GetObject', Resource: `${arn}/*` }],
  ])('is refused with %s', async (_, statement) => {
    const Policy =
      typeof statement === 'string' ? statement : JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    expect(await refusal(setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toBe('400 MalformedPolicy');
  });

  const everyone = { Effect: 'Deny', Principal: '*' };
  it.each<[string, object]>([
    ['Policy has invalid action', { ...everyone, Action: 's3:ListObjects', Resource: arn }],
    ['Policy has invalid action', { ...everyone, Action: 's3:Fetch*', Resource: `${arn}/*` }],
    ['Policy has invalid action', { ...everyone, NotAction: 's3:HeadObject', Resource: `${arn}/*` }],
    [
      'Invalid principal in policy',
      {
        ...everyone,
        Principal: { AWS: 'arn:aws:iam::000000000000:role/nobody' },
        Action: 's3:GetObject',
        Resource: `${arn}/*`,
      },
    ],
    ['Policy has invalid resource', { ...everyone, Action: 's3:GetObject', Resource: 'arn:aws:s3:::other/*' }],
    ['Action does not apply to any resource(s) in statement', { ...everyone, Action: 's3:GetObject', Resource: arn }],
    [
      'Action does not apply to any resource(s) in statement',
      { ...everyone, Action: ['s3:GetObject', 's3:ListBucket'], Resource: `${arn}/*` },
    ],
    [
      'Policy has an invalid condition key',
      { ...everyone, Action: 's3:*', Resource: arn, Condition: { StringLike: { 's3:prefixes': 'a' } } },
    ],
    [
      'Conditions do not apply to combination of actions and resources in statement',
      { ...everyone, Action: 's3:GetObject', Resource: `${arn}/*`, Condition: { StringLike: { 's3:prefix': 'a' } } },
    ],
  ])('is refused as S3 words it: %s', async (words, statement) => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await expect(setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: words,
    });
  });

  it('is read back and deleted', async () => {
    await policy(share);
    const { Policy } = await setting.s3.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(Policy!).Statement).toEqual([share]);
    await setting.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect(await refusal(setting.s3.send(new GetBucketPolicyCommand({ Bucket })))).toBe('404 NoSuchBucketPolicy');
  });
});

describe('Block Public Access', () => {
  const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `${arn}/*` };

  it('refuses public policies, and restricts those that are there', async () => {
    expect(await refusal(policy(open))).toBe('403 AccessDenied');
    await block(false);
    await policy(open);
    const { PolicyStatus } = await setting.s3.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus?.IsPublic).toBe(true);
    expect(await get(nobody, 'secret')).toBe('no error');
    await block(false, { RestrictPublicBuckets: true });
    expect(await get(nobody, 'secret')).toBe('403 AccessDenied');
    expect(await get(other, 'secret')).toBe('403 AccessDenied');
    expect(await get(setting.s3, 'secret')).toBe('no error');
    await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    expect(await get(nobody, 'secret')).toBe('no error');
    await setting.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  });
});

describe('ACLs', () => {
  it('are off in a new bucket', async () => {
    const acl = (ACL: 'private' | 'public-read') => refusal(setting.s3.send(new PutBucketAclCommand({ Bucket, ACL })));
    expect(await acl('public-read')).toBe('400 AccessControlListNotSupported');
    const put = (ACL: 'private' | 'authenticated-read' | 'bucket-owner-full-control') =>
      refusal(setting.s3.send(new PutObjectCommand({ Bucket, Key: 'acl', Body: 'x', ACL })));
    expect(await put('authenticated-read')).toBe('400 AccessControlListNotSupported');
    expect(await put('bucket-owner-full-control')).toBe('no error');
    // From the owner's account `private` says the same; many clients send it without being asked.
    expect(await put('private')).toBe('no error');
  });

  it('work where ownership leaves them on', async () => {
    await setting.s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
      }),
    );
    await setting.s3.send(new PutObjectAclCommand({ Bucket, Key: 'secret', ACL: 'public-read' }));
    expect(await get(nobody, 'secret')).toBe('no error');
    const { Grants } = await setting.s3.send(new GetObjectAclCommand({ Bucket, Key: 'secret' }));
    expect(Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL', 'READ']);
    await block(false, { IgnorePublicAcls: true });
    expect(await get(nobody, 'secret')).toBe('403 AccessDenied');
    await block(false, { BlockPublicAcls: true });
    const open = new PutObjectAclCommand({ Bucket, Key: 'secret', ACL: 'public-read' });
    expect(await refusal(setting.s3.send(open))).toBe('403 AccessDenied');
  });

  it('give a writer of another account its object', async () => {
    await block(false);
    await setting.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read-write' }));
    await other.send(new PutObjectCommand({ Bucket, Key: 'theirs', Body: 'x' }));
    expect(await get(setting.s3, 'theirs')).toBe('403 AccessDenied');
    expect(await get(other, 'theirs')).toBe('no error');
    await other.send(new PutObjectCommand({ Bucket, Key: 'ours', Body: 'x', ACL: 'bucket-owner-full-control' }));
    expect(await get(setting.s3, 'ours')).toBe('no error');
    const { Owner } = await setting.s3.send(new GetBucketAclCommand({ Bucket }));
    expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
    expect(await refusal(nobody.send(new HeadObjectCommand({ Bucket, Key: 'missing' })))).toBe('404 NotFound');
  });
});
