/**
 * How the services refuse a signature: the same flaws, each service family's own codes, statuses and words. Sources:
 * Amazon S3 API reference, "Error responses"; IAM user guide, "Troubleshoot signed requests for AWS APIs"; the "Common
 * Errors" page of each service.
 */
import { AwsError, type AwsErrorOptions } from '../base/errors';
import { type Claim, type Flaw, type FlawedClaim, formatTimestamp } from '../engine/sigv4/claim';
import type { ProtocolName } from '../protocol/wire';

/** Families of wording. `json`: status 400 for all; `rest`: REST-JSON, the same codes with status 403. */
export type Dialect = 's3' | 'query' | 'json' | 'rest';

const dialects: Readonly<Record<ProtocolName, Dialect>> = {
  restXml: 's3',
  restJson1: 'rest',
  awsJson1_0: 'json',
  awsJson1_1: 'json',
  rpcv2Cbor: 'json',
  awsQuery: 'query',
};

export function dialectOf(protocol: ProtocolName): Dialect {
  return dialects[protocol];
}

/** What is computed and what was given, as far as S3 shows it. */
export interface Mismatch {
  readonly accessKeyId: string;
  readonly stringToSign: string;
  /** Version 2 has none. */
  readonly canonicalRequest?: string;
  readonly signature: string;
}

const S3_MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/** Codes outside S3: `query` has its own, the others share `json`'s. */
const codes = {
  mismatch: { query: 'SignatureDoesNotMatch', json: 'InvalidSignatureException' },
  unknownKey: { query: 'InvalidClientTokenId', json: 'UnrecognizedClientException' },
  expiredToken: { query: 'ExpiredToken', json: 'ExpiredTokenException' },
  unsigned: { query: 'MissingAuthenticationToken', json: 'MissingAuthenticationTokenException' },
  incomplete: { query: 'IncompleteSignature', json: 'IncompleteSignatureException' },
} as const;

function elsewhere(kind: keyof typeof codes, dialect: Dialect, message: string): AwsError {
  const code = codes[kind][dialect === 'query' ? 'query' : 'json'];
  const status = dialect === 'json' || kind === 'incomplete' ? 400 : 403;
  return new AwsError(code, message, { status });
}

export function signatureDoesNotMatch(dialect: Dialect, mismatch: Mismatch): AwsError {
  if (dialect !== 's3') return elsewhere('mismatch', dialect, MISMATCH);
  return new AwsError('SignatureDoesNotMatch', S3_MISMATCH, {
    status: 403,
    fields: {
      AWSAccessKeyId: mismatch.accessKeyId,
      StringToSign: mismatch.stringToSign,
      SignatureProvided: mismatch.signature,
      StringToSignBytes: bytesOf(mismatch.stringToSign),
      CanonicalRequest: mismatch.canonicalRequest,
      CanonicalRequestBytes: mismatch.canonicalRequest && bytesOf(mismatch.canonicalRequest),
    },
  });
}

function bytesOf(text: string): string {
  return (Buffer.from(text, 'latin1').toString('hex').match(/../g) ?? []).join(' ');
}

export function unknownAccessKey(dialect: Dialect, accessKeyId: string): AwsError {
  if (dialect !== 's3') {
    return elsewhere('unknownKey', dialect, 'The security token included in the request is invalid.');
  }
  return new AwsError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
    status: 403,
    fields: { AWSAccessKeyId: accessKeyId },
  });
}

export function invalidToken(dialect: Dialect, token: string | undefined): AwsError {
  if (dialect !== 's3') {
    return elsewhere('unknownKey', dialect, 'The security token included in the request is invalid.');
  }
  return new AwsError('InvalidToken', 'The provided token is malformed or otherwise invalid.', {
    fields: { 'Token-0': token },
  });
}

export function expiredToken(dialect: Dialect, token: string | undefined): AwsError {
  if (dialect !== 's3') {
    return elsewhere('expiredToken', dialect, 'The security token included in the request is expired');
  }
  return new AwsError('ExpiredToken', 'The provided token has expired.', { fields: { 'Token-0': token } });
}

