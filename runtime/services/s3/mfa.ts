/**
 * MFA delete: who deletes versions for good or changes versioning shows a code of the root user's device. Source: S3
 * user guide, "Configuring MFA delete", "Deleting an object from an MFA delete-enabled bucket".
 */
import type { Call } from '../../kernel/call';
import { accessDenied, invalidArgument, invalidRequest } from './errors';
import type { Bucket } from './state/tables';

const HEADER = 'x-amz-mfa';
/** A device's serial number, or its ARN, and the code on it. */
const FORM = /^(\S+) (\d{6})$/;

/**
 * Whether a request shows MFA. A code that holds is used up by it.
 * @throws AwsError for a header that does not hold
 */
export async function provesMfa(call: Call, bucket: Bucket, header: string | undefined): Promise<boolean> {
  if (header === undefined) return false;
  const [, serialNumber, code] = FORM.exec(header) ?? [];
  if (code === undefined)
    throw invalidArgument(
      'Mfa header is invalid -- the header should be formatted as {serialNumber}(space){tokenCode}',
      HEADER,
      header,
    );
  const { principal, request } = call;
  if (principal.kind !== 'root' || principal.account !== bucket.account)
    throw accessDenied('This operation may only be performed by the bucket owner');
  if (principal.session) throw invalidRequest('DevPay and Mfa are mutually exclusive authorization methods.');
  // "Requests that include x-amz-mfa must use HTTPS": the loopback counts as that.
  if (!request.secure) throw accessDenied();
  if ((await call.kernel.mfa({ principal, serialNumber, code })) !== 'accepted') throw accessDenied();
  return true;
}

export const mfaRequired = () => accessDenied('Mfa Authentication must be used for this request');
