/** SNS's errors by name. Source: Amazon SNS API Reference; the words are those the service answers with. */
import { AwsError, type AwsErrorOptions } from '../../base/errors';

export const topicNotFound = () => new AwsError('NotFound', 'Topic does not exist', { status: 404 });
export const subscriptionNotFound = () => new AwsError('NotFound', 'Subscription does not exist', { status: 404 });
export const resourceNotFound = () => new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });
export const invalid = (reason: string) => new AwsError('InvalidParameter', `Invalid parameter: ${reason}`);
/** What is taken on AWS and not here. */
export const unsupported = (name: string, what: string) => invalid(`${name} Reason: Coffer does not implement ${what}`);
export const foreign = (message: string) => new AwsError('AuthorizationError', message, { status: 403 });
export const filterNotAccepted = (reason: string) => invalid(`FilterPolicy: ${reason}`);
export const emptyBatch = () => new AwsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
export const tooManyEntries = () =>
  new AwsError(
    'TooManyEntriesInBatchRequest',
    'The batch request contains more entries than permissible (more than 10).',
  );
export const idsNotDistinct = () =>
  new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
export const invalidEntryId = () =>
  new AwsError('InvalidBatchEntryId', "The Id of a batch entry in a batch request doesn't abide by the specification.");
export const batchTooLong = () =>
  new AwsError('BatchRequestTooLong', 'The length of all the batch messages put together is more than the limit.');
export const tagLimit = () => new AwsError('TagLimitExceeded', "Can't add more than 50 tags to a topic.");

const kmsCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'KMSAccessDenied',
  DisabledException: 'KMSDisabled',
  KMSInvalidStateException: 'KMSInvalidState',
  NotFoundException: 'KMSNotFound',
};
/** What KMS refused, as SNS passes it on. */
export const kmsRefused = ({ code, message, detail }: AwsError, options: AwsErrorOptions = {}) =>
  new AwsError(kmsCodes[code] ?? 'KMSInvalidState', message, { ...options, detail });
