import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockConfiguration,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type PutObjectRetentionCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

const DAY_MS = 24 * 60 * 60 * 1000;
const Bucket = 'kept-for-good';
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
const remove = (made: Made, BypassGovernanceRetention?: boolean, client = setting.s3) =>
  refusal(client.send(new DeleteObjectCommand({ Bucket, ...made, BypassGovernanceRetention })));
const retain = (
  made: Made,
  Retention: PutObjectRetentionCommandInput['Retention'],
  BypassGovernanceRetention?: boolean,
) => refusal(setting.s3.send(new PutObjectRetentionCommand({ Bucket, ...made, Retention, BypassGovernanceRetention })));
const retention = async (made: Made) =>
  (await setting.s3.send(new GetObjectRetentionCommand({ Bucket, ...made }))).Retention;
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

describe('a version under retention', () => {
  it.each(['GOVERNANCE', 'COMPLIANCE'] as const)(
    '%s stays until its date, and whatever lies over it goes',
    async (mode) => {
      const made = await put({ ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(2) });
      expect(await message(setting.s3.send(new DeleteObjectCommand({ Bucket, ...made })))).toBe(
        'AccessDenied: Access Denied because object protected by object lock.',
      );
      const marker = await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: made.Key }));
      expect(marker.DeleteMarker).toBe(true);
      const onMarker = { Key: made.Key, VersionId: marker.VersionId! };
      expect(await retain(onMarker, { Mode: mode, RetainUntilDate: inDays(3) })).toBe('405 MethodNotAllowed');
      expect(await remove(onMarker)).toBe(DONE);
      const over = await setting.s3.send(new PutObjectCommand({ Bucket, Key: made.Key, Body: 'y' }));
      expect(await remove({ Key: made.Key, VersionId: over.VersionId! })).toBe(DONE);
      await setting.coffer.clock.advance({ days: 2 });
      expect(await remove(made)).toBe(DONE);
    },
  );

  it('GOVERNANCE yields to who may bypass it and says so; COMPLIANCE to nobody', async () => {
    const governed = await put({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(2) });
    expect(await remove(governed, false)).toBe(LOCKED);
    const iam = setting.coffer.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'clerk' }));
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 's3:*', Resource: '*' },
        { Effect: 'Deny', Action: 's3:BypassGovernanceRetention', Resource: '*' },
      ],
    });
    await iam.send(new PutUserPolicyCommand({ UserName: 'clerk', PolicyName: 'p', PolicyDocument }));
    const clerk = setting.coffer.client(S3Client, { as: 'clerk' });
    expect(await remove(governed, true, clerk)).toBe(LOCKED);
    expect(await remove(governed, true)).toBe(DONE);
    const complied = await put({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(2) });
    expect(await remove(complied, true)).toBe(LOCKED);
  });

  it('may be kept longer by anyone, and shorter only by bypassing GOVERNANCE', async () => {
    const [shorter, date, longer] = [inDays(5), inDays(10), inDays(20)];
    for (const Mode of ['GOVERNANCE', 'COMPLIANCE'] as const) {
      const made = await put({ ObjectLockMode: Mode, ObjectLockRetainUntilDate: date });
      expect(await retain(made, { Mode, RetainUntilDate: longer })).toBe(DONE);
      expect(await retain(made, { Mode, RetainUntilDate: shorter })).toBe(LOCKED);
      expect(await retain(made, {})).toBe(LOCKED);
      const bypassed = Mode === 'GOVERNANCE' ? DONE : LOCKED;
      expect(await retain(made, { Mode, RetainUntilDate: shorter }, true)).toBe(bypassed);
      const other = Mode === 'GOVERNANCE' ? 'COMPLIANCE' : 'GOVERNANCE';
      expect(await retain(made, { Mode: other, RetainUntilDate: longer })).toBe(LOCKED);
      if (Mode === 'COMPLIANCE') continue;
      expect(await retain(made, {}, true)).toBe(DONE);
      expect(await refusal(retention(made))).toBe('404 NoSuchObjectLockConfiguration');
      expect(await remove(made)).toBe(DONE);
    }
  });

  it('is refused what is none', async () => {
    const made = await put();
    const day = inDays(1);
    expect(await retain(made, { Mode: 'GOVERNANCE' })).toBe('400 MalformedXML');
    expect(await retain(made, { RetainUntilDate: day })).toBe('400 MalformedXML');
    expect(await retain(made, { Mode: 'governance' as 'GOVERNANCE', RetainUntilDate: day })).toBe('400 MalformedXML');
    expect(await retain(made, undefined)).toBe('400 MalformedXML');
    expect(await retain(made, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(-1) })).toBe('400 InvalidArgument');
    const write = (more: object) => message(put(more));
    expect(await write({ ObjectLockMode: 'GOVERNANCE' })).toBe(
      'InvalidArgument: x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
    expect(await write({ ObjectLockRetainUntilDate: day })).toMatch(/^InvalidArgument: .* must both be supplied$/);
    expect(await write({ ObjectLockMode: 'SOFT', ObjectLockRetainUntilDate: day })).toBe(
      'InvalidArgument: Unknown wormMode directive.',
    );
    expect(await write({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(-1) })).toBe(
      'InvalidArgument: The retain until date must be in the future!',
    );
    expect(await write({ ObjectLockLegalHoldStatus: 'PERHAPS' })).toBe(
      "InvalidArgument: Legal Hold must be either of 'ON' or 'OFF'",
    );
  });

  it('is one of many that are deleted at once: the others go', async () => {
    const kept = await put({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) });
    const free = await put();
    const all = (BypassGovernanceRetention?: boolean) =>
      setting.s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: [kept, free] }, BypassGovernanceRetention }),
      );
    const { Deleted, Errors } = await all();
    expect(Deleted).toMatchObject([free]);
    expect(Errors).toMatchObject([
      { ...kept, Code: 'AccessDenied', Message: 'Access Denied because object protected by object lock.' },
    ]);
    expect((await all(true)).Errors).toBeUndefined();
  });
});

