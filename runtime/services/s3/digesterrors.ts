/** S3's errors about digests and checksums. Codes: S3 API reference, "List of error codes"; words: as S3 sends them. */
import { invalidArgument, invalidRequest, s3Error } from './errors';

export const invalidDigest = (value: string) =>
  s3Error('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.', { 'Content-MD5': value });

/** @param expected as S3 shows it: in hexadecimal of objects, in base64 of parts */
export const badMd5 = (expected: string, calculated: string) =>
  s3Error('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.', {
    ExpectedDigest: expected,
    CalculatedDigest: calculated,
  });

export const badChecksum = (algorithm: string) =>
  s3Error('BadDigest', 400, `The ${algorithm} you specified did not match the calculated checksum.`);

export const badPartChecksum = (algorithm: string, part: number) =>
  s3Error('BadDigest', 400, `The ${algorithm} you specified for part ${part} did not match what we received.`);

export const badChecksumHeader = (header: string) => invalidRequest(`Value for ${header} header is invalid.`);

export const badChecksumTrailer = (header: string) => invalidRequest(`Value for ${header} trailing header is invalid.`);

export const unsupportedTrailer = () =>
  invalidRequest('The value specified in the x-amz-trailer header is not supported');

export const manyChecksums = () =>
  invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');

export const checksumAlgorithmUnsupported = (valid: readonly string[]) =>
  invalidRequest(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${valid.join(', ')}]`,
  );

/** Of a part in the document that completes an upload. */
export const badPartChecksumForm = (value: string) =>
  invalidArgument('Invalid Base64 or multiple checksums present in request', 'Checksum', value);
