/** `coffer access`: who may do what, in the Coffer that runs or in an assembly; with `--diff`, how a change widens it. */
import { resolve } from 'node:path';
import type { Access } from '../access/access';
import { compareAccess } from '../access/assemblies';
import { DeployFailed } from '../deployment';
import { AssemblyError } from '../services/cloudformation/deploy';
import { type Command, Failure, UsageError, type Values } from './command';
import { askRunning, inAssembly, isDirectory } from './subject';

export const access: Command = {
  name: 'access',
  operands: '[stack | cdk.out] | --diff <old cdk.out> <new cdk.out>',
  about:
    'Prints who may do what: principals, actions, resources, each allowed, or conditional with its conditions. Asks the\n' +
    'Coffer that runs, about a stack or everything; a cloud assembly is deployed into a runtime of its own and forgotten.\n' +
    'With --diff two assemblies are compared: what widens, what narrows; the exit code is 1 when anything widens.',
  options: {
    diff: { type: 'boolean', says: 'compare two assemblies' },
    json: { type: 'boolean', says: 'print rows as JSON; denied ones too' },
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
  },
  examples: ['coffer access', 'coffer access AppData', 'coffer access cdk.out --json', 'coffer access --diff old new'],
  async run(values, words) {
    try {
      return values.diff ? await compare(values, words) : await print(values, words);
    } catch (error) {
      throw error instanceof DeployFailed || error instanceof AssemblyError ? new Failure(error.message) : error;
    }
  },
};

async function compare(values: Values, words: readonly string[]): Promise<number> {
  if (words.length !== 2) throw new UsageError('--diff compares two assemblies: the old one and the new one');
  const [before, after] = words.map((word) => {
    if (!isDirectory(word)) throw new Failure(`There is no directory ${word}.`);
    return resolve(word);
  });
  const { text: readable, ...data } = await compareAccess(before, after);
  console.log(values.json ? JSON.stringify(data, undefined, 2) : readable);
  return data.widens ? 1 : 0;
}

async function print(values: Values, words: readonly string[]): Promise<number> {
  if (words.length > 1) throw new UsageError('access tells of one stack or assembly at a time');
  const [what] = words;
  const { rows, text: readable } = await (isDirectory(what)
    ? inAssembly(what, (coffer) => coffer.access())
    : askRunning<Access>(values, 'access', { stack: what }));
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : readable);
  return 0;
}
