/** The ways from a bucket to a processor, and what to choose them for. */
import type { Duration } from 'aws-cdk-lib';

export interface QueueTriggerOptions {
  /**
   * Events handed over at once: 1 to 10.
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * How often an event is tried before it becomes a dead letter: 1 to 1000.
   * @default 5
   */
  readonly maxReceiveCount?: number;
  /**
   * Calls that read the queue at once: 2 to 1000.
   * @default - as many as the function may have
   */
  readonly maxConcurrency?: number;
  /**
   * How long an event waits at most: 1 minute to 14 days.
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;
}

/** How events come from the bucket to the function. */
export class ObjectTrigger {
  /** S3 calls the function. The fewest parts; one function per event and key. */
  public static notification(): ObjectTrigger {
    return new ObjectTrigger('notification');
  }

  /** S3 fills a queue that the function works off: bursts wait, failures are tried again one by one. */
  public static queue(options: QueueTriggerOptions = {}): ObjectTrigger {
    return new ObjectTrigger('queue', options);
  }

  /** S3 publishes to a topic; the function is one of its subscribers, others may follow. */
  public static topic(): ObjectTrigger {
    return new ObjectTrigger('topic');
  }

  /** A rule of Amazon EventBridge: any number of them hear of the same keys, from other stacks too. */
  public static eventBridge(): ObjectTrigger {
    return new ObjectTrigger('eventBridge');
  }

  private constructor(
    /** Name of the way. */
    public readonly kind: string,
    /** What was said about the queue. */
    public readonly queueOptions?: QueueTriggerOptions,
  ) {}
}
