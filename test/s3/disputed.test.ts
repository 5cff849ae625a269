/** Where AWS's pages are silent: today's defaults answer as S3 is reported to, those of 2022 as the public suite has it. */
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { refusal } from './client';

const customer = (letter: string) => ({ SSECustomerAlgorithm: 'AES256', SSECustomerKey: letter.repeat(32) });

describe.each([
  [
    'current',
    {
      space: 'a+b',
      checksum: '400 InvalidRequest',
      key: '403 AccessDenied',
      days: '400 InvalidArgument',
      counts: false,
      parts: '400 InvalidRequest',
      twice: '400 InvalidPart',
      tags: '400 BadRequest',
      keyAgain: 'no error',
      beyond: '400 InvalidArgument',
      vain: '400 MalformedPolicy',
      status: '404 NoSuchBucketPolicy',
    },
  ],
  [
    '2022',
    {
      space: 'a%20b',
      checksum: '400 BadDigest',
      key: '400 InvalidRequest',
      days: '400 InvalidRetentionPeriod',
      counts: true,
      parts: 'no error',
      twice: 'no error',
      tags: '400 InvalidTag',
      keyAgain: '400 InvalidRequest',
      beyond: '416 InvalidRange',
      vain: 'no error',
      status: 'no error',
    },
  ],
] as const)('with the defaults %s', (defaults, wanted) => {
  let coffer: Coffer;
  let s3: S3Client;
  const Bucket = 'disputed';
  beforeAll(async () => {
    coffer = await startCoffer({ config: { s3: { defaults } } });
    s3 = coffer.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  });
  afterAll(() => coffer.close());

  test('a space in a listing', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'x' }));
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }));
    expect(listed.Contents?.[0].Key).toBe(wanted.space);
  });

  test('a checksum that cannot be one', async () => {
    expect(await refusal(s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ChecksumSHA256: 'bad' })))).toBe(
      wanted.checksum,
    );
  });

  test("another customer's key", async () => {
    const open = 'disputed-open';
    await s3.send(new CreateBucketCommand({ Bucket: open }));
    if (defaults === 'current') {
      const { PutBucketEncryptionCommand } = await import('@aws-sdk/client-s3');
      const Rules = [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const },
          BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] },
        },
      ];
      await s3.send(new PutBucketEncryptionCommand({ Bucket: open, ServerSideEncryptionConfiguration: { Rules } }));
    }
    await s3.send(new PutObjectCommand({ Bucket: open, Key: 'c', Body: 'x', ...customer('a') }));
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket: open, Key: 'c', ...customer('b') })))).toBe(wanted.key);
  });

  test('a default retention of no days', async () => {
    const Rule = { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days: 0 } };
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule };
    expect(await refusal(s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration })))).toBe(
      wanted.days,
    );
  });

  test('a policy that allows an action of none of its resources', async () => {
    const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}` };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    expect(await refusal(s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toBe(wanted.vain);
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  });

  test('the policy status of a bucket without a policy', async () => {
    expect(await refusal(s3.send(new GetBucketPolicyStatusCommand({ Bucket })))).toBe(wanted.status);
  });

  test('a part copied from beyond its source', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'copied' }));
    const copy = { Bucket, Key: 'copied', UploadId, PartNumber: 1, CopySource: `${Bucket}/source` };
    expect(await refusal(s3.send(new UploadPartCopyCommand({ ...copy, CopySourceRange: 'bytes=0-1' })))).toBe(
      wanted.beyond,
    );
  });

  test('more tags than there may be', async () => {
    const TagSet = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    expect(await refusal(s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'a b', Tagging: { TagSet } })))).toBe(
      wanted.tags,
    );
    const Tagging = TagSet.map(({ Key }) => `${Key}=`).join('&');
    expect(await refusal(s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging })))).toBe(wanted.tags);
  });

  test("an upload under a customer's key ends", async () => {
    const plain = coffer.client(S3Client, { config: { requestChecksumCalculation: 'WHEN_REQUIRED' } });
    const place = { Bucket: 'disputed-open', Key: 'parts' };
    const { UploadId } = await plain.send(new CreateMultipartUploadCommand({ ...place, ...customer('a') }));
    const { ETag } = await plain.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x', ...customer('a') }),
    );
    const end = { ...place, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
    expect(await refusal(plain.send(new CompleteMultipartUploadCommand(end)))).toBe(wanted.keyAgain);
  });

  test('uploads in parts', async () => {
    const upload = async (Key: string) => {
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'SHA256' }),
      );
      const part = await s3.send(
        new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'SHA256' }),
      );
      return { Bucket, Key, UploadId, part: { PartNumber: 1, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256 } };
    };
    const one = await upload('without');
    const { ChecksumSHA256, ...bare } = one.part;
    expect(
      await refusal(s3.send(new CompleteMultipartUploadCommand({ ...one, MultipartUpload: { Parts: [bare] } }))),
    ).toBe(wanted.parts);
    const two = await upload('twice');
    const Parts = [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }, two.part];
    expect(await refusal(s3.send(new CompleteMultipartUploadCommand({ ...two, MultipartUpload: { Parts } })))).toBe(
      wanted.twice,
    );
    const three = await upload('told');
    await s3.send(new CompleteMultipartUploadCommand({ ...three, MultipartUpload: { Parts: [three.part] } }));
    const told = await s3.send(new GetObjectAttributesCommand({ Bucket, Key: 'told', ObjectAttributes: ['Checksum'] }));
    expect(told.Checksum?.ChecksumSHA256?.endsWith('-1')).toBe(wanted.counts);
  });
});
