import {
  AccessLogBucket,
  AccessLogs,
  Encryption,
  Lifecycle,
  Perimeter,
  Removal,
  SecureBucket,
  type SecureBucketProps,
  StorageChoice,
  UploadEncryption,
  Versioning,
} from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
} from 'cdk-nag';

process.env.CDK_VALIDATION = 'false'; // two thirds of a synth's time; the stacks are validated in test/cdk

/** Recommended flags on, none set: a construct of a library meets both. */
const flagSets: [string, Record<string, unknown>][] = [
  ['no feature flags', {}],
  ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
];

function build(props: SecureBucketProps = {}, context: Record<string, unknown> = {}) {
  const app = new App({ context });
  const stack = new Stack(app, 'S');
  const bucket = new SecureBucket(stack, 'Data', props);
  return { app, stack, bucket };
}

describe.each(flagSets)('SecureBucket with %s', (_name, context) => {
  test('is secure without being asked', () => {
    const template = Template.fromStack(build({}, context).stack);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' },
          },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LoggingConfiguration: {
        LogFilePrefix: 'Data/',
        TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
      },
      LifecycleConfiguration: {
        Rules: [{ Id: 'abort-unfinished-uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }],
      },
    });
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } },
          }),
        ]),
      },
    });
  });

  test('has its logs delivered by policy, for its own account and ARN only', () => {
    const template = Template.fromStack(build({}, context).stack);
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'logging.s3.amazonaws.com' },
            Action: 's3:PutObject',
            Condition: { ArnLike: Match.anyValue(), StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
    template.allResourcesProperties('AWS::S3::Bucket', { AccessControl: Match.absent() });
  });

  test('passes the AwsSolutions pack, grants included', () => {
    const { app, bucket, stack } = build({}, context);
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal(stack.account) });
    bucket.access.read(role, { prefix: 'in/' });
    bucket.access.upload(role, { prefix: 'out/' });
    const report = new AwsSolutionsChecks(app).validateScope(app);
    expect(report.violations).toEqual([]);
  });
});

test('buckets of a stack share one log bucket, each under its prefix', () => {
  const { stack } = build();
  const second = new SecureBucket(stack, 'More');
  expect(second.accessLogsBucket).toBe(AccessLogBucket.shared(stack));
  Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 3);
});

test('a given key and log bucket are used, none is made', () => {
  const stack = new Stack(new App(), 'S');
  const encryptionKey = new kms.Key(stack, 'Key', { enableKeyRotation: true });
  const accessLogs = new AccessLogBucket(stack, 'Logs', { retention: Duration.days(30) });
  const bucket = new SecureBucket(stack, 'Data', {
    encryption: Encryption.customerKey(encryptionKey),
    accessLogs: AccessLogs.to(accessLogs, 'a/b/'),
  });
  expect(bucket.encryptionKey).toBe(encryptionKey);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::KMS::Key', 1);
  template.resourceCountIs('AWS::S3::Bucket', 2);
  template.hasResourceProperties('AWS::S3::Bucket', { LoggingConfiguration: { LogFilePrefix: 'a/b/' } });
});

test('a log bucket in another stack is named without making a cycle', () => {
  const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'strong' } });
  const logs = new AccessLogBucket(new Stack(app, 'Logs'), 'Bucket');
  new SecureBucket(new Stack(app, 'Data'), 'Data', { accessLogs: AccessLogs.to(logs) });
  expect(() => app.synth()).not.toThrow();
});

