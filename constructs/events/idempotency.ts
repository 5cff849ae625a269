/**
 * Where a processor notes which events it has dealt with: one small object per event in a bucket of its own, written on
 * the condition that it is not there yet (`If-None-Match`), so that of two deliveries of an event one wins. The notes
 * expire by lifecycle. `handlers/once.ts` is the other half, called by the handler. A table would do as well and cost
 * a service more; S3 is there already, and one write an event is what either costs.
 * Source: S3 user guide, "How to prevent object overwrites with conditional writes".
 */
import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SecureBucket } from '../bucket/bucket';
import type { Removal } from '../bucket/removal';
import type { SecureFunction } from '../compute/function';
import { Problems } from '../validation/problems';
import { makeBucket } from './made';

export interface IdempotencyStoreProps {
  /**
   * How long an event is remembered: whole days, at least 1. S3 and SQS deliver a second time within minutes, a
   * dead-letter queue holds its events for 14 days.
   * @default Duration.days(15)
   */
  readonly retention?: Duration;
  /**
   * Key that encrypts the notes.
   * @default - a new customer-managed key
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * What becomes of the notes when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

/**
 * Remembers events that were dealt with. Processors may share one.
 *
 * @example
 * const store = new IdempotencyStore(this, 'Once', { retention: Duration.days(3) });
 * new ObjectProcessor(this, 'Thumbnails', {
 *   bucket, description: 'Makes thumbnails', prefix: 'images/',
 *   code: lambda.Code.fromInline('exports.handler = async () => {};'), idempotency: Idempotency.shared(store),
 * });
 */
export class IdempotencyStore extends Construct {
  /** Holds one object per event. */
  public readonly bucket: SecureBucket;

  constructor(scope: Construct, id: string, props: IdempotencyStoreProps = {}) {
    super(scope, id);
    const retention = props.retention ?? Duration.days(15);
    const days = retention.isUnresolved() ? 1 : retention.toDays({ integral: false });
    const problems = new Problems(this);
    problems.check(
      days >= 1 && Number.isInteger(days),
      'retention',
      days,
      'whole days, at least 1',
      'leave it out for 15 days',
    );
    problems.throwIfAny();
    this.bucket = makeBucket(this, 'Notes', {
      key: props.encryptionKey,
      lifecycleRules: [{ id: 'forget', expiration: retention, noncurrentVersionExpiration: Duration.days(1) }],
      removal: props.removal,
    });
  }

  /** Lets a function keep its notes here, below a prefix of its own. */
  public serve(handler: SecureFunction, prefix: string): void {
    handler.addEnvironment('COFFER_ONCE_BUCKET', this.bucket.bucketName);
    handler.addEnvironment('COFFER_ONCE_PREFIX', prefix);
    handler.allowObjects(this.bucket, `${prefix}*`, ['s3:GetObject', 's3:PutObject'], this.bucket.encryptionKey);
  }
}

/** Whether a processor notes what it has dealt with. */
export class Idempotency {
  /** In a store of its own. */
  public static own(): Idempotency {
    return new Idempotency(true);
  }

  /** In a store that others use as well. */
  public static shared(store: IdempotencyStore): Idempotency {
    return new Idempotency(true, store);
  }

  /** Nowhere: dealing with an event twice does no harm. */
  public static none(): Idempotency {
    return new Idempotency(false);
  }

  private constructor(
    /** Whether there is a store. */
    public readonly enabled: boolean,
    /** The store that is shared. */
    public readonly store?: IdempotencyStore,
  ) {}
}
