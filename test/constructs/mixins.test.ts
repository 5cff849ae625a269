/** Mixins: on CDK's bucket, on a bare resource, on a whole app; beside what is there; used in the runtime. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AccessLogBucket,
  AccessLogs,
  BucketAbortUploads,
  BucketAccessLogs,
  BucketBlockSseC,
  BucketCors,
  BucketEncryption,
  BucketEventBridge,
  BucketIntelligentTiering,
  BucketInventory,
  BucketLifecycle,
  BucketMfaDeleteAudit,
  BucketObjectLock,
  BucketOwnerEnforced,
  BucketPerimeter,
  BucketRequestMetrics,
  BucketSecure,
  BucketTlsOnly,
  BucketUploadEncryption,
  CofferChecks,
  Encryption,
  Lifecycle,
  Perimeter,
} from '@coffer/constructs';
import { startCoffer } from '@coffer/runtime';
import { App, Duration, Mixins, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IMixin } from 'constructs';

process.env.CDK_VALIDATION = 'false';

const context = require('aws-cdk-lib/recommended-feature-flags.json');
const stackOf = () => new Stack(new App({ context }), 'S');

/** Makes a bucket in each of the two ways, with something there already. */
const ways: [string, (stack: Stack) => s3.Bucket | s3.CfnBucket][] = [
  [
    'CDK',
    (stack) =>
      new s3.Bucket(stack, 'B', {
        versioned: true,
        lifecycleRules: [{ id: 'there', expiration: Duration.days(9) }],
        cors: [{ id: 'there', allowedMethods: [s3.HttpMethods.GET], allowedOrigins: ['https://a.example'] }],
        metrics: [{ id: 'there' }],
        intelligentTieringConfigurations: [{ name: 'there', archiveAccessTierTime: Duration.days(90) }],
        encryption: s3.BucketEncryption.S3_MANAGED,
      }),
  ],
  [
    'CloudFormation',
    (stack) =>
      new s3.CfnBucket(stack, 'B', {
        versioningConfiguration: { status: 'Enabled' },
        lifecycleConfiguration: { rules: [{ id: 'there', status: 'Enabled', expirationInDays: 9 }] },
        corsConfiguration: {
          corsRules: [{ id: 'there', allowedMethods: ['GET'], allowedOrigins: ['https://a.example'] }],
        },
        metricsConfigurations: [{ id: 'there' }],
        intelligentTieringConfigurations: [
          { id: 'there', status: 'Enabled', tierings: [{ accessTier: 'ARCHIVE_ACCESS', days: 90 }] },
        ],
        bucketEncryption: {
          serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
        },
      }),
  ],
];

