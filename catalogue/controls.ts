/**
 * Controls of Security Hub (AWS Foundational Security Best Practices, NIST) and of the CIS AWS Foundations Benchmark, as
 * conditions on resources of a template. Only what a template can show; what a control says of an account (S3.1, trails,
 * Macie) is not here. Sources: Security Hub User Guide, "Security Hub CSPM controls reference"; CIS AWS Foundations
 * Benchmark v3.0/v5.0 and v7.0.
 */
import type { Resource } from './app';

/** One control: which resources it is about, and when one of them satisfies it. */
export interface Control {
  /** Security Hub's ids. */
  readonly ids: string;
  /** CIS's numbers, v3.0/v5.0 and v7.0. */
  readonly cis?: string;
  readonly title: string;
  readonly type: string;
  readonly holds: (resource: Resource, all: readonly Resource[]) => boolean;
}

type Statement = { Effect: string; Principal?: unknown; Action: unknown; Resource?: unknown; Condition?: unknown };

const statements = (document: { Statement?: Statement[] } | undefined): Statement[] => document?.Statement ?? [];
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

/** The statements of the policy of a bucket, which is in its own stack. */
function bucketPolicy(bucket: Resource, all: readonly Resource[]): Statement[] {
  return all
    .filter(
      ({ type, stack, properties }) =>
        type === 'AWS::S3::BucketPolicy' && stack === bucket.stack && properties.Bucket?.Ref === bucket.logicalId,
    )
    .flatMap(({ properties }) => statements(properties.PolicyDocument));
}

const isLogTarget = (bucket: Resource, all: readonly Resource[]) =>
  all.some(
    ({ stack, properties }) =>
      stack === bucket.stack && properties.LoggingConfiguration?.DestinationBucketName?.Ref === bucket.logicalId,
  );

const blocksPublic = ({ properties }: Resource) =>
  ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
    (flag) => properties.PublicAccessBlockConfiguration?.[flag] === true,
  );

const SENSITIVE = [
  's3:DeleteBucketPolicy',
  's3:PutBucketAcl',
  's3:PutBucketPolicy',
  's3:PutEncryptionConfiguration',
  's3:PutObjectAcl',
];

const behaviours = ({ properties }: Resource) => [
  properties.DistributionConfig.DefaultCacheBehavior,
  ...(properties.DistributionConfig.CacheBehaviors ?? []),
];

const allows = (resource: Resource) =>
  statements(resource.properties.PolicyDocument).filter(({ Effect }) => Effect === 'Allow');

