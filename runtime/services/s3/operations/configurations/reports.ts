/**
 * Configurations of which a bucket has many, by id: analytics, inventory, metrics, Intelligent-Tiering. Source: their
 * pages in the S3 API reference; S3 user guide, "Amazon S3 Inventory", "Using S3 Intelligent-Tiering".
 */

import type { Call } from '../../../../kernel/call';
import { bucketCheck } from '../../actions/keys';
import { dropFamily, putFamily } from '../../configurations';
import {
  idMismatch,
  invalidArgument,
  invalidInventoryDestination,
  invalidRequest,
  malformedXml,
  noSuchConfiguration,
  tooManyConfigurations,
} from '../../errors';
import type { In, Out } from '../../model';
import { parseS3Arn } from '../../names';
import { configurationsOf, findConfiguration } from '../../state/buckets';
import type { Family } from '../../state/tables';
import { bucketOf } from '../../target';

const MOST_CONFIGURATIONS = 1000;
const PAGE = 100;
const ID = /^[A-Za-z0-9_.-]{1,64}$/;

interface OnConfiguration {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
  readonly Id?: string;
}

type Inventory = NonNullable<In<'PutBucketInventoryConfiguration'>['InventoryConfiguration']>;
type Analytics = NonNullable<In<'PutBucketAnalyticsConfiguration'>['AnalyticsConfiguration']>;
type Metrics = NonNullable<In<'PutBucketMetricsConfiguration'>['MetricsConfiguration']>;
type Tiering = NonNullable<In<'PutBucketIntelligentTieringConfiguration'>['IntelligentTieringConfiguration']>;

async function put(
  call: Call,
  input: OnConfiguration,
  family: Family,
  value: { Id?: string } | undefined,
): Promise<void> {
  const bucket = await bucketOf(call, input);
  const { Id = '' } = input;
  if (!ID.test(Id)) throw invalidArgument('The specified Id is not valid', 'id', Id);
  const there = await configurationsOf(call.kernel.store, bucket.id, family, { limit: MOST_CONFIGURATIONS });
  if (there.length >= MOST_CONFIGURATIONS && !there.some(({ id }) => id === Id)) throw tooManyConfigurations();
  await putFamily(call, input, family, value, Id);
}

async function get<T>(call: Call, input: OnConfiguration, family: Family): Promise<T> {
  const bucket = await bucketOf(call, input);
  const found = await findConfiguration(call.kernel.store, bucket.id, family, input.Id);
  if (!found) throw noSuchConfiguration();
  return found.value as T;
}

async function drop(call: Call, input: OnConfiguration, family: Family): Promise<Record<string, never>> {
  if (!(await dropFamily(call, input, family, input.Id))) throw noSuchConfiguration();
  return {};
}

interface Listed<T> {
  readonly list: T[] | undefined;
  readonly page: { IsTruncated: boolean; ContinuationToken?: string; NextContinuationToken?: string };
}

async function list<T>(
  call: Call,
  input: { Bucket?: string; ExpectedBucketOwner?: string; ContinuationToken?: string },
  family: Family,
): Promise<Listed<T>> {
  const bucket = await bucketOf(call, input);
  const { ContinuationToken } = input;
  const after = ContinuationToken === undefined ? undefined : Buffer.from(ContinuationToken, 'base64url').toString();
  const found = await configurationsOf(call.kernel.store, bucket.id, family, { after, limit: PAGE + 1 });
  const shown = found.slice(0, PAGE);
  const more = found.length > PAGE;
  return {
    list: shown.length > 0 ? shown.map(({ value }) => value as T) : undefined,
    page: {
      IsTruncated: more,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      ...(more ? { NextContinuationToken: Buffer.from(shown[PAGE - 1].id).toString('base64url') } : {}),
    },
  };
}

/** A filter says one thing, or several within `And`. */
function checkFilter(filter: { And?: { Prefix?: string; Tags?: readonly unknown[] } } | undefined): void {
  if (!filter) return;
  if (Object.values(filter).filter((value) => value !== undefined).length > 1)
    throw malformedXml('a Filter holds one condition, or several within And');
  const { And } = filter;
  if (And && Object.values(And).filter((value) => value !== undefined).length + (And.Tags?.length ?? 1) - 1 < 2)
    throw malformedXml('And needs two conditions at least');
}

// ---- inventory ----------------------------------------------------------------------------------------------------

