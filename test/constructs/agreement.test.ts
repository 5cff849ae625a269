/**
 * The validator and S3 agree: what it finds, the runtime refuses when it is deployed, and any lifecycle configuration is
 * refused by both or by neither.
 */
import {
  CreateBucketCommand,
  type Event,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  type ReplicationRule,
  S3Client,
  type TransitionStorageClass,
} from '@aws-sdk/client-s3';
import { CofferChecks, Lifecycle, SecureBucket } from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as fc from 'fast-check';
import { WRONG } from './wrong';

process.env.CDK_VALIDATION = 'false';

const context = require('aws-cdk-lib/recommended-feature-flags.json');
let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.close());

test.each(WRONG)('$what: S3 refuses it, or takes it for something else', async ({ make, taken }) => {
  const stack = new Stack(new App({ context }), `Wrong${WRONG.findIndex((it) => it.make === make)}`);
  make(stack);
  const outcome = await coffer.deploy(stack).then(
    () => 'taken',
    (error) => error.name,
  );
  expect(outcome).toBe(taken ? 'taken' : 'DeployFailed');
});

test('every preset is taken', async () => {
  const stack = new Stack(new App({ context }), 'Presets');
  const presets = {
    Logs: Lifecycle.logs(),
    Brief: Lifecycle.logs({ retention: Duration.days(7) }),
    Archive: Lifecycle.archive({ coolAfter: Duration.days(10), retention: Duration.days(400) }),
    Uploads: Lifecycle.uploads(),
    Lake: Lifecycle.dataLake({ scratchPrefix: 'tmp/' }),
    Website: Lifecycle.website({ keepVersions: 100 }),
    Cost: Lifecycle.costOptimised({ oneZone: true }),
  };
  for (const [id, lifecycle] of Object.entries(presets)) new SecureBucket(stack, id, { lifecycle });
  await expect(coffer.deploy(stack)).resolves.toBeDefined();
});

const days = fc.integer({ min: 0, max: 6 }).map((n) => [0, 1, 29, 30, 59, 60, 90][n]);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 2 });
const step = fc.record({
  StorageClass: fc.constantFrom(
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'GLACIER',
    'DEEP_ARCHIVE',
  ),
  TransitionInDays: days,
});
const steps = fc.uniqueArray(step, { maxLength: 3, selector: (it) => it.StorageClass });
const rule = fc.record({
  Id: fc.constantFrom('a', 'b', 'c'),
  Prefix: fc.constantFrom('x/', 'y/'),
  Transitions: optional(steps),
  ExpirationInDays: optional(days),
  NoncurrentVersionTransitions: optional(steps),
  NoncurrentDays: optional(days),
  NewerNoncurrentVersions: optional(fc.constantFrom(0, 1, 100, 101)),
  ExpiredObjectDeleteMarker: optional(fc.constant(true)),
  Abort: optional(fc.constantFrom(0, 1, 7)),
  Above: optional(fc.constantFrom(0, 100)),
  Below: optional(fc.constantFrom(101, 102, 500)),
});
type Drawn = typeof rule extends fc.Arbitrary<infer T> ? T : never;

/** As CloudFormation has it. */
function inTemplate(it: Drawn): Record<string, unknown> {
  const { NoncurrentDays, NewerNoncurrentVersions, Abort, Above, Below, ...rest } = it;
  return {
    ...rest,
    Status: 'Enabled',
    ...(NoncurrentDays === undefined
      ? {}
      : { NoncurrentVersionExpiration: { NoncurrentDays, NewerNoncurrentVersions } }),
    ...(Abort === undefined ? {} : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: Abort } }),
    ObjectSizeGreaterThan: Above,
    ObjectSizeLessThan: Below,
  };
}

