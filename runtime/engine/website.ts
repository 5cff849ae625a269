/**
 * Where a request to a website leads: which bucket its host names, which key its path means, and which rule of the
 * website's configuration sends it elsewhere. Pure: what is stored, and who may read it, is asked by
 * `edge/website.ts`. Sources: S3 user guide, "Website endpoints", "Configuring an index document", "(Optional)
 * Configuring a webpage redirect"; AWS General Reference, "Amazon S3 endpoints and quotas", website endpoints.
 */

/** As much of `GetBucketWebsite`'s answer as requests are routed by. */
export interface Website {
  readonly RedirectAllRequestsTo?: Target;
  readonly IndexDocument?: { readonly Suffix?: string };
  readonly ErrorDocument?: { readonly Key?: string };
  readonly RoutingRules?: readonly RoutingRule[];
}

export interface RoutingRule {
  readonly Condition?: { readonly KeyPrefixEquals?: string; readonly HttpErrorCodeReturnedEquals?: string };
  readonly Redirect?: Target & {
    readonly HttpRedirectCode?: string;
    readonly ReplaceKeyPrefixWith?: string;
    readonly ReplaceKeyWith?: string;
  };
}

interface Target {
  readonly HostName?: string;
  readonly Protocol?: string;
}

/** What the visitor asked for, as far as redirects repeat it. */
export interface Visited {
  /** As the visitor named it, with its port. */
  readonly host: string;
  /** Path and query, still percent-encoded. */
  readonly target: string;
}

export interface Redirect {
  readonly status: number;
  readonly location: string;
}

// ---- hosts --------------------------------------------------------------------------------------------------------

/** The endpoint itself, when it looks up how a bucket is set up. */
export const WEBSITE_ENDPOINT = 's3-website.amazonaws.com';

/** Regions whose website endpoints have a dash before the region; all others have a dot. */
const DASHED = [
  'us-east-1',
  'us-west-1',
  'us-west-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
  'eu-west-1',
  'sa-east-1',
  'us-gov-west-1',
];
const HOST = /^(?:(.+)\.)?s3-website(?:[.-]([a-z]{2}(?:-[a-z]+)+-\d))?\.(localhost|amazonaws\.com(?:\.cn)?)$/;

/** The first labels of a bucket's website endpoint: `s3-website-us-east-1`, `s3-website.eu-central-1`. */
export function websiteEndpoint(region: string): string {
  return `s3-website${DASHED.includes(region) ? '-' : '.'}${region}`;
}

export interface WebsiteHost {
  /** Absent: the endpoint itself. */
  readonly bucket?: string;
  /** Absent: any. Only `localhost` leaves it out. */
  readonly region?: string;
}

/** @returns undefined for a host that is no website endpoint. Either form is taken for any region. */
export function websiteHost(host: string | undefined): WebsiteHost | undefined {
  if (!host?.includes('s3-website')) return undefined;
  const [found, bucket, region, domain] = HOST.exec(host.replace(/:\d+$/, '').toLowerCase()) ?? [];
  // Below `localhost` the endpoint's own name is a bucket's.
  return found === undefined || (bucket === undefined && domain === 'localhost') ? undefined : { bucket, region };
}

// ---- keys ---------------------------------------------------------------------------------------------------------

/** The key that a path asks for. @throws URIError when it is not percent-encoded UTF-8 */
export function keyOf(path: string): string {
  return decodeURIComponent(path.slice(1));
}

export function pathOf(key: string): string {
  return `/${encodeKey(key)}`;
}

/** The root and what ends in a slash is a folder: its index document stands for it. */
export function isFolder(key: string): boolean {
  return key === '' || key.endsWith('/');
}

function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

// ---- redirects ----------------------------------------------------------------------------------------------------

/** Where all requests go, when they all go elsewhere. */
export function redirectAll({ RedirectAllRequestsTo: all }: Website, visited: Visited): Redirect | undefined {
  return all && { status: 301, location: `${originOf(all, visited)}${visited.target}` };
}

/**
 * Where the first rule that applies sends a request.
 * @param status of the error that reading `key` ended in; absent: nothing was read yet
 */
export function redirectByRule(
  { RoutingRules: rules }: Website,
  visited: Visited,
  key: string,
  status?: number,
): Redirect | undefined {
  const rule = rules?.find((each) => applies(each, key, status));
  if (!rule?.Redirect) return undefined;
  const { HttpRedirectCode: code } = rule.Redirect;
  const query = visited.target.split('?').slice(1).join('?');
  const moved = replaced(rule, key);
  // A key that is replaced by `resize?key=...` has brought a query already.
  const more = query === '' ? '' : `${moved.includes('?') ? '&' : '?'}${query}`;
  const location = `${originOf(rule.Redirect, visited)}/${moved}${more}`;
  return { status: code === undefined ? 301 : Number(code), location };
}

/** A rule about errors waits for one; every other has its say before anything is read. */
function applies({ Condition = {} }: RoutingRule, key: string, status: number | undefined): boolean {
  const { KeyPrefixEquals: prefix = '', HttpErrorCodeReturnedEquals: code } = Condition;
  return key.startsWith(prefix) && (code === undefined ? undefined : Number(code)) === status;
}

/** The new key, percent-encoded; what the rule says goes out as it stands, its `?` and `%` included. */
function replaced({ Condition, Redirect = {} }: RoutingRule, key: string): string {
  const { ReplaceKeyWith: whole, ReplaceKeyPrefixWith: prefix } = Redirect;
  if (whole !== undefined) return printable(whole);
  if (prefix === undefined) return encodeKey(key);
  return printable(prefix) + encodeKey(key.slice(Condition?.KeyPrefixEquals?.length ?? 0));
}

function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/** Website endpoints speak HTTP only. */
function originOf({ HostName, Protocol }: Target, { host }: Visited): string {
  return `${Protocol ?? 'http'}://${HostName ?? host}`;
}
