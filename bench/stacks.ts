/** Deploying: the repository's app, synthesised beforehand, into a fresh runtime, and again without changes. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startCoffer } from '@coffer/runtime';
import type { Row } from './rows';

export async function stacks(): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-bench-'));
  const coffer = await startCoffer();
  try {
    await promisify(execFile)(process.execPath, [resolve(__dirname, '../bin/app.js')], {
      env: { ...process.env, CDK_OUTDIR: directory, CDK_VALIDATION: 'false' },
    });
    const timed = async (): Promise<number> => {
      const from = performance.now();
      await coffer.deploy(directory);
      return performance.now() - from;
    };
    const first = await timed();
    const again = await timed();
    return [
      { name: "the app's stacks, first deploy after synth", value: `${first.toFixed(0)} ms`, target: '< 500 ms' },
      { name: 'the same, nothing changed', value: `${again.toFixed(0)} ms`, target: '' },
    ];
  } finally {
    await coffer.close();
    await rm(directory, { recursive: true, force: true });
  }
}
