/** Long bodies: digested, sealed and written by another thread, the same as short ones. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../runtime/base/bytes';
import { openStore } from '../../runtime/store/open';
import type { Store } from '../../runtime/store/port';
import { createThreads, SLAB_BYTES } from '../../runtime/store/threads';

const KEY = randomBytes(32);
const LARGEST = 5 * SLAB_BYTES + 1;

describe('a long body', () => {
  let store: Store;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
    store = await openStore({ directory, durable: false });
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const files = () =>
    readdirSync(join(directory, 'blobs'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).size);

  it.each([0, 1, SLAB_BYTES - 1, SLAB_BYTES, SLAB_BYTES + 1, 3 * SLAB_BYTES, LARGEST])(
    'of %i bytes comes back, with its digests',
    async (sizeBytes) => {
      const content = randomBytes(sizeBytes);
      for (const key of [KEY, undefined]) {
        const writer = await store.blobs.create(key, { digests: ['MD5', 'SHA256', 'CRC32', 'XXHASH64'] });
        for (let from = 0; from < sizeBytes; from += 100_000)
          await writer.write(content.subarray(from, from + 100_000));
        const blob = await writer.finish();
        expect(blob.sizeBytes).toBe(sizeBytes);
        for (const name of ['MD5', 'SHA256'] as const)
          expect(Buffer.from(writer.digests[name]!)).toEqual(createHash(name).update(content).digest());
        expect(writer.digests.CRC32).toHaveLength(4);
        expect(writer.digests.XXHASH64).toHaveLength(8);
        expect((await collect(store.blobs.read(blob, { key }), LARGEST)).equals(content)).toBe(true);
        await store.blobs.discard(blob);
      }
    },
  );

  it('is copied before the writer returns, so that the chunk may be used again', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    const writer = await store.blobs.create(KEY, { digests: ['MD5'] });
    const expected = createHash('md5');
    for (let n = 0; n < 40; n++) {
      chunk.fill(n);
      expected.update(chunk);
      await writer.write(chunk);
    }
    const blob = await writer.finish();
    expect(Buffer.from(writer.digests.MD5!)).toEqual(expected.digest());
    await store.blobs.discard(blob);
  });

  it('leaves nothing behind when it is given up, and harms no other one', async () => {
    const kept = await store.blobs.create(KEY, { digests: ['MD5'] });
    const given = await Promise.all([0, 1, 2, 3].map(() => store.blobs.create(KEY, { digests: ['MD5'] })));
    const content = randomBytes(2 * SLAB_BYTES + 5);
    await Promise.all([kept, ...given].map((writer) => writer.write(content)));
    await Promise.all(given.map((writer) => writer.discard()));
    const blob = await kept.finish();
    expect((await collect(store.blobs.read(blob, { key: KEY }), LARGEST)).equals(content)).toBe(true);
    expect(files()).toHaveLength(1);
    await store.blobs.discard(blob);
    expect(files()).toEqual([]);
  });

  it('fails where its file cannot take it, and leaves nothing behind', async () => {
    const threads = createThreads();
    const sink = threads.sink(1_000_000, undefined, []);
    const content = randomBytes(SLAB_BYTES);
    await expect(
      (async () => {
        for (let n = 0; n < 10; n++) await sink.write(content);
        await sink.end();
      })(),
    ).rejects.toMatchObject({ code: 'EBADF' });
    await sink.abandon();
    await threads.close();
  });

  it('that is under way when its threads end is refused', async () => {
    const threads = createThreads();
    const sink = threads.sink(1_000_000, undefined, []);
    await threads.close();
    await expect(sink.end()).rejects.toThrow('ended');
    await sink.abandon();
  });
});