/** A service that answers nobody it does not know. */
export function unsigned(dialect: Dialect): AwsError {
  if (dialect === 's3') return new AwsError('AccessDenied', 'Access Denied', { status: 403 });
  return elsewhere('unsigned', dialect, 'Request is missing Authentication Token');
}

export function timeTooSkewed(
  dialect: Dialect,
  claim: Pick<Claim, 'timestamp'> & Partial<Claim>,
  now: number,
  allowedMs: number,
): AwsError {
  if (dialect === 's3') {
    const message = 'The difference between the request time and the current time is too large.';
    return new AwsError('RequestTimeTooSkewed', message, {
      status: 403,
      fields: {
        RequestTime: claim.timestamp,
        ServerTime: isoTime(now),
        MaxAllowedSkewMilliseconds: allowedMs,
      },
    });
  }
  const early = (claim.signedAt ?? now) > now;
  const bound = formatTimestamp(early ? now + allowedMs : now - allowedMs);
  const sum = `(${formatTimestamp(now)} ${early ? '+' : '-'} ${allowedMs / 60_000} min.)`;
  const message = early
    ? `Signature not yet current: ${claim.timestamp} is still later than ${bound} ${sum}`
    : `Signature expired: ${claim.timestamp} is now earlier than ${bound} ${sum}`;
  return elsewhere('mismatch', dialect, message);
}

export function notYetValid(dialect: Dialect, claim: Claim, now: number): AwsError {
  if (dialect !== 's3') return timeTooSkewed(dialect, claim, now, 0);
  return new AwsError('AccessDenied', 'Request is not valid yet', {
    status: 403,
    fields: { 'X-Amz-Date': claim.timestamp, ServerTime: isoTime(now) },
  });
}

/** @param until virtual time at which the URL ended */
export function requestHasExpired(dialect: Dialect, claim: Claim | undefined, until: number, now: number): AwsError {
  if (claim && dialect !== 's3') {
    const words = `Signature expired: ${claim.timestamp} is now earlier than ${formatTimestamp(now)}`;
    return elsewhere('mismatch', dialect, words);
  }
  return new AwsError('AccessDenied', 'Request has expired', {
    status: 403,
    fields: { 'X-Amz-Expires': claim?.expiresSeconds, Expires: isoTime(until), ServerTime: isoTime(now) },
  });
}

export function headersNotSigned(names: readonly string[]): AwsError {
  return new AwsError('AccessDenied', 'There were headers present in the request which were not signed', {
    status: 403,
    fields: { HeadersNotSigned: names.join(', ') },
  });
}

export function wrongService(dialect: Dialect, claim: Claim, expected: string): AwsError {
  if (dialect !== 's3') {
    return elsewhere('mismatch', dialect, `Credential should be scoped to correct service: '${expected}'.`);
  }
  return malformed(claim.form, `incorrect service "${claim.service}". This endpoint belongs to "${expected}".`);
}

/** A scope that names no region of AWS at all. S3 tells the region to sign for instead, and clients follow that. */
export function noRegion(dialect: Dialect, claim: Claim, expected: string): AwsError {
  if (dialect !== 's3') return elsewhere('mismatch', dialect, 'Credential should be scoped to a valid region.');
  if (claim.region === '') return malformed(claim.form, 'a non-empty region must be provided in the credential.');
  return malformed(claim.form, `the region '${claim.region}' is wrong; expecting '${expected}'`, { Region: expected });
}

/** A claim that cannot be read. */
export function flawedClaim(dialect: Dialect, { form, flaw }: FlawedClaim): AwsError {
  if (flaw.kind === 'signatureVersion4A') {
    const message = 'Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not implemented; use AWS4-HMAC-SHA256';
    return dialect === 's3'
      ? new AwsError('NotImplemented', message, { status: 501 })
      : elsewhere('incomplete', dialect, message);
  }
  return dialect === 's3' ? flawedForS3(form, flaw) : elsewhere('incomplete', dialect, flawWords(form, flaw));
}

export function signatureVersion2(): AwsError {
  const message = 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
  return new AwsError('InvalidRequest', message);
}

export function malformedVersion2(text: string): AwsError {
  return new AwsError('InvalidArgument', 'AWS authorization header is invalid. Expected AwsAccessKeyId:signature', {
    fields: { ArgumentName: 'Authorization', ArgumentValue: text },
  });
}

