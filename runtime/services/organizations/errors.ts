/** Organizations' errors by name. Source: AWS Organizations API Reference; the words are those the service answers with. */
import { AwsError } from '../../base/errors';

const named = (code: string, message: string, Reason?: string) =>
  new AwsError(code, message, Reason === undefined ? {} : { fields: { Reason } });

export const notInUse = () =>
  named('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
export const denied = () => named('AccessDeniedException', "You don't have permissions to access this resource.");
export const alreadyIn = () =>
  named('AlreadyInOrganizationException', 'The AWS account is already a member of an organization.');
export const notEmpty = () =>
  named(
    'OrganizationNotEmptyException',
    'To delete an organization you must first remove all member accounts (except the master).',
  );
export const masterCannotLeave = () =>
  named(
    'MasterCannotLeaveOrganizationException',
    'You cannot remove the master account from the organization. If you want to remove the master account, you must first remove all member accounts and then delete the organization.',
  );

const absent = (code: string, what: string) => named(code, `You specified ${what} that doesn't exist.`);
export const rootNotFound = () => absent('RootNotFoundException', 'a root');
export const unitNotFound = () => absent('OrganizationalUnitNotFoundException', 'an organizational unit');
export const parentNotFound = () => absent('ParentNotFoundException', 'a parent');
export const childNotFound = () => absent('ChildNotFoundException', 'a child');
export const accountNotFound = () => absent('AccountNotFoundException', 'an account');
export const sourceNotFound = () => absent('SourceParentNotFoundException', 'a source parent');
export const destinationNotFound = () => absent('DestinationParentNotFoundException', 'a destination parent');
export const policyNotFound = () => absent('PolicyNotFoundException', 'a policy');
export const targetNotFound = () => absent('TargetNotFoundException', 'a target');
export const creationNotFound = () => absent('CreateAccountStatusNotFoundException', 'a create account request');
export const handshakeNotFound = () => absent('HandshakeNotFoundException', 'a handshake');

export const duplicateAccount = () =>
  named('DuplicateAccountException', 'That account is already present in the specified destination.');
export const duplicateUnit = () =>
  named('DuplicateOrganizationalUnitException', 'An OU with the same name already exists.');
export const unitNotEmpty = () =>
  named('OrganizationalUnitNotEmptyException', 'Move all accounts and remove all child OUs of the OU first.');
export const duplicatePolicy = () =>
  named('DuplicatePolicyException', 'A policy with the specified name and type already exists.');
export const duplicateAttachment = () =>
  named('DuplicatePolicyAttachmentException', 'The selected policy is already attached to the specified target.');
export const notAttached = () =>
  named('PolicyNotAttachedException', "The specified policy isn't attached to the specified target.");
export const policyInUse = () =>
  named(
    'PolicyInUseException',
    'This policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.',
  );
export const typeNotEnabled = () =>
  named('PolicyTypeNotEnabledException', 'This operation can be performed only for enabled policy types.');
export const typeAlreadyEnabled = () =>
  named('PolicyTypeAlreadyEnabledException', 'The specified policy type is already enabled.');
export const malformedPolicy = (problem: string) =>
  named(
    'MalformedPolicyDocumentException',
    `The provided policy document does not meet the requirements of the specified policy type. (${problem})`,
  );

export const lastPolicy = () =>
  named(
    'ConstraintViolationException',
    'You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.',
    'MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
  );
export const mostPolicies = () =>
  named(
    'ConstraintViolationException',
    'You have attached the maximum number of policies to the specified target.',
    'MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
  );
export const tooLong = () =>
  named('ConstraintViolationException', 'You have exceeded the maximum policy size.', 'POLICY_CONTENT_LIMIT_EXCEEDED');
export const tooManyPolicies = () =>
  named(
    'ConstraintViolationException',
    'You have exceeded the allowed number of policies.',
    'POLICY_NUMBER_LIMIT_EXCEEDED',
  );
export const tooManyUnits = () =>
  named('ConstraintViolationException', 'You have exceeded the number of OUs.', 'OU_NUMBER_LIMIT_EXCEEDED');
export const tooDeep = () =>
  named('ConstraintViolationException', 'You have exceeded the maximum OU depth.', 'OU_DEPTH_LIMIT_EXCEEDED');
export const tooManyTags = () =>
  named('ConstraintViolationException', 'You have exceeded the number of tags allowed.', 'TAG_LIMIT_EXCEEDED');
export const waitPeriod = () =>
  named(
    'ConstraintViolationException',
    'You must wait until at least seven days after the account was created to perform this operation.',
    'WAIT_PERIOD_ACTIVE',
  );

export const invalidInput = (message: string, reason: string) => named('InvalidInputException', message, reason);
export const invalidPattern = (member: string) =>
  invalidInput(`You provided a value that does not match the required pattern. (${member})`, 'INVALID_PATTERN');
export const immutable = () =>
  invalidInput('You specified a policy that is managed by AWS and cannot be changed.', 'IMMUTABLE_POLICY');
export const invalidToken = () => invalidInput('You provided an invalid pagination token.', 'INVALID_NEXT_TOKEN');
export const systemTag = () =>
  invalidInput('You cannot use aws: as a prefix of a tag key.', 'INVALID_SYSTEM_TAGS_PARAMETER');
export const duplicateTag = () => invalidInput('You specified the same tag key more than once.', 'DUPLICATE_TAG_KEY');

export const handshakeState = (state: string) =>
  named(
    'InvalidHandshakeTransitionException',
    `You can't perform the operation on the handshake in its state ${state}.`,
  );
export const alreadyInState = () =>
  named('HandshakeAlreadyInStateException', 'The specified handshake is already in the requested state.');
export const duplicateHandshake = () =>
  named('DuplicateHandshakeException', 'A handshake with the same action and target already exists.');
export const inviteeTaken = () =>
  named(
    'HandshakeConstraintViolationException',
    'The invited account is already a member of an organization.',
    'ALREADY_IN_AN_ORGANIZATION',
  );

export const notModelled = (what: string) =>
  invalidInput(`Coffer does not implement ${what}.`, 'UNSUPPORTED_POLICY_TYPE_IN_RESOURCE_POLICY');
export const featureSet = () => invalidInput('Coffer implements organizations with all features only.', 'INVALID_ENUM');
