/** A folder put into a bucket by `SiteContent`, really: types, lifetimes, pruning, refusals. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SecureBucket, SiteContent, StaticSite } from '@coffer/constructs';
import { type Coffer, type Deployment, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';

const folder = mkdtempSync(join(tmpdir(), 'coffer-content-'));
const write = (name: string, text: string) => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};

let coffer: Coffer;
let s3: S3Client;
beforeAll(async () => {
  coffer = await startCoffer();
  s3 = coffer.client(S3Client);
});
afterAll(async () => {
  await coffer.close();
  rmSync(folder, { recursive: true });
});

async function deploy(): Promise<Deployment> {
  const stack = new Stack(new App(), 'Content');
  const bucket = new SecureBucket(stack, 'Files');
  new SiteContent(stack, 'Site', { folder, bucket, prefix: 'v1/' });
  new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
  return coffer.deploy(stack);
}

const keys = async (Bucket: string) =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);

test('files go up with what their names call for, and what is gone goes', async () => {
  write('index.html', '<h1>one</h1>');
  write('docs/über uns.html', 'x'.repeat(5000));
  write('assets/app-3f9a8b7c.js', 'let a;');
  write('assets/photo.JPG', 'jpeg');
  write('report-2026-11-30.pdf', 'pdf');
  write('old.txt', '');
  const Bucket = (await deploy()).output('BucketName');
  expect(await keys(Bucket)).toEqual([
    'v1/assets/app-3f9a8b7c.js',
    'v1/assets/photo.JPG',
    'v1/docs/über uns.html',
    'v1/index.html',
    'v1/old.txt',
    'v1/report-2026-11-30.pdf',
  ]);
  const head = async (Key: string) => {
    const { ContentType, CacheControl, ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return [ContentType, CacheControl, ContentLength];
  };
  expect(await head('v1/index.html')).toEqual(['text/html; charset=utf-8', 'public, max-age=0, must-revalidate', 12]);
  expect(await head('v1/docs/über uns.html')).toEqual(expect.arrayContaining([5000]));
  expect(await head('v1/assets/app-3f9a8b7c.js')).toEqual([
    'text/javascript; charset=utf-8',
    'public, max-age=31536000, immutable',
    6,
  ]);
  expect(await head('v1/assets/photo.JPG')).toEqual(['image/jpeg', 'public, max-age=3600', 4]);
  expect(await head('v1/report-2026-11-30.pdf')).toEqual(['application/pdf', 'public, max-age=3600', 3]);

  await s3.send(new PutObjectCommand({ Bucket, Key: 'elsewhere.txt', Body: 'kept' }));
  rmSync(join(folder, 'old.txt'));
  write('index.html', '<h1>two</h1>');
  await deploy();
  expect(await keys(Bucket)).toEqual(expect.arrayContaining(['elsewhere.txt', 'v1/index.html']));
  expect(await keys(Bucket)).not.toContain('v1/old.txt');
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'v1/index.html' }));
  expect(await Body!.transformToString()).toBe('<h1>two</h1>');
});

test('the publisher can do nothing else', async () => {
  const stack = new Stack(new App(), 'Site');
  const site = new StaticSite(stack, 'Site', { content: folder });
  const other = new SecureBucket(stack, 'Other');
  const deployed = await coffer.deploy(stack);
  const publisher = coffer.client(S3Client, { as: site.content!.publisher.executionRole });
  const at = (of: { node: { path: string } }) => ({ Bucket: deployed.resource(of as Stack).physicalId as string });
  const files = at(site.bucket);
  expect(await keys(files.Bucket)).toContain('index.html');
  await expect(publisher.send(new GetObjectCommand({ ...files, Key: 'index.html' }))).rejects.toThrow(/not authorized/);
  await expect(publisher.send(new PutObjectCommand({ ...at(other), Key: 'x', Body: 'x' }))).rejects.toThrow(
    /not authorized/,
  );
});
