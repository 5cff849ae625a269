/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Step Functions".
 */
import type * as Sfn from '@aws-sdk/client-sfn';
import { formatArn, parseArn } from '../../base/arn';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { executionOfArn, machineArn, machineOfArn } from './names';
import { type MachineName, readMachine } from './state';

export const asRecord = (tags: readonly { key?: string; value?: string }[] = []) =>
  Object.fromEntries(tags.map(({ key = '', value = '' }) => [key, value]));

async function onMachine(call: Call, name: MachineName, more: Partial<Check> = {}): Promise<Check> {
  const row = await readMachine(call.kernel.store, name);
  const resource = machineArn({ ...name, partition: call.partition }, name.name);
  return { action: `states:${call.operation}`, resource, resourceTags: row?.tags, ...more };
}

const machine = async (input: { stateMachineArn?: string }, call: Call) => [
  await onMachine(call, machineOfArn(input.stateMachineArn)),
];
const execution = async (input: { executionArn?: string }, call: Call): Promise<Check[]> => {
  executionOfArn(input.executionArn);
  return [{ action: `states:${call.operation}`, resource: input.executionArn! }];
};
const tagged = async (input: { resourceArn?: string }, call: Call) => [
  await onMachine(call, machineOfArn(input.resourceArn)),
];

/** Who makes a machine hands its role on. */
const passed = (roleArn: string | undefined): Check[] =>
  roleArn && parseArn(roleArn)
    ? [{ action: 'iam:PassRole', resource: roleArn, keys: { 'iam:PassedToService': 'states.amazonaws.com' } }]
    : [];

export const actions: Actions<typeof Sfn> = {
  CreateStateMachine: async (input, call) => {
    const name = { account: call.account, region: call.region, name: input.name! };
    return [await onMachine(call, name, { requestTags: asRecord(input.tags) }), ...passed(input.roleArn)];
  },
  DeleteStateMachine: machine,
  DescribeExecution: execution,
  DescribeStateMachine: machine,
  DescribeStateMachineForExecution: execution,
  ListExecutions: machine,
  ListStateMachines: (_, call) => [
    {
      action: 'states:ListStateMachines',
      resource: formatArn({ ...call, service: 'states', resource: 'stateMachine:*' }),
    },
  ],
  ListTagsForResource: tagged,
  StartExecution: machine,
  StopExecution: execution,
  TagResource: async (input, call) => [
    await onMachine(call, machineOfArn(input.resourceArn), { requestTags: asRecord(input.tags) }),
  ],
  UntagResource: async (input, call) => [
    await onMachine(call, machineOfArn(input.resourceArn), { keys: { 'aws:TagKeys': input.tagKeys } }),
  ],
  UpdateStateMachine: async (input, call) => [...(await machine(input, call)), ...passed(input.roleArn)],
};
