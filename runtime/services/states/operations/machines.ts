/** State machines: making, changing, finding, deleting; their tags. Source: Step Functions API Reference. */
import type * as Sfn from '@aws-sdk/client-sfn';
import { parseArn } from '../../../base/arn';
import { DefinitionError, readStateMachine } from '../../../engine/statemachine';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { asRecord } from '../actions';
import {
  checkName,
  executionOfArn,
  invalidArn,
  invalidDefinition,
  machineArn,
  machineExists,
  machineOfArn,
  noExecution,
  noMachine,
  unsupported,
  validation,
} from '../names';
import { type MachineRow, readExecution, readMachine, removeMachine, scanMachines, writeMachine } from '../state';
import { refusedResource } from '../tasks';

/** @throws InvalidDefinition */
function checkDefinition(text: string): void {
  try {
    readStateMachine(text);
  } catch (error) {
    if (error instanceof DefinitionError) throw invalidDefinition(error.message);
    throw error;
  }
  const { States } = JSON.parse(text) as { States: Record<string, { Type?: string; Resource?: string }> };
  for (const [name, { Type, Resource = '' }] of Object.entries(States)) {
    const refused = Type === 'Task' ? refusedResource(Resource) : undefined;
    if (refused) throw invalidDefinition(`SCHEMA_VALIDATION_FAILED: ${refused} at /States/${name}/Resource`);
  }
}

type Settings = Pick<
  Sfn.CreateStateMachineInput & Sfn.UpdateStateMachineInput,
  'loggingConfiguration' | 'tracingConfiguration' | 'encryptionConfiguration' | 'publish'
>;

function refuseUnmodelled(input: Settings): void {
  const { level = 'OFF' } = input.loggingConfiguration ?? {};
  if (level !== 'OFF') throw unsupported(`logging at level ${level}`);
  if (input.tracingConfiguration?.enabled) throw unsupported('tracing');
  const encryption = input.encryptionConfiguration?.type ?? 'AWS_OWNED_KEY';
  if (encryption !== 'AWS_OWNED_KEY') throw unsupported('customer managed keys');
  if (input.publish) throw unsupported('versions of state machines');
}

function checkRole(arn: string | undefined): void {
  if (parseArn(arn ?? '')?.service !== 'iam') throw invalidArn(arn ?? '');
}

export async function needMachine(call: Call, arn: string | undefined, from: Reader = call.kernel.store) {
  const row = await readMachine(from, machineOfArn(arn));
  if (!row) throw noMachine(arn ?? '');
  return row;
}

const described = (call: Call, row: MachineRow) => ({
  stateMachineArn: machineArn({ ...row, partition: call.partition }, row.name),
  name: row.name,
  type: 'STANDARD' as const,
  creationDate: new Date(row.created),
});

const DEFAULTS = {
  loggingConfiguration: { level: 'OFF' as const, includeExecutionData: false },
  tracingConfiguration: { enabled: false },
  encryptionConfiguration: { type: 'AWS_OWNED_KEY' as const },
};

export const machineHandlers: Handlers<typeof Sfn> = {
  async CreateStateMachine(call, input) {
    const { name = '', definition = '', roleArn } = input;
    checkName(name);
    if (input.type === 'EXPRESS') throw unsupported('express state machines');
    refuseUnmodelled(input);
    checkDefinition(definition);
    checkRole(roleArn);
    const { account, region, now, kernel } = call;
    const row: MachineRow = {
      account,
      region,
      name,
      id: kernel.random.uuid(),
      definition,
      roleArn: roleArn!,
      created: now,
      revision: kernel.random.uuid(),
      tags: asRecord(input.tags),
    };
    const stateMachineArn = machineArn(call, name);
    const creationDate = await kernel.store.write(async (tx) => {
      const existing = await readMachine(tx, row);
      if (!existing) writeMachine(tx, row);
      else if (existing.definition !== definition || existing.roleArn !== roleArn) throw machineExists(stateMachineArn);
      return new Date((existing ?? row).created);
    });
    return { stateMachineArn, creationDate };
  },

  async UpdateStateMachine(call, input) {
    refuseUnmodelled(input);
    if (input.definition !== undefined) checkDefinition(input.definition);
    if (input.roleArn !== undefined) checkRole(input.roleArn);
    if (
      input.definition === undefined &&
      input.roleArn === undefined &&
      !input.loggingConfiguration &&
      !input.tracingConfiguration
    )
      throw validation(
        'Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified',
      );
    const revisionId = call.kernel.random.uuid();
    await call.kernel.store.write(async (tx) => {
      const row = await needMachine(call, input.stateMachineArn, tx);
      const definition = input.definition ?? row.definition;
      writeMachine(tx, { ...row, definition, roleArn: input.roleArn ?? row.roleArn, revision: revisionId });
    });
    return { updateDate: new Date(call.now), revisionId };
  },

  /** Of one that is gone it succeeds. Its executions go with it. */
  async DeleteStateMachine(call, input) {
    const name = machineOfArn(input.stateMachineArn);
    await call.kernel.store.write((tx) => removeMachine(tx, name));
    return {};
  },

  async DescribeStateMachine(call, input) {
    const row = await needMachine(call, input.stateMachineArn);
    const { definition, roleArn, revision } = row;
    return { ...described(call, row), status: 'ACTIVE', definition, roleArn, revisionId: revision, ...DEFAULTS };
  },

  async DescribeStateMachineForExecution(call, input) {
    const execution = await readExecution(call.kernel.store, executionOfArn(input.executionArn));
    if (!execution) throw noExecution(input.executionArn ?? '');
    const { machine: name, definition, roleArn } = execution;
    const stateMachineArn = machineArn({ ...execution, partition: call.partition }, name);
    return { stateMachineArn, name, definition, roleArn, updateDate: new Date(execution.started), ...DEFAULTS };
  },

  async ListStateMachines(call) {
    const rows: MachineRow[] = [];
    for await (const row of scanMachines(call.kernel.store, call)) rows.push(row);
    return { stateMachines: rows.map((row) => described(call, row)) };
  },

  async ListTagsForResource(call, input) {
    const { tags } = await needMachine(call, input.resourceArn);
    return { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
  },

  async TagResource(call, input) {
    await call.kernel.store.write(async (tx) => {
      const row = await needMachine(call, input.resourceArn, tx);
      writeMachine(tx, { ...row, tags: { ...row.tags, ...asRecord(input.tags) } });
    });
    return {};
  },

  async UntagResource(call, { resourceArn, tagKeys = [] }) {
    await call.kernel.store.write(async (tx) => {
      const row = await needMachine(call, resourceArn, tx);
      const tags = Object.fromEntries(Object.entries(row.tags).filter(([key]) => !tagKeys.includes(key)));
      writeMachine(tx, { ...row, tags });
    });
    return {};
  },
};
