/**
 * The managed runtimes: which may be chosen, and what runs them here. Node functions run in the Node that runs this
 * process; Python functions in an installed `python3.x`; `provided` brings its own program. The others may be created
 * and described but not invoked. Source: Lambda developer guide, "Lambda runtimes", as of November 2026.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { invalidParameter, runtimeNotHere } from './errors';

const SUPPORTED = [
  'nodejs18.x',
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'nodejs26.x',
  'python3.9',
  'python3.10',
  'python3.11',
  'python3.12',
  'python3.13',
  'python3.14',
  'python3.15',
  'provided.al2',
  'provided.al2023',
  'java8.al2',
  'java8.al2023',
  'java11',
  'java11.al2023',
  'java17',
  'java17.al2023',
  'java21',
  'java25',
  'dotnet8',
  'dotnet10',
  'ruby3.2',
  'ruby3.3',
  'ruby3.4',
  'ruby4.0',
];

const RETIRED =
  /^(nodejs|nodejs4\.3(-edge)?|nodejs6\.10|nodejs8\.10|nodejs1[0246]\.x|python2\.7|python3\.[678]|dotnetcore[\d.]+|dotnet6|go1\.x|java8|ruby2\.[57]|provided)$/;

export function checkRuntime(runtime: string): void {
  if (SUPPORTED.includes(runtime)) return;
  if (RETIRED.test(runtime)) {
    throw invalidParameter(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    );
  }
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${SUPPORTED.join(', ')}] or be a valid ARN`,
  );
}

export type Family = 'nodejs' | 'python' | 'provided';

export interface Interpreter {
  readonly family: Family;
  /** Program to start; for `provided` the bootstrap of the function itself stands in. */
  readonly program?: string;
  /** As INIT_START names it. */
  readonly label: string;
}

const pythons = new Map<string, Promise<string | undefined>>();

/** @throws AwsError InvalidRuntimeException when nothing here runs it */
export async function interpreterOf(runtime: string): Promise<Interpreter> {
  if (runtime.startsWith('nodejs')) {
    return { family: 'nodejs', program: process.execPath, label: `nodejs:${process.versions.node}` };
  }
  if (runtime.startsWith('provided')) return { family: 'provided', label: runtime.replace('.', ':') };
  if (!runtime.startsWith('python')) {
    throw runtimeNotHere(`The runtime ${runtime} does not run here: only nodejs, python and provided runtimes do.`);
  }
  const known = pythons.get(runtime) ?? findPython(runtime);
  pythons.set(runtime, known);
  const program = await known;
  if (program) return { family: 'python', program, label: runtime.replace('python', 'python:') };
  pythons.delete(runtime);
  throw runtimeNotHere(`The runtime ${runtime} does not run here: neither ${runtime} nor python3 is on the PATH.`);
}

async function findPython(runtime: string): Promise<string | undefined> {
  for (const program of [runtime, 'python3']) {
    const found = await promisify(execFile)(program, ['-c', 'import sys; print(sys.executable)']).catch(
      () => undefined,
    );
    if (found) return found.stdout.trim();
  }
  return undefined;
}
