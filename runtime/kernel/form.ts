/**
 * Step 3 for browsers' forms: what is signed is the form's policy. Version 2 is taken in the regions
 * that still speak it (boto3 makes such forms there), and everywhere with the defaults of 2022. Source: Amazon S3 API reference, "Authenticating requests in browser-based uploads using POST".
 */
import type { Request, SignedForm } from '../base/http';
import { sign2, VERSION_2_REGIONS } from '../engine/sigv2';
import { sameSignature, sign, signingKey } from '../engine/sigv4/signature';
import type { Caller } from './authenticate';
import type { Body, Kernel } from './call';
import { type FindCredentials, refuseGuess, requireAlive } from './credentials';
import { anonymous } from './principal';
import * as rejection from './rejection';

const speaksVersion2 = ({ config, defaultRegion }: Kernel): boolean =>
  config.s3.defaults === '2022' || VERSION_2_REGIONS.has(defaultRegion);

export type FormAuthenticator = (request: Request, form: SignedForm) => Promise<Caller>;

export function createFormAuthenticator(kernel: Kernel, find: FindCredentials): FormAuthenticator {
  return async (request, form) => {
    const body: Body = { stream: request.body, trailers: {} };
    const { claim } = form;
    if (!claim) return { principal: anonymous, region: undefined, body };
    const { accessKeyId, scope, sessionToken, signature, policy } = claim;
    if (claim.version === 2 && !speaksVersion2(kernel)) throw rejection.signatureVersion2();
    const region = scope?.region ?? kernel.defaultRegion;
    const credentials = await find(accessKeyId, sessionToken, region, 's3');
    const secret = credentials.secretAccessKey;
    const right = scope ? sign(signingKey(secret, scope), policy) : sign2(secret, policy);
    if (!sameSignature(right, signature)) {
      refuseGuess(credentials, 's3');
      throw rejection.signatureDoesNotMatch('s3', { accessKeyId, signature, stringToSign: policy });
    }
    requireAlive(kernel, credentials, 's3');
    form.check(kernel.clock.now());
    return { principal: credentials.principal, region, body };
  };
}
