/**
 * Condition keys that S3 fills, and the rows of the action table in their common shapes. Source: Service
 * Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; S3 user guide, "Bucket policy
 * examples using condition keys".
 */
import type { Check } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import { accessPointKeys, throughAccessPoint } from '../accesspoints';
import { bucketArn, objectArn } from '../names';
import type { Bucket } from '../state/tables';
import { bucketOf, versionIn } from '../target';

export type Keys = NonNullable<Check['keys']>;

interface OnBucket {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
}

export interface OnObject extends OnBucket {
  readonly Key?: string;
  readonly VersionId?: string;
}

/** Keys that every request to S3 carries. */
function requestKeys(call: Call, bucket: Bucket | undefined): Keys {
  const { headers, tlsVersion } = call.request;
  const { type, version } = signingOf(call.request);
  return {
    's3:authType': type,
    's3:signatureversion': version,
    's3:signatureAge': type === 'REST-QUERY-STRING' ? signatureAge(call) : undefined,
    's3:x-amz-content-sha256': headers['x-amz-content-sha256'],
    's3:TlsVersion': tlsVersion,
    's3:ResourceAccount': bucket?.account,
    ...(bucket?.via ? accessPointKeys(bucket.via) : undefined),
  };
}

/**
 * Where the signature is and which version it has; "AWS" is Signature Version 2. Source: Amazon S3 API reference, "Amazon
 * S3 Signature Version 4 Authentication Specific Policy Keys".
 */
function signingOf({ headers, query, form }: Call['request']): { readonly type?: string; readonly version?: string } {
  const versionOf = (isVersion4: boolean) => (isVersion4 ? 'AWS4-HMAC-SHA256' : 'AWS');
  if (form) return form.claim ? { type: 'POST', version: versionOf(form.claim.version === 4) } : {};
  if (headers.authorization !== undefined)
    return { type: 'REST-HEADER', version: versionOf(headers.authorization.startsWith('AWS4-')) };
  const signature = query.find(([name]) => name === 'X-Amz-Signature' || name === 'Signature')?.[0];
  return signature ? { type: 'REST-QUERY-STRING', version: versionOf(signature !== 'Signature') } : {};
}

/** Milliseconds since a URL was signed. */
function signatureAge(call: Call): string | undefined {
  const date = call.request.query.find(([name]) => name === 'X-Amz-Date')?.[1];
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date ?? '');
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return String(Math.max(0, call.now - Date.UTC(year, month - 1, day, hour, minute, second)));
}

/** An action on a bucket. */
export function bucketCheck(call: Call, bucket: Bucket, action: string, keys: Keys = {}): Check {
  const check = {
    action,
    resource: bucketArn(bucket.name, call.partition),
    owner: bucket.account,
    keys: { ...requestKeys(call, bucket), ...bucketTagKeys(bucket), ...keys },
    ...(bucket.abac && bucket.tags ? { resourceTags: bucket.tags } : {}),
  };
  return throughAccessPoint(check, bucket);
}

/**
 * Tags of a bucket count in policies, for its objects too, once they are asked to: as these keys and as
 * `aws:ResourceTag`. Source: S3 user guide, "Using tags with S3 general purpose buckets".
 */
function bucketTagKeys({ abac, tags }: Bucket): Keys {
  return abac ? tagKeys('s3:BucketTag/', tags) : {};
}

/** An action on an object. */
export function objectCheck(
  call: Call,
  bucket: Bucket,
  key: string,
  action: string,
  keys: Keys | (() => Keys) = {},
): Check {
  return throughAccessPoint(new ObjectCheck(call, bucket, key, action, keys), bucket, key);
}

/** Most checks are decided without a look at their keys: these are gathered when they are first asked for. */
class ObjectCheck implements Check {
  readonly resource: string;
  readonly resourceTags?: Check['resourceTags'];
  private gathered?: Keys;

