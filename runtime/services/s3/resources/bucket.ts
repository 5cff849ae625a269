/**
 * AWS::S3::Bucket. Source: CloudFormation template reference, "AWS::S3::Bucket". Leaves out S3 Metadata tables, whose
 * properties are refused by name.
 */

import type { CORSRule, ServerSideEncryptionRule } from '@aws-sdk/client-s3';
import { urlSuffixOf } from '../../../base/arn';
import { AwsError, isAwsError } from '../../../base/errors';
import { websiteEndpoint } from '../../../engine/website';
import { flag, tags, text } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { accountRegionalSuffix, bucketArn, regionalHost } from '../names';
import { ownership } from './configurations';
import { ignore, settings } from './settings';

const LONGEST_NAME = 63;

export const bucketResource: ResourceType = {
  type: 'AWS::S3::Bucket',
  createOnly: ['BucketName', 'BucketNamePrefix', 'BucketNamespace'],
  properties: [
    'BucketName',
    'BucketNamePrefix',
    'BucketNamespace',
    'ObjectLockEnabled',
    'Tags',
    ...settings.map(({ property }) => property),
  ],

  async create(context, properties) {
    const { s3 } = context.peers;
    const Bucket = nameOf(context, properties);
    await refuseExisting(context, Bucket);
    const controls = properties.OwnershipControls;
    const rules = controls === undefined ? undefined : ownership(controls, '/OwnershipControls').Rules;
    await s3.CreateBucket({
      Bucket,
      ObjectLockEnabledForBucket: flag(properties, 'ObjectLockEnabled'),
      ObjectOwnership: rules?.[0]?.ObjectOwnership,
      BucketNamespace: text(properties, 'BucketNamespace') as 'global' | undefined,
      ...(context.region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: context.region as 'eu-west-1' } }),
    });
    context.claim?.(Bucket);
    if (Object.keys(tags(context, properties)).length > 0) await retag(context, Bucket, properties);
    for (const { property, put } of settings)
      if (properties[property] !== undefined) await put(s3, Bucket, properties[property], undefined);
    return resultOf(context, Bucket);
  },

  async update(context, Bucket, properties, previous) {
    const { s3 } = context.peers;
    await retag(context, Bucket, properties);
    if (
      flag(properties, 'ObjectLockEnabled') &&
      !flag(previous, 'ObjectLockEnabled') &&
      !properties.ObjectLockConfiguration
    )
      await s3.PutObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } });
    for (const { property, put, clear } of settings) {
      const [wanted, was] = [properties[property], previous[property]];
      if (JSON.stringify(wanted) === JSON.stringify(was)) continue;
      if (wanted === undefined) await clear(s3, Bucket, was);
      else await put(s3, Bucket, wanted, was);
    }
    return resultOf(context, Bucket);
  },

  async delete(context, Bucket) {
    await context.peers.s3.DeleteBucket({ Bucket }).catch(ignore('NoSuchBucket'));
  },

  async read({ peers: { s3 } }, Bucket) {
    try {
      const { Status } = await s3.GetBucketVersioning({ Bucket });
      const access = await unlessUnset(s3.GetPublicAccessBlock({ Bucket }), 'NoSuchPublicAccessBlockConfiguration');
      const owners = await unlessUnset(s3.GetBucketOwnershipControls({ Bucket }), 'OwnershipControlsNotFoundError');
      const cors = await unlessUnset(s3.GetBucketCors({ Bucket }), 'NoSuchCORSConfiguration');
      const { ServerSideEncryptionConfiguration } = await s3.GetBucketEncryption({ Bucket });
      const { LoggingEnabled } = await s3.GetBucketLogging({ Bucket });
      return {
        VersioningConfiguration: Status && { Status },
        PublicAccessBlockConfiguration: access?.PublicAccessBlockConfiguration,
        OwnershipControls: owners?.OwnershipControls,
        CorsConfiguration: cors && { CorsRules: cors.CORSRules?.map(corsRule) },
        BucketEncryption: ServerSideEncryptionConfiguration && {
          ServerSideEncryptionConfiguration: ServerSideEncryptionConfiguration.Rules?.map(encryptionRule),
        },
        LoggingConfiguration: LoggingEnabled && {
          DestinationBucketName: LoggingEnabled.TargetBucket,
          LogFilePrefix: LoggingEnabled.TargetPrefix,
          TargetObjectKeyFormat: LoggingEnabled.TargetObjectKeyFormat,
        },
      };
    } catch (error) {
      if (isAwsError(error, 'NoSuchBucket')) return undefined;
      throw error;
    }
  },
};

