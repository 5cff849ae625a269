/** Every constraint of the validator that the well-known mistakes do not touch, in its exact words. */
import { AccessLogBucket, AccessLogs, CofferChecks, SecureBucket } from '@coffer/constructs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';

process.env.CDK_VALIDATION = 'false';

/** What the pack finds in a bucket with these properties, in template form. */
function found(properties: Record<string, unknown>): string[] {
  const stack = new Stack(new App(), 'S');
  const bucket = new s3.CfnBucket(stack, 'B');
  for (const [name, value] of Object.entries(properties)) bucket.addPropertyOverride(name, value);
  const { violations } = new CofferChecks({ baseline: false }).validateScope(stack);
  return violations.map((it) => `${it.severity === 'warning' ? 'warning: ' : ''}${it.description}; fix: ${it.fix}`);
}

const versions = { VersioningConfiguration: { Status: 'Enabled' } };
const lifecycle = (...rules: Record<string, unknown>[]) => ({
  ...versions,
  LifecycleConfiguration: { Rules: rules.map((rule) => ({ Status: 'Enabled', ...rule })) },
});
const step = (StorageClass: string, TransitionInDays?: number) => ({ StorageClass, TransitionInDays });
const RULE = 'LifecycleConfiguration.Rules[0]';

const abort = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } };
const noFilter =
  'none beside AbortIncompleteMultipartUpload: an unfinished upload has neither tags nor size; fix: move AbortIncompleteMultipartUpload to a rule of its own';
const ownRule = 'fix: move ExpiredObjectDeleteMarker to a rule of its own';

