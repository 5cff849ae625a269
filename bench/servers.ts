/** The servers under measurement, each in a process of its own: `coffer start`, and a bare `node:http`. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Server {
  readonly port: number;
  readonly pid: number;
  /** From spawning the process to its first answer, milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const coffer = resolve(__dirname, '../../runtime/bin/coffer.js');

/** Resident set size of a process, bytes, and the most it ever was. Linux only. */
export async function resident(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return { now: kib('VmRSS'), peak: kib('VmHWM') };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGINT');
  await exit;
}

/** `coffer start` on a fresh data directory, durable as for a user. */
export async function startServer(): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), 'coffer-bench-'));
  const from = performance.now();
  const child = spawn(process.execPath, [coffer, 'start', '--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((found, failed) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text);
      if (match) found(Number(match[1]));
    });
    child.once('exit', (code) => failed(new Error(`coffer start ended with ${code}: ${text}`)));
  });
  await fetch(`http://127.0.0.1:${port}/`);
  const startMs = performance.now() - from;
  return {
    port,
    pid: child.pid as number,
    startMs,
    stop: async () => {
      await ended(child);
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** A bare `node:http` server that answers `sizeBytes` zeros to everything. */
export async function startBare(sizeBytes: number): Promise<Server> {
  const from = performance.now();
  const child = fork(__filename, [String(sizeBytes)]);
  const port = await new Promise<number>((found) => child.once('message', (message) => found(message as number)));
  return { port, pid: child.pid as number, startMs: performance.now() - from, stop: () => ended(child) };
}

if (require.main === module) {
  const body = Buffer.alloc(Number(process.argv[2]));
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
}
