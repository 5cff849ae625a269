/** `coffer audit`: attacks a copy of what is deployed and tells what got through. */
import type { Audit } from '../audit/audit';
import { DeployFailed } from '../deployment';
import { AssemblyError } from '../services/cloudformation/deploy';
import { type Command, Failure, list, UsageError } from './command';
import { askRunning, inAssembly, isDirectory } from './subject';

export const audit: Command = {
  name: 'audit',
  operands: '[stack | cdk.out]',
  about:
    'Proves what is deployed by attack. For each bucket, key, queue, topic, function and role the requests that must fail\n' +
    'are really sent, to a copy of the Coffer that runs (or of an assembly, deployed for it): anonymous, a stranger with\n' +
    'all rights in an account of its own, plain HTTP, expired and changed URLs, services in the name of a stranger, public\n' +
    'ACLs and policies, deletion of locked versions. The exit code is 1 when anything gets through.',
  options: {
    locked: { type: 'list', value: 'bucket', says: 'nobody may delete versions of this bucket; may be repeated' },
    json: { type: 'boolean', says: 'print findings as JSON' },
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
  },
  examples: ['coffer audit', 'coffer audit AppData', 'coffer audit cdk.out --locked AppData/Records'],
  async run(values, words) {
    if (words.length > 1) throw new UsageError('audit proves one stack or assembly at a time');
    const [what] = words;
    const locked = list(values, 'locked');
    try {
      const audited = await (isDirectory(what)
        ? inAssembly(what, (coffer) => coffer.audit({ locked }))
        : askRunning<Audit>(values, 'audit', { stack: what, locked }));
      const { text: readable, ...data } = audited;
      console.log(values.json ? JSON.stringify(data, undefined, 2) : readable);
      return audited.clean ? 0 : 1;
    } catch (error) {
      throw error instanceof DeployFailed || error instanceof AssemblyError ? new Failure(error.message) : error;
    }
  },
};
