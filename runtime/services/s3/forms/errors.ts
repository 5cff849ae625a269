/** How forms are refused. Source: S3 API reference, "Error responses", "List of error codes". */
import { s3Error } from '../errors';

export const missingFormField = (name: string) =>
  s3Error(
    'InvalidArgument',
    400,
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { ArgumentName: name, ArgumentValue: '' },
  );

export const malformedForm = () =>
  s3Error('MalformedPOSTRequest', 400, 'The body of your POST request is not well-formed multipart/form-data.');

export const noFormFile = () =>
  s3Error('IncorrectNumberOfFilesInPostRequest', 400, 'POST requires exactly one file upload per request.');

export const formFieldsTooLong = (limitBytes: number) =>
  s3Error('MaxPostPreDataLengthExceeded', 400, 'Your POST request fields preceding the upload file were too large.', {
    MaxPostPreDataLengthBytes: limitBytes,
  });

export const invalidPolicyDocument = (message: string) => s3Error('InvalidPolicyDocument', 400, message);

export const policyDenied = (message: string) =>
  s3Error('AccessDenied', 403, `Invalid according to Policy: ${message}`);

export const tooSmallForPolicy = (proposed: number, least: number) =>
  s3Error('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size', {
    ProposedSize: proposed,
    MinSizeAllowed: least,
  });