export function undatedVersion2(): AwsError {
  return new AwsError('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', { status: 403 });
}

export function incompleteVersion2(): AwsError {
  const message = 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters';
  return new AwsError('AccessDenied', message, { status: 403 });
}

function malformed(form: Claim['form'], words: string, fields?: AwsErrorOptions['fields']): AwsError {
  return form === 'header'
    ? new AwsError('AuthorizationHeaderMalformed', `The authorization header is malformed; ${words}`, { fields })
    : queryError(`Error parsing the X-Amz-Credential parameter; ${words}`, fields);
}

function queryError(message: string, fields?: AwsErrorOptions['fields']): AwsError {
  return new AwsError('AuthorizationQueryParametersError', message, { fields });
}

const TWO_CLAIMS =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified';

function flawedForS3(form: Claim['form'], flaw: Flaw): AwsError {
  const header = form === 'header';
  switch (flaw.kind) {
    case 'unknownScheme':
      return new AwsError('InvalidArgument', 'Unsupported Authorization Type', {
        fields: { ArgumentName: 'Authorization', ArgumentValue: flaw.text },
      });
    case 'twoClaims':
      return new AwsError('InvalidArgument', TWO_CLAIMS, { fields: { ArgumentName: 'Authorization' } });
    case 'signatureVersion2':
      return signatureVersion2();
    case 'missingComponent':
      return header
        ? malformed(
            form,
            'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
          )
        : queryError(
            'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
          );
    case 'component':
      return malformed(form, `the authorization component "${flaw.text}" is malformed.`);
    case 'credential':
      return malformed(
        form,
        'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
      );
    case 'terminal':
      return malformed(form, `incorrect terminal "${flaw.text}". This endpoint uses "aws4_request".`);
    case 'scopeDate':
      return malformed(
        form,
        `incorrect date format "${flaw.text}". This date in the credential must be in the format "yyyyMMdd".`,
      );
    case 'dateMismatch': {
      const words = `Invalid credential date "${flaw.scope}". This date is not the same as X-Amz-Date: "${flaw.timestamp}".`;
      return header ? malformed(form, words) : queryError(words);
    }
    case 'malformedDate':
      if (!header) return queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
      return dateRequired();
    case 'missingDate':
      return dateRequired();
    case 'expires':
      return queryError(
        {
          number: 'X-Amz-Expires should be a number',
          negative: 'X-Amz-Expires must be non-negative',
          long: 'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
        }[flaw.wrong],
      );
    default:
      return queryError('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"');
  }
}

function dateRequired(): AwsError {
  return new AwsError('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', { status: 403 });
}

function flawWords(form: Claim['form'], flaw: Flaw): string {
  switch (flaw.kind) {
    case 'missingComponent':
      return form === 'header'
        ? flaw.names.map((name) => `Authorization header requires '${name}' parameter.`).join(' ')
        : flaw.names.map((name) => `AWS query-string parameters must include '${name}'.`).join(' ');
    case 'twoClaims':
      return TWO_CLAIMS;
    case 'component':
      return `'${flaw.text}' not a valid key=value pair (missing equal-sign) in Authorization header.`;
    case 'credential':
      return 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.';
    case 'terminal':
      return `Credential should be scoped with a valid terminator: 'aws4_request', not '${flaw.text}'.`;
    case 'scopeDate':
      return `Date in Credential scope must be in the format YYYYMMDD, not '${flaw.text}'.`;
    case 'dateMismatch':
      return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${flaw.scope}' != '${flaw.timestamp}'.`;
    case 'missingDate':
      return "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    case 'malformedDate':
      return `Date must be in ISO-8601 'basic format'. Got '${flaw.text}'. See http://en.wikipedia.org/wiki/ISO_8601`;
    case 'expires':
      return `X-Amz-Expires must be a number of seconds from 0 to 604800, not '${flaw.text}'.`;
    default:
      return "Unsupported signing algorithm: only 'AWS4-HMAC-SHA256' is accepted.";
  }
}

/** `2026-11-20T18:58:50Z`, as S3's errors write it. */
function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
