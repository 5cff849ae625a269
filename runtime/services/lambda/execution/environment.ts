/**
 * One execution environment: one process of one version of a function, its Runtime API and its log stream, running one
 * invocation at a time. Between invocations the process is stopped, as Lambda freezes it: work that a handler leaves
 * behind does not go on by itself. Source: Lambda developer guide, "Understanding the Lambda execution environment
 * lifecycle". Leaves out extensions and snapshots.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kernel } from '../../../kernel/call';
import { type Host, type Invocation, type RuntimeApi, type Streamed, serveRuntimeApi } from './api';
import {
  type Exit,
  exited,
  type FunctionFailure,
  LONGEST_RESPONSE,
  LONGEST_STREAM,
  noEntrypoint,
  reported,
  responseTooLarge,
  timedOut,
} from './errors';
import type { Journal } from './journal';
import { type Cutter, cutFrames, cutLines } from './output';
import type { Plan } from './plan';
import type { Watchdog } from './watchdog';

export interface Outcome {
  readonly payload: Buffer;
  /** Absent: the function succeeded. */
  readonly failure?: FunctionFailure;
  /** The last 4 KiB of the log of this invocation. */
  readonly tail: Buffer;
}

/** How the start ended: ready for work, or in a failure that the first invocation answers. */
type Init = { readonly ready: true } | { readonly ready: false; readonly fail: (requestId: string) => FunctionFailure };

interface Running {
  readonly invocation: Invocation;
  delivered: boolean;
  readonly settle: (result: Buffer | FunctionFailure) => void;
  readonly lost: () => void;
}

/** The process ended before it saw the invocation: another environment may run it. */
export class Lost extends Error {}

const INIT_LIMIT_MS = 10_000;
const MEMORY_CHECK_MS = 100;
const TAIL_BYTES = 4096;
/** Descriptor of the framed log, after stdin, stdout and stderr. */
const LOG_DESCRIPTOR = 3;

export class Environment implements Host {
  readonly expiresAt: number;
  private api!: RuntimeApi;
  private process!: ChildProcess;
  private cutters: Cutter[] = [];
  private readonly startedAt = performance.now();
  private initMs: number | undefined;
  private firstRun = true;
  private running: Running | undefined;
  private waiting: ((invocation: Invocation, deadline: number) => void) | undefined;
  private endInit!: (init: Init) => void;
  private readonly init = new Promise<Init>((resolve) => {
    this.endInit = resolve;
  });
  private outOfMemory = false;
  private peakMb = 0;
  private endGone!: () => void;
  /** Resolves when the process and its temporary files are no more. */
  readonly gone = new Promise<void>((resolve) => {
    this.endGone = resolve;
  });
  /** No further invocation: the process ended or is to end. */
  closed = false;

  private constructor(
    private readonly kernel: Kernel,
    private readonly plan: Plan,
    private readonly journal: Journal,
    private readonly watchdog: Watchdog,
  ) {
    this.expiresAt = plan.expiresAt;
  }

  static async open(kernel: Kernel, plan: Plan, watchdog: Watchdog): Promise<Environment> {
    const environment = new Environment(kernel, plan, plan.journal, watchdog);
    environment.api = await serveRuntimeApi(environment);
    environment.spawn();
    return environment;
  }

  private spawn(): void {
    const { plan } = this;
    plan.journal.initStart(plan.label, plan.version);
    const env = { ...plan.env, AWS_LAMBDA_RUNTIME_API: this.api.address };
    const child = spawn(plan.program, plan.args, {
      cwd: plan.directory,
      env: plan.framed ? { ...env, _LAMBDA_TELEMETRY_LOG_FD: String(LOG_DESCRIPTOR) } : env,
      stdio: ['ignore', 'pipe', 'pipe', ...(plan.framed ? (['pipe'] as const) : [])],
      detached: true,
    });
    this.process = child;
    if (child.pid) this.watchdog.watch(child.pid);
    const emit = (message: string) => this.journal.write(message);
    this.cutters = [cutLines(emit), cutLines(emit), ...(plan.framed ? [cutFrames(emit)] : [])];
    this.cutters.forEach((cutter, i) => {
      const pipe = child.stdio[i + 1] as Socket;
      pipe.on('data', (chunk: Buffer) => cutter.push(chunk));
      pipe.unref();
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      this.endInit({ ready: false, fail: (id) => noEntrypoint(id, plan.program, error.code) });
      void this.ended({ code: 1, signal: null });
    });
    child.on('exit', (code, signal) => void this.ended({ code, signal, outOfMemory: this.outOfMemory }));
    child.unref();
  }