test.each<[string, Record<string, unknown>, string[]]>([
  [
    'more rules than S3 takes',
    lifecycle(...Array.from({ length: 1001 }, () => ({ ExpirationInDays: 1 }))),
    ['LifecycleConfiguration.Rules is "1001 rules"; allowed: at most 1000; fix: join rules, or filter by tag'],
  ],
  [
    'a long id',
    lifecycle({ Id: 'x'.repeat(256), ExpirationInDays: 1 }),
    [`${RULE}.Id is "256 characters"; allowed: at most 255 characters; fix: shorten the id`],
  ],
  [
    'a rule that does nothing',
    lifecycle({ Id: 'idle' }),
    [`${RULE} is "idle"; allowed: at least one action; fix: give it an action or remove it`],
  ],
  [
    'aborting by size',
    lifecycle({ ...abort, ObjectSizeGreaterThan: 5, ObjectSizeLessThan: 9 }),
    [
      `${RULE}.ObjectSizeGreaterThan is 5; allowed: ${noFilter}`,
      `${RULE}.ObjectSizeLessThan is 9; allowed: ${noFilter}`,
    ],
  ],
  [
    'aborting after no days',
    lifecycle({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } }),
    [
      `${RULE}.AbortIncompleteMultipartUpload.DaysAfterInitiation is 0; allowed: whole days, at least 1; fix: use 1 or more`,
    ],
  ],
  [
    'old versions after no days',
    lifecycle({ NoncurrentVersionExpiration: { NoncurrentDays: 0 } }),
    [`${RULE}.NoncurrentVersionExpiration.NoncurrentDays is 0; allowed: whole days, at least 1; fix: use 1 or more`],
  ],
  [
    'old versions after no days, as of old',
    lifecycle({ NoncurrentVersionExpirationInDays: 0 }),
    [`${RULE}.NoncurrentVersionExpirationInDays is 0; allowed: whole days, at least 1; fix: use 1 or more`],
  ],
  [
    'half a day',
    lifecycle({ ExpirationInDays: 1.5 }),
    [`${RULE}.ExpirationInDays is 1.5; allowed: whole days, at least 1; fix: use 1 or more`],
  ],
  [
    'before the object is there',
    lifecycle({ Transitions: [step('GLACIER', -1)] }),
    [`${RULE}.Transitions[0].TransitionInDays is -1; allowed: whole days, at least 0; fix: use 0 or more`],
  ],
  [
    'a move at no time',
    lifecycle({ Transitions: [step('GLACIER')] }),
    [`${RULE}.Transitions[0] is "GLACIER"; allowed: TransitionInDays or TransitionDate; fix: say when`],
  ],
  [
    'two moves at once',
    lifecycle({ Transitions: [step('GLACIER_IR', 5), step('DEEP_ARCHIVE', 5)] }),
    [
      `${RULE}.Transitions[1].TransitionInDays is 5; allowed: more than the 5 of GLACIER_IR; fix: leave out the warmer of the two`,
    ],
  ],
  [
    'after the coldest',
    lifecycle({ Transitions: [step('DEEP_ARCHIVE', 5), step('GLACIER', 200)] }),
    [
      `${RULE}.Transitions[1].StorageClass is "GLACIER"; allowed: nothing after DEEP_ARCHIVE; fix: put the warmer class first, or leave one of the two out`,
    ],
  ],
  [
    'out of one zone into Glacier Instant',
    lifecycle({ Transitions: [step('ONEZONE_IA', 30), step('GLACIER_IR', 90)] }),
    [
      `${RULE}.Transitions[1].StorageClass is "GLACIER_IR"; allowed: GLACIER, DEEP_ARCHIVE after ONEZONE_IA; fix: put the warmer class first, or leave one of the two out`,
    ],
  ],
  [
    'from Intelligent-Tiering to Standard-IA',
    lifecycle({ Transitions: [step('INTELLIGENT_TIERING', 0), step('STANDARD_IA', 60)] }),
    [
      `${RULE}.Transitions[1].StorageClass is "STANDARD_IA"; allowed: ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE after INTELLIGENT_TIERING; fix: put the warmer class first, or leave one of the two out`,
    ],
  ],
  [
    'old versions into Standard-IA too soon',
    lifecycle({ NoncurrentVersionTransitions: [step('STANDARD_IA', 29)] }),
    [
      `${RULE}.NoncurrentVersionTransitions[0].TransitionInDays is 29; allowed: at least 30 for STANDARD_IA; fix: use 30, or GLACIER_IR or INTELLIGENT_TIERING, which take objects at once`,
    ],
  ],
  [
    'a number of versions and no days',
    lifecycle({ NoncurrentVersionExpiration: { NewerNoncurrentVersions: 3 } }),
    [
      `${RULE}.NoncurrentVersionExpiration.NewerNoncurrentVersions is 3; allowed: only beside a number of days; fix: say after how many days too`,
    ],
  ],
  [
    'no versions in a move',
    lifecycle({ NoncurrentVersionTransitions: [{ ...step('GLACIER', 5), NewerNoncurrentVersions: 0 }] }),
    [
      `${RULE}.NoncurrentVersionTransitions[0].NewerNoncurrentVersions is 0; allowed: whole numbers from 1 to 100; fix: use at most 100`,
    ],
  ],
  [
    'markers beside a date and tags',
    lifecycle({
      ExpiredObjectDeleteMarker: true,
      ExpirationDate: '2030-01-01T00:00:00Z',
      TagFilters: [{ Key: 'a', Value: 'b' }],
    }),
    [
      `${RULE}.ExpiredObjectDeleteMarker is true; allowed: not beside ExpirationDate; ${ownRule}`,
      `${RULE}.ExpiredObjectDeleteMarker is true; allowed: not beside TagFilters; ${ownRule}`,
    ],
  ],
  [
    'an hour of the day',
    lifecycle({ ExpirationDate: '2030-01-01T10:00:00Z' }),
    [`${RULE}.ExpirationDate is "2030-01-01T10:00:00Z"; allowed: midnight UTC; fix: use a date alone, or T00:00:00Z`],
  ],
  [
    'the end before the move, by date',
    lifecycle({
      ExpirationDate: '2030-01-01T00:00:00Z',
      Transitions: [{ StorageClass: 'GLACIER', TransitionDate: '2030-01-02T00:00:00Z' }],
    }),
    [
      `${RULE}.ExpirationDate is "2030-01-01T00:00:00Z"; allowed: after the transition to GLACIER; fix: expire later, or leave out the move`,
    ],
  ],
  [
    'moved on before it paid',
    lifecycle({ Transitions: [step('GLACIER_IR', 0), step('GLACIER', 30)] }),
    [
      `warning: ${RULE}.Transitions[1].TransitionInDays is 30; allowed: at least 90: GLACIER_IR is paid for 90 days, and objects are moved on after 30; fix: use 90, or leave out GLACIER_IR`,
    ],
  ],
])('lifecycle: %s', (_what, properties, problems) => {
  expect(found(properties)).toEqual(problems);
});

