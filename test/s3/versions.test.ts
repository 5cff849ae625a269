import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
beforeAll(async () => {
  setting = await start();
});
afterAll(() => setting.coffer.close());

async function bucketWith(Bucket: string, Status?: 'Enabled' | 'Suspended'): Promise<void> {
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  if (Status) await version(Bucket, Status);
}
async function version(Bucket: string, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await setting.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
}
async function put(Bucket: string, Key: string, Body: string): Promise<string | undefined> {
  return (await setting.s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
}
async function get(Bucket: string, Key: string, VersionId?: string): Promise<string> {
  const { Body } = await setting.s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return Body!.transformToString();
}
/** The stack of a key, newest first: `m` for a delete marker, `*` behind the latest. */
async function stack(Bucket: string, Key: string): Promise<string> {
  const { Versions = [], DeleteMarkers = [] } = await setting.s3.send(
    new ListObjectVersionsCommand({ Bucket, Prefix: Key }),
  );
  const all = [
    ...Versions.map((one) => ({ ...one, text: String(one.Size) })),
    ...DeleteMarkers.map((one) => ({ ...one, text: 'm' })),
  ];
  return all
    .sort((a, b) => Number(b.IsLatest) - Number(a.IsLatest) || Number(b.LastModified) - Number(a.LastModified))
    .map(({ text, IsLatest, VersionId }) => text + (VersionId === 'null' ? '0' : '') + (IsLatest ? '*' : ''))
    .join(' ');
}

describe('a version-enabled bucket', () => {
  const Bucket = 'with-versions';
  beforeAll(() => bucketWith(Bucket, 'Enabled'));

  it('keeps every version, and what deleting hides comes back', async () => {
    const first = await put(Bucket, 'k', 'one');
    const second = await put(Bucket, 'k', 'twotwo');
    expect(first).not.toBe(second);
    expect(await get(Bucket, 'k')).toBe('twotwo');
    expect(await get(Bucket, 'k', first)).toBe('one');
    const gone = await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(gone.DeleteMarker).toBe(true);
    expect(await refusal(get(Bucket, 'k'))).toBe('404 NoSuchKey');
    expect(await refusal(get(Bucket, 'k', gone.VersionId))).toBe('405 MethodNotAllowed');
    expect((await setting.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    expect(await stack(Bucket, 'k')).toBe('m* 6 3');
    const undone = await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: gone.VersionId }));
    expect(undone).toMatchObject({ DeleteMarker: true, VersionId: gone.VersionId });
    expect(await get(Bucket, 'k')).toBe('twotwo');
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: second }));
    expect(await stack(Bucket, 'k')).toBe('3*');
    expect(await refusal(get(Bucket, 'k', second))).toBe('404 NoSuchVersion');
    expect(await refusal(get(Bucket, 'k', 'nonsense'))).toBe('400 InvalidArgument');
  });

  it('tells a delete marker in the headers of a HEAD', async () => {
    await put(Bucket, 'h', 'x');
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'h' }));
    const head = setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'h' }));
    await expect(head).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
      $response: { headers: { 'x-amz-delete-marker': 'true' } },
    });
  });

  it('pages through versions without losing or repeating any', async () => {
    for (const key of ['p/1', 'p/2', 'p/3']) for (const body of ['a', 'bb', 'ccc']) await put(Bucket, key, body);
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'p/2' }));
    for (let MaxKeys = 1; MaxKeys <= 5; MaxKeys++) {
      const seen: string[] = [];
      let KeyMarker: string | undefined;
      let VersionIdMarker: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof list>> = await list(MaxKeys, KeyMarker, VersionIdMarker);
        for (const one of [...(page.DeleteMarkers ?? []), ...(page.Versions ?? [])])
          seen.push(`${one.Key} ${one.VersionId}${one.IsLatest ? ' latest' : ''}`);
        KeyMarker = page.NextKeyMarker;
        VersionIdMarker = page.NextVersionIdMarker;
      } while (KeyMarker);
      expect(new Set(seen).size).toBe(10);
      expect(seen.filter((one) => one.endsWith('latest'))).toHaveLength(3);
    }
  });
  const list = (MaxKeys: number, KeyMarker?: string, VersionIdMarker?: string) =>
    setting.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'p/', MaxKeys, KeyMarker, VersionIdMarker }));
});

describe('a bucket whose versioning is suspended', () => {
  const Bucket = 'without-versions-again';
  it('has one null version beside the old ones', async () => {
    await bucketWith(Bucket);
    await put(Bucket, 'k', '1');
    await version(Bucket, 'Enabled');
    await put(Bucket, 'k', '22');
    await version(Bucket, 'Suspended');
    expect(await stack(Bucket, 'k')).toBe('2* 10');
    await put(Bucket, 'k', '333');
    expect(await stack(Bucket, 'k')).toBe('30* 2');
    await put(Bucket, 'k', '4444');
    expect(await stack(Bucket, 'k')).toBe('40* 2');
    expect(await get(Bucket, 'k', 'null')).toBe('4444');
    const gone = await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(gone).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    expect(await stack(Bucket, 'k')).toBe('m0* 2');
    await setting.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: 'null' }));
    expect(await stack(Bucket, 'k')).toBe('2*');
    expect(await get(Bucket, 'k')).toBe('22');
  });
});

describe('DeleteObjects', () => {
  it('deletes versions and makes markers, each told apart', async () => {
    const Bucket = 'many-versions';
    await bucketWith(Bucket, 'Enabled');
    const a = await put(Bucket, 'a', '1');
    await put(Bucket, 'b', '1');
    const { Deleted, Errors } = await setting.s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: 'a', VersionId: a }, { Key: 'b' }, { Key: 'c', VersionId: 'nonsense' }] },
      }),
    );
    expect(Deleted).toEqual([
      { Key: 'a', VersionId: a },
      { Key: 'b', DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) },
    ]);
    expect(Errors).toMatchObject([{ Key: 'c', Code: 'NoSuchVersion' }]);
  });
});
