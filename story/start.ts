/**
 * `npm start`: the main job, end to end. Synthesises the app, shows what cdk-nag found, starts the runtime, deploys
 * every stack, tells the story, and stays up until Ctrl-C.
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Coffer, type DeployReport, startCoffer, synthesise } from '@coffer/runtime';
import { findingsIn } from './findings';
import { Progress } from './progress';
import { type Outputs, TaleFailed, tell } from './tale';

const USAGE = `npm start -- [options]

  --port <n>          where the runtime listens; 0 for any free port (default 4566)
  --data <directory>  where its data is kept (default ./.coffer)
  --ephemeral         keep nothing
  --once              end after the story, with 0 or 1
  --help              this text`;

/** Said to the user in one sentence; exit code 1. */
class Stopped extends Error {}

interface Settings {
  readonly port: number;
  readonly directory: string | undefined;
  readonly once: boolean;
}

function settings(args: string[]): Settings | undefined {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4566' },
      data: { type: 'string' },
      ephemeral: { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new TypeError(`--port must be 0 to 65535, not ${values.port}`);
  if (values.ephemeral && values.data !== undefined)
    throw new TypeError('--ephemeral keeps nothing, so --data makes no sense');
  return { port, directory: values.ephemeral ? undefined : (values.data ?? '.coffer'), once: values.once };
}

const say = (line = ''): void => console.log(line);

async function main(args: string[]): Promise<number> {
  let chosen: Settings | undefined;
  try {
    chosen = settings(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (chosen === undefined) {
    say(USAGE);
    return 0;
  }

  // The SDK's advice about Node versions is not part of the story.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  let coffer: Coffer | undefined;
  try {
    const assembly = await check();
    coffer = await startCoffer({ directory: chosen.directory, report: (line) => console.error(line) });
    const endpoint = await listen(coffer, chosen.port);
    const report = await deploy(coffer, assembly);
    say();
    await tell(coffer, endpoint, outputsOf(report), 'README.md', (line) => say(`  ${line}`));
    say();
    say(
      `Point a client here:  eval "$(npx coffer env${chosen.port === 4566 ? '' : ` --port ${new URL(endpoint).port}`})"`,
    );
    say(
      `or set                AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1`,
    );
    if (chosen.once) return 0;
    say('\nIt stays up until Ctrl-C.');
    await interrupted();
    return 0;
  } catch (error) {
    console.error(explained(error));
    return 1;
  } finally {
    await coffer?.close();
  }
}

/** @returns the directory of the cloud assembly, which cdk-nag has nothing against */
async function check(): Promise<string> {
  const from = performance.now();
  const directory = await synthesise();
  say(`Synthesised into ${relative('', directory)} in ${((performance.now() - from) / 1000).toFixed(1)} s`);
  const findings = await findingsIn(directory);
  for (const { rule, severity, description, constructPaths } of findings) {
    say(`  ${severity} ${rule}: ${description}`);
    for (const path of constructPaths) say(`    at ${path}`);
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new Stopped(`cdk-nag found ${errors} errors; nothing was deployed.`);
  say(
    `cdk-nag (AwsSolutions): ${findings.length === 0 ? 'nothing to report' : `${findings.length} findings, none an error`}`,
  );
  return directory;
}

async function listen(coffer: Coffer, port: number): Promise<string> {
  try {
    const endpoint = await coffer.listen({ port });
    say(`Coffer listens at ${endpoint}: signatures, IAM, bucket and key policies are enforced`);
    return endpoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Stopped(`Port ${port} is in use. Stop what listens there, or choose another with --port (0 for any).`);
  }
}

async function deploy(coffer: Coffer, directory: string): Promise<DeployReport> {
  const progress = new Progress(process.stdout);
  const report = await coffer.deploy(directory, { onProgress: (event) => progress.show(event) });
  progress.end();
  for (const { stackName, status, outcome, durationMs, inert, outputs } of report.stacks) {
    say(`${stackName}: ${outcome}, ${status}, in ${durationMs.toFixed(0)} ms`);
    for (const [type, logicalIds] of Object.entries(inert)) {
      say(`  INERT, kept but not acted on: ${type} (${logicalIds.join(', ')})`);
    }
    for (const [name, value] of Object.entries(outputs)) say(`  ${name} = ${value}`);
  }
  return report;
}

function outputsOf({ stacks }: DeployReport): Outputs {
  const stack = stacks.find(({ stackName }) => stackName === 'AppData');
  if (stack === undefined) throw new Stopped('The app has no stack AppData, which the story is about.');
  return stack.outputs as unknown as Outputs;
}

function explained(error: unknown): string {
  if (error instanceof Stopped || error instanceof TaleFailed) return error.message;
  if (!(error instanceof Error)) return String(error);
  // Named errors of the runtime (data directory, deployment) say what is wrong; anything else is a defect.
  return error.name === 'Error' || error.name === 'TypeError' ? (error.stack ?? error.message) : error.message;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
