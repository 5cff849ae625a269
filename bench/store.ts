/** The store by itself: transactions, reads and bodies, beside what the disk and the file system do without it. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '@coffer/runtime/dist/store/open';
import { type Store, table } from '@coffer/runtime/dist/store/port';
import { mebibytes, type Row } from './rows';

const KIB = 1024;
const MIB = 1024 * KIB;
const BODY_BYTES = 512 * MIB;
const WRITERS = 64;
const SECONDS = 3;

const rows = table<Uint8Array>('bench.rows');
const names = table<{ sizeBytes: number; etag: string; modified: number }>('bench.names');

export async function store(): Promise<Row[]> {
  // Beside the repository, not in a temporary file system that may be memory.
  const directory = mkdtempSync(join(process.cwd(), '.coffer-bench-'));
  const durable = await openStore({ directory: join(directory, 'durable') });
  const ephemeral = await openStore();
  try {
    return [
      ...(await transactions(directory, durable, ephemeral)),
      ...(await reads(ephemeral)),
      ...(await bodies(directory, durable)),
      await openings(),
    ];
  } finally {
    await durable.close();
    await ephemeral.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function transactions(directory: string, durable: Store, ephemeral: Store): Promise<Row[]> {
  const bare = flushesPerSecond(directory);
  const many = await writesPerSecond(durable, WRITERS);
  const one = await writesPerSecond(durable, 1);
  const unflushed = await writesPerSecond(ephemeral, WRITERS);
  return [
    row('write and fdatasync of 4 KiB, bare', `${bare.toFixed(0)} /s`),
    row(
      `durable transactions of 4 KiB and a change, ${WRITERS} writers`,
      `${many.toFixed(0)} /s, ${(many / bare).toFixed(1)} × bare`,
      '10,000 /s',
    ),
    row('the same, one writer', `${one.toFixed(0)} /s, ${(one / bare).toFixed(2)} × bare`),
    row(`the same, ephemeral, ${WRITERS} writers`, `${unflushed.toFixed(0)} /s`),
  ];
}

function flushesPerSecond(directory: string): number {
  const fd = openSync(join(directory, 'bare'), 'w');
  const block = Buffer.alloc(4 * KIB, 1);
  const from = performance.now();
  let count = 0;
  for (; performance.now() - from < 1000; count++) {
    writeSync(fd, block);
    fdatasyncSync(fd);
  }
  closeSync(fd);
  return count;
}

async function writesPerSecond(into: Store, writers: number): Promise<number> {
  const body = Buffer.alloc(4 * KIB, 1);
  const from = performance.now();
  let count = 0;
  const writer = async () => {
    while (performance.now() - from < SECONDS * 1000) {
      const key = `photos/${count++}`;
      await into.write(async (tx) => {
        await tx.get(rows, ['bucket', key]);
        tx.put(rows, ['bucket', key], body);
        tx.announce({ topic: 'bench.row', key, data: { bucket: 'bucket', key, sizeBytes: body.length } });
      });
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return (count / (performance.now() - from)) * 1000;
}

async function reads(from: Store): Promise<Row[]> {
  const PER_PREFIX = 10_000;
  const PREFIXES = 20;
  for (let prefix = 0; prefix < PREFIXES; prefix++)
    await from.write(async (tx) => {
      for (let i = 0; i < PER_PREFIX; i++)
        tx.put(names, ['bucket', `${prefix}/${i}`], {
          sizeBytes: i,
          etag: 'd41d8cd98f00b204e9800998ecf8427e',
          modified: i,
        });
    });
  const get = await secondsOf(100_000, (i) => from.get(names, ['bucket', `${i % PREFIXES}/${i % PER_PREFIX}`]));
  const page = await secondsOf(200, (i) => from.page(names, { after: ['bucket', `${i % PREFIXES}/`], limit: 1000 }));
  const prefixes = await secondsOf(200, async () => {
    let past: string[] | undefined;
    for (let found = 0; found < PREFIXES; found++) {
      const [first] = await from.page(names, { within: ['bucket'], past, limit: 1 });
      past = ['bucket', `${first.key[1]}`.replace(/\/.*/, '/')];
    }
  });
  return [
    row('get', `${(1 / get).toFixed(0)} /s`),
    row('page of 1,000 rows', `${(page * 1000).toFixed(2)} ms`),
    row(`${PREFIXES} common prefixes over ${PREFIXES * PER_PREFIX} keys`, `${(prefixes * 1000).toFixed(2)} ms`),
  ];
}