describe('a legal hold', () => {
  it('keeps a version with or without retention, from everyone, until it is taken off', async () => {
    const made = await put({ ObjectLockLegalHoldStatus: 'ON' });
    expect(await remove(made, true)).toBe(LOCKED);
    const status = async () =>
      (await setting.s3.send(new GetObjectLegalHoldCommand({ Bucket, ...made }))).LegalHold?.Status;
    expect(await status()).toBe('ON');
    expect(await retain(made, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) })).toBe(DONE);
    await setting.coffer.clock.advance({ days: 2 });
    expect(await remove(made, true)).toBe(LOCKED);
    await hold(made, 'OFF');
    expect(await status()).toBe('OFF');
    expect(await remove(made)).toBe(DONE);
  });

  it('is not told where there never was one', async () => {
    const made = await put();
    const read = setting.s3.send(new GetObjectLegalHoldCommand({ Bucket, ...made }));
    expect(await refusal(read)).toBe('404 NoSuchObjectLockConfiguration');
    expect(await setting.s3.send(new HeadObjectCommand({ Bucket, ...made }))).not.toHaveProperty(
      'ObjectLockLegalHoldStatus',
    );
  });
});

describe('an event hold', () => {
  it('keeps a version while it is on, and for its duration from the release on', async () => {
    const made = await put({
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockEventHold: 'ON',
      ObjectLockEventHoldDurationDays: 3,
    });
    await setting.coffer.clock.advance({ days: 100 });
    expect(await remove(made, true)).toBe(LOCKED);
    const head = await setting.s3.send(new HeadObjectCommand({ Bucket, ...made }));
    expect(head).toMatchObject({ ObjectLockEventHold: 'ON', ObjectLockEventHoldDurationDays: 3 });
    expect(head.ObjectLockRetainUntilDate!.getTime()).toBeGreaterThanOrEqual(inDays(3).getTime() - 2000);
    expect(await retention(made)).toMatchObject({ EventHold: 'ON', EventHoldDuration: { Days: 3 } });
    const shorter = { Mode: 'COMPLIANCE', EventHold: 'ON', EventHoldDuration: { Days: 2 } } as const;
    expect(await retain(made, shorter, true)).toBe(LOCKED);
    expect(await retain(made, { ...shorter, EventHoldDuration: { Days: 4 } })).toBe(DONE);
    expect(await retain(made, { EventHold: 'OFF' })).toBe(DONE);
    expect(await retention(made)).not.toHaveProperty('EventHold');
    expect(await remove(made, true)).toBe(LOCKED);
    await setting.coffer.clock.advance({ days: 4 });
    expect(await remove(made)).toBe(DONE);
  });

  it('is refused what is none', async () => {
    const made = await put();
    const Mode = 'GOVERNANCE';
    for (const Retention of [
      { Mode, EventHold: 'ON' },
      { Mode, EventHold: 'MAYBE', EventHoldDuration: { Days: 1 } },
      { EventHold: 'ON', EventHoldDuration: { Days: 1 } },
      { EventHold: 'OFF' },
    ] as PutObjectRetentionCommandInput['Retention'][])
      expect(await retain(made, Retention)).toBe('400 MalformedXML');
    for (const EventHoldDuration of [{ Days: 0 }, { Days: 36_501 }, { Years: 101 }, { Days: 1, Years: 1 }, {}])
      expect(await retain(made, { Mode, EventHold: 'ON', EventHoldDuration })).toBe('400 InvalidArgument');
    expect(await refusal(put({ ObjectLockMode: Mode, ObjectLockEventHold: 'ON' }))).toBe('400 InvalidArgument');
    expect(await refusal(put({ ObjectLockEventHold: 'ON', ObjectLockEventHoldDurationDays: 1 }))).toBe(
      '400 InvalidArgument',
    );
    expect(await refusal(put({ ObjectLockMode: Mode, ObjectLockEventHoldDurationDays: 1 }))).toBe(
      '400 InvalidArgument',
    );
  });
});

