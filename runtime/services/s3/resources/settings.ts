/** How each property of a bucket is put and taken back, in the order in which S3 accepts them. */
import { isAwsError } from '../../../base/errors';
import type { Peers } from '../../../kernel/peers';
import * as read from './configurations';
import { type Read, type Shaped, text } from './reading';

type S3Peer = Peers['s3'];

export interface Setting {
  readonly property: string;
  put(s3: S3Peer, Bucket: string, value: unknown, previous: unknown): Promise<void>;
  clear(s3: S3Peer, Bucket: string, previous: unknown): Promise<void>;
}

/** A property that is one configuration. */
function one(
  property: string,
  reader: Read<Shaped>,
  put: (s3: S3Peer, Bucket: string, value: Shaped) => Promise<unknown>,
  clear: (s3: S3Peer, Bucket: string) => Promise<unknown>,
): Setting {
  return {
    property,
    async put(s3, Bucket, value) {
      await put(s3, Bucket, reader(value, `/${property}`));
    },
    async clear(s3, Bucket) {
      await clear(s3, Bucket);
    },
  };
}

/** A property that is a list of configurations, each with its id: those that are gone from the list are deleted. */
function many(
  property: string,
  reader: Read<Shaped[]>,
  put: (s3: S3Peer, Bucket: string, Id: string, value: Shaped) => Promise<unknown>,
  drop: (s3: S3Peer, Bucket: string, Id: string) => Promise<unknown>,
): Setting {
  const all = (value: unknown): Shaped[] => (value === undefined ? [] : reader(value, `/${property}`));
  const dropMissing = async (s3: S3Peer, Bucket: string, previous: unknown, kept: Shaped[]) => {
    for (const { Id } of all(previous))
      if (!kept.some((one) => one.Id === Id)) await drop(s3, Bucket, Id).catch(ignore('NoSuchConfiguration'));
  };
  return {
    property,
    async put(s3, Bucket, value, previous) {
      const wanted = all(value);
      await dropMissing(s3, Bucket, previous, wanted);
      for (const one of wanted) await put(s3, Bucket, one.Id, one);
    },
    clear: (s3, Bucket, previous) => dropMissing(s3, Bucket, previous, []),
  };
}

export function ignore(...codes: string[]) {
  return (error: unknown): void => {
    if (!isAwsError(error, ...codes)) throw error;
  };
}

/** CloudFormation's names of canned ACLs: `PublicRead` for `public-read`. */
const cannedAcl: Read<string> = (value, place) =>
  text(value, place)
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase();