export const CONTROLS: readonly Control[] = [
  {
    ids: 'S3.2, S3.3, S3.8',
    cis: '2.1.4; 3.1.4',
    title: 'Public access is blocked, all four ways',
    type: 'AWS::S3::Bucket',
    holds: blocksPublic,
  },
  {
    ids: 'S3.5',
    cis: '2.1.1; 3.1.1',
    title: 'Requests without TLS are denied',
    type: 'AWS::S3::Bucket',
    holds: (bucket, all) =>
      bucketPolicy(bucket, all).some(
        ({ Effect, Condition }) => Effect === 'Deny' && JSON.stringify(Condition ?? {}).includes('aws:SecureTransport'),
      ),
  },
  {
    ids: 'S3.6',
    title: 'Policies give nobody else the actions that undo protection',
    type: 'AWS::S3::Bucket',
    holds: (bucket, all) =>
      bucketPolicy(bucket, all)
        .filter(({ Effect }) => Effect === 'Allow')
        .every(({ Action }) =>
          list(Action).every((action) => action !== 's3:*' && !SENSITIVE.includes(String(action))),
        ),
  },
  {
    ids: 'S3.7',
    title: 'Replicated (to another Region, where the stack says so)',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) =>
      list(properties.ReplicationConfiguration?.Rules).some(
        (rule) => (rule as { Status: string }).Status === 'Enabled',
      ),
  },
  {
    ids: 'S3.9',
    title: 'Access is logged, or it is the bucket that receives the logs',
    type: 'AWS::S3::Bucket',
    holds: (bucket, all) =>
      bucket.properties.LoggingConfiguration?.DestinationBucketName !== undefined || isLogTarget(bucket, all),
  },
  {
    ids: 'S3.10, S3.13',
    title: 'A lifecycle is there',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) =>
      list(properties.LifecycleConfiguration?.Rules).some((rule) => (rule as { Status: string }).Status === 'Enabled'),
  },
  {
    ids: 'S3.11',
    title: 'Events are told',
    type: 'AWS::S3::Bucket',
    holds: (bucket, all) =>
      bucket.properties.NotificationConfiguration !== undefined ||
      all.some(
        ({ type, stack, properties }) =>
          type === 'Custom::S3BucketNotifications' &&
          stack === bucket.stack &&
          properties.BucketName?.Ref === bucket.logicalId,
      ),
  },
  {
    ids: 'S3.12',
    title: 'ACLs are off',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) => properties.OwnershipControls?.Rules?.[0]?.ObjectOwnership === 'BucketOwnerEnforced',
  },
  {
    ids: 'S3.14',
    title: 'Versions are kept',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) => properties.VersioningConfiguration?.Status === 'Enabled',
  },
  {
    ids: 'S3.15',
    title: 'Objects are locked',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) => properties.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled',
  },
  {
    ids: 'S3.17',
    title: 'Encrypted under a KMS key',
    type: 'AWS::S3::Bucket',
    holds: ({ properties }) =>
      list(properties.BucketEncryption?.ServerSideEncryptionConfiguration).every((rule) =>
        /^aws:kms/.test(
          (rule as { ServerSideEncryptionByDefault?: { SSEAlgorithm?: string } }).ServerSideEncryptionByDefault
            ?.SSEAlgorithm ?? '',
        ),
      ),
  },
  {
    ids: 'KMS.4',
    cis: '3.6; 4.6',
    title: 'The key rotates',
    type: 'AWS::KMS::Key',
    holds: ({ properties }) => properties.EnableKeyRotation === true,
  },
  {
    ids: 'KMS.5',
    title: 'The key is open to nobody outside',
    type: 'AWS::KMS::Key',
    holds: ({ properties }) =>
      statements(properties.KeyPolicy).every(
        ({ Effect, Principal }) =>
          Effect !== 'Allow' || !list((Principal as { AWS?: unknown })?.AWS ?? Principal).includes('*'),
      ),
  },
  {
    ids: 'KMS.1',
    title: 'No policy decrypts under every key',
    type: 'AWS::IAM::ManagedPolicy',
    holds: (policy) =>
      allows(policy).every(
        ({ Action, Resource }) =>
          !list(Resource).includes('*') ||
          !list(Action).some((action) => /^kms:(\*|Decrypt|ReEncryptFrom)/.test(String(action))),
      ),
  },
  {
    ids: 'IAM.1, IAM.21',
    title: 'No policy allows everything, or a whole service',
    type: 'AWS::IAM::ManagedPolicy',
    holds: (policy) =>
      allows(policy).every(({ Action }) => list(Action).every((action) => !/^(\*|\w+:\*)$/.test(String(action)))),
  },
  {
    ids: 'SNS.1',
    title: 'Messages are encrypted',
    type: 'AWS::SNS::Topic',
    holds: ({ properties }) => properties.KmsMasterKeyId !== undefined,
  },
  {
    ids: 'SQS.1',
    title: 'Messages are encrypted',
    type: 'AWS::SQS::Queue',
    holds: ({ properties }) => properties.SqsManagedSseEnabled === true || properties.KmsMasterKeyId !== undefined,
  },
  {
    ids: 'Lambda.7',
    title: 'Calls are traced',
    type: 'AWS::Lambda::Function',
    holds: ({ properties }) => properties.TracingConfig?.Mode === 'Active',
  },
  {
    ids: 'CloudWatch.15, CloudWatch.17',
    title: 'Alarms tell somebody',
    type: 'AWS::CloudWatch::Alarm',
    holds: ({ properties }) => properties.AlarmActions?.length > 0 && properties.ActionsEnabled !== false,
  },
  {
    ids: 'CloudWatch.16',
    title: 'Logs are kept for a year',
    type: 'AWS::Logs::LogGroup',
    holds: ({ properties }) => properties.RetentionInDays >= 365,
  },
  {
    ids: 'Athena.4',
    title: 'Queries are measured',
    type: 'AWS::Athena::WorkGroup',
    holds: ({ properties }) => properties.WorkGroupConfiguration?.PublishCloudWatchMetricsEnabled === true,
  },
  {
    ids: 'Backup.1',
    title: 'Recovery points are encrypted under a key of their own',
    type: 'AWS::Backup::BackupVault',
    holds: ({ properties }) => properties.EncryptionKeyArn !== undefined,
  },
  {
    ids: 'CloudFront.1',
    title: 'A default root object is set',
    type: 'AWS::CloudFront::Distribution',
    holds: ({ properties }) => Boolean(properties.DistributionConfig.DefaultRootObject),
  },
  {
    ids: 'CloudFront.3',
    title: 'Viewers use TLS',
    type: 'AWS::CloudFront::Distribution',
    holds: (distribution) =>
      behaviours(distribution).every(({ ViewerProtocolPolicy }) =>
        /^(https-only|redirect-to-https)$/.test(ViewerProtocolPolicy),
      ),
  },
  {
    ids: 'CloudFront.4',
    title: 'A second origin stands by',
    type: 'AWS::CloudFront::Distribution',
    holds: ({ properties }) => properties.DistributionConfig.OriginGroups?.Items?.length > 0,
  },
  {
    ids: 'CloudFront.6',
    title: 'A web ACL is in front',
    type: 'AWS::CloudFront::Distribution',
    holds: ({ properties }) => properties.DistributionConfig.WebACLId !== undefined,
  },
  {
    ids: 'CloudFront.7, CloudFront.8, CloudFront.15',
    title: "A certificate of one's own, by SNI, with a recommended TLS policy",
    type: 'AWS::CloudFront::Distribution',
    holds: ({ properties }) => properties.DistributionConfig.ViewerCertificate?.SslSupportMethod === 'sni-only',
  },
  {
    ids: 'CloudFront.13',
    title: 'Buckets are reached by origin access control',
    type: 'AWS::CloudFront::Distribution',
    holds: ({ properties }) =>
      list(properties.DistributionConfig.Origins).every(
        (origin) => (origin as { OriginAccessControlId?: unknown }).OriginAccessControlId !== undefined,
      ),
  },
  {
    ids: 'CloudFront.17',
    title: 'Signed by key groups',
    type: 'AWS::CloudFront::Distribution',
    holds: (distribution) => behaviours(distribution).every(({ TrustedKeyGroups }) => TrustedKeyGroups?.length > 0),
  },
];
