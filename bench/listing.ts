/**
 * Buckets of many keys: what a page of a listing costs the server, and what an object costs beyond its body. The rows are
 * put into the store directly, as copies of one that S3 made: a million requests would measure requests.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startCoffer } from '@coffer/runtime';
import { buckets, objects } from '@coffer/runtime/dist/services/s3/state/tables';
import { openStore } from '@coffer/runtime/dist/store/open';
import { median, type Row } from './rows';

const FEW = 10_000;
const MANY = 1_000_000;
const PREFIXES = 10;
const BATCH = 5_000;
const ROUNDS = 15;

export async function listing(): Promise<Row[]> {
  // Beside the repository, not in a temporary file system that may be memory.
  const directory = mkdtempSync(join(process.cwd(), '.coffer-bench-'));
  try {
    await seed(directory);
    const empty = sizeOf(directory);
    await fill(directory, 'few', FEW);
    const before = sizeOf(directory);
    await fill(directory, 'many', MANY);
    const disk = (sizeOf(directory) - before) / MANY;
    return [
      ...(await measured(directory)),
      {
        name: 'disk per object of 1,000,000, beyond its body',
        value: `${disk.toFixed(0)} B (an empty store: ${empty} B)`,
        target: '≤ 1,024 B',
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const pageOf = (Bucket: string) => new ListObjectsV2Command({ Bucket, Prefix: 'p5/', MaxKeys: 1000 });
const keyOf = (n: number) => `p${n % PREFIXES}/${String(n).padStart(8, '0')}`;

async function seed(directory: string): Promise<void> {
  const coffer = await startCoffer({ directory });
  const s3 = coffer.client(S3Client);
  for (const Bucket of ['few', 'many', 'gone']) {
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'seed', Body: 'x'.repeat(100) }));
  }
  await coffer.close();
}

/** Copies the row of `seed` to so many keys. */
async function fill(directory: string, name: string, count: number, key: (n: number) => string = keyOf): Promise<void> {
  const store = await openStore({ directory });
  const { id } = (await store.get(buckets, [name])) as { id: string };
  const row = await store.get(objects, [id, 'seed']);
  if (!row) throw new Error('the seed is not there');
  for (let from = 0; from < count; from += BATCH) {
    await store.write(async (tx) => {
      for (let n = from; n < Math.min(from + BATCH, count); n++) tx.put(objects, [id, key(n)], row);
    });
  }
  await store.close();
}

async function measured(directory: string): Promise<Row[]> {
  await fill(directory, 'gone', ROUNDS * 1000, (n) => `${Math.floor(n / 1000)}/${n}`);
  const bare = anonymousBytes();
  const coffer = await startCoffer({ directory });
  const s3 = coffer.client(S3Client);
  /** Milliseconds of the server for what was asked last. */
  const took = async (ask: () => Promise<unknown>): Promise<number> => {
    await ask();
    return coffer.requests().at(-1)?.tookMs ?? Number.NaN;
  };
  const rounds = async (ask: (round: number) => Promise<unknown>) => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await took(() => ask(round)));
    return median(times);
  };
  try {
    await rounds(() => s3.send(pageOf('few'))); // warm
    const few = await rounds(() => s3.send(pageOf('few')));
    const many = await rounds(() => s3.send(pageOf('many')));
    const prefixes = await rounds(() => s3.send(new ListObjectsV2Command({ Bucket: 'many', Delimiter: '/' })));
    const gone = await rounds((round) => {
      const Objects = Array.from({ length: 1000 }, (_, i) => ({ Key: `${round}/${round * 1000 + i}` }));
      return s3.send(new DeleteObjectsCommand({ Bucket: 'gone', Delete: { Objects, Quiet: true } }));
    });
    let after: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: 'many', ContinuationToken: after }));
      after = page.NextContinuationToken;
    } while (after !== undefined);
    const memory = (anonymousBytes() - bare) / MANY;
    return [
      { name: 'ListObjectsV2, 1,000 keys of 10,000: server time', value: `${few.toFixed(1)} ms`, target: '< 4 ms' },
      {
        name: 'the same page of 1,000,000',
        value: `${many.toFixed(1)} ms, ${(many / few).toFixed(2)} ×`,
        target: '≤ 1.3 ×',
      },
      { name: '10 prefixes by delimiter over 1,000,000 keys', value: `${prefixes.toFixed(1)} ms`, target: '< 5 ms' },
      { name: 'DeleteObjects, 1,000 keys, durable', value: `${gone.toFixed(0)} ms`, target: '< 60 ms' },
      {
        name: 'memory per object of 1,000,000, all of them listed',
        value: `${memory.toFixed(0)} B`,
        target: '≤ 400 B',
      },
    ];
  } finally {
    await coffer.close();
  }
}

/** Memory of this process that is no page of a file. */
function anonymousBytes(): number {
  const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

function sizeOf(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
