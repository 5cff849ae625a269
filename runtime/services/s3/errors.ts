/**
 * S3's errors by name. Codes and statuses: S3 API reference, "List of error codes"; words: as S3 sends them.
 * `AccessDenied` for want of a permission is not here: the kernel makes it, with the explanation.
 */
import { AwsError } from '../../base/errors';

type Fields = Readonly<Record<string, unknown>>;

export const s3Error = (
  code: string,
  status: number,
  message: string,
  fields?: Fields,
  headers?: Record<string, string>,
) => new AwsError(code, message, { status, fields, headers });

// ---- requests -----------------------------------------------------------------------------------------------------

export const invalidArgument = (message: string, name: string, value?: unknown) =>
  s3Error('InvalidArgument', 400, message, {
    ArgumentName: name,
    ...(value === undefined ? {} : { ArgumentValue: String(value) }),
  });

export const invalidRequest = (message: string) => s3Error('InvalidRequest', 400, message);

export const missingRequestBody = () => s3Error('MissingRequestBodyError', 400, 'Request Body is empty');

/** @param place what is wrong, and where */
export const malformedXml = (place: string) =>
  s3Error(
    'MalformedXML',
    400,
    `The XML you provided was not well-formed or did not validate against our published schema: ${place}`,
  );

export const notImplemented = (what: string) =>
  s3Error(
    'NotImplemented',
    501,
    `A header or operation you provided implies functionality that is not implemented: ${what}`,
  );

/** A header that S3 knows but does not accept here. */
export const headerNotImplemented = (header: string, additional?: string) =>
  s3Error('NotImplemented', 501, 'A header you provided implies functionality that is not implemented', {
    Header: header,
    ...(additional ? { additionalMessage: additional } : {}),
  });

export const missingHeader = (name: string) =>
  s3Error('MissingSecurityHeader', 400, 'Your request was missing a required header', { MissingHeaderName: name });

export const badRequest = (message: string) => s3Error('BadRequest', 400, message);

export const corsForbidden = (message: string, method: string, resourceType: 'BUCKET' | 'OBJECT') =>
  s3Error('AccessForbidden', 403, message, { Method: method, ResourceType: resourceType });

export const missingContentLength = () =>
  s3Error('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.');

export const unexpectedContent = () => s3Error('UnexpectedContent', 400, 'This request does not support content');

export const methodNotAllowed = (method: string, resourceType: string, headers?: Record<string, string>) =>
  s3Error(
    'MethodNotAllowed',
    405,
    'The specified method is not allowed against this resource.',
    { Method: method, ResourceType: resourceType },
    headers,
  );

export const accessDenied = (message = 'Access Denied', headers?: Record<string, string>) =>
  s3Error('AccessDenied', 403, message, undefined, headers);

// ---- buckets ------------------------------------------------------------------------------------------------------

export const noSuchAccessPoint = (name: string) =>
  s3Error('NoSuchAccessPoint', 404, 'The specified accesspoint does not exist', { AccessPointName: name });

export const accessPointOwnedByYou = (name: string) =>
  s3Error(
    'AccessPointAlreadyOwnedByYou',
    409,
    'Your previous request to create the named accesspoint succeeded and you already own it.',
    { AccessPointName: name },
  );

export const tooManyAccessPoints = () =>
  s3Error(
    'TooManyAccessPoints',
    400,
    'You have attempted to create more access points than are allowed for an account.',
  );

export const bucketHasAccessPoints = (bucket: string) =>
  s3Error(
    'BucketHasAccessPointsAttached',
    400,
    'The bucket you are trying to delete has access points attached. Delete your access points and try again.',
    { BucketName: bucket },
  );

/** `x-amz-expected-bucket-owner` is no account. */
export const invalidExpectedOwner = (given: string) =>
  s3Error(
    'InvalidBucketOwnerAWSAccountID',
    400,
    `The value of the expected bucket owner parameter must be an AWS Account ID... [${given}]`,
  );

export const noSuchBucket = (bucket: string) =>
  s3Error('NoSuchBucket', 404, 'The specified bucket does not exist', { BucketName: bucket });

export const invalidBucketName = (bucket: string) =>
  s3Error('InvalidBucketName', 400, 'The specified bucket is not valid.', { BucketName: bucket });

export const bucketAlreadyExists = (bucket: string) =>
  s3Error(
    'BucketAlreadyExists',
    409,
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    { BucketName: bucket },
  );

export const bucketAlreadyOwnedByYou = (bucket: string) =>
  s3Error(
    'BucketAlreadyOwnedByYou',
    409,
    'Your previous request to create the named bucket succeeded and you already own it.',
    { BucketName: bucket },
  );

export const bucketNotEmpty = (bucket: string, versioned: boolean) =>
  s3Error(
    'BucketNotEmpty',
    409,
    `The bucket you tried to delete is not empty${versioned ? '. You must delete all versions in the bucket.' : ''}`,
    { BucketName: bucket },
  );

