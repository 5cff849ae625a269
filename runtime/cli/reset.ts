/** `coffer reset`: forgets everything, in a running Coffer or in a data directory that nobody has open. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { wipe } from '../life';
import { type Command, Failure, port, text, UsageError } from './command';
import { ask, findServer, likelyEndpoint } from './server';

export const reset: Command = {
  name: 'reset',
  about: 'Forgets everything that is stored: in the Coffer that runs, or else in the data directory. Cannot be undone.',
  options: {
    yes: { type: 'boolean', says: 'really do it' },
    port: { type: 'string', value: 'n', says: 'of the Coffer that runs (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
    data: { type: 'string', value: 'directory', says: 'of a Coffer that does not run (default ./.coffer)' },
  },
  examples: ['coffer reset --yes', 'coffer reset --data /tmp/coffer --yes'],
  async run(values) {
    const directory = resolve(text(values, 'data') ?? '.coffer');
    const given = values.port === undefined ? text(values, 'endpoint') : `http://127.0.0.1:${port(values, 0)}`;
    const url = likelyEndpoint(given);
    const server = values.data === undefined ? await findServer(url) : undefined;
    if (!server && given !== undefined) throw new Failure(`Nothing listens at ${url}.`);
    if (!server && !existsSync(directory)) {
      throw new Failure(`No Coffer runs at ${url}, and there is no data directory ${directory}.`);
    }
    const what = server ? `the Coffer at ${url}` : directory;
    if (!values.yes) throw new UsageError(`this would erase everything in ${what}; say --yes to do it`);
    if (server) await ask(url, 'POST', 'reset');
    else await wipe(directory);
    console.log(`${what} is empty.`);
    return 0;
  },
};
