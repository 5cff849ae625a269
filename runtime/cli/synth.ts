/** From what the user named to a cloud assembly: a directory as it is, or the output of an app. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { appOfCdkJson, SynthesisFailed, synthesise } from '../synthesis';
import { Failure, UsageError } from './command';

/**
 * @param words a directory, or a command; nothing: the app of `cdk.json`, or else `cdk.out`
 * @throws Failure when there is no assembly to be had
 */
export async function assemblyOf(words: readonly string[], account: string, region: string): Promise<string> {
  const [first] = words;
  if (words.length === 1 && existsSync(first) && statSync(first).isDirectory()) return checked(resolve(first));
  try {
    const app = words.length > 0 ? words.join(' ') : appOfCdkJson();
    if (app === undefined) {
      if (existsSync('cdk.out')) return checked(resolve('cdk.out'));
      throw new UsageError('deploy needs a cloud assembly or an app: there is neither cdk.json nor cdk.out here');
    }
    // What the app prints goes to the terminal, as with the CDK CLI.
    return checked(await synthesise({ app, account, region, onOutput: (chunk) => process.stderr.write(chunk) }));
  } catch (error) {
    if (error instanceof SynthesisFailed) throw new Failure(error.message);
    throw error;
  }
}

/** @throws Failure unless a manifest is in it */
function checked(directory: string): string {
  if (existsSync(join(directory, 'manifest.json'))) return directory;
  throw new Failure(`${directory} is not a cloud assembly: it has no manifest.json.`);
}
