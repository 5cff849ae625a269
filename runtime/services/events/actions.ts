/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * Amazon EventBridge".
 */
import type * as Events from '@aws-sdk/client-eventbridge';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { busArn, busNamed, readArn, ruleArn, ruleNamed } from './names';
import { readBus, readRule } from './state';

export const asRecord = (tags: readonly { Key?: string; Value?: string }[] = []) =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));

async function onRule(call: Call, name: string | undefined, bus: string | undefined, more: Partial<Check> = {}) {
  const rule = ruleNamed(call, name, bus);
  const row = await readRule(call.kernel.store, rule);
  const resource = ruleArn({ ...rule, partition: call.partition });
  return { action: `events:${call.operation}`, resource, resourceTags: row?.tags, ...more };
}

async function onBus(call: Call, given: string | undefined, more: Partial<Check> = {}): Promise<Check> {
  const { place, name } = busNamed(call, given);
  const row = await readBus(call.kernel.store, place, name);
  const resource = busArn({ ...place, partition: call.partition }, name);
  return { action: `events:${call.operation}`, resource, resourceTags: row?.tags, ...more };
}

const rule = async (input: { Name?: string; EventBusName?: string }, call: Call) => [
  await onRule(call, input.Name, input.EventBusName),
];
const targets = async (input: { Rule?: string; EventBusName?: string }, call: Call) => [
  await onRule(call, input.Rule, input.EventBusName),
];
const bus = async (input: { Name?: string }, call: Call) => [await onBus(call, input.Name)];
const tagged = async ({ ResourceARN = '' }: { ResourceARN?: string }, call: Call): Promise<Check[]> => {
  const found = readArn(ResourceARN);
  if (!found) return [{ action: `events:${call.operation}`, resource: ResourceARN }];
  const { place, bus: name, rule: ruleName } = found;
  const row = ruleName
    ? await readRule(call.kernel.store, { ...place, bus: name, name: ruleName })
    : await readBus(call.kernel.store, place, name);
  return [{ action: `events:${call.operation}`, resource: ResourceARN, resourceTags: row?.tags }];
};

export const actions: Actions<typeof Events> = {
  CreateEventBus: async (input, call) => [await onBus(call, input.Name, { requestTags: asRecord(input.Tags) })],
  DeleteEventBus: bus,
  DeleteRule: rule,
  DescribeEventBus: bus,
  DescribeRule: rule,
  DisableRule: rule,
  EnableRule: rule,
  ListEventBuses: (_, call) => [{ action: 'events:ListEventBuses', resource: busArn(call, '*') }],
  ListRuleNamesByTarget: (_, call) => [
    { action: 'events:ListRuleNamesByTarget', resource: ruleArn({ ...call, bus: 'default', name: '*' }) },
  ],
  ListRules: (_, call) => [{ action: 'events:ListRules', resource: ruleArn({ ...call, bus: 'default', name: '*' }) }],
  ListTagsForResource: tagged,
  ListTargetsByRule: targets,
  PutEvents: (input, call) =>
    Promise.all(
      [...new Set((input.Entries ?? []).map(({ EventBusName }) => EventBusName))].map((name) => onBus(call, name)),
    ),
  PutPermission: async (input, call) => [await onBus(call, input.EventBusName)],
  PutRule: async (input, call) => [
    await onRule(call, input.Name, input.EventBusName, { requestTags: asRecord(input.Tags) }),
  ],
  PutTargets: targets,
  RemovePermission: async (input, call) => [await onBus(call, input.EventBusName)],
  RemoveTargets: targets,
  TagResource: async (input, call) => {
    const [check] = await tagged(input, call);
    return [{ ...check, requestTags: asRecord(input.Tags) }];
  },
  TestEventPattern: () => [{ action: 'events:TestEventPattern', resource: '*' }],
  UntagResource: async (input, call) => {
    const [check] = await tagged(input, call);
    return [{ ...check, keys: { 'aws:TagKeys': input.TagKeys } }];
  },
  UpdateEventBus: bus,
};

/** Of what is no operation of the API. */
export const forwardActions = {
  ForwardEvent: async ({ bus: given }: { bus: string }, call: Call) => [
    { ...(await onBus(call, given)), action: 'events:PutEvents' },
  ],
};
