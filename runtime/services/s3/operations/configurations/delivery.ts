/**
 * Configurations about how a bucket is reached and where its records go: access logging, website, acceleration.
 * Source: S3 API reference, "PutBucketLogging", "PutBucketWebsite", "PutBucketAccelerateConfiguration".
 */
import type { Call } from '../../../../kernel/call';
import { putGrants } from '../../acls';
import { dropFamily, needFamily, putFamily, readFamily } from '../../configurations';
import { crossLocationLogging, invalidArgument, invalidRequest, invalidTargetBucket, malformedXml } from '../../errors';
import type { In, Out } from '../../model';
import { canonicalId } from '../../owners';
import { findBucket } from '../../state/buckets';
import { bucketOf } from '../../target';

// ---- access logs --------------------------------------------------------------------------------------------------

type Logging = NonNullable<NonNullable<In<'PutBucketLogging'>['BucketLoggingStatus']>['LoggingEnabled']>;

export async function PutBucketLogging(call: Call, input: In<'PutBucketLogging'>): Promise<Out<'PutBucketLogging'>> {
  if (!input.BucketLoggingStatus) throw malformedXml('BucketLoggingStatus is missing');
  const wanted = input.BucketLoggingStatus.LoggingEnabled;
  if (!wanted) {
    await dropFamily(call, input, 'logging');
    return {};
  }
  await checkLogging(call, input, wanted);
  await putFamily(call, input, 'logging', { ...wanted, TargetPrefix: wanted.TargetPrefix ?? '' });
  return {};
}

/** Existence, place and state of the target. Whether it lets the logging service in shows when logs are delivered. */
async function checkLogging(call: Call, input: In<'PutBucketLogging'>, wanted: Logging): Promise<void> {
  const bucket = await bucketOf(call, input);
  const name = wanted.TargetBucket;
  if (!name) throw malformedXml('LoggingEnabled needs a TargetBucket');
  const target = await findBucket(call.kernel.store, name);
  if (!target) throw invalidTargetBucket('The target bucket for logging does not exist', name);
  if (target.account !== bucket.account)
    throw invalidTargetBucket('The owner for the bucket to be logged and the target bucket must be the same.', name);
  if (target.region !== bucket.region) throw crossLocationLogging(bucket.region, target.region);
  if (target.lock?.mode)
    throw invalidTargetBucket('The target bucket for logging cannot have a default retention period.', name);
  if (target.requesterPays)
    throw invalidTargetBucket('The target bucket for logging cannot be a Requester Pays bucket.', name);
  if (wanted.TargetGrants?.length && target.ownership === 'BucketOwnerEnforced')
    throw invalidArgument('Target grants are not supported for buckets with ACLs disabled.', 'TargetGrants');
  checkGrants(call, canonicalId(call.kernel, bucket.account), wanted.TargetGrants ?? []);
  const format = wanted.TargetObjectKeyFormat;
  if (format?.SimplePrefix && format.PartitionedPrefix)
    throw malformedXml('TargetObjectKeyFormat holds either SimplePrefix or PartitionedPrefix');
  const source = format?.PartitionedPrefix?.PartitionDateSource;
  if (source !== undefined && source !== 'EventTime' && source !== 'DeliveryTime')
    throw malformedXml(`PartitionDateSource must be EventTime or DeliveryTime, not ${source}`);
}

function checkGrants({ kernel }: Call, owner: string, Grants: NonNullable<Logging['TargetGrants']>): void {
  putGrants({ AccessControlPolicy: { Owner: { ID: owner }, Grants } }, { kernel, owner });
}

export async function GetBucketLogging(call: Call, input: In<'GetBucketLogging'>): Promise<Out<'GetBucketLogging'>> {
  const LoggingEnabled = await readFamily<Logging>(call, input, 'logging');
  return LoggingEnabled ? { LoggingEnabled } : {};
}

// ---- website ------------------------------------------------------------------------------------------------------

type Website = NonNullable<In<'PutBucketWebsite'>['WebsiteConfiguration']>;

const MOST_ROUTING_RULES = 50;

