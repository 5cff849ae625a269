/**
 * Configurations that S3 refuses or takes and ignores, made with aws-cdk-lib alone, which lets every one of them pass.
 * Each is to be found by the audit pack, by the mixin and by the rules for templates.
 */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';

export interface Wrong {
  /** What is wrong, in words. */
  readonly what: string;
  readonly rule: string;
  /** The problem, in the exact words. */
  readonly says: string;
  /** Makes it in a stack; the bucket to blame. */
  readonly make: (stack: Stack) => s3.Bucket | s3.CfnBucket;
  /** S3 takes it, and does not what it seems to say. Everything else S3 refuses. */
  readonly taken?: true;
}

const days = (n: number) => Duration.days(n);
const IA = s3.StorageClass.INFREQUENT_ACCESS;
const to = (storageClass: s3.StorageClass, after: number) => ({ storageClass, transitionAfter: days(after) });
const cool = (...transitions: s3.Transition[]): s3.LifecycleRule => ({ id: 'r', transitions });

const rules =
  (...lifecycleRules: s3.LifecycleRule[]) =>
  (stack: Stack) =>
    new s3.Bucket(stack, 'Bad', { versioned: true, lifecycleRules });
const unversioned =
  (...lifecycleRules: s3.LifecycleRule[]) =>
  (stack: Stack) =>
    new s3.Bucket(stack, 'Bad', { lifecycleRules });
const plain = (rule: Partial<s3.CfnBucket.RuleProperty>) => (stack: Stack) =>
  new s3.CfnBucket(stack, 'Bad', {
    versioningConfiguration: { status: 'Enabled' },
    lifecycleConfiguration: { rules: [{ id: 'r', status: 'Enabled', ...rule }] },
  });

const RULE = 'LifecycleConfiguration.Rules[0]';

/** A replicated pair: a role, a source and a destination, either of which may be wrong. */
const replicated =
  (
    source: Partial<s3.CfnBucketProps>,
    destination: Partial<s3.CfnBucketProps>,
    rule: Partial<s3.CfnBucket.ReplicationRuleProperty> = {},
    more: Partial<s3.CfnBucket.ReplicationDestinationProperty> = {},
  ) =>
  (stack: Stack) => {
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('s3.amazonaws.com') });
    const other = new s3.CfnBucket(stack, 'Other', destination);
    return new s3.CfnBucket(stack, 'Bad', {
      ...source,
      replicationConfiguration: {
        role: role.roleArn,
        rules: [
          {
            id: 'r',
            status: 'Enabled',
            priority: 1,
            filter: {},
            deleteMarkerReplication: { status: 'Disabled' },
            destination: { bucket: other.attrArn, ...more },
            ...rule,
          },
        ],
      },
    });
  };

const versions = { versioningConfiguration: { status: 'Enabled' } };
const underKey = {
  ...versions,
  bucketEncryption: {
    serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' } }],
  },
};
const REPLICA = 'ReplicationConfiguration.Rules[0]';

