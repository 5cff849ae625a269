/** The one validator: behind the audit pack, the mixin and SecureBucket itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AccessLogs, BucketValidation, CofferChecks, Encryption, SecureBucket, Versioning } from '@coffer/constructs';
import { App, Aspects, CfnResource, Duration, type IPropertyInjector, Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { LambdaDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { WRONG } from './wrong';

process.env.CDK_VALIDATION = 'false';

const context = require('aws-cdk-lib/recommended-feature-flags.json');
const stackOf = (name = 'S') => new Stack(new App({ context }), name);
const audit = (stack: Stack) => new CofferChecks({ baseline: false }).validateScope(stack.node.root).violations;

test('at least the seventeen that CDK lets pass', () => {
  expect(WRONG.length).toBeGreaterThanOrEqual(17);
});

describe.each(WRONG)('$what', ({ make, rule, says }) => {
  test('passes CDK, is found by the pack with path, value, allowed values and fix', () => {
    const stack = stackOf();
    const blamed = make(stack);
    expect(() => Template.fromStack(stack)).not.toThrow();
    const path = (CfnResource.isCfnResource(blamed) ? blamed : blamed.node.defaultChild!).node.path;
    const found = audit(stack).filter((it) => it.severity === 'error');
    expect(found.map((it) => [it.ruleName, it.violatingResources[0].constructPath])).toEqual([[rule, path]]);
    expect(`${found[0].description}; fix: ${found[0].fix}`).toBe(says);
  });

  test('is refused at synth by the mixin', () => {
    const stack = stackOf();
    make(stack).with(new BucketValidation());
    expect(() => stack.node.root.node.findAll() && (stack.node.root as App).synth()).toThrow(says);
  });
});

test('all errors of all buckets are told at once', () => {
  const stack = stackOf();
  for (const [i, { make }] of WRONG.slice(0, 3).entries())
    make(new Stack(stack.node.root, `S${i}`)).with(new BucketValidation());
  const synth = () => (stack.node.root as App).synth();
  for (const { says } of WRONG.slice(0, 3)) expect(synth).toThrow(says);
});

test('SecureBucket refuses its own props at once, and what comes later at synth', () => {
  const stack = stackOf();
  const transitions = [{ storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(10) }];
  expect(() => new SecureBucket(stack, 'Early', { lifecycleRules: [{ id: 'r', transitions }] })).toThrow(
    'invalid props of S/Early:\n  LifecycleConfiguration.Rules[1].Transitions[0].TransitionInDays is 10; allowed: at least 30',
  );
  const other = stackOf('Other');
  const late = new SecureBucket(other, 'Late');
  late.addLifecycleRule({ id: 'abort-unfinished-uploads', expiration: Duration.days(1) });
  (late.node.defaultChild as s3.CfnBucket).addPropertyOverride('VersioningConfiguration.Status', 'Suspended');
  Aspects.of(other).add({
    visit: (node) => {
      if (node === late) late.addLifecycleRule({ id: 'r', noncurrentVersionExpiration: Duration.days(5) });
    },
  });
  const synth = () => Template.fromStack(other);
  expect(synth).toThrow('Rules[1].Id is "abort-unfinished-uploads"; allowed: an id of its own; Rules[0] has it');
});

/** An organisation's defaults for every bucket, which also run under SecureBucket. */
class Loose implements IPropertyInjector {
  readonly constructUniqueId = s3.Bucket.PROPERTY_INJECTION_ID;
  inject(props: s3.BucketProps): s3.BucketProps {
    return {
      ...props,
      versioned: false,
      enforceSSL: false,
      minimumTLSVersion: undefined,
      blockPublicAccess: undefined,
    };
  }
}

