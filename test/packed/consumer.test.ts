/**
 * A stranger's app, outside of the repository: the package as `npm pack` makes it, the example of every docstring, and
 * what six packs of cdk-nag say. Nothing is fetched: what the package asks of its host is linked from here.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { assembly } from '../../catalogue/assembly';
import { exampleProblems, examples, program } from '../../catalogue/examples';

const top = resolve(__dirname, '../..');
const app = mkdtempSync(join(tmpdir(), 'consumer-'));
const installed = join(app, 'node_modules/@coffer/constructs');
let api: ReturnType<typeof assembly>;

const run = (command: string, args: string[], cwd: string) => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, CDK_VALIDATION: 'false' } });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`);
  }
};

beforeAll(() => {
  api = assembly();
  mkdirSync(installed, { recursive: true });
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', app], join(top, 'constructs'));
  const tarball = readdirSync(app).find((name) => name.endsWith('.tgz')) as string;
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], app);
  for (const name of ['aws-cdk-lib', 'constructs', 'cdk-nag', '@types/node', 'undici-types']) {
    if (!existsSync(join(top, 'node_modules', name))) continue;
    mkdirSync(join(app, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(top, 'node_modules', name), join(app, 'node_modules', name));
  }
  mkdirSync(join(app, 'site'));
  writeFileSync(join(app, 'site/index.html'), '<title>Hello</title>');
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  writeFileSync(join(app, 'app.ts'), program(api));
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'node16',
        moduleResolution: 'node16',
        strict: true,
        skipLibCheck: true,
        types: ['node'],
      },
      files: ['app.ts'],
    }),
  );
}, 180_000);
afterAll(() => rmSync(app, { recursive: true, force: true }));

test('the package holds what runs and its types, and nothing of how it was made', () => {
  const files = readdirSync(installed, { recursive: true }).map(String);
  expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
  expect(files.filter((file) => /tsbuildinfo|\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect([dependencies, Object.keys(peerDependencies).sort()]).toEqual([undefined, ['aws-cdk-lib', 'constructs']]);
});

test('every construct and mixin shows itself in at most ten lines', () => {
  expect(exampleProblems(api)).toEqual([]);
});

test('the examples compile, synthesise and pass six packs', () => {
  run(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), '-p', '.'], app);
  const report: Record<string, string[]> = JSON.parse(run(process.execPath, ['app.js'], app).trim().split('\n').pop()!);
  const constructs = examples(api).filter(({ construct }) => construct);
  expect(constructs.length).toBeGreaterThan(15);
  expect(Object.fromEntries(constructs.map(({ name }) => [name, report[name]]))).toEqual(
    Object.fromEntries(constructs.map(({ name }) => [name, []])),
  );
}, 180_000);
