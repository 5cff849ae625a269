import { AccessLogBucket, SecureBucket, type SecureBucketProps } from '@coffer/constructs';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';

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
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
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
  expect(second.accessLogs).toBe(AccessLogBucket.shared(stack));
  Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 3);
});

test('a given key and log bucket are used, none is made', () => {
  const stack = new Stack(new App(), 'S');
  const encryptionKey = new kms.Key(stack, 'Key', { enableKeyRotation: true });
  const accessLogs = new AccessLogBucket(stack, 'Logs', { retention: Duration.days(30) });
  const bucket = new SecureBucket(stack, 'Data', { encryptionKey, accessLogs, accessLogsPrefix: 'a/b/' });
  expect(bucket.key).toBe(encryptionKey);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::KMS::Key', 1);
  template.resourceCountIs('AWS::S3::Bucket', 2);
  template.hasResourceProperties('AWS::S3::Bucket', { LoggingConfiguration: { LogFilePrefix: 'a/b/' } });
});

test('a log bucket in another stack is named without making a cycle', () => {
  const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'strong' } });
  const logs = new AccessLogBucket(new Stack(app, 'Logs'), 'Bucket');
  new SecureBucket(new Stack(app, 'Data'), 'Data', { accessLogs: logs });
  expect(() => app.synth()).not.toThrow();
});

test('grants are exact actions on managed policies, bounded by the prefix', () => {
  const { stack, bucket } = build({ removalPolicy: RemovalPolicy.DESTROY });
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

test.each<[string, SecureBucketProps, RegExp]>([
  ['old TLS', { minimumTlsVersion: 1.1 }, /minimumTlsVersion is 1.1; allowed: 1.2 or 1.3; fix: leave it out for 1.2/],
  ['a prefix without slash', { accessLogsPrefix: 'logs' }, /accessLogsPrefix is "logs"; .*fix: use "Data\/"/],
  ['part of a day', { abortMultipartAfter: Duration.hours(5) }, /abortMultipartAfter is 0.208.*whole days/],
])('refuses %s with path, value and fix', (_what, props, message) => {
  expect(() => build(props)).toThrow(message);
  expect(() => build(props)).toThrow(/S\/Data/);
});

test('names every problem at once', () => {
  expect(() => build({ minimumTlsVersion: 1, accessLogsPrefix: '/x' })).toThrow(
    /minimumTlsVersion[\s\S]*accessLogsPrefix/,
  );
});

test('a log bucket refuses a retention of no whole days', () => {
  const stack = new Stack(new App(), 'S');
  expect(() => new AccessLogBucket(stack, 'Logs', { retention: Duration.minutes(5) })).toThrow(/retention is 0.003/);
});
