import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../runtime/base/bytes';
import { FRAME_BYTES, SEALED_FRAME_BYTES } from '../../runtime/store/frames';
import { openStore } from '../../runtime/store/open';
import type { BlobRef, Store } from '../../runtime/store/port';

const key = randomBytes(32);
let directory: string;
let store: Store;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  store = await openStore({ directory, durable: false });
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function seal(body: Uint8Array): Promise<{ ref: BlobRef; file: string }> {
  const writer = await store.blobs.create(key);
  for (let from = 0; from < body.length; from += 50_000) await writer.write(body.subarray(from, from + 50_000));
  const ref = await writer.finish();
  await store.write(async (tx) => tx.keep(ref));
  const file = join(directory, 'blobs', ref.id[0], ref.id[1], ref.id);
  while (!existsSync(file)) await new Promise(setImmediate);
  return { ref, file };
}

const read = (ref: BlobRef, options = {}) => collect(store.blobs.read(ref, { key, ...options }), 1e8);
const damaged = expect.objectContaining({ name: 'BlobDamaged' });

test.each([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 1_000_000])(
  '%d bytes come back whole and in parts, and not in the clear',
  async (size) => {
    const body = Buffer.alloc(size, 'a secret that repeats ');
    const { ref, file } = await seal(body);
    expect(ref.sizeBytes).toBe(size);
    expect((await read(ref)).equals(body)).toBe(true);
    expect(readFileSync(file).includes('secret')).toBe(false);
    for (let i = 0; i < 20 && size > 0; i++) {
      const start = Math.floor(Math.random() * size);
      const end = start + Math.floor(Math.random() * (size - start));
      expect((await read(ref, { range: { start, end } })).equals(body.subarray(start, end + 1))).toBe(true);
    }
  },
);

test('a range reads only the frames that it touches', async () => {
  const { ref, file } = await seal(Buffer.alloc(5 * FRAME_BYTES, 1));
  const sealed = readFileSync(file);
  sealed[0] ^= 1;
  sealed[4 * SEALED_FRAME_BYTES] ^= 1;
  writeFileSync(file, sealed);
  const range = { start: FRAME_BYTES, end: 4 * FRAME_BYTES - 1 };
  expect((await read(ref, { range })).length).toBe(3 * FRAME_BYTES);
  await expect(read(ref)).rejects.toEqual(damaged);
});

test('any changed byte is noticed, and nothing of its frame is given out', async () => {
  const { ref, file } = await seal(Buffer.alloc(FRAME_BYTES + 100, 1));
  const sealed = readFileSync(file);
  for (const at of [0, FRAME_BYTES - 1, FRAME_BYTES, SEALED_FRAME_BYTES, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] ^= 0x40;
    writeFileSync(file, changed);
    await expect(read(ref)).rejects.toEqual(damaged);
  }
});

test('frames that are moved, taken from elsewhere or cut off are noticed', async () => {
  const body = randomBytes(3 * FRAME_BYTES);
  const { ref, file } = await seal(body);
  const sealed = readFileSync(file);
  const frame = (i: number) => sealed.subarray(i * SEALED_FRAME_BYTES, (i + 1) * SEALED_FRAME_BYTES);
  const rejects = async (content: Buffer, as = ref) => {
    writeFileSync(file, content);
    await expect(read(as)).rejects.toEqual(damaged);
  };
  await rejects(Buffer.concat([frame(1), frame(0), frame(2)]));
  await rejects(Buffer.concat([frame(0), frame(1), frame(1)]));
  await rejects(Buffer.concat([frame(0), frame(1)]));
  // Also when whoever cut the file could change the length in the row.
  await rejects(Buffer.concat([frame(0), frame(1)]), { ...ref, sizeBytes: 2 * FRAME_BYTES });
  await rejects(Buffer.alloc(0), { ...ref, sizeBytes: 0 });
  const other = await seal(body);
  await rejects(readFileSync(other.file));
  writeFileSync(file, sealed);
  expect((await read(ref)).equals(body)).toBe(true);
  expect(statSync(file).size).toBe(3 * SEALED_FRAME_BYTES);
});

test('the wrong key opens nothing, and a short one is refused', async () => {
  const { ref } = await seal(Buffer.from('body'));
  await expect(read(ref, { key: randomBytes(32) })).rejects.toEqual(damaged);
  await expect(store.blobs.create(randomBytes(16))).rejects.toThrow('32 bytes');
});
