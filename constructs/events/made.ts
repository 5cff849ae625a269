/** Buckets that patterns make beside the ones they are given: a SecureBucket under the key of its neighbour. */
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { SecureBucket } from '../bucket/bucket';
import { Encryption } from '../bucket/encryption';
import type { Removal } from '../bucket/removal';

export interface MadeBucket {
  readonly key?: kms.IKey;
  readonly cors?: s3.CorsRule[];
  readonly lifecycleRules?: s3.LifecycleRule[];
  readonly removal?: Removal;
}

export function makeBucket(scope: Construct, id: string, made: MadeBucket): SecureBucket {
  return new SecureBucket(scope, id, {
    encryption: Encryption.customerKey(made.key),
    cors: made.cors,
    lifecycleRules: made.lifecycleRules,
    removal: made.removal,
  });
}