/** @param code of the error that says that there is none */
async function unlessUnset<T>(asked: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAwsError(error, code)) return undefined;
    throw error;
  }
}

const corsRule = ({ ID, AllowedHeaders, AllowedMethods, AllowedOrigins, ExposeHeaders, MaxAgeSeconds }: CORSRule) => ({
  Id: ID,
  AllowedHeaders,
  AllowedMethods,
  AllowedOrigins,
  ExposedHeaders: ExposeHeaders,
  MaxAge: MaxAgeSeconds,
});

const encryptionRule = (rule: ServerSideEncryptionRule) => ({
  BlockedEncryptionTypes: rule.BlockedEncryptionTypes,
  BucketKeyEnabled: rule.BucketKeyEnabled,
  ServerSideEncryptionByDefault: rule.ApplyServerSideEncryptionByDefault,
});

function nameOf(context: ResourceContext, properties: Properties): string {
  const given = text(properties, 'BucketName');
  if (given !== undefined) return given;
  const prefix = text(properties, 'BucketNamePrefix');
  if (prefix === undefined && text(properties, 'BucketNamespace') !== 'account-regional')
    return context.generatedName({ maxLength: LONGEST_NAME, lowerCase: true });
  const suffix = accountRegionalSuffix(context.account, context.region);
  const maxLength = LONGEST_NAME - suffix.length;
  return (prefix ?? context.generatedName({ maxLength, lowerCase: true })) + suffix;
}

/** S3 lets an owner create a bucket of us-east-1 again; a stack may not take over what it did not make. */
async function refuseExisting(context: ResourceContext, Bucket: string): Promise<void> {
  try {
    await context.peers.s3.HeadBucket({ Bucket });
  } catch (error) {
    if (isAwsError(error, 'NoSuchBucket')) return;
    if (!isAwsError(error, 'AccessDenied')) throw error;
  }
  throw new AwsError('AlreadyExists', `${Bucket} already exists`, { status: 409 });
}

async function retag(context: ResourceContext, Bucket: string, properties: Properties): Promise<void> {
  const { s3 } = context.peers;
  const wanted = Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));
  try {
    if (wanted.length > 0) await s3.PutBucketTagging({ Bucket, Tagging: { TagSet: wanted } });
    else await s3.DeleteBucketTagging({ Bucket });
  } catch (error) {
    // With ABAC on, tags go one by one.
    if (!isAwsError(error, 'MethodNotAllowed')) throw error;
    await retagByArn(context, Bucket, wanted);
  }
}

async function retagByArn(context: ResourceContext, Bucket: string, wanted: { Key: string; Value: string }[]) {
  const { s3control } = context.peers;
  const on = { AccountId: context.account, ResourceArn: bucketArn(Bucket, context.partition) };
  const { Tags = [] } = await s3control.ListTagsForResource(on);
  const gone = Tags.flatMap(({ Key }) => (Key !== undefined && !wanted.some((tag) => tag.Key === Key) ? [Key] : []));
  if (wanted.length > 0) await s3control.TagResource({ ...on, Tags: wanted });
  if (gone.length > 0) await s3control.UntagResource({ ...on, TagKeys: gone });
}

function resultOf({ region, partition }: ResourceContext, name: string): ResourceResult {
  const suffix = urlSuffixOf(partition);
  return {
    physicalId: name,
    attributes: {
      Arn: bucketArn(name, partition),
      DomainName: `${name}.s3.${suffix}`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.${suffix}`,
      RegionalDomainName: regionalHost(name, region),
      WebsiteURL: `http://${name}.${websiteEndpoint(region)}.${suffix}`,
    },
  };
}
