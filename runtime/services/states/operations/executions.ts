/** Executions: started, told of, stopped. Source: Step Functions API Reference. */
import type * as Sfn from '@aws-sdk/client-sfn';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import {
  checkName,
  executionArn,
  executionExists,
  executionOfArn,
  invalidInput,
  machineArn,
  machineOfArn,
  noExecution,
} from '../names';
import { announceExecution } from '../runs';
import { type ExecutionRow, readExecution, scanExecutions, writeExecution } from '../state';
import { needMachine } from './machines';

/** Source: Step Functions quotas, "Maximum input or output size". */
const MOST_BYTES = 262_144;

function checkInput(text: string): void {
  if (Buffer.byteLength(text) > MOST_BYTES) throw invalidInput('Input is longer than 262144 bytes');
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidInput((error as Error).message);
  }
}

const told = (call: Call, row: ExecutionRow) => ({
  executionArn: executionArn({ ...row, partition: call.partition }, row.machine, row.name),
  stateMachineArn: machineArn({ ...row, partition: call.partition }, row.machine),
  name: row.name,
  status: row.status,
  startDate: new Date(row.started),
  stopDate: row.stopped === undefined ? undefined : new Date(row.stopped),
});

export const executionHandlers: Handlers<typeof Sfn> = {
  async StartExecution(call, { stateMachineArn, name = call.kernel.random.uuid(), input = '{}' }) {
    checkName(name);
    checkInput(input);
    const row = await call.kernel.store.write(async (tx) => {
      const machine = await needMachine(call, stateMachineArn, tx);
      const { account, region, definition, roleArn } = machine;
      const fresh: ExecutionRow = {
        account,
        region,
        machine: machine.name,
        name,
        status: 'RUNNING',
        definition,
        roleArn,
        input,
        data: input,
        state: JSON.parse(definition).StartAt,
        entered: call.now,
        retries: {},
        started: call.now,
      };
      const existing = await readExecution(tx, fresh);
      if (existing) {
        // The same again is the same execution, as long as it runs.
        if (existing.status === 'RUNNING' && existing.input === input) return existing;
        throw executionExists(told(call, existing).executionArn);
      }
      writeExecution(tx, fresh);
      announceExecution(tx, fresh);
      return fresh;
    });
    const { executionArn: arn, startDate } = told(call, row);
    return { executionArn: arn, startDate };
  },

  async DescribeExecution(call, input) {
    const row = await readExecution(call.kernel.store, executionOfArn(input.executionArn));
    if (!row) throw noExecution(input.executionArn ?? '');
    return { ...told(call, row), input: row.input, output: row.output, error: row.error, cause: row.cause };
  },

  async StopExecution(call, { executionArn: arn, error, cause }) {
    const name = executionOfArn(arn);
    await call.kernel.store.write(async (tx) => {
      const row = await readExecution(tx, name);
      if (!row) throw noExecution(arn ?? '');
      if (row.status === 'RUNNING') writeExecution(tx, { ...row, status: 'ABORTED', error, cause, stopped: call.now });
    });
    return { stopDate: new Date(call.now) };
  },

  async ListExecutions(call, input) {
    await needMachine(call, input.stateMachineArn);
    const rows: ExecutionRow[] = [];
    for await (const row of scanExecutions(call.kernel.store, machineOfArn(input.stateMachineArn)))
      if (input.statusFilter === undefined || row.status === input.statusFilter) rows.push(row);
    rows.sort((a, b) => b.started - a.started);
    return { executions: rows.slice(0, input.maxResults || 100).map((row) => told(call, row)) };
  },
};
