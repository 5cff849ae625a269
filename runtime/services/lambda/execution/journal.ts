/**
 * What one execution environment writes to its log stream: system lines in text or JSON, and the function's own output.
 * Written as the execution role; a role that may not write logs has none, as on AWS.
 * Source: Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs" and "Log formats".
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isAwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import type { Logging } from '../state';

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** How an invocation ended, for its last lines. */
export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  readonly initMs?: number;
  readonly memoryMb: number;
  readonly usedMb: number;
  readonly status: 'success' | 'error' | 'timeout';
  readonly errorType?: string;
}

/** CloudWatch Logs takes at most so many events and bytes a call, each event with 26 bytes on top. */
const BATCH = { events: 10_000, bytes: 1_048_576, perEvent: 26 };
const LONGEST_MESSAGE = 262_144;

export class Journal {
  private pending: LogEvent[] = [];
  private flushing: Promise<void> | undefined;
  /** The stream exists, or is never going to. */
  private state: 'unknown' | 'open' | 'refused' = 'unknown';
  private listener: ((message: string) => void) | undefined;

  constructor(
    private readonly kernel: Kernel,
    private readonly peers: Peers,
    private readonly logging: Logging,
    readonly stream: string,
  ) {}

  /** Also shows every message to `listener`, until the next call: `LogType=Tail`. */
  listen(listener: ((message: string) => void) | undefined): void {
    this.listener = listener;
  }

  write(message: string): void {
    this.listener?.(message);
    if (this.state === 'refused') return;
    for (let at = 0; at < message.length; at += LONGEST_MESSAGE) {
      const part = message.slice(at, at + LONGEST_MESSAGE);
      this.pending.push({ timestamp: this.kernel.clock.now(), message: part });
    }
    this.flushing ??= this.flush();
  }

  /** Resolves when everything written so far is in the log stream, or is not going to be. */
  async flushed(): Promise<void> {
    await this.flushing;
  }

  initStart(runtime: string, version: string): void {
    this.system(
      'initStart',
      { initializationType: 'on-demand', phase: 'init', runtimeVersion: runtime, functionVersion: version },
      () => `INIT_START Runtime Version: ${runtime}`,
    );
  }

  start(requestId: string, version: string): void {
    this.system('start', { requestId, version }, () => `START RequestId: ${requestId} Version: ${version}`);
  }

  timedOut(requestId: string, seconds: number): void {
    if (this.logging.format === 'JSON') return;
    const now = new Date(this.kernel.clock.now()).toISOString();
    this.write(`${now} ${requestId} Task timed out after ${seconds.toFixed(2)} seconds\n\n`);
  }

  report(report: Report): void {
    const { requestId, durationMs, initMs, memoryMb, usedMb, status, errorType } = report;
    const billedMs = Math.ceil(durationMs + (initMs ?? 0));
    const record = {
      requestId,
      metrics: {
        durationMs: round(durationMs),
        billedDurationMs: billedMs,
        memorySizeMB: memoryMb,
        maxMemoryUsedMB: usedMb,
        ...(initMs !== undefined && { initDurationMs: round(initMs) }),
      },
      status,
      ...(errorType && { errorType }),
    };
    if (this.logging.format === 'Text') this.write(`END RequestId: ${requestId}\n`);
    this.system('report', record, () =>
      [
        `REPORT RequestId: ${requestId}`,
        `Duration: ${durationMs.toFixed(2)} ms`,
        `Billed Duration: ${billedMs} ms`,
        `Memory Size: ${memoryMb} MB`,
        `Max Memory Used: ${usedMb} MB`,
        ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
        ...(status === 'success' ? [] : [`Status: ${status}`]),
        ...(errorType ? [`Error Type: ${errorType}`] : []),
        '',
      ].join('\t'),
    );
  }

  /** A line of Lambda itself. JSON lines of level INFO fall away when only warnings are asked for. */
  private system(type: string, record: Readonly<Record<string, unknown>>, text: () => string): void {
    if (this.logging.format === 'Text') {
      this.write(`${text()}\n`);
      return;
    }
    const fine = record.status === undefined || record.status === 'success';
    if (fine && this.logging.systemLevel === 'WARN') return;
    const time = new Date(this.kernel.clock.now()).toISOString();
    this.write(`${JSON.stringify({ time, type: `platform.${type}`, record })}\n`);
  }

  private async flush(): Promise<void> {
    const done = this.kernel.busy();
    try {
      await nextTurn();
      while (this.pending.length > 0 && this.state !== 'refused') {
        if (this.state === 'unknown') await this.open();
        await this.put(this.takeBatch());
      }
    } catch (error) {
      if (!isAwsError(error)) this.kernel.report(`lambda: cannot write to ${this.logging.group}: ${error}`);
      this.state = 'refused';
      this.pending = [];
    } finally {
      this.flushing = undefined;
      done();
    }
  }

  private async open(): Promise<void> {
    const name = { logGroupName: this.logging.group, logStreamName: this.stream };
    try {
      await this.peers.logs.CreateLogStream(name);
    } catch (error) {
      if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
      await this.peers.logs.CreateLogGroup({ logGroupName: this.logging.group }).catch(ignoreExisting);
      await this.peers.logs.CreateLogStream(name);
    }
    this.state = 'open';
  }

  private async put(logEvents: LogEvent[]): Promise<void> {
    const input = { logGroupName: this.logging.group, logStreamName: this.stream, logEvents };
    try {
      await this.peers.logs.PutLogEvents(input);
    } catch (error) {
      // Somebody deleted the group or the stream while the environment was warm.
      if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
      await this.open();
      await this.peers.logs.PutLogEvents(input);
    }
  }

  private takeBatch(): LogEvent[] {
    let bytes = 0;
    let count = 0;
    for (const { message } of this.pending) {
      bytes += Buffer.byteLength(message) + BATCH.perEvent;
      if (count > 0 && (bytes > BATCH.bytes || count === BATCH.events)) break;
      count++;
    }
    return this.pending.splice(0, count);
  }
}

function ignoreExisting(error: unknown): void {
  if (!isAwsError(error, 'ResourceAlreadyExistsException')) throw error;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
