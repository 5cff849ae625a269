/**
 * A process that writes through a store until it is killed. Each object it writes, in a row or as a body of its own,
 * replaces an earlier version; what the store has acknowledged is told on standard output, a line each.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openStore } from '../../runtime/store/open';
import { type BlobRef, type Store, table } from '../../runtime/store/port';

export interface Written {
  readonly version: number;
  readonly digest: string;
  readonly body?: Uint8Array;
  readonly blob?: BlobRef;
}

export const written = table<Written>('test.written');
export const held = table<number>('test.held');
export const KEY = Buffer.alloc(32, 'k');

export const digestOf = (body: Uint8Array) => createHash('sha256').update(body).digest('hex').slice(0, 16);

async function writeOne(store: Store, key: string): Promise<void> {
  const inRow = randomInt(3) > 0;
  const body = randomBytes(randomInt(inRow ? 5_000 : 700_000));
  let blob: BlobRef | undefined;
  if (!inRow) {
    const writer = await store.blobs.create(KEY);
    for (let from = 0; from < body.length; from += 65_536) await writer.write(body.subarray(from, from + 65_536));
    if (randomInt(8) === 0) return writer.discard();
    blob = await writer.finish();
  }
  const digest = digestOf(body);
  const version = await store
    .write(async (tx) => {
      const before = await tx.get(written, [key]);
      const next = (before?.version ?? 0) + 1;
      if (blob) tx.keep(blob);
      if (before?.blob) tx.drop(before.blob);
      tx.put(written, [key], { version: next, digest, blob, body: blob ? undefined : body });
      tx.announce({ topic: 'test.written', key, data: { version: next } });
      if (randomInt(10) === 0) throw new Error('precondition');
      return next;
    })
    .catch(() => undefined);
  if (version) writeSync(1, `${key} ${version} ${digest}\n`);
}

async function main(directory: string, mode: string): Promise<void> {
  const store = await openStore({ directory, graceMs: 20 });
  if (mode === 'hold') {
    await store.write(async (tx) => tx.put(held, [], 1));
    writeSync(1, 'held\n');
    setInterval(() => {}, 1000);
    return;
  }
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      for (;;) await writeOne(store, `${writer}-${randomInt(6)}`);
    }),
  );
}

if (require.main === module) void main(process.argv[2], process.argv[3]);
