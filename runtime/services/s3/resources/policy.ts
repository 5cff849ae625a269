/** AWS::S3::BucketPolicy. Source: CloudFormation template reference, "AWS::S3::BucketPolicy". */
import { AwsError } from '../../../base/errors';
import { json, text } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { ignore } from './settings';

export const bucketPolicyResource: ResourceType = {
  type: 'AWS::S3::BucketPolicy',
  createOnly: ['Bucket'],
  properties: ['Bucket', 'PolicyDocument'],

  async create(context, properties) {
    const Bucket = text(properties, 'Bucket') ?? '';
    const there = await context.peers.s3.GetBucketPolicy({ Bucket }).catch(ignore('NoSuchBucketPolicy'));
    if (there)
      throw new AwsError('AlreadyExists', `The bucket policy already exists on bucket ${Bucket}.`, { status: 409 });
    return put(context, Bucket, properties);
  },

  update: put,

  async delete(context, Bucket) {
    await context.peers.s3.DeleteBucketPolicy({ Bucket }).catch(ignore('NoSuchBucket'));
  },
};

async function put(context: ResourceContext, Bucket: string, properties: Properties): Promise<ResourceResult> {
  await context.peers.s3.PutBucketPolicy({ Bucket, Policy: json(properties, 'PolicyDocument') });
  return { physicalId: Bucket };
}
