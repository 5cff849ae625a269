/** What the props of SecureBucket and its companions refuse, in the exact words. */
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
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

function build(props: SecureBucketProps) {
  return new SecureBucket(new Stack(new App(), 'S'), 'Data', props);
}

const hour = Duration.hours(5);
test.each<[string, SecureBucketProps, string]>([
  ['old TLS', { minimumTlsVersion: 1.1 }, 'minimumTlsVersion is 1.1; allowed: 1.2 or 1.3; fix: leave it out for 1.2'],
  [
    'a log prefix without slash',
    { accessLogs: AccessLogs.shared('logs') },
    'accessLogs.prefix is "logs"; allowed: a prefix that ends in / and does not begin with it; fix: use "Data/"',
  ],
  [
    'part of a day',
    { abortMultipartAfter: hour },
    `abortMultipartAfter is ${hour.toDays({ integral: false })}; allowed: whole days, at least 1; fix: pass Duration.days(7)`,
  ],
  [
    'two names',
    { bucketName: 'a-name', bucketNamePrefix: 'orders' },
    'bucketNamePrefix is "orders"; allowed: only without bucketName; fix: leave out bucketName: the name is made of prefix, account and Region',
  ],
  [
    'a name that S3 does not take',
    { bucketNamePrefix: 'Orders_' },
    'bucketNamePrefix is "Orders_"; allowed: 1 to 36 of a-z, 0-9 and -, not - at an end; fix: shorten it or leave out what is not allowed',
  ],
  [
    'an opt-out without reason',
    { versioning: Versioning.disabled(' ') },
    'versioning.reason is " "; allowed: a reason in words; fix: say why no version need ever come back',
  ],
  [
    'logs to nowhere without reason',
    { accessLogs: AccessLogs.none('') },
    'accessLogs.reason is ""; allowed: a reason in words; fix: say why no one need know who came',
  ],
  [
    "S3's keys without reason",
    { encryption: Encryption.s3Managed('') },
    'encryption.reason is ""; allowed: a reason in words; fix: say why S3 may manage the keys of this bucket',
  ],
  [
    'a bucket key with DSSE',
    { encryption: Encryption.dualLayer(), bucketKeyEnabled: true },
    'bucketKeyEnabled is true; allowed: not with aws:kms:dsse; fix: leave it out, or use Encryption.customerKey()',
  ],
  [
    'matching uploads with SSE-S3',
    { encryption: Encryption.s3Managed('test'), uploadEncryption: UploadEncryption.MATCHING },
    'uploadEncryption is "MATCHING"; allowed: ANY or STATED with Encryption.s3Managed(); fix: leave it out, or use Encryption.customerKey()',
  ],
  [
    'two ways of moving',
    { storageClass: StorageChoice.DEEP_ARCHIVE, lifecycle: Lifecycle.uploads() },
    'storageClass is "DEEP_ARCHIVE"; allowed: only without lifecycle rules that move objects; fix: leave out storageClass, or the transitions',
  ],
  [
    'retention without lock',
    { objectLockEnabled: false, objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(1)) },
    'objectLockEnabled is false; allowed: true or left out beside objectLockDefaultRetention; fix: leave it out',
  ],
  [
    'a lock without versions',
    { objectLockEnabled: true, versioning: Versioning.disabled('test') },
    'versioning is "disabled"; allowed: Versioning.ENABLED with Object Lock, which locks versions; fix: leave it out, or leave out Object Lock',
  ],
  [
    'destroying what is locked',
    { objectLockEnabled: true, removal: Removal.destroyWithObjects() },
    'removal is "DESTROY_WITH_OBJECTS"; allowed: RETAIN or DESTROY with Object Lock: locked objects cannot be deleted; fix: use Removal.RETAIN',
  ],
  [
    'a tag of AWS',
    { tags: { 'aws:x': '1' } },
    'tags is "aws:x"; allowed: keys of 1 to 128 characters that do not begin with aws:; fix: rename the tag',
  ],
  [
    'a tag that says too much',
    { tags: { note: 'x'.repeat(257) } },
    `tags.note is "${'x'.repeat(257)}"; allowed: at most 256 characters; fix: shorten the value`,
  ],
  [
    'logs kept for hours',
    { lifecycle: Lifecycle.logs({ retention: Duration.hours(36) }) },
    'lifecycle rule logs: expiration is 1.5; allowed: whole days; fix: pass Duration.days(n)',
  ],
  [
    'moves after hours',
    {
      lifecycleRules: [
        {
          transitions: [{ storageClass: s3.StorageClass.GLACIER, transitionAfter: Duration.hours(12) }],
          noncurrentVersionTransitions: [{ storageClass: s3.StorageClass.GLACIER, transitionAfter: Duration.hours(6) }],
        },
      ],
    },
    'lifecycle rule without id: transitions[0].transitionAfter is 0.5; allowed: whole days; fix: pass Duration.days(n)\n  lifecycle rule without id: noncurrentVersionTransitions[0].transitionAfter is 0.25; allowed: whole days; fix: pass Duration.days(n)',
  ],
])('refuses %s with path, value and fix', (_what, props, message) => {
  expect(() => build(props)).toThrow(new Error(`invalid props of S/Data:\n  ${message}`));
});

