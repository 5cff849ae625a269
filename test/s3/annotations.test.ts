/** Annotations of objects, as a client sees them. */
import { createHash } from 'node:crypto';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  DeleteObjectAnnotationCommand,
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  HeadObjectCommand,
  ListObjectAnnotationsCommand,
  PutBucketEncryptionCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectAnnotationCommand,
  type PutObjectAnnotationCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectRetentionCommand,
  S3Client,
  UpdateObjectEncryptionCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'margin-notes';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => setting.coffer.close());

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'content', ...more }));
const note = (
  Key: string,
  AnnotationName: string,
  AnnotationPayload: PutObjectAnnotationCommandInput['AnnotationPayload'],
  more: Partial<PutObjectAnnotationCommandInput> = {},
  s3 = setting.s3,
) => s3.send(new PutObjectAnnotationCommand({ Bucket, Key, AnnotationName, AnnotationPayload, ...more }));
const get = (Key: string, AnnotationName: string, more: object = {}, s3 = setting.s3) =>
  s3.send(new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName, ...more }));
const text = async (Key: string, name: string, more: object = {}) =>
  (await get(Key, name, more)).AnnotationPayload!.transformToString();
const list = (Key: string, more: object = {}) =>
  setting.s3.send(new ListObjectAnnotationsCommand({ Bucket, Key, ...more }));
const names = async (Key: string, more: object = {}) =>
  (await list(Key, more)).Annotations?.map(({ AnnotationName }) => AnnotationName) ?? [];
const remove = (Key: string, AnnotationName: string, more: object = {}) =>
  setting.s3.send(new DeleteObjectAnnotationCommand({ Bucket, Key, AnnotationName, ...more }));
