/** Constructs under any flags of the app that uses them: none set, and all recommended ones. */
import {
  AccessLogs,
  BucketAccessPoint,
  BucketReplication,
  BucketSecure,
  CofferChecks,
  Encryption,
  ExistingObjects,
  Lifecycle,
  Perimeter,
  Removal,
  ReplicaBucket,
  ReplicatedBucket,
  SecureBucket,
} from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { findings } from './packs';

const flagSets: [string, Record<string, unknown>][] = [
  ['none', {}],
  ['all', require('aws-cdk-lib/recommended-feature-flags.json')],
];

test.each(flagSets)('six packs and our own find nothing, flags: %s', (_name, context) => {
  const app = new App({ context });
  const stack = new Stack(app, 'S');
  const logs = new SecureBucket(stack, 'Own', {
    encryption: Encryption.s3Managed('receives access logs'),
    accessLogs: AccessLogs.none('receives access logs'),
  });
  const source = new SecureBucket(stack, 'Source', {
    accessLogs: AccessLogs.to(logs, 'source/'),
    lifecycle: Lifecycle.costOptimised(),
    objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(1)),
    perimeter: new Perimeter({ organizationId: 'o-a1b2c3d4e5', vpcIds: ['vpc-0a1b2c3d'] }),
    mfaDeleteAudit: true,
    eventBridgeEnabled: true,
    metrics: [{ id: 'EntireBucket' }],
  });
  const replica = new ReplicaBucket(stack, 'Replica', {
    sourceRoleArns: ['arn:aws:iam::111122223333:role/r'],
    objectLockEnabled: true,
  });
  new BucketReplication(stack, 'Replication', { source, targets: [{ bucket: replica, timeControl: true }] });
  new ExistingObjects(stack, 'Existing', { source, reports: logs });
  new ReplicatedBucket(stack, 'Pair', { twoWay: true });
  const point = new BucketAccessPoint(stack, 'Point', { bucket: source });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal(stack.account) });
  for (const access of [source.access, point.access]) {
    access.read(role, { prefix: 'in/', versions: true });
    access.write(role, { prefix: 'out/' });
    access.delete(role, { prefix: 'out/', versions: true });
  }
  source.access.administer(role);
  new s3.Bucket(stack, 'Theirs', { versioned: true }).with(new BucketSecure());
  const rest = findings(app).filter((it) => !it.endsWith(' S/Theirs/Resource'));
  expect(rest).toEqual([]);
  expect(new CofferChecks().validateScope(app).violations).toEqual([]);
  expect(() => Template.fromStack(stack)).not.toThrow();
});

test.each(flagSets)(
  'both steps of a removal bring one function, which empties the bucket; flags: %s',
  (_name, context) => {
    const stack = new Stack(new App({ context: { ...context, [Removal.CONTEXT_KEY]: 'true' } }), 'S');
    new SecureBucket(stack, 'One', { removal: Removal.destroyWithObjects() });
    new SecureBucket(stack, 'Two', { removal: Removal.destroyWithObjects() });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('Custom::S3AutoDeleteObjects', 2);
  },
);
