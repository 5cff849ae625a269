/** @coffer/constructs: CDK constructs for S3 that are secure without being asked. One line per file, by folder. */
export { EndpointPolicy, type EndpointPolicyOptions } from './access/endpoint';
export { Perimeter, type PerimeterOptions } from './access/perimeter';
export { BucketAccessPoint, type BucketAccessPointProps } from './access/point';
export { BucketBackup, type BucketBackupProps } from './archive/backup';
export {
  type CloudTrailLogOptions,
  type InventoryLogOptions,
  LogArchive,
  type LogArchiveProps,
  type LogSourceOptions,
} from './archive/logs';
export { type ApplicationLogTableOptions, LogTable, type LogTableOptions } from './archive/tables';
export {
  BackupVault,
  type BackupVaultProps,
  type ComplianceVaultLockOptions,
  VaultLock,
  type VaultLockOptions,
} from './archive/vault';
export { AccessLogBucket, type AccessLogBucketProps, AccessLogs } from './bucket/accesslog';
export { SecureBucket } from './bucket/bucket';
export { Encryption, UploadEncryption } from './bucket/encryption';
export {
  type ArchiveLifecycleOptions,
  type CostOptimisedLifecycleOptions,
  type DataLakeLifecycleOptions,
  Lifecycle,
  type LogLifecycleOptions,
  StorageChoice,
  type UploadLifecycleOptions,
  type WebsiteLifecycleOptions,
} from './bucket/lifecycle';
export type { SecureBucketProps } from './bucket/props';
export { Removal } from './bucket/removal';
export { Versioning } from './bucket/versioning';
export { AlarmTopic } from './compute/alarms';
export {
  Concurrency,
  SecureFunction,
  type SecureFunctionAlarmOptions,
  type SecureFunctionProps,
} from './compute/function';
export { OperationsKey } from './compute/key';
export { SiteContent, type SiteContentProps } from './delivery/content';
export { CustomDomain, type CustomDomainOptions, type ZonedDomainOptions } from './delivery/domain';
export { type ManagedWebAclOptions, WebAcl } from './delivery/firewall';
export { type DeliveryLogOptions, DeliveryLogs } from './delivery/logs';
export { MediaDelivery, type MediaDeliveryProps } from './delivery/media';
export { type MediaPath, MediaPreset } from './delivery/preset';
export type { DeliveryProps } from './delivery/props';
export { Routing } from './delivery/routing';
export { SigningKeys, type SigningKeysProps, Viewers } from './delivery/signing';
export { type ErrorPage, StaticSite, type StaticSiteProps } from './delivery/site';
export { Idempotency, IdempotencyStore, type IdempotencyStoreProps } from './events/idempotency';
export { MalwareGate, type MalwareGateProps } from './events/malware';
export { BucketNotifications, type NotificationOptions } from './events/notifications';
export { ObjectProcessor, type ObjectProcessorProps, type WriteOptions } from './events/processor';
export { MalwareScan } from './events/scan';
export { ObjectTrigger, type QueueTriggerOptions } from './events/trigger';
export { type AccessOptions, BucketAccess } from './grants/access';
export { TableFormat } from './lake/format';
export { DataLake, type DataLakeProps } from './lake/lake';
export { type DatePartitionOptions, type IntegerPartitionOptions, PartitionKey } from './lake/partition';
export { type LakeColumn, LakeTable, type LakeTableOptions, type LakeTableProps } from './lake/table';
export { type NamedQueryOptions, QueryWorkgroup, type QueryWorkgroupProps } from './lake/workgroup';
export { LakeZone, type LakeZoneOptions } from './lake/zone';
export {
  BucketAbortUploads,
  BucketAccessLogs,
  BucketCors,
  BucketEncryption,
  BucketEventBridge,
  BucketIntelligentTiering,
  BucketInventory,
  BucketLifecycle,
  BucketMfaDeleteAudit,
  BucketObjectLock,
  BucketOwnerEnforced,
  BucketRequestMetrics,
  BucketSecure,
  BucketValidation,
} from './mixins/bucket';
export { BucketBlockSseC, BucketPerimeter, BucketTlsOnly, BucketUploadEncryption } from './mixins/policy';
export { BucketMetrics } from './observe/metrics';
export { BucketMonitor, type BucketMonitorProps, type MonitoredReplication } from './observe/monitor';
export { ExistingObjects, type ExistingObjectsProps } from './replication/existing';
export { ReplicaKey, type ReplicaKeyProps } from './replication/key';
export { ReplicaBucket, type ReplicaBucketProps } from './replication/replica';
export { ReplicatedBucket, type ReplicatedBucketProps } from './replication/replicated';
export { BucketReplication, type BucketReplicationProps } from './replication/replication';
export type { ReplicationTarget } from './replication/rule';
export { UploadApi, type UploadApiProps } from './uploads/api';
export { CofferChecks, type CofferChecksProps } from './validation/checks';
export { type Problem, Problems } from './validation/problems';
export { CofferRules } from './validation/templates';