test('what SecureBucket was made with cannot be taken from it unseen', () => {
  const app = new App({ context, propertyInjectors: [new Loose()] });
  const stack = new Stack(app, 'S');
  const bucket = new SecureBucket(stack, 'Data');
  const lost = [
    'PolicyDocument is "a policy that lets requests without TLS pass"; allowed: a Deny for everyone on aws:SecureTransport false; fix: take back what changed it, or acknowledge Coffer-TlsOnly with a reason',
    'PublicAccessBlockConfiguration is not set; allowed: all four settings true; fix: take back what changed it, or acknowledge Coffer-PublicAccess with a reason',
    'VersioningConfiguration.Status is not set; allowed: Enabled; fix: take back what changed it, or acknowledge Coffer-Versioning with a reason',
  ];
  for (const message of lost) expect(() => app.synth()).toThrow(message);
  for (const id of ['Coffer-TlsOnly', 'Coffer-PublicAccess', 'Coffer-Versioning'])
    Validations.of(bucket).acknowledge({ id, reason: 'test' });
  expect(() => app.synth()).not.toThrow();
});

test('what its maker opted out of, SecureBucket may lack, whatever is acknowledged', () => {
  const app = new App({ context: { ...context, 'coffer:acknowledge': false } });
  new SecureBucket(new Stack(app, 'S'), 'Data', {
    encryption: Encryption.s3Managed('test'),
    versioning: Versioning.disabled('test'),
    accessLogs: AccessLogs.none('test'),
  });
  expect(() => app.synth()).not.toThrow();
});

test("CDK's own notifications are judged too", () => {
  const stack = stackOf();
  const bucket = new s3.Bucket(stack, 'Bad');
  const code = lambda.Code.fromInline('exports.handler = () => {}');
  const one = (id: string) =>
    new lambda.Function(stack, id, { code, handler: 'index.handler', runtime: lambda.Runtime.NODEJS_24_X });
  bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new LambdaDestination(one('A')), { prefix: 'in/' });
  bucket.addEventNotification(s3.EventType.OBJECT_CREATED_PUT, new LambdaDestination(one('B')), { suffix: '.jpg' });
  bucket.addEventNotification(s3.EventType.OBJECT_REMOVED, new LambdaDestination(one('C')), { prefix: 'in/' });
  expect(audit(stack).map((it) => `${it.ruleName}: ${it.description}`)).toEqual([
    'Coffer-NotificationOverlap: NotificationConfiguration.LambdaFunctionConfigurations[1] is "s3:ObjectCreated:Put for *.jpg"; allowed: events and keys that NotificationConfiguration.LambdaFunctionConfigurations[0] (in/*) does not want too',
  ]);
});

test('a policy is neither too large nor has two statements of one name', () => {
  const stack = stackOf();
  const bucket = new s3.Bucket(stack, 'Bad');
  const statement = (sid: string, actions: string[]) =>
    new iam.PolicyStatement({ sid, actions, resources: [bucket.bucketArn], principals: [new iam.AnyPrincipal()] });
  bucket.addToResourcePolicy(statement('One', ['s3:GetBucketLocation']));
  bucket.addToResourcePolicy(statement('One', ['s3:GetBucketTagging']));
  expect(audit(stack).map((it) => it.description)).toEqual([
    'PolicyDocument.Statement[1].Sid is "One"; allowed: a Sid of its own; Statement[0] has it',
  ]);
  const large = stackOf('Large');
  const other = new s3.Bucket(large, 'Bad');
  for (let i = 0; i < 200; i++)
    other.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `S${i}`,
        actions: ['s3:GetObject'],
        resources: [other.arnForObjects(`${i}/*`)],
        principals: [new iam.ArnPrincipal(`arn:aws:iam::111122223333:role/a-rather-long-name-of-a-role-${i}`)],
      }),
    );
  expect(audit(large).map((it) => it.ruleName)).toEqual(['Coffer-PolicySize']);
  expect(audit(large)[0].description).toMatch(/^PolicyDocument is "at least \d+ bytes"; allowed: at most 20480$/);
});

