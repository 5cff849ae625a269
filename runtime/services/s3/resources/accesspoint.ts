/** AWS::S3::AccessPoint. Source: CloudFormation template reference, "AWS::S3::AccessPoint". */
import { isAwsError } from '../../../base/errors';
import { json, text } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { ignore } from './settings';

export const accessPointResource: ResourceType = {
  type: 'AWS::S3::AccessPoint',
  createOnly: ['Bucket', 'BucketAccountId', 'Name', 'PublicAccessBlockConfiguration', 'VpcConfiguration'],
  properties: [
    'Bucket',
    'BucketAccountId',
    'Name',
    'Policy',
    'PublicAccessBlockConfiguration',
    'Tags',
    'VpcConfiguration',
  ],

  async create(context, properties) {
    const Name = text(properties, 'Name') ?? context.generatedName({ maxLength: 50, lowerCase: true });
    const vpc = properties.VpcConfiguration as { VpcId?: string } | undefined;
    await context.peers.s3control.CreateAccessPoint({
      AccountId: context.account,
      Name,
      Bucket: text(properties, 'Bucket') ?? '',
      BucketAccountId: text(properties, 'BucketAccountId'),
      VpcConfiguration: vpc?.VpcId === undefined ? undefined : { VpcId: vpc.VpcId },
      PublicAccessBlockConfiguration: flags(properties.PublicAccessBlockConfiguration),
      Tags: tagsOf(properties),
    });
    context.claim?.(Name);
    await putPolicy(context, Name, properties);
    return result(context, Name);
  },

  async update(context, Name, properties) {
    await putPolicy(context, Name, properties);
    await putTags(context, Name, properties);
    return result(context, Name);
  },

  async delete(context, Name) {
    await context.peers.s3control
      .DeleteAccessPoint({ AccountId: context.account, Name })
      .catch(ignore('NoSuchAccessPoint'));
  },

  async read(context, Name) {
    const on = { AccountId: context.account, Name };
    const point = await context.peers.s3control.GetAccessPoint(on).catch(ignore('NoSuchAccessPoint'));
    if (!point) return undefined;
    const named = { AccountId: context.account, ResourceArn: point.AccessPointArn };
    const { Tags } = await context.peers.s3control.ListTagsForResource(named);
    const policy = await context.peers.s3control.GetAccessPointPolicy(on).catch(ignore('NoSuchAccessPointPolicy'));
    return {
      Name,
      Bucket: point.Bucket,
      Tags: Tags?.length ? Tags : undefined,
      BucketAccountId: point.BucketAccountId,
      VpcConfiguration: point.VpcConfiguration,
      PublicAccessBlockConfiguration: point.PublicAccessBlockConfiguration,
      Policy: policy?.Policy === undefined ? undefined : JSON.parse(policy.Policy),
    };
  },
};

function tagsOf({ Tags }: Properties): { Key: string; Value: string }[] | undefined {
  return Tags as { Key: string; Value: string }[] | undefined;
}

async function putTags(context: ResourceContext, Name: string, properties: Properties): Promise<void> {
  const { s3control } = context.peers;
  const wanted = tagsOf(properties) ?? [];
  const { AccessPointArn: ResourceArn } = await s3control.GetAccessPoint({ AccountId: context.account, Name });
  const on = { AccountId: context.account, ResourceArn };
  const { Tags: now = [] } = await s3control.ListTagsForResource(on);
  const TagKeys = now.flatMap(({ Key = '' }) => (wanted.some((one) => one.Key === Key) ? [] : [Key]));
  if (TagKeys.length > 0) await s3control.UntagResource({ ...on, TagKeys });
  if (wanted.length > 0) await s3control.TagResource({ ...on, Tags: wanted });
}

/** Properties come as texts from some templates. */
function flags(given: unknown) {
  if (typeof given !== 'object' || given === null) return undefined;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value) === 'true']));
}

async function putPolicy(context: ResourceContext, Name: string, properties: Properties): Promise<void> {
  const on = { AccountId: context.account, Name };
  if (properties.Policy !== undefined) {
    await context.peers.s3control.PutAccessPointPolicy({ ...on, Policy: json(properties, 'Policy') });
    return;
  }
  await context.peers.s3control.DeleteAccessPointPolicy(on).catch((error) => {
    if (!isAwsError(error, 'NoSuchAccessPointPolicy')) throw error;
  });
}

async function result(context: ResourceContext, Name: string): Promise<ResourceResult> {
  const point = await context.peers.s3control.GetAccessPoint({ AccountId: context.account, Name });
  const { Alias, AccessPointArn: Arn, NetworkOrigin } = point;
  return { physicalId: Name, attributes: { Alias, Arn, Name, NetworkOrigin } };
}
