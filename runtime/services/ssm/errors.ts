/** Parameter Store's errors by name. Source: Systems Manager API Reference; the words are those the service answers with. */
import { AwsError } from '../../base/errors';

export const validation = (message: string) => new AwsError('ValidationException', message);
export const unsupported = (what: string) => validation(`Coffer does not implement ${what} of SSM parameters.`);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );

export const parameterNotFound = (name?: string) =>
  new AwsError('ParameterNotFound', name === undefined ? '' : `Parameter ${name} not found.`);
export const versionNotFound = (name: string, version: string) =>
  new AwsError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
  );
export const alreadyExists = () =>
  new AwsError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  );
export const reservedName = (name: string) =>
  new AwsError('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
export const tooDeep = (name: string) =>
  new AwsError('HierarchyLevelLimitExceededException', `Parameter hierarchy of ${name} must be at most 15 levels.`);
export const typeMismatch = () =>
  new AwsError(
    'HierarchyTypeMismatchException',
    "Parameter Store doesn't support changing a parameter type in a hierarchy. You must create a new, unique parameter.",
  );
export const invalidPattern = (pattern: string) =>
  new AwsError('InvalidAllowedPatternException', `The allowed pattern ${pattern} is not a valid regular expression.`);
export const patternMismatch = (pattern: string) =>
  new AwsError(
    'ParameterPatternMismatchException',
    `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
  );
export const invalidKeyId = (message: string) => new AwsError('InvalidKeyId', message);
export const limitExceeded = (message: string) => new AwsError('ParameterLimitExceeded', message);
export const versionLimit = (name: string, version: number) =>
  new AwsError(
    'ParameterMaxVersionLimitExceeded',
    `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  );
export const labelLimit = () =>
  new AwsError('ParameterVersionLabelLimitExceeded', 'A parameter version can have a maximum of ten labels.');
export const invalidToken = () => new AwsError('InvalidNextToken', 'The specified token is not valid.');
export const invalidFilterKey = (key: string) =>
  new AwsError('InvalidFilterKey', `The specified filter key ${key} is not valid.`);
export const invalidFilterOption = (option: string) =>
  new AwsError('InvalidFilterOption', `The specified filter option ${option} is not valid.`);
export const invalidFilterValue = (key: string) =>
  new AwsError('InvalidFilterValue', `The filter values of ${key} are not valid.`);
export const invalidResourceType = (type: string) =>
  new AwsError('InvalidResourceType', `${type} is not a valid resource type.`);
export const invalidResourceId = () =>
  new AwsError(
    'InvalidResourceId',
    'The resource ID is not valid. Verify that you entered the correct ID and try again.',
  );
export const tooManyTags = () => new AwsError('TooManyTagsError', 'A parameter has at most 50 tags.');
