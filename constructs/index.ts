/** @coffer/constructs: CDK constructs for S3 that are secure without being asked. One line per file, by folder. */
export { AccessLogBucket, type AccessLogBucketProps } from './bucket/accesslog';
export { SecureBucket, type SecureBucketProps } from './bucket/bucket';
export { type AccessOptions, BucketAccess } from './grants/access';
export { TableFormat } from './lake/format';
export { DataLake, type DataLakeProps } from './lake/lake';
export { type DatePartitionOptions, type IntegerPartitionOptions, PartitionKey } from './lake/partition';
export { type LakeColumn, LakeTable, type LakeTableOptions, type LakeTableProps } from './lake/table';
export { type NamedQueryOptions, QueryWorkgroup, type QueryWorkgroupProps } from './lake/workgroup';
export { LakeZone, type LakeZoneOptions } from './lake/zone';
export { type Problem, Problems } from './validation/problems';
