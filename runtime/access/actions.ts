/**
 * Which actions are asked of which kind of resource. What policies name beyond these is asked as well. Source: Service
 * Authorization Reference, the "Actions" tables of Amazon S3, AWS KMS, Amazon SQS, Amazon SNS, Amazon EventBridge, AWS Lambda, IAM and STS.
 */

export type Kind = 'bucket' | 'object' | 'key' | 'queue' | 'topic' | 'bus' | 'function' | 'role';

const s3 = (...names: string[]) => names.map((name) => `s3:${name}`);

export const actionsOf: Readonly<Record<Kind, readonly string[]>> = {
  bucket: s3(
    'ListBucket',
    'ListBucketVersions',
    'ListBucketMultipartUploads',
    'GetBucketPolicy',
    'PutBucketPolicy',
    'DeleteBucketPolicy',
    'PutBucketAcl',
    'PutBucketPublicAccessBlock',
    'PutBucketOwnershipControls',
    'PutEncryptionConfiguration',
    'PutBucketVersioning',
    'PutBucketObjectLockConfiguration',
    'PutLifecycleConfiguration',
    'PutReplicationConfiguration',
    'PutBucketNotification',
    'PutBucketLogging',
    'PutBucketWebsite',
    'PutBucketCORS',
    'PutBucketTagging',
    'DeleteBucket',
  ),
  object: s3(
    'GetObject',
    'GetObjectVersion',
    'GetObjectAttributes',
    'GetObjectAcl',
    'GetObjectTagging',
    'GetObjectVersionTagging',
    'GetObjectRetention',
    'GetObjectLegalHold',
    'PutObject',
    'PutObjectAcl',
    'PutObjectTagging',
    'PutObjectRetention',
    'PutObjectLegalHold',
    'BypassGovernanceRetention',
    'DeleteObject',
    'DeleteObjectVersion',
    'DeleteObjectTagging',
    'AbortMultipartUpload',
    'ListMultipartUploadParts',
    'RestoreObject',
    'ReplicateObject',
    'ReplicateDelete',
  ),
  key: [
    'Encrypt',
    'Decrypt',
    'ReEncryptFrom',
    'ReEncryptTo',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'DescribeKey',
    'CreateGrant',
    'RevokeGrant',
    'GetKeyPolicy',
    'PutKeyPolicy',
    'DisableKey',
    'DisableKeyRotation',
    'ScheduleKeyDeletion',
  ].map((name) => `kms:${name}`),
  queue: [
    'SendMessage',
    'ReceiveMessage',
    'DeleteMessage',
    'ChangeMessageVisibility',
    'GetQueueAttributes',
    'GetQueueUrl',
    'PurgeQueue',
    'SetQueueAttributes',
    'AddPermission',
    'DeleteQueue',
  ].map((name) => `sqs:${name}`),
  topic: ['Publish', 'Subscribe', 'GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'DeleteTopic'].map(
    (name) => `sns:${name}`,
  ),
  bus: ['PutEvents', 'PutRule', 'PutTargets', 'PutPermission', 'DescribeEventBus', 'DeleteEventBus'].map(
    (name) => `events:${name}`,
  ),
  function: [
    'InvokeFunction',
    'InvokeFunctionUrl',
    'GetFunction',
    'UpdateFunctionCode',
    'UpdateFunctionConfiguration',
    'AddPermission',
    'DeleteFunction',
  ].map((name) => `lambda:${name}`),
  role: ['sts:AssumeRole', 'iam:PassRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy', 'iam:AttachRolePolicy'],
};

/** The service of a kind's actions. */
export const serviceOf: Readonly<Record<Kind, string>> = {
  bucket: 's3',
  object: 's3',
  key: 'kms',
  queue: 'sqs',
  topic: 'sns',
  bus: 'events',
  function: 'lambda',
  role: 'sts',
};