async function secondsOf(times: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const from = performance.now();
  for (let i = 0; i < times; i++) await work(i);
  return (performance.now() - from) / 1000 / times;
}

async function bodies(directory: string, durable: Store): Promise<Row[]> {
  const unflushed = await openStore({ directory: join(directory, 'unflushed'), durable: false, graceMs: 1 });
  const key = Buffer.alloc(32, 7);
  // The first pass pays for memory that the system has not touched before.
  bareWrite(directory);
  const bare = bareWrite(directory);
  const base = process.memoryUsage().rss;
  let most = base;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const plain = await throughBody(unflushed);
  const sealed = await throughBody(unflushed, key);
  clearInterval(watch);
  await unflushed.close();
  const flushed = await throughBody(durable);
  const speed = (seconds: number) => `${(BODY_BYTES / MIB / seconds).toFixed(0)} MiB/s`;
  const beside = (seconds: number) => `${speed(seconds)}, ${(bare / seconds).toFixed(2)} × bare`;
  return [
    row(`${BODY_BYTES / MIB} MiB to a file, bare`, speed(bare)),
    row('the same as a body', beside(plain.inSeconds), '300 MiB/s'),
    row('the same as an encrypted body', beside(sealed.inSeconds)),
    row('the same as a body, flushed', speed(flushed.inSeconds)),
    row('out again', speed(plain.outSeconds)),
    row('out again, encrypted', speed(sealed.outSeconds)),
    row('memory that took, beyond what was there before', mebibytes(most - base), '< 64 MiB'),
  ];
}

function bareWrite(directory: string): number {
  const chunk = Buffer.alloc(256 * KIB, 1);
  const path = join(directory, 'bare');
  const from = performance.now();
  const fd = openSync(path, 'w');
  for (let written = 0; written < BODY_BYTES; written += chunk.length) writeSync(fd, chunk);
  closeSync(fd);
  const seconds = (performance.now() - from) / 1000;
  rmSync(path);
  return seconds;
}

async function throughBody(through: Store, key?: Uint8Array): Promise<{ inSeconds: number; outSeconds: number }> {
  const chunk = Buffer.alloc(64 * KIB, 1);
  const from = performance.now();
  const writer = await through.blobs.create(key);
  for (let written = 0; written < BODY_BYTES; written += chunk.length) await writer.write(chunk);
  const ref = await writer.finish();
  await through.write(async (tx) => tx.keep(ref));
  const between = performance.now();
  let length = 0;
  for await (const bytes of through.blobs.read(ref, { key })) length += bytes.length;
  if (length !== BODY_BYTES) throw new Error(`read ${length} bytes`);
  const to = performance.now();
  await through.write(async (tx) => tx.drop(ref));
  return { inSeconds: (between - from) / 1000, outSeconds: (to - between) / 1000 };
}

async function openings(): Promise<Row> {
  const seconds = await secondsOf(50, async () => {
    const store = await openStore();
    await store.write(async (tx) => tx.put(rows, ['x'], Buffer.alloc(1)));
    await store.close();
  });
  return row('an ephemeral store opened, written and closed', `${(seconds * 1000).toFixed(1)} ms`);
}

function row(name: string, value: string, target = ''): Row {
  return { name, value, target };
}
