/**
 * CDK's bucket deployments, done as their handler does them with `aws s3 sync`: archives unpacked into a bucket, what is
 * no longer in them pruned, metadata set, a distribution told. Sources: aws-cdk-lib, "aws-s3-deployment"; AWS CLI
 * command reference, "s3 sync", and "Use of Exclude and Include Filters".
 */
import { basename } from 'node:path';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { once } from '../../../base/bytes';
import { isAwsError } from '../../../base/errors';
import { isObject } from '../../../engine/template/parse';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import { servicePrincipal } from '../../../kernel/principal';
import type { Properties, ResourceContext, ResourceResult, ResourceType, StandIn } from '../../../kernel/service';
import { assumed, peersOf } from '../actor';
import { deployerOf } from '../deployer';
import { validationError } from '../errors';
import { filesOf, type MarkersConfig, type Source } from './archives';
import { stringified } from './custom';

const OWNER_TAG = 'aws-cdk:cr-owned';
const SIDE_BY_SIDE = 16;

type ActingPeers = (context: ResourceContext) => Promise<Peers>;

export function bucketDeployment(acting: ActingPeers): ResourceType {
  return {
    type: 'Custom::CDKBucketDeployment',
    createOnly: [],
    properties: [],
    async create(context, properties) {
      const physicalId = `aws.cdk.s3deployment.${context.kernel.random.uuid()}`;
      return deploy(context.kernel, await acting(context), physicalId, readWish(properties));
    },
    async update(context, physicalId, properties, previous) {
      const [wish, old] = [readWish(properties), readWish(previous)];
      const peers = await acting(context);
      const moved = wish.bucket !== old.bucket || wish.prefix !== old.prefix;
      if (moved && !wish.retain) await removeAll(peers, old);
      return deploy(context.kernel, peers, physicalId, wish);
    },
    async delete(context, _, properties) {
      const wish = readWish(properties);
      if (wish.retain) return;
      const peers = await acting(context);
      if (await isOwnedByAnother(peers, wish)) return;
      await removeAll(peers, wish);
      await invalidate(context.kernel, peers, wish);
    },
  };
}

// ---- What is wanted -------------------------------------------------------------------------------------------------

interface Place {
  readonly bucket: string;
  /** As given: without a slash at its end it still stands for a folder. */
  readonly prefix: string;
}

