/**
 * Access points in the way of requests: which bucket is behind a name, an alias or an ARN, what may be asked through
 * one, and who is asked. A request is let in only if the access point and the bucket behind it both let it in. Sources:
 * S3 user guide, "Referencing access points", "Access point compatibility with S3 operations", "Configuring IAM policies
 * for using access points", "Creating access points restricted to a virtual private cloud".
 */
import { formatArn, partitionOf } from '../../base/arn';
import type { Request } from '../../base/http';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import { vpcOf } from '../../kernel/conditions';
import { accessDenied, invalidArgument, methodNotAllowed, noSuchAccessPoint } from './errors';
import { accessPointByAlias, findAccessPoint } from './state/accesspoints';
import type { AccessPoint, Bucket, PublicAccessBlock } from './state/tables';

/** "Access point compatibility with S3 operations". */
const COMPATIBLE = new Set(
  `AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject DeleteObjects
   DeleteObjectTagging GetBucketAcl GetBucketCors GetBucketLocation GetBucketNotificationConfiguration GetBucketPolicy
   GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging HeadBucket HeadObject
   ListMultipartUploads ListObjects ListObjectsV2 ListObjectVersions ListParts PutObject PutObjectAcl PutObjectLegalHold
   PutObjectRetention PutObjectTagging RestoreObject SelectObjectContent UploadPart UploadPartCopy`.split(/\s+/),
);

export const ALIAS_SUFFIX = '-s3alias';
const ARN = /^arn:([\w-]+):s3:([a-z0-9-]*):(\d{12}):accesspoint[/:]([a-z0-9-]+)$/;
/** What clients make of an ARN in front of an endpoint that is given. */
const HOST_LABEL = /^([a-z0-9-]+)-(\d{12})$/;

export function accessPointArn({ account, region, name }: Pick<AccessPoint, 'account' | 'region' | 'name'>): string {
  const partition = partitionOf(region);
  return formatArn({ partition, service: 's3', region, account, resource: `accesspoint/${name}` });
}

/** Access point and key of an ARN in a policy or a check. */
export function parseAccessPointArn(arn: string) {
  const match = /^arn:[\w-]+:s3:([a-z0-9-]+):(\d{12}):accesspoint\/([a-z0-9-]+)(?:\/object\/(.*))?$/s.exec(arn);
  return match && { region: match[1], account: match[2], name: match[3], key: match[4] as string | undefined };
}

/**
 * The access point that a request names in place of a bucket; undefined when it names none.
 * @throws AwsError InvalidArgument, NoSuchAccessPoint, MethodNotAllowed, AccessDenied (from outside of its VPC)
 */
export async function accessPointNamed(call: Call, name: string): Promise<AccessPoint | undefined> {
  const { store } = call.kernel;
  let point: AccessPoint | undefined;
  if (name.startsWith('arn:')) {
    const match = ARN.exec(name);
    if (!match) throw invalidArgument('Invalid ARN', 'Bucket', name);
    point = await findAccessPoint(store, match[3], match[2], match[4]);
  } else if (name.endsWith(ALIAS_SUFFIX)) point = await accessPointByAlias(store, name);
  else {
    const match = HOST_LABEL.exec(name);
    point = match ? await findAccessPoint(store, match[2], call.region, match[1]) : undefined;
    if (!point) return undefined;
  }
  if (!point) throw noSuchAccessPoint(name);
  if (call.service === 's3' && !COMPATIBLE.has(call.operation))
    throw methodNotAllowed(call.request.method, 'ACCESS_POINT');
  if (point.vpc !== undefined && vpcOf(call.request, call.kernel) !== point.vpc)
    throw accessDenied(
      `Access point ${point.name} takes requests from ${point.vpc} only: a request from there states it by x-coffer-vpc-endpoint and x-coffer-vpc.`,
    );
  return point;
}

const passed = new WeakMap<Request, AccessPoint>();

/** Remembers which access point a request went through, for who tells of it when it is over. */
export function noteAccessPoint(request: Request, point: AccessPoint): void {
  passed.set(request, point);
}

export function accessPointOf(request: Request): AccessPoint | undefined {
  return passed.get(request);
}

/** The check of a bucket, behind the same check of the access point that the request came through. */
export function throughAccessPoint(check: Check, { via }: Bucket, key?: string): Check {
  if (!via) return check;
  const arn = accessPointArn(via);
  return {
    action: check.action,
    resource: key === undefined ? arn : `${arn}/object/${key}`,
    owner: via.account,
    get keys() {
      return check.keys;
    },
    resourceTags: via.tags,
    requestTags: check.requestTags,
    behind: check,
  };
}

export function accessPointKeys(via: AccessPoint) {
  return {
    's3:DataAccessPointArn': accessPointArn(via),
    's3:DataAccessPointAccount': via.account,
    's3:AccessPointNetworkOrigin': networkOrigin(via),
    ...accessPointTagKeys(via),
  };
}

/** Source: S3 user guide, "Using tags with S3 Access Points for general purpose buckets". */
export function accessPointTagKeys({ tags = {} }: Pick<AccessPoint, 'tags'>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`s3:AccessPointTag/${key}`, value]));
}

export const networkOrigin = ({ vpc }: Pick<AccessPoint, 'vpc'>) => (vpc === undefined ? 'Internet' : 'VPC');

/**
 * Whether something public is blocked: "the most restrictive combination of the bucket, account, and access point"
 * settings. Source: S3 user guide, "Blocking public access to your Amazon S3 storage".
 */
export function blocks(bucket: Bucket, setting: keyof PublicAccessBlock, point = bucket.via): boolean {
  return bucket.publicAccess?.[setting] || bucket.accountAccess?.[setting] || (point?.publicAccess[setting] ?? false);
}