test('ends of a replication in two stacks, by reference and by name, are one pair', () => {
  const app = new App({ context });
  const [one, two] = ['One', 'Two'].map((name) => new Stack(app, name));
  const destination = new s3.Bucket(two, 'Bucket', { bucketName: 'the-replica' });
  const replicate = (id: string, target: s3.IBucket) =>
    new s3.Bucket(one, id, { versioned: true, replicationRules: [{ destination: target, priority: 1 }] });
  replicate('Bucket', destination);
  replicate('ByName', s3.Bucket.fromBucketName(one, 'Named', 'the-replica'));
  const found = new CofferChecks({ baseline: false }).validateScope(app).violations;
  expect(found.map((it) => it.violatingResources[0].constructPath)).toEqual([
    'One/Bucket/Resource',
    'One/ByName/Resource',
  ]);
});

// The report of the warnings is not of interest here.
beforeAll(() => jest.spyOn(console, 'error').mockImplementation());

test('what works and is hardly meant is a warning: early deletion, any origin that may write', () => {
  const stack = stackOf();
  new SecureBucket(stack, 'Odd', {
    lifecycleRules: [
      {
        id: 'r',
        transitions: [{ storageClass: s3.StorageClass.GLACIER, transitionAfter: Duration.days(10) }],
        expiration: Duration.days(20),
      },
    ],
    cors: [{ allowedMethods: [s3.HttpMethods.PUT], allowedOrigins: ['*'] }],
  });
  const annotations = Annotations.fromStack(stack);
  const at = '/S/Odd/Resource';
  annotations.hasWarning(at, Match.stringLikeRegexp('GLACIER is paid for 90 days, and objects are deleted after 10'));
  annotations.hasWarning(at, Match.stringLikeRegexp('with \\* any page can use the credentials'));
});

test('what is acknowledged, on the resource or above it, is not found', () => {
  const stack = stackOf();
  WRONG[0].make(stack);
  Validations.of(stack).acknowledge({ id: WRONG[0].rule, reason: 'test' });
  expect(audit(stack)).toEqual([]);
});

test('a plain bucket lacks what SecureBucket has; each finding names the mixin that gives it', () => {
  const stack = stackOf();
  new SecureBucket(stack, 'Good');
  new s3.CfnBucket(stack, 'Plain');
  const { violations, success } = new CofferChecks().validateScope(stack);
  expect(success).toBe(false);
  expect(violations.map((it) => [it.violatingResources[0].constructPath, it.ruleName, it.fix])).toEqual([
    ['S/Plain', 'Coffer-TlsOnly', 'apply new BucketTlsOnly()'],
    ['S/Plain', 'Coffer-PublicAccess', 'apply new BucketBlockPublicAccess() of aws-cdk-lib/aws-s3/mixins'],
    ['S/Plain', 'Coffer-OwnerEnforced', 'apply new BucketOwnerEnforced()'],
    ['S/Plain', 'Coffer-Versioning', 'apply new BucketVersioning() of aws-cdk-lib/aws-s3/mixins'],
    ['S/Plain', 'Coffer-CustomerKey', 'apply new BucketEncryption()'],
    ['S/Plain', 'Coffer-BlockSseC', 'apply new BucketBlockSseC()'],
    ['S/Plain', 'Coffer-AccessLogs', 'apply new BucketAccessLogs()'],
    ['S/Plain', 'Coffer-AbortUploads', 'apply new BucketAbortUploads()'],
  ]);
});

test('as a plugin it judges the app that is synthesised', () => {
  const stack = stackOf();
  WRONG[0].make(stack);
  const pack = new CofferChecks({ baseline: false });
  const appConstruct = stack.node.root;
  expect(pack.validate({ appConstruct, stackTemplates: [], templatePaths: [] })).toEqual(pack.validateScope(stack));
  expect(pack.name).toBe('Coffer');
  expect(pack.ruleIds).toContain(WRONG[0].rule);
});

test('every rule is in the pages', () => {
  const page = readFileSync(join(__dirname, '../../docs/validation.md'), 'utf8');
  for (const rule of new CofferChecks().ruleIds!) expect(page).toContain(`| \`${rule}\``);
});
