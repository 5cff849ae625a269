/** What can be said of a SecureBucket. Leaving everything out is the secure choice; an opt-out names its reason. */
import type { Duration } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Perimeter } from '../access/perimeter';
import type { AccessLogs } from './accesslog';
import type { Encryption, UploadEncryption } from './encryption';
import type { Lifecycle, StorageChoice } from './lifecycle';
import type { Removal } from './removal';
import type { Versioning } from './versioning';

export interface SecureBucketProps {
  /**
   * Name of the bucket, unique among all of AWS. `PhysicalName.GENERATE_IF_NEEDED` where another account or Region
   * refers to it.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string;
  /**
   * First part of a name in the account's own namespace; CloudFormation appends `-<account>-<region>-an`. No one else
   * can ever own such a name. Excludes `bucketName`.
   * @default - none
   */
  readonly bucketNamePrefix?: string;
  /**
   * How objects are encrypted.
   * @default Encryption.customerKey() - a new customer-managed key with yearly rotation
   */
  readonly encryption?: Encryption;
  /**
   * Whether S3 keeps a bucket-level key and asks KMS rarely. Not with DSSE, nor with SSE-S3.
   * @default true with SSE-KMS
   */
  readonly bucketKeyEnabled?: boolean;
  /**
   * How strictly uploads are held to the bucket's encryption. Uploads with a key of their own (SSE-C) are always
   * blocked.
   * @default UploadEncryption.MATCHING under a key, UploadEncryption.ANY with SSE-S3
   */
  readonly uploadEncryption?: UploadEncryption;
  /**
   * Whether versions are kept.
   * @default Versioning.ENABLED
   */
  readonly versioning?: Versioning;
  /**
   * Where access logs go.
   * @default AccessLogs.shared() - one log bucket shared by the SecureBuckets of the stack
   */
  readonly accessLogs?: AccessLogs;
  /**
   * Lifecycle preset.
   * @default Lifecycle.none() - objects and their versions are kept
   */
  readonly lifecycle?: Lifecycle;
  /**
   * Lifecycle rules beside the preset and the one that aborts unfinished multipart uploads.
   * @default - none
   */
  readonly lifecycleRules?: s3.LifecycleRule[];
  /**
   * Storage class that objects come to rest in. Excludes a lifecycle that moves them elsewhere.
   * @default StorageChoice.STANDARD
   */
  readonly storageClass?: StorageChoice;
  /**
   * Which small objects lifecycle rules move.
   * @default - S3's: none below 128 KB
   */
  readonly transitionDefaultMinimumObjectSize?: s3.TransitionDefaultMinimumObjectSize;
  /**
   * When unfinished multipart uploads are aborted. At least one day.
   * @default Duration.days(7)
   */
  readonly abortMultipartAfter?: Duration;
  /**
   * Archive tiers of Intelligent-Tiering.
   * @default - none
   */
  readonly intelligentTieringConfigurations?: s3.IntelligentTieringConfiguration[];
  /**
   * Inventory reports.
   * @default - none
   */
  readonly inventories?: s3.Inventory[];
  /**
   * Request metrics, each for the whole bucket or a filter.
   * @default - none
   */
  readonly metrics?: s3.BucketMetrics[];
  /**
   * Who may call the bucket from a browser.
   * @default - no one
   */
  readonly cors?: s3.CorsRule[];
  /**
   * Whether objects can be locked. Only at creation, for ever; needs versions.
   * @default true if objectLockDefaultRetention is set, else false
   */
  readonly objectLockEnabled?: boolean;
  /**
   * How long each new version is locked. In compliance mode no one can delete it before.
   * @default - not by default
   */
  readonly objectLockDefaultRetention?: s3.ObjectLockRetention;
  /**
   * Whether AWS Config checks that MFA delete is on. It can be switched on by the root user only, not by a template.
   * @default false
   */
  readonly mfaDeleteAudit?: boolean;
  /**
   * Who, and from where, the bucket can be reached at all, whatever else allows it.
   * @default - any caller that policies allow
   */
  readonly perimeter?: Perimeter;
  /**
   * Oldest TLS version that is accepted: 1.2 or 1.3.
   * @default 1.2
   */
  readonly minimumTlsVersion?: number;
  /**
   * Whether events go to Amazon EventBridge.
   * @default false
   */
  readonly eventBridgeEnabled?: boolean;
  /**
   * Whether uploads may go through edge locations.
   * @default false
   */
  readonly transferAcceleration?: boolean;
  /**
   * Whether the bucket's tags take part in access decisions (`aws:ResourceTag`).
   * @default - S3's: no
   */
  readonly abacStatus?: boolean;
  /**
   * Tags of the bucket and of a key made for it, e.g. for cost allocation.
   * @default - none
   */
  readonly tags?: { [key: string]: string };
  /**
   * What becomes of the bucket, and of a key made for it, when it leaves the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}