describe.each(ways)('a bucket of %s', (_way, make) => {
  function applied(...mixins: IMixin[]) {
    const stack = stackOf();
    make(stack).with(...mixins);
    const template = Template.fromStack(stack);
    const buckets = Object.entries(template.findResources('AWS::S3::Bucket'));
    const properties = buckets.find(([id]) => id.startsWith('B'))![1].Properties;
    const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const own = policies.filter((it) => JSON.stringify(it.Properties.Bucket).includes('"B'));
    const sids: string[] = own.flatMap((it) =>
      it.Properties.PolicyDocument.Statement.map((s: { Sid: string }) => s.Sid),
    );
    return { template, properties, policies: own, sids };
  }
  const ids = (list: { Id: string }[]) => list.map((it) => it.Id);

  test.each<[string, IMixin, (properties: Record<string, never>) => unknown, unknown]>([
    [
      'lifecycle rules',
      new BucketLifecycle(Lifecycle.uploads()),
      (it) => ids((it.LifecycleConfiguration as { Rules: [] }).Rules),
      ['there', 'uploads', 'uploads-delete-markers'],
    ],
    [
      'the end of unfinished uploads',
      new BucketAbortUploads(Duration.days(3)),
      (it) => (it.LifecycleConfiguration as { Rules: unknown[] }).Rules.at(-1),
      {
        Id: 'abort-unfinished-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
      },
    ],
    [
      'CORS',
      new BucketCors({ id: 'mine', allowedMethods: ['PUT'], allowedOrigins: ['https://b.example'] }),
      (it) => ids((it.CorsConfiguration as { CorsRules: [] }).CorsRules),
      ['there', 'mine'],
    ],
    ['request metrics', new BucketRequestMetrics(), (it) => ids(it.MetricsConfigurations), ['there', 'EntireBucket']],
    [
      'archive tiers',
      new BucketIntelligentTiering({ name: 'mine', deepArchiveAccessTierTime: Duration.days(180) }),
      (it) => ids(it.IntelligentTieringConfigurations),
      ['there', 'mine'],
    ],
    [
      'inventory',
      new BucketInventory({
        id: 'mine',
        enabled: true,
        includedObjectVersions: 'All',
        scheduleFrequency: 'Weekly',
        destination: { bucketArn: 'arn:aws:s3:::reports', format: 'Parquet' },
      }),
      (it) => ids(it.InventoryConfigurations),
      ['mine'],
    ],
    [
      'events',
      new BucketEventBridge(),
      (it) => it.NotificationConfiguration,
      { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    ],
    [
      'ownership',
      new BucketOwnerEnforced(),
      (it) => it.OwnershipControls,
      { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    ],
    [
      'a lock',
      new BucketObjectLock(s3.ObjectLockRetention.governance(Duration.days(5))),
      (it) => it.ObjectLockConfiguration,
      { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Days: 5, Mode: 'GOVERNANCE' } } },
    ],
  ])('is given %s beside what is there', (_what, mixin, read, expected) => {
    expect(read(applied(mixin).properties)).toEqual(expected);
  });

  test('is encrypted under a key of its own, callers’ keys stay blocked whatever comes first', () => {
    for (const mixins of [
      [new BucketEncryption(), new BucketBlockSseC()],
      [new BucketBlockSseC(), new BucketEncryption()],
    ]) {
      const { properties, template } = applied(...mixins);
      expect(properties.BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
        {
          BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: expect.anything() },
        },
      ]);
      template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    }
  });

  test('has one policy, whatever is added to it and how often', () => {
    const perimeter = new BucketPerimeter(new Perimeter({ organizationId: 'o-a1b2c3d4e5' }));
    const { sids, policies } = applied(new BucketTlsOnly(), perimeter, new BucketTlsOnly());
    expect(policies).toHaveLength(1);
    expect(sids).toEqual(['DenyPlainHttp', 'DenyOldTls', 'DenyOtherOrganizations', 'DenyServicesOfOthers']);
  });

  test('sends its access logs to the shared bucket, or to the one given', () => {
    expect(applied(new BucketAccessLogs()).properties.LoggingConfiguration).toEqual({
      DestinationBucketName: { Ref: expect.stringMatching(/^AccessLogs/) },
      LogFilePrefix: 'B/',
      TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
    });
    const stack = stackOf();
    const logs = new AccessLogBucket(stack, 'Mine');
    make(stack).with(new BucketAccessLogs(AccessLogs.to(logs, 'x/')));
    Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', {
      LoggingConfiguration: { LogFilePrefix: 'x/', DestinationBucketName: { Ref: Match.stringLikeRegexp('^Mine') } },
    });
  });

  test('has its MFA delete watched', () => {
    const { template } = applied(new BucketMfaDeleteAudit());
    template.hasResourceProperties('AWS::Config::ConfigRule', {
      Scope: { ComplianceResourceId: { Ref: Match.stringLikeRegexp('^B') } },
    });
  });

  test('lacks nothing after BucketSecure', () => {
    const stack = stackOf();
    make(stack).with(new BucketSecure());
    expect(new CofferChecks().validateScope(stack).violations).toEqual([]);
    expect(() => Template.fromStack(stack)).not.toThrow();
  });
});

test('a whole app is made secure, its log buckets left what they are', () => {
  const app = new App({ context });
  const [one, two] = ['One', 'Two'].map((name) => new Stack(app, name));
  new s3.Bucket(one, 'A');
  new s3.CfnBucket(two, 'B');
  Mixins.of(app).requireAny().apply(new BucketSecure());
  Mixins.of(app).apply(new BucketAccessLogs());
  expect(new CofferChecks().validateScope(app).violations).toEqual([]);
  for (const stack of [one, two]) {
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 2);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
  }
});

test('what no bucket can hold is refused by the mixin itself', () => {
  expect(() => new BucketTlsOnly(1.1)).toThrow(
    'invalid props of BucketTlsOnly:\n  minimumTlsVersion is 1.1; allowed: 1.2 or 1.3; fix: leave it out for 1.2',
  );
  expect(() => new BucketAbortUploads(Duration.hours(12))).toThrow(
    'invalid props of BucketAbortUploads:\n  after is 0.5; allowed: whole days, at least 1; fix: pass Duration.days(7)',
  );
});

test('in the runtime a retrofitted bucket refuses another key, and still serves its readers', async () => {
  const stack = stackOf();
  const key = new kms.Key(stack, 'Key');
  const bucket = new s3.Bucket(stack, 'B');
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountPrincipal(stack.account) });
  const encryption = Encryption.customerKey(key);
  bucket.with(new BucketEncryption(encryption), new BucketUploadEncryption(encryption), new BucketTlsOnly());
  bucket.grantRead(reader);
  key.grantDecrypt(reader);
  const coffer = await startCoffer();
  try {
    const deployed = await coffer.deploy(stack);
    const Bucket = deployed.resource(bucket).physicalId!;
    const s3client = coffer.client(S3Client);
    const put = (more: object) => s3client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...more }));
    await expect(put({ ServerSideEncryption: 'AES256' })).rejects.toMatchObject({ name: 'AccessDenied' });
    expect((await put({})).SSEKMSKeyId).toContain(deployed.resource(key).physicalId);
    const read = await coffer.client(S3Client, { as: reader }).send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(await read.Body!.transformToString()).toBe('x');
  } finally {
    await coffer.close();
  }
});