describe('default retention', () => {
  const configure = (name: string, ObjectLockConfiguration: ObjectLockConfiguration) =>
    message(setting.s3.send(new PutObjectLockConfigurationCommand({ Bucket: name, ObjectLockConfiguration })));
  const rule = (DefaultRetention: object): ObjectLockConfiguration => ({
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention },
  });

  it('comes to a bucket with versions, and stays', async () => {
    const name = 'locked-later';
    await setting.s3.send(new CreateBucketCommand({ Bucket: name }));
    const version = (Status: 'Enabled' | 'Suspended') =>
      message(setting.s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status } })));
    const wanted =
      "InvalidBucketState: Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    expect(await configure(name, { ObjectLockEnabled: 'Enabled' })).toBe(wanted);
    await version('Suspended');
    expect(await configure(name, { ObjectLockEnabled: 'Enabled' })).toBe(wanted);
    const read = () => setting.s3.send(new GetObjectLockConfigurationCommand({ Bucket: name }));
    expect(await refusal(read())).toBe('404 ObjectLockConfigurationNotFoundError');
    await version('Enabled');
    expect(await configure(name, rule({ Mode: 'GOVERNANCE', Days: 7 }))).toBe('no error');
    expect((await read()).ObjectLockConfiguration).toEqual(rule({ Mode: 'GOVERNANCE', Days: 7 }));
    expect(await version('Suspended')).toBe(
      'InvalidBucketState: An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
    expect(await configure(name, { ObjectLockEnabled: 'Enabled' })).toBe('no error');
    expect((await read()).ObjectLockConfiguration).toEqual({ ObjectLockEnabled: 'Enabled' });
  });

  it.each<[string, ObjectLockConfiguration]>([
    ['MalformedXML', {}],
    ['MalformedXML', { ...rule({ Mode: 'GOVERNANCE', Days: 1 }), ObjectLockEnabled: 'Disabled' as 'Enabled' }],
    ['MalformedXML', rule({})],
    ['MalformedXML', rule({ Mode: 'GOVERNANCE' })],
    ['MalformedXML', rule({ Days: 1 })],
    ['MalformedXML', rule({ Mode: 'soft', Days: 1 })],
    ['MalformedXML', rule({ Mode: 'GOVERNANCE', Days: 1, Years: 1 })],
    [
      'InvalidArgument: Default retention period must be a positive integer value.',
      rule({ Mode: 'GOVERNANCE', Days: 0 }),
    ],
    [
      'InvalidArgument: Default retention period must be a positive integer value.',
      rule({ Mode: 'GOVERNANCE', Years: -1 }),
    ],
    ['InvalidArgument: Default retention period too large.', rule({ Mode: 'GOVERNANCE', Days: 36_501 })],
    ['InvalidArgument: Default retention period too large.', rule({ Mode: 'GOVERNANCE', Years: 101 })],
    ['InvalidArgument', rule({ Mode: 'GOVERNANCE', DefaultEventHold: { Days: 0 } })],
  ])('is refused: %s', async (refused, configuration) => {
    expect(await configure(Bucket, configuration)).toContain(refused);
  });

  it('locks what is put, copied and uploaded in parts, unless that says otherwise', async () => {
    const name = 'locked-by-default';
    await setting.s3.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
    await configure(name, rule({ Mode: 'COMPLIANCE', Years: 1 }));
    const lockOf = async (Key: string, VersionId?: string) => {
      const head = await setting.s3.send(new HeadObjectCommand({ Bucket: name, Key, VersionId }));
      const days = (head.ObjectLockRetainUntilDate!.getTime() - setting.coffer.clock.now().getTime()) / DAY_MS;
      return `${head.ObjectLockMode} ${Math.round(days)}`;
    };
    const made = await put({}, name);
    expect(await lockOf(made.Key)).toBe('COMPLIANCE 365');
    const own = await put({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(2) }, name);
    expect(await lockOf(own.Key)).toBe('GOVERNANCE 2');
    await setting.s3.send(new CopyObjectCommand({ Bucket: name, Key: 'copy', CopySource: `${name}/${own.Key}` }));
    expect(await lockOf('copy')).toBe('COMPLIANCE 365');
    const upload = { Bucket: name, Key: 'parts' };
    const lock = { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inDays(3) };
    const { UploadId } = await setting.s3.send(new CreateMultipartUploadCommand({ ...upload, ...lock }));
    const { ETag } = await setting.s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await setting.s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
    expect(await lockOf('parts')).toBe('GOVERNANCE 3');
    // A copy out of the bucket takes no lock along.
    await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'free', CopySource: `${name}/${own.Key}` }));
    expect(await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'free' }))).not.toHaveProperty('ObjectLockMode');
  });

  it('may be an event hold', async () => {
    const name = 'held-by-default';
    await setting.s3.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
    const held = rule({ Mode: 'GOVERNANCE', DefaultEventHold: { Years: 1 } });
    expect(await configure(name, held)).toBe('no error');
    const read = await setting.s3.send(new GetObjectLockConfigurationCommand({ Bucket: name }));
    expect(read.ObjectLockConfiguration).toEqual(held);
    const { Key } = await put({}, name);
    expect(await setting.s3.send(new HeadObjectCommand({ Bucket: name, Key }))).toMatchObject({
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockEventHold: 'ON',
      ObjectLockEventHoldDurationYears: 1,
    });
  });
});

