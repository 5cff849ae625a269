/**
 * `ObjectProcessor`: a Lambda that deals with objects as they come, and everything that it takes to trust it: retries,
 * dead letters, a memory of what is done, alarms, filters that cannot call it in circles. Four ways lead to it (see
 * `ObjectTrigger`); none needs a function beside the one that does the work.
 */
import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { SecureFunction, type SecureFunctionProps } from '../compute/function';
import { OperationsKey } from '../compute/key';
import { acknowledge } from '../validation/acknowledge';
import { Problems } from '../validation/problems';
import { checkFilter, type Filter, overlapping } from './filters';
import { Idempotency, IdempotencyStore } from './idempotency';
import { BucketNotifications } from './notifications';
import { ObjectTrigger } from './trigger';

export interface ObjectProcessorProps extends SecureFunctionProps {
  /** Bucket whose objects are dealt with. */
  readonly bucket: s3.Bucket;
  /**
   * How events come to the function.
   * @default ObjectTrigger.notification()
   */
  readonly trigger?: ObjectTrigger;
  /**
   * What it hears of.
   * @default [s3.EventType.OBJECT_CREATED]
   */
  readonly events?: s3.EventType[];
  /**
   * Only keys that begin so. The function may read them.
   * @default '' - any
   */
  readonly prefix?: string;
  /**
   * Only keys that end so.
   * @default '' - any
   */
  readonly suffix?: string;
  /**
   * Where the function notes which events are done; it has to use `once` of `@coffer/constructs/dist/handlers/once`.
   * @default Idempotency.own()
   */
  readonly idempotency?: Idempotency;
}

export interface WriteOptions {
  /**
   * Keys that it may write begin so.
   * @default '' - any
   */
  readonly prefix?: string;
  /**
   * Keys that it may write end so.
   * @default '' - any
   */
  readonly suffix?: string;
}

/**
 * A Lambda that deals with the objects of a bucket as they come.
 *
 * @example
 * const processor = new ObjectProcessor(this, 'Thumbnails', {
 *   bucket, description: 'Makes thumbnails', prefix: 'images/', trigger: ObjectTrigger.queue(),
 *   code: lambda.Code.fromInline('exports.handler = async () => {};'),
 * });
 */
