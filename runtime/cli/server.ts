/** A Coffer that already runs, as seen by the other commands: found, and asked through its operator's interface. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Failure, UsageError } from './command';

export interface Server {
  readonly url: string;
  readonly defaultAccount: string;
  readonly defaultRegion: string;
}

const LOOPBACK = /^http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?\/?$/i;

/** Where a Coffer would be: `given`, else `AWS_ENDPOINT_URL` when that is on this machine, else the default port. */
export function likelyEndpoint(given: string | undefined): string {
  if (given !== undefined) {
    if (!LOOPBACK.test(given)) throw new UsageError(`--endpoint must be like http://127.0.0.1:4566, not ${given}`);
    return given.replace(/\/$/, '');
  }
  const { AWS_ENDPOINT_URL: configured = '' } = process.env;
  return LOOPBACK.test(configured) ? configured.replace(/\/$/, '') : 'http://127.0.0.1:4566';
}

/** @returns undefined when nothing listens there. @throws Failure when something else does */
export async function findServer(url: string): Promise<Server | undefined> {
  let health: unknown;
  try {
    health = await ask(url, 'GET', 'health');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return undefined;
    throw new Failure(`What listens at ${url} is not Coffer (${(error as Error).message}).`);
  }
  const { name, defaultAccount, defaultRegion } = health as Server & { name?: string };
  if (name !== 'coffer') throw new Failure(`What listens at ${url} is not Coffer.`);
  return { url, defaultAccount, defaultRegion };
}

export function nobodyAt(url: string): Failure {
  const { port } = new URL(url);
  return new Failure(
    `Nothing listens at ${url}. Start it with \`coffer start${port === '4566' ? '' : ` --port ${port}`}\`.`,
  );
}

/** @throws Failure with the server's own words when it refuses */
export async function ask(url: string, method: string, action: string, input?: object): Promise<unknown> {
  const response = await send(url, method, action, input);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (response.statusCode !== 200) throw new Failure(errorIn(text) ?? `status ${response.statusCode}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('its answer is not JSON');
  }
}

/** The lines of a streamed answer, each a JSON object. @throws Failure with the server's own words when it refuses */
export async function* askForLines(url: string, action: string, input: object): AsyncGenerator<object> {
  const response = await send(url, 'POST', action, input);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (response.statusCode !== 200) continue;
    const lines = text.split('\n');
    text = lines.pop() as string;
    for (const line of lines) yield JSON.parse(line) as object;
  }
  if (response.statusCode !== 200) throw new Failure(errorIn(text) ?? `status ${response.statusCode}`);
}

function send(url: string, method: string, action: string, input: object = {}): Promise<IncomingMessage> {
  const body = method === 'POST' ? JSON.stringify(input) : '';
  const headers = { 'x-coffer-operator': 'cli', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    httpRequest(`${url}/_coffer/${action}`, { method, headers, agent: false }, resolve).on('error', reject).end(body);
  });
}

function errorIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
