/**
 * The variables that point every AWS client of a process at a Coffer, and those that would point it elsewhere. Source:
 * AWS SDKs and Tools Reference Guide, "Environment variables" and "Service-specific endpoints".
 */

export interface Target {
  readonly url: string;
  readonly account: string;
  readonly region: string;
}

/** A client that saw one of these might ask another endpoint, or ask as somebody else. */
const MISLEADING = new Set([
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_S3_USE_ARN_REGION',
  'AWS_CA_BUNDLE',
]);

/** Endpoints of single services go before the common one. */
const SERVICE_ENDPOINT = /^AWS_ENDPOINT_URL_./;

export interface Environment {
  readonly set: Readonly<Record<string, string>>;
  /** Of the variables that are set now. */
  readonly unset: readonly string[];
}

/** @param current the variables that are set now */
export function environmentFor({ url, account, region }: Target, current: NodeJS.ProcessEnv): Environment {
  const keys = account === '000000000000' ? 'test' : account;
  const { hostname } = new URL(url);
  const set: Record<string, string> = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: keys,
    AWS_SECRET_ACCESS_KEY: keys,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  for (const name of ['NO_PROXY', 'no_proxy'])
    set[name] = withHosts(current[name], [hostname, 'localhost', '127.0.0.1']);
  const unset = Object.keys(current).filter((name) => MISLEADING.has(name) || SERVICE_ENDPOINT.test(name));
  return { set, unset };
}

/** A proxy cannot reach this machine's loopback. */
function withHosts(list: string | undefined, hosts: readonly string[]): string {
  const present = (list ?? '').split(',').filter((host) => host.trim() !== '');
  return [...new Set([...present, ...hosts])].join(',');
}
