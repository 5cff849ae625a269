/**
 * What a new bucket is like when nobody says otherwise: as S3 makes it today, or as it did in 2022. Since April 2023
 * Block Public Access is on and ACLs are off ("Default settings for new S3 buckets FAQ"); since April 2026 customers'
 * keys are refused ("Default SSE-C setting for new buckets FAQ"). Also makes the buckets that a configuration declares.
 */
import type { Kernel } from '../../kernel/call';
import { root } from '../../kernel/principal';
import { findBucket } from './state/buckets';
import type { Bucket, DefaultEncryption, Ownership, PublicAccessBlock } from './state/tables';

const ALL_BLOCKED: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

const isOld = ({ config }: Kernel): boolean => config.s3.defaults === '2022';

/** @param asked what the request says of ownership */
export function defaultAccess(kernel: Kernel, asked?: Ownership): Pick<Bucket, 'ownership' | 'publicAccess'> {
  if (!isOld(kernel)) return { ownership: asked ?? 'BucketOwnerEnforced', publicAccess: ALL_BLOCKED };
  return asked ? { ownership: asked } : {};
}

/** SSE-S3. */
export function defaultEncryption(kernel: Kernel): DefaultEncryption {
  return { algorithm: 'AES256', bucketKey: false, blocksCustomerKeys: !isOld(kernel) };
}

export async function makeDeclared(kernel: Kernel): Promise<void> {
  for (const { id: account, buckets } of kernel.config.accounts) {
    for (const { name: Bucket, region = kernel.defaultRegion } of buckets) {
      if (await findBucket(kernel.store, Bucket)) continue;
      const { s3 } = kernel.peers(root(account), { account, region });
      const where = { LocationConstraint: region as 'eu-west-1' };
      await s3.CreateBucket({ Bucket, ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: where }) });
    }
  }
}
