/**
 * Lifecycles that fit a use, and the choice of one storage class. Every preset holds to S3's rules: 30 days before an
 * infrequent-access class, 30 more before the next, colder classes only, expiry after every transition.
 * Source: S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle".
 */
import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

/** The storage class that objects come to rest in. S3 has no default class of a bucket; a lifecycle rule moves them. */
export class StorageChoice {
  /** S3 Standard: often read. */
  public static readonly STANDARD = new StorageChoice('STANDARD', 0);
  /** S3 Intelligent-Tiering, at once: unknown or changing access. */
  public static readonly INTELLIGENT_TIERING = new StorageChoice('INTELLIGENT_TIERING', 0);
  /** S3 Standard-IA, after the 30 days that S3 asks for: rarely read, quickly. */
  public static readonly STANDARD_IA = new StorageChoice('STANDARD_IA', 30);
  /** S3 One Zone-IA, after 30 days: rarely read and easily made again; lost with its Availability Zone. */
  public static readonly ONE_ZONE_IA = new StorageChoice('ONEZONE_IA', 30);
  /** S3 Glacier Instant Retrieval, at once: read a few times a year, in milliseconds. */
  public static readonly GLACIER_INSTANT_RETRIEVAL = new StorageChoice('GLACIER_IR', 0);
  /** S3 Glacier Flexible Retrieval, at once: restored in minutes to hours. */
  public static readonly GLACIER_FLEXIBLE_RETRIEVAL = new StorageChoice('GLACIER', 0);
  /** S3 Glacier Deep Archive, at once: restored within 12 hours, cheapest to keep. */
  public static readonly DEEP_ARCHIVE = new StorageChoice('DEEP_ARCHIVE', 0);

  private constructor(
    /** The class as S3 spells it. */
    public readonly storageClass: string,
    /** Age at which objects move there. */
    public readonly afterDays: number,
  ) {}

  /** The rule that moves objects there; none for S3 Standard. @internal */
  public _rules(): s3.LifecycleRule[] {
    if (this.storageClass === 'STANDARD') return [];
    const storageClass = new s3.StorageClass(this.storageClass);
    return [{ id: 'storage-class', transitions: [{ storageClass, transitionAfter: Duration.days(this.afterDays) }] }];
  }
}

/** Options of `Lifecycle.logs`. */
export interface LogLifecycleOptions {
  /**
   * How long logs are kept.
   * @default Duration.days(365)
   */
  readonly retention?: Duration;
  /**
   * Key prefix that the rules are for.
   * @default - the whole bucket
   */
  readonly prefix?: string;
}

/** Options of `Lifecycle.archive`. */
export interface ArchiveLifecycleOptions {
  /**
   * How long the archive is kept.
   * @default - for ever
   */
  readonly retention?: Duration;
  /**
   * How long objects stay quickly readable before they move to Glacier Flexible Retrieval.
   * @default Duration.days(0)
   */
  readonly coolAfter?: Duration;
  /**
   * Key prefix that the rules are for.
   * @default - the whole bucket
   */
  readonly prefix?: string;
}

/** Options of `Lifecycle.uploads`. */
export interface UploadLifecycleOptions {
  /**
   * How long replaced and deleted files can be brought back.
   * @default Duration.days(90)
   */
  readonly recovery?: Duration;
  /**
   * Key prefix that the rules are for.
   * @default - the whole bucket
   */
  readonly prefix?: string;
}

/** Options of `Lifecycle.dataLake`. */
export interface DataLakeLifecycleOptions {
  /**
   * Prefix of intermediate results that are thrown away, e.g. `tmp/`.
   * @default - none
   */
  readonly scratchPrefix?: string;
  /**
   * How long intermediate results are kept.
   * @default Duration.days(7)
   */
  readonly scratchRetention?: Duration;
}

/** Options of `Lifecycle.website`. */
export interface WebsiteLifecycleOptions {
  /**
   * How long a replaced page can be brought back.
   * @default Duration.days(30)
   */
  readonly recovery?: Duration;
  /**
   * How many replaced versions are kept however old they are, for going back: 0 to 100.
   * @default 5
   */
  readonly keepVersions?: number;
}

