/**
 * Where a request comes from, as policies see it. All clients of a local runtime share one address and one network; a
 * request that reaches it over loopback may state another standpoint in headers, so that conditions on addresses,
 * networks and TLS can be tried. Requests from elsewhere are taken at face value, whatever they state.
 *
 *     x-coffer-source-ip: 203.0.113.9         aws:SourceIp (through an endpoint: aws:VpcSourceIp)
 *     x-coffer-vpc-endpoint: vpce-0a1b2c3d    aws:SourceVpce, and the endpoint's policy, when one is declared
 *     x-coffer-vpc: vpc-0a1b2c3d              aws:SourceVpc; of a declared endpoint it is known
 *     x-coffer-tls-version: 1.1               s3:TlsVersion
 *     x-coffer-secure-transport: false        plain HTTP: aws:SecureTransport
 */
import { isIP } from 'node:net';
import { AwsError } from '../base/errors';
import type { Request } from '../base/http';
import { isLoopback } from './incoming';

export type Standpoint = Pick<Request, 'remoteAddress' | 'secure' | 'tlsVersion' | 'vpcEndpoint' | 'vpc'>;

/** As a program states it: `coffer.client(S3Client, { from: { sourceIp: '203.0.113.9' } })`. */
export interface StatedStandpoint {
  /** IPv4 or IPv6 address. @default 127.0.0.1 */
  readonly sourceIp?: string;
  /** Id of a VPC endpoint, declared or not. @default none: the request comes from the internet */
  readonly vpcEndpoint?: string;
  /** Id of the VPC behind the endpoint. @default what is declared of the endpoint */
  readonly vpc?: string;
  /** `1.0` to `1.3`. @default '1.3' */
  readonly tlsVersion?: string;
  /** Whether the request comes by plain HTTP. @default false */
  readonly plainHttp?: boolean;
}

const SOURCE_IP = 'x-coffer-source-ip';
const VPC_ENDPOINT = 'x-coffer-vpc-endpoint';
const VPC = 'x-coffer-vpc';
const TLS_VERSION = 'x-coffer-tls-version';
const SECURE_TRANSPORT = 'x-coffer-secure-transport';

/** The headers that are honoured, for the operator and for documents. */
export const standpointHeaders: readonly string[] = [SOURCE_IP, VPC_ENDPOINT, VPC, TLS_VERSION, SECURE_TRANSPORT];

/** Loopback counts as TLS: `aws:SecureTransport` denies are in every CDK stack. */
const LOCAL: Standpoint = { remoteAddress: '127.0.0.1', secure: true, tlsVersion: '1.3' };

/**
 * @param tlsVersion of the connection, when it really is TLS
 * @throws AwsError InvalidArgument for a statement that makes no sense
 */
export function standpointOf(headers: Request['headers'], remoteAddress: string, tlsVersion?: string): Standpoint {
  if (!isLoopback(remoteAddress)) return { remoteAddress, secure: tlsVersion !== undefined, tlsVersion };
  const stated =
    headers[SOURCE_IP] ?? headers[VPC_ENDPOINT] ?? headers[VPC] ?? headers[TLS_VERSION] ?? headers[SECURE_TRANSPORT];
  if (stated !== undefined) return statedIn(headers, remoteAddress, tlsVersion);
  return remoteAddress === LOCAL.remoteAddress && tlsVersion === undefined
    ? LOCAL
    : { ...LOCAL, remoteAddress, tlsVersion: tlsVersion ?? LOCAL.tlsVersion };
}

function statedIn(headers: Request['headers'], remoteAddress: string, tlsVersion = LOCAL.tlsVersion): Standpoint {
  const given = (name: string, fits: (value: string) => boolean, is: string): string | undefined => {
    const value = headers[name];
    if (value === undefined || fits(value)) return value;
    throw new AwsError('InvalidArgument', `${name} must be ${is}, not ${value}.`);
  };
  const address = given(SOURCE_IP, (value) => isIP(value) !== 0, 'an IP address');
  const vpcEndpoint = given(VPC_ENDPOINT, (value) => /^vpce-[\w-]+$/.test(value), 'the id of a VPC endpoint (vpce-…)');
  const vpc = given(VPC, (value) => /^vpc-[\w-]+$/.test(value), 'the id of a VPC (vpc-…)');
  const version = given(TLS_VERSION, (value) => /^1\.[0-3]$/.test(value), 'one of 1.0, 1.1, 1.2 and 1.3');
  const secure = given(SECURE_TRANSPORT, (value) => value === 'true' || value === 'false', 'true or false') !== 'false';
  if (!secure && version !== undefined)
    throw new AwsError('InvalidArgument', `${TLS_VERSION} makes no sense with ${SECURE_TRANSPORT}: false.`);
  return {
    remoteAddress: address ?? remoteAddress,
    secure,
    tlsVersion: secure ? (version ?? tlsVersion) : undefined,
    vpcEndpoint,
    vpc,
  };
}

/** The same as headers. */
export function headersOf({ sourceIp, vpcEndpoint, vpc, tlsVersion, plainHttp }: StatedStandpoint) {
  const headers: Record<string, string> = {};
  if (sourceIp !== undefined) headers[SOURCE_IP] = sourceIp;
  if (vpcEndpoint !== undefined) headers[VPC_ENDPOINT] = vpcEndpoint;
  if (vpc !== undefined) headers[VPC] = vpc;
  if (tlsVersion !== undefined) headers[TLS_VERSION] = tlsVersion;
  if (plainHttp) headers[SECURE_TRANSPORT] = 'false';
  return headers;
}
