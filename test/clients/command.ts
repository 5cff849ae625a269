/** Runs other people's programs against a runtime, as a user's shell would, and tells loudly when one is not installed. */
import { spawn, spawnSync } from 'node:child_process';

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The variables that point a client at `endpoint` with plain credentials, and nothing of this machine's own set-up. */
export function environment(endpoint: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    ...more,
  };
}

/** Runs a program to its end without blocking this process, which may be serving it. */
export function run(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd?: string,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

/** `describe`, or a skipped one with a loud line when `probe` does not run here. */
export function describeWith(name: string, probe: readonly [string, ...string[]]): jest.Describe {
  const [command, ...args] = probe;
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return describe;
  process.stderr.write(`\n*** SKIPPED: ${name} is not installed here, its tests did not run ***\n\n`);
  return describe.skip;
}
