/** From what the user named to a cloud assembly: a directory as it is, or the output of an app run as the CDK CLI runs it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure, UsageError } from './command';

interface CdkJson {
  readonly app?: string;
  readonly output?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * @param words a directory, or a command; nothing: the app of `cdk.json`, or else `cdk.out`
 * @throws Failure when there is no assembly to be had
 */
export async function assemblyOf(words: readonly string[], account: string, region: string): Promise<string> {
  const [first] = words;
  if (words.length === 1 && existsSync(first) && statSync(first).isDirectory()) return checked(resolve(first));
  const settings = readJson('cdk.json') as CdkJson;
  const app = words.length > 0 ? words.join(' ') : settings.app;
  if (app === undefined) {
    if (existsSync('cdk.out')) return checked(resolve('cdk.out'));
    throw new UsageError('deploy needs a cloud assembly or an app: there is neither cdk.json nor cdk.out here');
  }
  const directory = resolve(settings.output ?? 'cdk.out');
  await synthesise(app, {
    CDK_OUTDIR: directory,
    CDK_CONTEXT_JSON: JSON.stringify({ ...readJson('cdk.context.json'), ...settings.context }),
    CDK_DEFAULT_ACCOUNT: account,
    CDK_DEFAULT_REGION: region,
  });
  return checked(directory);
}

/** @throws Failure unless a manifest is in it */
function checked(directory: string): string {
  if (existsSync(join(directory, 'manifest.json'))) return directory;
  throw new Failure(`${directory} is not a cloud assembly: it has no manifest.json.`);
}

function readJson(name: string): object {
  if (!existsSync(name)) return {};
  try {
    return JSON.parse(readFileSync(name, 'utf8')) as object;
  } catch (error) {
    throw new Failure(`${name} cannot be read: ${(error as Error).message}.`);
  }
}

/** What the app prints goes to the terminal, as with the CDK CLI. */
function synthesise(app: string, environment: Record<string, string>): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(app, {
      shell: true,
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, ...environment },
    });
    child.once('error', failed);
    child.once('close', (code) =>
      code === 0 ? done() : failed(new Failure(`\`${app}\` ended with exit code ${code}.`)),
    );
  });
}
