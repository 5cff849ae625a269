/** `coffer start`: the runtime behind a port, until Ctrl-C. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { type Coffer, startCoffer } from '../coffer';
import { type CofferConfig, ConfigError, readConfigFile } from '../config';
import type { Denial } from '../kernel/record';
import { standpointHeaders } from '../kernel/standpoint';
import { account, type Command, Failure, port, region, text, UsageError, type Values } from './command';

export const start: Command = {
  name: 'start',
  about:
    'Runs the local AWS behind one port, until Ctrl-C. What is stored stays in the data directory for the next start.',
  options: {
    port: { type: 'string', value: 'n', says: 'where to listen; 0 for any free port (default 4566)' },
    host: { type: 'string', value: 'address', says: 'which address to bind to (default 127.0.0.1: this machine only)' },
    data: { type: 'string', value: 'directory', says: 'where to keep data (default ./.coffer)' },
    config: {
      type: 'string',
      value: 'file',
      says: 'declares accounts, keys, buckets and defaults: docs/configuration.md',
    },
    tls: { type: 'boolean', says: 'let the port speak TLS too, with a certificate made now' },
    ephemeral: { type: 'boolean', says: 'keep nothing: data ends with the process' },
    region: { type: 'string', value: 'name', says: 'default region (default us-east-1)' },
    account: {
      type: 'string',
      value: 'id',
      says: 'account of plain credentials, twelve digits (default 000000000000)',
    },
    strict: { type: 'boolean', says: 'let `coffer deploy` refuse resource types that do nothing here' },
    quiet: { type: 'boolean', says: 'print the endpoint and nothing else' },
  },
  examples: [
    'coffer start',
    'coffer start --port 0 --ephemeral',
    'coffer start --data /tmp/coffer --region eu-central-1',
  ],
  run,
};

async function run(values: Values): Promise<number> {
  const { ephemeral, quiet } = values;
  const host = text(values, 'host') ?? '127.0.0.1';
  if (ephemeral && values.data !== undefined)
    throw new UsageError('--ephemeral keeps nothing, so --data makes no sense');
  const directory = ephemeral ? undefined : resolve(text(values, 'data') ?? '.coffer');
  const asked = port(values, 4566);
  const coffer = await startCoffer({
    directory,
    defaultAccount: account(values),
    defaultRegion: region(values),
    config: configOf(text(values, 'config')),
    strict: values.strict === true,
    report: (line) => console.error(line),
    onDenial: quiet ? undefined : (denial) => console.error(deniedLine(denial)),
  });
  let endpoint: string;
  try {
    endpoint = await coffer.listen({ port: asked, host, tls: values.tls === true });
  } catch (error) {
    await coffer.close();
    throw cannotListen(error as NodeJS.ErrnoException, asked, host);
  }
  const trusted = coffer.certificate && (await keep(coffer.certificate, directory));
  console.log(quiet ? endpoint : banner(coffer, endpoint, directory, host, trusted));

  // A defect in one corner must not take everything else down; it is shown, with its place.
  process.on('uncaughtException', (error) => console.error(`internal error: ${error.stack}`));
  await interrupted();
  if (!quiet) console.log('\nclosing');
  process.once('SIGINT', () => process.exit(130));
  await coffer.close();
  return 0;
}

function deniedLine({ requestId, reason }: Denial): string {
  return `refused  ${reason} (coffer why ${requestId})`;
}

function configOf(path: string | undefined): CofferConfig | undefined {
  try {
    return path === undefined ? undefined : readConfigFile(path);
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message) : error;
  }
}

/** Where clients find the certificate that they are to trust. */
async function keep(certificate: string, directory: string | undefined): Promise<string> {
  const path = join(directory ?? (await mkdtemp(join(tmpdir(), 'coffer-'))), 'certificate.pem');
  await writeFile(path, certificate);
  return path;
}

function banner(
  coffer: Coffer,
  endpoint: string,
  directory: string | undefined,
  host: string,
  trusted: string | undefined,
): string {
  const { port: actual } = new URL(endpoint);
  const option = actual === '4566' ? '' : ` --port ${actual}`;
  const where = directory && (relative('', directory).startsWith('..') ? directory : `./${relative('', directory)}`);
  const loopback = /^(localhost|127\.|::1)/.test(host);
  return [
    `Coffer listens at ${endpoint}`,
    '',
    `  services   ${[...coffer.services].sort().join(' ')}`,
    `  account    ${coffer.defaultAccount}, region ${coffer.defaultRegion}; others as you name them`,
    `  data       ${where ? `${where}; what has been answered is on disk` : 'in memory: gone when this ends'}`,
    '  enforced   signatures, IAM and resource policies, key policies, Block Public Access, Object Lock;',
    '             credentials test/test are the administrator of the account, no credentials are a stranger',
    trusted
      ? `  TLS        spoken at this port as well as plain HTTP; trust it by AWS_CA_BUNDLE=${trusted}`
      : '  TLS        requests over loopback count as TLS',
    `  origin     what a request over loopback states of itself counts: ${standpointHeaders.join(', ')}`,
    ...(loopback ? [] : [`  careful    whoever reaches ${host} can be the administrator`]),
    '',
    'In another terminal:',
    '',
    `  eval "$(npx coffer env${option})"            points this shell's AWS clients here`,
    `  npx coffer exec${option} -- aws s3 mb s3://first`,
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}

export function cannotListen(error: NodeJS.ErrnoException, asked: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Failure(
        `Port ${asked} on ${host} is in use. Stop what listens there, or choose another with --port (0 for any free one).`,
      );
    case 'EACCES':
      return new Failure(`Port ${asked} needs more rights than this user has. Choose one above 1023 with --port.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Failure(`This machine has no address ${host}. Leave --host out to listen on 127.0.0.1.`);
    default:
      return error;
  }
}

export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
