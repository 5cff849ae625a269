/**
 * Who may do what by resource: the bucket's policy, ACLs where ownership leaves them a say, and what Block Public
 * Access takes away again. Sources: S3 user guide, "How Amazon S3 authorizes a request", "Blocking public access".
 */
import type { PolicySource } from '../../kernel/authorize';
import type { Principal } from '../../kernel/principal';
import { aclAllows, ownerId, ownGrants } from './acls';
import { canonicalId, parseS3Arn } from './names';
import { findBucket, findConfiguration } from './state/buckets';
import { findVersion, latestVersion } from './state/objects';
import type { Bucket, StoredObject } from './state/tables';

/** A bucket policy as it is kept. */
export interface KeptPolicy {
  readonly document: string;
  readonly isPublic: boolean;
}

type Store = Parameters<PolicySource['verdict']>[0]['store'];

export const policies: PolicySource = {
  async verdict({ store }, check, principal) {
    const target = parseS3Arn(check.resource);
    const bucket = target && (await findBucket(store, target.bucket));
    if (!bucket) return undefined;
    const kept = await findConfiguration(store, bucket.id, 'policy');
    const policy = kept?.value as KeptPolicy | undefined;
    const aclsCount = bucket.ownership !== 'BucketOwnerEnforced';
    const object =
      aclsCount && target.key !== undefined ? await objectAt(store, bucket, target.key, check.keys) : undefined;
    const allowed = aclsCount ? aclGrant(bucket, object, check.action, principal, target.key !== undefined) : undefined;
    const blocked =
      policy?.isPublic && bucket.publicAccess?.RestrictPublicBuckets && !isAtHome(principal, bucket)
        ? `RestrictPublicBuckets of bucket ${bucket.name} keeps strangers out while its policy is public`
        : undefined;
    return {
      policies: policy
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
      callerCanonicalId: principal.account === undefined ? undefined : canonicalId(principal.account),
      ...(allowed ? { grant: { allowed: true, reason: allowed } } : {}),
      ...(blocked ? { block: { reason: blocked } } : {}),
    };
  },
};

/** AWS services and the owner's own account are not affected by RestrictPublicBuckets. */
function isAtHome(principal: Principal, bucket: Bucket): boolean {
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

function aclGrant(
  bucket: Bucket,
  object: StoredObject | undefined,
  action: string,
  principal: Principal,
  onObject: boolean,
): string | undefined {
  const ignorePublic = bucket.publicAccess?.IgnorePublicAcls ?? false;
  const bucketGrants = bucket.acl ?? ownGrants(ownerId(bucket.account));
  const byBucket = aclAllows('bucket', bucketGrants, action, principal, ignorePublic);
  if (byBucket || !onObject || !object) return principal.account === bucket.account ? undefined : byBucket;
  if (object.owner === principal.account) return undefined;
  return aclAllows('object', object.acl ?? ownGrants(ownerId(object.owner)), action, principal, ignorePublic);
}
