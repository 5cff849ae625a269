/**
 * Step 3: who asks? Reads the signature that a request carries, looks up its key among the identity sources, verifies
 * it and opens the body that it covers. Requests without a signature are anonymous: whether that is enough is for
 * step 5 to say.
 */
import { isRegion } from '../base/arn';
import type { Clock } from '../base/clock';
import type { Request } from '../base/http';
import { canonicalRequest } from '../engine/sigv4/canonical';
import { type Claim, FlawedClaim, readClaim } from '../engine/sigv4/claim';
import { type Seed, sameSignature, sign, signingKey, stringToSign } from '../engine/sigv4/signature';
import type { Credentials, IdentitySource } from './authorize';
import type { Body, Kernel } from './call';
import { createFinder, refuseGuess, requireAlive } from './credentials';
import { createFormAuthenticator } from './form';
import { documentPayload, streamPayload } from './payload';
import { anonymous, type Principal } from './principal';
import type { Dialect } from './rejection';
import * as rejection from './rejection';
import { createVersion2 } from './version2';

/** How far a request's time may be off. Source: Amazon S3 API reference, "Error responses": RequestTimeTooSkewed. */
const ALLOWED_SKEW_MS = 15 * 60 * 1000;

/** An authenticated request. */
export interface Caller {
  readonly principal: Principal;
  /** Region of the credential scope. */
  readonly region: string | undefined;
  readonly body: Body;
}

/** What is asked, as far as it matters for signatures. */
export interface Asked {
  readonly dialect: Dialect;
  /** Names that a credential scope may carry for this service. */
  readonly signingNames: readonly string[];
  /** Most bytes of a document. */
  readonly bodyLimitBytes: number;
  /** Of S3: Version 2 signs it also where it stands in the host. */
  readonly bucket?: string;
}

export type Authenticate = (request: Request, asked: Asked) => Promise<Caller>;

/**
 * Virtual times of signing that a time stamp of whole seconds cannot tell, by signature: URLs that in-process clients
 * presigned in the very second in which the clock was moved.
 */
export type KnownSignings = ReadonlyMap<string, number>;

export function createAuthenticator(
  kernel: Kernel,
  identities: readonly IdentitySource[],
  knownSignings: KnownSignings,
): Authenticate {
  const find = createFinder(kernel, identities);
  const version2 = createVersion2(kernel, find);
  const signedForm = createFormAuthenticator(kernel, find);
  // Suites of that time sign for no region at all where a service has but one.
  const toleratesNoRegion = kernel.config.s3.defaults === '2022';
  return async (request, asked) => {
    const { dialect } = asked;
    if (dialect === 's3') {
      const older = request.form ? signedForm(request, request.form) : version2(request, asked.bucket);
      if (older) return older;
    }
    const claim = claimOf(request, dialect);
    const payload =
      dialect === 's3' ? streamPayload(request, claim) : await documentPayload(request, dialect, asked.bodyLimitBytes);
    if (!claim) return { principal: anonymous, region: undefined, body: payload.open(undefined) };

    if (!asked.signingNames.includes(claim.service)) {
      throw rejection.wrongService(dialect, claim, asked.signingNames[0]);
    }
    const region = claim.region === '' && toleratesNoRegion ? kernel.defaultRegion : claim.region;
    if (!isRegion(region)) throw rejection.noRegion(dialect, claim, kernel.defaultRegion);
    if (dialect === 's3') requireSignedHeaders(request, claim);
    const credentials = await find(claim.accessKeyId, claim.sessionToken, region, dialect);
    const seed = verify(request, claim, payload.hash, credentials, dialect);
    requireFresh(claim, dialect);
    requireAlive(kernel, credentials, dialect);
    return { principal: credentials.principal, region, body: payload.open(seed) };
  };

  function verify(
    request: Request,
    claim: Claim,
    payloadHash: string,
    credentials: Credentials,
    dialect: Dialect,
  ): Seed {
    const key = signingKey(credentials.secretAccessKey, claim);
    const canonical = canonicalRequest(request, claim, payloadHash);
    const text = stringToSign(claim, canonical);
    if (sameSignature(sign(key, text), claim.signature)) {
      return { key, timestamp: claim.timestamp, scope: claim.scope, signature: claim.signature };
    }
    refuseGuess(credentials, dialect);
    const { accessKeyId, signature } = claim;
    throw rejection.signatureDoesNotMatch(dialect, {
      accessKeyId,
      signature,
      stringToSign: text,
      canonicalRequest: canonical,
    });
  }

  function requireFresh(claim: Claim, dialect: Dialect): void {
    const { clock } = kernel;
    const now = clock.now();
    if (claim.expiresSeconds === undefined) {
      // The stamp is of whole seconds: a request signed in the second of a move counts as signed after it.
      const meant = clock.virtualAt(claim.signedAt + 999);
      if (Math.abs(meant - now) <= ALLOWED_SKEW_MS || Math.abs(claim.signedAt - now) <= ALLOWED_SKEW_MS) return;
      throw rejection.timeTooSkewed(dialect, claim, now, ALLOWED_SKEW_MS);
    }
    const signedAt = knownSignings.get(claim.signature) ?? meantBy(claim.signedAt, clock);
    if (signedAt > now + ALLOWED_SKEW_MS) throw rejection.notYetValid(dialect, claim, now);
    const until = signedAt + claim.expiresSeconds * 1000;
    if (now > until) throw rejection.requestHasExpired(dialect, claim, until, now);
  }
}

/** A client's clock shows real time, unless it was set to virtual time: then its stamp is ahead of real time. */
function meantBy(stamp: number, clock: Clock): number {
  const real = clock.now() - clock.offset();
  return stamp > real + ALLOWED_SKEW_MS ? stamp : clock.virtualAt(stamp);
}

function claimOf(request: Request, dialect: Dialect): Claim | undefined {
  try {
    return readClaim(request.headers, request.query);
  } catch (error) {
    throw error instanceof FlawedClaim ? rejection.flawedClaim(dialect, error) : error;
  }
}

/** S3 wants the host and every `x-amz-` header signed, so that nobody adds one on the way. */
function requireSignedHeaders(request: Request, claim: Claim): void {
  const { signedHeaders } = claim;
  let missing: string[] | undefined;
  for (const name in request.headers) {
    if (name !== 'host' && !name.startsWith('x-amz-')) continue;
    if (signedHeaders.includes(name)) continue;
    if (name === 'x-amz-content-sha256' && claim.form === 'query') continue;
    missing ??= [];
    missing.push(name);
  }
  if (missing) throw rejection.headersNotSigned(missing);
}