export async function PutBucketWebsite(call: Call, input: In<'PutBucketWebsite'>): Promise<Out<'PutBucketWebsite'>> {
  if (!input.WebsiteConfiguration) throw malformedXml('WebsiteConfiguration is missing');
  checkWebsite(input.WebsiteConfiguration);
  await putFamily(call, input, 'website', input.WebsiteConfiguration);
  return {};
}

function checkWebsite({ RedirectAllRequestsTo: redirect, IndexDocument, ErrorDocument, RoutingRules }: Website): void {
  if (redirect) {
    if (IndexDocument || ErrorDocument || RoutingRules)
      throw invalidArgument(
        'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.',
        'RedirectAllRequestsTo',
        'not null',
      );
    if (!redirect.HostName) throw malformedXml('RedirectAllRequestsTo needs a HostName');
    checkProtocol(redirect.Protocol);
    return;
  }
  if (!IndexDocument)
    throw invalidArgument(
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
      'IndexDocument',
      'null',
    );
  const suffix = IndexDocument.Suffix;
  if (!suffix || suffix.includes('/'))
    throw invalidArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', suffix ?? '');
  if (ErrorDocument && !ErrorDocument.Key) throw malformedXml('ErrorDocument needs a Key');
  if (!RoutingRules) return;
  if (RoutingRules.length === 0) throw malformedXml('RoutingRules holds no RoutingRule');
  if (RoutingRules.length > MOST_ROUTING_RULES)
    throw invalidRequest(
      `${RoutingRules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${MOST_ROUTING_RULES}.`,
    );
  for (const { Redirect, Condition } of RoutingRules) {
    if (!Redirect || Object.keys(Redirect).length === 0)
      throw malformedXml('a RoutingRule needs a Redirect that says where');
    if (Redirect.ReplaceKeyPrefixWith !== undefined && Redirect.ReplaceKeyWith !== undefined)
      throw invalidRequest('You can only define ReplaceKeyPrefix or ReplaceKey but not both.');
    if (Condition && Condition.KeyPrefixEquals === undefined && Condition.HttpErrorCodeReturnedEquals === undefined)
      throw invalidRequest(
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
      );
    checkProtocol(Redirect.Protocol);
    const code = Redirect.HttpRedirectCode;
    if (code !== undefined && !/^3(0[1-9]|[1-9]\d)$/.test(code))
      throw invalidRequest(`The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`);
    const error = Condition?.HttpErrorCodeReturnedEquals;
    if (error !== undefined && !/^[45]\d\d$/.test(error))
      throw invalidRequest(`The provided HTTP error code (${error}) is not valid. Valid codes are 4XX or 5XX.`);
  }
}

function checkProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return;
  throw invalidRequest(
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  );
}

export function GetBucketWebsite(call: Call, input: In<'GetBucketWebsite'>): Promise<Out<'GetBucketWebsite'>> {
  return needFamily(
    call,
    input,
    'website',
    'NoSuchWebsiteConfiguration',
    'The specified bucket does not have a website configuration',
  );
}

export async function DeleteBucketWebsite(
  call: Call,
  input: In<'DeleteBucketWebsite'>,
): Promise<Out<'DeleteBucketWebsite'>> {
  await dropFamily(call, input, 'website');
  return {};
}

// ---- acceleration -------------------------------------------------------------------------------------------------

export async function PutBucketAccelerateConfiguration(
  call: Call,
  input: In<'PutBucketAccelerateConfiguration'>,
): Promise<Out<'PutBucketAccelerateConfiguration'>> {
  const Status = input.AccelerateConfiguration?.Status;
  if (input.Bucket?.includes('.'))
    throw invalidRequest('S3 Transfer Acceleration is not supported for buckets with periods (.) in their names');
  if (Status !== 'Enabled' && Status !== 'Suspended')
    throw malformedXml(`Status must be Enabled or Suspended, not ${Status}`);
  const was = await readFamily(call, input, 'accelerate');
  // Suspending what was never on changes nothing.
  if (was || Status === 'Enabled') await putFamily(call, input, 'accelerate', { Status });
  return {};
}

export async function GetBucketAccelerateConfiguration(
  call: Call,
  input: In<'GetBucketAccelerateConfiguration'>,
): Promise<Out<'GetBucketAccelerateConfiguration'>> {
  return (await readFamily<Out<'GetBucketAccelerateConfiguration'>>(call, input, 'accelerate')) ?? {};
}
