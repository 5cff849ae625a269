/** Requester Pays: strangers say that they pay, or are refused. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketLocationCommand,
  GetBucketRequestPaymentCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { refusal, type Setting, start } from './client';

const Bucket = 'paid-by-readers';
const STRANGER = '111122223333';
const RequestPayer = 'requester';
let setting: Setting;
let stranger: S3Client;

const payer = (Payer: 'Requester' | 'BucketOwner') =>
  setting.s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer } }));

beforeAll(async () => {
  setting = await start();
  stranger = setting.coffer.client(S3Client, { account: STRANGER });
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource },
  });
  await setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'data' }));
  await payer('Requester');
});
afterAll(() => setting.coffer.close());

const object = { Bucket, Key: 'k' };

it('is told, to its owner, who need not pay', async () => {
  expect((await setting.s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer).toBe('Requester');
  const { RequestCharged } = await setting.s3.send(new GetObjectCommand(object));
  expect(RequestCharged).toBeUndefined();
  expect((await setting.s3.send(new GetObjectCommand({ ...object, RequestPayer }))).RequestCharged).toBeUndefined();
});

it.each<[string, () => unknown, (() => unknown) | undefined]>([
  ['GET', () => new GetObjectCommand(object), () => new GetObjectCommand({ ...object, RequestPayer })],
  ['HEAD', () => new HeadObjectCommand(object), () => new HeadObjectCommand({ ...object, RequestPayer })],
  [
    'PUT',
    () => new PutObjectCommand({ ...object, Body: 'data' }),
    () => new PutObjectCommand({ ...object, Body: 'data', RequestPayer }),
  ],
  [
    'DELETE',
    () => new DeleteObjectCommand({ Bucket, Key: 'gone' }),
    () => new DeleteObjectCommand({ Bucket, Key: 'gone', RequestPayer }),
  ],
  ['listing', () => new ListObjectsV2Command({ Bucket }), () => new ListObjectsV2Command({ Bucket, RequestPayer })],
  ['asking where it is', () => new GetBucketLocationCommand({ Bucket }), undefined],
])('%s of strangers wants the header, and says that it was charged', async (_, without, withHeader) => {
  expect(await refusal(stranger.send(without() as GetObjectCommand))).toMatch(
    /^403 (AccessDenied|403|Unknown|Forbidden)$/,
  );
  if (withHeader)
    expect(await stranger.send(withHeader() as GetObjectCommand)).toMatchObject({ RequestCharged: RequestPayer });
});

it('charges where the answer has no member for it too', async () => {
  const command = new GetObjectTaggingCommand({ ...object, RequestPayer });
  let header: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      header = (result.response as { headers: Record<string, string> }).headers['x-amz-request-charged'];
      return result;
    },
    { step: 'deserialize' },
  );
  await stranger.send(command);
  expect(header).toBe('requester');
});

it('lets nobody in who is nobody', async () => {
  const nobody = setting.coffer.client(S3Client, { as: 'anonymous' });
  expect(await refusal(nobody.send(new GetObjectCommand({ ...object, RequestPayer })))).toBe('403 AccessDenied');
  await payer('BucketOwner');
  expect(await refusal(nobody.send(new GetObjectCommand(object)))).toBe('no error');
  expect(await refusal(stranger.send(new GetObjectCommand(object)))).toBe('no error');
  await payer('Requester');
});

it('asks of the source of a copy as well', async () => {
  const own = 'strangers-own';
  await stranger.send(new CreateBucketCommand({ Bucket: own }));
  const copy = { Bucket: own, Key: 'c', CopySource: `${Bucket}/k` };
  expect(await refusal(stranger.send(new CopyObjectCommand(copy)))).toBe('403 AccessDenied');
  expect(await stranger.send(new CopyObjectCommand({ ...copy, RequestPayer }))).toMatchObject({
    RequestCharged: 'requester',
  });
});

it('asks of every request of an upload', async () => {
  const target = { Bucket, Key: 'm' };
  expect(await refusal(stranger.send(new CreateMultipartUploadCommand(target)))).toBe('403 AccessDenied');
  const { UploadId } = await stranger.send(new CreateMultipartUploadCommand({ ...target, RequestPayer }));
  const part = { ...target, UploadId, PartNumber: 1, Body: 'part' };
  expect(await refusal(stranger.send(new UploadPartCommand(part)))).toBe('403 AccessDenied');
  const { ETag } = await stranger.send(new UploadPartCommand({ ...part, RequestPayer }));
  const end = { ...target, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
  expect(await refusal(stranger.send(new CompleteMultipartUploadCommand(end)))).toBe('403 AccessDenied');
  expect(await stranger.send(new CompleteMultipartUploadCommand({ ...end, RequestPayer }))).toMatchObject({
    RequestCharged: 'requester',
  });
});

it('takes the parameter of a presigned URL', async () => {
  const endpoint = await setting.coffer.listen({ port: 0 });
  const account = { accessKeyId: STRANGER, secretAccessKey: STRANGER };
  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials: account });
  const fetched = async (more: object) => {
    const url = await getSignedUrl(client, new GetObjectCommand({ ...object, ...more }));
    const response = await fetch(url);
    await response.arrayBuffer();
    return `${response.status} ${response.headers.get('x-amz-request-charged')}`;
  };
  expect(await fetched({})).toBe('403 null');
  expect(await fetched({ RequestPayer })).toBe('200 requester');
});
