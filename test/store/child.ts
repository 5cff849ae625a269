/** Builds and starts `writer.ts` as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** @returns path of the script */
export function bundle(directory: string): string {
  const outfile = join(directory, 'writer.cjs');
  const entryPoints = [join(__dirname, 'writer.ts')];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', packages: 'external' });
  return outfile;
}

export function start(script: string, ...args: string[]): ChildProcess {
  const env = { ...process.env, NODE_PATH: join(__dirname, '../../node_modules') };
  return spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
}

/** Resolves with the first output. */
export function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the writer exited with ${code}`)));
  });
}

/** Kills without warning; resolves when all of its output has been read. */
export function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });
}