/** As the API has it. */
function inApi(it: Drawn): LifecycleRule {
  const classOf = (name: string) => name as TransitionStorageClass;
  const sized = it.Above !== undefined || it.Below !== undefined;
  return {
    ID: it.Id,
    Status: 'Enabled',
    Filter: sized
      ? { And: { Prefix: it.Prefix, ObjectSizeGreaterThan: it.Above, ObjectSizeLessThan: it.Below } }
      : { Prefix: it.Prefix },
    Transitions: it.Transitions?.map((one) => ({
      StorageClass: classOf(one.StorageClass),
      Days: one.TransitionInDays,
    })),
    NoncurrentVersionTransitions: it.NoncurrentVersionTransitions?.map((one) => ({
      StorageClass: classOf(one.StorageClass),
      NoncurrentDays: one.TransitionInDays,
    })),
    Expiration:
      it.ExpirationInDays === undefined && it.ExpiredObjectDeleteMarker === undefined
        ? undefined
        : { Days: it.ExpirationInDays, ExpiredObjectDeleteMarker: it.ExpiredObjectDeleteMarker },
    NoncurrentVersionExpiration:
      it.NoncurrentDays === undefined
        ? undefined
        : { NoncurrentDays: it.NoncurrentDays, NewerNoncurrentVersions: it.NewerNoncurrentVersions },
    AbortIncompleteMultipartUpload: it.Abort === undefined ? undefined : { DaysAfterInitiation: it.Abort },
  };
}

test('any lifecycle configuration is refused by both or by neither', async () => {
  const Bucket = 'agreement';
  const client = coffer.client(S3Client);
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 2 }), async (rules) => {
      const stack = new Stack(new App(), 'S');
      const bucket = new s3.CfnBucket(stack, 'B', { versioningConfiguration: { status: 'Enabled' } });
      bucket.addPropertyOverride('LifecycleConfiguration.Rules', rules.map(inTemplate));
      const { violations } = new CofferChecks({ baseline: false }).validateScope(stack);
      // A way between classes that the user guide rules out may be taken: the objects then stay where they are.
      const ignored = /StorageClass is "\w+"; allowed: .* after/;
      const errors = violations.filter((it) => it.severity === 'error').map((it) => it.description);
      const ours = errors.filter((it) => !ignored.test(it));
      const theirs = await client
        .send(
          new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: rules.map(inApi) } }),
        )
        .then(
          () => undefined,
          (error: Error) => error.message,
        );
      if (theirs === undefined) taken += 1;
      if (theirs === undefined ? ours.length > 0 : errors.length === 0)
        throw new Error(`ours: ${ours.join('; ') || 'nothing'}\ntheirs: ${theirs ?? 'nothing'}`);
    }),
    { numRuns: 300, seed: 6, endOnFailure: true },
  );
  // Neither is right by refusing everything.
  expect(taken).toBeGreaterThan(15);
});

/** What the pack finds in a bucket with one property of this form. */
function ours(property: string, value: unknown): string[] {
  const stack = new Stack(new App(), 'S');
  const bucket = new s3.CfnBucket(stack, 'B', { versioningConfiguration: { status: 'Enabled' } });
  bucket.addPropertyOverride(property, value);
  const { violations } = new CofferChecks({ baseline: false }).validateScope(stack);
  return violations.filter((it) => it.severity === 'error').map((it) => it.description);
}

const message = (sent: Promise<unknown>): Promise<string | undefined> =>
  sent.then(
    () => undefined,
    (error: Error) => error.message,
  );

