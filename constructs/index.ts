/** @coffer/constructs: CDK constructs for S3 that are secure without being asked. One line per file, by folder. */
export { AccessLogBucket, type AccessLogBucketProps } from './bucket/accesslog';
export { SecureBucket, type SecureBucketProps } from './bucket/bucket';
export { type AccessOptions, BucketAccess } from './grants/access';
export { type Problem, Problems } from './validation/problems';