const copy = (Key: string, source: string, more: Partial<CopyObjectCommandInput> = {}) =>
  setting.s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${source}`, ...more }));

describe('an annotation', () => {
  it.each([1, 20_000, 1024 * 1024])('of %d bytes is kept, told, replaced and deleted', async (size) => {
    const Key = `size-${size}`;
    const { ETag } = await put(Key);
    const payload = 'ä'.repeat(Math.floor(size / 2)) + 'x'.repeat(size % 2);
    const written = await note(Key, 'summary', payload);
    const md5 = createHash('md5').update(payload).digest('hex');
    expect(written).toMatchObject({
      Key,
      AnnotationName: 'summary',
      ETag: `"${md5}"`,
      ChecksumType: 'FULL_OBJECT',
      ServerSideEncryption: 'AES256',
    });
    const told = await get(Key, 'summary');
    expect(told).toMatchObject({ ContentLength: size, ETag: `"${md5}"`, ServerSideEncryption: 'AES256' });
    expect(told.LastModified).toBeInstanceOf(Date);
    expect(await told.AnnotationPayload!.transformToString()).toBe(payload);
    await note(Key, 'summary', 'shorter');
    expect(await text(Key, 'summary')).toBe('shorter');
    expect((await setting.s3.send(new HeadObjectCommand({ Bucket, Key }))).ETag).toBe(ETag);
    await remove(Key, 'summary');
    expect(await refusal(get(Key, 'summary'))).toBe('404 NoSuchAnnotation');
    expect(await refusal(remove(Key, 'summary'))).toBe('no error');
  });

  it('has a checksum of its own', async () => {
    await put('sum');
    const ChecksumXXHASH3 = Buffer.from('72dcb18b67a17dff', 'hex').toString('base64');
    await note('sum', 'n', '123456789', { ChecksumXXHASH3 });
    expect((await list('sum')).Annotations?.[0].ChecksumAlgorithm).toEqual(['XXHASH3']);
    const plain = setting.coffer.client(S3Client, {
      config: { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
    });
    await note('sum', 'default', '123456789', {}, plain);
    const told = await get('sum', 'default', { ChecksumMode: 'ENABLED' });
    expect(told).toMatchObject({ ChecksumCRC64NVME: 'rosUhgp5mIg=', ChecksumType: 'FULL_OBJECT' });
    expect((await get('sum', 'default', {}, plain)).ChecksumCRC64NVME).toBeUndefined();
    expect(await refusal(note('sum', 'n', 'other', { ChecksumXXHASH3 }))).toBe('400 BadDigest');
    expect(await refusal(note('sum', 'n', 'other', { ContentMD5: 'x' }))).toBe('400 InvalidDigest');
    // A client that does not ask for the checksum: this one would want to compute it.
    const { AnnotationPayload } = await get('sum', 'n', {}, plain);
    expect(await AnnotationPayload!.transformToString()).toBe('123456789');
  });

  it.each<[string, string]>([
    ['aws', '400 InvalidAnnotationName'],
    ['AWSnote', '400 InvalidAnnotationName'],
    ['s3-note', '400 InvalidAnnotationName'],
    ['two words', '400 InvalidAnnotationName'],
    ['a/b', '400 InvalidAnnotationName'],
    ['a:b', '400 InvalidAnnotationName'],
    ['x'.repeat(513), '400 AnnotationNameTooLong'],
    ['ä'.repeat(257), '400 AnnotationNameTooLong'],
    ['x'.repeat(512), 'no error'],
    ['ml.sentiment_v2-Größe', 'no error'],
    ['分析', 'no error'],
  ])('called %s: %s', async (name, outcome) => {
    await put('names');
    expect(await refusal(note('names', name, 'x'))).toBe(outcome);
    if (outcome === 'no error') expect(await text('names', name)).toBe('x');
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', '400 InvalidRequest'],
    ['too much', 'x'.repeat(1024 * 1024 + 1), '400 EntityTooLarge'],
    ['no UTF-8', Buffer.from([0x61, 0xff]), '415 UnsupportedMediaType'],
  ])('cannot be %s', async (_, payload, outcome) => {
    await put('payload');
    expect(await refusal(note('payload', 'n', payload))).toBe(outcome);
    expect(await names('payload')).toEqual([]);
  });

  it('needs its object, as it was if so asked', async () => {
    expect(await refusal(note('nothing', 'n', 'x'))).toBe('404 NoSuchKey');
    expect(await refusal(get('nothing', 'n'))).toBe('404 NoSuchKey');
    expect(await refusal(list('nothing'))).toBe('404 NoSuchKey');
    expect(await refusal(remove('nothing', 'n'))).toBe('404 NoSuchKey');
    const { ETag } = await put('match');
    expect(await refusal(note('match', 'n', 'x', { ObjectIfMatch: '"other"' }))).toBe('412 PreconditionFailed');
    await note('match', 'n', 'x', { ObjectIfMatch: ETag });
    expect(await refusal(remove('match', 'n', { ObjectIfMatch: '"other"' }))).toBe('412 PreconditionFailed');
    await remove('match', 'n', { ObjectIfMatch: ETag });
    await put('match', { Body: 'else' });
    expect(await refusal(note('match', 'n', 'x', { ObjectIfMatch: ETag }))).toBe('412 PreconditionFailed');
  });
});

describe('annotations', () => {
  it('are listed by name, in pages, by prefix, and have a limit', async () => {
    await put('many');
    const all = Array.from({ length: 1000 }, (_, i) => `n.${String(i).padStart(4, '0')}`);
    for (let from = 0; from < all.length; from += 50)
      await Promise.all(all.slice(from, from + 50).map((name) => note('many', name, name)));
    expect(await refusal(note('many', 'more', 'x'))).toBe('400 AnnotationLimitExceeded');
    await note('many', all[7], 'replaced');
    const first = await list('many', { MaxAnnotationResults: 3, AnnotationPrefix: 'n.00' });
    expect(first).toMatchObject({
      Bucket,
      Key: 'many',
      AnnotationPrefix: 'n.00',
      AnnotationCount: 3,
      MaxAnnotationResults: 3,
      Annotations: [{ AnnotationName: all[0], Size: 6 }, { AnnotationName: all[1] }, { AnnotationName: all[2] }],
    });
    const ContinuationToken = first.NextContinuationToken;
    const second = await list('many', { MaxAnnotationResults: 200, AnnotationPrefix: 'n.00', ContinuationToken });
    expect(second).toMatchObject({ AnnotationCount: 97, ContinuationToken });
    expect(second.NextContinuationToken).toBeUndefined();
    expect(await names('many')).toEqual(all);
    expect(await refusal(list('many', { MaxAnnotationResults: 0 }))).toBe('400 InvalidArgument');
    expect(await refusal(list('many', { MaxAnnotationResults: 1001 }))).toBe('400 InvalidArgument');
    expect(await refusal(list('many', { AnnotationPrefix: 'a b' }))).toBe('400 InvalidPrefix');
    expect(await refusal(list('many', { ContinuationToken: '!' }))).toBe('400 InvalidArgument');
    await remove('many', all[0]);
    expect(await refusal(note('many', 'more', 'x'))).toBe('no error');
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'many' }));
    await setting.coffer.settled();
  });

  it('go with their object where there are no versions', async () => {
    await put('plain');
    await note('plain', 'n', 'x');
    await put('plain', { Body: 'again' });
    expect(await names('plain')).toEqual([]);
    await note('plain', 'n', 'y'.repeat(20_000));
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'plain' }));
    await put('plain');
    expect(await names('plain')).toEqual([]);
    await setting.coffer.settled();
  });

  it('belong to one version', async () => {
    const Versioned = { Bucket: 'notes-of-versions' };
    await setting.s3.send(new CreateBucketCommand(Versioned));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await setting.s3.send(new PutBucketVersioningCommand({ ...Versioned, VersioningConfiguration }));
    const one = (await put('k', Versioned)).VersionId;
    expect((await note('k', 'n', 'of one', Versioned)).ObjectVersionId).toBe(one);
    const two = (await put('k', Versioned)).VersionId;
    expect(await names('k', Versioned)).toEqual([]);
    await note('k', 'n', 'of two', Versioned);
    await note('k', 'late', 'of one too', { ...Versioned, VersionId: one });
    expect(await text('k', 'n', { ...Versioned, VersionId: one })).toBe('of one');
    expect(await names('k', { ...Versioned, VersionId: one })).toEqual(['late', 'n']);
    expect(await names('k', Versioned)).toEqual(['n']);
    const { VersionId: marker } = await setting.s3.send(new DeleteObjectCommand({ ...Versioned, Key: 'k' }));
    expect(await refusal(note('k', 'n', 'x', Versioned))).toBe('405 MethodNotAllowed');
    expect(await text('k', 'n', { ...Versioned, VersionId: two })).toBe('of two');
    for (const VersionId of [marker, two])
      await setting.s3.send(new DeleteObjectCommand({ ...Versioned, Key: 'k', VersionId }));
    expect(await text('k', 'n', Versioned)).toBe('of one');
    expect((await list('k', Versioned)).ObjectVersionId).toBe(one);
  });

  it('are copied along, unless told otherwise', async () => {
    await put('from');
    await note('from', 'small', 'few words', { ChecksumAlgorithm: 'SHA256' });
    await note('from', 'large', 'z'.repeat(50_000));
    await copy('to', 'from');
    expect(await names('to')).toEqual(['large', 'small']);
    expect(await text('to', 'large')).toBe('z'.repeat(50_000));
    expect((await get('to', 'small', { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBeDefined();
    await remove('from', 'small');
    expect(await text('to', 'small')).toBe('few words');
    await copy('without', 'from', { AnnotationDirective: 'EXCLUDE' });
    expect(await names('without')).toEqual([]);
    await copy('sums', 'to', { ChecksumAlgorithm: 'SHA1' });
    expect((await list('sums')).Annotations?.map(({ ChecksumAlgorithm }) => ChecksumAlgorithm)).toEqual([
      ['SHA1'],
      ['SHA1'],
    ]);
    await copy('to', 'to', { MetadataDirective: 'REPLACE' });
    expect(await names('to')).toEqual(['large', 'small']);
    expect(await refusal(copy('bad', 'to', { AnnotationDirective: 'MOVE' as 'COPY' }))).toBe('400 InvalidArgument');
    await put('to');
    expect(await names('sums')).toEqual(['large', 'small']);
  });
});

describe('encryption', () => {
  it('is that of the object', async () => {
    const kms = setting.coffer.client(KMSClient);
    const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
    for (const [Key, ServerSideEncryption] of [
      ['kms', 'aws:kms'],
      ['dsse', 'aws:kms:dsse'],
    ] as const) {
      await put(Key, { ServerSideEncryption, SSEKMSKeyId: key });
      for (const payload of ['short', 'l'.repeat(100_000)]) {
        expect(await note(Key, 'n', payload)).toMatchObject({ ServerSideEncryption });
        expect(await text(Key, 'n')).toBe(payload);
      }
    }
    await copy('plain-copy', 'dsse');
    await put('later');
    await note('later', 'n', 'before');
    const ObjectEncryption = { SSEKMS: { KMSKeyArn: key, BucketKeyEnabled: true } };
    await setting.s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key: 'later', ObjectEncryption }));
    expect(await text('later', 'n')).toBe('before');
    await note('later', 'm', 'after');
    await kms.send(new DisableKeyCommand({ KeyId: key }));
    await setting.coffer.clock.advance({ minutes: 6 });
    for (const [Key, name] of [
      ['kms', 'n'],
      ['dsse', 'n'],
      ['later', 'n'],
      ['later', 'm'],
    ])
      expect(await refusal(get(Key, name))).toBe('400 KMS.DisabledException');
    expect(await names('later')).toEqual(['m', 'n']);
    expect(await text('plain-copy', 'n')).toBe('l'.repeat(100_000));
  });

  it('by customers excludes annotations', async () => {
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const },
      BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] },
    };
    const ServerSideEncryptionConfiguration = { Rules: [rule] };
    await setting.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    const bytes = Buffer.alloc(32, 'k');
    const customer = {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: bytes.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64'),
    };
    await put('customer', customer);
    expect(await refusal(note('customer', 'n', 'x'))).toBe('400 InvalidRequest');
    await put('annotated');
    await note('annotated', 'n', 'x');
    expect(await refusal(copy('customer', 'annotated', customer))).toBe('400 InvalidRequest');
    expect(await refusal(copy('customer', 'annotated', { ...customer, AnnotationDirective: 'EXCLUDE' }))).toBe(
      'no error',
    );
  });
});

describe('who may', () => {
  it('says an action each, for versions too', async () => {
    const iam = setting.coffer.client(IAMClient);
    const RoleName = 'annotator';
    const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
    const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' };
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(trust) }));
    const allow = (...Action: string[]) => {
      const PolicyDocument = document({ Effect: 'Allow', Action, Resource: '*' });
      return iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument }));
    };
    const s3 = setting.coffer.client(S3Client, { as: `arn:aws:iam::000000000000:role/${RoleName}` });
    await put('held');
    await allow('s3:GetObject', 's3:PutObject', 's3:PutObjectTagging');
    await expect(note('held', 'n', 'x', {}, s3)).rejects.toThrow('s3:PutObjectAnnotation');
    await allow('s3:PutObjectAnnotation');
    await note('held', 'n', 'x', {}, s3);
    await expect(note('held', 'n', 'x', { VersionId: 'null' }, s3)).rejects.toThrow('s3:PutObjectVersionAnnotation');
    await expect(get('held', 'n', {}, s3)).rejects.toThrow('s3:GetObjectAnnotation');
    await expect(s3.send(new ListObjectAnnotationsCommand({ Bucket, Key: 'held' }))).rejects.toThrow(
      's3:ListObjectAnnotations',
    );
    await expect(
      s3.send(new DeleteObjectAnnotationCommand({ Bucket, Key: 'held', AnnotationName: 'n' })),
    ).rejects.toThrow('s3:DeleteObjectAnnotation');
    const copied = (more: object) =>
      s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/held`, ...more }));
    await allow('s3:GetObject', 's3:PutObject');
    await expect(copied({})).rejects.toThrow('s3:GetObjectAnnotation');
    expect(await refusal(copied({ AnnotationDirective: 'EXCLUDE' }))).toBe('no error');
    await allow('s3:GetObject', 's3:PutObject', 's3:GetObjectAnnotation', 's3:PutObjectAnnotation');
    expect(await refusal(copied({}))).toBe('no error');
  });

  it('says Object Lock', async () => {
    const Locked = { Bucket: 'locked-notes' };
    await setting.s3.send(new CreateBucketCommand({ ...Locked, ObjectLockEnabledForBucket: true }));
    await put('k', Locked);
    await note('k', 'n', 'x', Locked);
    const RetainUntilDate = new Date(setting.coffer.clock.now().getTime() + 86_400_000);
    const Retention = { Mode: 'GOVERNANCE' as const, RetainUntilDate };
    await setting.s3.send(new PutObjectRetentionCommand({ ...Locked, Key: 'k', Retention }));
    expect(await refusal(remove('k', 'n', Locked))).toBe('403 AccessDenied');
    const command = new DeleteObjectAnnotationCommand({ ...Locked, Key: 'k', AnnotationName: 'n' });
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-bypass-governance-retention'] = 'true';
        return next(args);
      },
      { step: 'build' },
    );
    expect(await refusal(setting.s3.send(command))).toBe('no error');
  });
});

it('events tell of annotations', async () => {
  const Watched = { Bucket: 'watched-notes' };
  await setting.s3.send(new CreateBucketCommand(Watched));
  const sqs = setting.coffer.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'notes' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const QueueArn = Attributes!.QueueArn!;
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await setting.s3.send(
    new PutBucketNotificationConfigurationCommand({
      ...Watched,
      NotificationConfiguration: { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectAnnotation:*'] }] },
    }),
  );
  await put('k', Watched);
  await note('k', 'n', 'x', Watched);
  await remove('k', 'n', Watched);
  await remove('k', 'n', Watched);
  await setting.coffer.settled();
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  const events = Messages!.flatMap(({ Body }) => JSON.parse(Body!).Records ?? []);
  expect(events.map(({ eventName, s3 }) => [eventName, s3.object.key]).sort()).toEqual([
    ['ObjectAnnotation:Delete', 'k'],
    ['ObjectAnnotation:Put', 'k'],
  ]);
});
