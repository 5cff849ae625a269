/** The zones of a lake: what comes in as it is, what was cleaned, what is read. Each is a bucket with its lifecycle. */
import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

/** Options of `LakeZone.custom`. */
export interface LakeZoneOptions {
  /**
   * What the zone is for.
   * @default - none
   */
  readonly description?: string;
  /**
   * Lifecycle rules of its bucket.
   * @default - replaced versions are kept for 30 days, current ones for ever
   */
  readonly lifecycleRules?: s3.LifecycleRule[];
}

/** A zone of a data lake. */
export class LakeZone {
  /** Data as it came. After 30 days to Standard-IA, after 90 to Glacier Instant Retrieval: still queryable, at less. */
  public static raw(): LakeZone {
    return LakeZone.custom('raw', {
      description: 'Data as it came',
      lifecycleRules: [
        {
          id: 'cool-down',
          transitions: [
            { storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
            { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(90) },
          ],
          noncurrentVersionExpiration: Duration.days(30),
        },
      ],
    });
  }

  /** Cleaned and typed data. In Intelligent-Tiering: nobody knows which months will be asked for. */
  public static curated(): LakeZone {
    return LakeZone.custom('curated', {
      description: 'Cleaned and typed data',
      lifecycleRules: [
        {
          id: 'tiering',
          transitions: [{ storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
          noncurrentVersionExpiration: Duration.days(30),
        },
      ],
    });
  }

  /** What people and tools read. Stays in Standard; replaced versions go after 7 days, for it can be made again. */
  public static consumption(): LakeZone {
    return LakeZone.custom('consumption', {
      description: 'What people and tools read',
      lifecycleRules: [{ id: 'replaced', noncurrentVersionExpiration: Duration.days(7) }],
    });
  }

  /** A zone of your own. `name`: lower-case letters, digits and `_`, beginning with a letter. */
  public static custom(name: string, options: LakeZoneOptions = {}): LakeZone {
    return new LakeZone(
      name,
      options.lifecycleRules ?? [{ id: 'replaced', noncurrentVersionExpiration: Duration.days(30) }],
      options.description,
    );
  }

  private constructor(
    /** Name of the zone. */
    public readonly name: string,
    /** Lifecycle rules of its bucket. */
    public readonly lifecycleRules: s3.LifecycleRule[],
    /** What it is for. */
    public readonly description?: string,
  ) {}
}
