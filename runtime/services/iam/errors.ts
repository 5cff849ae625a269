/** IAM's errors by name. Source: IAM API reference, "Errors" of each operation; the words are those IAM answers with. */
import { AwsError } from '../../base/errors';

const noSuchEntity = (message: string) => new AwsError('NoSuchEntity', message, { status: 404 });
const conflict = (code: string, message: string) => new AwsError(code, message, { status: 409 });

/** `what`: `user`, `role policy` and so on. */
export const notFound = (what: string, name: string) => noSuchEntity(`The ${what} with name ${name} cannot be found.`);
export const keyNotFound = (id: string) => noSuchEntity(`The Access Key with id ${id} cannot be found.`);
export const policyNotFound = (arn: string) => noSuchEntity(`Policy ${arn} was not found.`);
export const policyNotAttachable = (arn: string) => noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
export const versionNotFound = (arn: string, version: string) =>
  noSuchEntity(`Policy ${arn} version ${version} does not exist or is not attachable.`);
export const boundaryNotFound = (arn: string) => noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
export const noBoundary = (kind: string, name: string) =>
  noSuchEntity(`No permissions boundary is set for ${kind} ${name}.`);
export const notInGroup = (user: string, group: string) => noSuchEntity(`User ${user} is not in group ${group}.`);
export const aliasNotFound = (account: string, alias: string) =>
  noSuchEntity(`Account ${account} does not have the alias ${alias}.`);
export const deviceNotFound = (serial: string) =>
  noSuchEntity(`VirtualMFADevice with serial number ${serial} doesn't exist.`);
export const deviceNotOfUser = () => noSuchEntity('MFA Device invalid for user.');
export const taskNotFound = (id: string) => noSuchEntity(`The deletion task with id ${id} cannot be found.`);

export const providerNotFound = (arn: string) => noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
export const providerExists = (url: string) =>
  conflict('EntityAlreadyExists', `Provider with url ${url} already exists.`);

/** `what`: `User`, `Role`, `Group`. */
export const exists = (what: string, name: string) =>
  conflict('EntityAlreadyExists', `${what} with name ${name} already exists.`);
export const policyExists = (name: string) =>
  conflict('EntityAlreadyExists', `A policy called ${name} already exists. Duplicate names are not allowed.`);
export const aliasExists = (alias: string) =>
  conflict('EntityAlreadyExists', `The account alias ${alias} already exists.`);

export const deviceExists = () =>
  conflict('EntityAlreadyExists', 'MFADevice entity at the same path and name already exists.');
export const deviceTaken = () => conflict('EntityAlreadyExists', 'MFA Device is already in use.');
export const deviceInUse = () => conflict('DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');

export const deleteConflict = (what: string) => conflict('DeleteConflict', `Cannot delete entity, must ${what} first.`);
export const policyInUse = () => conflict('DeleteConflict', 'Cannot delete a policy attached to entities.');
export const policyHasVersions = () =>
  conflict(
    'DeleteConflict',
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
  );
export const defaultVersion = () => conflict('DeleteConflict', 'Cannot delete the default version of a policy.');

export const quota = (name: string, value: number) =>
  conflict('LimitExceeded', `Cannot exceed quota for ${name}: ${value}`);
export const tooManyVersions = (most: number) =>
  conflict(
    'LimitExceeded',
    `A managed policy can have up to ${most} versions. Before you create a new version, you must delete an existing version.`,
  );
export const inlineTooLong = (bytes: number, kind: string, name: string) =>
  conflict('LimitExceeded', `Maximum policy size of ${bytes} bytes exceeded for ${kind} ${name}`);
export const tooManyTags = () => conflict('LimitExceeded', 'The number of tags has reached the maximum limit.');

export const reportAbsent = () =>
  new AwsError('ReportNotPresent', 'No report exists. You must call GenerateCredentialReport first.', { status: 410 });
export const reportExpired = () =>
  new AwsError(
    'ReportExpired',
    'The credential report is older than 4 hours. Call GenerateCredentialReport to generate a new report.',
    { status: 410 },
  );

export const unmodifiable = (role: string) =>
  new AwsError(
    'UnmodifiableEntity',
    `Cannot perform the operation on the protected role '${role}' - this role is only modifiable by AWS`,
  );
export const invalidInput = (message: string) => new AwsError('InvalidInput', message);
export const validation = (message: string) => new AwsError('ValidationError', message);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
export const malformed = (message: string) => new AwsError('MalformedPolicyDocument', message);
export const invalidCode = () =>
  new AwsError('InvalidAuthenticationCode', 'Authentication code for device is not valid.', { status: 403 });
/** Credentials that may not be used here at all. */
export const invalidToken = () =>
  new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid', { status: 403 });
export const rootHasNoName = () => validation('Must specify userName when calling with non-User credentials');