const lifecycle: Wrong[] = [
  {
    what: 'Standard-IA at ten days',
    rule: 'Coffer-LifecycleTransition',
    says: `${RULE}.Transitions[0].TransitionInDays is 10; allowed: at least 30 for STANDARD_IA; fix: use 30, or GLACIER_IR or INTELLIGENT_TIERING, which take objects at once`,
    make: rules(cool(to(IA, 10))),
  },
  {
    what: 'Glacier before Standard-IA',
    rule: 'Coffer-LifecycleTransition',
    says: `${RULE}.Transitions[1].StorageClass is "STANDARD_IA"; allowed: DEEP_ARCHIVE after GLACIER; fix: put the warmer class first, or leave one of the two out`,
    make: rules(cool(to(s3.StorageClass.GLACIER, 30), to(IA, 60))),
  },
  {
    what: 'Glacier ten days after Standard-IA',
    rule: 'Coffer-LifecycleTransition',
    says: `${RULE}.Transitions[1].TransitionInDays is 40; allowed: at least 60: 30 days after STANDARD_IA; fix: use 60`,
    make: rules(cool(to(IA, 30), to(s3.StorageClass.GLACIER, 40))),
  },
  {
    what: 'expiry before the transition',
    rule: 'Coffer-LifecycleTransition',
    says: `${RULE}.ExpirationInDays is 20; allowed: more than the 30 of the last transition; fix: expire later, or leave out the move`,
    make: rules({ ...cool(to(IA, 30)), expiration: days(20) }),
  },
  {
    what: 'non-current expiry with the transition',
    rule: 'Coffer-LifecycleTransition',
    says: `${RULE}.NoncurrentVersionExpiration.NoncurrentDays is 30; allowed: more than the 30 of the last non-current transition; fix: expire later, or leave out the move`,
    make: rules({
      id: 'r',
      noncurrentVersionTransitions: [to(IA, 30)],
      noncurrentVersionExpiration: days(30),
    }),
  },
  {
    what: 'two rules of one id',
    rule: 'Coffer-LifecycleRule',
    says: 'LifecycleConfiguration.Rules[1].Id is "r"; allowed: an id of its own; Rules[0] has it; fix: rename one of the two',
    make: rules({ id: 'r', expiration: days(9) }, { id: 'r', prefix: 'a/', expiration: days(5) }),
  },
  {
    what: 'aborting uploads by tag',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.TagFilters is [{"Key":"a","Value":"b"}]; allowed: none beside AbortIncompleteMultipartUpload: an unfinished upload has neither tags nor size; fix: move AbortIncompleteMultipartUpload to a rule of its own`,
    make: rules({ id: 'r', abortIncompleteMultipartUploadAfter: days(7), tagFilters: { a: 'b' } }),
  },
  {
    what: 'dates and days in one rule',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE} is "days and dates"; allowed: one of the two in a rule; fix: make two rules, or use days throughout`,
    make: rules({ ...cool(to(IA, 30)), expirationDate: new Date('2030-01-01') }),
  },
  {
    what: 'expiry after no days',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.ExpirationInDays is 0; allowed: whole days, at least 1; fix: use 1 or more`,
    make: plain({ expirationInDays: 0 }),
  },
  {
    what: 'expired delete markers beside days',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.ExpiredObjectDeleteMarker is true; allowed: not beside ExpirationInDays; fix: move ExpiredObjectDeleteMarker to a rule of its own`,
    make: plain({ expiredObjectDeleteMarker: true, expirationInDays: 5 }),
  },
  {
    what: 'more versions kept than can be',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.NoncurrentVersionExpiration.NewerNoncurrentVersions is 101; allowed: whole numbers from 1 to 100; fix: use at most 100`,
    make: rules({ id: 'r', noncurrentVersionExpiration: days(5), noncurrentVersionsToRetain: 101 }),
  },
  {
    what: 'sizes that no object has',
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.ObjectSizeGreaterThan is 500; allowed: at least 2 less than ObjectSizeLessThan, 100; fix: exchange the two, or set them apart: no object is both`,
    make: rules({ id: 'r', expiration: days(5), objectSizeGreaterThan: 500, objectSizeLessThan: 100 }),
  },
  {
    what: 'old versions where none are kept',
    taken: true,
    rule: 'Coffer-LifecycleRule',
    says: `${RULE}.NoncurrentVersionExpiration is "r"; allowed: only where versions are kept: it never acts; fix: enable versioning, or remove it`,
    make: unversioned({ id: 'r', noncurrentVersionExpiration: days(5) }),
  },
];

const locks: Wrong[] = [
  {
    what: 'a lock with versioning suspended',
    rule: 'Coffer-ObjectLock',
    says: 'VersioningConfiguration.Status is "Suspended"; allowed: Enabled with Object Lock, which locks versions; fix: enable it',
    make: (stack) =>
      new s3.CfnBucket(stack, 'Bad', {
        objectLockEnabled: true,
        versioningConfiguration: { status: 'Suspended' },
      }),
  },
  {
    what: 'a compliance lock on what is to be emptied',
    taken: true,
    rule: 'Coffer-ObjectLock',
    says: 'Tags is "aws-cdk:auto-delete-objects"; allowed: not with Object Lock: locked versions cannot be deleted, so neither can the stack; fix: leave out autoDeleteObjects and retain the bucket',
    make: (stack) =>
      new s3.Bucket(stack, 'Bad', {
        objectLockDefaultRetention: s3.ObjectLockRetention.compliance(days(30)),
        removalPolicy: RemovalPolicy.DESTROY,
        autoDeleteObjects: true,
      }),
  },
  {
    what: 'logs to a bucket with a default retention',
    rule: 'Coffer-LogTarget',
    says: 'LoggingConfiguration.DestinationBucketName is "a bucket with a default retention"; allowed: a bucket without one: S3 delivers no logs to it; fix: leave out the default retention there, or log elsewhere',
    make: (stack) =>
      new s3.Bucket(stack, 'Bad', {
        serverAccessLogsBucket: new s3.Bucket(stack, 'Logs', {
          objectLockDefaultRetention: s3.ObjectLockRetention.governance(days(30)),
        }),
      }),
  },
  {
    what: 'logs to itself',
    taken: true,
    rule: 'Coffer-LogTarget',
    says: 'LoggingConfiguration.DestinationBucketName is "the bucket itself"; allowed: another bucket: each log would be logged in turn; fix: log to a bucket of its own',
    make: (stack) => new s3.Bucket(stack, 'Bad', { serverAccessLogsPrefix: 'logs/' }),
  },
];

