/**
 * Event notifications as part of the bucket itself (`NotificationConfiguration`), so that no hidden function sets them at
 * deploy time, and no stack overwrites those of another. The destination must let S3 in before the bucket is made: its
 * permission therefore names the bucket by ARN only where the name is known beforehand, else by account.
 * Sources: S3 user guide, "Event notification types and destinations"; CloudFormation template reference, "AWS::S3::Bucket
 * NotificationConfiguration".
 */
import { ArnFormat, type CfnResource, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OperationsKey } from '../compute/key';
import { Problems } from '../validation/problems';
import { checkFilter, type Filter, overlapping, told } from './filters';

const S3 = 's3.amazonaws.com';

export interface NotificationOptions {
  /**
   * What is told.
   * @default [s3.EventType.OBJECT_CREATED]
   */
  readonly events?: s3.EventType[];
  /**
   * Only of keys that begin so.
   * @default '' - any
   */
  readonly prefix?: string;
  /**
   * Only of keys that end so.
   * @default '' - any
   */
  readonly suffix?: string;
}

interface Subscription extends Filter {
  readonly kind: 'function' | 'queue' | 'topic';
  readonly arn: string;
}

/** The notifications of one bucket, native in its resource. `BucketNotifications.of(bucket)` adds to them. */
export class BucketNotifications extends Construct {
  /** The notifications of a bucket that this app makes. */
  public static of(bucket: s3.Bucket): BucketNotifications {
    const existing = bucket.node.tryFindChild('NativeNotifications');
    return existing instanceof BucketNotifications ? existing : new BucketNotifications(bucket);
  }

  private readonly subscriptions: Subscription[] = [];
  private readonly resource: s3.CfnBucket;
  private bridged = false;

  private constructor(private readonly bucket: s3.Bucket) {
    super(bucket, 'NativeNotifications');
    this.resource = bucket.node.defaultChild as s3.CfnBucket;
    this.resource.notificationConfiguration = Lazy.any({ produce: () => this.configuration() });
    // CDK's own way replaces the whole configuration after the bucket is made, this one's with it.
    bucket.node.addValidation({
      validate: () =>
        bucket.node.tryFindChild('Notifications')?.node.tryFindChild('Resource') === undefined
          ? []
          : [
              'notifications are set both natively and by addEventNotification() or eventBridgeEnabled, which overwrites them; allowed: one of the two; fix: use BucketNotifications.of(bucket) for all of them',
            ],
    });
  }

  /** Calls a function, asynchronously. */
  public toFunction(handler: lambda.Function, options: NotificationOptions = {}): void {
    this.sameStack(handler, 'function');
    this.add('function', handler.functionArn, options);
    const id = `S3-${this.bucket.node.addr.slice(-8)}`;
    if (handler.permissionsNode.tryFindChild(id) !== undefined) return;
    handler.addPermission(id, {
      principal: new iam.ServicePrincipal(S3),
      sourceAccount: Stack.of(this).account,
      sourceArn: this.knownArn(),
    });
    this.resource.addResourceDependency(handler.permissionsNode.findChild(id) as CfnResource);
  }

  /** Sends messages to a queue. FIFO queues, and queues under the key of AWS, cannot hear of S3. */
  public toQueue(queue: sqs.Queue, options: NotificationOptions = {}): void {
    this.sameStack(queue, 'queue');
    const problems = new Problems(this.bucket);
    problems.check(!queue.fifo, 'queue', queue.node.path, 'standard queues', 'make it without fifo');
    problems.check(
      queue.encryptionType !== sqs.QueueEncryption.KMS_MANAGED,
      'queue encryption',
      queue.encryptionType,
      'SQS_MANAGED, or KMS with a customer-managed key',
      'S3 may not use the key alias/aws/sqs; pass encryption: sqs.QueueEncryption.SQS_MANAGED',
    );
    problems.throwIfAny();
    this.add('queue', queue.queueArn, options);
    queue.addToResourcePolicy(this.statement('sqs:SendMessage', queue.queueArn));
    if (queue.encryptionMasterKey !== undefined) this.allowKey(queue.encryptionMasterKey);
    this.resource.addResourceDependency(policyOf(queue));
  }

  /** Publishes to a topic. */
  public toTopic(topic: sns.Topic, options: NotificationOptions = {}): void {
    this.sameStack(topic, 'topic');
    const problems = new Problems(this.bucket);
    problems.check(!topic.fifo, 'topic', topic.node.path, 'standard topics', 'make it without fifo');
    problems.throwIfAny();
    this.add('topic', topic.topicArn, options);
    topic.addToResourcePolicy(this.statement('sns:Publish', topic.topicArn));
    if (topic.masterKey !== undefined) this.allowKey(topic.masterKey as kms.IKey);
    this.resource.addResourceDependency(policyOf(topic));
  }

