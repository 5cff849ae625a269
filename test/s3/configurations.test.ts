import * as sdk from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'well-configured';
const Target = 'log-target';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new sdk.CreateBucketCommand({ Bucket }));
  await setting.s3.send(new sdk.CreateBucketCommand({ Bucket: Target }));
});
afterAll(() => setting.coffer.close());

// biome-ignore lint/suspicious/noExplicitAny: commands are named by text here
const command = (name: string, input: object) => new (sdk as any)[`${name}Command`]({ Bucket, ...input });
// biome-ignore lint/suspicious/noExplicitAny: as above
const send = (name: string, input: object = {}): Promise<any> => setting.s3.send(command(name, input));

interface Family {
  readonly name: string;
  readonly put: [name: string, input: object];
  readonly get: [name: string, input?: object];
  readonly told: object;
  readonly drop?: [name: string, input?: object];
  /** What reading answers when there is none. */
  readonly none?: string;
}

const lifecycleRule = {
  ID: 'all',
  Status: 'Enabled',
  Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }] } },
  Transitions: [
    { Days: 30, StorageClass: 'STANDARD_IA' },
    { Days: 90, StorageClass: 'GLACIER' },
  ],
  Expiration: { Days: 365 },
  NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
};
const corsRule = {
  AllowedMethods: ['PUT'],
  AllowedOrigins: ['https://*.example.com'],
  AllowedHeaders: ['*'],
  ExposeHeaders: ['ETag'],
  MaxAgeSeconds: 60,
};
const inventory = {
  Id: 'daily',
  IsEnabled: true,
  IncludedObjectVersions: 'All',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Target}`, Format: 'CSV' } },
};
const tiering = { Id: 'cold', Status: 'Enabled', Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }] };

const families: Family[] = [
  {
    name: 'lifecycle',
    put: ['PutBucketLifecycleConfiguration', { LifecycleConfiguration: { Rules: [lifecycleRule] } }],
    get: ['GetBucketLifecycleConfiguration'],
    told: { Rules: [lifecycleRule], TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K' },
    drop: ['DeleteBucketLifecycle'],
    none: '404 NoSuchLifecycleConfiguration',
  },
  {
    name: 'CORS',
    put: ['PutBucketCors', { CORSConfiguration: { CORSRules: [corsRule] } }],
    get: ['GetBucketCors'],
    told: { CORSRules: [corsRule] },
    drop: ['DeleteBucketCors'],
    none: '404 NoSuchCORSConfiguration',
  },
  {
    name: 'logging',
    put: [
      'PutBucketLogging',
      { BucketLoggingStatus: { LoggingEnabled: { TargetBucket: Target, TargetPrefix: 'a/' } } },
    ],
    get: ['GetBucketLogging'],
    told: { LoggingEnabled: { TargetBucket: Target, TargetPrefix: 'a/' } },
  },
  {
    name: 'website',
    put: ['PutBucketWebsite', { WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } }],
    get: ['GetBucketWebsite'],
    told: { IndexDocument: { Suffix: 'index.html' } },
    drop: ['DeleteBucketWebsite'],
    none: '404 NoSuchWebsiteConfiguration',
  },
  {
    name: 'tags',
    put: ['PutBucketTagging', { Tagging: { TagSet: [{ Key: 'team', Value: 'blue' }] } }],
    get: ['GetBucketTagging'],
    told: { TagSet: [{ Key: 'team', Value: 'blue' }] },
    drop: ['DeleteBucketTagging'],
    none: '404 NoSuchTagSet',
  },
  {
    name: 'public access',
    put: ['PutPublicAccessBlock', { PublicAccessBlockConfiguration: { BlockPublicAcls: true } }],
    get: ['GetPublicAccessBlock'],
    told: { PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: false } },
    drop: ['DeletePublicAccessBlock'],
    none: '404 NoSuchPublicAccessBlockConfiguration',
  },
  {
    name: 'ownership',
    put: ['PutBucketOwnershipControls', { OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }],
    get: ['GetBucketOwnershipControls'],
    told: { OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } },
    drop: ['DeleteBucketOwnershipControls'],
    none: '404 OwnershipControlsNotFoundError',
  },
  {
    name: 'payer',
    put: ['PutBucketRequestPayment', { RequestPaymentConfiguration: { Payer: 'Requester' } }],
    get: ['GetBucketRequestPayment'],
    told: { Payer: 'Requester' },
  },
  {
    name: 'acceleration',
    put: ['PutBucketAccelerateConfiguration', { AccelerateConfiguration: { Status: 'Enabled' } }],
    get: ['GetBucketAccelerateConfiguration'],
    told: { Status: 'Enabled' },
  },
  {
    name: 'ABAC',
    put: ['PutBucketAbac', { AbacStatus: { Status: 'Enabled' } }],
    get: ['GetBucketAbac'],
    told: { AbacStatus: { Status: 'Enabled' } },
  },
  {
    name: 'inventory',
    put: ['PutBucketInventoryConfiguration', { Id: 'daily', InventoryConfiguration: inventory }],
    get: ['GetBucketInventoryConfiguration', { Id: 'daily' }],
    told: { InventoryConfiguration: inventory },
    drop: ['DeleteBucketInventoryConfiguration', { Id: 'daily' }],
    none: '404 NoSuchConfiguration',
  },
  {
    name: 'analytics',
    put: [
      'PutBucketAnalyticsConfiguration',
      { Id: 'a', AnalyticsConfiguration: { Id: 'a', Filter: { Prefix: 'p' }, StorageClassAnalysis: {} } },
    ],
    get: ['GetBucketAnalyticsConfiguration', { Id: 'a' }],
    told: { AnalyticsConfiguration: { Id: 'a', Filter: { Prefix: 'p' } } },
    drop: ['DeleteBucketAnalyticsConfiguration', { Id: 'a' }],
    none: '404 NoSuchConfiguration',
  },
  {
    name: 'metrics',
    put: ['PutBucketMetricsConfiguration', { Id: 'm', MetricsConfiguration: { Id: 'm' } }],
    get: ['GetBucketMetricsConfiguration', { Id: 'm' }],
    told: { MetricsConfiguration: { Id: 'm' } },
    drop: ['DeleteBucketMetricsConfiguration', { Id: 'm' }],
    none: '404 NoSuchConfiguration',
  },
  {
    name: 'Intelligent-Tiering',
    put: ['PutBucketIntelligentTieringConfiguration', { Id: 'cold', IntelligentTieringConfiguration: tiering }],
    get: ['GetBucketIntelligentTieringConfiguration', { Id: 'cold' }],
    told: { IntelligentTieringConfiguration: tiering },
    drop: ['DeleteBucketIntelligentTieringConfiguration', { Id: 'cold' }],
    none: '404 NoSuchConfiguration',
  },
];

describe.each(families)('$name', ({ put, get, told, drop, none }) => {
  it('is put, told and dropped', async () => {
    await send(...put);
    expect(await send(...get)).toMatchObject(told);
    if (!drop) return;
    await send(...drop);
    expect(await refusal(send(...get))).toBe(none);
  });
});

describe('what S3 does not accept', () => {
  const lifecycle = (rule: object) => ({
    LifecycleConfiguration: { Rules: [{ Status: 'Enabled', Filter: { Prefix: '' }, ...rule }] },
  });
  const cases: [what: string, operation: string, input: object, error: string][] = [
    ['no action', 'PutBucketLifecycleConfiguration', lifecycle({}), '400 InvalidRequest'],
    ['day zero', 'PutBucketLifecycleConfiguration', lifecycle({ Expiration: { Days: 0 } }), '400 InvalidArgument'],
    [
      'IA before 30 days',
      'PutBucketLifecycleConfiguration',
      lifecycle({ Transitions: [{ Days: 1, StorageClass: 'STANDARD_IA' }] }),
      '400 InvalidArgument',
    ],
    [
      'expiry before transition',
      'PutBucketLifecycleConfiguration',
      lifecycle({ Transitions: [{ Days: 60, StorageClass: 'GLACIER' }], Expiration: { Days: 60 } }),
      '400 InvalidArgument',
    ],
    [
      'a way back up',
      'PutBucketLifecycleConfiguration',
      lifecycle({
        Transitions: [
          { Days: 60, StorageClass: 'GLACIER' },
          { Days: 90, StorageClass: 'STANDARD_IA' },
        ],
      }),
      '400 InvalidArgument',
    ],
    [
      'noon',
      'PutBucketLifecycleConfiguration',
      lifecycle({ Expiration: { Date: new Date('2030-01-01T12:00:00Z') } }),
      '400 InvalidArgument',
    ],
    [
      'markers by tag',
      'PutBucketLifecycleConfiguration',
      lifecycle({ Filter: { Tag: { Key: 'a', Value: 'b' } }, Expiration: { ExpiredObjectDeleteMarker: true } }),
      '400 InvalidRequest',
    ],
    [
      'a strange method',
      'PutBucketCors',
      { CORSConfiguration: { CORSRules: [{ ...corsRule, AllowedMethods: ['PATCH'] }] } },
      '400 InvalidRequest',
    ],
    [
      'two wildcards',
      'PutBucketCors',
      { CORSConfiguration: { CORSRules: [{ ...corsRule, AllowedOrigins: ['*.*'] }] } },
      '400 InvalidRequest',
    ],
    [
      'no log target',
      'PutBucketLogging',
      { BucketLoggingStatus: { LoggingEnabled: { TargetBucket: 'nothing-here', TargetPrefix: '' } } },
      '400 InvalidTargetBucketForLogging',
    ],
    [
      'a slash in the index',
      'PutBucketWebsite',
      { WebsiteConfiguration: { IndexDocument: { Suffix: 'a/b' } } },
      '400 InvalidArgument',
    ],
    [
      'replication without versions',
      'PutBucketReplication',
      {
        ReplicationConfiguration: {
          Role: 'arn:aws:iam::000000000000:role/r',
          Rules: [{ Status: 'Enabled', Prefix: '', Destination: { Bucket: `arn:aws:s3:::${Target}` } }],
        },
      },
      '400 InvalidRequest',
    ],
    [
      'a lock without versions',
      'PutObjectLockConfiguration',
      { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } },
      '409 InvalidBucketState',
    ],
    [
      'another id',
      'PutBucketInventoryConfiguration',
      { Id: 'other', InventoryConfiguration: inventory },
      '400 IdMismatch',
    ],
    [
      'an early archive',
      'PutBucketIntelligentTieringConfiguration',
      {
        Id: 'cold',
        IntelligentTieringConfiguration: { ...tiering, Tierings: [{ Days: 1, AccessTier: 'ARCHIVE_ACCESS' }] },
      },
      '400 InvalidRequest',
    ],
    ['a system tag', 'PutBucketTagging', { Tagging: { TagSet: [{ Key: 'aws:x', Value: '' }] } }, '400 InvalidTag'],
    [
      'a tag twice',
      'PutBucketTagging',
      {
        Tagging: {
          TagSet: [
            { Key: 'x', Value: '' },
            { Key: 'x', Value: '' },
          ],
        },
      },
      '400 InvalidTag',
    ],
    [
      'MFA delete without MFA',
      'PutBucketVersioning',
      { VersioningConfiguration: { Status: 'Enabled', MFADelete: 'Enabled' } },
      '403 AccessDenied',
    ],
    [
      'an encryption that is none',
      'PutBucketEncryption',
      {
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:tsse' } }],
        },
      },
      '400 MalformedXML',
    ],
    ['torrents', 'GetObjectTorrent', { Key: 'k' }, '501 NotImplemented'],
  ];
  it.each(cases)('%s', async (_, operation, input, error) => {
    expect(await refusal(send(operation, input))).toBe(error);
  });
});

describe('Object Lock', () => {
  const locked = 'locked-away';
  const day = (n: number) => new Date(setting.coffer.clock.now().getTime() + n * 86_400_000);

  it('keeps versions until their time, or who may bypass', async () => {
    const { s3, coffer } = setting;
    await s3.send(new sdk.CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));
    const DefaultRetention = { Mode: 'GOVERNANCE', Days: 2 } as const;
    await send('PutObjectLockConfiguration', {
      Bucket: locked,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } },
    });
    const { VersionId } = await s3.send(new sdk.PutObjectCommand({ Bucket: locked, Key: 'k', Body: 'x' }));
    const head = await s3.send(new sdk.HeadObjectCommand({ Bucket: locked, Key: 'k' }));
    expect(head).toMatchObject({ ObjectLockMode: 'GOVERNANCE' });
    const remove = (more: object = {}) => send('DeleteObject', { Bucket: locked, Key: 'k', VersionId, ...more });
    expect(await refusal(remove())).toBe('403 AccessDenied');
    expect((await send('DeleteObject', { Bucket: locked, Key: 'k' })).DeleteMarker).toBe(true);
    const retain = (Mode: string, until: Date, more: object = {}) =>
      send('PutObjectRetention', {
        Bucket: locked,
        Key: 'k',
        VersionId,
        Retention: { Mode, RetainUntilDate: until },
        ...more,
      });
    expect(await refusal(retain('GOVERNANCE', day(1)))).toBe('403 AccessDenied');
    await retain('GOVERNANCE', day(1), { BypassGovernanceRetention: true });
    expect(await refusal(retain('COMPLIANCE', day(3)))).toBe('403 AccessDenied');
    await retain('COMPLIANCE', day(3), { BypassGovernanceRetention: true });
    expect(await refusal(retain('COMPLIANCE', day(2), { BypassGovernanceRetention: true }))).toBe('403 AccessDenied');
    expect(await refusal(remove({ BypassGovernanceRetention: true }))).toBe('403 AccessDenied');
    await send('PutObjectLegalHold', { Bucket: locked, Key: 'k', VersionId, LegalHold: { Status: 'ON' } });
    await coffer.clock.advance({ days: 4 });
    expect(await refusal(remove())).toBe('403 AccessDenied');
    await send('PutObjectLegalHold', { Bucket: locked, Key: 'k', VersionId, LegalHold: { Status: 'OFF' } });
    expect(await refusal(remove())).toBe('no error');
    expect(
      await refusal(send('PutBucketVersioning', { Bucket: locked, VersioningConfiguration: { Status: 'Suspended' } })),
    ).toBe('409 InvalidBucketState');
  });
});
