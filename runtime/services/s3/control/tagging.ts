/**
 * Tags of S3's resources by ARN, one by one: for buckets with ABAC the only way. Source: S3 API reference, "TagResource",
 * "UntagResource", "ListTagsForResource"; S3 user guide, "Using tags with S3 general purpose buckets".
 */
import { parseArn } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Input, Output } from '../../../kernel/peers';
import { bucketCheck } from '../actions/keys';
import { changeRow } from '../configurations';
import { accessDenied, invalidArgument, notImplemented } from '../errors';
import { parseS3Arn } from '../names';
import type { Bucket } from '../state/tables';
import { bucketTags, toTagSet } from '../tags';
import { bucketOf } from '../target';
import type { S3Control } from './service';

type In<Name extends string> = Input<S3Control, Name>;
type Out<Name extends string> = Output<S3Control, Name>;

interface OnResource {
  readonly AccountId?: string;
  readonly ResourceArn?: string;
}

/** @throws AwsError InvalidArgument, NotImplemented (access points and others), NoSuchBucket, AccessDenied (another account's) */
async function bucketNamedBy(call: Call, { AccountId: account, ResourceArn: arn = '' }: OnResource): Promise<Bucket> {
  const bucket = parseS3Arn(arn);
  if (!bucket) {
    if (parseArn(arn)?.service === 's3') throw notImplemented(`tags of ${arn}`);
    throw invalidArgument('The resource ARN is not valid.', 'resourceArn', arn);
  }
  if (bucket.key !== undefined) throw invalidArgument('Objects are not tagged by ARN.', 'resourceArn', arn);
  const found = await bucketOf(call, { Bucket: bucket.bucket });
  if (account !== found.account) throw accessDenied();
  return found;
}

export async function TagResource(call: Call, input: In<'TagResource'>): Promise<Out<'TagResource'>> {
  const bucket = await bucketNamedBy(call, input);
  const requestTags = bucketTags(input.Tags);
  await call.authorize({ ...bucketCheck(call, bucket, 's3:TagResource'), requestTags });
  await changeRow(call, { Bucket: bucket.name }, (now) => ({
    ...now,
    tags: bucketTags(toTagSet({ ...now.tags, ...requestTags })),
  }));
  return {};
}

export async function UntagResource(call: Call, input: In<'UntagResource'>): Promise<Out<'UntagResource'>> {
  const bucket = await bucketNamedBy(call, input);
  const gone = input.TagKeys ?? [];
  await call.authorize(bucketCheck(call, bucket, 's3:UntagResource', { 'aws:TagKeys': gone }));
  await changeRow(call, { Bucket: bucket.name }, ({ tags, ...now }) => {
    const left = Object.entries(tags ?? {}).filter(([key]) => !gone.includes(key));
    return left.length > 0 ? { ...now, tags: Object.fromEntries(left) } : now;
  });
  return {};
}

export async function ListTagsForResource(
  call: Call,
  input: In<'ListTagsForResource'>,
): Promise<Out<'ListTagsForResource'>> {
  const bucket = await bucketNamedBy(call, input);
  await call.authorize(bucketCheck(call, bucket, 's3:ListTagsForResource'));
  return { Tags: toTagSet(bucket.tags) };
}
