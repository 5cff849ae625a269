/** What operations on buckets and their configurations ask. */
import type { Actions } from '../../../kernel/service';
import type { S3 } from '../model';
import { bucketArn } from '../names';
import { bucketOf } from '../target';
import { accountCheck, aclKeys, bucketCheck, onBucket, onPolicy } from './keys';

export const bucketActions: Actions<S3> = {
  // Its document says where and how, so the handler asks once it has read it.
  CreateBucket: () => [],
  // It takes no resource; policies of the user guide's walkthrough name all buckets, and are understood.
  ListBuckets: (_, call) => [
    { ...accountCheck(call, 's3:ListAllMyBuckets'), resource: bucketArn('*', call.partition) },
  ],
  DeleteBucket: onBucket('s3:DeleteBucket'),
  HeadBucket: onBucket('s3:ListBucket'),
  GetBucketLocation: onBucket('s3:GetBucketLocation'),

  PutBucketVersioning: onBucket('s3:PutBucketVersioning'),
  GetBucketVersioning: onBucket('s3:GetBucketVersioning'),
  PutBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  GetBucketEncryption: onBucket('s3:GetEncryptionConfiguration'),
  DeleteBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  PutPublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  GetPublicAccessBlock: onBucket('s3:GetBucketPublicAccessBlock'),
  DeletePublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  PutBucketOwnershipControls: onBucket('s3:PutBucketOwnershipControls'),
  GetBucketOwnershipControls: onBucket('s3:GetBucketOwnershipControls'),
  DeleteBucketOwnershipControls: onBucket('s3:PutBucketOwnershipControls'),
  PutBucketPolicy: onPolicy('s3:PutBucketPolicy'),
  GetBucketPolicy: onPolicy('s3:GetBucketPolicy'),
  GetBucketPolicyStatus: onBucket('s3:GetBucketPolicyStatus'),
  DeleteBucketPolicy: onPolicy('s3:DeleteBucketPolicy'),
  PutBucketAcl: async (input, call) => [
    bucketCheck(call, await bucketOf(call, input), 's3:PutBucketAcl', aclKeys(input)),
  ],
  GetBucketAcl: onBucket('s3:GetBucketAcl'),
  PutBucketCors: onBucket('s3:PutBucketCORS'),
  GetBucketCors: onBucket('s3:GetBucketCORS'),
  DeleteBucketCors: onBucket('s3:PutBucketCORS'),
  PutBucketLifecycleConfiguration: onBucket('s3:PutLifecycleConfiguration'),
  GetBucketLifecycleConfiguration: onBucket('s3:GetLifecycleConfiguration'),
  DeleteBucketLifecycle: onBucket('s3:PutLifecycleConfiguration'),
  PutBucketLogging: onBucket('s3:PutBucketLogging'),
  GetBucketLogging: onBucket('s3:GetBucketLogging'),
  PutBucketNotificationConfiguration: onBucket('s3:PutBucketNotification'),
  GetBucketNotificationConfiguration: onBucket('s3:GetBucketNotification'),
  PutBucketReplication: onBucket('s3:PutReplicationConfiguration'),
  GetBucketReplication: onBucket('s3:GetReplicationConfiguration'),
  DeleteBucketReplication: onBucket('s3:PutReplicationConfiguration'),
  PutBucketWebsite: onBucket('s3:PutBucketWebsite'),
  GetBucketWebsite: onBucket('s3:GetBucketWebsite'),
  DeleteBucketWebsite: onBucket('s3:DeleteBucketWebsite'),
  PutBucketAccelerateConfiguration: onBucket('s3:PutAccelerateConfiguration'),
  GetBucketAccelerateConfiguration: onBucket('s3:GetAccelerateConfiguration'),
  PutBucketRequestPayment: onBucket('s3:PutBucketRequestPayment'),
  GetBucketRequestPayment: onBucket('s3:GetBucketRequestPayment'),
  PutBucketAbac: onBucket('s3:PutBucketAbac'),
  GetBucketAbac: onBucket('s3:GetBucketAbac'),
  PutObjectLockConfiguration: onBucket('s3:PutBucketObjectLockConfiguration'),
  GetObjectLockConfiguration: onBucket('s3:GetBucketObjectLockConfiguration'),
  // Which tags, says the document: the handler asks.
  PutBucketTagging: async (input, call) => {
    await bucketOf(call, input);
    return [];
  },
  GetBucketTagging: onBucket('s3:GetBucketTagging'),
  DeleteBucketTagging: onBucket('s3:PutBucketTagging'),

  // Which optional fields, says the document: the handler asks.
  PutBucketInventoryConfiguration: async (input, call) => {
    await bucketOf(call, input);
    return [];
  },
  GetBucketInventoryConfiguration: onBucket('s3:GetInventoryConfiguration'),
  DeleteBucketInventoryConfiguration: onBucket('s3:PutInventoryConfiguration'),
  ListBucketInventoryConfigurations: onBucket('s3:GetInventoryConfiguration'),
  PutBucketAnalyticsConfiguration: onBucket('s3:PutAnalyticsConfiguration'),
  GetBucketAnalyticsConfiguration: onBucket('s3:GetAnalyticsConfiguration'),
  DeleteBucketAnalyticsConfiguration: onBucket('s3:PutAnalyticsConfiguration'),
  ListBucketAnalyticsConfigurations: onBucket('s3:GetAnalyticsConfiguration'),
  PutBucketMetricsConfiguration: onBucket('s3:PutMetricsConfiguration'),
  GetBucketMetricsConfiguration: onBucket('s3:GetMetricsConfiguration'),
  DeleteBucketMetricsConfiguration: onBucket('s3:PutMetricsConfiguration'),
  ListBucketMetricsConfigurations: onBucket('s3:GetMetricsConfiguration'),
  PutBucketIntelligentTieringConfiguration: onBucket('s3:PutIntelligentTieringConfiguration'),
  GetBucketIntelligentTieringConfiguration: onBucket('s3:GetIntelligentTieringConfiguration'),
  DeleteBucketIntelligentTieringConfiguration: onBucket('s3:PutIntelligentTieringConfiguration'),
  ListBucketIntelligentTieringConfigurations: onBucket('s3:GetIntelligentTieringConfiguration'),
};
