/**
 * What a request claims about its signature: which key, which scope, which headers, when. Reading only; whether the
 * claim is true is `signature.ts`'s business, whether the key exists the kernel's. Sources: AWS "Signature Version 4
 * for API requests" and Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header" and
 * "... Using Query Parameters".
 */

export interface Claim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the credential scope. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** `YYYYMMDD/region/service/aws4_request`. */
  readonly scope: string;
  /** Lower-case names, in the order given. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** Time of signing as it stands in the string to sign: `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  /** The same in milliseconds of the client's clock. */
  readonly signedAt: number;
  /** How long a presigned URL is valid. */
  readonly expiresSeconds?: number;
  readonly sessionToken?: string;
}

/** Where a claim is broken; the kernel words it for the service that was asked. */
export type Flaw =
  | { readonly kind: 'unknownScheme'; readonly text: string }
  | { readonly kind: 'twoClaims' }
  | { readonly kind: 'signatureVersion2' }
  | { readonly kind: 'signatureVersion4A' }
  | { readonly kind: 'missingComponent'; readonly names: readonly string[] }
  | { readonly kind: 'component'; readonly text: string }
  | { readonly kind: 'credential' }
  | { readonly kind: 'terminal'; readonly text: string }
  | { readonly kind: 'scopeDate'; readonly text: string }
  | { readonly kind: 'dateMismatch'; readonly scope: string; readonly timestamp: string }
  | { readonly kind: 'missingDate' }
  | { readonly kind: 'malformedDate'; readonly text: string }
  | { readonly kind: 'algorithm' }
  | { readonly kind: 'expires'; readonly text: string; readonly wrong: 'number' | 'negative' | 'long' };

export class FlawedClaim extends Error {
  constructor(
    readonly form: Claim['form'],
    readonly flaw: Flaw,
  ) {
    super(flaw.kind);
  }
}

type Headers = Readonly<Record<string, string>>;
type Query = readonly (readonly [string, string])[];

/** Seven days: the longest that a presigned URL may live. */
const LONGEST_EXPIRY_SECONDS = 604_800;

/**
 * The claim in a request's `Authorization` header or query.
 * @returns undefined for an anonymous request
 * @throws FlawedClaim
 */
export function readClaim(headers: Headers, query: Query): Claim | undefined {
  const { authorization } = headers;
  const inQuery = query.some(
    ([name]) => name.startsWith('X-Amz-') && (name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature'),
  );
  if (authorization && inQuery) throw new FlawedClaim('header', { kind: 'twoClaims' });
  if (authorization) return headerClaim(authorization, headers);
  return inQuery ? queryClaim(query) : undefined;
}

/** The service that a claim names, however broken the rest: routing and the form of an error depend on it. */
export function signingNameOf(headers: Headers, query: Query): string | undefined {
  const { authorization } = headers;
  const credential = authorization
    ? /Credential=([^,\s]+)/.exec(authorization)?.[1]
    : query.find(([name]) => name === 'X-Amz-Credential')?.[1];
  const parts = credential?.split('/');
  return parts && parts.length >= 5 ? parts[parts.length - 2] : undefined;
}

function headerClaim(authorization: string, headers: Headers): Claim {
  const flawed = (flaw: Flaw) => new FlawedClaim('header', flaw);
  const space = authorization.indexOf(' ');
  const scheme = space < 0 ? authorization : authorization.slice(0, space);
  if (scheme !== 'AWS4-HMAC-SHA256') {
    if (scheme === 'AWS') throw flawed({ kind: 'signatureVersion2' });
    if (scheme === 'AWS4-ECDSA-P256-SHA256') throw flawed({ kind: 'signatureVersion4A' });
    throw flawed({ kind: 'unknownScheme', text: authorization });
  }
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (let part of space < 0 ? [] : authorization.slice(space + 1).split(',')) {
    part = part.trim();
    const equals = part.indexOf('=');
    const value = part.slice(equals + 1);
    if (equals <= 0 || value === '') throw flawed({ kind: 'component', text: part });
    const name = part.slice(0, equals);
    if (name === 'Credential') credential = value;
    else if (name === 'SignedHeaders') signedHeaders = value;
    else if (name === 'Signature') signature = value;
    else throw flawed({ kind: 'component', text: part });
  }
  if (!credential || !signedHeaders || !signature) {
    const given = { Credential: credential, SignedHeaders: signedHeaders, Signature: signature };
    const names = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]));
    throw flawed({ kind: 'missingComponent', names });
  }
  const scope = readCredential('header', credential);
  const timestamp = headers['x-amz-date'] ?? basicTime(headers.date);
  if (timestamp === undefined) throw flawed({ kind: 'missingDate' });
  return {
    form: 'header',
    ...scope,
    signedHeaders: namesIn(signedHeaders),
    signature,
    timestamp,
    signedAt: readTimestamp('header', timestamp, scope.date),
    sessionToken: headers['x-amz-security-token'],
  };
}

