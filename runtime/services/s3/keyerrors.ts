/** S3's errors about keys and encryption. Codes: S3 API reference, "List of error codes"; words: as S3 sends them. */
import { accessDenied, invalidRequest, s3Error } from './errors';

export const needsCustomerKey = () =>
  invalidRequest(
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
  );

/** As S3 is reported to answer reads: its pages do not say. */
export const wrongCustomerKey = () =>
  accessDenied(
    'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  );

/** The same on parts and completions, where S3 has other words. */
export const otherCustomerKey = () =>
  invalidRequest('The provided encryption parameters did not match the ones used originally.');

export const customerKeysBlocked = (who: string, action: string, resource: string) =>
  accessDenied(
    `User: ${who} is not authorized to perform: ${action} on resource: "${resource}" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type`,
  );

export const invalidEncryptionAlgorithm = (header: string, algorithm: string) =>
  s3Error(
    'InvalidEncryptionAlgorithmError',
    400,
    'The Encryption request you specified is not valid. Supported value: AES256.',
    { ArgumentName: header, ArgumentValue: algorithm },
  );

export const foreignKey = () =>
  accessDenied(
    'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
  );

export const encryptionLocked = () =>
  accessDenied(
    "The encryption type for the specified object can't be updated because that object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period applied to them.",
  );

export const customerKeyNotApplicable = () =>
  invalidRequest('The encryption parameters are not applicable to this object.');

/** What KMS refused, in S3's words: `KMS.DisabledException` and kin. */
export const kmsError = (code: string, message: string, status = 400) => s3Error(`KMS.${code}`, status, message);
