/**
 * What access logs call an operation: `REST.method.resource`. The guide gives the form and a few examples; the others
 * are as logs of S3 show them. Source: S3 user guide, "Amazon S3 server access log format", Operation.
 */

const METHODS: Readonly<Record<string, string>> = {
  Create: 'PUT',
  Delete: 'DELETE',
  Get: 'GET',
  Head: 'HEAD',
  List: 'GET',
  Put: 'PUT',
};

/** By the operation's name without its verb. */
const RESOURCES: Readonly<Record<string, string>> = {
  Bucket: 'BUCKET',
  BucketAbac: 'ABAC',
  BucketAccelerateConfiguration: 'ACCELERATE',
  BucketAcl: 'ACL',
  BucketAnalyticsConfiguration: 'ANALYTICS',
  BucketAnalyticsConfigurations: 'ANALYTICS',
  BucketCors: 'CORS',
  BucketEncryption: 'ENCRYPTION',
  BucketIntelligentTieringConfiguration: 'INTELLIGENT_TIERING',
  BucketIntelligentTieringConfigurations: 'INTELLIGENT_TIERING',
  BucketInventoryConfiguration: 'INVENTORY',
  BucketInventoryConfigurations: 'INVENTORY',
  BucketLifecycle: 'LIFECYCLE',
  BucketLifecycleConfiguration: 'LIFECYCLE',
  BucketLocation: 'LOCATION',
  BucketLogging: 'LOGGING_STATUS',
  BucketMetricsConfiguration: 'METRICS',
  BucketMetricsConfigurations: 'METRICS',
  BucketNotificationConfiguration: 'NOTIFICATION',
  BucketOwnershipControls: 'OWNERSHIP_CONTROLS',
  BucketPolicy: 'BUCKETPOLICY',
  BucketPolicyStatus: 'POLICY_STATUS',
  BucketReplication: 'REPLICATION',
  BucketRequestPayment: 'REQUEST_PAYMENT',
  BucketTagging: 'TAGGING',
  BucketVersioning: 'VERSIONING',
  BucketWebsite: 'WEBSITE',
  MultipartUploads: 'UPLOADS',
  Object: 'OBJECT',
  ObjectAcl: 'ACL',
  ObjectAnnotation: 'OBJECT_ANNOTATION',
  ObjectAnnotations: 'OBJECT_ANNOTATION',
  ObjectAttributes: 'OBJECT_ATTRIBUTES',
  ObjectLegalHold: 'OBJECT_LOCK_LEGALHOLD',
  ObjectLockConfiguration: 'OBJECT_LOCK_CONFIGURATION',
  ObjectRetention: 'OBJECT_LOCK_RETENTION',
  Objects: 'BUCKET',
  ObjectsV2: 'BUCKET',
  ObjectTagging: 'OBJECT_TAGGING',
  ObjectVersions: 'BUCKETVERSIONS',
  Parts: 'UPLOAD',
  PublicAccessBlock: 'PUBLIC_ACCESS_BLOCK',
};

const OTHERS: Readonly<Record<string, string>> = {
  AbortMultipartUpload: 'REST.DELETE.UPLOAD',
  CompleteMultipartUpload: 'REST.POST.UPLOAD',
  CopyObject: 'REST.COPY.OBJECT',
  CreateMultipartUpload: 'REST.POST.UPLOADS',
  DeleteObjects: 'REST.POST.MULTI_OBJECT_DELETE',
  RestoreObject: 'REST.POST.RESTORE',
  UploadPart: 'REST.PUT.PART',
  UploadPartCopy: 'REST.COPY.PART',
};

/** @param method of the HTTP request, if there was one */
export function loggedOperation(operation: string, method: string | undefined, onObject: boolean): string {
  const known = OTHERS[operation];
  if (known) return known;
  // A browser's form puts an object with a POST.
  if (operation === 'PutObject' && method === 'POST') return 'REST.POST.OBJECT';
  const [, verb = '', subject = ''] = /^([A-Z][a-z]+)(.*)$/.exec(operation) ?? [];
  const resource = RESOURCES[subject];
  if (resource && METHODS[verb]) return `REST.${METHODS[verb]}.${resource}`;
  return `REST.${method ?? 'POST'}.${onObject ? 'OBJECT' : 'BUCKET'}`;
}
