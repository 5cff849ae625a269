/** Object Lock: how what is to be locked arrives, what policies say of it, and who is told. */
import { createHash } from 'node:crypto';
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type PutObjectRetentionCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

const DAY_MS = 24 * 60 * 60 * 1000;
const Bucket = 'kept-by-policy';
let setting: Setting;
let number = 0;

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
});
afterAll(() => setting.coffer.close());

const inDays = (days: number) =>
  new Date(Math.floor(setting.coffer.clock.now().getTime() / 1000) * 1000 + days * DAY_MS);

interface Made {
  readonly Key: string;
  readonly VersionId: string;
}
async function put(more: Partial<PutObjectCommandInput> = {}, bucket = Bucket): Promise<Made> {
  const Key = `k${number++}`;
  const { VersionId } = await setting.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x', ...more }));
  return { Key, VersionId: VersionId! };
}
const retain = (
  made: Made,
  Retention: PutObjectRetentionCommandInput['Retention'],
  BypassGovernanceRetention?: boolean,
) => refusal(setting.s3.send(new PutObjectRetentionCommand({ Bucket, ...made, Retention, BypassGovernanceRetention })));
const hold = (made: Made, Status: 'ON' | 'OFF') =>
  setting.s3.send(new PutObjectLegalHoldCommand({ Bucket, ...made, LegalHold: { Status } }));
const message = async (call: Promise<unknown>) => {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
};

const LOCKED = '403 AccessDenied';
const DONE = 'no error';

describe('what is to be locked', () => {
  const plain = () =>
    setting.coffer.client(S3Client, { config: { requestChecksumCalculation: 'WHEN_REQUIRED' as const } });
  const lock = () => ({ ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inDays(1) });

  it('arrives with a digest, in one piece or in parts', async () => {
    const s3 = plain();
    const words = (what: string) =>
      `InvalidRequest: Content-MD5 OR x-amz-checksum- HTTP header is required for ${what} requests with Object Lock parameters`;
    const whole = { Bucket, Key: 'digested', Body: 'x', ...lock() };
    expect(await message(s3.send(new PutObjectCommand(whole)))).toBe(words('Put Object'));
    const ContentMD5 = createHash('md5').update('x').digest('base64');
    expect(await refusal(s3.send(new PutObjectCommand({ ...whole, ContentMD5 })))).toBe(DONE);
    const upload = { Bucket, Key: 'digested' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...upload, ...lock() }));
    const part = { ...upload, UploadId, PartNumber: 1, Body: 'x' };
    expect(await message(s3.send(new UploadPartCommand(part)))).toBe(words('Put Part'));
    expect(await refusal(s3.send(new UploadPartCommand({ ...part, ContentMD5 })))).toBe(DONE);
    const free = await s3.send(new CreateMultipartUploadCommand(upload));
    expect(await refusal(s3.send(new UploadPartCommand({ ...part, UploadId: free.UploadId })))).toBe(DONE);
  });

  it('is told a date as a date, by somebody', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'dated', Body: 'x', ...lock() });
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-object-lock-retain-until-date'] = 'abc';
        return next(args);
      },
      { step: 'build' },
    );
    expect(await message(setting.s3.send(command))).toBe(
      'InvalidArgument: The retain until date must be provided in ISO 8601 format',
    );
    const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::locked-in-public/*' };
    const open = 'locked-in-public';
    await setting.s3.send(new CreateBucketCommand({ Bucket: open, ObjectLockEnabledForBucket: true }));
    await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket: open }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket: open, Policy }));
    const nobody = setting.coffer.client(S3Client, { as: 'anonymous' });
    const put = (more: object) =>
      message(nobody.send(new PutObjectCommand({ Bucket: open, Key: 'k', Body: 'x', ...more })));
    expect(await put({})).toBe('no error');
    expect(await put(lock())).toBe(
      'InvalidArgument: Put Object requests with Object Lock parameters require AWS Signature Version 4',
    );
  });
});

describe('policies', () => {
  it('set limits to retention by condition keys', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObjectRetention',
          Resource: `arn:aws:s3:::${Bucket}/*`,
          Condition: { NumericGreaterThan: { 's3:object-lock-remaining-retention-days': '10' } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObjectRetention',
          Resource: `arn:aws:s3:::${Bucket}/*`,
          Condition: { StringEquals: { 's3:object-lock-mode': 'COMPLIANCE' } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObjectLegalHold',
          Resource: `arn:aws:s3:::${Bucket}/*`,
          Condition: { StringEquals: { 's3:object-lock-legal-hold': 'OFF' } },
        },
      ],
    });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const made = await put();
    const until = (days: number) => ({ Mode: 'GOVERNANCE' as const, RetainUntilDate: inDays(days) });
    expect(await retain(made, until(11))).toBe(LOCKED);
    expect(await retain(made, { ...until(9), Mode: 'COMPLIANCE' })).toBe(LOCKED);
    expect(await retain(made, until(9))).toBe(DONE);
    const lock = (days: number) => ({ ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inDays(days) });
    expect(await refusal(put(lock(11)))).toBe(LOCKED);
    expect(await refusal(put(lock(9)))).toBe(DONE);
    expect(await refusal(hold(made, 'ON'))).toBe(DONE);
    expect(await refusal(hold(made, 'OFF'))).toBe(LOCKED);
    await setting.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  });

  it('decide who is told of a lock, and still let read', async () => {
    const made = await put({ ...{ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) } });
    await hold(made, 'ON');
    const iam = setting.coffer.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'reader' }));
    const allow = (Action: string[]) =>
      iam.send(
        new PutUserPolicyCommand({
          UserName: 'reader',
          PolicyName: 'p',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: { Effect: 'Allow', Action, Resource: '*' },
          }),
        }),
      );
    const reader = setting.coffer.client(S3Client, { as: 'reader' });
    const told = async () => {
      const { Body, ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = await reader.send(
        new GetObjectCommand({ Bucket, Key: made.Key }),
      );
      await Body!.transformToString();
      return `${ObjectLockMode} ${ObjectLockRetainUntilDate !== undefined} ${ObjectLockLegalHoldStatus}`;
    };
    await allow(['s3:GetObject']);
    expect(await told()).toBe('undefined false undefined');
    await allow(['s3:GetObject', 's3:GetObjectRetention']);
    expect(await told()).toBe('GOVERNANCE true undefined');
    await allow(['s3:GetObject', 's3:GetObjectLegalHold']);
    expect(await told()).toBe('undefined false ON');
  });
});
