/** Runs a CDK app as the CDK CLI runs it: its command, the settings of `cdk.json`, the same environment variables. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The app could not be run or failed. What it printed is in the message, unless `onOutput` has shown it. */
export class SynthesisFailed extends Error {
  override readonly name = 'SynthesisFailed';
}

export interface SynthesisOptions {
  /** Command that synthesises. @default `app` of `cdk.json` in the working directory */
  readonly app?: string;
  /** Where the cloud assembly goes. @default `output` of `cdk.json`, or `cdk.out` */
  readonly directory?: string;
  /** `CDK_DEFAULT_ACCOUNT`. @default '000000000000' */
  readonly account?: string;
  /** `CDK_DEFAULT_REGION`. @default 'us-east-1' */
  readonly region?: string;
  /** Takes what the app prints, as it comes. @default it is kept for the error */
  readonly onOutput?: (chunk: Buffer) => void;
}

interface CdkJson {
  readonly app?: string;
  readonly output?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * @returns the directory of the cloud assembly
 * @throws SynthesisFailed
 */
export async function synthesise(options: SynthesisOptions = {}): Promise<string> {
  const settings = readJson('cdk.json') as CdkJson;
  const { app = settings.app, account = '000000000000', region = 'us-east-1', onOutput } = options;
  if (app === undefined) throw new SynthesisFailed('there is no app: neither a command was given nor has cdk.json one');
  const directory = resolve(options.directory ?? settings.output ?? 'cdk.out');
  const kept: Buffer[] = [];
  const code = await run(app, onOutput ?? ((chunk) => kept.push(chunk)), {
    CDK_OUTDIR: directory,
    CDK_CONTEXT_JSON: JSON.stringify({ ...readJson('cdk.context.json'), ...settings.context }),
    CDK_DEFAULT_ACCOUNT: account,
    CDK_DEFAULT_REGION: region,
  });
  if (code === 0) return directory;
  const printed = Buffer.concat(kept).toString().trimEnd();
  throw new SynthesisFailed(`\`${app}\` ended with exit code ${code}${printed === '' ? '.' : `:\n${printed}`}`);
}

/** The app that `cdk.json` of the working directory names. */
export function appOfCdkJson(): string | undefined {
  return (readJson('cdk.json') as CdkJson).app;
}

/** Where the app of `cdk.json` puts its assembly. */
export function outputOfCdkJson(): string {
  return (readJson('cdk.json') as CdkJson).output ?? 'cdk.out';
}

function readJson(name: string): object {
  if (!existsSync(name)) return {};
  try {
    return JSON.parse(readFileSync(name, 'utf8')) as object;
  } catch (error) {
    throw new SynthesisFailed(`${name} cannot be read: ${(error as Error).message}.`);
  }
}

function run(app: string, show: (chunk: Buffer) => void, environment: Record<string, string>): Promise<number | null> {
  return new Promise((done, failed) => {
    const child = spawn(app, {
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    child.stdout.on('data', show);
    child.stderr.on('data', show);
    child.once('error', failed);
    child.once('close', done);
  });
}
