/** What operations on buckets and their configurations ask. */
import type { Actions } from '../../../kernel/service';
import type { S3 } from '../model';
import { accountCheck, onBucket } from './keys';

export const bucketActions: Actions<S3> = {
  // Its document says where and how, so the handler asks once it has read it.
  CreateBucket: () => [],
  ListBuckets: (_, call) => [accountCheck(call, 's3:ListAllMyBuckets')],
  DeleteBucket: onBucket('s3:DeleteBucket'),
  HeadBucket: onBucket('s3:ListBucket'),
  GetBucketLocation: onBucket('s3:GetBucketLocation'),
};
