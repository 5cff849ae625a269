/**
 * What the constructs cost those who use them: importing the package after aws-cdk-lib, and synthesising every stack of
 * the app, in a process of its own each, with and without CDK's built-in template validator. CPU time beside the clock,
 * for the clock counts what else the machine does.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median, type Row } from './rows';

const TIMES = 5;

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const IMPORT = `
require('aws-cdk-lib');
const from = [performance.now(), process.cpuUsage()];
require('@coffer/constructs');
const cpu = process.cpuUsage(from[1]);
console.log(JSON.stringify({ wallMs: performance.now() - from[0], cpuMs: (cpu.user + cpu.system) / 1000 }));
`;

/** The app as \`cdk synth\` runs it; the cost of the whole process, loading included. */
const SYNTH = `
process.on('exit', () => {
  const cpu = process.cpuUsage();
  console.log(JSON.stringify({ wallMs: performance.now(), cpuMs: (cpu.user + cpu.system) / 1000 }));
});
require(process.argv[1]);
`;

function measured(script: string, args: string[], env: NodeJS.ProcessEnv): Cost {
  const all = Array.from({ length: TIMES + 1 }, () => {
    const run = spawnSync(process.execPath, ['-e', script, ...args], {
      cwd: resolve(__dirname, '../..'),
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout.trim().split('\n').at(-1) as string) as Cost;
  }).slice(1); // The first one warms the disk's cache.
  return { wallMs: median(all.map((one) => one.wallMs)), cpuMs: median(all.map((one) => one.cpuMs)) };
}

const shown = ({ wallMs, cpuMs }: Cost) => `${wallMs.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of CPU)`;

export async function constructs(): Promise<Row[]> {
  const { context } = JSON.parse(readFileSync(resolve(__dirname, '../../cdk.json'), 'utf8'));
  const outdir = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
  try {
    // Other groups leave the validator out.
    const env = { CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: outdir, CDK_VALIDATION: undefined };
    const app = [resolve(__dirname, '../bin/app.js')];
    return [
      {
        name: `importing @coffer/constructs after aws-cdk-lib, median of ${TIMES}`,
        value: shown(measured(IMPORT, [], {})),
        target: '< 100 ms',
      },
      { name: 'synth of all stacks, cdk-nag included', value: shown(measured(SYNTH, app, env)), target: '< 3 s' },
      {
        name: "the same without CDK's template validator (`CDK_VALIDATION=false`)",
        value: shown(measured(SYNTH, app, { ...env, CDK_VALIDATION: 'false' })),
        target: '',
      },
    ];
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
