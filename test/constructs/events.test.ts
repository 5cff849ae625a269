import {
  AlarmTopic,
  BucketNotifications,
  Concurrency,
  Idempotency,
  IdempotencyStore,
  MalwareGate,
  type MalwareGateProps,
  MalwareScan,
  ObjectProcessor,
  type ObjectProcessorProps,
  ObjectTrigger,
  SecureBucket,
} from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { findings } from './packs';

const code = lambda.Code.fromInline('exports.handler = async () => {};');

function build(props: Partial<ObjectProcessorProps> = {}, context = {}) {
  const app = new App({ context });
  const stack = new Stack(app, 'S');
  const bucket = new SecureBucket(stack, 'Data');
  const processor = new ObjectProcessor(stack, 'P', { description: 'test', bucket, code, prefix: 'in/', ...props });
  return { app, stack, bucket, processor };
}

const triggers: [string, ObjectTrigger][] = [
  ['notification', ObjectTrigger.notification()],
  ['queue', ObjectTrigger.queue()],
  ['topic', ObjectTrigger.topic()],
  ['eventBridge', ObjectTrigger.eventBridge()],
];

describe.each(triggers)('a processor by %s', (kind, trigger) => {
  test.each([
    ['no feature flags', {}],
    ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
  ])('has one function, no cycle, and no finding of any pack, with %s', (_flags, context) => {
    const { app, stack } = build({ trigger }, context);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('AWS::IAM::Policy', 0);
    expect(findings(app)).toEqual([]);
  });

  test('is told by the bucket itself', () => {
    const template = Template.fromStack(build({ trigger, suffix: '.csv' }).stack);
    const rules = [
      { Name: 'prefix', Value: 'in/' },
      { Name: 'suffix', Value: '.csv' },
    ];
    const one = { Event: 's3:ObjectCreated:*', Filter: { S3Key: { Rules: rules } } };
    const NotificationConfiguration = {
      notification: { LambdaConfigurations: [{ ...one, Function: Match.anyValue() }] },
      queue: { QueueConfigurations: [{ ...one, Queue: Match.anyValue() }] },
      topic: { TopicConfigurations: [{ ...one, Topic: Match.anyValue() }] },
      eventBridge: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    }[kind];
    template.hasResourceProperties('AWS::S3::Bucket', { NotificationConfiguration });
  });
});

test('failures are retried, kept, and raise alarms that tell somebody', () => {
  const { stack } = build({ retryAttempts: 1, maxEventAge: Duration.minutes(10) });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    DeadLetterConfig: { TargetArn: Match.anyValue() },
    ReservedConcurrentExecutions: 10,
    TracingConfig: { Mode: 'Active' },
  });
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 1,
    MaximumEventAgeInSeconds: 600,
  });
  template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
  template.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [stack.resolve(AlarmTopic.shared(stack).topicArn)],
  });
});

test("what CDK's grants and ours give goes to managed policies, without a cycle", () => {
  const { app, stack, bucket, processor } = build();
  new sqs.Queue(stack, 'Next').grantSendMessages(processor.handler);
  bucket.access.read(processor.handler, { prefix: 'more/' });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::IAM::Policy', 0);
  template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
    Roles: [stack.resolve(processor.handler.role!.roleName)],
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['sqs:SendMessage']) })]),
    },
  });
  expect(() => app.synth()).not.toThrow();
});

test('a queue hands over batches and takes back what failed', () => {
  const trigger = ObjectTrigger.queue({ batchSize: 5, maxReceiveCount: 3, maxConcurrency: 4 });
  const template = Template.fromStack(build({ trigger, timeout: Duration.seconds(20) }).stack);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 5,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 4 },
  });
  template.hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 120,
    RedrivePolicy: { maxReceiveCount: 3 },
  });
});

test('a rule hears of one bucket and its keys, and keeps what it cannot deliver', () => {
  const { stack } = build({ trigger: ObjectTrigger.eventBridge(), suffix: '.jpg' });
  Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: [Match.anyValue()] }, object: { key: [{ wildcard: 'in/*.jpg' }] } },
    },
    Targets: [Match.objectLike({ DeadLetterConfig: { Arn: Match.anyValue() } })],
  });
});