const LOCK = 'ObjectLockConfiguration.Rule.DefaultRetention';
const lock = (DefaultRetention: Record<string, unknown>) => ({
  ObjectLockEnabled: true,
  ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } },
});
test.each<[string, Record<string, unknown>, string[]]>([
  [
    'a configuration without the lock',
    { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } },
    [
      'ObjectLockEnabled is not set; allowed: true beside ObjectLockConfiguration; it can be set only when the bucket is made; fix: set ObjectLockEnabled to true',
    ],
  ],
  ['no mode', lock({ Days: 5 }), [`${LOCK}.Mode is not set; allowed: GOVERNANCE or COMPLIANCE; fix: name the mode`]],
  [
    'no time',
    lock({ Mode: 'GOVERNANCE' }),
    [`${LOCK} is "neither Days nor Years"; allowed: one of the two; fix: keep one`],
  ],
  [
    'two times',
    lock({ Mode: 'GOVERNANCE', Days: 5, Years: 1 }),
    [`${LOCK} is "Days and Years"; allowed: one of the two; fix: keep one`],
  ],
  [
    'too many days',
    lock({ Mode: 'GOVERNANCE', Days: 36_501 }),
    [`${LOCK}.Days is 36501; allowed: whole days from 1 to 36500; fix: use 1 to 36500`],
  ],
  [
    'no years',
    lock({ Mode: 'COMPLIANCE', Years: 0 }),
    [`${LOCK}.Years is 0; allowed: whole years from 1 to 100; fix: use 1 to 100`],
  ],
])('Object Lock: %s', (_what, properties, problems) => {
  expect(found(properties)).toEqual(problems);
});

