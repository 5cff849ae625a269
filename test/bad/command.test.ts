/** The command asked for what cannot be: one sentence, the right exit code, nothing touched. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'coffer-command-'));
afterAll(() => rmSync(directory, { recursive: true }));
const bin = resolve(__dirname, '../../runtime/bin/coffer.js');

function coffer(...args: string[]): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((done) => child.on('close', (code) => done({ code, err })));
}

/** A data directory with one file. */
function holding(name: string, content: string | Buffer, more: Record<string, string> = {}): string {
  const path = mkdtempSync(join(directory, 'data-'));
  for (const [file, text] of Object.entries({ ...more, [name]: content })) writeFileSync(join(path, file), text);
  return path;
}

test.each<[string, () => string[], number, string]>([
  ['an empty option', () => ['start', '--data', ''], 2, '--data needs a value'],
  ['help on nothing', () => ['help', 'nothing'], 2, 'there is no command nothing'],
  ['a name that all objects know', () => ['constructor'], 2, 'there is no command constructor'],
  ['no command to run', () => ['exec', '--'], 2, 'exec needs a command'],
  ['a region that is more', () => ['env', '--region', 'eu-west-1; true'], 2, '--region must be a region'],
  [
    'damaged data',
    () => ['start', '--port', '0', '--data', holding('rows.mdb', 'garbage', { format: 'coffer-data 1\n' })],
    1,
    'rows.mdb is damaged',
  ],
  [
    'data of a later version',
    () => ['start', '--port', '0', '--data', holding('format', 'coffer-data 9\n')],
    1,
    'Use the newer Coffer',
  ],
  ['a marker that is another', () => ['reset', '--yes', '--data', holding('format', 'hello')], 1, "not Coffer's data"],
  ['a device for a directory', () => ['start', '--port', '0', '--data', '/dev/null'], 1, 'cannot be used'],
])('%s', async (_, args, code, words) => {
  const outcome = await coffer(...args());
  expect(outcome.err).toContain(words);
  expect(outcome.err).not.toMatch(/^ +at /m);
  expect(outcome.code).toBe(code);
});

test('none of them has written where it was called', () => {
  mkdirSync(join(directory, 'data-none'), { recursive: true });
  expect(readdirSync(directory).filter((name) => !name.startsWith('data-'))).toEqual([]);
});