test.each([
  ['a name', { bucketName: 'my-data-bucket' }, ':s3:::my-data-bucket'],
  ['no name', {}, undefined],
])('a bucket with %s is let in by account, and by ARN where it is known', (_what, props, arn) => {
  const stack = new Stack(new App(), 'S');
  const bucket = new SecureBucket(stack, 'Data', props);
  new ObjectProcessor(stack, 'P', { description: 'test', bucket, code });
  const permissions = Template.fromStack(stack).findResources('AWS::Lambda::Permission');
  const [{ Properties }] = Object.values(permissions);
  expect(Properties.SourceAccount).toEqual({ Ref: 'AWS::AccountId' });
  if (arn === undefined) expect(Properties.SourceArn).toBeUndefined();
  else expect(JSON.stringify(Properties.SourceArn)).toContain(arn);
});

test('processors may share a store, each below a prefix of its own', () => {
  const { stack, bucket } = build({ idempotency: Idempotency.none() });
  const store = new IdempotencyStore(stack, 'Store', { retention: Duration.days(3) });
  for (const id of ['A', 'B'])
    new ObjectProcessor(stack, id, {
      description: 'test',
      bucket,
      code,
      prefix: `${id}/`,
      idempotency: Idempotency.shared(store),
    });
  const template = Template.fromStack(stack);
  const prefixes = Object.values(template.findResources('AWS::Lambda::Function')).map(
    ({ Properties }) => Properties.Environment?.Variables.COFFER_ONCE_PREFIX,
  );
  expect(prefixes).toEqual([undefined, expect.stringMatching(/^A-.+\/$/), expect.stringMatching(/^B-.+\/$/)]);
  template.resourceCountIs('AWS::S3::Bucket', 3);
});

test('a bucket of another stack is heard by EventBridge only', () => {
  const app = new App();
  const bucket = new SecureBucket(new Stack(app, 'Data'), 'Data');
  const stack = new Stack(app, 'S');
  const props = { description: 'test', bucket, code };
  expect(() => new ObjectProcessor(stack, 'P', props)).toThrow(
    'invalid props of S/P:\n  bucket is "Data/Data"; allowed: a bucket of the same stack, which calls the function; fix: pass trigger: ObjectTrigger.eventBridge()',
  );
  new ObjectProcessor(stack, 'Q', { ...props, trigger: ObjectTrigger.eventBridge(), idempotency: Idempotency.none() });
  expect(() => app.synth()).not.toThrow();
});

