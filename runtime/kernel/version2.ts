/**
 * Step 3 for Signature Version 2: presigned URLs, which S3 still honours in its oldest regions, and `Authorization`
 * headers, which are read where the defaults of 2022 are asked for.
 */
import type { Request } from '../base/http';
import { type Claim2, readClaim2, readHeader2, sign2, stringToSign2, VERSION_2_REGIONS } from '../engine/sigv2';
import { sameSignature } from '../engine/sigv4/signature';
import type { Caller } from './authenticate';
import type { Credentials } from './authorize';
import type { Kernel } from './call';
import { type FindCredentials, refuseGuess, requireAlive } from './credentials';
import { streamPayload } from './payload';
import * as rejection from './rejection';

/** Source: Amazon S3 API reference, "Error responses": RequestTimeTooSkewed. */
const ALLOWED_SKEW_MS = 15 * 60 * 1000;

/** @returns undefined for requests that are not signed this way */
export type Version2 = (request: Request, bucket: string | undefined) => Promise<Caller> | undefined;

export function createVersion2(kernel: Kernel, find: FindCredentials): Version2 {
  const { defaultRegion, clock, config } = kernel;

  return (request, bucket) => {
    const inQuery = request.query.length > 0 ? readClaim2(request.query) : undefined;
    if (inQuery) return presigned(request, inQuery, bucket);
    if (config.s3.defaults !== '2022') return undefined;
    return readHeader2(request.headers.authorization) && inHeader(request, bucket);
  };

  /**
   * Version 2 tells when a URL ends, not when it was signed: it counts as signed after the last move of the clock, so
   * that a client whose clock did not move along is understood.
   */
  async function presigned(
    request: Request,
    claim: Claim2 | 'incomplete',
    bucket: string | undefined,
  ): Promise<Caller> {
    if (claim === 'incomplete') throw rejection.incompleteVersion2();
    if (!VERSION_2_REGIONS.has(defaultRegion)) throw rejection.signatureVersion2();
    const { accessKeyId, sessionToken, signature, expires } = claim;
    const credentials = await find(accessKeyId, sessionToken, defaultRegion, 's3');
    verify(request, credentials, bucket, expires, signature);
    const until = clock.virtualAt(Number(expires) * 1000);
    if (clock.now() > until) throw rejection.requestHasExpired('s3', undefined, until, clock.now());
    return caller(request, credentials);
  }

  async function inHeader(request: Request, bucket: string | undefined): Promise<Caller> {
    const { headers } = request;
    const claim = readHeader2(headers.authorization);
    if (typeof claim !== 'object') throw rejection.malformedVersion2(headers.authorization ?? '');
    const credentials = await find(claim.accessKeyId, headers['x-amz-security-token'], defaultRegion, 's3');
    const date = headers['x-amz-date'] ?? headers.date;
    const madeAt = Date.parse(date ?? '');
    if (!(madeAt > 0)) throw rejection.undatedVersion2();
    const now = clock.now();
    const far = (at: number) => Math.abs(at - now) > ALLOWED_SKEW_MS;
    if (far(madeAt) && far(clock.virtualAt(madeAt + 999)))
      throw rejection.timeTooSkewed('s3', { timestamp: date as string }, now, ALLOWED_SKEW_MS);
    // `X-Amz-Date` is signed among the headers, and then the line of `Date` stays empty.
    verify(request, credentials, bucket, headers['x-amz-date'] === undefined ? (date ?? '') : '', claim.signature);
    return caller(request, credentials);
  }

  function verify(
    request: Request,
    credentials: Credentials,
    bucket: string | undefined,
    date: string,
    signature: string,
  ): void {
    const inHost = bucket !== undefined && request.headers.host?.startsWith(`${bucket}.`);
    const resource = inHost ? `/${bucket}${request.path}` : request.path;
    // Some clients sign `/bucket/` and ask for `/bucket`.
    const spellings = resource === `/${bucket}` ? [resource, `${resource}/`] : [resource];
    const texts = spellings.map((spelling) => stringToSign2(request, spelling, date));
    if (texts.some((text) => sameSignature(sign2(credentials.secretAccessKey, text), signature))) return;
    refuseGuess(credentials, 's3');
    const { accessKeyId } = credentials;
    throw rejection.signatureDoesNotMatch('s3', { accessKeyId, signature, stringToSign: texts[0] });
  }

  function caller(request: Request, credentials: Credentials): Caller {
    requireAlive(kernel, credentials, 's3');
    const body = streamPayload(request, undefined).open(undefined);
    return { principal: credentials.principal, region: defaultRegion, body };
  }
}