export const tooManyBuckets = () =>
  s3Error('TooManyBuckets', 400, 'You have attempted to create more buckets than allowed');

export const illegalLocationConstraint = (constraint: string) =>
  s3Error(
    'IllegalLocationConstraintException',
    400,
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );

export const invalidLocationConstraint = (constraint: string) =>
  s3Error('InvalidLocationConstraint', 400, 'The specified location-constraint is not valid', {
    LocationConstraint: constraint,
  });

/** @param presigned whether the signature stands in the query */
export const wrongRegion = (given: string, region: string, presigned: boolean) =>
  s3Error(
    presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed',
    400,
    `${presigned ? 'Error parsing the X-Amz-Credential parameter' : 'The authorization header is malformed'}; the region '${given}' is wrong; expecting '${region}'`,
    { Region: region },
    { 'x-amz-bucket-region': region },
  );

export const invalidBucketState = (message: string) => s3Error('InvalidBucketState', 409, message);

/** Source: S3 user guide, "Lifecycle and other bucket configurations". */
export const lifecycleAndMfa = () =>
  invalidBucketState('Lifecycle configuration on MFA-enabled buckets is not supported.');

export const operationAborted = () =>
  s3Error(
    'OperationAborted',
    409,
    'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  );

// ---- configurations -----------------------------------------------------------------------------------------------

/** The 404 of a configuration that was never put: each family has its own code and words. */
export const noConfiguration = (code: string, message: string, bucket: string) =>
  s3Error(code, 404, message, { BucketName: bucket });

export const noSuchConfiguration = () =>
  s3Error('NoSuchConfiguration', 404, 'The specified configuration does not exist.');

export const tooManyConfigurations = (
  message = 'You are attempting to create a new configuration but have already reached the 1,000-configuration limit.',
) => s3Error('TooManyConfigurations', 400, message);

export const malformedPolicy = (message: string) => s3Error('MalformedPolicy', 400, message);

export const illegalVersioning = (message: string) => s3Error('IllegalVersioningConfigurationException', 400, message);

export const invalidTargetBucket = (message: string, bucket: string) =>
  s3Error('InvalidTargetBucketForLogging', 400, message, { TargetBucket: bucket });

/** Locations as GetBucketLocation tells them: us-east-1 has none. */
export const crossLocationLogging = (source: string, target: string) =>
  s3Error('CrossLocationLoggingProhibitted', 403, 'Cross S3 location logging not allowed. ', {
    ...(source === 'us-east-1' ? {} : { SourceBucketLocation: source }),
    ...(target === 'us-east-1' ? {} : { TargetBucketLocation: target }),
  });

export const idMismatch = () =>
  s3Error('IdMismatch', 400, 'Document ID does not match the specified configuration ID.');

export const invalidInventoryDestination = () => s3Error('InvalidS3DestinationBucket', 400, 'Invalid bucket ARN.');

export const invalidTag = (message: string, named?: { readonly TagKey: string; readonly TagValue?: string }) =>
  s3Error('InvalidTag', 400, message, named);

export const aclNotSupported = () => s3Error('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs');

export const malformedAcl = () =>
  s3Error(
    'MalformedACLError',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

export const emailGrantee = () =>
  s3Error('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.');

export const unresolvableGrant = () =>
  s3Error(
    'UnresolvableGrantByEmailAddress',
    400,
    'The e-mail address you provided does not match any account on record.',
  );

export const invalidAclWithOwnership = (ownership: string) =>
  s3Error(
    'InvalidBucketAclWithObjectOwnership',
    400,
    `Bucket cannot have ACLs set with ObjectOwnership's ${ownership} setting`,
  );

export const invalidAclWithPublicBlock = () =>
  s3Error(
    'InvalidBucketAclWithBlockPublicAccessError',
    400,
    'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
  );

/** All destinations that cannot be reached, each with its reason. */
export const unreachableDestinations = (refused: readonly { arn: string; reason: string }[]) =>
  s3Error(
    'InvalidArgument',
    400,
    'Unable to validate the following destination configurations',
    Object.fromEntries(
      refused.flatMap(({ arn, reason }, i) => [
        [`ArgumentName${i + 1}`, arn],
        [`ArgumentValue${i + 1}`, reason],
      ]),
    ),
  );

// ---- objects ------------------------------------------------------------------------------------------------------

export const noSuchKey = (key: string, headers?: Record<string, string>) =>
  s3Error('NoSuchKey', 404, 'The specified key does not exist.', { Key: key }, headers);

export const noSuchVersion = (key: string, versionId: string) =>
  s3Error('NoSuchVersion', 404, 'The specified version does not exist.', { Key: key, VersionId: versionId });

export const invalidVersionId = (versionId: string) =>
  invalidArgument('Invalid version id specified', 'versionId', versionId);

export const keyTooLong = (sizeBytes: number) =>
  s3Error('KeyTooLongError', 400, 'Your key is too long', { Size: sizeBytes, MaxSizeAllowed: 1024 });

export const metadataTooLarge = (sizeBytes: number, limit: number) =>
  s3Error('MetadataTooLarge', 400, 'Your metadata headers exceed the maximum allowed metadata size', {
    Size: sizeBytes,
    MaxSizeAllowed: limit,
  });

export const entityTooLarge = (proposed: number, limit: number) =>
  s3Error('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum allowed size', {
    ProposedSize: proposed,
    MaxSizeAllowed: limit,
  });

export const copySourceTooLarge = (limit: number) =>
  invalidRequest(`The specified copy source is larger than the maximum allowable size for a copy source: ${limit}`);

export const entityTooSmall = (proposed: number, least: number, part: number, etag: string) =>
  s3Error('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size', {
    ProposedSize: proposed,
    MinSizeAllowed: least,
    PartNumber: part,
    ETag: etag,
  });

export const incompleteBody = () =>
  s3Error('IncompleteBody', 400, 'You did not provide the number of bytes specified by the Content-Length HTTP header');

export const invalidRedirectLocation = () =>
  s3Error(
    'InvalidRedirectLocation',
    400,
    "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
  );

export const invalidStorageClass = (storageClass: string) =>
  s3Error('InvalidStorageClass', 400, 'The storage class you specified is not valid', {
    StorageClassRequested: storageClass,
  });

export const invalidObjectState = (storageClass: string) =>
  s3Error('InvalidObjectState', 403, "The operation is not valid for the object's storage class", {
    StorageClass: storageClass,
  });

/** INTELLIGENT_TIERING, in one of its archive tiers. */
export const accessTierInvalid = (storageClass: string, accessTier: string) =>
  s3Error('InvalidObjectState', 403, "The operation is not valid for the object's access tier", {
    StorageClass: storageClass,
    AccessTier: accessTier,
  });

export const restoreNotAllowed = (storageClass: string) =>
  s3Error('InvalidObjectState', 403, "Restore is not allowed for the object's current storage class", {
    StorageClass: storageClass,
  });

export const alreadyInActiveTier = () =>
  s3Error('ObjectAlreadyInActiveTierError', 403, 'This action is not allowed against this storage tier.');

export const restoreAlreadyInProgress = () =>
  s3Error('RestoreAlreadyInProgress', 409, 'Object restore is already in progress');

export const copySourceArchived = (storageClass: string) =>
  s3Error('InvalidObjectState', 403, "Operation is not valid for the source object's storage class", {
    StorageClass: storageClass,
  });

export const invalidRange = (range: string, sizeBytes: number) =>
  s3Error(
    'InvalidRange',
    416,
    'The requested range is not satisfiable',
    { RangeRequested: range, ActualObjectSize: sizeBytes },
    { 'content-range': `bytes */${sizeBytes}` },
  );

export const invalidPartNumber = (asked: number, count: number) =>
  s3Error('InvalidPartNumber', 416, 'The requested partnumber is not satisfiable', {
    PartNumberRequested: asked,
    ActualPartCount: count,
  });

export const partNumberOutOfRange = (number: number | undefined) =>
  invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', number);

export const preconditionFailed = (condition: string) =>
  s3Error('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  });

export const conditionalRequestConflict = (condition: string, key: string) =>
  s3Error(
    'ConditionalRequestConflict',
    409,
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
    { Condition: condition, Key: key },
  );

/** Not an error to HTTP, but an answer without a document all the same. */
export const notModified = (headers: Record<string, string>) =>
  s3Error('NotModified', 304, 'Not Modified', undefined, headers);

export const lockedObject = () => accessDenied('Access Denied because object protected by object lock.');

/** Objects that are to stay as they are have to arrive as they were sent. */
export const needsIntegrity = (what: 'Put Object' | 'Put Part') =>
  invalidRequest(
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${what} requests with Object Lock parameters`,
  );

export const noObjectLock = () => invalidRequest('Bucket is missing Object Lock Configuration');

export const noSuchLock = () =>
  s3Error('NoSuchObjectLockConfiguration', 404, 'The specified object does not have a ObjectLock configuration');

// ---- multipart ----------------------------------------------------------------------------------------------------

export const noSuchUpload = (uploadId: string) =>
  s3Error(
    'NoSuchUpload',
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );

export const invalidPart = (uploadId: string, number: number, etag: string) =>
  s3Error(
    'InvalidPart',
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: uploadId, PartNumber: number, ETag: etag },
  );

export const invalidPartOrder = (uploadId: string) =>
  s3Error(
    'InvalidPartOrder',
    400,
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
    { UploadId: uploadId },
  );