function queryClaim(query: Query): Claim {
  const flawed = (flaw: Flaw) => new FlawedClaim('query', flaw);
  const given: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of query) given[name] ??= value;
  const algorithm = given['X-Amz-Algorithm'];
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') throw flawed({ kind: 'signatureVersion4A' });
  const credential = given['X-Amz-Credential'];
  const signature = given['X-Amz-Signature'];
  const timestamp = given['X-Amz-Date'];
  const signedHeaders = given['X-Amz-SignedHeaders'];
  const expires = given['X-Amz-Expires'];
  if (!algorithm || !credential || !signature || !timestamp || !signedHeaders || !expires) {
    const required = ['Algorithm', 'Credential', 'Signature', 'Date', 'SignedHeaders', 'Expires'];
    const names = required.map((name) => `X-Amz-${name}`).filter((name) => !given[name]);
    throw flawed({ kind: 'missingComponent', names });
  }
  if (algorithm !== 'AWS4-HMAC-SHA256') throw flawed({ kind: 'algorithm' });
  const scope = readCredential('query', credential);
  const signedAt = readTimestamp('query', timestamp, scope.date);
  const expiresSeconds = /^-?\d{1,15}$/.test(expires) ? Number(expires) : Number.NaN;
  const wrong = Number.isNaN(expiresSeconds)
    ? 'number'
    : expiresSeconds < 0
      ? 'negative'
      : expiresSeconds > LONGEST_EXPIRY_SECONDS && 'long';
  if (wrong) throw flawed({ kind: 'expires', text: expires, wrong });
  const sessionToken = given['X-Amz-Security-Token'];
  const names = namesIn(signedHeaders);
  return {
    form: 'query',
    ...scope,
    signedHeaders: names,
    signature,
    timestamp,
    signedAt,
    expiresSeconds,
    sessionToken,
  };
}

/** The same client signs the same headers. */
const MOST_LISTS = 500;
const lists = new Map<string, readonly string[]>();

function namesIn(text: string): readonly string[] {
  let names = lists.get(text);
  if (names === undefined) {
    names = text.split(';');
    if (lists.size >= MOST_LISTS) lists.clear();
    lists.set(text, names);
  }
  return names;
}

type Scope = Pick<Claim, 'accessKeyId' | 'date' | 'region' | 'service' | 'scope'>;

/** A client sends the same credential all day: most texts have been read before. */
const MOST_SCOPES = 500;
const scopes = new Map<string, Scope>();

function readCredential(form: Claim['form'], text: string): Scope {
  let scope = scopes.get(text);
  if (scope === undefined) {
    scope = parseCredential(form, text);
    if (scopes.size >= MOST_SCOPES) scopes.clear();
    scopes.set(text, scope);
  }
  return scope;
}

function parseCredential(form: Claim['form'], text: string): Scope {
  const parts = text.split('/');
  if (parts.length < 5) throw new FlawedClaim(form, { kind: 'credential' });
  // An access key id may hold slashes; the scope after it never does.
  const [date, region, service, terminal] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (terminal !== 'aws4_request') throw new FlawedClaim(form, { kind: 'terminal', text: terminal });
  if (!/^\d{8}$/.test(date)) throw new FlawedClaim(form, { kind: 'scopeDate', text: date });
  if (!accessKeyId || !service) throw new FlawedClaim(form, { kind: 'credential' });
  return { accessKeyId, date, region, service, scope: `${date}/${region}/${service}/aws4_request` };
}

/** Requests come many to a second, and a time stamp is of whole seconds. */
let lastTimestamp = { text: '', time: Number.NaN };

function parseTimestamp(text: string): number {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  return m ? Date.UTC(+m[1], +m[2] - 1, +m[3], +m[4], +m[5], +m[6]) : Number.NaN;
}

function readTimestamp(form: Claim['form'], text: string, scopeDate: string): number {
  if (text !== lastTimestamp.text) lastTimestamp = { text, time: parseTimestamp(text) };
  const { time } = lastTimestamp;
  if (Number.isNaN(time)) throw new FlawedClaim(form, { kind: 'malformedDate', text });
  if (!text.startsWith(scopeDate)) {
    throw new FlawedClaim(form, { kind: 'dateMismatch', scope: scopeDate, timestamp: text });
  }
  return time;
}

/** A `Date` header in the form of `X-Amz-Date`. */
function basicTime(date: string | undefined): string | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : formatTimestamp(time);
}

/** `YYYYMMDDTHHMMSSZ`. */
export function formatTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`;
}
