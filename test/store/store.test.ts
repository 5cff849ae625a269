import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../runtime/base/bytes';
import { openStore } from '../../runtime/store/open';
import { table } from '../../runtime/store/port';

const things = table<{ n: number; bytes?: Uint8Array }>('test.things');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('rows, scans and changes survive a reopening', async () => {
  let store = await openStore({ directory });
  await store.write(async (tx) => {
    for (let i = 0; i < 40; i++) tx.put(things, ['a', i], { n: i, bytes: new Uint8Array([i]) });
    tx.announce({ topic: 'test.thing', key: 'a', data: { x: 1 } });
  });
  await store.close();
  store = await openStore({ directory });
  expect(await store.get(things, ['a', 3])).toEqual({ n: 3, bytes: Buffer.from([3]) });
  expect((await store.page(things, { within: ['a'], after: ['a', 36] })).map(({ key }) => key[1])).toEqual([37, 38, 39]);
  expect(await store.changes.after(0, 10)).toEqual([{ sequence: 1, topic: 'test.thing', key: 'a', data: { x: 1 } }]);
  await store.close();
});

test('bodies', async () => {
  const store = await openStore({ directory });
  for (const key of [undefined, new Uint8Array(32).fill(7)]) {
    for (const size of [0, 1, 65536, 65537, 1_000_003]) {
      const body = Buffer.alloc(size, 'abcdefg');
      const writer = await store.blobs.create(key);
      await writer.write(body);
      const ref = await writer.finish();
      await store.write(async (tx) => tx.keep(ref));
      expect((await collect(store.blobs.read(ref, { key }), 1e7)).equals(body)).toBe(true);
      if (size > 70000) {
        const part = await collect(store.blobs.read(ref, { key, range: { start: 65530, end: 300_000 } }), 1e7);
        expect(part.equals(body.subarray(65530, 300_001))).toBe(true);
      }
    }
  }
  await store.close();
});