interface Wish extends Place {
  readonly given: Readonly<Record<string, unknown>>;
  readonly sources: readonly Source[];
  readonly extract: boolean;
  readonly prune: boolean;
  readonly retain: boolean;
  readonly covers: (path: string) => boolean;
  readonly metadata: Partial<PutObjectCommandInput>;
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const record = (value: unknown): Record<string, string> => (isObject(value) ? (value as Record<string, string>) : {});

function readWish(properties: Properties): Wish {
  const given = stringified(properties) as Record<string, unknown>;
  const isSet = (name: string, normal: boolean) => String(given[name] ?? normal).toLowerCase() === 'true';
  const needed = (name: string): unknown => {
    if (given[name] === undefined) throw validationError(`missing request resource property '${name}'`);
    return given[name];
  };
  const keys = list(needed('SourceObjectKeys'));
  const markers = Array.isArray(given.SourceMarkers) ? given.SourceMarkers : [];
  const configs = Array.isArray(given.SourceMarkersConfig) ? given.SourceMarkersConfig : [];
  const prefix = String(given.DestinationBucketKeyPrefix ?? '');
  return {
    given,
    sources: list(needed('SourceBucketNames')).map((bucket, i) => ({
      bucket,
      key: keys[i],
      markers: record(markers[i]),
      config: (isObject(configs[i]) ? configs[i] : {}) as MarkersConfig,
    })),
    bucket: String(needed('DestinationBucketName')),
    prefix: prefix === '/' ? '' : prefix,
    extract: isSet('Extract', true),
    prune: isSet('Prune', true),
    retain: isSet('RetainOnDelete', true),
    covers: filterOf(list(given.Exclude), list(given.Include)),
    metadata: metadataOf(record(given.UserMetadata), record(given.SystemMetadata)),
  };
}

/** Exclusions first, inclusions after them; the last that fits decides. */
function filterOf(exclude: readonly string[], include: readonly string[]): (path: string) => boolean {
  const rules = [
    ...exclude.map((pattern) => ({ fits: shellPattern(pattern), covers: false })),
    ...include.map((pattern) => ({ fits: shellPattern(pattern), covers: true })),
  ].reverse();
  return (path) => rules.find(({ fits }) => fits.test(path))?.covers ?? true;
}

/** `*`, `?`, `[a-z]` and `[!a-z]`, across slashes. */
function shellPattern(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (part, not: string | undefined, letters?: string) => {
    if (letters !== undefined) return `[${not ? '^' : ''}${letters.replace(/[\\[\]^]/g, '\\$&')}]`;
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return part.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw validationError(`${pattern} is no pattern that files could be told by`);
  }
}

/** Options of `aws s3 sync`, and what they are of PutObject. */
const OPTIONS: Readonly<Record<string, keyof PutObjectCommandInput>> = {
  acl: 'ACL',
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  'content-type': 'ContentType',
  expires: 'Expires',
  sse: 'ServerSideEncryption',
  'sse-kms-key-id': 'SSEKMSKeyId',
  'storage-class': 'StorageClass',
  'website-redirect': 'WebsiteRedirectLocation',
};

function metadataOf(user: Record<string, string>, system: Record<string, string>): Partial<PutObjectCommandInput> {
  const options = Object.entries(system).map(([name, value]) => {
    const member = OPTIONS[name.toLowerCase()];
    if (!member) throw validationError(`${name} is not supported as system metadata by this runtime`);
    return [member, member === 'Expires' ? new Date(value) : value];
  });
  const Metadata = Object.fromEntries(Object.entries(user).map(([name, value]) => [name.toLowerCase(), value]));
  return { ...Object.fromEntries(options), ...(Object.keys(Metadata).length > 0 && { Metadata }) };
}

// ---- Doing it -------------------------------------------------------------------------------------------------------

const folderOf = ({ prefix }: Place) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`);

/** Functions that CDK makes for this, by the names that CloudFormation gives them. */
const HANDLER = /CustomCDKBucketDeployment8693BB64/;

/**
 * The handler invoked by hand: `cdk deploy --hotswap` and `cdk watch` do so, and look at no answer but a failure.
 */
export function handlerInvoked({ functionName, roleArn, payload, ...at }: StandIn, kernel: Kernel) {
  if (!HANDLER.test(functionName)) return undefined;
  return (async () => {
    const event: unknown = JSON.parse(Buffer.from(payload).toString());
    if (!isObject(event) || event.RequestType !== 'Update' || !isObject(event.ResourceProperties))
      throw validationError('Only updates are done for who invokes the handler of a bucket deployment');
    const principal = await assumed(kernel, servicePrincipal('lambda.amazonaws.com'), at, roleArn, functionName);
    await deploy(kernel, peersOf(kernel, principal, at), '', readWish(event.ResourceProperties));
    return null;
  })();
}

async function deploy(kernel: Kernel, peers: Peers, physicalId: string, wish: Wish): Promise<ResourceResult> {
  const { given, bucket, covers, prune, sources } = wish;
  const files = await filesOf(peers, sources, wish.extract);
  const folder = folderOf(wish);
  const old = prune ? (await keysIn(peers, wish)).map((key) => key.slice(folder.length)) : [];
  const wanted = [...files].filter(([path]) => covers(path));
  await eachOf(wanted, ([path, content]) => put(peers, bucket, folder + path, content, wish.metadata));
  // The files were just unpacked, so `sync` takes each for newer than its object; it deletes only what it covers.
  const gone = old.filter((path) => path !== '' && !files.has(path) && covers(path));
  await eachOf(gone, (path) => peers.s3.DeleteObject({ Bucket: bucket, Key: folder + path }));
  await invalidate(kernel, peers, wish);
  const isSet = (name: string, normal: string) => (given[name] ?? normal) === 'true';
  return {
    physicalId,
    attributes: {
      DestinationBucketArn: given.DestinationBucketArn,
      SourceObjectKeys: isSet('OutputObjectKeys', 'true') ? given.SourceObjectKeys : [],
      ...(isSet('OutputObjectVersionIds', 'false') && { SourceObjectVersionIds: await versionsOf(peers, wish) }),
    },
  };
}

async function put(
  { s3 }: Peers,
  Bucket: string,
  Key: string,
  content: Buffer,
  metadata: Partial<PutObjectCommandInput>,
): Promise<void> {
  const { lookup } = require('mime-types') as typeof import('mime-types');
  const ContentType = lookup(Key) || undefined;
  const body = { stream: once(content), length: content.length, trailers: {} };
  await s3.PutObject({ Bucket, Key, ContentType, ...metadata }, body);
}

async function keysIn({ s3 }: Peers, place: Place): Promise<string[]> {
  const keys: string[] = [];
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await s3.ListObjectsV2({ Bucket: place.bucket, Prefix: folderOf(place), ContinuationToken });
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    ContinuationToken = page.NextContinuationToken;
    if (ContinuationToken === undefined) return keys;
  }
}

async function removeAll(peers: Peers, place: Place): Promise<void> {
  await eachOf(await keysIn(peers, place), (Key) => peers.s3.DeleteObject({ Bucket: place.bucket, Key }));
}

/** Another deployment to the same place leaves its tag there: then the objects are that one's. */
async function isOwnedByAnother({ s3 }: Peers, { bucket: Bucket, prefix }: Place): Promise<boolean> {
  const tag = prefix === '' ? OWNER_TAG : `${OWNER_TAG}:${prefix}`;
  try {
    const { TagSet = [] } = await s3.GetBucketTagging({ Bucket });
    return TagSet.some(({ Key }) => Key?.startsWith(tag));
  } catch (error) {
    if (isAwsError(error)) return false;
    throw error;
  }
}

async function versionsOf({ s3 }: Peers, wish: Wish): Promise<string[]> {
  return Promise.all(
    wish.sources.map(async ({ key }) => {
      try {
        const object = { Bucket: wish.bucket, Key: folderOf(wish) + basename(key) };
        return (await s3.HeadObject(object)).VersionId ?? '';
      } catch (error) {
        if (isAwsError(error) && error.status === 404) return '';
        throw error;
      }
    }),
  );
}

/** As much of CloudFront as is needed here. In a runtime without it distributions are inert, and cache nothing. */
interface Distributions {
  readonly cloudfront: {
    CreateInvalidation(input: {
      DistributionId: string;
      InvalidationBatch: { CallerReference: string; Paths: { Quantity: number; Items: string[] } };
    }): Promise<unknown>;
  };
}

async function invalidate(kernel: Kernel, peers: Peers, { given, prefix }: Wish): Promise<void> {
  if (!given.DistributionId || !deployerOf(kernel).type('AWS::CloudFront::Distribution')) return;
  const whole = `${prefix.startsWith('/') ? '' : '/'}${prefix}${prefix.endsWith('/') ? '' : '/'}*`.replace(
    /^\/\/\*/,
    '/*',
  );
  const Items = Array.isArray(given.DistributionPaths) ? list(given.DistributionPaths) : [whole];
  await (peers as Peers & Distributions).cloudfront.CreateInvalidation({
    DistributionId: String(given.DistributionId),
    InvalidationBatch: { CallerReference: kernel.random.uuid(), Paths: { Quantity: Items.length, Items } },
  });
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, waiting.length) }, worker));
}