export async function PutBucketInventoryConfiguration(
  call: Call,
  input: In<'PutBucketInventoryConfiguration'>,
): Promise<Out<'PutBucketInventoryConfiguration'>> {
  const inventory = input.InventoryConfiguration;
  await call.authorize(
    bucketCheck(call, await bucketOf(call, input), 's3:PutInventoryConfiguration', {
      's3:InventoryAccessibleOptionalFields': inventory?.OptionalFields,
    }),
  );
  if (!inventory) throw malformedXml('InventoryConfiguration is missing');
  checkInventory(inventory);
  if (inventory.Id !== input.Id) throw idMismatch();
  await put(call, input, 'inventory', inventory);
  return {};
}

function checkInventory({
  Destination,
  IsEnabled,
  Id,
  IncludedObjectVersions,
  Schedule,
  OptionalFields,
}: Inventory): void {
  const target = Destination?.S3BucketDestination;
  if (!target || IsEnabled === undefined || !Id || !IncludedObjectVersions || !Schedule?.Frequency)
    throw malformedXml('InventoryConfiguration needs Destination, IsEnabled, Id, IncludedObjectVersions and Schedule');
  if (!['CSV', 'ORC', 'Parquet'].includes(target.Format ?? ''))
    throw malformedXml(`Format must be CSV, ORC or Parquet, not ${target.Format}`);
  if (!['Daily', 'Weekly'].includes(Schedule.Frequency))
    throw malformedXml(`Frequency must be Daily or Weekly, not ${Schedule.Frequency}`);
  if (!['All', 'Current'].includes(IncludedObjectVersions))
    throw malformedXml(`IncludedObjectVersions must be All or Current, not ${IncludedObjectVersions}`);
  const bucket = parseS3Arn(target.Bucket ?? '');
  if (!bucket || bucket.key !== undefined) throw invalidInventoryDestination();
  const { InventoryOptionalField: known }: typeof import('@aws-sdk/client-s3') = require('@aws-sdk/client-s3');
  const unknown = OptionalFields?.find((field) => !Object.values(known).includes(field));
  if (unknown !== undefined) throw malformedXml(`there is no Field ${unknown}`);
  if (OptionalFields && new Set(OptionalFields).size !== OptionalFields.length)
    throw malformedXml('a Field of OptionalFields occurs more than once');
  if (target.Encryption?.SSEKMS && !target.Encryption.SSEKMS.KeyId) throw malformedXml('SSE-KMS needs a KeyId');
}

export async function GetBucketInventoryConfiguration(
  call: Call,
  input: In<'GetBucketInventoryConfiguration'>,
): Promise<Out<'GetBucketInventoryConfiguration'>> {
  return { InventoryConfiguration: await get<Inventory>(call, input, 'inventory') };
}

export const DeleteBucketInventoryConfiguration = (call: Call, input: In<'DeleteBucketInventoryConfiguration'>) =>
  drop(call, input, 'inventory');

export async function ListBucketInventoryConfigurations(
  call: Call,
  input: In<'ListBucketInventoryConfigurations'>,
): Promise<Out<'ListBucketInventoryConfigurations'>> {
  const { list: InventoryConfigurationList, page } = await list<Inventory>(call, input, 'inventory');
  return { ...page, InventoryConfigurationList };
}

// ---- analytics ----------------------------------------------------------------------------------------------------

export async function PutBucketAnalyticsConfiguration(
  call: Call,
  input: In<'PutBucketAnalyticsConfiguration'>,
): Promise<Out<'PutBucketAnalyticsConfiguration'>> {
  const analytics = input.AnalyticsConfiguration;
  if (!analytics?.StorageClassAnalysis || analytics.Id !== input.Id)
    throw malformedXml('AnalyticsConfiguration needs StorageClassAnalysis and the Id of the request');
  checkFilter(analytics.Filter);
  const exported = analytics.StorageClassAnalysis.DataExport;
  if (exported) {
    const target = exported.Destination?.S3BucketDestination;
    if (exported.OutputSchemaVersion !== 'V_1' || target?.Format !== 'CSV')
      throw malformedXml('DataExport needs the OutputSchemaVersion V_1 and the Format CSV');
    if (!parseS3Arn(target.Bucket ?? '')) throw invalidInventoryDestination();
  }
  await put(call, input, 'analytics', analytics);
  return {};
}

export async function GetBucketAnalyticsConfiguration(
  call: Call,
  input: In<'GetBucketAnalyticsConfiguration'>,
): Promise<Out<'GetBucketAnalyticsConfiguration'>> {
  return { AnalyticsConfiguration: await get<Analytics>(call, input, 'analytics') };
}

