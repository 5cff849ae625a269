/**
 * The load generator: a process of its own that sends prepared requests over keep-alive connections, one at a time on
 * each, and counts whole answers. It parses no more than it must, so that the server is what is measured.
 */
import { fork } from 'node:child_process';
import { connect } from 'node:net';

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Whole HTTP requests, base64, all of one method. Connection n sends n, n + connections, … and starts over. */
  readonly requests: readonly string[];
}

export interface Rate {
  readonly perSecond: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Runs a load in a process of its own. */
export function drive(load: Load): Promise<Rate> {
  return new Promise((resolve, reject) => {
    const child = fork(__filename);
    child.once('message', (rate) => {
      resolve(rate as Rate);
      child.kill();
    });
    child.once('error', reject);
    child.send(load);
  });
}

const HEADER_END = Buffer.from('\r\n\r\n');

async function run(load: Load): Promise<Rate> {
  const requests = load.requests.map((text) => Buffer.from(text, 'base64'));
  const bodiless = requests[0].toString('latin1', 0, 5) === 'HEAD ';
  const latencies: number[] = [];
  let failed = 0;
  let until = Infinity;
  const one = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(load.port, '127.0.0.1');
      let next = index % requests.length;
      let sentAt = 0;
      let pending: Buffer = Buffer.alloc(0);
      const send = (): void => {
        if (performance.now() >= until) {
          socket.destroy();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(requests[next]);
        next = (next + load.connections) % requests.length;
      };
      socket.setNoDelay(true);
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const end = pending.indexOf(HEADER_END);
        if (end < 0) return;
        const head = pending.toString('latin1', 0, end);
        const length = bodiless ? 0 : Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (pending.length < end + 4 + length) return;
        if (!head.startsWith('HTTP/1.1 2')) failed += 1;
        pending = Buffer.alloc(0);
        latencies.push(performance.now() - sentAt);
        send();
      });
    });
  const from = performance.now();
  until = from + load.seconds * 1000;
  await Promise.all(Array.from({ length: load.connections }, (_, index) => one(index)));
  const seconds = (performance.now() - from) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { perSecond: latencies.length / seconds, failed, p50: at(0.5), p99: at(0.99) };
}

if (require.main === module) {
  process.once('message', (load) => {
    void run(load as Load).then((rate) => process.send?.(rate));
  });
}