/** Options of `Lifecycle.costOptimised`: when each class is entered. A class whose age is not set is skipped. */
export interface CostOptimisedLifecycleOptions {
  /**
   * Age at which objects move to Intelligent-Tiering, for unknown access. Excludes Standard-IA, which S3 does not
   * transition to from there.
   * @default - never
   */
  readonly intelligentTieringAfter?: Duration;
  /**
   * Age at which objects move to Standard-IA (or One Zone-IA, see `oneZone`). At least 30 days.
   * @default Duration.days(30), unless any age is given
   */
  readonly infrequentAccessAfter?: Duration;
  /**
   * One Zone-IA in place of Standard-IA: for what can be made again. Excludes Glacier Instant Retrieval after it.
   * @default false
   */
  readonly oneZone?: boolean;
  /**
   * Age at which objects move to Glacier Instant Retrieval.
   * @default Duration.days(90), unless any age is given
   */
  readonly glacierInstantRetrievalAfter?: Duration;
  /**
   * Age at which objects move to Glacier Flexible Retrieval.
   * @default Duration.days(180), unless any age is given
   */
  readonly glacierFlexibleRetrievalAfter?: Duration;
  /**
   * Age at which objects move to Glacier Deep Archive.
   * @default Duration.days(365), unless any age is given
   */
  readonly deepArchiveAfter?: Duration;
  /**
   * Age at which objects expire.
   * @default - never
   */
  readonly expireAfter?: Duration;
  /**
   * How long replaced and deleted objects can be brought back.
   * @default Duration.days(90)
   */
  readonly recovery?: Duration;
}

/** Rules by which objects cool down and expire. */
export class Lifecycle {
  /** Nothing moves, nothing expires. */
  public static none(): Lifecycle {
    return new Lifecycle([]);
  }

  /** Rules of your own, checked like any other. */
  public static of(...rules: s3.LifecycleRule[]): Lifecycle {
    return new Lifecycle(rules);
  }

  /** Logs: Standard, Standard-IA at 30 days, Glacier Instant Retrieval at 90, gone at the end of their retention. */
  public static logs(options: LogLifecycleOptions = {}): Lifecycle {
    const retention = options.retention ?? Duration.days(365);
    const steps: [s3.StorageClass, number][] = [
      [s3.StorageClass.INFREQUENT_ACCESS, 30],
      [s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, 90],
    ];
    // A class that an object would leave before its minimum storage duration costs more than it saves.
    const minimum = [60, 180];
    const transitions = steps
      .filter((_step, i) => days(retention) >= minimum[i])
      .map(([storageClass, after]) => ({ storageClass, transitionAfter: Duration.days(after) }));
    return new Lifecycle([
      {
        id: 'logs',
        prefix: options.prefix,
        expiration: retention,
        noncurrentVersionExpiration: Duration.days(30),
        ...(transitions.length > 0 ? { transitions } : {}),
      },
      { id: 'logs-delete-markers', prefix: options.prefix, expiredObjectDeleteMarker: true },
    ]);
  }

  /** Archives: Glacier Flexible Retrieval at once, Deep Archive 90 days later; versions follow and go after 90 more. */
  public static archive(options: ArchiveLifecycleOptions = {}): Lifecycle {
    const cool = options.coolAfter ?? Duration.days(0);
    const deep = Duration.days(days(cool) + 90);
    const keep = options.retention === undefined || days(options.retention) >= days(deep) + 180;
    return new Lifecycle([
      {
        id: 'archive',
        prefix: options.prefix,
        transitions: [
          { storageClass: s3.StorageClass.GLACIER, transitionAfter: cool },
          ...(keep ? [{ storageClass: s3.StorageClass.DEEP_ARCHIVE, transitionAfter: deep }] : []),
        ],
        noncurrentVersionExpiration: Duration.days(90),
        ...(options.retention ? { expiration: options.retention } : {}),
      },
    ]);
  }

