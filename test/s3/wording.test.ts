/** Answers to the letter: codes, statuses, members and words as AWS's S3 was recorded to give them. */
import * as sdk from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Setting, start } from './client';

let setting: Setting;
const Bucket = 'to-the-letter';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new sdk.CreateBucketCommand({ Bucket }));
  await send('CreateBucket', { Bucket: 'with.dots' });
  await send('CreateBucket', { Bucket: 'old-europe', CreateBucketConfiguration: { LocationConstraint: 'EU' } });
  await put('there');
});
afterAll(() => setting.coffer.close());

// biome-ignore lint/suspicious/noExplicitAny: commands are named by text here
const send = (name: string, input: object = {}): Promise<any> =>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  setting.s3.send(new (sdk as any)[`${name}Command`]({ Bucket, ...input }));
const put = (Key: string, more: object = {}) => send('PutObject', { Key, Body: '0123456789', ...more });

/** What a refusal says, its status first; `Message` by its own name. */
async function told(call: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata, ...members } = error as Error & { $metadata: { httpStatusCode: number } };
    return { status: $metadata.httpStatusCode, Code: name, Message: message, ...members };
  }
  return {};
}

const XML = expect.stringMatching(
  /^The XML you provided was not well-formed or did not validate against our published schema/,
);
const inventory = {
  Id: 'i',
  IsEnabled: true,
  IncludedObjectVersions: 'All',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Bucket}`, Format: 'CSV' } },
};

const refused: [what: string, operation: string, input: object, says: Record<string, unknown>][] = [
  [
    'an expected owner that is no account',
    'GetBucketPolicy',
    { ExpectedBucketOwner: 'abcd' },
    {
      status: 400,
      Code: 'InvalidBucketOwnerAWSAccountID',
      Message: 'The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]',
    },
  ],
  ['another owner', 'HeadBucket', { ExpectedBucketOwner: '111122223333' }, { status: 403 }],
  [
    'a region that is none',
    'ListBuckets',
    { BucketRegion: 'eu-east-1' },
    {
      status: 400,
      Code: 'InvalidArgument',
      Message: 'Argument value eu-east-1 is not a valid AWS Region',
      ArgumentName: 'bucket-region',
    },
  ],
  [
    'a bucket in no region',
    'CreateBucket',
    { Bucket: 'nowhere-at-all', CreateBucketConfiguration: { LocationConstraint: 'eu-east-1' } },
    { status: 400, Code: 'InvalidLocationConstraint', Message: 'The specified location-constraint is not valid' },
  ],
  [
    'a token that is empty',
    'ListObjectsV2',
    { ContinuationToken: '' },
    { status: 400, Code: 'InvalidArgument', Message: 'The continuation token provided is incorrect' },
  ],
  [
    'a system tag of a new bucket',
    'CreateBucket',
    { Bucket: 'tagged-bucket', CreateBucketConfiguration: { Tags: [{ Key: 'aws:x', Value: '' }] } },
    {
      status: 400,
      Code: 'InvalidTag',
      Message:
        'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.',
    },
  ],
  [
    'a value that no tag has',
    'PutBucketTagging',
    { Tagging: { TagSet: [{ Key: 'k', Value: 'a,b' }] } },
    { Code: 'InvalidTag', Message: 'The TagValue you have provided is invalid', TagKey: 'k', TagValue: 'a,b' },
  ],
  [
    'acceleration of a dotted name, whatever it is to be',
    'PutBucketAccelerateConfiguration',
    { Bucket: 'with.dots', AccelerateConfiguration: { Status: 'Never' } },
    {
      Code: 'InvalidRequest',
      Message: 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
    },
  ],
  [
    'an inventory of an unknown field',
    'PutBucketInventoryConfiguration',
    { Id: 'i', InventoryConfiguration: { ...inventory, OptionalFields: ['Colour'] } },
    { Code: 'MalformedXML', Message: XML },
  ],
  [
    'an ACL of no name, where ACLs are off',
    'PutBucketAcl',
    { ACL: 'fake-acl' },
    { Code: 'InvalidArgument', ArgumentName: 'x-amz-acl', ArgumentValue: 'fake-acl' },
  ],
  [
    'a grant to nobody, where ACLs are off',
    'PutObjectAcl',
    { Key: 'there', GrantRead: 'id=wrong' },
    { Code: 'InvalidArgument', Message: 'Invalid id', ArgumentName: 'id', ArgumentValue: 'wrong' },
  ],
  [
    'an ACL of a stranger',
    'PutBucketAcl',
    { AccessControlPolicy: { Owner: { ID: 'wrong' }, Grants: [] } },
    { Code: 'InvalidArgument', Message: 'Invalid id', ArgumentName: 'CanonicalUser/ID', ArgumentValue: 'wrong' },
  ],
  [
    'an ACL where there are none',
    'PutBucketAcl',
    { ACL: 'private' },
    { status: 400, Code: 'AccessControlListNotSupported', Message: 'The bucket does not allow ACLs' },
  ],
  ['no policy', 'PutBucketPolicy', { Policy: '' }, { Code: 'MalformedPolicy' }],
  [
    'another MD5 of an object',
    'PutObject',
    { Key: 'k', Body: 'x', ContentMD5: 'CYketZBSTjX8czcs3cXVlg==' },
    { Code: 'BadDigest', ExpectedDigest: '09891eb590524e35fc73372cddc5d596' },
  ],
  [
    'headers that ISO-8859-1 lacks',
    'GetObject',
    { Key: 'there', ResponseCacheControl: 'a—b' },
    {
      Code: 'InvalidArgument',
      Message: 'Header value cannot be represented using ISO-8859-1.',
      ArgumentName: 'response-cache-control',
    },
  ],
  [
    'a deletion of what is not there, by its tag',
    'DeleteObject',
    { Key: 'never', IfMatch: 'tag' },
    { status: 404, Code: 'NoSuchKey', Key: 'never' },
  ],
  [
    'a deletion of what is not there, whatever its tag',
    'DeleteObject',
    { Key: 'never', IfMatch: '*' },
    { status: 412, Code: 'PreconditionFailed', Condition: 'If-Match' },
  ],
  [
    'events to queues that there are not',
    'PutBucketNotificationConfiguration',
    {
      NotificationConfiguration: {
        QueueConfigurations: [
          { QueueArn: 'arn:aws:sqs:us-east-1:000000000000:absent', Events: ['s3:ObjectCreated:*'] },
        ],
      },
    },
    {
      status: 400,
      Code: 'InvalidArgument',
      Message: 'Unable to validate the following destination configurations',
      ArgumentName1: 'arn:aws:sqs:us-east-1:000000000000:absent',
      ArgumentValue1: 'The destination queue does not exist',
    },
  ],
  ['no lock at all', 'PutObjectLockConfiguration', {}, { Code: 'MissingRequestBodyError' }],
  ['an upload without parts', 'CompleteMultipartUpload', { Key: 'k', UploadId: 'x' }, { Code: 'NoSuchUpload' }],
];
test.each(refused)('%s', async (_, operation, input, says) => {
  expect(await told(send(operation, input))).toMatchObject(says);
});

test('a deletion of many says of a version that is none what it says of one that is not there', async () => {
  const { Errors } = await send('DeleteObjects', { Delete: { Objects: [{ Key: 'there', VersionId: 'wrong' }] } });
  expect(Errors).toEqual([
    { Key: 'there', VersionId: 'wrong', Code: 'NoSuchVersion', Message: 'The specified version does not exist.' },
  ]);
});

test.each([
  ['PutBucketTagging', { Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }],
  ['PutBucketMetricsConfiguration', { Id: 'm', MetricsConfiguration: { Id: 'm' } }],
  ['PutBucketInventoryConfiguration', { Id: 'i', InventoryConfiguration: inventory }],
  ['PutBucketAnalyticsConfiguration', { Id: 'a', AnalyticsConfiguration: { Id: 'a', StorageClassAnalysis: {} } }],
  [
    'PutBucketIntelligentTieringConfiguration',
    {
      Id: 't',
      IntelligentTieringConfiguration: {
        Id: 't',
        Status: 'Enabled',
        Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }],
      },
    },
  ],
])('%s answers 204', async (operation, input) => {
  expect((await send(operation, input)).$metadata.httpStatusCode).toBe(204);
});

test('times of listings know whole seconds only, and listings say where their bucket is', async () => {
  const { Contents, $metadata } = await send('ListObjectsV2');
  expect($metadata.httpStatusCode).toBe(200);
  expect(Contents[0].LastModified.getMilliseconds()).toBe(0);
  const { Buckets } = await send('ListBuckets');
  expect(Buckets[0].CreationDate.getMilliseconds()).toBe(0);
  const url = await setting.coffer.listen({ port: 0 });
  const seen = await fetch(await getSignedUrl(setting.s3, new sdk.HeadBucketCommand({ Bucket })), { method: 'HEAD' });
  expect([seen.status, seen.headers.get('content-type')]).toEqual([200, 'application/xml']);
  const hidden = await fetch(`${url}/${Bucket}`, { method: 'HEAD' });
  expect([hidden.status, hidden.headers.get('x-amz-bucket-region')]).toEqual([403, 'us-east-1']);
  expect((await fetch(`${url}/${Bucket}/there`, { method: 'HEAD' })).headers.get('x-amz-bucket-region')).toBeNull();
});

test('StartAfter is not told to who comes with a token', async () => {
  await put('there/1');
  const first = await send('ListObjectsV2', { MaxKeys: 1, StartAfter: 'a' });
  expect(first.StartAfter).toBe('a');
  const next = await send('ListObjectsV2', { StartAfter: 'a', ContinuationToken: first.NextContinuationToken });
  expect(next.StartAfter).toBeUndefined();
});

test('a range of everything has the checksum of everything', async () => {
  const read = async (Range: string) =>
    (await send('GetObject', { Key: 'there', ChecksumMode: 'enabled', Range })).ChecksumCRC32;
  expect(await read('bytes=0-100')).toBe(await read('bytes=-10'));
  expect(await read('bytes=0-100')).toMatch(/^[\w+/]+=*$/);
  expect(await read('bytes=0-8')).toBeUndefined();
});

describe('a bucket', () => {
  it('is made again in us-east-1, but not with tags', async () => {
    const again = (more: object = {}) => send('CreateBucket', more);
    expect((await again()).Location).toBe(`/${Bucket}`);
    const CreateBucketConfiguration = { Tags: [{ Key: 'a', Value: 'b' }] };
    expect(await told(again({ CreateBucketConfiguration }))).toMatchObject({
      status: 409,
      Code: 'BucketAlreadyOwnedByYou',
    });
  });

  it('that was made in EU is in EU', async () => {
    const { LocationConstraint } = await send('GetBucketLocation', { Bucket: 'old-europe' });
    expect(LocationConstraint).toBe('EU');
    const there = setting.coffer.client(sdk.S3Client, { region: 'eu-west-1' });
    const LoggingEnabled = { TargetBucket: Bucket, TargetPrefix: '' };
    const log = new sdk.PutBucketLoggingCommand({ Bucket: 'old-europe', BucketLoggingStatus: { LoggingEnabled } });
    expect(await told(there.send(log))).toMatchObject({
      status: 403,
      Code: 'CrossLocationLoggingProhibitted',
      SourceBucketLocation: 'eu-west-1',
    });
  });
});

describe('an upload that ends on a condition', () => {
  const begin = async (Key: string) => {
    const { UploadId } = await send('CreateMultipartUpload', { Key });
    const { ETag } = await send('UploadPart', { Key, UploadId, PartNumber: 1, Body: 'x' });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    return (more: object) => told(send('CompleteMultipartUpload', { Key, UploadId, MultipartUpload, ...more }));
  };
  const conflict = { status: 409, Code: 'ConditionalRequestConflict' };

  it('is in conflict with a deletion since it began', async () => {
    await put('gone');
    const complete = await begin('gone');
    expect(await complete({ IfNoneMatch: '*' })).toMatchObject({ status: 412, Condition: 'If-None-Match' });
    await send('DeleteObject', { Key: 'gone' });
    expect(await complete({ IfNoneMatch: '*' })).toMatchObject({ ...conflict, Condition: 'If-None-Match' });
    expect(await (await begin('gone'))({ IfNoneMatch: '*' })).toEqual({});
  });

  it('is in conflict with a write since it began, even of the same', async () => {
    const { ETag } = await put('same');
    const complete = await begin('same');
    await put('same');
    expect(await complete({ IfMatch: '"other"' })).toMatchObject({ status: 412 });
    expect(await complete({ IfMatch: ETag })).toMatchObject({ ...conflict, Condition: 'If-Match', Key: 'same' });
    expect(await (await begin('same'))({ IfMatch: ETag })).toEqual({});
  });
});

test('parts of an object with one checksum are counted, not told', async () => {
  const Key = 'in-parts';
  const { UploadId } = await send('CreateMultipartUpload', { Key });
  const { ETag } = await send('UploadPart', { Key, UploadId, PartNumber: 3, Body: 'x' });
  await send('CompleteMultipartUpload', { Key, UploadId, MultipartUpload: { Parts: [{ PartNumber: 3, ETag }] } });
  const { ObjectParts } = await send('GetObjectAttributes', { Key, ObjectAttributes: ['ObjectParts'] });
  expect(ObjectParts).toEqual({ TotalPartsCount: 1 });
});

test('uploads are listed to their end with empty markers', async () => {
  const list = (more: object = {}) => send('ListMultipartUploads', { Bucket: 'with.dots', ...more });
  const none = await list();
  expect(none).toMatchObject({ NextKeyMarker: '', NextUploadIdMarker: '', IsTruncated: false });
  expect(none.Prefix).toBeUndefined();
  const { UploadId } = await send('CreateMultipartUpload', { Bucket: 'with.dots', Key: 'folder/one' });
  const grouped = await list({ Delimiter: '/' });
  expect(grouped).toMatchObject({ CommonPrefixes: [{ Prefix: 'folder/' }], NextKeyMarker: '', IsTruncated: false });
  expect(await list()).toMatchObject({ NextKeyMarker: 'folder/one', NextUploadIdMarker: UploadId });
});

describe('copies', () => {
  it('read a plus as a space', async () => {
    await put('a b');
    const copy = (source: string) => send('CopyObject', { Key: 'copied', CopySource: `${Bucket}/${source}` });
    expect((await copy('a+b')).CopyObjectResult.ETag).toBe((await copy('a%20b')).CopyObjectResult.ETag);
    expect(await told(copy('a%2Bb'))).toMatchObject({ Code: 'NoSuchKey', Key: 'a+b' });
  });

  it('onto themselves change nothing, unless the bucket says how to encrypt', async () => {
    const copy = () => told(send('CopyObject', { Key: 'there', CopySource: `${Bucket}/there` }));
    expect(await copy()).toMatchObject({ status: 400, Code: 'InvalidRequest' });
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }];
    await send('PutBucketEncryption', { ServerSideEncryptionConfiguration: { Rules } });
    expect(await copy()).toEqual({});
    await send('DeleteBucketEncryption');
    expect(await copy()).toMatchObject({ Code: 'InvalidRequest' });
  });
});

describe('metadata beyond ASCII', () => {
  const kept = async (value: string) => {
    await put('meta', { Metadata: { m: value } });
    return (await send('HeadObject', { Key: 'meta' })).Metadata.m;
  };
  it.each([
    ['plain text', 'plain text'],
    ['=?UTF-8?Q?actually-ascii?=', 'actually-ascii'],
    ['=?UTF-8?B?YWJj?=', 'abc'],
    ['=?UTF-8?B?w4RNw4Raw5XDkSBTMw==?=', '=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?='],
    ['=?UTF-8?B?=GGG?=', '=?UTF-8?B?=GGG?='],
    ['=?UTF-8?B?AAECAw==?=', '=?UTF-8?B?AAECAw==?='],
    ['=?UTF-8?B?77+977+977+9?=', '=?UTF-8?B?77+977+977+9?='],
  ])('%s comes back as %s', async (given, answered) => {
    expect(await kept(given)).toBe(answered);
  });
});
