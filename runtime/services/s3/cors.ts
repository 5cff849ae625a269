/**
 * Which CORS rule of a bucket lets a browser's request through, and what the answer then says. Source: S3 user guide,
 * "How does Amazon S3 evaluate the CORS configuration on a bucket?".
 */
import type { Request } from '../../base/http';

export interface CorsRule {
  readonly AllowedOrigins?: readonly string[];
  readonly AllowedMethods?: readonly string[];
  readonly AllowedHeaders?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAgeSeconds?: number;
}

/** The first rule that allows origin, method and every header that is asked for. */
export function matchingRule(rules: readonly CorsRule[], { headers, method, form }: Request): CorsRule | undefined {
  const { origin = '' } = headers;
  const wanted = headers['access-control-request-method'] ?? (form ? 'POST' : method);
  const asked = requestedHeaders(headers['access-control-request-headers']);
  return rules.find(
    ({ AllowedMethods = [], AllowedOrigins = [], AllowedHeaders = [] }) =>
      AllowedMethods.includes(wanted) &&
      AllowedOrigins.some((pattern) => covers(pattern, origin)) &&
      asked.every((header) => AllowedHeaders.some((pattern) => covers(pattern.toLowerCase(), header))),
  );
}

export function corsHeaders(rule: CorsRule, { headers }: Request): Record<string, string> {
  const anyOrigin = rule.AllowedOrigins?.includes('*');
  const asked = requestedHeaders(headers['access-control-request-headers']);
  return {
    'access-control-allow-origin': anyOrigin ? '*' : (headers.origin ?? ''),
    ...(anyOrigin ? {} : { 'access-control-allow-credentials': 'true' }),
    'access-control-allow-methods': (rule.AllowedMethods ?? []).join(', '),
    ...(asked.length > 0 ? { 'access-control-allow-headers': asked.join(', ') } : {}),
    ...(rule.ExposeHeaders?.length ? { 'access-control-expose-headers': rule.ExposeHeaders.join(', ') } : {}),
    ...(rule.MaxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.MaxAgeSeconds) }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

function requestedHeaders(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((header) => header.trim().toLowerCase())
    .filter((header) => header !== '');
}

/** Patterns hold at most one `*`. */
function covers(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}
