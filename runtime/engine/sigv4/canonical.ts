/**
 * The canonical form of a request: the text of which Signature Version 4 signs the hash. Source: AWS "Create a signed
 * AWS API request", step 1. S3 differs twice: it neither normalises the path nor encodes it a second time.
 *
 * All text here is Latin-1: path and query are ASCII once encoded, and header bytes come as Latin-1 from the socket,
 * so that hashing the text as Latin-1 hashes the very bytes that the client sent.
 */
import type { Claim } from './claim';

/** What of a request is signed. */
export interface Signable {
  readonly method: string;
  /** Percent-encoded, as received. */
  readonly path: string;
  /** Decoded pairs. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that came more than once, joined by a bare comma. */
  readonly repeated?: Readonly<Record<string, string>>;
}

export function canonicalRequest(request: Signable, claim: Claim, payloadHash: string): string {
  let headers = '';
  for (const name of claim.signedHeaders) {
    const value = request.repeated?.[name] ?? request.headers[name] ?? '';
    headers += `${name}:${squeeze(value)}\n`;
  }
  const path = claim.service.startsWith('s3') ? plainPath(request.path) : normalPath(request.path);
  const query = request.query.length === 0 ? '' : canonicalQuery(request.query);
  return `${request.method}\n${path}\n${query}\n${headers}\n${claim.signedHeaders.join(';')}\n${payloadHash}`;
}

/** Sorted by encoded name, then by encoded value; the signature itself is not part of what it signs. */
export function canonicalQuery(query: Signable['query']): string {
  const pairs: [string, string][] = [];
  for (const [name, value] of query) {
    if (name !== 'X-Amz-Signature') pairs.push([encode(name), encode(value)]);
  }
  if (pairs.length > 1) pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  let text = '';
  for (const [name, value] of pairs) text += text === '' ? `${name}=${value}` : `&${name}=${value}`;
  return text;
}

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const PLAIN_PATH = /^[A-Za-z0-9\-._~/]*$/;

/** Percent-encodes all but unreserved characters. */
export function encode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** S3: each byte of the path encoded once, whatever the client chose to encode. */
function plainPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path || '/';
  try {
    return encode(decodeURIComponent(path)).replaceAll('%2F', '/');
  } catch {
    return path;
  }
}

/** Everyone else: dot segments and empty segments removed, then the encoded path encoded again. */
function normalPath(path: string): string {
  if (path === '/' || path === '') return '/';
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encode(segment));
  }
  if (segments.length === 0) return '/';
  return `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** Outer white space off, inner runs of it to one space. */
function squeeze(value: string): string {
  return NEEDS_SQUEEZE.test(value) ? value.trim().replace(/[ \t]+/g, ' ') : value;
}
const NEEDS_SQUEEZE = /^[ \t]|[ \t]$|[ \t]{2}|\t/;