const REPLICA = 'ReplicationConfiguration.Rules[0]';
const rule = {
  Status: 'Enabled',
  Priority: 1,
  Filter: {},
  DeleteMarkerReplication: { Status: 'Disabled' },
  Destination: { Bucket: 'arn:aws:s3:::there' },
};
const replication = (...rules: Record<string, unknown>[]) => ({
  ...versions,
  BucketName: 'here',
  ReplicationConfiguration: {
    Role: 'arn:aws:iam::111122223333:role/r',
    Rules: rules.map((it) => ({ ...rule, ...it })),
  },
});
const destination = (more: Record<string, unknown>) => ({ Destination: { ...rule.Destination, ...more } });
test.each<[string, Record<string, unknown>, string[]]>([
  [
    'more rules than S3 takes',
    replication(...Array.from({ length: 1001 }, (_it, Priority) => ({ Priority }))),
    ['ReplicationConfiguration.Rules is "1001 rules"; allowed: at most 1000; fix: join rules'],
  ],
  [
    'ids and priorities twice',
    replication({ Id: 'a', Priority: 1 }, { Id: 'a', Priority: 1 }),
    [
      'ReplicationConfiguration.Rules[1].Id is "a"; allowed: one of its own; Rules[0] has it; fix: change one of the two',
      'ReplicationConfiguration.Rules[1].Priority is 1; allowed: one of its own; Rules[0] has it; fix: change one of the two',
    ],
  ],
  [
    'another owner of no account',
    replication(destination({ AccessControlTranslation: { Owner: 'Destination' } })),
    [
      `${REPLICA}.Destination.Account is not set; allowed: the account of the destination beside AccessControlTranslation; fix: name the account that is to own the replicas`,
    ],
  ],
  [
    'to itself',
    replication(destination({ Bucket: 'arn:aws:s3:::here' })),
    [
      `${REPLICA}.Destination.Bucket is "the bucket itself"; allowed: another bucket; fix: replicate to a second bucket`,
    ],
  ],
  [
    'encrypted objects without a key there',
    replication({ SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } } }),
    [
      `${REPLICA}.Destination.EncryptionConfiguration.ReplicaKmsKeyID is not set; allowed: the ARN of a key in the destination Region beside SseKmsEncryptedObjects; fix: name the key of the destination`,
    ],
  ],
  [
    'a key for objects that are left out',
    replication(
      destination({ EncryptionConfiguration: { ReplicaKmsKeyID: 'arn:aws:kms:us-east-1:111122223333:key/a' } }),
    ),
    [
      `${REPLICA}.SourceSelectionCriteria.SseKmsEncryptedObjects is not set; allowed: there beside EncryptionConfiguration; fix: enable it, or leave out the key of the replicas`,
    ],
  ],
  [
    'other minutes',
    replication(
      destination({
        ReplicationTime: { Status: 'Enabled', Time: { Minutes: 5 } },
        Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 10 } },
      }),
    ),
    [
      `${REPLICA}.Destination.ReplicationTime.Time.Minutes is 5; allowed: 15; fix: use 15`,
      `${REPLICA}.Destination.Metrics.EventThreshold.Minutes is 10; allowed: 15; fix: use 15`,
    ],
  ],
  [
    'changes of replicas without filter',
    replication({
      Filter: undefined,
      Prefix: '',
      DeleteMarkerReplication: undefined,
      SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' } },
    }),
    [
      `${REPLICA}.Filter is not set; allowed: a filter beside ReplicaModifications, if an empty one; fix: add Filter: {}`,
    ],
  ],
  [
    'a prefix twice',
    replication({ Prefix: 'a/', Filter: { Prefix: 'b/' } }),
    [`${REPLICA}.Prefix is "a/"; allowed: not beside Filter; fix: move the prefix into the filter`],
  ],
  [
    'nothing said of delete markers',
    replication({ Filter: { Prefix: 'a/' }, DeleteMarkerReplication: undefined }),
    [`${REPLICA}.DeleteMarkerReplication is not set; allowed: Enabled or Disabled beside Filter; fix: say which`],
  ],
  [
    'neither filter nor prefix',
    replication({ Filter: undefined, DeleteMarkerReplication: undefined }),
    [`${REPLICA}.Filter is not set; allowed: a Filter, or a Prefix; fix: add Filter: {} for all objects`],
  ],
  [
    'no priority',
    replication({ Priority: undefined }),
    [`${REPLICA}.Priority is not set; allowed: a number of its own beside Filter; fix: give each rule one`],
  ],
  ['a rule that is off', replication({ Status: 'Disabled', Prefix: 'a/' }), []],
])('replication: %s', (_what, properties, problems) => {
  expect(found(properties)).toEqual(problems);
});