  constructor(
    private readonly call: Call,
    private readonly bucket: Bucket,
    key: string,
    readonly action: string,
    private readonly more: Keys | (() => Keys),
  ) {
    this.resource = objectArn(bucket.name, key, call.partition);
    if (bucket.abac) this.resourceTags = bucket.tags;
  }

  get keys(): Keys {
    const { more } = this;
    this.gathered ??= {
      ...requestKeys(this.call, this.bucket),
      ...bucketTagKeys(this.bucket),
      ...(typeof more === 'function' ? more() : more),
    };
    return this.gathered;
  }
}

/** An action on no resource in particular. */
export function accountCheck(call: Call, action: string): Check {
  return { action, resource: '*', owner: call.account, keys: requestKeys(call, undefined) };
}

/** The row of an operation that asks one action of its bucket. */
export function onBucket(action: string) {
  return async (input: OnBucket, call: Call): Promise<readonly Check[]> => [
    bucketCheck(call, await bucketOf(call, input), action),
  ];
}

/**
 * The row of an operation on a bucket's policy, which never keeps out the root of its account: so "that bucket owners
 * don't inadvertently lock themselves out of their own buckets" (PutBucketPolicy).
 */
export function onPolicy(action: string) {
  return async (input: OnBucket, call: Call): Promise<readonly Check[]> => {
    const bucket = await bucketOf(call, input);
    const { kind, account } = call.principal;
    return [{ ...bucketCheck(call, bucket, action), beyondPolicy: kind === 'root' && account === bucket.account }];
  };
}

/** The row of an operation that asks one action of its object, and another one when it names a version. */
export function onObject(action: string, versionAction: string) {
  return async (input: OnObject, call: Call): Promise<readonly Check[]> => [
    await existingObjectCheck(call, await bucketOf(call, input), input, action, versionAction),
  ];
}

/** An action on an object that is there, which its tags may decide. */
export async function existingObjectCheck(
  call: Call,
  bucket: Bucket,
  { Key = '', VersionId }: OnObject,
  action: string,
  versionAction: string,
  keys: Keys = {},
): Promise<Check> {
  const asked = VersionId === undefined ? action : versionAction;
  const version = await versionIn(call, bucket, Key, VersionId);
  const tags = version?.marker ? undefined : version?.tags;
  return objectCheck(call, bucket, Key, asked, () => ({
    ...keys,
    's3:VersionId': VersionId,
    ...tagKeys('s3:ExistingObjectTag/', tags),
  }));
}

export function requestTags(tags: Readonly<Record<string, string>> | undefined): Keys {
  if (!tags) return {};
  return { ...tagKeys('s3:RequestObjectTag/', tags), 's3:RequestObjectTagKeys': Object.keys(tags) };
}

function tagKeys(prefix: string, tags: Readonly<Record<string, string>> | undefined): Keys {
  return Object.fromEntries(Object.entries(tags ?? {}).map(([name, value]) => [prefix + name, value]));
}

/** The ACL headers of a request as condition keys. */
export function aclKeys(input: {
  readonly ACL?: string;
  readonly GrantFullControl?: string;
  readonly GrantRead?: string;
  readonly GrantReadACP?: string;
  readonly GrantWrite?: string;
  readonly GrantWriteACP?: string;
}): Keys {
  return {
    's3:x-amz-acl': input.ACL,
    's3:x-amz-grant-full-control': input.GrantFullControl,
    's3:x-amz-grant-read': input.GrantRead,
    's3:x-amz-grant-read-acp': input.GrantReadACP,
    's3:x-amz-grant-write': input.GrantWrite,
    's3:x-amz-grant-write-acp': input.GrantWriteACP,
  };
}

const ACL_MEMBERS = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP'] as const;

export function asksAcl(input: Parameters<typeof aclKeys>[0]): boolean {
  for (const member of ACL_MEMBERS) if (input[member] !== undefined) return true;
  return false;
}