/** Draws configurations until both have taken some and refused some, and neither has differed from the other. */
async function agree<T>(
  drawn: fc.Arbitrary<T>,
  judge: (it: T) => string[],
  put: (it: T) => Promise<string | undefined>,
) {
  let [taken, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(drawn, async (it) => {
      const found = judge(it);
      const theirs = await put(it);
      if (theirs === undefined) taken += 1;
      else refused += 1;
      if (found.length > 0 !== (theirs !== undefined))
        throw new Error(`ours: ${found.join('; ') || 'nothing'}\ntheirs: ${theirs ?? 'nothing'}`);
    }),
    { numRuns: 300, seed: 6, endOnFailure: true },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(5);
}

test('any two notifications are refused by both or by neither', async () => {
  const Bucket = 'agreement-events';
  const client = coffer.client(S3Client);
  await client.send(new CreateBucketCommand({ Bucket }));
  const one = fc.record({
    event: fc.constantFrom<Event>('s3:ObjectCreated:*', 's3:ObjectCreated:Put', 's3:ObjectRemoved:*'),
    prefix: fc.constantFrom('', 'a', 'ab', 'b'),
    suffix: fc.constantFrom('', 'x', 'yx', 'z'),
  });
  const filter = (prefix: string, suffix: string) => [
    ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
  ];
  const queue = (i: number) => `arn:aws:sqs:us-east-1:000000000000:q${i}`;
  await agree(
    fc.array(one, { minLength: 1, maxLength: 3 }),
    (all) =>
      ours(
        'NotificationConfiguration.QueueConfigurations',
        all.map(({ event, prefix, suffix }, i) => ({
          Event: event,
          Queue: queue(i),
          Filter: { S3Key: { Rules: filter(prefix, suffix) } },
        })),
      ),
    (all) =>
      message(
        client.send(
          new PutBucketNotificationConfigurationCommand({
            Bucket,
            SkipDestinationValidation: true,
            NotificationConfiguration: {
              QueueConfigurations: all.map(({ event, prefix, suffix }, i) => ({
                Events: [event],
                QueueArn: queue(i),
                Filter: { Key: { FilterRules: filter(prefix, suffix) } },
              })),
            },
          }),
        ),
      ),
  );
});

test('any replication is refused by both or by neither', async () => {
  const client = coffer.client(S3Client);
  const [Bucket, other] = ['agreement-source', 'agreement-target'];
  for (const name of [Bucket, other]) {
    await client.send(new CreateBucketCommand({ Bucket: name }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  }
  const status = fc.constantFrom<'Enabled' | 'Disabled'>('Enabled', 'Disabled');
  const one = fc.record({
    ID: fc.constantFrom('a', 'b', 'c'),
    Priority: fc.constantFrom(undefined, 1, 2, 3, 4, 5, 6),
    markers: optional(status),
    tagged: fc.boolean(),
    time: optional(fc.constantFrom(5, 15)),
    metrics: optional(status),
    owner: fc.boolean(),
    account: optional(fc.constant('000000000000')),
    underKey: fc.boolean(),
    key: optional(fc.constant('arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-0000-4000-8000-000000000000')),
  });
  type Draw = typeof one extends fc.Arbitrary<infer T> ? T : never;
  const rule = (it: Draw, inTemplate: boolean): ReplicationRule => ({
    [inTemplate ? 'Id' : 'ID']: it.ID,
    Priority: it.Priority,
    Status: 'Enabled',
    Filter: it.tagged ? { [inTemplate ? 'TagFilter' : 'Tag']: { Key: 'k', Value: 'v' } } : { Prefix: 'x/' },
    ...(it.markers ? { DeleteMarkerReplication: { Status: it.markers } } : {}),
    ...(it.underKey ? { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } } } : {}),
    Destination: {
      Bucket: `arn:aws:s3:::${other}`,
      ...(it.account ? { Account: it.account } : {}),
      ...(it.owner ? { AccessControlTranslation: { Owner: 'Destination' } } : {}),
      ...(it.time ? { ReplicationTime: { Status: 'Enabled', Time: { Minutes: it.time } } } : {}),
      ...(it.metrics ? { Metrics: { Status: it.metrics, EventThreshold: { Minutes: 15 } } } : {}),
      ...(it.key ? { EncryptionConfiguration: { ReplicaKmsKeyID: it.key } } : {}),
    },
  });
  const Role = 'arn:aws:iam::000000000000:role/replication';
  await agree(
    fc.array(one, { minLength: 1, maxLength: 2 }),
    (rules) => ours('ReplicationConfiguration', { Role, Rules: rules.map((it) => rule(it, true)) }),
    (rules) => {
      const ReplicationConfiguration = { Role, Rules: rules.map((it) => rule(it, false)) };
      return message(client.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration })));
    },
  );
});
