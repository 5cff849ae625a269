/** `coffer lint`: policies that name what does not exist, in the Coffer that runs or in an assembly. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { startCoffer } from '../coffer';
import { DeployFailed } from '../deployment';
import { findingLine, type PolicyFinding } from '../findings';
import { AssemblyError } from '../services/cloudformation/deploy';
import { type Command, Failure, port, text, UsageError, type Values } from './command';
import { ask, findServer, likelyEndpoint, nobodyAt } from './server';

export const lint: Command = {
  name: 'lint',
  operands: '[cdk.out]',
  about:
    'Holds every policy to the actions, resources and condition keys that AWS documents, and prints what AWS would accept\n' +
    'and nobody can have meant: an action or key that does not exist, a key that no request for the action carries, a\n' +
    'resource that the action never applies to. Asks the Coffer that runs; a cloud assembly is deployed into a runtime of\n' +
    'its own and forgotten. The exit code is 1 when there is a finding.',
  options: {
    json: { type: 'boolean', says: 'print findings as JSON' },
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
  },
  examples: ['coffer lint', 'coffer lint cdk.out'],
  async run(values, words) {
    if (words.length > 1) throw new UsageError('lint looks at one assembly at a time');
    const [directory] = words;
    const findings = directory === undefined ? await running(values) : await inAssembly(directory);
    if (values.json) console.log(JSON.stringify(findings, undefined, 2));
    else for (const finding of findings) console.log(findingLine(finding));
    return findings.length > 0 ? 1 : 0;
  },
};

async function running(values: Values): Promise<readonly PolicyFinding[]> {
  const given = values.port === undefined ? text(values, 'endpoint') : `http://127.0.0.1:${port(values, 0)}`;
  const url = likelyEndpoint(given);
  if (!(await findServer(url))) throw nobodyAt(url);
  return (await ask(url, 'GET', 'findings')) as PolicyFinding[];
}

async function inAssembly(directory: string): Promise<readonly PolicyFinding[]> {
  if (!existsSync(directory)) throw new Failure(`There is no ${directory}.`);
  const coffer = await startCoffer();
  try {
    await coffer.deploy(resolve(directory));
    return await coffer.findings();
  } catch (error) {
    throw error instanceof DeployFailed || error instanceof AssemblyError ? new Failure(error.message) : error;
  } finally {
    await coffer.close();
  }
}
