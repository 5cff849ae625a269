/**
 * `npm run conformance -- --suite DIR [--runner FILE] [--contested] [-- pytest arguments]`: runs the public S3 suite
 * (ceph/s3-tests, a checkout of it) against a fresh runtime that has what `coffer.json` declares, and prints
 * `N passed, N failed`. Needs a Python with the suite's requirements: `S3T_PYTHON`. Without `--runner` pytest is run on
 * the suite's headline selection as it is; a runner is given endpoint, suite and a file for failures. See
 * `docs/conformance.md`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CofferConfig, startCoffer } from '@coffer/runtime';
import { contested } from './contested';
import { suiteConfiguration } from './settings';

const FIXTURES = resolve('test/conformance/coffer.json');
const KEY_ARN = 'arn:aws:kms:us-east-1:111111111111:key';
const STORAGE_CLASSES = 'GLACIER_IR, GLACIER';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { suite: { type: 'string' }, runner: { type: 'string' }, contested: { type: 'boolean', default: false } },
  });
  if (values.suite === undefined) {
    console.error('usage: npm run conformance -- --suite DIR [--runner FILE] [--contested] [-- pytest arguments]');
    return 2;
  }
  const coffer = await startCoffer({ config: JSON.parse(readFileSync(FIXTURES, 'utf8')) as CofferConfig });
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const { hostname, port } = new URL(await coffer.listen({ port: 0 }));
    const suite = resolve(values.suite);
    const left = values.contested ? [] : contested;
    const run = { suite, directory, hostname, port, left, more: positionals };
    return await (values.runner ? byRunner(resolve(values.runner), run) : byPytest(run));
  } finally {
    await coffer.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A bucket prefix for each test, so that a bucket under lock cannot spoil the next; who looks at all buckets goes first. */
const PLUGIN = `
import sys
import pytest

def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name != "test_list_buckets_paginated")

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    package = sys.modules.get("s3tests.functional")
    if getattr(package, "prefix", None):
        package.prefix = package.choose_bucket_prefix(template="s3t-{random}-")
`;

interface Run {
  readonly suite: string;
  readonly directory: string;
  readonly hostname: string;
  readonly port: string;
  /** Names of tests to leave out. */
  readonly left: readonly string[];
  readonly more: readonly string[];
}

/** The environment of both: nothing of this machine's own AWS set-up may leak in. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^AWS_|_proxy$/i.test(name));
  return {
    ...Object.fromEntries(own),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DEFAULT_REGION: 'us-east-1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...more,
  };
}

async function byRunner(runner: string, { suite, directory, hostname, port, left, more }: Run): Promise<number> {
  const failures = join(directory, 'failures.tsv');
  const names = join(directory, 'left.txt');
  writeFileSync(names, left.join('\n'));
  const env = environment({
    S3T_KMS_KEYID: `${KEY_ARN}/testkey-1`,
    S3T_KMS_KEYID2: `${KEY_ARN}/testkey-2`,
    S3T_STORAGE_CLASSES: STORAGE_CLASSES,
    S3T_DESELECT: names,
  });
  const output = await outputOf(runner, [`${hostname}:${port}`, suite, failures, ...more], env, suite);
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(output)?.[1] ?? 0);
  console.log(readFileSync(failures, 'utf8').trimEnd());
  return verdict(count('passed'), count('failed') + count('errors'));
}

async function byPytest({ suite, directory, hostname, port, left, more }: Run): Promise<number> {
  const conf = join(directory, 's3tests.conf');
  writeFileSync(conf, suiteConfiguration({ hostname, port, keyArn: KEY_ARN, storageClasses: STORAGE_CLASSES }));
  writeFileSync(join(directory, 'coffer_order.py'), PLUGIN);
  const report = join(directory, 'report.xml');
  const files = ['test_s3.py', 'test_headers.py'].map((file) => `s3tests/functional/${file}`);
  const flags = [
    '-q',
    '--tb=no',
    '-p',
    'no:cacheprovider',
    '-p',
    'coffer_order',
    '-m',
    'not fails_on_aws',
    `--junitxml=${report}`,
  ];
  const deselected = left.flatMap((name) => files.flatMap((file) => ['--deselect', `${file}::${name}`]));
  const python = process.env.S3T_PYTHON ?? 'python3';
  await outputOf(
    python,
    ['-m', 'pytest', ...flags, ...deselected, ...files, ...more],
    environment({ S3TEST_CONF: conf, PYTHONPATH: directory }),
    suite,
  );
  const cases = readFileSync(report, 'utf8').split('<testcase ').slice(1);
  const failed = cases.filter((one) => /<(failure|error)\b/.test(one));
  for (const one of failed) console.log(/\bname="([^"]*)"/.exec(one)?.[1]);
  const skipped = cases.filter((one) => one.includes('<skipped'));
  return verdict(cases.length - failed.length - skipped.length, failed.length);
}

function outputOf(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject).on('close', () => done(output));
  });
}

function verdict(passed: number, failed: number): number {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