describe('a bucket without Object Lock', () => {
  const open = 'not-locked';
  beforeAll(() => setting.s3.send(new CreateBucketCommand({ Bucket: open })));

  it('takes nothing that has to do with it', async () => {
    const { Key } = await put({}, open);
    const on = { Bucket: open, Key };
    const { s3 } = setting;
    const Retention = { Mode: 'GOVERNANCE' as const, RetainUntilDate: inDays(1) };
    expect(await message(s3.send(new PutObjectRetentionCommand({ ...on, Retention })))).toBe(
      'InvalidRequest: Bucket is missing Object Lock Configuration',
    );
    expect(await refusal(s3.send(new GetObjectRetentionCommand(on)))).toBe('400 InvalidRequest');
    expect(await refusal(s3.send(new GetObjectLegalHoldCommand(on)))).toBe('400 InvalidRequest');
    const LegalHold = { Status: 'ON' as const };
    expect(await refusal(s3.send(new PutObjectLegalHoldCommand({ ...on, LegalHold })))).toBe('400 InvalidRequest');
    expect(await refusal(put({ ObjectLockLegalHoldStatus: 'ON' }, open))).toBe('400 InvalidRequest');
    // The header's form is looked at first.
    expect(await refusal(put({ ObjectLockLegalHoldStatus: 'on' as 'ON' }, open))).toBe('400 InvalidArgument');
    for (const BypassGovernanceRetention of [true, false]) {
      const words =
        'InvalidArgument: x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.';
      expect(await message(s3.send(new DeleteObjectCommand({ ...on, BypassGovernanceRetention })))).toBe(words);
      const many = new DeleteObjectsCommand({
        Bucket: open,
        Delete: { Objects: [{ Key }] },
        BypassGovernanceRetention,
      });
      expect(await message(s3.send(many))).toBe(words);
    }
  });
});
