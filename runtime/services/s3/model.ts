/** What the client's schema leaves out of S3's wire, and the types of its handlers. */
import type { Input, Output } from '../../kernel/peers';
import type { ModelNotes } from '../../protocol/wire';

export type S3 = typeof import('@aws-sdk/client-s3');
export type In<Name extends string> = Input<S3, Name>;
export type Out<Name extends string> = Output<S3, Name>;

/** The client's schema does not tell the range of an integer. */
const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

export const model: ModelNotes = {
  constraints: {
    AbortIncompleteMultipartUpload$DaysAfterInitiation: int32,
    CORSRule$MaxAgeSeconds: int32,
    CompletedPart$PartNumber: int32,
    DefaultRetention$Days: int32,
    DefaultRetention$Years: int32,
    LifecycleExpiration$Days: int32,
    NoncurrentVersionExpiration$NewerNoncurrentVersions: int32,
    NoncurrentVersionExpiration$NoncurrentDays: int32,
    NoncurrentVersionTransition$NewerNoncurrentVersions: int32,
    NoncurrentVersionTransition$NoncurrentDays: int32,
    ReplicationRule$Priority: int32,
    ReplicationTimeValue$Minutes: int32,
    Tiering$Days: int32,
    Transition$Days: int32,
  },
  // S3 API reference: these answer without content although the client expects 200.
  statuses: {
    PutBucketAnalyticsConfiguration: 204,
    PutBucketIntelligentTieringConfiguration: 204,
    PutBucketInventoryConfiguration: 204,
    PutBucketMetricsConfiguration: 204,
    PutBucketPolicy: 204,
    PutBucketTagging: 204,
  },
  // An empty policy is refused as a policy.
  optionalBody: ['PutBucketPolicy'],
  // As reported of S3: versitygw's issue 1733.
  words: {
    'x-amz-object-lock-retain-until-date': 'The retain until date must be provided in ISO 8601 format',
  },
  // 202 for a restore that begins, 200 for one that is done.
  statusMembers: { RestoreObject: 'status' },
  // What all other writes tell, this one tells too.
  headers: {
    CompleteMultipartUpload: {
      SSECustomerAlgorithm: 'x-amz-server-side-encryption-customer-algorithm',
      SSECustomerKeyMD5: 'x-amz-server-side-encryption-customer-key-md5',
    },
    HeadBucket: { contentType: 'content-type' },
    // Listings tell where their bucket is, which the client's model keeps to HeadBucket.
    ListObjects: { bucketRegion: 'x-amz-bucket-region' },
    ListObjectsV2: { bucketRegion: 'x-amz-bucket-region' },
  },
};
