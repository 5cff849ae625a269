/** The command `coffer` as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const bin = resolve(__dirname, '../../runtime/bin/coffer.js');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let directory: string;
const children = new Set<ChildProcess>();
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-cli-'));
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function launch(args: readonly string[], env: Record<string, string> = {}) {
  const inherited = { PATH: process.env.PATH ?? '', HOME: directory };
  const child = spawn(process.execPath, [bin, ...args], { cwd: directory, env: { ...inherited, ...env } });
  children.add(child);
  let out = '';
  let err = '';
  let look = () => {};
  child.stdout.on('data', (chunk) => {
    out += chunk;
    look();
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Outcome>((done) => {
    child.once('close', (code) => {
      children.delete(child);
      done({ code, out, err });
    });
  });
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((found, failed) => {
      look = () => {
        const match = pattern.exec(out);
        if (match) found(match);
      };
      look();
      void ended.then((outcome) => failed(new Error(`ended with ${outcome.code}: ${outcome.out}${outcome.err}`)));
    });
  return { child, ended, said };
}

const coffer = (...args: string[]) => launch(args).ended;
const node = (code: string) => ['--', process.execPath, '-e', code];

describe('asked wrongly', () => {
  test.each([
    [['strat'], 'there is no command strat; did you mean start?'],
    [['--verbose'], 'there is no option --verbose'],
    [['start', '--prot', '1'], 'start has no option --prot; did you mean --port?'],
    [['start', '-p', '1'], 'start has no option -p'],
    [['start', '--port', 'x'], '--port must be a number from 0 to 65535, not x'],
    [['start', '--port', '65536'], '--port must be a number'],
    [['start', '--port'], '--port needs a value'],
    [['start', '--port', '--quiet'], '--port needs a value'],
    [['start', '--quiet=yes'], '--quiet takes no value'],
    [['start', 'now'], 'start does not know what to do with now'],
    [['start', '--account', '12'], '--account must be twelve digits, not 12'],
    [['start', '--region', 'here'], '--region must be a region such as eu-west-1, not here'],
    [['start', '--ephemeral', '--data', 'x'], '--ephemeral keeps nothing'],
    [['env', '--shell', 'cmd'], '--shell must be one of'],
    [['exec'], 'exec needs a command to run'],
    [['exec', '--endpoint', 'https://s3.amazonaws.com', '--', 'true'], '--endpoint must be like http://127.0.0.1:4566'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await coffer(...args);
    expect(err).toContain(message);
    expect(err).toMatch(/See `coffer.* --help`\./);
    expect([code, out]).toEqual([2, '']);
  });
});

test('help, everywhere, without an error', async () => {
  const overview = await coffer();
  expect(overview.out).toMatch(/Usage: coffer <command>/);
  const commands = [...overview.out.matchAll(/^ {2}(\w+) {3,}\w/gm)].map(([, name]) => name);
  expect(commands).toEqual(expect.arrayContaining(['start', 'env', 'exec', 'reset']));
  for (const name of commands.filter((command) => command !== 'coffer')) {
    expect(await coffer(name, '--help')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining(`coffer ${name}`),
    });
  }
  expect((await coffer('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('env', () => {
  const env = { AWS_PROFILE: 'work', AWS_ENDPOINT_URL_S3: 'https://real', NO_PROXY: 'corp' };

  test('points a shell here and away from elsewhere', async () => {
    const script = `eval "$(${process.execPath} ${bin} env --port 5000 --account 111122223333)"; env`;
    const shell = spawn('sh', ['-c', script], { env: { PATH: process.env.PATH, ...env } });
    let out = '';
    for await (const chunk of shell.stdout) out += chunk;
    expect(out).toContain('AWS_ENDPOINT_URL=http://127.0.0.1:5000\n');
    expect(out).toContain('AWS_ACCESS_KEY_ID=111122223333\n');
    expect(out).toContain('AWS_REGION=us-east-1\n');
    expect(out).toContain('NO_PROXY=corp,127.0.0.1,localhost\n');
    expect(out).not.toMatch(/AWS_PROFILE|AWS_ENDPOINT_URL_S3/);
  });

  test.each([
    ['fish', /^set -e AWS_PROFILE$[\s\S]*^set -gx AWS_ENDPOINT_URL 'http:\/\/127\.0\.0\.1:4566'$/m],
    ['powershell', /^Remove-Item Env:AWS_PROFILE [\s\S]*^\$Env:AWS_ENDPOINT_URL = 'http:\/\/127\.0\.0\.1:4566'\r?$/m],
  ])('speaks %s', async (shell, expected) => {
    expect((await launch(['env', '--shell', shell], env).ended).out).toMatch(expected);
  });
});

describe('what cannot be done is a sentence and exit code 1', () => {
  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await coffer('start', '--ephemeral', '--port', String(port));
    expect(err).toBe(
      `coffer start: Port ${port} on 127.0.0.1 is in use. Stop what listens there, or choose another with --port (0 for any free one).\n`,
    );
    expect(code).toBe(1);
    server.close();
  });

  test('an address of another machine', async () => {
    const { code, err } = await coffer('start', '--ephemeral', '--port', '0', '--host', '203.0.113.1');
    expect([code, err]).toEqual([1, expect.stringContaining('This machine has no address 203.0.113.1.')]);
  });

  test('a data directory that is something else, or a file', async () => {
    const foreign = join(directory, 'foreign');
    mkdtempSync(foreign);
    writeFileSync(join(directory, 'file'), 'x');
    const other = mkdtempSync(join(directory, 'other-'));
    writeFileSync(join(other, 'precious'), 'x');
    const held = await coffer('start', '--port', '0', '--data', other);
    expect([held.code, held.err]).toEqual([1, expect.stringContaining("holds something that is not Coffer's data")]);
    const wiped = await coffer('reset', '--yes', '--data', other);
    expect([wiped.code, readdirSync(other)]).toEqual([1, ['precious']]);
    const file = await coffer('start', '--port', '0', '--data', join(directory, 'file'));
    expect([file.code, file.err]).toEqual([
      1,
      expect.stringMatching(/^coffer start: The data directory .* cannot be used/),
    ]);
  });

  test('a data directory that may not be written', async () => {
    if (process.getuid?.() === 0) return; // root may
    const closed = mkdtempSync(join(directory, 'closed-'));
    chmodSync(closed, 0o500);
    const { code, err } = await coffer('start', '--port', '0', '--data', closed);
    expect([code, err]).toEqual([1, expect.stringContaining('cannot be used')]);
  });

  test('nothing to talk to', async () => {
    const { code, err } = await coffer('exec', '--port', '1', ...node(''));
    expect([code, err]).toEqual([
      1,
      'coffer exec: Nothing listens at http://127.0.0.1:1. Start it with `coffer start --port 1`.\n',
    ]);
  });

  test('somebody else to talk to', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await coffer('exec', '--port', String(port), ...node(''));
    expect([code, err]).toEqual([1, expect.stringContaining('is not Coffer')]);
    server.close();
  });
});

test('start, exec, reset and the end', async () => {
  const started = launch(['start', '--port', '0', '--account', '111122223333', '--region', 'eu-west-1']);
  const [, url, port] = await started.said(/listens at (http:\/\/127\.0\.0\.1:(\d+))[\s\S]*Ctrl-C/);

  const again = await coffer('start', '--port', '0');
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringMatching(/^coffer start: The data directory .*\.coffer is open in another Coffer/),
  ]);

  const names = ['ENDPOINT_URL', 'ACCESS_KEY_ID', 'REGION', 'PROFILE', 'ENDPOINT_URL_S3', 'CONFIG_FILE'];
  const show = `console.log(...${JSON.stringify(names)}.map((name) => process.env['AWS_' + name] ?? '-'))`;
  const shown = await launch(['exec', '--port', port, ...node(`${show}; process.exit(7)`)], {
    AWS_PROFILE: 'x',
    AWS_ENDPOINT_URL_S3: 'https://s3.amazonaws.com',
    AWS_CONFIG_FILE: 'mine',
  }).ended;
  expect(shown).toMatchObject({ code: 7, out: `${url} 111122223333 eu-west-1 - - ${devNull}\n` });
  const killed = await coffer('exec', '--port', port, ...node('process.kill(process.pid, "SIGKILL")'));
  expect(killed.code).toBe(137);
  const absent = await coffer('exec', '--port', port, '--', 'no-such-command');
  expect([absent.code, absent.err]).toEqual([1, 'coffer exec: There is no command no-such-command.\n']);

  const unsure = await coffer('reset', '--port', port);
  expect([unsure.code, unsure.err]).toEqual([2, expect.stringContaining('say --yes to do it')]);
  expect((await coffer('reset', '--port', port, '--yes')).out).toBe(`the Coffer at ${url} is empty.\n`);

  started.child.kill('SIGINT');
  expect((await started.ended).code).toBe(0);
  expect(existsSync(join(directory, '.coffer/format'))).toBe(true);
  expect((await coffer('reset', '--yes', '--data', '.coffer')).code).toBe(0);
  expect(readdirSync(join(directory, '.coffer'))).toEqual([]);
});

/** The cloud assembly of one stack. */
function assembly(name: string, resources: object, outputs: object = {}): string {
  const own = mkdtempSync(join(directory, 'assembly-'));
  const template = {
    Parameters: { Name: { Type: 'String', Default: 'plain' } },
    Resources: resources,
    Outputs: outputs,
  };
  const properties = { templateFile: `${name}.template.json` };
  const environment = 'aws://unknown-account/unknown-region';
  const artifacts = { [name]: { type: 'aws:cloudformation:stack', environment, properties } };
  writeFileSync(join(own, 'manifest.json'), JSON.stringify({ version: '48.0.0', artifacts }));
  writeFileSync(join(own, `${name}.template.json`), JSON.stringify(template));
  return own;
}

