import {
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../runtime/base/bytes';
import { openStore, type StoreOptions } from '../../runtime/store/open';
import { type BlobRef, type Store, table } from '../../runtime/store/port';

const objects = table<BlobRef>('test.objects');
const gone = expect.objectContaining({ name: 'BlobGone' });

let directory: string;
let store: Store;
const open = async (options: StoreOptions = {}) => {
  store = await openStore({ directory, durable: false, ...options });
};
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  await open();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function write(body: Uint8Array, pieceBytes = 10_000): Promise<BlobRef> {
  const writer = await store.blobs.create();
  for (let from = 0; from < body.length; from += pieceBytes) await writer.write(body.subarray(from, from + pieceBytes));
  return writer.finish();
}

const read = (ref: BlobRef, options = {}) => collect(store.blobs.read(ref, options), 1e8);
const keep = (ref: BlobRef) => store.write(async (tx) => tx.keep(ref));
const drop = (ref: BlobRef) => store.write(async (tx) => tx.drop(ref));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function files(): string[] {
  const names = readdirSync(join(directory, 'blobs'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(directory, 'blobs', name)).isFile());
}

test.each([0, 1, 262_143, 262_144, 262_145, 1_500_000])('%d bytes come back, whole and in parts', async (size) => {
  const body = Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
  for (const pieceBytes of [9_999, 4_000_000]) {
    const ref = await write(body, pieceBytes);
    expect(ref.sizeBytes).toBe(size);
    await keep(ref);
    expect((await read(ref)).equals(body)).toBe(true);
    for (const range of [
      { start: 0, end: 0 },
      { start: size >> 1, end: size },
      { start: size - 1, end: size + 5 },
    ])
      if (size > 0) expect((await read(ref, { range })).equals(body.subarray(range.start, range.end + 1))).toBe(true);
  }
});

test('a chunk may be reused by its writer', async () => {
  const writer = await store.blobs.create();
  const chunk = Buffer.alloc(100_000);
  for (let i = 0; i < 20; i++) await writer.write(chunk.fill(i));
  const ref = await writer.finish();
  const body = await read(ref);
  for (let i = 0; i < 20; i++) expect(body[i * 100_000 + 99_999]).toBe(i);
});

test('a body lives as long as it has references', async () => {
  await reopen(20);
  const ref = await write(Buffer.from('body'));
  await store.write(async (tx) => {
    tx.keep(ref);
    tx.keep(ref);
  });
  await drop(ref);
  await pause(80);
  expect((await read(ref)).toString()).toBe('body');
  await store.write(async (tx) => {
    tx.keep(ref);
    tx.drop(ref);
  });
  await drop(ref);
  // Whoever has just read the row still finds it.
  expect((await read(ref)).toString()).toBe('body');
  await expect(keep(ref)).rejects.toEqual(gone);
  await expect(drop(ref)).rejects.toEqual(gone);
  await pause(120);
  expect(files()).toEqual([]);
  await expect(read(ref)).rejects.toEqual(gone);
});

async function reopen(graceMs: number): Promise<void> {
  await store.close();
  await open({ graceMs, orphanMs: graceMs });
}

test('a reader that has begun finishes', async () => {
  await reopen(5);
  const body = Buffer.alloc(2_000_000, 3);
  const ref = await write(body);
  await keep(ref);
  const reading = store.blobs.read(ref)[Symbol.asyncIterator]();
  let length = (await reading.next()).value?.length ?? 0;
  await drop(ref);
  await pause(60);
  expect(files()).toEqual([]);
  for (let next = await reading.next(); !next.done; next = await reading.next()) length += next.value.length;
  expect(length).toBe(body.length);
});

test('a transaction that fails neither keeps nor drops', async () => {
  const ref = await write(Buffer.from('body'));
  const fail = (work: 'keep' | 'drop') =>
    store.write(async (tx) => {
      tx[work](ref);
      tx.put(objects, ['o'], ref);
      throw new Error('precondition');
    });
  await expect(fail('keep')).rejects.toThrow('precondition');
  await keep(ref);
  await expect(fail('drop')).rejects.toThrow('precondition');
  expect((await read(ref)).toString()).toBe('body');
  await drop(ref);
  await store.close();
  await open();
  expect(files()).toEqual([]);
});

test('bodies that nobody keeps are swept, and those being written are not', async () => {
  await reopen(30);
  const orphan = await write(Buffer.from('orphan'));
  const slow = await store.blobs.create();
  await slow.write(Buffer.from('slow '));
  await pause(150);
  await expect(keep(orphan)).rejects.toEqual(gone);
  await slow.write(Buffer.from('body'));
  const ref = await slow.finish();
  await keep(ref);
  expect((await read(ref)).toString()).toBe('slow body');
  const discarded = await store.blobs.create();
  await discarded.write(Buffer.alloc(600_000));
  await discarded.discard();
  await pause(20);
  expect(files().map((name) => name.split('/').at(-1))).toEqual([ref.id]);
});

test('a start sweeps what a crash left behind and finishes what it interrupted', async () => {
  const ref = await write(Buffer.from('kept'));
  await keep(ref);
  await store.close();
  const place = join(directory, 'blobs', ref.id[0], ref.id[1], ref.id);
  // Killed after the commit and before the move, while another body was being written.
  renameSync(place, join(directory, 'blobs', 'incoming', ref.id));
  writeFileSync(join(directory, 'blobs', 'incoming', 'HALFWRITTEN'), 'half');
  await open();
  expect(files()).toEqual([join(ref.id[0], ref.id[1], ref.id)]);
  expect((await read(ref)).toString()).toBe('kept');
});

test('a file that lost its end is damaged, not short', async () => {
  const ref = await write(Buffer.alloc(300_000));
  await keep(ref);
  await pause(20);
  truncateSync(join(directory, 'blobs', files()[0]), 299_999);
  await expect(read(ref)).rejects.toEqual(expect.objectContaining({ name: 'BlobDamaged' }));
});

test('a large body passes through in constant memory', async () => {
  const chunk = Buffer.alloc(64 * 1024, 5);
  const size = 128 * 1024 * 1024;
  const key = Buffer.alloc(32, 1);
  global.gc?.();
  const before = process.memoryUsage().rss;
  let most = 0;
  const writer = await store.blobs.create(key);
  for (let written = 0; written < size; written += chunk.length) {
    await writer.write(chunk);
    if (written % (8 * 1024 * 1024) === 0) most = Math.max(most, process.memoryUsage().rss);
  }
  const ref = await writer.finish();
  let length = 0;
  for await (const bytes of store.blobs.read(ref, { key })) {
    length += bytes.length;
    if (length % (8 * 1024 * 1024) === 0) most = Math.max(most, process.memoryUsage().rss);
  }
  expect(length).toBe(size);
  expect(most - before).toBeLessThan(96 * 1024 * 1024);
});

test('a copy is of one moment, and lives on its own', async () => {
  const body = Buffer.alloc(30_000, 'a');
  const kept = await write(body);
  await store.write(async (tx) => {
    tx.keep(kept);
    tx.put(objects, ['first'], kept);
  });
  const copied = await store.copy();
  const later = await write(Buffer.from('later'));
  await store.write(async (tx) => {
    tx.keep(later);
    tx.put(objects, ['second'], later);
    tx.drop(kept);
    tx.delete(objects, ['first']);
  });
  const copy = await openStore({ directory: copied, durable: false });
  expect(await copy.get(objects, ['second'])).toBeUndefined();
  const ref = await copy.get(objects, ['first']);
  expect(await collect(copy.blobs.read(ref!), 1e6)).toEqual(body);
  await copy.write(async (tx) => {
    tx.drop(ref!);
    tx.delete(objects, ['first']);
  });
  await copy.close();
  expect(await read(later)).toEqual(Buffer.from('later'));
  // What nobody has removed goes when the store is opened again.
  await store.close();
  await open();
  expect(existsSync(copied)).toBe(false);
});
