/** What Step Functions keeps: state machines, and executions where they stand. */
import { type Reader, table, type Writer } from '../../store/port';

export interface Place {
  readonly account: string;
  readonly region: string;
}

export interface MachineName extends Place {
  readonly name: string;
}

export interface MachineRow extends MachineName {
  readonly id: string;
  readonly definition: string;
  readonly roleArn: string;
  readonly created: number;
  readonly revision: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ExecutionName extends Place {
  readonly machine: string;
  readonly name: string;
}

export interface ExecutionRow extends ExecutionName {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** As the machine was when it began. */
  readonly definition: string;
  readonly roleArn: string;
  /** JSON texts. */
  readonly input: string;
  readonly data: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly state: string;
  readonly entered: number;
  /** How often each retrier of the state has been used. */
  readonly retries: Readonly<Record<string, number>>;
  /** A timer goes on with it then. */
  readonly resumeAt?: number;
  /** It waits in a Wait state, and leaves it when it goes on. */
  readonly waiting?: true;
  readonly started: number;
  readonly stopped?: number;
}

/** [account, region, name] */
const machines = table<MachineRow>('states.machines');
/** [account, region, machine, name] */
const executions = table<ExecutionRow>('states.executions');

const machineKey = ({ account, region, name }: MachineName) => [account, region, name];
const executionKey = ({ account, region, machine, name }: ExecutionName) => [account, region, machine, name];

export const readMachine = (from: Reader, name: MachineName) => from.get(machines, machineKey(name));
export const writeMachine = (tx: Writer, row: MachineRow) => tx.put(machines, machineKey(row), row);
export async function* scanMachines(from: Reader, { account, region }: Place) {
  for await (const { value } of from.scan(machines, { within: [account, region] })) yield value;
}

/** A machine with its executions. */
export async function removeMachine(tx: Writer, name: MachineName): Promise<void> {
  const within = machineKey(name);
  for (const { key } of await tx.page(executions, { within, limit: Number.POSITIVE_INFINITY }))
    tx.delete(executions, key);
  tx.delete(machines, within);
}

export const readExecution = (from: Reader, name: ExecutionName) => from.get(executions, executionKey(name));
export const writeExecution = (tx: Writer, row: ExecutionRow) => tx.put(executions, executionKey(row), row);
export async function* scanExecutions(from: Reader, { account, region, name }: MachineName) {
  for await (const { value } of from.scan(executions, { within: [account, region, name] })) yield value;
}
export async function* scanAllExecutions(from: Reader) {
  for await (const { value } of from.scan(executions)) yield value;
}
