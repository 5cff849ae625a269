/** MFA delete: nobody deletes a version for good, or changes versioning, without a code of the root user's device. */
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Authenticator, enable, newDevice } from '../iam/authenticator';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let device: Authenticator;

beforeAll(async () => {
  setting = await start();
  const iam = setting.coffer.client(IAMClient);
  device = await newDevice(setting.coffer, iam, 'root-account-mfa-device');
  await enable(setting.coffer, iam, device, 'root');
});
afterAll(() => setting.coffer.close());

/** A header that has not been used, once time has gone on. */
async function fresh(): Promise<string> {
  await setting.coffer.clock.advance({ seconds: 30 });
  return `${device.serialNumber} ${device.code()}`;
}
type State = 'Enabled' | 'Suspended';
const version = (Bucket: string, Status: State, MFADelete?: 'Enabled' | 'Disabled', MFA?: string) =>
  setting.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status, MFADelete }, MFA }));
const stateOf = async (Bucket: string) => {
  const { Status, MFADelete } = await setting.s3.send(new GetBucketVersioningCommand({ Bucket }));
  return `${Status} ${MFADelete}`;
};
async function guarded(Bucket: string): Promise<void> {
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await version(Bucket, 'Enabled', 'Enabled', await fresh());
}
const put = async (Bucket: string, Key: string) =>
  (await setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))).VersionId;
const message = async (call: Promise<unknown>) => {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
};

const REQUIRED = 'AccessDenied: Mfa Authentication must be used for this request';
const OWNER = 'AccessDenied: This operation may only be performed by the bucket owner';

describe('versioning', () => {
  it('is guarded by MFA, from the request that says so on', async () => {
    const Bucket = 'guarded';
    await setting.s3.send(new CreateBucketCommand({ Bucket }));
    expect(await message(version(Bucket, 'Enabled', 'Enabled'))).toBe(REQUIRED);
    await version(Bucket, 'Enabled', 'Disabled');
    expect(await stateOf(Bucket)).toBe('Enabled Disabled');
    await version(Bucket, 'Enabled', 'Enabled', await fresh());
    expect(await stateOf(Bucket)).toBe('Enabled Enabled');
    for (const status of ['Suspended', 'Enabled'] as const)
      expect(await message(version(Bucket, status))).toBe(REQUIRED);
    expect(await message(version(Bucket, 'Enabled', 'Disabled'))).toBe(REQUIRED);
    await version(Bucket, 'Suspended', undefined, await fresh());
    expect(await stateOf(Bucket)).toBe('Suspended Enabled');
    await version(Bucket, 'Enabled', 'Disabled', await fresh());
    expect(await stateOf(Bucket)).toBe('Enabled Disabled');
    await version(Bucket, 'Suspended');
  });

  it('takes each code once, and only what is one', async () => {
    const Bucket = 'guarded-once';
    await setting.s3.send(new CreateBucketCommand({ Bucket }));
    const MFA = await fresh();
    await version(Bucket, 'Enabled', 'Enabled', MFA);
    expect(await refusal(version(Bucket, 'Suspended', undefined, MFA))).toBe('403 AccessDenied');
    expect(await refusal(version(Bucket, 'Suspended', undefined, `${device.serialNumber} 000000`))).toBe(
      '403 AccessDenied',
    );
    expect(await refusal(version(Bucket, 'Suspended', undefined, `no-device ${device.code(1)}`))).toBe(
      '403 AccessDenied',
    );
    expect(await message(version(Bucket, 'Suspended', undefined, device.serialNumber))).toBe(
      'InvalidArgument: Mfa header is invalid -- the header should be formatted as {serialNumber}(space){tokenCode}',
    );
    expect(await stateOf(Bucket)).toBe('Enabled Enabled');
  });

  it('with MFA goes with no lifecycle', async () => {
    const Bucket = 'guarded-for-ever';
    await guarded(Bucket);
    const LifecycleConfiguration = {
      Rules: [{ Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 1 } }],
    };
    const put = (name: string) =>
      setting.s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket: name, LifecycleConfiguration }));
    expect(await refusal(put(Bucket))).toBe('409 InvalidBucketState');
    await setting.s3.send(new CreateBucketCommand({ Bucket: 'fleeting' }));
    await put('fleeting');
    expect(await refusal(version('fleeting', 'Enabled', 'Enabled', await fresh()))).toBe('409 InvalidBucketState');
  });
});

describe('deleting', () => {
  const Bucket = 'guarded-objects';
  beforeAll(() => guarded(Bucket));
  const remove = (VersionId?: string, MFA?: string, client = setting.s3) =>
    client.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId, MFA }));

  it('a version wants a code, hiding it does not', async () => {
    const VersionId = await put(Bucket, 'k');
    const marker = await remove();
    expect(marker.DeleteMarker).toBe(true);
    expect(await message(remove(VersionId))).toBe(REQUIRED);
    expect(await message(remove(marker.VersionId))).toBe(REQUIRED);
    await remove(marker.VersionId, await fresh());
    await remove(VersionId, await fresh());
    expect(await remove(VersionId, await fresh())).toMatchObject({ VersionId });
  });

  it('is the root user’s of the bucket’s own account', async () => {
    const VersionId = await put(Bucket, 'k');
    const { Credentials } = await setting.coffer.client(STSClient).send(new GetSessionTokenCommand({}));
    const as = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
    expect(await message(remove(VersionId, await fresh(), setting.coffer.client(S3Client, { as })))).toBe(
      'InvalidRequest: DevPay and Mfa are mutually exclusive authorization methods.',
    );
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: '111122223333' },
        Action: 's3:*',
        Resource: `arn:aws:s3:::${Bucket}/*`,
      },
    });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const other = setting.coffer.client(S3Client, { account: '111122223333' });
    expect(await message(remove(VersionId, undefined, other))).toBe(REQUIRED);
    expect(await message(remove(VersionId, await fresh(), other))).toBe(OWNER);
  });

  it('many at once wants one code for all, or fails as a whole', async () => {
    const a = await put(Bucket, 'a');
    await put(Bucket, 'b');
    const many = (MFA?: string) =>
      setting.s3.send(
        new DeleteObjectsCommand({ Bucket, MFA, Delete: { Objects: [{ Key: 'b' }, { Key: 'a', VersionId: a }] } }),
      );
    expect(await message(many())).toBe(REQUIRED);
    expect(await refusal(many(`${device.serialNumber} 000000`))).toBe('403 AccessDenied');
    const { Deleted, Errors } = await many(await fresh());
    expect(Errors).toBeUndefined();
    expect(Deleted).toMatchObject([
      { Key: 'b', DeleteMarker: true },
      { Key: 'a', VersionId: a },
    ]);
    const markers = await setting.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'c' }] } }));
    expect(markers.Deleted).toHaveLength(1);
  });
});
