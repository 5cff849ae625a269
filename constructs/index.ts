/** @coffer/constructs: CDK constructs for S3 that are secure without being asked. */
export { AccessLogBucket, type AccessLogBucketProps } from './accesslog';
export { SecureBucket, type SecureBucketProps } from './bucket';
export { type AccessOptions, BucketAccess } from './grants';
