/** STS's errors by name. Source: STS API reference, "Errors" of each operation; the words are those STS answers with. */
import { AwsError } from '../../base/errors';

export const validation = (message: string) => new AwsError('ValidationError', message);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );

export const accessDenied = (message: string) => new AwsError('AccessDenied', message, { status: 403 });
export const malformed = (message: string) => new AwsError('MalformedPolicyDocument', message);
export const packedTooLarge = (percent: number) =>
  new AwsError(
    'PackedPolicyTooLarge',
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  );
export const invalidParameter = (message: string) => new AwsError('InvalidParameterValue', message);
export const unsigned = () =>
  new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', { status: 403 });