describe('deploy', () => {
  const bucket = { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { Ref: 'Name' } } } };
  const good = () => assembly('Good', bucket, { Where: { Value: { 'Fn::GetAtt': ['Bucket', 'Arn'] } } });
  const data = () => mkdtempSync(join(directory, 'data-'));

  test('into a data directory, and again without changes', async () => {
    const [from, into] = [good(), data()];
    const first = await coffer('deploy', from, '--data', into, '--parameter', 'Name=from-cli');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/✓ CREATE_COMPLETE +AWS::S3::Bucket +Bucket +\d+ ms\n/);
    expect(first.out).toMatch(
      /^Good: deployed, CREATE_COMPLETE, 1 resources, \d+ ms\n {2}Where = arn:aws:s3:::from-cli\n$/m,
    );
    const again = await coffer('deploy', from, '--data', into);
    expect(again.out).toMatch(/^Good: unchanged, CREATE_COMPLETE/);
  });

  test('an app, through the Coffer that runs', async () => {
    const started = launch(['start', '--port', '0', '--ephemeral', '--region', 'eu-west-1', '--quiet']);
    const [, port] = await started.said(/http:\/\/127\.0\.0\.1:(\d+)/);
    const app = `test $CDK_DEFAULT_REGION = eu-west-1 && mkdir -p $CDK_OUTDIR && cp -r ${good()}/* $CDK_OUTDIR`;
    const deployed = await coffer('deploy', app, '--port', port);
    expect(deployed).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Where = arn:aws:s3:::plain') });
    rmSync(join(directory, 'cdk.out'), { recursive: true });
    started.child.kill('SIGINT');
    expect((await started.ended).code).toBe(0);
  });

  test.each<[string, () => string[], number, RegExp]>([
    ['nothing to deploy', () => [], 2, /there is neither cdk\.json nor cdk\.out here/],
    ['a directory that is no assembly', () => [data()], 1, /is not a cloud assembly: it has no manifest\.json/],
    ['an app that fails', () => ['exit 3'], 1, /^coffer deploy: `exit 3` ended with exit code 3\.\n$/],
    ['a stack that is not there', () => [good(), '--stack', 'Bad'], 1, /there is no stack Bad; there are: Good/],
    ['a parameter without value', () => [good(), '--parameter', 'Name'], 2, /--parameter must be name=value, not Name/],
    [
      'a resource that fails',
      () => [assembly('Bad', { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'Not_A_Name' } } })],
      1,
      /^coffer deploy: Bad failed at Bucket \(AWS::S3::Bucket\): /,
    ],
    [
      'a property that does not exist',
      () => [assembly('Bad', { Bucket: { Type: 'AWS::S3::Bucket', Properties: { Colour: 'red' } } })],
      1,
      /Colour/,
    ],
  ])('%s', async (_, args, exitCode, message) => {
    const { code, err } = await coffer('deploy', ...args(), '--data', data());
    expect(err).toMatch(message);
    expect(code).toBe(exitCode);
  });
});