test.each<[string, Partial<ObjectProcessorProps>, string]>([
  [
    'memory',
    { memorySizeMib: 64 },
    'memorySizeMib is 64; allowed: whole numbers from 128 to 10240; fix: leave it out for 256',
  ],
  [
    'a timeout',
    { timeout: Duration.minutes(16) },
    'timeout is 960; allowed: whole seconds from 1 to 900; fix: leave it out for 30 seconds',
  ],
  [
    'retries',
    { retryAttempts: 3 },
    'retryAttempts is 3; allowed: whole numbers from 0 to 2; fix: leave it out for 2; a queue trigger retries more often',
  ],
  [
    'an age',
    { maxEventAge: Duration.seconds(10) },
    'maxEventAge is 10; allowed: whole seconds from 60 to 21600; fix: leave it out for 6 hours',
  ],
  [
    'concurrency',
    { concurrency: Concurrency.reserved(0) },
    'concurrency is 0; allowed: whole numbers from 1 to 1000; fix: pass Concurrency.reserved(10), or Concurrency.shared(reason) to share what the account has',
  ],
  [
    'no reason',
    { concurrency: Concurrency.shared('') },
    'concurrency reason is ""; allowed: at least 10 characters; fix: say to a reviewer why the function may take all of the account',
  ],
  [
    'a batch',
    { trigger: ObjectTrigger.queue({ batchSize: 11 }) },
    'trigger.batchSize is 11; allowed: whole numbers from 1 to 10; fix: leave it out for 10',
  ],
  [
    'receipts',
    { trigger: ObjectTrigger.queue({ maxReceiveCount: 0 }) },
    'trigger.maxReceiveCount is 0; allowed: whole numbers from 1 to 1000; fix: leave it out for 5',
  ],
  [
    'readers',
    { trigger: ObjectTrigger.queue({ maxConcurrency: 1 }) },
    'trigger.maxConcurrency is 1; allowed: whole numbers from 2 to 1000; fix: leave it out for as many calls as the function may have',
  ],
  [
    'a wait',
    { trigger: ObjectTrigger.queue({ retentionPeriod: Duration.days(15) }) },
    'trigger.retentionPeriod seconds is 1296000; allowed: whole numbers from 60 to 1209600; fix: leave it out for 4 days',
  ],
  ['no events', { events: [] }, 'events is []; allowed: at least one; fix: leave it out for s3:ObjectCreated:*'],
  [
    'a wildcard',
    { prefix: 'in/*' },
    'prefix is "in/*"; allowed: text that is compared as it is: S3 knows no wildcards here; fix: use "in/"',
  ],
  [
    'a slash',
    { prefix: '/in' },
    'prefix is "/in"; allowed: the beginning of a key, which has no / before it; fix: use "in"',
  ],
  [
    'a long suffix',
    { suffix: 'x'.repeat(1025) },
    'suffix is "xxxxxxxxxxxx... (1025 bytes)"; allowed: at most 1024 bytes; fix: filter in the handler',
  ],
  [
    'an operation by EventBridge',
    { trigger: ObjectTrigger.eventBridge(), events: [s3.EventType.OBJECT_CREATED_PUT] },
    'events is ["s3:ObjectCreated:Put"]; allowed: s3:ObjectCreated:*, s3:ObjectRemoved:*, s3:ObjectRestore:Post, s3:ObjectRestore:Completed, s3:ObjectRestore:Delete, s3:LifecycleTransition, s3:IntelligentTiering, s3:ObjectTagging:Put, s3:ObjectTagging:Delete, s3:ObjectAcl:Put with ObjectTrigger.eventBridge(); fix: EventBridge tells of kinds of events, not of the operations behind them; use ObjectTrigger.notification()',
  ],
])('refuses %s with path, value, what is allowed and fix', (_what, props, message) => {
  expect(() => build(props)).toThrow(new RegExp(`^invalid props of S/P(/Handler)?:\n  ${escaped(message)}$`));
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('a store refuses a retention of no whole days', () => {
  expect(() => new IdempotencyStore(new Stack(new App(), 'S'), 'Store', { retention: Duration.hours(12) })).toThrow(
    'invalid props of S/Store:\n  retention is 0.5; allowed: whole days, at least 1; fix: leave it out for 15 days',
  );
});

test('a function may write where it does not call itself', () => {
  const { processor, bucket } = build({ suffix: '.csv' });
  expect(() => processor.allowWrite(bucket, { prefix: 'in/done/' })).toThrow(
    'invalid props of S/P:\n  allowWrite is "in/done/*"; allowed: keys that do not call the function again; it hears of in/*.csv; fix: write below another prefix or to another bucket',
  );
  processor.allowWrite(bucket, { prefix: 'in/', suffix: '.json' });
  processor.allowWrite(bucket, { prefix: 'out/' });
});

describe('notifications of one bucket', () => {
  test('two filters may not share a key and an event', () => {
    const { stack, bucket } = build();
    const props = { description: 'test', bucket, code, idempotency: Idempotency.none() };
    expect(() => new ObjectProcessor(stack, 'Q', { ...props, prefix: 'in/2026/' })).toThrow(
      'invalid props of S/Data:\n  notification filter is "s3:ObjectCreated:* of in/2026/*"; allowed: filters that share no key and event with s3:ObjectCreated:* of in/*; fix: make prefixes or suffixes disjoint, or let a topic or EventBridge serve both',
    );
    new ObjectProcessor(stack, 'R', { ...props, prefix: 'in/', events: [s3.EventType.OBJECT_REMOVED] });
  });

  test('one filter may not hear of an event twice', () => {
    expect(() => build({ events: [s3.EventType.OBJECT_CREATED, s3.EventType.OBJECT_CREATED_PUT] })).toThrow(
      /notification filter is "s3:ObjectCreated:Put of in\/\*"; allowed: filters that share no key and event/,
    );
  });

  test('queues and topics that cannot hear of S3 are refused', () => {
    const { stack, bucket } = build();
    const notifications = BucketNotifications.of(bucket);
    expect(() => notifications.toQueue(new sqs.Queue(stack, 'Fifo', { fifo: true }), { prefix: 'q/' })).toThrow(
      'invalid props of S/Data:\n  queue is "S/Fifo"; allowed: standard queues; fix: make it without fifo',
    );
    const managed = new sqs.Queue(stack, 'Managed', { encryption: sqs.QueueEncryption.KMS_MANAGED });
    expect(() => notifications.toQueue(managed, { prefix: 'q/' })).toThrow(
      'invalid props of S/Data:\n  queue encryption is "KMS_MANAGED"; allowed: SQS_MANAGED, or KMS with a customer-managed key; fix: S3 may not use the key alias/aws/sqs; pass encryption: sqs.QueueEncryption.SQS_MANAGED',
    );
    expect(() => notifications.toTopic(new sns.Topic(stack, 'FifoTopic', { fifo: true }), { prefix: 't/' })).toThrow(
      'invalid props of S/Data:\n  topic is "S/FifoTopic"; allowed: standard topics; fix: make it without fifo',
    );
    expect(() => notifications.toQueue(new sqs.Queue(new Stack(stack, 'Other'), 'Queue'))).toThrow(
      'invalid props of S/Data:\n  queue is "S/Other/Queue"; allowed: a queue in the stack of the bucket, which calls it; fix: let both stacks meet in EventBridge: BucketNotifications.of(bucket).toEventBridge()',
    );
  });

  test('a queue under a key of the customer has the key let S3 in', () => {
    const { stack, bucket } = build();
    const queue = new sqs.Queue(stack, 'Queue', { encryption: sqs.QueueEncryption.KMS });
    BucketNotifications.of(bucket).toQueue(queue, { prefix: 'q/' });
    Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
      Description: 'Created by S/Queue',
      KeyPolicy: {
        Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 's3.amazonaws.com' } })]),
      },
    });
  });

  test("are not mixed with CDK's own, which would overwrite them", () => {
    const { app, stack, bucket } = build();
    const queue = new sqs.Queue(stack, 'Queue');
    const { SqsDestination } = require('aws-cdk-lib/aws-s3-notifications');
    bucket.addEventNotification(s3.EventType.OBJECT_REMOVED, new SqsDestination(queue));
    expect(() => app.synth()).toThrow(/notifications are set both natively and by addEventNotification/);
  });
});