const QUEUES = 'NotificationConfiguration.QueueConfigurations';
const queue = (...rules: [string, string][]) => ({
  Event: 's3:ObjectCreated:*',
  Queue: 'arn:aws:sqs:us-east-1:111122223333:q',
  Filter: { S3Key: { Rules: rules.map(([Name, Value]) => ({ Name, Value })) } },
});
test.each<[string, Record<string, unknown>, string[]]>([
  [
    'two prefixes in one',
    { NotificationConfiguration: { QueueConfigurations: [queue(['prefix', 'a'], ['prefix', 'b'])] } },
    [`${QUEUES}[0].Filter is ["a","b"]; allowed: one prefix per configuration; fix: make a configuration for each`],
  ],
  [
    'a wildcard',
    { NotificationConfiguration: { QueueConfigurations: [queue(['suffix', '*.jpg'])] } },
    [
      `warning: ${QUEUES}[0].Filter is "*.jpg"; allowed: a literal suffix: * and ? mean themselves; fix: leave the wildcard out`,
    ],
  ],
  [
    'more than S3 takes',
    {
      NotificationConfiguration: {
        QueueConfigurations: Array.from({ length: 101 }, (_it, i) => queue(['prefix', `${1000 + i}/`])),
      },
    },
    [
      'NotificationConfiguration is "101 configurations"; allowed: at most 100; fix: send events to EventBridge and filter there',
    ],
  ],
  [
    'apart by suffix',
    { NotificationConfiguration: { QueueConfigurations: [queue(['suffix', '.jpg']), queue(['suffix', '.png'])] } },
    [],
  ],
  [
    'a bucket key with two layers',
    {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' } },
        ],
      },
    },
    [
      'BucketEncryption.ServerSideEncryptionConfiguration[0].BucketKeyEnabled is true; allowed: false with aws:kms:dsse; fix: leave it out',
    ],
  ],
  [
    'tiers of one id, too late',
    {
      IntelligentTieringConfigurations: [
        { Id: 'a', Tierings: [{ AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 731 }] },
        { Id: 'a', Tierings: [] },
      ],
    },
    [
      'IntelligentTieringConfigurations[0].Tierings[0].Days is 731; allowed: 180 to 730 for DEEP_ARCHIVE_ACCESS; fix: use 730',
      'IntelligentTieringConfigurations[1].Id is "a"; allowed: an id of its own; fix: rename one of the two',
    ],
  ],
  [
    'an origin of two wildcards',
    { CorsConfiguration: { CorsRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://*.*.example'] }] } },
    [
      'CorsConfiguration.CorsRules[0].AllowedOrigins is "https://*.*.example"; allowed: at most one * in an origin; fix: write a rule for each origin',
    ],
  ],
  [
    'metrics of one id, inventory of an odd one',
    { MetricsConfigurations: [{ Id: 'a' }, { Id: 'a' }], InventoryConfigurations: [{ Id: 'a b' }] },
    [
      'InventoryConfigurations[0].Id is "a b"; allowed: 1 to 64 letters, digits, ., _ and -; fix: shorten it or leave out what is not allowed',
      'MetricsConfigurations[1].Id is "a"; allowed: an id of its own; [0] has it; fix: rename one of the two',
    ],
  ],
  [
    'more rules for browsers than S3 takes',
    { CorsConfiguration: { CorsRules: Array.from({ length: 101 }, () => ({ AllowedMethods: ['GET'] })) } },
    ['CorsConfiguration.CorsRules is "101 rules"; allowed: at most 100; fix: join rules'],
  ],
])('%s', (_what, properties, problems) => {
  expect(found(properties)).toEqual(problems);
});

test('access logs stay in the Region and account of their bucket', () => {
  const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'weak' } });
  const logs = new AccessLogBucket(
    new Stack(app, 'Logs', { env: { account: '111122223333', region: 'eu-west-1' } }),
    'B',
  );
  const data = new Stack(app, 'Data', { env: { account: '444455556666', region: 'us-east-1' } });
  expect(() => new SecureBucket(data, 'B', { accessLogs: AccessLogs.to(logs) })).toThrow(
    new Error(
      'invalid props of Data/B:\n' +
        '  LoggingConfiguration.DestinationBucketName is "a bucket of region eu-west-1"; allowed: a bucket of region us-east-1, where the bucket is; fix: log to a bucket of the same Region and account\n' +
        '  LoggingConfiguration.DestinationBucketName is "a bucket of account 111122223333"; allowed: a bucket of account 444455556666, where the bucket is; fix: log to a bucket of the same Region and account',
    ),
  );
});

test('a log bucket under a key is only warned of, one that is imported as well', () => {
  const stack = new Stack(new App(), 'S');
  const logs = new SecureBucket(stack, 'Logs');
  new SecureBucket(stack, 'Data', { accessLogs: AccessLogs.to(logs, 'd/') });
  new SecureBucket(stack, 'More', { accessLogs: AccessLogs.to(s3.Bucket.fromBucketName(stack, 'Far', 'far'), 'm/') });
  const { violations } = new CofferChecks().validateScope(stack);
  expect(violations.map((it) => [it.severity, it.ruleName])).toEqual([['warning', 'Coffer-LogTarget']]);
  expect(JSON.stringify(stack.node.findAll().flatMap((it) => it.node.metadata.map(({ data }) => data)))).toContain(
    'let logging.s3.amazonaws.com call s3:PutObject on its m/* there',
  );
  expect(() => Template.fromStack(stack)).not.toThrow();
});
