/** Archived objects: read only once they are restored, on the clock, and no longer than the copy stays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type RestoreObjectCommandInput,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { findBucket } from '../../runtime/services/s3/state/buckets';
import { latestVersion, replaceVersion } from '../../runtime/services/s3/state/objects';
import type { StoredObject } from '../../runtime/services/s3/state/tables';
import { openStore } from '../../runtime/store/open';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'kept-cold';
const DAY_MS = 24 * 60 * 60 * 1000;

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

type Tier = 'Expedited' | 'Standard' | 'Bulk';
const put = (Key: string, StorageClass?: string, Body = 'cold') =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body, StorageClass: StorageClass as 'GLACIER' }));
const get = async (Key: string) => {
  const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body!.transformToString();
};
const head = (Key: string) => setting.s3.send(new HeadObjectCommand({ Bucket, Key }));
const restore = (Key: string, RestoreRequest: RestoreObjectCommandInput['RestoreRequest'], more: object = {}) =>
  setting.s3.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest, ...more }));
/** The status of a restore, or what it is refused with. */
const asked = async (Key: string, Days: number | undefined, tier?: Tier): Promise<string> => {
  const request = { Days, ...(tier ? { GlacierJobParameters: { Tier: tier } } : {}) };
  let status: number | undefined;
  const outcome = await refusal(
    restore(Key, request).then(({ $metadata }) => {
      status = $metadata.httpStatusCode;
    }),
  );
  return status === undefined ? outcome : String(status);
};
const expiry = (now: Date, days: number) =>
  new Date(Math.ceil((now.getTime() + days * DAY_MS) / DAY_MS) * DAY_MS).toUTCString();

describe('storage classes', () => {
  it.each(['STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'])(
    '%s can be read at any time and needs no restore',
    async (storageClass) => {
      await put(storageClass, storageClass);
      expect(await get(storageClass)).toBe('cold');
      expect((await head(storageClass)).StorageClass).toBe(storageClass === 'STANDARD' ? undefined : storageClass);
      expect(await asked(storageClass, 1)).toBe(
        storageClass === 'INTELLIGENT_TIERING' ? '403 ObjectAlreadyInActiveTierError' : '403 InvalidObjectState',
      );
    },
  );

  it.each(['EXPRESS_ONEZONE', 'OUTPOSTS', 'SNOW', 'FSX_OPENZFS', 'FSX_ONTAP', 'standard', 'ICE'])(
    '%s is none of a general purpose bucket',
    async (storageClass) => {
      expect(await refusal(put('refused', storageClass))).toBe('400 InvalidStorageClass');
    },
  );
});