  /** Runs one invocation. The caller sees to it that there is only one. @throws Lost */
  async run(invocation: Invocation): Promise<Outcome> {
    const tail = new Tail();
    this.journal.listen((message) => tail.push(message));
    const init = await this.awaitInit();
    this.journal.start(invocation.requestId, this.plan.version);
    const startedAt = performance.now();
    const result = init.ready ? await this.work(invocation) : init.fail(invocation.requestId);
    const durationMs = performance.now() - startedAt;
    // Output written before the response is in the pipes by now; one turn of the loop brings it here.
    await nextTurn();
    for (const cutter of this.cutters) cutter.end();
    const failure = Buffer.isBuffer(result) ? undefined : result;
    if (failure?.status === 'timeout') this.journal.timedOut(invocation.requestId, this.plan.timeoutSeconds);
    this.journal.report({
      requestId: invocation.requestId,
      durationMs,
      initMs: this.firstRun ? this.initMs : undefined,
      memoryMb: this.plan.memoryMb,
      usedMb: Math.min(this.plan.memoryMb, this.peakMb),
      status: failure?.status ?? 'success',
      errorType: failure?.status === 'error' ? failure.errorType : undefined,
    });
    this.firstRun = false;
    this.journal.listen(undefined);
    return { payload: Buffer.isBuffer(result) ? result : result.payload, failure, tail: tail.bytes() };
  }

  /** A start that takes too long goes on within the timeout of the function, and ends as that ends. */
  private async awaitInit(): Promise<Init> {
    if (!this.firstRun) return { ready: true };
    const { timeoutSeconds } = this.plan;
    const limit = setTimeout(
      () => {
        this.endInit({ ready: false, fail: (id) => timedOut(id, timeoutSeconds) });
        this.close();
      },
      INIT_LIMIT_MS + timeoutSeconds * 1000,
    );
    const init = await this.init;
    clearTimeout(limit);
    // What it printed on the way belongs before the first invocation.
    await nextTurn();
    return init;
  }

  private work(invocation: Invocation): Promise<Buffer | FunctionFailure> {
    return new Promise((resolve, reject) => {
      const memory = setInterval(() => this.checkMemory(), MEMORY_CHECK_MS);
      const limit = setTimeout(() => {
        settle(timedOut(invocation.requestId, this.plan.timeoutSeconds));
        this.close();
      }, this.plan.timeoutSeconds * 1000);
      const end = () => {
        clearInterval(memory);
        clearTimeout(limit);
        this.running = undefined;
      };
      const settle = (result: Buffer | FunctionFailure) => {
        this.checkMemory();
        end();
        resolve(result);
      };
      const lost = () => {
        end();
        reject(new Lost());
      };
      this.running = { invocation, delivered: false, settle, lost };
      if (this.closed && !this.firstRun) lost();
      else this.deliver();
    });
  }

  private deliver(): void {
    const { running, waiting } = this;
    if (!running || running.delivered || !waiting) return;
    this.waiting = undefined;
    running.delivered = true;
    this.signal('SIGCONT');
    // The process lives in real time; only this runtime's own clock can be moved.
    const deadline = this.kernel.clock.now() - this.kernel.clock.offset() + this.plan.timeoutSeconds * 1000;
    waiting(running.invocation, deadline);
  }

  // ---- Runtime API ------------------------------------------------------------------------------------------------

  next(answer: (invocation: Invocation, deadline: number) => void): void {
    this.waiting = answer;
    if (this.initMs === undefined) {
      this.initMs = performance.now() - this.startedAt;
      this.endInit({ ready: true });
    }
    if (this.running) this.deliver();
    else this.signal('SIGSTOP');
  }

