/** What CloudFormation says about a template: one error code, `ValidationError`, and its two ways to begin a sentence. */
import { AwsError } from '../../base/errors';

export function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** The document is not a template: syntax, sections, members. */
export function formatError(message: string): AwsError {
  return invalid(`Template format error: ${message}`);
}

/** The document is a template, but an intrinsic function in it is wrong. */
export function templateError(message: string): AwsError {
  return invalid(`Template error: ${message}`);
}