export const settings: readonly Setting[] = [
  one(
    'PublicAccessBlockConfiguration',
    read.publicAccess,
    (s3, Bucket, PublicAccessBlockConfiguration) => s3.PutPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration }),
    (s3, Bucket) => s3.DeletePublicAccessBlock({ Bucket }),
  ),
  one(
    'OwnershipControls',
    read.ownership,
    (s3, Bucket, OwnershipControls) => s3.PutBucketOwnershipControls({ Bucket, OwnershipControls }),
    (s3, Bucket) => s3.DeleteBucketOwnershipControls({ Bucket }),
  ),
  one(
    'AccessControl',
    cannedAcl,
    // Where ACLs are off, private is what there is already.
    (s3, Bucket, ACL) =>
      s3.PutBucketAcl({ Bucket, ACL }).catch(ACL === 'private' ? ignore('AccessControlListNotSupported') : raise),
    (s3, Bucket) => s3.PutBucketAcl({ Bucket, ACL: 'private' }).catch(ignore('AccessControlListNotSupported')),
  ),
  one(
    'BucketEncryption',
    read.encryption,
    (s3, Bucket, ServerSideEncryptionConfiguration) =>
      s3.PutBucketEncryption({ Bucket, ServerSideEncryptionConfiguration }),
    (s3, Bucket) => s3.DeleteBucketEncryption({ Bucket }),
  ),
  one(
    'VersioningConfiguration',
    read.versioning,
    (s3, Bucket, VersioningConfiguration) => s3.PutBucketVersioning({ Bucket, VersioningConfiguration }),
    (s3, Bucket) => s3.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
  ),
  one(
    'ObjectLockConfiguration',
    read.objectLock,
    (s3, Bucket, ObjectLockConfiguration) => s3.PutObjectLockConfiguration({ Bucket, ObjectLockConfiguration }),
    (s3, Bucket) =>
      s3.PutObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
  ),
  one(
    'CorsConfiguration',
    read.cors,
    (s3, Bucket, CORSConfiguration) => s3.PutBucketCors({ Bucket, CORSConfiguration }),
    (s3, Bucket) => s3.DeleteBucketCors({ Bucket }),
  ),
  one(
    'LifecycleConfiguration',
    read.lifecycle,
    (s3, Bucket, { Rules, TransitionDefaultMinimumObjectSize }) =>
      s3.PutBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: { Rules },
        TransitionDefaultMinimumObjectSize,
      }),
    (s3, Bucket) => s3.DeleteBucketLifecycle({ Bucket }),
  ),
  one(
    'LoggingConfiguration',
    read.logging,
    (s3, Bucket, { TargetBucket = Bucket, TargetPrefix = '', ...rest }) =>
      s3.PutBucketLogging({ Bucket, BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix, ...rest } } }),
    (s3, Bucket) => s3.PutBucketLogging({ Bucket, BucketLoggingStatus: {} }),
  ),
  one(
    'WebsiteConfiguration',
    read.website,
    (s3, Bucket, WebsiteConfiguration) => s3.PutBucketWebsite({ Bucket, WebsiteConfiguration }),
    (s3, Bucket) => s3.DeleteBucketWebsite({ Bucket }),
  ),
  one(
    'AccelerateConfiguration',
    read.acceleration,
    (s3, Bucket, AccelerateConfiguration) => s3.PutBucketAccelerateConfiguration({ Bucket, AccelerateConfiguration }),
    (s3, Bucket) => s3.PutBucketAccelerateConfiguration({ Bucket, AccelerateConfiguration: { Status: 'Suspended' } }),
  ),
  one(
    'AbacStatus',
    text,
    (s3, Bucket, Status) => s3.PutBucketAbac({ Bucket, AbacStatus: { Status } }),
    (s3, Bucket) => s3.PutBucketAbac({ Bucket, AbacStatus: { Status: 'Disabled' } }),
  ),
  one(
    'ReplicationConfiguration',
    read.replication,
    (s3, Bucket, ReplicationConfiguration) => s3.PutBucketReplication({ Bucket, ReplicationConfiguration }),
    (s3, Bucket) => s3.DeleteBucketReplication({ Bucket }),
  ),
  many(
    'InventoryConfigurations',
    read.inventories,
    (s3, Bucket, Id, InventoryConfiguration) =>
      s3.PutBucketInventoryConfiguration({ Bucket, Id, InventoryConfiguration }),
    (s3, Bucket, Id) => s3.DeleteBucketInventoryConfiguration({ Bucket, Id }),
  ),
  many(
    'AnalyticsConfigurations',
    read.analytics,
    (s3, Bucket, Id, AnalyticsConfiguration) =>
      s3.PutBucketAnalyticsConfiguration({ Bucket, Id, AnalyticsConfiguration }),
    (s3, Bucket, Id) => s3.DeleteBucketAnalyticsConfiguration({ Bucket, Id }),
  ),
  many(
    'MetricsConfigurations',
    read.metrics,
    (s3, Bucket, Id, MetricsConfiguration) => s3.PutBucketMetricsConfiguration({ Bucket, Id, MetricsConfiguration }),
    (s3, Bucket, Id) => s3.DeleteBucketMetricsConfiguration({ Bucket, Id }),
  ),
  many(
    'IntelligentTieringConfigurations',
    read.tierings,
    (s3, Bucket, Id, IntelligentTieringConfiguration) =>
      s3.PutBucketIntelligentTieringConfiguration({ Bucket, Id, IntelligentTieringConfiguration }),
    (s3, Bucket, Id) => s3.DeleteBucketIntelligentTieringConfiguration({ Bucket, Id }),
  ),
  one(
    'NotificationConfiguration',
    read.notification,
    (s3, Bucket, NotificationConfiguration) =>
      s3.PutBucketNotificationConfiguration({ Bucket, NotificationConfiguration }),
    (s3, Bucket) => s3.PutBucketNotificationConfiguration({ Bucket, NotificationConfiguration: {} }),
  ),
];

function raise(error: unknown): never {
  throw error;
}
