/**
 * Deploying: the repository's app and the probe app (75 resources, five stacks, two Regions), synthesised beforehand, into a
 * fresh runtime and again without changes; in process and through the CDK CLI, from the start of its process to its end.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startCoffer } from '@coffer/runtime';
import { cdkCommand } from '../test/cdk/command';
import { synthesiseProbe } from '../test/cdk/probe';
import type { Row } from './rows';

const RESOURCES = 500;

export async function stacks(): Promise<Row[]> {
  process.env.CDK_VALIDATION = 'false';
  const directory = await mkdtemp(join(tmpdir(), 'coffer-bench-'));
  try {
    const app = join(directory, 'app');
    await promisify(execFile)(process.execPath, [resolve(__dirname, '../bin/app.js')], {
      env: { ...process.env, CDK_OUTDIR: app },
    });
    const probe = synthesiseProbe({ outdir: join(directory, 'probe') });
    const [first, again] = await inProcess(app);
    const [probeFirst, probeAgain] = await inProcess(probe);
    const code = 'exports.handler = async () => 2;';
    const [, swapped] = await inProcess(probe, synthesiseProbe({ outdir: join(directory, 'code'), code }));
    const through = await throughCli(directory, probe);
    return [
      { name: "the app's stacks, first deploy after synth", value: ms(first), target: '< 500 ms' },
      { name: 'the same, nothing changed', value: ms(again), target: '' },
      { name: '75 resources in 5 stacks, in process', value: ms(probeFirst), target: '< 700 ms' },
      { name: 'the same, nothing changed', value: ms(probeAgain), target: '< 50 ms' },
      { name: 'the same, code of one function changed', value: ms(swapped), target: '< 300 ms' },
      { name: '75 resources in 5 stacks, `cdk deploy --all`', value: ms(through.first), target: '< 4 s' },
      { name: 'the same, nothing changed', value: ms(through.again), target: '< 2.5 s' },
      { name: '`cdk destroy --all` of them', value: ms(through.destroyed), target: '' },
      { name: `${RESOURCES} buckets in one stack, in process`, value: ms(await manyBuckets()), target: '< 3 s' },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const ms = (value: number) => `${value.toFixed(0)} ms`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** @param then what is deployed after it */
async function inProcess(assembly: string, then = assembly): Promise<[number, number]> {
  const coffer = await startCoffer();
  try {
    return [await timed(() => coffer.deploy(assembly)), await timed(() => coffer.deploy(then))];
  } finally {
    await coffer.close();
  }
}

async function throughCli(directory: string, assembly: string) {
  const coffer = await startCoffer();
  try {
    const cdk = cdkCommand({ endpoint: await coffer.listen({ port: 0 }), directory });
    const run = (...args: string[]) =>
      timed(async () => {
        const { code, said } = await cdk(...args, '--all', '--app', assembly);
        if (code !== 0) throw new Error(said);
      });
    const deploy = () => run('deploy', '--require-approval', 'never', '--concurrency', '5');
    return { first: await deploy(), again: await deploy(), destroyed: await run('destroy', '--force') };
  } finally {
    await coffer.close();
  }
}

async function manyBuckets(): Promise<number> {
  const coffer = await startCoffer();
  try {
    const bucket = { Type: 'AWS::S3::Bucket', Properties: { VersioningConfiguration: { Status: 'Enabled' } } };
    const Resources = Object.fromEntries(Array.from({ length: RESOURCES }, (_, i) => [`Bucket${i}`, bucket]));
    return await timed(() => coffer.deploy({ template: { Resources }, stackName: 'Many' }));
  } finally {
    await coffer.close();
  }
}
