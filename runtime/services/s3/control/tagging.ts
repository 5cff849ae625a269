/**
 * Tags of S3's resources by ARN, one by one: for buckets with ABAC the only way. Source: S3 API reference, "TagResource",
 * "UntagResource", "ListTagsForResource"; S3 user guide, "Using tags with S3 general purpose buckets", "Using tags with S3
 * Access Points for general purpose buckets".
 */
import { parseArn } from '../../../base/arn';
import type { Check } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import type { Input, Output } from '../../../kernel/peers';
import { parseAccessPointArn } from '../accesspoints';
import { bucketCheck, type Keys } from '../actions/keys';
import { changeRow } from '../configurations';
import { accessDenied, invalidArgument, noSuchAccessPoint, notImplemented } from '../errors';
import { parseS3Arn } from '../names';
import { findAccessPoint } from '../state/accesspoints';
import { bucketTags, type Tags, toTagSet } from '../tags';
import { bucketOf } from '../target';
import { accessPointCheck, changePoint } from './accesspoints';
import type { S3Control } from './service';

type In<Name extends string> = Input<S3Control, Name>;
type Out<Name extends string> = Output<S3Control, Name>;

interface OnResource {
  readonly AccountId?: string;
  readonly ResourceArn?: string;
}

/** What has tags: who is asked, what there are, and how others are put in their place. */
interface Tagged {
  readonly tags: Tags;
  check(action: string, requestTags?: Tags, keys?: Keys): Check;
  change(to: (now: Tags) => Tags): Promise<void>;
}

/** @throws AwsError InvalidArgument, NotImplemented, NoSuchBucket, NoSuchAccessPoint, AccessDenied (another account's) */
async function taggedBy(call: Call, { AccountId: account, ResourceArn: arn = '' }: OnResource): Promise<Tagged> {
  const point = parseAccessPointArn(arn);
  if (point) return taggedPoint(call, account, point);
  const named = parseS3Arn(arn);
  if (!named) {
    if (parseArn(arn)?.service === 's3') throw notImplemented(`tags of ${arn}`);
    throw invalidArgument('The resource ARN is not valid.', 'resourceArn', arn);
  }
  if (named.key !== undefined) throw invalidArgument('Objects are not tagged by ARN.', 'resourceArn', arn);
  const bucket = await bucketOf(call, { Bucket: named.bucket });
  if (account !== bucket.account) throw accessDenied();
  return {
    tags: bucket.tags ?? {},
    check: (action, requestTags, keys) => ({ ...bucketCheck(call, bucket, action, keys), requestTags }),
    change: (to) => changeRow(call, { Bucket: bucket.name }, ({ tags, ...now }) => withTags(now, to(tags ?? {}))),
  };
}

async function taggedPoint(
  call: Call,
  account: string | undefined,
  { name, region, account: owner, key }: NonNullable<ReturnType<typeof parseAccessPointArn>>,
): Promise<Tagged> {
  if (key !== undefined) throw invalidArgument('Objects are not tagged by ARN.', 'resourceArn', key);
  if (account !== owner || owner !== call.account) throw accessDenied();
  const found = await findAccessPoint(call.kernel.store, owner, region, name);
  if (!found) throw noSuchAccessPoint(name);
  return {
    tags: found.tags ?? {},
    check(action, requestTags, keys) {
      const check = accessPointCheck(call, found, action, requestTags);
      return { ...check, keys: { ...check.keys, ...keys } };
    },
    change: (to) => changePoint(call, found, ({ tags, ...now }) => withTags(now, to(tags ?? {}))),
  };
}

function withTags<T extends object>(row: T, tags: Tags): T & { tags?: Tags } {
  return Object.keys(tags).length > 0 ? { ...row, tags } : row;
}

export async function TagResource(call: Call, input: In<'TagResource'>): Promise<Out<'TagResource'>> {
  const tagged = await taggedBy(call, input);
  const requestTags = bucketTags(call.kernel, input.Tags);
  await call.authorize(tagged.check('s3:TagResource', requestTags));
  await tagged.change((now) => bucketTags(call.kernel, toTagSet({ ...now, ...requestTags })));
  return {};
}

export async function UntagResource(call: Call, input: In<'UntagResource'>): Promise<Out<'UntagResource'>> {
  const tagged = await taggedBy(call, input);
  const gone = input.TagKeys ?? [];
  await call.authorize(tagged.check('s3:UntagResource', undefined, { 'aws:TagKeys': gone }));
  await tagged.change((now) => Object.fromEntries(Object.entries(now).filter(([key]) => !gone.includes(key))));
  return {};
}

export async function ListTagsForResource(
  call: Call,
  input: In<'ListTagsForResource'>,
): Promise<Out<'ListTagsForResource'>> {
  const tagged = await taggedBy(call, input);
  await call.authorize(tagged.check('s3:ListTagsForResource'));
  return { Tags: toTagSet(tagged.tags) };
}
