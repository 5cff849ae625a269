/**
 * The command `coffer`. Each subcommand is a file in `cli/`, loaded when it is asked for; what is common stands here:
 * finding the command, help, and what an error looks like. Exit codes: 0 done, 1 could not be done, 2 asked wrongly.
 */

import { closest } from './base/spelling';
import { type Command, helpOf, parse, UsageError } from './cli/command';

const commands: Readonly<Record<string, { summary: string; load: () => Command }>> = {
  start: { summary: 'run the local AWS behind one port', load: () => require('./cli/start').start },
  up: { summary: 'deploy an app, and again when it changes', load: () => require('./cli/up').up },
  deploy: { summary: 'deploy a CDK app or its cdk.out', load: () => require('./cli/deploy').deploy },
  env: { summary: 'print what points a shell here', load: () => require('./cli/env').env },
  exec: { summary: 'run one command pointed here', load: () => require('./cli/exec').exec },
  access: { summary: 'print who may do what, or how a change widens it', load: () => require('./cli/access').access },
  audit: { summary: 'prove what is deployed by attacking a copy of it', load: () => require('./cli/audit').audit },
  lint: { summary: 'find policies that name what does not exist', load: () => require('./cli/lint').lint },
  why: { summary: 'tell why a request was allowed or refused', load: () => require('./cli/why').why },
  reset: { summary: 'forget everything that is stored', load: () => require('./cli/reset').reset },
};

/** Runs the command line and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(argv);
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const about = name === 'help' ? rest[0] : undefined;
    if (about !== undefined && !Object.hasOwn(commands, about)) return unknown(about);
    console.log(about === undefined ? overview() : helpOf(commands[about].load()));
    return 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(version());
    return 0;
  }
  if (!Object.hasOwn(commands, name)) return unknown(name);
  const command = commands[name].load();
  try {
    const { values, words, help } = parse(command, rest);
    if (help) {
      console.log(helpOf(command));
      return 0;
    }
    return await command.run(values, words);
  } catch (error) {
    if (error instanceof UsageError) return misused(error.message, error.meant, `coffer ${name} --help`);
    console.error(`coffer ${name}: ${sentence(error)}`);
    return 1;
  }
}

function unknown(name: string): number {
  const kind = name.startsWith('-') ? 'option' : 'command';
  return misused(`there is no ${kind} ${name}`, closest(name, Object.keys(commands)), 'coffer --help');
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return [
    'Coffer: a local AWS for S3-centred stacks, strict about being real.',
    '',
    'Usage: coffer <command> [options]',
    '',
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}   ${summary}`),
    '',
    'Begin with:',
    '  coffer start                       and, in another terminal,',
    '  coffer exec -- aws s3 mb s3://first',
    '',
    '`coffer <command> --help` tells more. `coffer --version` prints the version.',
  ].join('\n');
}

function version(): string {
  return (require('../package.json') as { version: string }).version;
}

function misused(what: string, meant: string | undefined, where: string): number {
  console.error(`coffer: ${what}${meant ? `; did you mean ${meant}?` : ''}\nSee \`${where}\`.`);
  return 2;
}

/** An error that the user can act on is a sentence; any other is a defect and shows where it happened. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error.name !== 'Error' && !/^(Type|Range|Reference|Syntax)Error$/.test(error.name);
  return expected || !error.stack ? error.message : error.stack;
}
