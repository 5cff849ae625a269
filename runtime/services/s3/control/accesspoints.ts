/** Access points: made, told, listed, removed, and their policies. Source: S3 API reference, S3 Control, "CreateAccessPoint". */
import { isPublic } from '../../../engine/policy/public';
import type { Check } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import type { Input, Output } from '../../../kernel/peers';
import { ALIAS_SUFFIX, accessPointArn, accessPointTagKeys, blocks, networkOrigin } from '../accesspoints';
import { accountCheck } from '../actions/keys';
import {
  accessDenied,
  accessPointOwnedByYou,
  invalidRequest,
  noSuchAccessPoint,
  noSuchBucket,
  notImplemented,
  s3Error,
  tooManyAccessPoints,
} from '../errors';
import { checkPolicy, checkPrincipals } from '../operations/configurations/policy';
import { accessPointsOf, dropAccessPoint, findAccessPoint, putAccessPoint } from '../state/accesspoints';
import { findBucket } from '../state/buckets';
import type { AccessPoint } from '../state/tables';
import { bucketTags } from '../tags';
import { ownAccount, settings } from './access';
import type { S3Control } from './service';

type In<Name extends string> = Input<S3Control, Name>;
type Out<Name extends string> = Output<S3Control, Name>;

/** Per account and region. Source: S3 user guide, "Access points restrictions and limitations". */
const MOST_ACCESS_POINTS = 10_000;
const LONGEST_PAGE = 1000;
const ALIAS_LETTERS = 34;
const RESERVED = ['-s3alias', '--ol-s3', '--x-s3', '--xa-s3', '--table-s3', '-ext-s3alias'];

interface OnPoint {
  readonly AccountId?: string;
  readonly Name?: string;
}

/** One action on the access point that the request names. */
export function onAccessPoint(action: string) {
  return async ({ AccountId: account = '', Name: name = '' }: OnPoint, call: Call): Promise<readonly Check[]> => {
    const there = await findAccessPoint(call.kernel.store, account, call.region, name);
    return [accessPointCheck(call, there ?? { account, region: call.region, name }, action)];
  };
}

type Named = Pick<AccessPoint, 'account' | 'region' | 'name' | 'tags'> &
  Partial<Pick<AccessPoint, 'createdAt' | 'vpc'>>;

export function accessPointCheck(call: Call, point: Named, action: string, requestTags?: Check['requestTags']): Check {
  const resource = accessPointArn(point);
  const keys = {
    ...accountCheck(call, action).keys,
    's3:ResourceAccount': point.account,
    's3:AccessPointNetworkOrigin': point.createdAt === undefined ? undefined : networkOrigin(point),
    's3:DataAccessPointArn': resource,
    's3:DataAccessPointAccount': point.account,
    ...accessPointTagKeys(point),
  };
  return { action, resource, owner: point.account, keys, resourceTags: point.tags, requestTags };
}

/** "3 to 50 characters ... lowercase letters, numbers and hyphens", and no suffix that S3 keeps for itself. */
function checkName(name: string): void {
  const fits = /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/.test(name) && !RESERVED.some((suffix) => name.endsWith(suffix));
  if (!fits) throw invalidRequest(`The access point name ${name} is not valid.`);
}

export async function CreateAccessPoint(call: Call, input: In<'CreateAccessPoint'>): Promise<Out<'CreateAccessPoint'>> {
  const { Name: name = '', Bucket = '', AccountId = '' } = input;
  const tags = input.Tags?.length ? bucketTags(call.kernel, input.Tags) : undefined;
  const ask = (action: string) =>
    call.authorize(accessPointCheck(call, { account: AccountId, region: call.region, name }, action, tags));
  await ask('s3:CreateAccessPoint');
  if (tags) await ask('s3:TagResource');
  const account = ownAccount(call, input);
  checkName(name);
  if (input.Scope) throw notImplemented('scopes of access points, which directory buckets alone have');
  const { store, random } = call.kernel;
  const bucket = await findBucket(store, Bucket);
  if (!bucket) throw noSuchBucket(Bucket);
  if (bucket.account !== (input.BucketAccountId ?? account)) throw accessDenied();
  if (bucket.region !== call.region)
    throw invalidRequest(
      `The bucket ${Bucket} is in ${bucket.region}; an access point is made in its bucket's Region.`,
    );
  const stem = `${name.slice(0, 63 - ALIAS_LETTERS - ALIAS_SUFFIX.length - 1)}-`;
  const vpc = input.VpcConfiguration?.VpcId;
  const point: AccessPoint = {
    name,
    account,
    region: call.region,
    bucket: Bucket,
    bucketId: bucket.id,
    bucketAccount: bucket.account,
    alias: `${stem}${aliasLetters(random.bytes(ALIAS_LETTERS))}${ALIAS_SUFFIX}`,
    createdAt: call.now,
    ...(vpc === undefined ? {} : { vpc }),
    ...(tags ? { tags } : {}),
    // "All block public access settings are enabled by default for new access points."
    publicAccess: settings(
      input.PublicAccessBlockConfiguration ?? {},
      input.PublicAccessBlockConfiguration === undefined,
    ),
  };
  await store.write(async (tx) => {
    if (await findAccessPoint(tx, account, point.region, name)) throw accessPointOwnedByYou(name);
    const all = await accessPointsOf(tx, account, point.region, { limit: MOST_ACCESS_POINTS });
    if (all.length >= MOST_ACCESS_POINTS) throw tooManyAccessPoints();
    putAccessPoint(tx, point);
  });
  return { AccessPointArn: accessPointArn(point), Alias: point.alias };
}