test('grants are exact actions on managed policies, bounded by the prefix', () => {
  const { stack, bucket } = build({ removal: Removal.DESTROY });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal(stack.account) });
  expect(bucket.access.upload(role, { prefix: 'out/' })).toBe(bucket.access.read(role, { prefix: 'in/' }));
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::IAM::Policy', 0);
  template.resourceCountIs('AWS::IAM::ManagedPolicy', 1);
  const policy = Object.values(template.findResources('AWS::IAM::ManagedPolicy'))[0];
  const actions = policy.Properties.PolicyDocument.Statement.flatMap((s: { Action: string | string[] }) => s.Action);
  expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
  expect(policy.Properties.PolicyDocument.Statement).toContainEqual(
    expect.objectContaining({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': ['in/*'] } } }),
  );
});

/** The policy statements of the bucket `Data`, by Sid. */
function statements(
  props: SecureBucketProps,
): Record<string, { Condition: unknown; Action: unknown; Resource: unknown }> {
  const { stack } = build(props);
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::S3::BucketPolicy'));
  const all = policies.flatMap((policy) => policy.Properties.PolicyDocument.Statement);
  return Object.fromEntries(all.filter((s) => s.Sid !== undefined).map((s) => [s.Sid, s]));
}

const key = (document: Record<string, { Condition: unknown }>, sid: string) => document[sid]?.Condition;

test('uploads that name another algorithm or key, or a key of the caller, are denied', () => {
  const denied = statements({});
  const arn = { 'Fn::GetAtt': [expect.stringMatching(/^DataKey/), 'Arn'] };
  expect(Object.keys(denied).filter((sid) => sid.startsWith('Deny'))).toEqual([
    'DenySseC',
    'DenyOtherAlgorithm',
    'DenyOtherKey',
    'DenyKeyOfAws',
  ]);
  expect(key(denied, 'DenyOtherAlgorithm')).toEqual({
    StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
    Null: { 's3:x-amz-server-side-encryption': 'false' },
  });
  expect(key(denied, 'DenyOtherKey')).toEqual({
    StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': arn },
    Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' },
  });
  expect(key(statements({ uploadEncryption: UploadEncryption.STATED }), 'DenyUnstatedEncryption')).toEqual({
    Null: { 's3:x-amz-server-side-encryption': 'true' },
  });
  expect(key(statements({ uploadEncryption: UploadEncryption.ANY }), 'DenyOtherKey')).toBeUndefined();
});

test('a perimeter holds principals and services to the organisation, and objects to networks', () => {
  const perimeter = new Perimeter({
    organizationId: 'o-a1b2c3d4e5',
    vpcEndpointIds: ['vpce-0a1b2c3d'],
    sourceCidrs: ['203.0.113.0/24'],
    exemptPrincipalArns: ['arn:aws:iam::111122223333:role/deploy'],
  });
  const denied = statements({ perimeter });
  expect(key(denied, 'DenyOtherOrganizations')).toEqual({
    StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' },
    BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
  });
  expect(key(denied, 'DenyServicesOfOthers')).toMatchObject({
    StringNotEqualsIfExists: { 'aws:SourceOrgID': 'o-a1b2c3d4e5' },
  });
  expect(key(denied, 'DenyOtherNetworks')).toEqual({
    StringNotEqualsIfExists: { 'aws:SourceVpce': ['vpce-0a1b2c3d'] },
    NotIpAddressIfExists: { 'aws:SourceIp': ['203.0.113.0/24'] },
    ArnNotLikeIfExists: { 'aws:PrincipalArn': ['arn:aws:iam::111122223333:role/deploy'] },
    BoolIfExists: { 'aws:PrincipalIsAWSService': 'false', 'aws:ViaAWSService': 'false' },
  });
  // Whoever changes the bucket's configuration from elsewhere can still put a mistake right.
  expect(JSON.stringify(denied.DenyOtherNetworks.Action)).not.toMatch(/BucketPolicy|s3:\*/);
});

function bucketOf(props: SecureBucketProps, context: Record<string, unknown> = {}) {
  const { stack, app } = build(props, context);
  const template = Template.fromStack(stack);
  const [id, resource] = Object.entries(template.findResources('AWS::S3::Bucket')).find(([it]) =>
    it.startsWith('Data'),
  )!;
  return { id, resource, properties: resource.Properties, template, app, stack };
}

test('other encryptions: SSE-S3 and DSSE, each key with rotation, a multi-Region one on request', () => {
  const rule = (props: SecureBucketProps) =>
    bucketOf(props).properties.BucketEncryption.ServerSideEncryptionConfiguration[0];
  const s3Managed = rule({ encryption: Encryption.s3Managed('public documents') });
  expect(s3Managed.ServerSideEncryptionByDefault).toEqual({ SSEAlgorithm: 'AES256' });
  expect(s3Managed.BlockedEncryptionTypes).toEqual({ EncryptionType: ['SSE-C'] });
  const dual = bucketOf({ encryption: Encryption.dualLayer() });
  expect(dual.properties.BucketEncryption.ServerSideEncryptionConfiguration[0]).toMatchObject({
    ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' },
  });
  dual.template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
  const { template } = bucketOf({ encryption: Encryption.multiRegionKey() });
  template.hasResourceProperties('AWS::KMS::Key', { MultiRegion: true, EnableKeyRotation: true });
});

test('each opt-out is recorded with its reason, in the template and for every nag pack', () => {
  const { app, resource } = bucketOf({
    encryption: Encryption.s3Managed('public documents'),
    versioning: Versioning.disabled('made again every night'),
    accessLogs: AccessLogs.none('a trail of data events is kept'),
  });
  expect(resource.Metadata['coffer:optOuts']).toEqual({
    customerKey: 'public documents',
    versioning: 'made again every night',
    accessLogs: 'a trail of data events is kept',
  });
  const packs = [AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R4Checks, NIST80053R5Checks, PCIDSS321Checks];
  const rules = packs.flatMap((Pack) => new Pack(app).validateScope(app).violations.map((v) => v.ruleName));
  expect(rules).toEqual([]);
});

test('data management: class, tiers, inventory, metrics, CORS, events, tags, a name of the account', () => {
  const inventory = new s3.Bucket(new Stack(new App(), 'Other'), 'Reports', { bucketName: 'reports' });
  const { properties, template } = bucketOf({
    bucketNamePrefix: 'orders',
    storageClass: StorageChoice.INTELLIGENT_TIERING,
    intelligentTieringConfigurations: [{ name: 'cold', archiveAccessTierTime: Duration.days(90) }],
    inventories: [
      { destination: { bucket: s3.Bucket.fromBucketName(inventory, 'R', 'reports') }, inventoryId: 'weekly' },
    ],
    metrics: [{ id: 'EntireBucket' }],
    cors: [{ allowedMethods: [s3.HttpMethods.GET], allowedOrigins: ['https://example.com'] }],
    eventBridgeEnabled: true,
    transferAcceleration: true,
    abacStatus: true,
    tags: { 'cost-centre': '42' },
  });
  expect(properties).toMatchObject({
    BucketNamePrefix: 'orders',
    BucketNamespace: 'account-regional',
    IntelligentTieringConfigurations: [{ Id: 'cold', Tierings: [{ AccessTier: 'ARCHIVE_ACCESS', Days: 90 }] }],
    InventoryConfigurations: [{ Id: 'weekly' }],
    MetricsConfigurations: [{ Id: 'EntireBucket' }],
    CorsConfiguration: { CorsRules: [{ AllowedMethods: ['GET'] }] },
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    AccelerateConfiguration: { AccelerationStatus: 'Enabled' },
    AbacStatus: 'Enabled',
    Tags: [{ Key: 'cost-centre', Value: '42' }],
  });
  expect(properties.LifecycleConfiguration.Rules).toContainEqual({
    Id: 'storage-class',
    Status: 'Enabled',
    Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 0 }],
  });
  template.hasResourceProperties('AWS::KMS::Key', { Tags: [{ Key: 'cost-centre', Value: '42' }] });
  template.resourceCountIs('AWS::Lambda::Function', 0);
});

test('Object Lock with retention, or without a default; MFA delete watched by AWS Config', () => {
  const retained = bucketOf({ objectLockDefaultRetention: s3.ObjectLockRetention.compliance(Duration.days(30)) });
  expect(retained.properties).toMatchObject({
    ObjectLockEnabled: true,
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } } },
  });
  const { properties, template, id } = bucketOf({ objectLockEnabled: true, mfaDeleteAudit: true });
  expect(properties.ObjectLockConfiguration).toEqual({ ObjectLockEnabled: 'Enabled' });
  template.hasResourceProperties('AWS::Config::ConfigRule', {
    Source: { Owner: 'AWS', SourceIdentifier: 'S3_BUCKET_MFA_DELETE_ENABLED' },
    Scope: { ComplianceResourceId: { Ref: id }, ComplianceResourceTypes: ['AWS::S3::Bucket'] },
  });
});

