/** When a key was last used, and policies that keep a key that is in use. Source: KMS API reference, GetKeyLastUsage. */
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let kms: KMSClient;
let KeyId: string;
beforeEach(async () => {
  coffer = await startCoffer();
  kms = coffer.client(KMSClient);
  KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
});
afterEach(() => coffer.close());

const last = async () => (await kms.send(new GetKeyLastUsageCommand({ KeyId }))).KeyLastUsage;

test('a use is noted with its operation, its time and its request; a refusal is none', async () => {
  expect(await last()).toEqual({});
  await expect(kms.send(new DecryptCommand({ KeyId, CiphertextBlob: new Uint8Array(100) }))).rejects.toThrow();
  expect(await last()).toEqual({});
  const { $metadata } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
  expect(await last()).toMatchObject({ Operation: 'Encrypt', KmsRequestId: $metadata.requestId });
});

test("a service's use counts", async () => {
  const s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'sealed' }));
  const sealed = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId } as const;
  await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'k', Body: 'x', ...sealed }));
  expect(await last()).toMatchObject({ Operation: 'GenerateDataKey' });
});

test('a policy can keep a key that was used lately', async () => {
  const iam = coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const Statement = [
    { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: 'kms:ScheduleKeyDeletion',
      Resource: '*',
      Condition: { NumericLessThan: { 'kms:TrailingDaysWithoutKeyUsage': '30' } },
    },
  ];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
  const as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const remove = () => coffer.client(KMSClient, { as }).send(new ScheduleKeyDeletionCommand({ KeyId }));
  await coffer.clock.advance({ days: 20 });
  await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
  await coffer.clock.advance({ days: 20 });
  await expect(remove()).rejects.toThrow(/explicit deny/);
  await coffer.clock.advance({ days: 10 });
  expect((await remove()).KeyState).toBe('PendingDeletion');
});