export class ObjectProcessor extends Construct {
  /** The function. */
  public readonly handler: SecureFunction;
  /** Events that failed for good, whichever way they came. */
  public readonly deadLetters: sqs.Queue;
  /** The queue of `ObjectTrigger.queue()`. */
  public readonly queue?: sqs.Queue;
  /** The topic of `ObjectTrigger.topic()`. */
  public readonly topic?: sns.Topic;
  /** The rule of `ObjectTrigger.eventBridge()`. */
  public readonly rule?: events.Rule;
  /** Where it notes what is done. */
  public readonly store?: IdempotencyStore;
  private readonly heard: Filter[];
  private readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: ObjectProcessorProps) {
    super(scope, id);
    const trigger = props.trigger ?? ObjectTrigger.notification();
    const { bucket, prefix = '', suffix = '' } = props;
    const heardEvents = props.events ?? [s3.EventType.OBJECT_CREATED];
    this.bucket = bucket;
    this.heard = heardEvents.map((event) => ({ event, prefix, suffix }));
    this.check(trigger, heardEvents, props);

    this.handler = new SecureFunction(this, 'Handler', props);
    this.deadLetters = this.handler.deadLetters;
    this.handler.allowObjects(bucket, `${prefix}*`, ['s3:GetObject', 's3:GetObjectVersion'], bucket.encryptionKey);
    const idempotency = props.idempotency ?? Idempotency.own();
    if (idempotency.enabled) {
      this.store =
        idempotency.store ??
        new IdempotencyStore(this, 'Done', { encryptionKey: bucket.encryptionKey, removal: props.removal });
      // Named after what the function does, not by reference: a reference would make the store wait for the function.
      this.store.serve(this.handler, `${this.node.id}-${this.node.addr.slice(-8)}/`);
    }

    const filter = { events: heardEvents, prefix, suffix };
    switch (trigger.kind) {
      case 'queue':
        this.queue = this.workQueue(trigger, props.timeout ?? Duration.seconds(30));
        BucketNotifications.of(bucket).toQueue(this.queue, filter);
        break;
      case 'topic':
        this.topic = this.announcements();
        BucketNotifications.of(bucket).toTopic(this.topic, filter);
        break;
      case 'eventBridge':
        BucketNotifications.of(bucket).toEventBridge();
        this.rule = this.listen(heardEvents, props);
        break;
      default:
        BucketNotifications.of(bucket).toFunction(this.handler, filter);
    }
  }

  /** Lets the function write objects. What would call it again is refused. */
  public allowWrite(bucket: s3.IBucket, options: WriteOptions = {}): void {
    const { prefix = '', suffix = '' } = options;
    const written = { event: 's3:ObjectCreated:*', prefix, suffix };
    const problems = new Problems(this);
    problems.check(
      bucket !== this.bucket || !this.heard.some((one) => overlapping(one, written)),
      'allowWrite',
      `${prefix}*${suffix}`,
      `keys that do not call the function again; it hears of ${this.heard.map((one) => `${one.prefix}*${one.suffix}`).join(', ')}`,
      'write below another prefix or to another bucket',
    );
    problems.throwIfAny();
    this.handler.allowObjects(bucket, `${prefix}*${suffix}`, ['s3:PutObject'], bucket.encryptionKey);
  }

  private check(trigger: ObjectTrigger, heard: s3.EventType[], props: ObjectProcessorProps): void {
    const problems = new Problems(this);
    const options = trigger.queueOptions ?? {};
    const within = (name: string, value: number | undefined, least: number, most: number, usual: string) =>
      problems.check(
        value === undefined || (Number.isInteger(value) && value >= least && value <= most),
        `trigger.${name}`,
        value,
        `whole numbers from ${least} to ${most}`,
        `leave it out for ${usual}`,
      );
    within('batchSize', options.batchSize, 1, 10, '10');
    within('maxReceiveCount', options.maxReceiveCount, 1, 1000, '5');
    within('maxConcurrency', options.maxConcurrency, 2, 1000, 'as many calls as the function may have');
    const waits = options.retentionPeriod;
    const seconds = waits === undefined || waits.isUnresolved() ? undefined : waits.toSeconds({ integral: false });
    within('retentionPeriod seconds', seconds, 60, 1209600, '4 days');
    const bridge = trigger.kind === 'eventBridge';
    const unknown = heard.filter((event) => DETAIL_TYPES[event] === undefined);
    problems.check(
      !bridge || unknown.length === 0,
      'events',
      unknown,
      `${Object.keys(DETAIL_TYPES).join(', ')} with ObjectTrigger.eventBridge()`,
      'EventBridge tells of kinds of events, not of the operations behind them; use ObjectTrigger.notification()',
    );
    problems.check(
      bridge || Stack.of(this.bucket) === Stack.of(this),
      'bucket',
      this.bucket.node.path,
      'a bucket of the same stack, which calls the function',
      'pass trigger: ObjectTrigger.eventBridge()',
    );
    problems.check(heard.length > 0, 'events', heard, 'at least one', 'leave it out for s3:ObjectCreated:*');
    checkFilter(problems, props.prefix ?? '', props.suffix ?? '');
    problems.throwIfAny();
  }

  private workQueue(trigger: ObjectTrigger, timeout: Duration): sqs.Queue {
    const { batchSize, maxConcurrency, maxReceiveCount, retentionPeriod } = trigger.queueOptions ?? {};
    const queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: retentionPeriod ?? Duration.days(4),
      // Six times the function's timeout. Source: Lambda developer guide, "Configuring an Amazon SQS queue".
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceiveCount ?? 5 },
    });
    this.handler.servicePolicy.addStatements(
      new iam.PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
        resources: [queue.queueArn],
      }),
    );
    const mapping = new lambda.EventSourceMapping(this, 'Work', {
      target: this.handler,
      eventSourceArn: queue.queueArn,
      batchSize: batchSize ?? 10,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    acknowledge(
      mapping,
      'LambdaEventSourceMappingDestination',
      'Lambda knows no failure destination for queues; what fails goes to the dead-letter queue of the queue itself.',
    );
    this.handler.alarm('QueueAge', queue.metricApproximateAgeOfOldestMessage(), 'seconds that an event has waited', {
      threshold: 900,
      statistic: 'Maximum',
    });
    return queue;
  }

  private announcements(): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', { masterKey: OperationsKey.shared(this), enforceSSL: true });
    topic.addSubscription(new subscriptions.LambdaSubscription(this.handler, { deadLetterQueue: this.deadLetters }));
    return topic;
  }

  private listen(heard: s3.EventType[], props: ObjectProcessorProps): events.Rule {
    const { prefix = '', suffix = '' } = props;
    const key = keyPattern(prefix, suffix);
    return new events.Rule(this, 'Rule', {
      description: `Objects ${prefix}*${suffix} of ${this.bucket.node.path}`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: [...new Set(heard.map((event) => DETAIL_TYPES[event]))],
        detail: {
          bucket: { name: [this.bucket.bucketName] },
          ...(key === undefined ? {} : { object: { key: [key] } }),
        },
      },
      targets: [
        new targets.LambdaFunction(this.handler, {
          deadLetterQueue: this.deadLetters,
          retryAttempts: 185,
          maxEventAge: props.maxEventAge ?? Duration.hours(6),
        }),
      ],
    });
  }
}

/** Kinds of events as EventBridge names them. Source: S3 user guide, "Using EventBridge". */
const DETAIL_TYPES: Readonly<Record<string, string>> = {
  [s3.EventType.OBJECT_CREATED]: 'Object Created',
  [s3.EventType.OBJECT_REMOVED]: 'Object Deleted',
  [s3.EventType.OBJECT_RESTORE_POST]: 'Object Restore Initiated',
  [s3.EventType.OBJECT_RESTORE_COMPLETED]: 'Object Restore Completed',
  [s3.EventType.OBJECT_RESTORE_DELETE]: 'Object Restore Expired',
  [s3.EventType.LIFECYCLE_TRANSITION]: 'Object Storage Class Changed',
  [s3.EventType.INTELLIGENT_TIERING]: 'Object Access Tier Changed',
  [s3.EventType.OBJECT_TAGGING_PUT]: 'Object Tags Added',
  [s3.EventType.OBJECT_TAGGING_DELETE]: 'Object Tags Deleted',
  [s3.EventType.OBJECT_ACL_PUT]: 'Object ACL Updated',
};

/** Source: EventBridge user guide, "Comparison operators": a wildcard takes the place of prefix and suffix. */
function keyPattern(prefix: string, suffix: string): object | undefined {
  if (prefix === '' && suffix === '') return undefined;
  if (suffix === '') return { prefix };
  if (prefix === '') return { suffix };
  const plain = (text: string) => (Token.isUnresolved(text) ? text : text.replace(/[\\*]/g, '\\$&'));
  return { wildcard: `${plain(prefix)}*${plain(suffix)}` };
}
