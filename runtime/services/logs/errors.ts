/** CloudWatch Logs' errors by name. Source: CloudWatch Logs API Reference; the words are those the service answers with. */
import { AwsError } from '../../base/errors';

export const invalidParameter = (message: string) => new AwsError('InvalidParameterException', message);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  invalidParameter(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
export const unsupported = (what: string) => invalidParameter(`Coffer does not implement ${what}.`);
export const groupNotFound = () => new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
export const streamNotFound = () =>
  new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
export const subscriptionNotFound = () =>
  new AwsError('ResourceNotFoundException', 'The specified subscription filter does not exist.');
export const policyNotFound = (name: string) =>
  new AwsError('ResourceNotFoundException', `Policy with name [${name}] does not exist`);
export const alreadyExists = (what: string) =>
  new AwsError('ResourceAlreadyExistsException', `The specified ${what} already exists`);
export const limitExceeded = (message: string) => new AwsError('LimitExceededException', message);
export const protectedGroup = () =>
  new AwsError(
    'ValidationException',
    'Log group cannot be deleted because deletion protection is enabled. Disable deletion protection first.',
  );
export const unusableKey = (keyId: string, arn: string) =>
  invalidParameter(
    `The specified KMS Key Id ${keyId} could not be found or is not allowed to be used with Arn '${arn}'.`,
  );
/** A key that worked once and does no longer: what it has sealed cannot be read. */
export const lockedEvents = (keyId: string) =>
  new AwsError('InvalidOperationException', `The KMS key ${keyId} of this log group cannot be used.`);
export const tooManyTags = () => new AwsError('TooManyTagsException', 'A log group has at most 50 tags.');
