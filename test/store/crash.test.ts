import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { collect } from '../../runtime/base/bytes';
import { openStore } from '../../runtime/store/open';
import type { Store } from '../../runtime/store/port';
import { bundle, kill, start, started } from './child';
import { digestOf, KEY, written } from './writer';

const ROUNDS = 8;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('after a kill at any moment each acknowledged write is there, whole, and nothing half-written is', async () => {
  const script = bundle(root);
  const directory = join(root, 'data');
  const acknowledged = new Map<string, { version: number; digest: string }>();
  for (let round = 0; round < ROUNDS; round++) {
    const child = start(script, directory, 'write');
    let output = '';
    child.stdout?.on('data', (text) => {
      output += text;
    });
    await started(child);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
    await kill(child);
    for (const line of output.split('\n').slice(0, -1)) {
      const [key, version, digest] = line.split(' ');
      if (Number(version) > (acknowledged.get(key)?.version ?? 0))
        acknowledged.set(key, { version: Number(version), digest });
    }
    const store = await openStore({ directory });
    await check(store, directory, acknowledged);
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(30);
});

async function check(store: Store, directory: string, acknowledged: Map<string, { version: number; digest: string }>) {
  const rows = await store.page(written);
  const found = new Map(rows.map(({ key, value }) => [key[0] as string, value]));
  for (const [key, { version, digest }] of acknowledged) {
    expect(found.get(key)?.version).toBeGreaterThanOrEqual(version);
    if (found.get(key)?.version === version) expect(found.get(key)?.digest).toBe(digest);
  }
  for (const { value } of rows) {
    const body = value.blob ? await collect(store.blobs.read(value.blob, { key: KEY }), 1e6) : value.body;
    expect(digestOf(body as Uint8Array)).toBe(value.digest);
  }
  const bodies = rows.flatMap(({ value }) => value.blob?.id ?? []);
  expect(files(join(directory, 'blobs')).sort()).toEqual(bodies.sort());
  const told = new Map<string, number>();
  for (const { key, data } of await store.changes.after(0, 1e6)) {
    expect(data.version).toBe((told.get(key) ?? 0) + 1);
    told.set(key, data.version as number);
  }
  expect(told).toEqual(new Map([...found].map(([key, { version }]) => [key, version])));
}

function files(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => statSync(join(directory, path)).isFile()).map((path) => basename(path));
}