export const DeleteBucketAnalyticsConfiguration = (call: Call, input: In<'DeleteBucketAnalyticsConfiguration'>) =>
  drop(call, input, 'analytics');

export async function ListBucketAnalyticsConfigurations(
  call: Call,
  input: In<'ListBucketAnalyticsConfigurations'>,
): Promise<Out<'ListBucketAnalyticsConfigurations'>> {
  const { list: AnalyticsConfigurationList, page } = await list<Analytics>(call, input, 'analytics');
  return { ...page, AnalyticsConfigurationList };
}

// ---- request metrics ----------------------------------------------------------------------------------------------

export async function PutBucketMetricsConfiguration(
  call: Call,
  input: In<'PutBucketMetricsConfiguration'>,
): Promise<Out<'PutBucketMetricsConfiguration'>> {
  const metrics = input.MetricsConfiguration;
  if (!metrics || metrics.Id !== input.Id) throw malformedXml('MetricsConfiguration needs the Id of the request');
  checkFilter(metrics.Filter);
  await put(call, input, 'metrics', metrics);
  return {};
}

export async function GetBucketMetricsConfiguration(
  call: Call,
  input: In<'GetBucketMetricsConfiguration'>,
): Promise<Out<'GetBucketMetricsConfiguration'>> {
  return { MetricsConfiguration: await get<Metrics>(call, input, 'metrics') };
}

export const DeleteBucketMetricsConfiguration = (call: Call, input: In<'DeleteBucketMetricsConfiguration'>) =>
  drop(call, input, 'metrics');

export async function ListBucketMetricsConfigurations(
  call: Call,
  input: In<'ListBucketMetricsConfigurations'>,
): Promise<Out<'ListBucketMetricsConfigurations'>> {
  const { list: MetricsConfigurationList, page } = await list<Metrics>(call, input, 'metrics');
  return { ...page, MetricsConfigurationList };
}

// ---- Intelligent-Tiering ------------------------------------------------------------------------------------------

const TIERS: Readonly<Record<string, number>> = { ARCHIVE_ACCESS: 90, DEEP_ARCHIVE_ACCESS: 180 };
const MOST_DAYS = 730;

export async function PutBucketIntelligentTieringConfiguration(
  call: Call,
  input: In<'PutBucketIntelligentTieringConfiguration'>,
): Promise<Out<'PutBucketIntelligentTieringConfiguration'>> {
  const tiering = input.IntelligentTieringConfiguration;
  if (!tiering || tiering.Id !== input.Id)
    throw malformedXml('IntelligentTieringConfiguration needs the Id of the request');
  if (tiering.Status !== 'Enabled' && tiering.Status !== 'Disabled')
    throw malformedXml(`Status must be Enabled or Disabled, not ${tiering.Status}`);
  checkFilter(tiering.Filter);
  const tiers = tiering.Tierings ?? [];
  if (tiers.length === 0 || new Set(tiers.map(({ AccessTier }) => AccessTier)).size !== tiers.length)
    throw malformedXml('Tiering must occur, and each AccessTier only once');
  for (const { AccessTier = '', Days = 0 } of tiers) {
    const least = Object.hasOwn(TIERS, AccessTier) ? TIERS[AccessTier] : undefined;
    if (least === undefined)
      throw malformedXml(`AccessTier must be ${Object.keys(TIERS).join(' or ')}, not ${AccessTier}`);
    if (Days < least || Days > MOST_DAYS)
      throw invalidRequest(`The number of days for the ${AccessTier} tier must be between ${least} and ${MOST_DAYS}.`);
  }
  await put(call, input, 'intelligent-tiering', tiering);
  return {};
}

export async function GetBucketIntelligentTieringConfiguration(
  call: Call,
  input: In<'GetBucketIntelligentTieringConfiguration'>,
): Promise<Out<'GetBucketIntelligentTieringConfiguration'>> {
  return { IntelligentTieringConfiguration: await get<Tiering>(call, input, 'intelligent-tiering') };
}

export const DeleteBucketIntelligentTieringConfiguration = (
  call: Call,
  input: In<'DeleteBucketIntelligentTieringConfiguration'>,
) => drop(call, input, 'intelligent-tiering');

export async function ListBucketIntelligentTieringConfigurations(
  call: Call,
  input: In<'ListBucketIntelligentTieringConfigurations'>,
): Promise<Out<'ListBucketIntelligentTieringConfigurations'>> {
  const { list: IntelligentTieringConfigurationList, page } = await list<Tiering>(call, input, 'intelligent-tiering');
  return { ...page, IntelligentTieringConfigurationList };
}
