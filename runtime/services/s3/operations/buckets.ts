/** Buckets themselves. Source: S3 API reference, "CreateBucket", "DeleteBucket", "HeadBucket", "ListBuckets", "GetBucketLocation". */
import type { Call } from '../../../kernel/call';
import { isPublic, keptGrants, requestedGrants } from '../acls';
import { accountCheck, aclKeys, asksAcl } from '../actions/keys';
import { defaultAccess, defaultEncryption } from '../defaults';
import {
  bucketAlreadyExists,
  bucketAlreadyOwnedByYou,
  bucketHasAccessPoints,
  bucketNotEmpty,
  illegalLocationConstraint,
  invalidAclWithOwnership,
  invalidAclWithPublicBlock,
  invalidArgument,
  invalidLocationConstraint,
  noSuchBucket,
  notImplemented,
  tooManyBuckets,
} from '../errors';
import type { In, Out } from '../model';
import { bucketArn, checkNewBucketName, isKnownRegion, regionalHost } from '../names';
import { ownerId, ownerMember } from '../owners';
import { wholeSecond } from '../pages';
import { accessPointsOf, findAccountAccess } from '../state/accesspoints';
import { newId } from '../state/bodies';
import { addBucket, bucketsOf, countBuckets, findBucket, isEmpty, removeBucket } from '../state/buckets';
import type { Bucket, Ownership } from '../state/tables';
import { newBucketTags } from '../tags';
import { bucketOf } from '../target';

/** Source: S3 user guide, "Quotas": general purpose buckets of an account. */
const MOST_BUCKETS = 10_000;

export async function CreateBucket(call: Call, input: In<'CreateBucket'>): Promise<Out<'CreateBucket'>> {
  const name = input.Bucket!;
  const configuration = input.CreateBucketConfiguration;
  await authorizeCreation(call, input);
  if (configuration?.Location || configuration?.Bucket) throw notImplemented('directory buckets');
  checkNewBucketName(name, input.BucketNamespace === 'account-regional', call.account, call.region);
  const region = regionOf(call, configuration?.LocationConstraint);
  const access = defaultAccess(call.kernel, ownershipOf(input.ObjectOwnership));
  const owner = ownerId(call.kernel, call.account);
  const grants = requestedGrants(input, { kernel: call.kernel, owner });
  const acl = keptGrants(grants, owner);
  if (acl && access.ownership === 'BucketOwnerEnforced') throw invalidAclWithOwnership(access.ownership);
  if (acl && isPublic(acl) && access.publicAccess?.BlockPublicAcls) throw invalidAclWithPublicBlock();
  const tags = configuration?.Tags?.length ? newBucketTags(call.kernel, configuration.Tags) : undefined;
  const bucket: Bucket = {
    id: newId(call.now, call.kernel.random),
    name,
    account: call.account,
    region,
    createdAt: call.now,
    ...(configuration?.LocationConstraint === 'EU' ? { constraint: 'EU' } : {}),
    ...access,
    encryption: defaultEncryption(call.kernel),
    // Object Lock needs versions, so it brings them.
    ...(input.ObjectLockEnabledForBucket ? { lock: {}, versioning: 'Enabled' } : {}),
    ...(acl ? { acl } : {}),
    ...(tags ? { tags } : {}),
  };
  await call.kernel.store.write(async (tx) => {
    const other = await findBucket(tx, name);
    if (!other) {
      const accountAccess = await findAccountAccess(tx, call.account);
      if ((await countBuckets(tx, call.account, MOST_BUCKETS)) >= MOST_BUCKETS) throw tooManyBuckets();
      addBucket(tx, accountAccess ? { ...bucket, accountAccess } : bucket);
      return;
    }
    if (other.account !== call.account) throw bucketAlreadyExists(name);
    // "In us-east-1, Amazon S3 returns 200 OK" for re-creating what one owns already; not so with tags.
    if (region !== 'us-east-1' || other.region !== region || tags) throw bucketAlreadyOwnedByYou(name);
  });
  return {
    Location: region === 'us-east-1' ? `/${name}` : `http://${regionalHost(name, region)}/`,
    BucketArn: bucketArn(name, call.partition),
  };
}

/** The document decides what is asked, so the handler asks: where, with which ACL, ownership, lock and tags. */
async function authorizeCreation(call: Call, input: In<'CreateBucket'>): Promise<void> {
  const resource = bucketArn(input.Bucket!, call.partition);
  const tags = input.CreateBucketConfiguration?.Tags;
  const keys = {
    ...accountCheck(call, '').keys,
    ...aclKeys(input),
    's3:locationconstraint': input.CreateBucketConfiguration?.LocationConstraint,
    's3:x-amz-object-ownership': input.ObjectOwnership,
    's3:x-amz-bucket-namespace': input.BucketNamespace,
    's3:ResourceAccount': call.account,
  };
  const requestTags = tags && Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  const ask = (action: string) => call.authorize({ action, resource, owner: call.account, keys, requestTags });
  await ask('s3:CreateBucket');
  // "If you set the ACL to private, or if you don't specify any ACLs, only the s3:CreateBucket permission is required."
  const { ACL, ...grants } = input;
  if ((ACL !== undefined && ACL !== 'private') || asksAcl(grants)) await ask('s3:PutBucketAcl');
  if (input.ObjectOwnership !== undefined) await ask('s3:PutBucketOwnershipControls');
  if (input.ObjectLockEnabledForBucket) {
    await ask('s3:PutBucketVersioning');
    await ask('s3:PutBucketObjectLockConfiguration');
  }
  if (tags?.length) await ask('s3:TagResource');
}

