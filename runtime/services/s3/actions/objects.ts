/** What operations on objects ask. */
import type { Check } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import type { Actions } from '../../../kernel/service';
import { newObjectOwner } from '../acls';
import { type CopySource, copySourceOf } from '../copies';
import type { In, S3 } from '../model';
import type { Bucket, StoredObject } from '../state/tables';
import { headerTags } from '../tags';
import { bucketNamed, bucketOf, uploadIn, versionIn } from '../target';
import { deletionChecks } from './deletions';
import {
  aclKeys,
  asksAcl,
  bucketCheck,
  existingObjectCheck,
  type Keys,
  objectCheck,
  onObject,
  requestTags,
} from './keys';

type WriteInput = In<'PutObject'> | In<'CopyObject'> | In<'CreateMultipartUpload'>;

const DAY_MS = 24 * 60 * 60 * 1000;

/** A new object: its own action, and one more for each thing that it brings along. */
function writeChecks(call: Call, bucket: Bucket, input: WriteInput, more: Keys = {}, copied?: StoredObject): Check[] {
  const key = input.Key ?? '';
  const tags = headerTags(call.kernel, input.Tagging) ?? copied?.tags;
  const keys = (): Keys => ({
    ...creationKeys(call, input, tags),
    's3:if-match': 'IfMatch' in input ? input.IfMatch : undefined,
    's3:if-none-match': 'IfNoneMatch' in input ? input.IfNoneMatch : undefined,
    's3:ObjectCreationOperation': 'true',
    ...more,
  });
  const ask = (action: string) => objectCheck(call, bucket, key, action, keys);
  const checks = [ask('s3:PutObject')];
  // Whoever will own the object says whether its ACL may be set.
  if (asksAcl(input) && bucket.ownership !== 'BucketOwnerEnforced')
    checks.push(Object.assign(ask('s3:PutObjectAcl'), { owner: newObjectOwner(bucket, call.principal, input) }));
  if (tags && Object.keys(tags).length > 0) checks.push(ask('s3:PutObjectTagging'));
  if (input.ObjectLockMode !== undefined) checks.push(ask('s3:PutObjectRetention'));
  if (input.ObjectLockLegalHoldStatus !== undefined) checks.push(ask('s3:PutObjectLegalHold'));
  return checks;
}

/** What a request says of the object that it will make. */
export function creationKeys(call: Call, input: WriteInput, tags = headerTags(call.kernel, input.Tagging)): Keys {
  return {
    ...aclKeys(input),
    ...requestTags(tags),
    's3:x-amz-storage-class': input.StorageClass,
    's3:x-amz-server-side-encryption': input.ServerSideEncryption,
    's3:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
    's3:x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
    's3:x-amz-website-redirect-location': input.WebsiteRedirectLocation,
    's3:object-lock-mode': input.ObjectLockMode,
    's3:object-lock-retain-until-date': input.ObjectLockRetainUntilDate?.toISOString(),
    's3:object-lock-remaining-retention-days': remainingDays(call, input.ObjectLockRetainUntilDate),
    's3:object-lock-legal-hold': input.ObjectLockLegalHoldStatus,
    's3:object-lock-event-hold': input.ObjectLockEventHold,
    's3:object-lock-event-hold-duration-days': textOf(input.ObjectLockEventHoldDurationDays),
  };
}

export const textOf = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

export function remainingDays(call: Call, until: Date | undefined): string | undefined {
  return until && String(Math.ceil((until.getTime() - call.now) / DAY_MS));
}

/** The source of a copy: read like any object, of its own bucket. */
async function sourceChecks(call: Call, source: CopySource, owner: string | undefined): Promise<Check[]> {
  const bucket = await bucketNamed(call, source.bucket);
  const target = { Key: source.key, VersionId: source.versionId, ExpectedBucketOwner: owner };
  return [await existingObjectCheck(call, bucket, target, 's3:GetObject', 's3:GetObjectVersion')];
}

