/** Empties a bucket before its deletion, as CDK's `autoDeleteObjects` does: nothing may be added meanwhile. */
import { isAwsError } from '../../../base/errors';
import type { Peers } from '../../../kernel/peers';
import { validationError } from '../errors';

const TAG = 'aws-cdk:auto-delete-objects';

/** Only buckets that still carry CDK's tag are emptied: the tag goes when the property is taken away. */
export async function isMarkedForEmptying({ s3 }: Peers, Bucket: string): Promise<boolean> {
  try {
    const { TagSet = [] } = await s3.GetBucketTagging({ Bucket });
    return TagSet.some(({ Key, Value }) => Key === TAG && Value === 'true');
  } catch (error) {
    if (isAwsError(error, 'NoSuchBucket', 'NoSuchTagSet')) return false;
    throw error;
  }
}

/** @throws AwsError when objects cannot be deleted */
export async function emptyBucket(peers: Peers, Bucket: string): Promise<void> {
  await refuseNewObjects(peers, Bucket);
  const { s3 } = peers;
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.ListObjectVersions({ Bucket });
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    const { Errors = [] } = await s3.DeleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
    const [first] = Errors;
    if (first)
      throw validationError(
        `Received response status [FAILED] from custom resource. Message returned: ${first.Key}: ${first.Code}: ${first.Message}`,
      );
  }
}

async function refuseNewObjects({ s3 }: Peers, Bucket: string): Promise<void> {
  try {
    const policy = await s3.GetBucketPolicy({ Bucket }).catch((error: unknown) => {
      if (isAwsError(error, 'NoSuchBucketPolicy')) return { Policy: undefined };
      throw error;
    });
    const document = JSON.parse(policy.Policy ?? '{"Version":"2012-10-17","Statement":[]}') as { Statement: object[] };
    const Resource = [`arn:aws:s3:::${Bucket}/*`];
    document.Statement.push({ Effect: 'Deny', Principal: '*', Action: ['s3:PutObject'], Resource });
    await s3.PutBucketPolicy({ Bucket, Policy: JSON.stringify(document) });
  } catch (error) {
    // The handler goes on without it too: the policy may already be gone, or not be its role's to change.
    if (!isAwsError(error)) throw error;
  }
}
