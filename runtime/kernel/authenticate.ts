/**
 * Step 3: who asks? Reads the signature that a request carries, looks up its key among the identity sources, verifies
 * it and opens the body that it covers. Requests without a signature are anonymous: whether that is enough is for
 * step 5 to say.
 *
 * Plain credentials, so that nothing is in a beginner's way: an access key id that is its own secret (`test`/`test`) is
 * the default account's administrator; twelve digits are that account's. Ids that begin with `AKIA` or `ASIA` never are.
 */
import { partitionOf } from '../base/arn';
import type { Clock } from '../base/clock';
import type { Request } from '../base/http';
import { type Claim2, readClaim2, sign2, stringToSign2, VERSION_2_REGIONS } from '../engine/sigv2';
import { canonicalRequest } from '../engine/sigv4/canonical';
import { type Claim, FlawedClaim, readClaim } from '../engine/sigv4/claim';
import { type Seed, sameSignature, sign, signingKey, stringToSign } from '../engine/sigv4/signature';
import type { Credentials, IdentitySource } from './authorize';
import type { Body, Kernel } from './call';
import { documentPayload, streamPayload } from './payload';
import { anonymous, type Principal, root } from './principal';
import type { Dialect } from './rejection';
import * as rejection from './rejection';

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
  return async (request, asked) => {
    const { dialect } = asked;
    const older = dialect === 's3' && request.query.length > 0 ? readClaim2(request.query) : undefined;
    if (older) return authenticateVersion2(request, older, asked);
    const claim = claimOf(request, dialect);
    const payload =
      dialect === 's3' ? streamPayload(request, claim) : await documentPayload(request, dialect, asked.bodyLimitBytes);
    if (!claim) return { principal: anonymous, region: undefined, body: payload.open(undefined) };

    if (!asked.signingNames.includes(claim.service)) {
      throw rejection.wrongService(dialect, claim, asked.signingNames[0]);
    }
    if (dialect === 's3') requireSignedHeaders(request, claim);
    const credentials = await find(claim.accessKeyId, claim.sessionToken, claim.region, dialect);
    const seed = verify(request, claim, payload.hash, credentials, dialect);
    requireFresh(claim, dialect);
    requireAlive(credentials, dialect);
    return { principal: credentials.principal, region: claim.region, body: payload.open(seed) };
  };

  /**
   * Version 2 tells when a URL ends, not when it was signed: it counts as signed after the last move of the clock, so
   * that a client whose clock did not move along is understood.
   */
  async function authenticateVersion2(
    request: Request,
    claim: Claim2 | 'incomplete',
    { bucket }: Asked,
  ): Promise<Caller> {
    if (claim === 'incomplete') throw rejection.incompleteVersion2();
    const { defaultRegion, clock } = kernel;
    if (!VERSION_2_REGIONS.has(defaultRegion)) throw rejection.signatureVersion2();
    const { accessKeyId, sessionToken, signature } = claim;
    const credentials = await find(accessKeyId, sessionToken, defaultRegion, 's3');
    const inHost = bucket !== undefined && request.headers.host?.startsWith(`${bucket}.`);
    const resource = inHost ? `/${bucket}${request.path}` : request.path;
    const text = stringToSign2(request, resource, claim);
    if (!sameSignature(sign2(credentials.secretAccessKey, text), signature)) {
      refuseGuess(credentials, 's3');
      throw rejection.signatureDoesNotMatch('s3', { accessKeyId, signature, stringToSign: text });
    }
    const until = clock.virtualAt(Number(claim.expires) * 1000);
    if (clock.now() > until) throw rejection.requestHasExpired('s3', undefined, until, clock.now());
    requireAlive(credentials, 's3');
    const body = streamPayload(request, undefined).open(undefined);
    return { principal: credentials.principal, region: defaultRegion, body };
  }

  function requireAlive(credentials: Credentials, dialect: Dialect): void {
    if (credentials.expiresAt === undefined || credentials.expiresAt > kernel.clock.now()) return;
    throw rejection.expiredToken(dialect, credentials.sessionToken);
  }

  async function find(
    accessKeyId: string,
    sessionToken: string | undefined,
    region: string,
    dialect: Dialect,
  ): Promise<Credentials> {
    for (const source of identities) {
      const found = await source.credentials?.(kernel, accessKeyId, sessionToken);
      if (!found) continue;
      if (!found.active) throw rejection.unknownAccessKey(dialect, accessKeyId);
      if (found.sessionToken !== sessionToken) throw rejection.invalidToken(dialect, sessionToken);
      return found;
    }
    if (/^A[KS]IA/.test(accessKeyId)) throw rejection.unknownAccessKey(dialect, accessKeyId);
    const account = isAccountId(accessKeyId) ? accessKeyId : kernel.defaultAccount;
    const principal = root(account, partitionOf(region), accessKeyId);
    return { accessKeyId, secretAccessKey: accessKeyId, principal, active: true };
  }

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

/** A plain id that turns out not to be its own secret is nobody's id, unless it is one of the well-known ones. */
function refuseGuess({ accessKeyId, secretAccessKey }: Credentials, dialect: Dialect): void {
  if (secretAccessKey !== accessKeyId || accessKeyId === 'test' || isAccountId(accessKeyId)) return;
  throw rejection.unknownAccessKey(dialect, accessKeyId);
}

function isAccountId(text: string): boolean {
  return /^\d{12}$/.test(text);
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
