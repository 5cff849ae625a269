/** Lambda's errors, by name. Words and statuses as in the Lambda API reference and as the service answers. */
import { AwsError } from '../../base/errors';

function userError(code: string, status: number, message: string, fields: Record<string, unknown> = {}): AwsError {
  return new AwsError(code, message, { status, fields: { Type: 'User', ...fields } });
}

export function invalidParameter(message: string): AwsError {
  return userError('InvalidParameterValueException', 400, message);
}

/** A value that the API model itself rules out. */
export function invalidValue(member: string, value: unknown, constraint: string): AwsError {
  const words = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`;
  return new AwsError('ValidationException', words, { status: 400 });
}

/** A member that AWS knows and this runtime does not act on. */
export function unsupported(member: string, reason: string): AwsError {
  return invalidParameter(`${member} is not supported here: ${reason}`);
}

export function notFound(message: string): AwsError {
  return userError('ResourceNotFoundException', 404, message);
}

export function functionNotFound(arn: string): AwsError {
  return notFound(`Function not found: ${arn}`);
}

export function noSuchResource(): AwsError {
  return notFound('The resource you requested does not exist.');
}

export function conflict(message: string): AwsError {
  return userError('ResourceConflictException', 409, message);
}

export function revisionMismatch(operation: string): AwsError {
  return userError(
    'PreconditionFailedException',
    412,
    `The Revision Id provided does not match the latest Revision Id. Call the ${operation} API to retrieve the latest Revision Id`,
  );
}

export function roleNotAssumable(): AwsError {
  return invalidParameter('The role defined for the function cannot be assumed by Lambda.');
}

export function notUnzippable(): AwsError {
  return invalidParameter('Could not unzip uploaded file. Please check your file, then try to upload again.');
}

export function unsafeArchive(reason: string): AwsError {
  return invalidParameter(`The uploaded file is not unpacked here: ${reason}.`);
}

export function emptyArchive(): AwsError {
  return invalidParameter('Uploaded file must be a non-empty zip');
}

export function unzippedTooLarge(limitBytes: number): AwsError {
  return invalidParameter(`Unzipped size must be smaller than ${limitBytes} bytes`);
}

export function requestTooLarge(limitBytes: number, operation: string): AwsError {
  const message = `Request must be smaller than ${limitBytes} bytes for the ${operation} operation`;
  return userError('RequestEntityTooLargeException', 413, message);
}

export function payloadTooLarge(limitBytes: number): AwsError {
  const message = `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`;
  return userError('RequestTooLargeException', 413, message);
}

export function invalidPayload(reason: string): AwsError {
  return userError('InvalidRequestContentException', 400, `Could not parse request body into json: ${reason}`);
}

export function codeNotReadable(code: string, message: string, bucket: string, key: string): AwsError {
  if (code === 'AccessDenied') {
    return new AwsError(
      'AccessDeniedException',
      `Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ${bucket}/${key}. S3 Error Code: ${code}. S3 Error Message: ${message}`,
      { status: 403 },
    );
  }
  return invalidParameter(`Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`);
}

export type ThrottleReason = 'ConcurrentInvocationLimitExceeded' | 'ReservedFunctionConcurrentInvocationLimitExceeded';

export function throttled(reason: ThrottleReason): AwsError {
  return new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
    status: 429,
    retryable: true,
    fields: { Type: 'User', Reason: reason },
  });
}

/** The function exists, but nothing on this machine can run its runtime. */
export function runtimeNotHere(message: string): AwsError {
  return new AwsError('InvalidRuntimeException', message, { status: 502, fields: { Type: 'User' } });
}

export function policyTooLong(limitBytes: number): AwsError {
  return userError(
    'PolicyLengthExceededException',
    400,
    `The final policy size is bigger than the limit (${limitBytes}).`,
  );
}
