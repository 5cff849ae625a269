/** STS's errors by name. Source: STS API reference, "Errors" of each operation; the words are those STS answers with. */
import { AwsError } from '../../base/errors';

export const validation = (message: string) => new AwsError('ValidationError', message);
/** The form in which AWS's front end reports a member that breaks its model. */
export const constraint = (member: string, value: unknown, rule: string) =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );

export const accessDenied = (message: string) => new AwsError('AccessDenied', message, { status: 403 });
export const notAuthorized = (action: string) => accessDenied(`Not authorized to perform ${action}`);
export const malformed = (message: string) => new AwsError('MalformedPolicyDocument', message);
export const packedTooLarge = (percent: number) =>
  new AwsError(
    'PackedPolicyTooLarge',
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  );
export const invalidParameter = (message: string) => new AwsError('InvalidParameterValue', message);
/** What a web identity token lacks. */
export const invalidIdentity = (message: string) => new AwsError('InvalidIdentityToken', message);
export const claimMissing = (claim: string) => invalidIdentity(`Missing a required claim: ${claim}`);
export const wrongAudience = () => invalidIdentity('Incorrect token audience');
export const noProvider = (issuer: string) =>
  invalidIdentity(`No OpenIDConnect provider found in your account for ${issuer}`);
export const noVerificationKey = () =>
  invalidIdentity(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  );
export const expiredIdentity = (now: number, end: number) =>
  new AwsError(
    'ExpiredTokenException',
    `Token expired: current date/time ${now} must be before the expiration date/time ${end}`,
  );
export const notModelled = (what: string) => validation(`Coffer does not implement ${what}.`);
export const unsigned = () =>
  new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', { status: 403 });