  /** Uploads: read often at first, Standard-IA at 90 days, Glacier Instant Retrieval at 180; mistakes can be undone. */
  public static uploads(options: UploadLifecycleOptions = {}): Lifecycle {
    return new Lifecycle([
      {
        id: 'uploads',
        prefix: options.prefix,
        transitions: [
          { storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(90) },
          { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(180) },
        ],
        noncurrentVersionExpiration: options.recovery ?? Duration.days(90),
      },
      { id: 'uploads-delete-markers', prefix: options.prefix, expiredObjectDeleteMarker: true },
    ]);
  }

  /** Data lakes: access is unknown, so Intelligent-Tiering from the first day; scratch data goes after a week. */
  public static dataLake(options: DataLakeLifecycleOptions = {}): Lifecycle {
    const scratch: s3.LifecycleRule[] =
      options.scratchPrefix === undefined
        ? []
        : [{ id: 'scratch', prefix: options.scratchPrefix, expiration: options.scratchRetention ?? Duration.days(7) }];
    return new Lifecycle([
      {
        id: 'data-lake',
        transitions: [{ storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
        noncurrentVersionExpiration: Duration.days(30),
      },
      ...scratch,
      { id: 'data-lake-delete-markers', expiredObjectDeleteMarker: true },
    ]);
  }

  /** Websites: pages stay in Standard, whatever their age; some replaced versions stay for going back. */
  public static website(options: WebsiteLifecycleOptions = {}): Lifecycle {
    const keep = options.keepVersions ?? 5;
    return new Lifecycle([
      {
        id: 'website',
        noncurrentVersionExpiration: options.recovery ?? Duration.days(30),
        ...(keep > 0 ? { noncurrentVersionsToRetain: keep } : {}),
      },
      { id: 'website-delete-markers', expiredObjectDeleteMarker: true },
    ]);
  }

  /** Colder with age through each class: Standard-IA 30 days, Glacier Instant 90, Flexible 180, Deep Archive 365. */
  public static costOptimised(options: CostOptimisedLifecycleOptions = {}): Lifecycle {
    const given: [s3.StorageClass, Duration | undefined][] = [
      [s3.StorageClass.INTELLIGENT_TIERING, options.intelligentTieringAfter],
      [
        options.oneZone ? s3.StorageClass.ONE_ZONE_INFREQUENT_ACCESS : s3.StorageClass.INFREQUENT_ACCESS,
        options.infrequentAccessAfter,
      ],
      [s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, options.glacierInstantRetrievalAfter],
      [s3.StorageClass.GLACIER, options.glacierFlexibleRetrievalAfter],
      [s3.StorageClass.DEEP_ARCHIVE, options.deepArchiveAfter],
    ];
    const usual = [undefined, 30, options.oneZone ? undefined : 90, 180, 365];
    const none = given.every(([, after]) => after === undefined);
    const transitions = given.flatMap(([storageClass, after], i) => {
      const transitionAfter = none && usual[i] !== undefined ? Duration.days(usual[i]) : after;
      return transitionAfter ? [{ storageClass, transitionAfter }] : [];
    });
    return new Lifecycle([
      {
        id: 'cost-optimised',
        transitions,
        noncurrentVersionExpiration: options.recovery ?? Duration.days(90),
        ...(options.expireAfter ? { expiration: options.expireAfter } : {}),
      },
      { id: 'cost-optimised-delete-markers', expiredObjectDeleteMarker: true },
    ]);
  }

  private constructor(
    /** The rules as aws-cdk-lib takes them. */
    public readonly rules: s3.LifecycleRule[],
  ) {}

  /** The rules for a bucket with or without versions: where there are none, what is said of them falls away. @internal */
  public _rulesFor(versioned: boolean): s3.LifecycleRule[] {
    if (versioned) return this.rules;
    return this.rules
      .map((rule) => ({ ...rule, noncurrentVersionExpiration: undefined, noncurrentVersionsToRetain: undefined }))
      .filter((rule) => !rule.expiredObjectDeleteMarker && (rule.expiration || rule.transitions?.length));
  }

  /** These rules and more. */
  public and(...rules: s3.LifecycleRule[]): Lifecycle {
    return new Lifecycle([...this.rules, ...rules]);
  }
}

function days(duration: Duration): number {
  return duration.isUnresolved() ? Number.POSITIVE_INFINITY : duration.toDays({ integral: false });
}
