/** What a subcommand is, how its options are read and how its help is printed. */
import { parseArgs } from 'node:util';
import { closest } from '../base/spelling';

export interface Option {
  /** `list`: may be given more than once. */
  readonly type: 'string' | 'boolean' | 'list';
  /** What stands for the value in the help: `--port <n>`. */
  readonly value?: string;
  readonly says: string;
}

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Command {
  readonly name: string;
  /** What stands after `coffer <name>` in the usage line, besides options. */
  readonly operands?: string;
  /** One or two sentences. */
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples?: readonly string[];
  /** The first operand ends the options: all that follows belongs to another program. */
  readonly passesOn?: boolean;
  /** @returns the exit code */
  run(values: Values, words: readonly string[]): Promise<number>;
}

/** The user asked wrongly: exit code 2, with a pointer to the help. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly meant?: string,
  ) {
    super(message);
  }
}

/** Something could not be done, for a reason that the message says. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

export interface Parsed {
  readonly values: Values;
  readonly words: readonly string[];
  readonly help: boolean;
}

/** @throws UsageError */
export function parse(command: Command, argv: readonly string[]): Parsed {
  const end = command.passesOn ? endOfOptions(command, argv) : argv.length;
  const own = argv.slice(0, end);
  const passed = argv.slice(argv[end] === '--' ? end + 1 : end);
  const options = Object.fromEntries(
    Object.keys(command.options).map((name) => [name, { type: typeFor(command, name) }]),
  );
  const { tokens } = parseArgs({
    args: own,
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | boolean | string[]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = token.name === 'help' ? { type: 'boolean' } : command.options[token.name];
    if (!option) {
      const meant = closest(token.name, [...Object.keys(command.options), 'help']);
      throw new UsageError(`${command.name} has no option ${token.rawName}`, meant && `--${meant}`);
    }
    if (option.type === 'boolean' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    if (option.type !== 'boolean' && (!token.value || token.value.startsWith('--'))) {
      throw new UsageError(`${token.rawName} needs a value`);
    }
    if (option.type === 'list') values[token.name] = [...list(values, token.name), token.value as string];
    else values[token.name] = token.value ?? true;
  }
  if (!command.operands && words.length > 0) {
    throw new UsageError(`${command.name} does not know what to do with ${words[0]}`);
  }
  return { values, words: [...words, ...passed], help: values.help === true };
}

/** In terms of `parseArgs`. */
function typeFor(command: Command, name: string): 'string' | 'boolean' {
  return command.options[name]?.type === 'boolean' || !(name in command.options) ? 'boolean' : 'string';
}

/** Where another program's command line begins. */
function endOfOptions(command: Command, argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--' || !argv[i].startsWith('-')) return i;
    const name = argv[i].replace(/^--/, '');
    if (typeFor(command, name) === 'string') i++;
  }
  return argv.length;
}

export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(([name, { value, says }]) => [
    value ? `--${name} <${value}>` : `--${name}`,
    says,
  ]);
  const width = Math.max(...rows.map(([left]) => left.length), '--help'.length);
  const lines = [
    `Usage: coffer ${command.name} [options]${command.operands ? ` ${command.operands}` : ''}`,
    '',
    command.about,
    '',
    ...[...rows, ['--help', 'print this']].map(([left, right]) => `  ${left.padEnd(width)}   ${right}`),
  ];
  if (command.examples) lines.push('', 'Examples:', ...command.examples.map((example) => `  ${example}`));
  return lines.join('\n');
}

// ---- values --------------------------------------------------------------------------------------------------------

export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function list(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value : [];
}

/** @throws UsageError unless it is a port */
export function port(values: Values, otherwise: number): number {
  const given = text(values, 'port');
  if (given === undefined) return otherwise;
  if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) {
    throw new UsageError(`--port must be a number from 0 to 65535, not ${given}`);
  }
  return Number(given);
}

/** @throws UsageError unless it is an account id */
export function account(values: Values): string | undefined {
  const given = text(values, 'account');
  if (given !== undefined && !/^\d{12}$/.test(given)) {
    throw new UsageError(`--account must be twelve digits, not ${given}`);
  }
  return given;
}

/** @throws UsageError unless it looks like a region */
export function region(values: Values): string | undefined {
  const given = text(values, 'region');
  if (given !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(given)) {
    throw new UsageError(`--region must be a region such as eu-west-1, not ${given}`);
  }
  return given;
}