test('names every problem at once', () => {
  expect(() => build({ minimumTlsVersion: 1, accessLogs: AccessLogs.shared('/x') })).toThrow(
    /minimumTlsVersion[\s\S]*accessLogs.prefix/,
  );
});

test.each<[string, () => unknown, string]>([
  [
    'nothing',
    () => new Perimeter({}),
    'perimeter is {}; allowed: an organizationId, vpcEndpointIds, vpcIds or sourceCidrs; fix: name at least one, or leave the perimeter out',
  ],
  [
    'a wrong organisation',
    () => new Perimeter({ organizationId: 'acme' }),
    'organizationId is "acme"; allowed: o- and 10 to 32 of a-z and 0-9; fix: take it from aws organizations describe-organization',
  ],
  [
    'a wrong endpoint',
    () => new Perimeter({ vpcEndpointIds: ['vpc-1'] }),
    'vpcEndpointIds[0] is "vpc-1"; allowed: vpce- and 8 or 17 hexadecimal digits; fix: name the endpoint\'s id',
  ],
  [
    'a wrong VPC',
    () => new Perimeter({ vpcIds: ['vpce-1'] }),
    'vpcIds[0] is "vpce-1"; allowed: vpc- and 8 or 17 hexadecimal digits; fix: name the VPC\'s id',
  ],
  [
    'a wrong range',
    () => new Perimeter({ sourceCidrs: ['here'] }),
    'sourceCidrs[0] is "here"; allowed: a CIDR range; fix: write e.g. 203.0.113.0/24',
  ],
  [
    'exemptions from nothing',
    () => new Perimeter({ organizationId: 'o-a1b2c3d4e5', exemptPrincipalArns: ['arn:aws:iam::1:role/x'] }),
    'exemptPrincipalArns is ["arn:aws:iam::1:role/x"]; allowed: only beside vpcEndpointIds, vpcIds or sourceCidrs; fix: name a network, or leave the exemptions out',
  ],
])('a perimeter of %s is refused', (_what, make, message) => {
  expect(make).toThrow(new Error(`invalid perimeter:\n  ${message}`));
});

test('a log bucket refuses a retention of no whole days', () => {
  const stack = new Stack(new App(), 'S');
  expect(() => new AccessLogBucket(stack, 'Logs', { retention: Duration.minutes(5) })).toThrow(
    new Error(
      `invalid props of S/Logs:\n  retention is ${Duration.minutes(5).toDays({ integral: false })}; allowed: whole days, at least 1; fix: pass Duration.days(n)`,
    ),
  );
});

test.each(['retain', 'destroy', 'destroyWithObjects'])('a removal is read from configuration: %s', (name) => {
  expect(Removal.fromName(name).name.replaceAll('_', '').toLowerCase()).toBe(name.toLowerCase());
});

test('a removal of another name is refused', () => {
  expect(() => Removal.fromName('burn')).toThrow(
    'removal is "burn"; allowed: retain, destroy, destroyWithObjects; fix: use retain',
  );
});

test("a removal is CDK's policy too", () => {
  const policies = [RemovalPolicy.DESTROY, RemovalPolicy.RETAIN, RemovalPolicy.SNAPSHOT];
  expect(policies.map((policy) => Removal.of(policy))).toEqual([Removal.DESTROY, Removal.RETAIN, Removal.RETAIN]);
});