  /** Sends every event to Amazon EventBridge, where rules choose. */
  public toEventBridge(): void {
    this.bridged = true;
  }

  /** ARN of the bucket made of its name, which is known before the bucket is; else undefined. */
  private knownArn(): string | undefined {
    const { bucketName, bucketNamePrefix } = this.resource;
    const { account, region } = Stack.of(this);
    const known = (text?: string): text is string => text !== undefined && !Token.isUnresolved(text);
    // Source: S3 user guide, "Namespaces for general purpose buckets".
    const regional = known(bucketNamePrefix) ? `${bucketNamePrefix}-${account}-${region}-an` : undefined;
    const resource = known(bucketName) ? bucketName : regional;
    if (resource === undefined) return undefined;
    const arnFormat = ArnFormat.NO_RESOURCE_NAME;
    return Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource, arnFormat });
  }

  private statement(action: string, resource: string): iam.PolicyStatement {
    const arn = this.knownArn();
    return new iam.PolicyStatement({
      sid: `EventsOf${this.bucket.node.addr.slice(-8)}`,
      principals: [new iam.ServicePrincipal(S3)],
      actions: [action],
      resources: [resource],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        ...(arn === undefined ? {} : { ArnLike: { 'aws:SourceArn': arn } }),
      },
    });
  }

  private allowKey(key: kms.IKey): void {
    if (key instanceof OperationsKey) {
      key.allowMessagesFrom(S3);
      return;
    }
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `EventsOf${this.bucket.node.addr.slice(-8)}`,
        principals: [new iam.ServicePrincipal(S3)],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  private sameStack(destination: Construct, kind: string): void {
    const problems = new Problems(this.bucket);
    problems.check(
      Stack.of(destination) === Stack.of(this.bucket),
      kind,
      destination.node.path,
      `a ${kind} in the stack of the bucket, which calls it`,
      'let both stacks meet in EventBridge: BucketNotifications.of(bucket).toEventBridge()',
    );
    problems.throwIfAny();
  }

  private add(kind: Subscription['kind'], arn: string, options: NotificationOptions): void {
    const { prefix = '', suffix = '' } = options;
    const events = options.events ?? [s3.EventType.OBJECT_CREATED];
    const problems = new Problems(this.bucket);
    problems.check(events.length > 0, 'events', events, 'at least one', 'leave it out for s3:ObjectCreated:*');
    checkFilter(problems, prefix, suffix);
    const added = events.map((event) => ({ event: event as string, prefix, suffix, kind, arn }));
    added.forEach((one, i) => {
      for (const other of [...this.subscriptions, ...added.slice(0, i)])
        problems.check(
          !overlapping(one, other),
          'notification filter',
          told(one),
          `filters that share no key and event with ${told(other)}`,
          'make prefixes or suffixes disjoint, or let a topic or EventBridge serve both',
        );
    });
    problems.throwIfAny();
    this.subscriptions.push(...added);
  }

  private configuration(): s3.CfnBucket.NotificationConfigurationProperty | undefined {
    if (this.subscriptions.length === 0 && !this.bridged) return undefined;
    const of = (kind: Subscription['kind']) => {
      const found = this.subscriptions.filter((one) => one.kind === kind);
      return found.length === 0 ? undefined : found.map((one) => ({ ...one, filter: keyFilter(one) }));
    };
    return {
      eventBridgeConfiguration: this.bridged ? { eventBridgeEnabled: true } : undefined,
      lambdaConfigurations: of('function')?.map(({ event, filter, arn }) => ({ event, filter, function: arn })),
      queueConfigurations: of('queue')?.map(({ event, filter, arn }) => ({ event, filter, queue: arn })),
      topicConfigurations: of('topic')?.map(({ event, filter, arn }) => ({ event, filter, topic: arn })),
    };
  }
}

function keyFilter({ prefix, suffix }: Filter) {
  const rules = [
    ...(prefix === '' ? [] : [{ name: 'prefix', value: prefix }]),
    ...(suffix === '' ? [] : [{ name: 'suffix', value: suffix }]),
  ];
  return rules.length === 0 ? undefined : { s3Key: { rules } };
}

function policyOf(destination: Construct): CfnResource {
  return destination.node.findChild('Policy').node.defaultChild as CfnResource;
}
