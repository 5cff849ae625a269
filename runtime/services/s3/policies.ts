/**
 * Who may do what by resource: the bucket's policy, ACLs where ownership leaves them a say, and what Block Public
 * Access takes away again. Sources: S3 user guide, "How Amazon S3 authorizes a request", "Blocking public access".
 */
import { WEBSITE_ENDPOINT } from '../../engine/website';
import type { AttachedPolicy, PolicySource, ResourceVerdict } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import type { Principal } from '../../kernel/principal';
import { blocks, parseAccessPointArn } from './accesspoints';
import { aclAllows, ownGrants } from './acls';
import { parseS3Arn } from './names';
import { canonicalId, ownerId } from './owners';
import { findAccessPoint, scanAccessPoints } from './state/accesspoints';
import { findBucket, findConfiguration, scanBuckets } from './state/buckets';
import { findVersion, latestVersion } from './state/objects';
import type { Bucket, StoredObject } from './state/tables';

/** A bucket policy as it is kept. */
export interface KeptPolicy {
  readonly document: string;
  readonly isPublic: boolean;
}

/** Actions on keys that are the bucket's business, whoever owns the object. */
const OF_THE_BUCKET =
  /^s3:(DeleteObject|RestoreObject|AbortMultipartUpload|ListMultipartUploadParts|BypassGovernanceRetention)/;

/** What a website endpoint looks up. It is S3's own: no policy hides from it how a bucket is set up. */
const OF_A_WEBSITE = ['s3:GetBucketLocation', 's3:GetBucketRequestPayment', 's3:GetBucketWebsite'];

type Store = Parameters<PolicySource['verdict']>[0]['store'];

export const policies: PolicySource = {
  async verdict(kernel, check, principal) {
    const { store } = kernel;
    const point = parseAccessPointArn(check.resource);
    if (point) return ofAccessPoint(kernel, point, principal);
    const target = parseS3Arn(check.resource);
    const bucket = target && (await findBucket(store, target.bucket));
    if (!bucket) return undefined;
    if (principal.service === WEBSITE_ENDPOINT && OF_A_WEBSITE.includes(check.action))
      return { policies: [], grant: { allowed: true, reason: `website endpoint of ${bucket.name}` } };
    const kept = await findConfiguration(store, bucket.id, 'policy');
    const policy = kept?.value as KeptPolicy | undefined;
    const aclsCount = bucket.ownership !== 'BucketOwnerEnforced';
    const creates = aclsCount && check.keys?.['s3:ObjectCreationOperation'] !== undefined;
    const held = aclsCount && target.key !== undefined && !creates && !OF_THE_BUCKET.test(check.action);
    const object = held ? await objectAt(store, bucket, target.key!, check.keys) : undefined;
    const action = aclAction(check.action, creates, held && !object);
    const allowed = aclsCount ? aclGrant(kernel, bucket, object, action, principal) : undefined;
    const blocked =
      policy?.isPublic && blocks(bucket, 'RestrictPublicBuckets') && !isAtHome(principal, bucket)
        ? `RestrictPublicBuckets of bucket ${bucket.name} keeps strangers out while its policy is public`
        : undefined;
    return {
      policies:
        policy && !check.beyondPolicy
          ? [
              {
                kind: 'resource',
                name: `bucket policy of ${bucket.name}`,
                document: policy.document,
                origin: kept?.origin,
              },
            ]
          : [],
      owner: object?.owner || bucket.account,
      sameAccount: 'sufficient',
      // Only policies ask for it.
      callerCanonicalId: policy && principal.account !== undefined ? canonicalId(kernel, principal.account) : undefined,
      ...(allowed ? { grant: { allowed: true, reason: allowed } } : {}),
      ...(blocked ? { block: { reason: blocked } } : {}),
    };
  },
};

/** Policies of all buckets and access points. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const bucket of scanBuckets(store)) {
    const kept = await findConfiguration(store, bucket.id, 'policy');
    if (!kept) continue;
    const { document } = kept.value as KeptPolicy;
    yield { kind: 'resource', name: `bucket policy of ${bucket.name}`, document, origin: kept.origin };
  }
  for await (const { name, policy } of scanAccessPoints(store)) {
    if (!policy) continue;
    const { document, origin } = policy;
    yield { kind: 'resource', name: `policy of access point ${name}`, document, origin };
  }
}

/** What an access point says, before its bucket is asked. */
async function ofAccessPoint(
  kernel: Kernel,
  { account, region, name }: { account: string; region: string; name: string },
  principal: Principal,
): Promise<ResourceVerdict | undefined> {
  const point = await findAccessPoint(kernel.store, account, region, name);
  if (!point) return undefined;
  const bucket = await findBucket(kernel.store, point.bucket);
  const { policy } = point;
  const restricted = bucket ? blocks(bucket, 'RestrictPublicBuckets', point) : point.publicAccess.RestrictPublicBuckets;
  const kept = { kind: 'resource' as const, name: `policy of access point ${name}` };
  return {
    policies: policy ? [{ ...kept, document: policy.document, origin: policy.origin }] : [],
    owner: account,
    sameAccount: 'sufficient',
    ...(policy?.isPublic && restricted && !isAtHome(principal, point)
      ? {
          block: {
            reason: `RestrictPublicBuckets keeps strangers out of access point ${name} while its policy is public`,
          },
        }
      : {}),
  };
}

/** AWS services and the owner's own account are not affected by RestrictPublicBuckets. */
function isAtHome(principal: Principal, bucket: Pick<Bucket, 'account'>): boolean {
  return principal.kind === 'service' || principal.account === bucket.account;
}

async function objectAt(
  store: Store,
  bucket: Bucket,
  key: string,
  keys: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): Promise<StoredObject | undefined> {
  const versionId = keys['s3:VersionId'];
  const version =
    typeof versionId === 'string'
      ? await findVersion(store, bucket, key, versionId)
      : await latestVersion(store, bucket, key);
  return version && !version.marker ? version : undefined;
}

/**
 * The action that ACLs know for one that they do not: whoever may write an object may say its ACL while writing it,
 * and whoever may list a bucket may learn that a key is not there.
 */
function aclAction(action: string, creates: boolean, missing: boolean): string {
  if (creates && action === 's3:PutObjectAcl') return 's3:PutObject';
  return missing && action.startsWith('s3:GetObject') ? 's3:ListBucket' : action;
}

/** What an ACL allows beyond what the owner's own policies decide. */
function aclGrant(
  kernel: Kernel,
  bucket: Bucket,
  object: StoredObject | undefined,
  action: string,
  principal: Principal,
): string | undefined {
  const ignorePublic = blocks(bucket, 'IgnorePublicAcls');
  if (principal.account !== bucket.account) {
    const grants = bucket.acl ?? ownGrants(ownerId(kernel, bucket.account));
    const byBucket = aclAllows(kernel, 'bucket', grants, action, principal, ignorePublic);
    if (byBucket) return byBucket;
  }
  if (!object || object.owner === principal.account) return undefined;
  return aclAllows(
    kernel,
    'object',
    object.acl ?? ownGrants(ownerId(kernel, object.owner)),
    action,
    principal,
    ignorePublic,
  );
}