test('the operator answers this machine, with its header, and no web page', async () => {
  const started = launch(['start', '--port', '0', '--ephemeral', '--quiet']);
  const [url] = await started.said(/http:\/\/127\.0\.0\.1:\d+/);
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${url}/_coffer/${path}`, { ...init, headers: { 'x-coffer-operator': 'test', ...init.headers } });

  expect(await (await ask('health')).json()).toMatchObject({ name: 'coffer', defaultRegion: 'us-east-1' });
  expect((await fetch(`${url}/_coffer/reset`, { method: 'POST' })).status).toBe(405);
  expect((await ask('reset')).status).toBe(404);
  const time = async (answer: Response) => Date.parse(((await answer.json()) as { now: string }).now);
  const before = await time(await ask('clock'));
  const moved = await ask('clock', { method: 'POST', body: '{"days":30}' });
  expect((await time(moved)) - before).toBeGreaterThanOrEqual(30 * 86_400_000);
  for (const body of ['{"weeks":1}', '{"days":-1}', '{"days":"1"}', '[]', '{']) {
    expect((await ask('clock', { method: 'POST', body })).status).toBe(400);
  }
  expect(await (await ask('requests')).json()).toHaveLength(1);
  expect((await fetch(url)).status).toBe(403);
  expect(await (await ask('denials')).json()).toEqual([expect.objectContaining({ action: 's3:ListAllMyBuckets' })]);
  started.child.kill('SIGTERM');
  expect((await started.ended).code).toBe(0);
});