  expects(requestId: string): boolean {
    return this.running?.delivered === true && this.running.invocation.requestId === requestId;
  }

  responded(payload: Buffer | 'tooLarge'): void {
    this.running?.settle(payload === 'tooLarge' ? responseTooLarge() : payload);
  }

  async streamed({ contentType, chunks, failure }: Streamed): Promise<void> {
    const running = this.running!;
    const { sink } = running.invocation;
    const limitBytes = sink ? LONGEST_STREAM : LONGEST_RESPONSE;
    const whole: Buffer[] = [];
    let length = 0;
    sink?.begin(contentType);
    // A process that ends half-way breaks the stream off; how it ended is for `ended` to say.
    for await (const chunk of chunks) {
      if (this.running !== running) return;
      length += chunk.length;
      if (length > limitBytes) {
        running.settle(responseTooLarge(limitBytes));
        this.close();
        return;
      }
      if (sink) await sink.write(chunk);
      else whole.push(chunk);
    }
    if (this.running !== running) return;
    const failed = failure();
    running.settle(failed ? reported(failed.body, failed.errorType) : Buffer.concat(whole));
  }

  failed(payload: Buffer | 'tooLarge', errorType: string | undefined): void {
    this.running?.settle(reported(payload, errorType));
  }

  initFailed(payload: Buffer | 'tooLarge', errorType: string | undefined): void {
    this.endInit({ ready: false, fail: () => reported(payload, errorType) });
    this.close();
  }

  // ---- The process ------------------------------------------------------------------------------------------------

  private async ended(exit: Exit): Promise<void> {
    this.close();
    await nextTurn();
    this.endInit({ ready: false, fail: (id) => this.exitFailure(id, exit) });
    const { running } = this;
    if (running?.delivered || this.firstRun) running?.settle(this.exitFailure(running.invocation.requestId, exit));
    else running?.lost();
    await rm(this.plan.temporary, { recursive: true, force: true }).catch(() => undefined);
    this.endGone();
  }

  private exitFailure(requestId: string, exit: Exit): FunctionFailure {
    const failure = exited(requestId, exit);
    const { errorMessage } = JSON.parse(failure.payload.toString());
    this.journal.write(`${errorMessage}\n${failure.errorType}\n`);
    return failure;
  }

  /** Memory that cannot be given back decides, as for the kernel that kills on Lambda. */
  private checkMemory(): void {
    const { peakMb, anonymousMb } = memoryOf(this.process.pid);
    this.peakMb = Math.max(this.peakMb, peakMb);
    if (anonymousMb <= this.plan.memoryMb) return;
    this.outOfMemory = true;
    this.signal('SIGKILL');
  }

  /** To the process and all that it has started, also when it has ended itself. */
  private signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    const { pid } = this.process;
    if (!pid) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // All of the group have ended, or the system knows no process groups or no stopping.
      if (signal === 'SIGKILL') this.process.kill(signal);
    }
  }

  /** Ends the process, whatever it is doing. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    // While it lives it holds up nobody's end; once it is told to end, its end is worth waiting for.
    this.process.ref();
    this.signal('SIGKILL');
    this.api.close();
    if (this.process.pid) this.watchdog.forget(this.process.pid);
  }
}

/** Peak resident and private memory in MiB, where the system tells (Linux does); else 0. */
function memoryOf(pid: number | undefined): { peakMb: number; anonymousMb: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const figure = (name: string) =>
      Math.ceil(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024);
    return { peakMb: figure('VmHWM'), anonymousMb: figure('RssAnon') };
  } catch {
    return { peakMb: 0, anonymousMb: 0 };
  }
}

class Tail {
  private text = '';

  push(message: string): void {
    this.text += message;
    if (this.text.length > 4 * TAIL_BYTES) this.text = this.text.slice(-TAIL_BYTES);
  }

  bytes(): Buffer {
    return Buffer.from(this.text).subarray(-TAIL_BYTES);
  }
}
