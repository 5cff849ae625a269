/**
 * SQS's errors by name. Source: Amazon SQS API Reference; the words are those the service answers with. Names are those
 * of the JSON protocol; the Query protocol's other spellings are in the client's schema.
 */
import { AwsError } from '../../base/errors';

export const queueDoesNotExist = () => new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
export const queueNameExists = (attribute: string) =>
  new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
  );
export const deletedRecently = () =>
  new AwsError(
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  );
export const invalidAddress = (url: string) =>
  new AwsError('InvalidAddress', `The address ${url} is not valid for this endpoint.`);
export const purgeInProgress = (name: string) =>
  new AwsError('PurgeQueueInProgress', `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`, {
    status: 403,
  });

export const invalidParameter = (message: string) => new AwsError('InvalidParameterValue', message);
export const invalidValue = (value: unknown, parameter: string, reason: string) =>
  invalidParameter(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);
export const missingParameter = (parameter: string) =>
  new AwsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
export const invalidAttributeName = (name: string) =>
  new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
export const invalidAttributeValue = (name: string, reason?: string) =>
  new AwsError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason ? ` Reason: ${reason}` : ''}`,
  );
export const invalidContents = () =>
  new AwsError(
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  );
export const unsupported = (message: string) => new AwsError('UnsupportedOperation', message);
export const otherAccount = (operation: string) =>
  new AwsError('AccessDenied', `sqs:${operation} cannot be performed on a queue of another account.`, { status: 403 });

export const invalidReceipt = (handle: string) =>
  new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`);
export const expiredReceipt = (handle: string) =>
  invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
export const notInflight = () => new AwsError('MessageNotInflight', "The message referred to isn't in flight.");

export const emptyBatch = () =>
  new AwsError('EmptyBatchRequest', 'There should be at least one entry in the batch request.');
export const tooManyEntries = (count: number) =>
  new AwsError('TooManyEntriesInBatchRequest', `Maximum number of entries per request are 10. You have sent ${count}.`);
export const idsNotDistinct = (id: string) => new AwsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
export const invalidEntryId = () =>
  new AwsError(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  );
export const batchTooLong = (bytes: number, limit: number) =>
  new AwsError(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${limit} bytes. You have sent ${bytes} bytes.`,
  );

export const notFound = (message: string) => new AwsError('ResourceNotFoundException', message, { status: 404 });

const kmsCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'KmsAccessDenied',
  DisabledException: 'KmsDisabled',
  InvalidKeyUsageException: 'KmsInvalidKeyUsage',
  KMSInvalidStateException: 'KmsInvalidState',
  NotFoundException: 'KmsNotFound',
};
/** What KMS refused, as SQS passes it on. */
export const kmsRefused = (error: AwsError) =>
  new AwsError(kmsCodes[error.code] ?? 'KmsInvalidState', error.message, { detail: error.detail });
