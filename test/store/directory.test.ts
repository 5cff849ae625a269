import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../runtime/store/open';
import { table } from '../../runtime/store/port';
import { bundle, kill, start, started } from './child';
import { held } from './writer';

const things = table<number>('test.things');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const refused = (name: string, words: RegExp) =>
  expect.objectContaining({ name, message: expect.stringMatching(words) });

test('a directory is made where there is none, and is open once', async () => {
  const directory = join(root, 'new', 'data');
  const store = await openStore({ directory });
  await expect(openStore({ directory })).rejects.toEqual(refused('DataDirectoryInUse', /open in another Coffer/));
  await expect(openStore({ directory: `${directory}/../data/` })).rejects.toEqual(
    refused('DataDirectoryInUse', /open/),
  );
  await store.write(async (tx) => tx.put(things, ['x'], 1));
  await store.close();
  const again = await openStore({ directory });
  expect(await again.get(things, ['x'])).toBe(1);
  await again.close();
});

test('another process that has it open is noticed, also when it stops without a word', async () => {
  const directory = join(root, 'data');
  const child = start(bundle(root), directory, 'hold');
  await started(child);
  await expect(openStore({ directory })).rejects.toEqual(refused('DataDirectoryInUse', /open in another Coffer/));
  await kill(child);
  const store = await openStore({ directory });
  expect(await store.get(held, [])).toBe(1);
  await store.close();
});

test('what is not a directory, or may not be written, is refused with the reason', async () => {
  writeFileSync(join(root, 'file'), 'x');
  const unusable = refused('DataDirectoryUnusable', /cannot be used: .*(EEXIST|ENOTDIR)/);
  await expect(openStore({ directory: join(root, 'file') })).rejects.toEqual(unusable);
  await expect(openStore({ directory: join(root, 'file', 'data') })).rejects.toEqual(unusable);
  if (process.getuid?.() === 0) return; // root may write anywhere
  mkdirSync(join(root, 'closed'));
  chmodSync(join(root, 'closed'), 0o500);
  const directory = join(root, 'closed', 'data');
  await expect(openStore({ directory })).rejects.toEqual(refused('DataDirectoryUnusable', /EACCES/));
});

test("someone else's directory and a newer format are left alone", async () => {
  writeFileSync(join(root, 'thesis.txt'), 'precious');
  await expect(openStore({ directory: root })).rejects.toEqual(refused('DataDirectoryForeign', /not Coffer's data/));
  rmSync(join(root, 'thesis.txt'));
  writeFileSync(join(root, 'format'), 'coffer-data 99\n');
  await expect(openStore({ directory: root })).rejects.toEqual(refused('DataDirectoryNewer', /format 99.*up to 1/));
  writeFileSync(join(root, 'format'), 'something else\n');
  await expect(openStore({ directory: root })).rejects.toEqual(refused('DataDirectoryForeign', /not Coffer's data/));
});

test('rows that cannot be read are refused, and the directory is free again', async () => {
  writeFileSync(join(root, 'format'), 'coffer-data 1\n');
  writeFileSync(join(root, 'rows.mdb'), Buffer.alloc(20_000, 'garbage'));
  const unreadable = refused('DataDirectoryUnusable', /cannot be used: rows.mdb is damaged/);
  await expect(openStore({ directory: root })).rejects.toEqual(unreadable);
  await expect(openStore({ directory: root })).rejects.toEqual(unreadable);
});

test('a first start that was interrupted can be repeated', async () => {
  writeFileSync(join(root, 'format.123'), '');
  const store = await openStore({ directory: root });
  await store.close();
  expect(readFileSync(join(root, 'format'), 'utf8')).toBe('coffer-data 1\n');
});
