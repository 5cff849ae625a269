/** KMS's errors by name. Source: AWS KMS API Reference, "Errors" of each operation; the words are those KMS answers with. */
import { AwsError } from '../../base/errors';

export const notFound = (what: string) => new AwsError('NotFoundException', what);
export const keyNotFound = (arn: string) => notFound(`Key '${arn}' does not exist`);
export const aliasNotFound = (arn: string) => notFound(`Alias ${arn} is not found.`);
export const invalidKeyId = (keyId: string) => notFound(`Invalid keyId '${keyId}'`);
/** An ARN of another region, or one that is no key's. */
export const invalidArn = (what: string) => notFound(`Invalid arn ${what}`);

export const disabled = (arn: string) => new AwsError('DisabledException', `${arn} is disabled.`);
export const invalidState = (arn: string, why: string) => new AwsError('KMSInvalidStateException', `${arn} ${why}.`);

export const validation = (message: string) => new AwsError('ValidationException', message);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );

export const invalidCiphertext = () => new AwsError('InvalidCiphertextException', '');
export const incorrectKey = () =>
  new AwsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  );
/** What Decrypt answers when it knows no key for a ciphertext: it does not tell which of the three is the case. */
export const unknownCiphertext = () =>
  new AwsError(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  );
export const otherAccount = (action: string, arn: string) =>
  new AwsError('AccessDeniedException', `kms:${action} cannot be performed on ${arn}: it belongs to another account.`);

export const invalidUsage = (arn: string, usage: string, operation: string) =>
  new AwsError('InvalidKeyUsageException', `${arn} key usage is ${usage} which is not valid for ${operation}.`);
export const invalidAlgorithm = (algorithm: string, spec: string) =>
  new AwsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`);
export const invalidSignature = () => new AwsError('KMSInvalidSignatureException', '');
export const invalidMac = () => new AwsError('KMSInvalidMacException', '');

export const unsupported = (message: string) => new AwsError('UnsupportedOperationException', message);
export const limitExceeded = (message: string) => new AwsError('LimitExceededException', message);
export const alreadyExists = (message: string) => new AwsError('AlreadyExistsException', message);
export const invalidAliasName = (message: string) => new AwsError('InvalidAliasNameException', message);
export const malformedPolicy = (message: string) => new AwsError('MalformedPolicyDocumentException', message);
export const invalidMarker = () => new AwsError('InvalidMarkerException', 'The marker is not valid.');
export const invalidTag = (message: string) => new AwsError('TagException', message);
export const invalidGrantId = () => new AwsError('InvalidGrantIdException', 'The grant ID is not valid.');
export const invalidGrantToken = () => new AwsError('InvalidGrantTokenException', 'The grant token is not valid.');
export const dryRun = () =>
  new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
