/**
 * The function behind `SiteContent`: a custom resource that puts the files of an archive into a bucket. It reads the
 * archive entry by entry, so its size does not matter, the largest file's does. Archives beyond the first form of ZIP (4 GiB,
 * 65,535 files) are refused. When the resource is deleted the files stay: whether they go is the bucket's business.
 * Sources: APPNOTE 6.3.10 (ZIP); CloudFormation user guide, "Custom resource reference"; RFC 9111 and 8246 (Cache-Control).
 */
import { request } from 'node:https';
import { extname } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

const s3 = new S3Client({});

interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Wanted;
}

interface Wanted {
  readonly ArchiveBucket: string;
  readonly ArchiveKey: string;
  readonly Bucket: string;
  readonly Prefix: string;
  readonly Prune: string;
  readonly DistributionId?: string;
  readonly InvalidationPaths?: string[];
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly compressedBytes: number;
  readonly at: number;
  /** Where the next entry begins. */
  readonly until: number;
}

export async function handler(event: Event): Promise<void> {
  const { Bucket, Prefix } = event.ResourceProperties;
  const physicalId = `${Bucket}/${Prefix}`;
  try {
    if (event.RequestType !== 'Delete') await publish(event.ResourceProperties, event.RequestId);
    await respond(event, 'SUCCESS', '', physicalId);
  } catch (error) {
    console.error(error);
    const { name, message } = error as Error;
    await respond(event, 'FAILED', `${name}: ${message}`, event.PhysicalResourceId ?? physicalId);
  }
}

async function publish(wanted: Wanted, requestId: string): Promise<void> {
  const { Bucket, Prefix } = wanted;
  const archive = { Bucket: wanted.ArchiveBucket, Key: wanted.ArchiveKey };
  const entries = (await list(archive)).filter(({ name }) => !name.endsWith('/'));
  const pages = entries.filter(({ name }) => isPage(name));
  const others = entries.filter(({ name }) => !isPage(name));
  const put = async (entry: Entry) => {
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: Prefix + entry.name,
        Body: await read(archive, entry),
        ContentType: typeOf(entry.name),
        CacheControl: lifetimeOf(entry.name),
      }),
    );
  };
  await inParallel(others, put);
  await inParallel(pages, put);
  const kept = new Set(entries.map(({ name }) => Prefix + name));
  const deleted = wanted.Prune === 'true' ? await prune(Bucket, Prefix, kept) : 0;
  if (wanted.DistributionId !== undefined)
    await invalidate(wanted.DistributionId, wanted.InvalidationPaths ?? [], requestId);
  console.log({ put: entries.length, deleted, bucket: Bucket, prefix: Prefix });
}

const AT_ONCE = 8;

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

// ---- The archive --------------------------------------------------------------------------------------------------

interface Archive {
  readonly Bucket: string;
  readonly Key: string;
}

/** @param until exclusive */
async function bytes(archive: Archive, from: number, until: number): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ ...archive, Range: `bytes=${from}-${until - 1}` }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const END = 0x06054b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;

async function list(archive: Archive): Promise<Entry[]> {
  const { ContentLength: size = 0 } = await s3.send(new HeadObjectCommand(archive));
  const from = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await bytes(archive, from, size);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end -= 1;
  if (end < 0) throw new Error('the archive is no ZIP file');
  const count = tail.readUInt16LE(end + 10);
  const directoryBytes = tail.readUInt32LE(end + 12);
  const directoryAt = tail.readUInt32LE(end + 16);
  if (count === 0xffff || directoryAt === 0xffffffff)
    throw new Error('the archive is larger than 4 GiB or 65,534 files');
  if (count === 0) return [];
  const directory = await bytes(archive, directoryAt, directoryAt + directoryBytes);
  const found: Omit<Entry, 'until'>[] = [];
  for (let at = 0, i = 0; i < count; i += 1) {
    if (directory.readUInt32LE(at) !== DIRECTORY) throw new Error('the directory of the archive is damaged');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset));
    found.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      compressedBytes: directory.readUInt32LE(at + 20),
      at: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  const starts = [...found.map(({ at }) => at), directoryAt].sort((a, b) => a - b);
  return found.map((entry) => ({ ...entry, until: starts[starts.indexOf(entry.at) + 1] }));
}

async function read(archive: Archive, { name, at, until, method, compressedBytes }: Entry): Promise<Buffer> {
  const all = await bytes(archive, at, until);
  if (all.readUInt32LE(0) !== LOCAL) throw new Error(`${name}: the archive is damaged`);
  const start = 30 + all.readUInt16LE(26) + all.readUInt16LE(28);
  const data = all.subarray(start, start + compressedBytes);
  if (method === 0) return data;
  if (method === 8) return inflateRawSync(data);
  throw new Error(`${name}: compression method ${method} is not known`);
}

// ---- The bucket ---------------------------------------------------------------------------------------------------

async function prune(Bucket: string, Prefix: string, kept: ReadonlySet<string>): Promise<number> {
  let deleted = 0;
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    const gone = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined || kept.has(Key) ? [] : [{ Key }]));
    if (gone.length > 0) {
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: gone, Quiet: true } }),
      );
      if (Errors.length > 0) throw new Error(`${Errors[0].Key} could not be deleted: ${Errors[0].Code}`);
      deleted += gone.length;
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return deleted;
}

/** Lambda brings every client of the SDK; a local runtime without CloudFront has none, and no cache either. */
async function invalidate(DistributionId: string, Items: string[], CallerReference: string): Promise<void> {
  const { CloudFrontClient, CreateInvalidationCommand } = require('@aws-sdk/client-cloudfront');
  let cloudFront: InstanceType<typeof CloudFrontClient>;
  try {
    cloudFront = new CloudFrontClient({});
  } catch (error) {
    if ((error as Error).name !== 'Runtime.ImportModuleError') throw error;
    console.warn({ notInvalidated: Items, because: (error as Error).message });
    return;
  }
  await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId,
      InvalidationBatch: { CallerReference, Paths: { Quantity: Items.length, Items } },
    }),
  );
}

// ---- What names call for ------------------------------------------------------------------------------------------

const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.otf': 'font/otf',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

const typeOf = (name: string) => TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';
const isPage = (name: string) => /\.html?$/i.test(name);

/** Pages are asked for again each time; what has a digest in its name never changes; the rest holds for an hour. */
function lifetimeOf(name: string): string {
  if (isPage(name)) return 'public, max-age=0, must-revalidate';
  if (/[.-](?=\w*\d)(?=\w*[a-z])\w{8,}\.\w+$/i.test(name)) return 'public, max-age=31536000, immutable';
  return 'public, max-age=3600';
}

// ---- CloudFormation -----------------------------------------------------------------------------------------------

function respond(event: Event, Status: string, Reason: string, PhysicalResourceId: string): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({ Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId });
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const put = request(event.ResponseURL, { method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    put.on('error', reject);
    put.end(body);
  });
}