const aliasLetters = (bytes: Uint8Array) => [...bytes].map((byte) => (byte % 36).toString(36)).join('');

/** @throws AwsError AccessDenied, NoSuchAccessPoint */
async function pointOf(call: Call, input: OnPoint): Promise<AccessPoint> {
  const account = ownAccount(call, input);
  const point = await findAccessPoint(call.kernel.store, account, call.region, input.Name ?? '');
  if (!point) throw noSuchAccessPoint(input.Name ?? '');
  return point;
}

function summary(point: AccessPoint) {
  return {
    Name: point.name,
    NetworkOrigin: networkOrigin(point) as 'VPC',
    Bucket: point.bucket,
    BucketAccountId: point.bucketAccount,
    Alias: point.alias,
    AccessPointArn: accessPointArn(point),
    ...(point.vpc === undefined ? {} : { VpcConfiguration: { VpcId: point.vpc } }),
  };
}

export async function GetAccessPoint(call: Call, input: In<'GetAccessPoint'>): Promise<Out<'GetAccessPoint'>> {
  const point = await pointOf(call, input);
  const host = (kind: string) => `${kind}.${point.region}.amazonaws.com`;
  return {
    ...summary(point),
    PublicAccessBlockConfiguration: { ...point.publicAccess },
    CreationDate: new Date(point.createdAt),
    Endpoints: {
      ipv4: host('s3-accesspoint'),
      fips: host('s3-accesspoint-fips'),
      fips_dualstack: host('s3-accesspoint-fips.dualstack'),
      dualstack: host('s3-accesspoint.dualstack'),
    },
  };
}

export async function ListAccessPoints(call: Call, input: In<'ListAccessPoints'>): Promise<Out<'ListAccessPoints'>> {
  const account = ownAccount(call, input);
  const limit = Math.min(Math.max(input.MaxResults ?? LONGEST_PAGE, 1), LONGEST_PAGE);
  const after = input.NextToken && Buffer.from(input.NextToken, 'base64url').toString();
  const page = { after: after || undefined, limit: input.Bucket === undefined ? limit + 1 : MOST_ACCESS_POINTS };
  const found = await accessPointsOf(call.kernel.store, account, call.region, page);
  const fitting = found.filter(({ bucket }) => input.Bucket === undefined || bucket === input.Bucket);
  const shown = fitting.slice(0, limit);
  return {
    AccessPointList: shown.map(summary),
    ...(fitting.length > limit ? { NextToken: Buffer.from(shown[limit - 1].name).toString('base64url') } : {}),
  };
}

export async function DeleteAccessPoint(call: Call, input: In<'DeleteAccessPoint'>): Promise<Out<'DeleteAccessPoint'>> {
  const point = await pointOf(call, input);
  await call.kernel.store.write(async (tx) => dropAccessPoint(tx, point));
  return {};
}

// ---- policies ------------------------------------------------------------------------------------------------------

export async function PutAccessPointPolicy(
  call: Call,
  input: In<'PutAccessPointPolicy'>,
): Promise<Out<'PutAccessPointPolicy'>> {
  const point = await pointOf(call, input);
  const document = input.Policy ?? '';
  const arn = accessPointArn(point);
  await checkPolicy(call, document, (resource) => resource === arn || resource.startsWith(`${arn}/object/`));
  await checkPrincipals(call, document);
  const policy = { document, isPublic: isPublic(document), origin: call.origin };
  const bucket = await findBucket(call.kernel.store, point.bucket);
  if (policy.isPublic && bucket && blocks(bucket, 'BlockPublicPolicy', point)) throw accessDenied();
  await changePoint(call, point, (now) => ({ ...now, policy }));
  return {};
}

export async function changePoint(
  call: Call,
  { account, region, name }: AccessPoint,
  to: (now: AccessPoint) => AccessPoint,
) {
  await call.kernel.store.write(async (tx) => {
    const now = await findAccessPoint(tx, account, region, name);
    if (!now) throw noSuchAccessPoint(name);
    putAccessPoint(tx, to(now));
  });
}

const noPolicy = (name: string) =>
  s3Error('NoSuchAccessPointPolicy', 404, 'The specified accesspoint policy does not exist', { AccessPointName: name });

export async function GetAccessPointPolicy(
  call: Call,
  input: In<'GetAccessPointPolicy'>,
): Promise<Out<'GetAccessPointPolicy'>> {
  const { policy, name } = await pointOf(call, input);
  if (!policy) throw noPolicy(name);
  return { Policy: policy.document };
}

export async function DeleteAccessPointPolicy(
  call: Call,
  input: In<'DeleteAccessPointPolicy'>,
): Promise<Out<'DeleteAccessPointPolicy'>> {
  const point = await pointOf(call, input);
  if (!point.policy) throw noPolicy(point.name);
  await changePoint(call, point, ({ policy: _, ...now }) => now);
  return {};
}

export async function GetAccessPointPolicyStatus(
  call: Call,
  input: In<'GetAccessPointPolicyStatus'>,
): Promise<Out<'GetAccessPointPolicyStatus'>> {
  const { policy, name } = await pointOf(call, input);
  if (!policy) throw noPolicy(name);
  return { PolicyStatus: { IsPublic: policy.isPublic } };
}
