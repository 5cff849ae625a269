/** File assets into staging buckets, each once: keys name the content, so what is there is what is wanted. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionOf } from '../../../base/arn';
import { once } from '../../../base/bytes';
import { isAwsError } from '../../../base/errors';
import { packArchive } from '../../../engine/archive';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import { root } from '../../../kernel/principal';
import type { Place } from '../state';
import { AssemblyError, type FileAsset } from './assembly';

export async function publishAssets(kernel: Kernel, at: Place, assets: readonly FileAsset[]): Promise<void> {
  const buckets = new Map<string, Promise<void>>();
  await Promise.all(
    assets.map(async (asset) => {
      const region = asset.region ?? at.region;
      const { s3 } = kernel.peers(root(at.account), { account: at.account, region });
      const [Bucket, Key] = [asset.bucket, asset.key].map((text) => filledIn(text, { ...at, region }));
      if (!buckets.has(Bucket)) buckets.set(Bucket, stagingBucket(s3, Bucket, region));
      await buckets.get(Bucket);
      if (await exists(s3, Bucket, Key)) return;
      const content = await contentOf(asset);
      await s3.PutObject({ Bucket, Key }, { stream: once(content), length: content.length, trailers: {} });
    }),
  );
}

function filledIn(text: string, { account, region }: Place): string {
  const values: Record<string, string> = {
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': partitionOf(region),
  };
  return text.replace(/\$\{(AWS::\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** That of the bootstrap is there when it is asked for; any other is made as that one is: private and versioned. */
async function stagingBucket(s3: Peers['s3'], Bucket: string, region: string): Promise<void> {
  try {
    await s3.HeadBucket({ Bucket });
  } catch (error) {
    if (!isAwsError(error) || error.status !== 404) throw error;
    const elsewhere = { LocationConstraint: region as 'eu-west-1' };
    await s3.CreateBucket({ Bucket, CreateBucketConfiguration: region === 'us-east-1' ? undefined : elsewhere });
    await s3.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
  }
}

async function exists(s3: Peers['s3'], Bucket: string, Key: string): Promise<boolean> {
  try {
    await s3.HeadObject({ Bucket, Key });
    return true;
  } catch (error) {
    if (isAwsError(error) && error.status === 404) return false;
    throw error;
  }
}

async function contentOf({ name, path, packaging }: FileAsset): Promise<Buffer> {
  try {
    return packaging === 'zip' ? packArchive(await filesIn(path, '')) : await readFile(path);
  } catch (error) {
    throw new AssemblyError(`asset ${name} cannot be read: ${(error as Error).message}`);
  }
}

/** In the order of their names, so that the archive is the same each time. */
async function filesIn(directory: string, prefix: string): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    // Links are followed: synthesis has decided which may stay.
    if ((await stat(path)).isDirectory()) Object.assign(files, await filesIn(path, `${prefix}${name}/`));
    else files[prefix + name] = await readFile(path);
  }
  return files;
}
