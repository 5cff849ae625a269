/**
 * MFA in requests for credentials: a device of the caller's and its code now. Source: STS API reference, "AssumeRole",
 * "GetSessionToken": SerialNumber, TokenCode; IAM user guide, "Secure API access with MFA".
 */
import type { Call } from '../../kernel/call';
import { accessDenied } from './errors';

interface Shown {
  readonly SerialNumber?: string;
  readonly TokenCode?: string;
}

const PROVEN = 'sts.mfa';

/**
 * Whether the request shows MFA. A code is held to its device once per call: it is used up by that.
 * @throws AccessDenied for what does not hold
 */
export function provesMfa(call: Call, { SerialNumber: serialNumber, TokenCode: code }: Shown): Promise<boolean> {
  const known = call.known.get(PROVEN) as Promise<boolean> | undefined;
  const proven = known ?? prove(call, serialNumber, code);
  call.known.set(PROVEN, proven);
  return proven;
}

async function prove(call: Call, serialNumber: string | undefined, code: string | undefined): Promise<boolean> {
  if (serialNumber === undefined && code === undefined) return false;
  if (serialNumber === undefined || code === undefined)
    throw accessDenied('MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.');
  const outcome = await call.kernel.mfa({ principal: call.principal, serialNumber, code });
  if (outcome === 'unknown')
    throw accessDenied(
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  if (outcome === 'wrong') throw accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code.');
  return true;
}
