/** What `coffer access` and `coffer audit` are about: the Coffer that runs, or an assembly in a runtime of its own. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Coffer, startCoffer } from '../coffer';
import { port, text, type Values } from './command';
import { ask, findServer, likelyEndpoint, nobodyAt } from './server';

export function isDirectory(path: string | undefined): path is string {
  return path !== undefined && existsSync(path) && statSync(path).isDirectory();
}

/** Deploys an assembly into a runtime that ends afterwards. @throws DeployFailed, AssemblyError */
export async function inAssembly<T>(directory: string, work: (coffer: Coffer) => Promise<T>): Promise<T> {
  const coffer = await startCoffer();
  try {
    await coffer.deploy(resolve(directory));
    await coffer.settled();
    return await work(coffer);
  } finally {
    await coffer.close();
  }
}

/** @throws Failure when nobody listens, or with the server's own words */
export async function askRunning<T>(values: Values, action: string, input: object): Promise<T> {
  const given = values.port === undefined ? text(values, 'endpoint') : `http://127.0.0.1:${port(values, 0)}`;
  const url = likelyEndpoint(given);
  if (!(await findServer(url))) throw nobodyAt(url);
  return (await ask(url, 'POST', action, input)) as T;
}
