/** Every operation that is implemented, by the name AWS gives it. What is missing is refused by that name. */
import type { Handlers } from '../../kernel/service';
import type { S3 } from './model';
import { CreateBucket, DeleteBucket, GetBucketLocation, HeadBucket, ListBuckets } from './operations/buckets';
import { DeleteObject, DeleteObjects } from './operations/delete';
import { GetObject, HeadObject } from './operations/get';
import { ListObjects, ListObjectsV2, ListObjectVersions } from './operations/listing';
import { PutObject } from './operations/put';

export const handlers: Handlers<S3> = {
  CreateBucket,
  DeleteBucket,
  GetBucketLocation,
  HeadBucket,
  ListBuckets,

  DeleteObject,
  DeleteObjects,
  GetObject,
  HeadObject,
  ListObjects,
  ListObjectsV2,
  ListObjectVersions,
  PutObject,
};
