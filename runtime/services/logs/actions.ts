/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * Amazon CloudWatch Logs".
 */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { arnForGroup, arnOfGroup, arnOfStream, groupNameIn, groupNameOf } from './names';
import { readGroup } from './state';

type Tags = Record<string, string>;
type Identified = { logGroupName?: string; logGroupIdentifier?: string };

async function ask(call: Call, name: string, resource: string, requestTags?: Tags): Promise<Check[]> {
  const group = await readGroup(call.kernel.store, call, name);
  return [{ action: `logs:${call.operation}`, resource, resourceTags: group?.tags, requestTags }];
}

const onGroup = (call: Call, name: string, requestTags?: Tags) => ask(call, name, arnForGroup(call, name), requestTags);
/** Tagging names a group without anything behind it. */
const onBareGroup = (call: Call, name: string, requestTags?: Tags) =>
  ask(call, name, arnOfGroup(call, name), requestTags);

const group = (input: { logGroupName?: string }, call: Call) => onGroup(call, input.logGroupName!);
const identified = (input: Identified, call: Call) => onGroup(call, groupNameIn(call, input));
const stream = (input: Identified & { logStreamName?: string }, call: Call) => {
  const name = groupNameIn(call, input);
  return ask(call, name, arnOfStream(call, name, input.logStreamName!));
};
const encrypted = (input: { logGroupName?: string; resourceIdentifier?: string }, call: Call) =>
  onGroup(call, input.logGroupName ?? groupNameOf(call, input.resourceIdentifier ?? ''));
const all = (_: unknown, call: Call): Check[] => [{ action: `logs:${call.operation}`, resource: '*' }];

export const actions: Actions<typeof Logs> = {
  AssociateKmsKey: encrypted,
  CreateLogGroup: async (input, call) => {
    const [check] = await onGroup(call, input.logGroupName!, input.tags);
    return Object.keys(input.tags ?? {}).length > 0 ? [check, { ...check, action: 'logs:TagResource' }] : [check];
  },
  CreateLogStream: stream,
  DeleteLogGroup: group,
  DeleteLogStream: stream,
  DeleteResourcePolicy: all,
  DeleteSubscriptionFilter: group,
  DeleteRetentionPolicy: group,
  DescribeLogGroups: (input, call) => onGroup(call, input.logGroupNamePrefix ?? ''),
  DescribeLogStreams: identified,
  DescribeResourcePolicies: all,
  DescribeSubscriptionFilters: group,
  DisassociateKmsKey: encrypted,
  FilterLogEvents: identified,
  GetLogEvents: stream,
  ListTagsForResource: (input, call) => onBareGroup(call, groupNameOf(call, input.resourceArn!)),
  ListTagsLogGroup: group,
  PutLogEvents: stream,
  PutLogGroupDeletionProtection: (input, call) => onGroup(call, groupNameOf(call, input.logGroupIdentifier!)),
  PutResourcePolicy: all,
  PutRetentionPolicy: group,
  PutSubscriptionFilter: async (input, call) => {
    const [check] = await onGroup(call, input.logGroupName!);
    return [{ ...check, keys: { 'logs:DestinationArn': input.destinationArn } }];
  },
  TagLogGroup: (input, call) => onGroup(call, input.logGroupName!, input.tags),
  TagResource: (input, call) => onBareGroup(call, groupNameOf(call, input.resourceArn!), input.tags),
  UntagLogGroup: group,
  UntagResource: async (input, call) => {
    const [check] = await onBareGroup(call, groupNameOf(call, input.resourceArn!));
    return [{ ...check, keys: { 'aws:TagKeys': input.tagKeys } }];
  },
};
