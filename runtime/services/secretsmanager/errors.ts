/** Secrets Manager's errors by name. Source: Secrets Manager API Reference; the words are those the service answers with. */
import { AwsError } from '../../base/errors';

export const notFound = () =>
  new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
export const valueNotFound = (what: string) =>
  new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);
export const exists = (name: string) =>
  new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
export const versionExists = (id: string) =>
  new AwsError(
    'ResourceExistsException',
    `The operation failed because the version ${id} already exists with another value.`,
  );
export const invalidParameter = (message: string) => new AwsError('InvalidParameterException', message);
export const invalidRequest = (message: string) => new AwsError('InvalidRequestException', message);
export const markedForDeletion = () =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
export const nameMarkedForDeletion = () =>
  invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.");
export const unsupported = (what: string) => invalidParameter(`Coffer does not implement ${what} of Secrets Manager.`);
export const malformedPolicy = () =>
  new AwsError('MalformedPolicyDocumentException', 'This resource policy contains invalid Json.');
export const publicPolicy = () =>
  new AwsError('PublicPolicyException', "You can't attach a policy that grants broad access to the secret.");

/** What KMS refused, as Secrets Manager passes it on. */
export function kmsRefused(error: AwsError, sealing: boolean): AwsError {
  if (error.code === 'AccessDeniedException')
    return new AwsError('AccessDeniedException', 'Access to KMS is not allowed', { detail: error.detail });
  const message = error.message || 'The KMS key cannot be used.';
  return new AwsError(sealing ? 'EncryptionFailure' : 'DecryptionFailure', message, { detail: error.detail });
}