describe('an archived object', () => {
  it.each(['GLACIER', 'DEEP_ARCHIVE'])('in %s is told, not read, and says why', async (storageClass) => {
    const Key = `closed-${storageClass}`;
    await put(Key, storageClass);
    expect(await head(Key)).toMatchObject({ StorageClass: storageClass, ContentLength: 4 });
    expect((await head(Key)).Restore).toBeUndefined();
    await expect(get(Key)).rejects.toMatchObject({ name: 'InvalidObjectState', StorageClass: storageClass });
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` };
    expect(await refusal(setting.s3.send(new CopyObjectCommand(copy)))).toBe('403 InvalidObjectState');
    const { UploadId } = await setting.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'copy' }));
    expect(await refusal(setting.s3.send(new UploadPartCopyCommand({ ...copy, UploadId, PartNumber: 1 })))).toBe(
      '403 InvalidObjectState',
    );
  });

  const hours = { Expedited: 5 / 60, Standard: 5, Bulk: 12 };
  const deep = { Standard: 12, Bulk: 48 };
  const cases = [
    ...Object.entries(hours).map(([tier, takes]) => ['GLACIER', tier as Tier, takes] as const),
    ...Object.entries(deep).map(([tier, takes]) => ['DEEP_ARCHIVE', tier as Tier, takes] as const),
  ];
  it.each(cases)('of %s is restored by %s within %d hours', async (storageClass, tier, takes) => {
    const Key = `${storageClass}-${tier}`;
    await put(Key, storageClass);
    expect(await asked(Key, 2, tier)).toBe('202');
    expect((await head(Key)).Restore).toBe('ongoing-request="true"');
    await setting.coffer.clock.advance({ minutes: takes * 60 - 1 });
    expect(await refusal(get(Key))).toBe('403 InvalidObjectState');
    await setting.coffer.clock.advance({ minutes: 1 });
    expect(await get(Key)).toBe('cold');
    const { Restore, StorageClass } = await head(Key);
    expect(StorageClass).toBe(storageClass);
    expect(Restore).toBe(`ongoing-request="false", expiry-date="${expiry(setting.coffer.clock.now(), 2)}"`);
    expect(await asked(Key, 2, tier)).toBe('200');
  });

  it('has no expedited way out of DEEP_ARCHIVE', async () => {
    await put('deep', 'DEEP_ARCHIVE');
    expect(await asked('deep', 1, 'Expedited')).toBe('400 InvalidArgument');
  });

  it('is restored once at a time, faster on demand, and again for longer', async () => {
    const Key = 'hurry';
    await put(Key, 'GLACIER');
    expect(await asked(Key, 1, 'Bulk')).toBe('202');
    expect(await asked(Key, 1, 'Bulk')).toBe('409 RestoreAlreadyInProgress');
    expect(await asked(Key, 9, 'Standard')).toBe('409 RestoreAlreadyInProgress');
    expect(await asked(Key, 1, 'Expedited')).toBe('202');
    expect(await asked(Key, 1, 'Bulk')).toBe('409 RestoreAlreadyInProgress');
    await setting.coffer.clock.advance({ minutes: 5 });
    expect(await get(Key)).toBe('cold');
    const again = setting.coffer.clock.now();
    expect(await asked(Key, 10)).toBe('200');
    expect((await head(Key)).Restore).toContain(expiry(again, 10));
    await setting.coffer.clock.advance({ days: 9 });
    expect(await get(Key)).toBe('cold');
    await setting.coffer.clock.advance({ days: 2 });
    expect(await refusal(get(Key))).toBe('403 InvalidObjectState');
    expect((await head(Key)).Restore).toBeUndefined();
    expect(await asked(Key, 1)).toBe('202');
  });

  it('may be copied while its copy stays, also to another class', async () => {
    const Key = 'thawed';
    await put(Key, 'DEEP_ARCHIVE');
    await asked(Key, 1, 'Standard');
    await setting.coffer.clock.advance({ hours: 12 });
    const copy = { Bucket, Key, CopySource: `${Bucket}/${Key}`, StorageClass: 'STANDARD' as const };
    await setting.s3.send(new CopyObjectCommand(copy));
    expect(await head(Key)).not.toHaveProperty('Restore');
    expect(await get(Key)).toBe('cold');
    await setting.coffer.clock.advance({ days: 3 });
    expect(await get(Key)).toBe('cold');
  });

  it('is told by listings, to who asks', async () => {
    await put('listed/archived', 'GLACIER');
    await put('listed/asked', 'GLACIER');
    await put('listed/done', 'GLACIER');
    await put('listed/warm');
    await asked('listed/done', 1, 'Expedited');
    await setting.coffer.clock.advance({ minutes: 5 });
    await asked('listed/asked', 1, 'Bulk');
    const RestoreExpiryDate = new Date(expiry(setting.coffer.clock.now(), 1));
    const wanted = [
      ['listed/archived', undefined],
      ['listed/asked', { IsRestoreInProgress: true }],
      ['listed/done', { IsRestoreInProgress: false, RestoreExpiryDate }],
      ['listed/warm', undefined],
    ];
    const options = { Bucket, Prefix: 'listed/', OptionalObjectAttributes: ['RestoreStatus' as const] };
    const shown = (rows: { Key?: string; RestoreStatus?: object }[] | undefined) =>
      rows?.map(({ Key, RestoreStatus }) => [Key, RestoreStatus]);
    expect(shown((await setting.s3.send(new ListObjectsV2Command(options))).Contents)).toEqual(wanted);
    expect(shown((await setting.s3.send(new ListObjectsCommand(options))).Contents)).toEqual(wanted);
    expect(shown((await setting.s3.send(new ListObjectVersionsCommand(options))).Versions)).toEqual(wanted);
    const plain = await setting.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'listed/' }));
    expect(shown(plain.Contents)?.every(([, status]) => status === undefined)).toBe(true);
    const wrong = new ListObjectsV2Command({ ...options, OptionalObjectAttributes: ['Nonsense' as 'RestoreStatus'] });
    expect(await refusal(setting.s3.send(wrong))).toBe('400 InvalidArgument');
  });

  it.each<[string, string, RestoreObjectCommandInput['RestoreRequest']]>([
    ['400 MalformedXML', 'no days', {}],
    ['400 InvalidArgument', 'no day at all', { Days: 0 }],
    ['400 InvalidArgument', 'days without end', { Days: 2_000_000_000 }],
    ['400 MalformedXML', 'an unknown tier', { Days: 1, GlacierJobParameters: { Tier: 'Soon' as 'Bulk' } }],
    ['501 NotImplemented', 'a query', { Type: 'SELECT', Tier: 'Bulk' }],
  ])('is refused %s for %s', async (code, _, request) => {
    await put('wrong', 'GLACIER');
    expect(await refusal(restore('wrong', request))).toBe(code);
    expect((await head('wrong')).Restore).toBeUndefined();
  });

  it('that is not there cannot be restored', async () => {
    expect(await asked('nowhere', 1)).toBe('404 NoSuchKey');
  });
});

describe('restores', () => {
  it('of the longest keys are no different', async () => {
    for (const Key of ['\u0001'.repeat(1024), '\u00e9'.repeat(512), '\u{1f9ca}'.repeat(256)]) {
      await put(Key, 'GLACIER');
      expect(await asked(Key, 1, 'Expedited')).toBe('202');
      await setting.coffer.clock.advance({ minutes: 5 });
      expect(await get(Key)).toBe('cold');
    }
  });

  it('go on after a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'coffer-restore-'));
    try {
      const object = { Bucket, Key: 'k' };
      const within = async (use: (s3: S3Client, coffer: Coffer) => Promise<void>) => {
        const coffer = await startCoffer({ directory });
        await use(coffer.client(S3Client), coffer);
        await coffer.close();
      };
      await within(async (s3, coffer) => {
        await s3.send(new CreateBucketCommand({ Bucket }));
        await s3.send(new PutObjectCommand({ ...object, Body: 'cold', StorageClass: 'GLACIER' }));
        await s3.send(new RestoreObjectCommand({ ...object, RestoreRequest: { Days: 1 } }));
        await coffer.clock.advance({ hours: 4 });
      });
      await within(async (s3, coffer) => {
        expect(await refusal(s3.send(new GetObjectCommand(object)))).toBe('403 InvalidObjectState');
        await coffer.clock.advance({ hours: 1 });
        expect(await refusal(s3.send(new GetObjectCommand(object)))).toBe('no error');
      });
      await within(async (s3, coffer) => {
        expect(await refusal(s3.send(new GetObjectCommand(object)))).toBe('no error');
        await coffer.clock.advance({ days: 2 });
        expect(await refusal(s3.send(new GetObjectCommand(object)))).toBe('403 InvalidObjectState');
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('versions', () => {
  const Versioned = 'kept-cold-and-old';
  it('are restored each by itself; what is gone is not looked for', async () => {
    const { s3, coffer } = setting;
    await s3.send(new CreateBucketCommand({ Bucket: Versioned }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket: Versioned, VersioningConfiguration }));
    const write = async (Body: string) =>
      (await s3.send(new PutObjectCommand({ Bucket: Versioned, Key: 'k', Body, StorageClass: 'GLACIER' }))).VersionId;
    const [first, second, third] = [await write('1'), await write('2'), await write('3')];
    const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: 'Expedited' as const } };
    for (const VersionId of [first, third])
      await s3.send(new RestoreObjectCommand({ Bucket: Versioned, Key: 'k', VersionId, RestoreRequest }));
    await s3.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'k', VersionId: third }));
    await coffer.clock.advance({ minutes: 5 });
    const read = (VersionId?: string) =>
      s3
        .send(new GetObjectCommand({ Bucket: Versioned, Key: 'k', VersionId }))
        .then(({ Body }) => Body!.transformToString());
    expect(await read(first)).toBe('1');
    expect(await refusal(read(second))).toBe('403 InvalidObjectState');
    expect(await refusal(read())).toBe('403 InvalidObjectState');
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'k' }));
    const onMarker = new RestoreObjectCommand({ Bucket: Versioned, Key: 'k', VersionId, RestoreRequest });
    expect(await refusal(s3.send(onMarker))).toBe('405 MethodNotAllowed');
  });
});

describe('an archive tier of INTELLIGENT_TIERING', () => {
  /** Nothing moves there by itself yet: the row is changed while no runtime has the store open. */
  it.each<['ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS', Tier | undefined, number]>([
    ['ARCHIVE_ACCESS', 'Expedited', 5],
    ['ARCHIVE_ACCESS', undefined, 5 * 60],
    ['DEEP_ARCHIVE_ACCESS', undefined, 12 * 60],
  ])('%s is left for good', async (accessTier, tier, minutes) => {
    const directory = await mkdtemp(join(tmpdir(), 'coffer-tier-'));
    try {
      const before = await startCoffer({ directory });
      const object = { Bucket, Key: 'k' };
      await before.client(S3Client).send(new CreateBucketCommand({ Bucket }));
      const StorageClass = 'INTELLIGENT_TIERING';
      await before.client(S3Client).send(new PutObjectCommand({ ...object, Body: 'cold', StorageClass }));
      await before.close();
      const store = await openStore({ directory });
      await store.write(async (tx) => {
        const bucket = (await findBucket(tx, Bucket))!;
        const version = (await latestVersion(tx, bucket, 'k')) as StoredObject;
        await replaceVersion(tx, bucket, 'k', { ...version, accessTier });
      });
      await store.close();

      const coffer = await startCoffer({ directory });
      const s3 = coffer.client(S3Client);
      const read = () => s3.send(new GetObjectCommand(object));
      await expect(read()).rejects.toMatchObject({ name: 'InvalidObjectState', StorageClass, AccessTier: accessTier });
      expect((await s3.send(new HeadObjectCommand(object))).ArchiveStatus).toBe(accessTier);
      const request = tier ? { GlacierJobParameters: { Tier: tier } } : {};
      const restoring = (Days?: number) =>
        refusal(s3.send(new RestoreObjectCommand({ ...object, RestoreRequest: { ...request, Days } })));
      expect(await restoring(1)).toBe('400 InvalidArgument');
      expect(await restoring()).toBe('no error');
      expect(await restoring()).toBe('409 RestoreAlreadyInProgress');
      await coffer.clock.advance({ minutes: minutes - 1 });
      expect(await refusal(read())).toBe('403 InvalidObjectState');
      await coffer.clock.advance({ minutes: 1 });
      expect(await (await read()).Body!.transformToString()).toBe('cold');
      const { Restore, ArchiveStatus } = await s3.send(new HeadObjectCommand(object));
      expect([Restore, ArchiveStatus]).toEqual([undefined, undefined]);
      await coffer.clock.advance({ days: 400 });
      expect(await refusal(read())).toBe('no error');
      expect(await restoring()).toBe('403 ObjectAlreadyInActiveTierError');
      await coffer.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('who may restore', () => {
  it('is s3:RestoreObject’s to say', async () => {
    const other = setting.coffer.client(S3Client, { account: '111122223333' });
    await put('shared', 'GLACIER');
    const command = () => new RestoreObjectCommand({ Bucket, Key: 'shared', RestoreRequest: { Days: 1 } });
    expect(await refusal(other.send(command()))).toBe('403 AccessDenied');
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: '111122223333' },
        Action: 's3:RestoreObject',
        Resource: `arn:aws:s3:::${Bucket}/shared`,
      },
    });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect(await refusal(other.send(command()))).toBe('no error');
  });
});

describe('notifications', () => {
  it('tell when a restore begins, is done and is over', async () => {
    const { s3, coffer } = setting;
    const sqs = coffer.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'thaw' }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    const QueueArn = Attributes!.QueueArn!;
    const Policy = JSON.stringify({
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QueueArn,
      },
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const NotificationConfiguration = { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectRestore:*' as const] }] };
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    await put('heard', 'GLACIER');
    await asked('heard', 1, 'Expedited');
    await coffer.clock.advance({ minutes: 5 });
    const until = new Date(expiry(coffer.clock.now(), 1)).toISOString();
    await coffer.clock.advance({ days: 2 });
    // biome-ignore lint/suspicious/noExplicitAny: events are JSON
    const records: any[] = [];
    // Copies of other tests expire on the way.
    for (;;) {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (!Messages?.length) break;
      for (const { Body } of Messages) records.push(...(JSON.parse(Body!).Records ?? []));
    }
    const mine = records.filter(({ s3: { object } }) => object.key === 'heard');
    expect(mine.map(({ eventName }) => eventName).sort()).toEqual([
      'ObjectRestore:Completed',
      'ObjectRestore:Delete',
      'ObjectRestore:Post',
    ]);
    expect(mine.find(({ eventName }) => eventName === 'ObjectRestore:Completed')).toMatchObject({
      glacierEventData: {
        restoreEventData: { lifecycleRestorationExpiryTime: until, lifecycleRestoreStorageClass: 'GLACIER' },
      },
      userIdentity: { principalId: 's3.amazonaws.com' },
    });
  });
});