describe('a malware gate', () => {
  const gate = (props: Partial<MalwareGateProps> = {}) => {
    const app = new App();
    const stack = new Stack(app, 'S');
    const clean = new SecureBucket(stack, 'Clean');
    return { app, stack, gate: new MalwareGate(stack, 'Gate', { clean, ...props }) };
  };

  test('scans, tags, and lets nobody read what is not clean', () => {
    const { app, stack } = gate();
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::GuardDuty::MalwareProtectionPlan', {
      Actions: { Tagging: { Status: 'ENABLED' } },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: {
        EventBridgeConfiguration: { EventBridgeEnabled: true },
        LambdaConfigurations: [{ Event: 's3:ObjectTagging:Put' }],
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Sid: 'QuarantineIsNotRead', Effect: 'Deny' }),
          Match.objectLike({ Sid: 'OnlyTheScannerTags', Effect: 'Deny' }),
          Match.objectLike({
            Sid: 'OnlyCleanIsMoved',
            Effect: 'Deny',
            Condition: Match.objectLike({
              StringNotEquals: { 's3:ExistingObjectTag/GuardDutyMalwareScanStatus': 'NO_THREATS_FOUND' },
            }),
          }),
        ]),
      },
    });
    template.resourceCountIs('AWS::Lambda::Function', 1);
    expect(findings(app)).toEqual([]);
  });

  test('without a scan there is no plan and no scanner', () => {
    const { app, stack } = gate({ scan: MalwareScan.none('objects are made by our own encoder') });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::GuardDuty::MalwareProtectionPlan', 0);
    template.resourceCountIs('AWS::IAM::Role', 1);
    expect(findings(app)).toEqual([]);
  });

  test.each<[Partial<MalwareGateProps>, string]>([
    [
      { scan: MalwareScan.none('no') },
      'scan reason is "no"; allowed: at least 10 characters; fix: say to a reviewer why uploads need no scan, or pass MalwareScan.guardDuty()',
    ],
    [
      { quarantineRetention: Duration.hours(1) },
      'quarantineRetention is 0.041666666666666664; allowed: whole days, at least 1; fix: leave it out for 30 days',
    ],
  ])('refuses %j', (props, message) => {
    expect(() => gate(props)).toThrow(`invalid props of S/Gate:\n  ${message}`);
  });
});
