/** `coffer deploy`: into the Coffer that runs, or else straight into a data directory. */
import { resolve } from 'node:path';
import { startCoffer } from '../coffer';
import { DeployFailed } from '../deployment';
import { type Summary, summaryOf } from '../operator';
import { AssemblyError, type ProgressEvent } from '../services/cloudformation/deploy';
import { type Command, Failure, list, port, text, UsageError, type Values } from './command';
import { askForLines, findServer, likelyEndpoint, type Server } from './server';
import { assemblyOf } from './synth';

/** What is deployed, and how; shared with `coffer up`. */
export const inputOptions = {
  stack: {
    type: 'list',
    value: 'name',
    says: 'only this stack and those that it needs; may be given more than once',
  },
  parameter: {
    type: 'list',
    value: 'name=value',
    says: 'a template parameter, also as stack:name=value; may be repeated',
  },
  strict: { type: 'boolean', says: 'refuse resource types that do nothing here' },
} as const;

export const deploy: Command = {
  name: 'deploy',
  operands: '[cdk.out | app command]',
  about:
    'Deploys every stack of a cloud assembly, or of the app that a command synthesises (default: the app of cdk.json),\n' +
    'into the Coffer that runs, or else into the data directory, to be there at the next start.',
  options: {
    ...inputOptions,
    port: { type: 'string', value: 'n', says: 'of the Coffer that runs (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
    data: { type: 'string', value: 'directory', says: 'of a Coffer that does not run (default ./.coffer)' },
  },
  examples: ['coffer deploy', 'coffer deploy cdk.out --stack AppData', 'coffer deploy "npx ts-node bin/app.ts"'],
  async run(values, words) {
    const given = values.port === undefined ? text(values, 'endpoint') : `http://127.0.0.1:${port(values, 0)}`;
    const url = likelyEndpoint(given);
    const server = values.data === undefined ? await findServer(url) : undefined;
    if (!server && given !== undefined) throw new Failure(`Nothing listens at ${url}.`);
    const { defaultAccount = '000000000000', defaultRegion = 'us-east-1' } = server ?? {};
    const input = { ...readInput(values), directory: await assemblyOf(words, defaultAccount, defaultRegion) };
    const failure = await (server ? throughServer(server, input) : intoDirectory(values, input));
    if (failure !== undefined) throw new Failure(failure);
    return 0;
  },
};

export interface Input {
  readonly stacks?: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  /** Absent: as the Coffer was started. */
  readonly strict?: boolean;
}

type Assembled = Input & { readonly directory: string };

export function readInput(values: Values): Input {
  return {
    stacks: values.stack === undefined ? undefined : list(values, 'stack'),
    parameters: parametersIn(values),
    strict: values.strict === true || undefined,
  };
}

function parametersIn(values: Values): Record<string, string> {
  return Object.fromEntries(
    list(values, 'parameter').map((pair) => {
      const equals = pair.indexOf('=');
      if (equals <= 0) throw new UsageError(`--parameter must be name=value, not ${pair}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

type Line = { readonly progress: ProgressEvent } | Summary | { readonly error: string };

/** @returns why it failed */
export async function throughServer({ url }: Server, input: Assembled): Promise<string | undefined> {
  let failure: string | undefined;
  for await (const line of askForLines(url, 'deploy', input) as AsyncGenerator<Line>) {
    if ('progress' in line) printProgress(line.progress);
    else if ('stacks' in line) printSummary(line);
    else failure = line.error;
  }
  return failure;
}

async function intoDirectory(values: Values, { directory, ...options }: Assembled): Promise<string | undefined> {
  const data = resolve(text(values, 'data') ?? '.coffer');
  const coffer = await startCoffer({ directory: data, report: (line) => console.error(line) });
  try {
    const deployment = await coffer.deploy(directory, { ...options, onProgress: printProgress });
    printSummary(await summaryOf(coffer, deployment));
    await coffer.settled();
    return undefined;
  } catch (error) {
    if (error instanceof DeployFailed) printSummary(await summaryOf(coffer, error.deployment));
    else if (!(error instanceof AssemblyError)) throw error;
    return error.message;
  } finally {
    await coffer.close();
  }
}

function printProgress(event: ProgressEvent): void {
  const { stackName, logicalId, type, status, constructPath, durationMs, changed = [], reason = '' } = event;
  if (logicalId === stackName) return; // the summary tells of the stack
  const mark = status.endsWith('_FAILED') ? '✗' : '✓';
  const where = constructPath ?? logicalId;
  const what = changed.length > 0 ? `  ${changed.join(', ')}` : '';
  console.log(`  ${mark} ${status.padEnd(18)} ${type}  ${where}${what}  ${durationMs.toFixed(0)} ms`);
  if (status.endsWith('_FAILED') && reason !== '') console.log(`    ${reason}`);
}

function printSummary({ stacks, findings }: Summary): void {
  for (const { stackName, outcome, status, outputs, durationMs, resources, inert } of stacks) {
    const what = status === undefined ? outcome : `${outcome}, ${status}`;
    console.log(`${stackName}: ${what}, ${resources} resources, ${durationMs.toFixed(0)} ms`);
    for (const [type, ids] of Object.entries(inert)) {
      console.log(`  INERT ${type}: kept, but does nothing here (${ids.join(', ')})`);
    }
    for (const [name, value] of Object.entries(outputs)) console.log(`  ${name} = ${value}`);
  }
  for (const line of findings) console.log(`FINDING ${line}`);
}