/** Where the bucket will be: the region that the request is signed for decides which constraints it may name. */
function regionOf(call: Call, constraint: string | undefined): string {
  const here = call.region;
  if (constraint === undefined) {
    if (here !== 'us-east-1') throw illegalLocationConstraint('unspecified');
    return here;
  }
  const region = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (here === 'us-east-1') {
    if (!isKnownRegion(region) || region === 'us-east-1') throw invalidLocationConstraint(constraint);
    return region;
  }
  if (region !== here) throw illegalLocationConstraint(constraint);
  return region;
}

function ownershipOf(asked: string | undefined): Ownership | undefined {
  if (
    asked === undefined ||
    asked === 'BucketOwnerEnforced' ||
    asked === 'BucketOwnerPreferred' ||
    asked === 'ObjectWriter'
  )
    return asked;
  throw invalidArgument(`Invalid x-amz-object-ownership header: ${asked}`, 'x-amz-object-ownership');
}

export async function DeleteBucket(call: Call, input: In<'DeleteBucket'>): Promise<Out<'DeleteBucket'>> {
  const bucket = await bucketOf(call, input);
  await call.kernel.store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const points = await accessPointsOf(tx, now.account, now.region, { limit: Number.MAX_SAFE_INTEGER });
    if (points.some(({ bucketId }) => bucketId === now.id)) throw bucketHasAccessPoints(bucket.name);
    if (!(await isEmpty(tx, now))) throw bucketNotEmpty(bucket.name, now.versioning !== undefined);
    await removeBucket(tx, now);
  });
  return {};
}

/** The answer has no content, but says of which kind it would be. */
type Headed = Out<'HeadBucket'> & { readonly contentType: string };

export async function HeadBucket(call: Call, input: In<'HeadBucket'>): Promise<Headed> {
  const bucket = await bucketOf(call, input);
  return {
    contentType: 'application/xml',
    BucketRegion: bucket.region,
    AccessPointAlias: bucket.via !== undefined && bucket.via.alias === input.Bucket,
    BucketArn: bucketArn(bucket.name, call.partition),
  };
}

export async function GetBucketLocation(call: Call, input: In<'GetBucketLocation'>): Promise<Out<'GetBucketLocation'>> {
  const { region, constraint = region } = await bucketOf(call, input);
  return region === 'us-east-1'
    ? {}
    : { LocationConstraint: constraint as Out<'GetBucketLocation'>['LocationConstraint'] };
}

export async function ListBuckets(call: Call, input: In<'ListBuckets'>): Promise<Out<'ListBuckets'>> {
  const { Prefix, ContinuationToken, BucketRegion, MaxBuckets } = input;
  if (MaxBuckets !== undefined && (MaxBuckets < 1 || MaxBuckets > MOST_BUCKETS))
    throw invalidArgument(
      `Argument max-buckets must be an integer between 1 and ${MOST_BUCKETS}`,
      'max-buckets',
      MaxBuckets,
    );
  if (BucketRegion !== undefined && !isKnownRegion(BucketRegion))
    throw invalidArgument(`Argument value ${BucketRegion} is not a valid AWS Region`, 'bucket-region');
  const paged = MaxBuckets !== undefined;
  const { store } = call.kernel;
  const after = ContinuationToken ? readToken(ContinuationToken) : undefined;
  const names = await bucketsOf(store, call.account, { prefix: Prefix, after, limit: MOST_BUCKETS });
  const Buckets: NonNullable<Out<'ListBuckets'>['Buckets']> = [];
  let more = false;
  for (const name of names) {
    const bucket = await findBucket(store, name);
    if (!bucket || (BucketRegion !== undefined && bucket.region !== BucketRegion)) continue;
    if (paged && Buckets.length === MaxBuckets) {
      more = true;
      break;
    }
    Buckets.push({
      Name: name,
      CreationDate: wholeSecond(bucket.createdAt),
      // Only paginated and filtered requests are told regions. Source: ListBuckets, "BucketRegion".
      ...(paged || BucketRegion !== undefined || Prefix !== undefined
        ? { BucketRegion: bucket.region, BucketArn: bucketArn(name, call.partition) }
        : {}),
    });
  }
  return {
    Owner: ownerMember(call.kernel, call.account),
    Buckets,
    ...(Prefix === undefined ? {} : { Prefix }),
    ...(more ? { ContinuationToken: Buffer.from(Buckets[Buckets.length - 1].Name!).toString('base64url') } : {}),
  };
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8');
  if (!/^[a-z0-9.-]+$/.test(name))
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token');
  return name;
}
