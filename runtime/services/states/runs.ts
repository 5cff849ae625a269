/**
 * Executions on their way: the row is the state, written before and after each task; what a crash leaves is gone on
 * with at the start, so a task may be done again. Waits and pauses before retries are timers of the virtual clock.
 */
import { partitionOf } from '../../base/arn';
import { type Failure, readStateMachine, type StateMachine, type Step } from '../../engine/statemachine';
import type { Kernel } from '../../kernel/call';
import type { Consumer, TimerHandler } from '../../kernel/service';
import type { Writer } from '../../store/port';
import { executionArn, machineArn } from './names';
import { type ExecutionName, type ExecutionRow, readExecution, scanAllExecutions, writeExecution } from './state';
import { doTask } from './tasks';

const TOPIC = 'states.execution';
const TASK = 'resume';
/** Source: Step Functions quotas, "Maximum execution history size": an execution ends before it runs for ever. */
const MOST_STEPS = 25_000;

const idOf = ({ account, region, machine, name }: ExecutionName) => [account, region, machine, name].join('/');
const nameIn = ({ account, region, machine, name }: Readonly<Record<string, unknown>>): ExecutionName => ({
  account: String(account),
  region: String(region),
  machine: String(machine),
  name: String(name),
});

export function announceExecution(tx: Writer, row: ExecutionRow): void {
  tx.announce({ topic: TOPIC, key: idOf(row), data: { ...nameIn({ ...row }) } });
}

export class Runs {
  private readonly running = new Map<string, Promise<void>>();
  private stopped = false;

  /** Starts what is announced and does not wait for it. */
  readonly consumer: Consumer = {
    name: TOPIC,
    topics: [TOPIC],
    handle: async ({ data }, kernel) => this.start(kernel, nameIn(data)),
  };

  readonly resume: TimerHandler = async (payload, kernel) => this.start(kernel, nameIn(payload));

  async open(kernel: Kernel): Promise<void> {
    for await (const row of scanAllExecutions(kernel.store))
      if (row.status === 'RUNNING' && (row.resumeAt ?? 0) <= kernel.clock.now()) this.start(kernel, row);
  }

  stop(): void {
    this.stopped = true;
  }

  private start(kernel: Kernel, name: ExecutionName): void {
    const id = idOf(name);
    if (this.running.has(id)) return;
    const idle = kernel.busy();
    const run = this.run(kernel, name)
      .catch((error) => {
        if (!this.stopped) kernel.report(`states: execution ${id} stays where it is: ${(error as Error).stack}`);
      })
      .finally(() => {
        this.running.delete(id);
        idle();
      });
    this.running.set(id, run);
  }

  private async run(kernel: Kernel, name: ExecutionName): Promise<void> {
    let machine: StateMachine | undefined;
    for (let steps = 0; !this.stopped; steps++) {
      const row = await readExecution(kernel.store, name);
      if (row?.status !== 'RUNNING' || (row.resumeAt ?? 0) > kernel.clock.now()) return;
      machine ??= readStateMachine(row.definition);
      const step: Step =
        steps < MOST_STEPS
          ? await this.step(kernel, machine, row)
          : {
              kind: 'fail',
              error: 'States.Runtime',
              cause: 'The execution reached the maximum number of history events',
            };
      if (this.stopped) return;
      await this.take(kernel, row, step);
    }
  }

  private async step(kernel: Kernel, machine: StateMachine, row: ExecutionRow): Promise<Step> {
    const input: unknown = JSON.parse(row.data);
    const context = contextOf(row);
    if (row.waiting) return machine.leave(row.state, input, context, input);
    const step = machine.enter(row.state, input, context, kernel.clock.now());
    if (step.kind !== 'task') return step;
    const done = await withTimeout(
      doTask(kernel, row, partitionOf(row.region), step.resource, step.payload),
      step.timeoutSeconds,
    );
    if ('failure' in done) return machine.failed(row.state, input, context, done.failure, row.retries);
    return machine.leave(row.state, input, context, done.result);
  }

  /** Writes what a step came to, unless the execution has ended meanwhile. */
  private async take(kernel: Kernel, before: ExecutionRow, step: Step): Promise<void> {
    const now = kernel.clock.now();
    await kernel.store.write(async (tx) => {
      const row = await readExecution(tx, before);
      if (row?.status !== 'RUNNING') return;
      const after = rowAfter(row, step, now);
      writeExecution(tx, after);
      if (after.resumeAt === undefined) return;
      const payload = { ...nameIn({ ...row }) };
      await kernel.timers.schedule(tx, { at: after.resumeAt, service: 'states', task: TASK, id: idOf(row), payload });
    });
  }
}

function rowAfter(row: ExecutionRow, step: Step, now: number): ExecutionRow {
  const { resumeAt: _, waiting: __, ...rest } = row;
  switch (step.kind) {
    case 'next':
      return { ...rest, state: step.state, data: JSON.stringify(step.data), retries: {}, entered: now };
    case 'succeed':
      return { ...rest, status: 'SUCCEEDED', output: JSON.stringify(step.output), stopped: now };
    case 'fail':
      return {
        ...rest,
        status: step.error === 'States.Timeout' ? 'TIMED_OUT' : 'FAILED',
        error: step.error,
        cause: step.cause,
        stopped: now,
      };
    case 'retry': {
      const retries = { ...row.retries, [step.retrier]: (row.retries[step.retrier] ?? 0) + 1 };
      return { ...rest, retries, resumeAt: now + step.afterMs };
    }
    case 'wait':
      return { ...rest, waiting: true, resumeAt: Math.max(step.until, now) };
    default:
      throw new Error('a task is done before its step is taken');
  }
}

/** What `$$` means. Source: Step Functions developer guide, "Accessing execution data from the Context object". */
function contextOf(row: ExecutionRow) {
  const at = { account: row.account, region: row.region, partition: partitionOf(row.region) };
  return {
    Execution: {
      Id: executionArn(at, row.machine, row.name),
      Input: JSON.parse(row.input),
      Name: row.name,
      RoleArn: row.roleArn,
      StartTime: new Date(row.started).toISOString(),
    },
    State: {
      EnteredTime: new Date(row.entered).toISOString(),
      Name: row.state,
      RetryCount: Object.values(row.retries).reduce((sum, count) => sum + count, 0),
    },
    StateMachine: { Id: machineArn(at, row.machine), Name: row.machine },
  };
}

type Done = Awaited<ReturnType<typeof doTask>>;

/** In real time: what a task does takes that. */
async function withTimeout(done: Promise<Done>, seconds: number | undefined): Promise<Done> {
  if (seconds === undefined) return done;
  let timer: NodeJS.Timeout | undefined;
  const failure: Failure = { error: 'States.Timeout' };
  const late = new Promise<Done>((resolve) => {
    timer = setTimeout(() => resolve({ failure }), seconds * 1000).unref();
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