const replication: Wrong[] = [
  {
    what: 'a replicated bucket without versions',
    rule: 'Coffer-Replication',
    says: 'VersioningConfiguration.Status is not set; allowed: Enabled on a bucket that is replicated; fix: enable it',
    make: replicated({}, versions),
  },
  {
    what: 'a replica without versions',
    rule: 'Coffer-Replication',
    says: `${REPLICA}.Destination.Bucket is "a bucket that keeps no versions"; allowed: a bucket with versioning Enabled; fix: enable it there`,
    make: replicated(versions, {}),
  },
  {
    what: 'objects under a key that replication leaves out',
    taken: true,
    rule: 'Coffer-Replication',
    says: `${REPLICA}.SourceSelectionCriteria.SseKmsEncryptedObjects.Status is not set; allowed: Enabled where objects are encrypted under a KMS key: else none of them is copied; fix: enable it and name a ReplicaKmsKeyID`,
    make: replicated(underKey, versions),
  },
  {
    what: 'a promise of 15 minutes without its metrics',
    rule: 'Coffer-Replication',
    says: `${REPLICA}.Destination.Metrics.Status is not set; allowed: Enabled beside ReplicationTime; fix: enable the metrics`,
    make: replicated(versions, versions, {}, { replicationTime: { status: 'Enabled', time: { minutes: 15 } } }),
  },
  {
    what: 'a locked bucket replicated to an unlocked one',
    rule: 'Coffer-Replication',
    says: `${REPLICA}.Destination.Bucket is "a bucket without Object Lock"; allowed: a bucket with ObjectLockEnabled, since the source has it; fix: make the destination with Object Lock`,
    make: replicated({ ...versions, objectLockEnabled: true }, versions),
  },
  {
    what: 'delete markers by tag',
    rule: 'Coffer-Replication',
    says: `${REPLICA}.DeleteMarkerReplication.Status is "Enabled"; allowed: Disabled with a filter by tag: a delete marker has no tags; fix: filter by prefix, or disable it`,
    make: replicated(versions, versions, {
      filter: { tagFilter: { key: 'a', value: 'b' } },
      deleteMarkerReplication: { status: 'Enabled' },
    }),
  },
];

const others: Wrong[] = [
  {
    what: 'two notifications for one event',
    rule: 'Coffer-NotificationOverlap',
    says: 'NotificationConfiguration.QueueConfigurations[1] is "s3:ObjectCreated:Put for in/a*.jpg"; allowed: events and keys that NotificationConfiguration.QueueConfigurations[0] (in/*) does not want too; fix: tell the filters apart, or send events to EventBridge, SNS or SQS and fan out there',
    make: (stack) => {
      const filter = (prefix: string, suffix?: string) => ({
        s3Key: {
          rules: [{ name: 'prefix', value: prefix }, ...(suffix ? [{ name: 'suffix', value: suffix }] : [])],
        },
      });
      const queue = `arn:aws:sqs:${stack.region}:${stack.account}:q`;
      return new s3.CfnBucket(stack, 'Bad', {
        notificationConfiguration: {
          queueConfigurations: [
            { event: 's3:ObjectCreated:*', queue, filter: filter('in/') },
            { event: 's3:ObjectCreated:Put', queue, filter: filter('in/a', '.jpg') },
          ],
        },
      });
    },
  },
  {
    what: 'a tier after ten days',
    rule: 'Coffer-IntelligentTiering',
    says: 'IntelligentTieringConfigurations[0].Tierings[0].Days is 10; allowed: 90 to 730 for ARCHIVE_ACCESS; fix: use 90',
    make: (stack) =>
      new s3.CfnBucket(stack, 'Bad', {
        intelligentTieringConfigurations: [
          { id: 'i', status: 'Enabled', tierings: [{ accessTier: 'ARCHIVE_ACCESS', days: 10 }] },
        ],
      }),
  },
  {
    what: 'a key beside SSE-S3',
    rule: 'Coffer-Encryption',
    says: 'BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID is "a key"; allowed: none with AES256; fix: use aws:kms, or leave out the key',
    make: (stack) =>
      new s3.CfnBucket(stack, 'Bad', {
        bucketEncryption: {
          serverSideEncryptionConfiguration: [
            {
              serverSideEncryptionByDefault: {
                sseAlgorithm: 'AES256',
                kmsMasterKeyId: new kms.Key(stack, 'Key').keyArn,
              },
            },
          ],
        },
      }),
  },
];

export const WRONG: Wrong[] = [...lifecycle, ...locks, ...replication, ...others];