async function copyChecks(input: In<'CopyObject'>, call: Call): Promise<Check[]> {
  const bucket = await bucketOf(call, input);
  const source = copySourceOf(input.CopySource ?? '');
  const checks = await sourceChecks(call, source, input.ExpectedSourceBucketOwner);
  const sourceBucket = await bucketNamed(call, source.bucket);
  const version = await versionIn(call, sourceBucket, source.key, source.versionId);
  const taken = version && !version.marker && input.TaggingDirective !== 'REPLACE' ? version : undefined;
  if (taken?.tags) {
    const target = { Key: source.key, VersionId: source.versionId };
    checks.push(
      await existingObjectCheck(call, sourceBucket, target, 's3:GetObjectTagging', 's3:GetObjectVersionTagging'),
    );
  }
  const annotated = version && !version.marker && input.AnnotationDirective !== 'EXCLUDE' && version.annotations?.count;
  if (annotated) {
    const target = { Key: source.key, VersionId: source.versionId };
    checks.push(
      await existingObjectCheck(call, sourceBucket, target, 's3:GetObjectAnnotation', 's3:GetObjectVersionAnnotation'),
      objectCheck(call, bucket, input.Key ?? '', 's3:PutObjectAnnotation'),
    );
  }
  const keys = {
    's3:x-amz-copy-source': `${source.bucket}/${source.key}`,
    's3:x-amz-metadata-directive': input.MetadataDirective,
    's3:x-amz-object-annotation-directive': input.AnnotationDirective,
  };
  return [...checks, ...writeChecks(call, bucket, input, keys, taken)];
}

async function listChecks(
  call: Call,
  input: { Bucket?: string; ExpectedBucketOwner?: string; Prefix?: string; Delimiter?: string },
  action: string,
  max?: number,
): Promise<Check[]> {
  const keys = {
    's3:prefix': input.Prefix,
    's3:delimiter': input.Delimiter,
    's3:max-keys': max === undefined ? undefined : String(max),
  };
  return [bucketCheck(call, await bucketOf(call, input), action, keys)];
}

/**
 * Of a key that is not there S3 tells only who may list it, and visitors of a website. Sources: GetObject,
 * "Permissions"; S3 user guide, "Setting permissions for website access".
 */
async function readChecks(
  input: In<'GetObject'> | In<'HeadObject'> | In<'SelectObjectContent'>,
  call: Call,
): Promise<Check[]> {
  const bucket = await bucketOf(call, input);
  const { Key: key = '' } = input;
  const versionId = 'VersionId' in input ? input.VersionId : undefined;
  const missing = versionId === undefined && !(await versionIn(call, bucket, key));
  if (missing && call.request.visit) return [];
  return missing
    ? [bucketCheck(call, bucket, 's3:ListBucket', { 's3:prefix': key })]
    : [await existingObjectCheck(call, bucket, input, 's3:GetObject', 's3:GetObjectVersion')];
}

interface OnUpload {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly UploadId?: string;
  readonly SSECustomerAlgorithm?: string;
}

/**
 * Parts of an upload, and its end, belong to the write that began it: what that said, policies are asked again. But who
 * wants SSE-C in a policy gets to see its header in each request. Source: S3 user guide, "Specifying SSE-C".
 */
async function partChecks(input: OnUpload, call: Call, more: Keys): Promise<Check[]> {
  const bucket = await bucketOf(call, input);
  const { Key: key = '', UploadId: uploadId = '' } = input;
  const upload = await uploadIn(call, bucket, key, uploadId);
  const keys = {
    ...upload?.asked,
    's3:x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
    ...more,
  };
  return [objectCheck(call, bucket, key, 's3:PutObject', keys)];
}

const A_PART = { 's3:ObjectCreationOperation': 'false' };