test('objects are destroyed with the bucket only after two steps', () => {
  const removal = Removal.destroyWithObjects();
  const first = bucketOf({ removal });
  expect(first.resource.DeletionPolicy).toBe('Retain');
  first.template.resourceCountIs('Custom::S3AutoDeleteObjects', 0);
  Annotations.fromStack(first.stack).hasWarning('/S/Data', Match.stringLikeRegexp('coffer:destroyObjects'));
  const second = bucketOf({ removal }, { [Removal.CONTEXT_KEY]: true });
  expect(second.resource.DeletionPolicy).toBe('Delete');
  second.template.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  second.template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Delete' });
  bucketOf({}).template.resourceCountIs('AWS::Lambda::Function', 0);
});

test.each<[string, Lifecycle, [string, number][]]>([
  [
    'logs',
    Lifecycle.logs(),
    [
      ['STANDARD_IA', 30],
      ['GLACIER_IR', 90],
    ],
  ],
  ['logs kept a month', Lifecycle.logs({ retention: Duration.days(30) }), []],
  [
    'archive',
    Lifecycle.archive(),
    [
      ['GLACIER', 0],
      ['DEEP_ARCHIVE', 90],
    ],
  ],
  ['a short archive', Lifecycle.archive({ retention: Duration.days(100) }), [['GLACIER', 0]]],
  [
    'uploads',
    Lifecycle.uploads(),
    [
      ['STANDARD_IA', 90],
      ['GLACIER_IR', 180],
    ],
  ],
  ['dataLake', Lifecycle.dataLake({ scratchPrefix: 'tmp/' }), [['INTELLIGENT_TIERING', 0]]],
  ['website', Lifecycle.website(), []],
  [
    'costOptimised',
    Lifecycle.costOptimised(),
    [
      ['STANDARD_IA', 30],
      ['GLACIER_IR', 90],
      ['GLACIER', 180],
      ['DEEP_ARCHIVE', 365],
    ],
  ],
  [
    'costOptimised in one zone',
    Lifecycle.costOptimised({ oneZone: true }),
    [
      ['ONEZONE_IA', 30],
      ['GLACIER', 180],
      ['DEEP_ARCHIVE', 365],
    ],
  ],
  [
    'costOptimised for unknown access',
    Lifecycle.costOptimised({ intelligentTieringAfter: Duration.days(0), deepArchiveAfter: Duration.days(365) }),
    [
      ['INTELLIGENT_TIERING', 0],
      ['DEEP_ARCHIVE', 365],
    ],
  ],
])('Lifecycle: %s', (_name, lifecycle, expected) => {
  const { properties } = bucketOf({ lifecycle });
  const rules: { Id: string; Transitions?: { StorageClass: string; TransitionInDays: number }[] }[] =
    properties.LifecycleConfiguration.Rules;
  const moves = rules.flatMap((rule) => rule.Transitions ?? []).map((t) => [t.StorageClass, t.TransitionInDays]);
  expect(moves).toEqual(expected);
  expect(new Set(rules.map((rule) => rule.Id)).size).toBe(rules.length);
  const unversioned = bucketOf({ lifecycle, versioning: Versioning.disabled('test') });
  expect(JSON.stringify(unversioned.properties.LifecycleConfiguration)).not.toMatch(/Noncurrent|DeleteMarker/);
});
