/** `coffer exec -- command`: one command whose AWS clients all talk to a Coffer. */
import { spawn } from 'node:child_process';
import { constants, devNull } from 'node:os';
import { account, type Command, Failure, port, region, text, UsageError } from './command';
import { environmentFor } from './environment';
import { findServer, likelyEndpoint, nobodyAt } from './server';

export const exec: Command = {
  name: 'exec',
  operands: '-- <command> [arguments]',
  passesOn: true,
  about:
    'Runs a command with the variables of `coffer env`, without those and without the profiles that lead to real AWS, and\n' +
    'passes on its exit code.',
  options: {
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
    region: { type: 'string', value: 'name', says: "default region (default: the runtime's)" },
    account: { type: 'string', value: 'id', says: "whose administrator to be (default: the runtime's account)" },
  },
  examples: [
    'coffer exec -- aws s3 ls',
    'coffer exec -- npx cdk deploy',
    'coffer exec --account 111122223333 -- python app.py',
  ],
  async run(values, words) {
    const [command, ...rest] = words;
    if (command === undefined) throw new UsageError('exec needs a command to run');
    const given = values.port === undefined ? text(values, 'endpoint') : `http://127.0.0.1:${port(values, 0)}`;
    const url = likelyEndpoint(given);
    const server = await findServer(url);
    if (!server) throw nobodyAt(url);
    const target = {
      url,
      account: account(values) ?? server.defaultAccount,
      region: region(values) ?? server.defaultRegion,
    };
    const { set, unset } = environmentFor(target, process.env);
    // A profile of this machine may name endpoints of single services, which go before the common one, or roles to assume.
    const profiles = { AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull };
    const environment: NodeJS.ProcessEnv = { ...process.env, ...set, ...profiles };
    for (const name of unset) delete environment[name];
    return runToEnd(command, rest, environment);
  },
};

/** Runs a program in this one's place: same terminal, same signals, same exit code. */
export function runToEnd(command: string, rest: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { env: environment, stdio: 'inherit', shell: process.platform === 'win32' });
    // The terminal sends its Ctrl-C to both; who waits must not be gone before the other.
    const wait = () => {};
    process.on('SIGINT', wait);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') reject(new Failure(`There is no command ${command}.`));
      else if (error.code === 'EACCES') reject(new Failure(`${command} may not be run.`));
      else reject(error);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