export const objectActions: Actions<S3> = {
  PutObject: async (input, call) => writeChecks(call, await bucketOf(call, input), input),
  GetObject: readChecks,
  HeadObject: readChecks,
  SelectObjectContent: readChecks,
  GetObjectAttributes: async (input, call) => {
    const bucket = await bucketOf(call, input);
    return [
      await existingObjectCheck(call, bucket, input, 's3:GetObject', 's3:GetObjectVersion'),
      await existingObjectCheck(call, bucket, input, 's3:GetObjectAttributes', 's3:GetObjectVersionAttributes'),
    ];
  },
  DeleteObject: async (input, call) =>
    deletionChecks(
      call,
      await bucketOf(call, input),
      { ...input, ETag: input.IfMatch },
      input.BypassGovernanceRetention ?? false,
    ),
  // Each entry is asked for by the handler: one that may not be deleted is no error of the others.
  DeleteObjects: async (input, call) => {
    await bucketOf(call, input);
    return [];
  },
  CopyObject: copyChecks,
  ListObjects: (input, call) => listChecks(call, input, 's3:ListBucket', input.MaxKeys),
  ListObjectsV2: (input, call) => listChecks(call, input, 's3:ListBucket', input.MaxKeys),
  ListObjectVersions: (input, call) => listChecks(call, input, 's3:ListBucketVersions', input.MaxKeys),
  // Requests for it carry neither prefix nor delimiter, as policies see them.
  ListMultipartUploads: (input, call) =>
    listChecks(
      call,
      { Bucket: input.Bucket, ExpectedBucketOwner: input.ExpectedBucketOwner },
      's3:ListBucketMultipartUploads',
    ),

  CreateMultipartUpload: async (input, call) => writeChecks(call, await bucketOf(call, input), input, A_PART),
  UploadPart: (input, call) => partChecks(input, call, A_PART),
  UploadPartCopy: async (input, call) => [
    ...(await sourceChecks(call, copySourceOf(input.CopySource ?? ''), input.ExpectedSourceBucketOwner)),
    ...(await partChecks(input, call, A_PART)),
  ],
  CompleteMultipartUpload: (input, call) =>
    partChecks(input, call, {
      's3:if-match': input.IfMatch,
      's3:if-none-match': input.IfNoneMatch,
      's3:ObjectCreationOperation': 'true',
    }),
  AbortMultipartUpload: async (input, call) => [
    objectCheck(call, await bucketOf(call, input), input.Key ?? '', 's3:AbortMultipartUpload'),
  ],
  ListParts: async (input, call) => [
    objectCheck(call, await bucketOf(call, input), input.Key ?? '', 's3:ListMultipartUploadParts'),
  ],

  // Of a version too there is only one action.
  RestoreObject: onObject('s3:RestoreObject', 's3:RestoreObject'),

  // Its document says under which key: the handler asks.
  UpdateObjectEncryption: deferred,

  PutObjectAnnotation: async (input, call) => [
    await existingObjectCheck(
      call,
      await bucketOf(call, input),
      input,
      's3:PutObjectAnnotation',
      's3:PutObjectVersionAnnotation',
      { 's3:x-amz-object-if-match': input.ObjectIfMatch },
    ),
  ],
  GetObjectAnnotation: onObject('s3:GetObjectAnnotation', 's3:GetObjectVersionAnnotation'),
  ListObjectAnnotations: async (input, call) => [
    await existingObjectCheck(
      call,
      await bucketOf(call, input),
      input,
      's3:ListObjectAnnotations',
      's3:ListObjectVersionAnnotations',
      {
        's3:annotation-prefix': input.AnnotationPrefix,
        's3:max-annotation-results': textOf(input.MaxAnnotationResults),
      },
    ),
  ],
  DeleteObjectAnnotation: async (input, call) => {
    const bucket = await bucketOf(call, input);
    const action = 's3:DeleteObjectAnnotation';
    const checks = [
      await existingObjectCheck(call, bucket, input, action, 's3:DeleteObjectVersionAnnotation', {
        's3:x-amz-object-if-match': input.ObjectIfMatch,
      }),
    ];
    if (bucket.lock && call.request.headers['x-amz-bypass-governance-retention'] !== undefined)
      checks.push(objectCheck(call, bucket, input.Key ?? '', 's3:BypassGovernanceRetention'));
    return checks;
  },

  GetObjectTagging: onObject('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  DeleteObjectTagging: onObject('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
  GetObjectAcl: onObject('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
  PutObjectAcl: async (input, call) => [
    await existingObjectCheck(
      call,
      await bucketOf(call, input),
      input,
      's3:PutObjectAcl',
      's3:PutObjectVersionAcl',
      aclKeys(input),
    ),
  ],
  GetObjectRetention: onObject('s3:GetObjectRetention', 's3:GetObjectRetention'),
  GetObjectLegalHold: onObject('s3:GetObjectLegalHold', 's3:GetObjectLegalHold'),
  // The document says what is asked: its tags, its date, its hold. The handlers ask once they have read it.
  PutObjectTagging: deferred,
  PutObjectRetention: deferred,
  PutObjectLegalHold: deferred,
};

async function deferred(input: { Bucket?: string; ExpectedBucketOwner?: string }, call: Call): Promise<[]> {
  await bucketOf(call, input);
  return [];
}
