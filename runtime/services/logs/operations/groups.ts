/** Log groups: making, finding, keeping time, encrypting, deleting. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { alreadyExists, constraint, groupNotFound, invalidParameter, protectedGroup, unsupported } from '../errors';
import { arnOfGroup, checkGroupName, groupNameIn, groupNameOf, needGroup } from '../names';
import { pageLimit, pageOf, readToken } from '../paging';
import { rescheduleSweep, scheduleErasure } from '../retention';
import { type GroupRow, readGroup, removeGroup, scanGroups, scanStreams, writeDataKey, writeGroup } from '../state';
import { readTags } from '../tags';
import { makeDataKey } from '../vault';

/** Source: CloudWatch Logs API Reference, "PutRetentionPolicy". */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const arns = (call: Call, name: string) => ({
  arn: `${arnOfGroup(call, name)}:*`,
  logGroupArn: arnOfGroup(call, name),
});

async function storedBytes(call: Call, group: GroupRow): Promise<number> {
  let sum = 0;
  for await (const stream of scanStreams(call.kernel.store, group.id)) sum += stream.bytes;
  return sum;
}

/** Changes a group in one transaction. `change` sees it as it is then. */
async function changeGroup(call: Call, name: string, change: (group: GroupRow) => GroupRow): Promise<GroupRow> {
  return call.kernel.store.write(async (tx) => {
    const before = await needGroup(tx, call, name);
    const after = change(before);
    writeGroup(tx, call, after);
    if (after.retentionDays !== before.retentionDays) await rescheduleSweep(tx, call.kernel, call, after);
    return after;
  });
}

/** The group that AssociateKmsKey and its opposite are about; results of Insights queries are not kept here. */
function encryptedGroup(call: Call, input: { logGroupName?: string; resourceIdentifier?: string }): string {
  const { logGroupName, resourceIdentifier } = input;
  if ((logGroupName === undefined) === (resourceIdentifier === undefined))
    throw invalidParameter('You must specify either logGroupName or resourceIdentifier, but not both.');
  if (resourceIdentifier?.includes(':query-result:')) throw unsupported('encryption of query results');
  return logGroupName ?? groupNameOf(call, resourceIdentifier!);
}

export const groupHandlers = {
  async CreateLogGroup(call, input) {
    const name = input.logGroupName!;
    checkGroupName(name);
    if (input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD')
      throw unsupported(`log class ${input.logGroupClass}`);
    const { kernel } = call;
    const dataKey = input.kmsKeyId === undefined ? undefined : await makeDataKey(call, name, input.kmsKeyId);
    const group: GroupRow = {
      id: kernel.random.hex(32),
      name,
      created: call.now,
      kmsKeyId: input.kmsKeyId,
      dataKey: dataKey && 1,
      lastDataKey: dataKey && 1,
      tags: readTags(input.tags),
      deletionProtected: input.deletionProtectionEnabled ?? false,
    };
    await kernel.store.write(async (tx) => {
      if (await readGroup(tx, call, name)) throw alreadyExists('log group');
      writeGroup(tx, call, group);
      if (dataKey) writeDataKey(tx, group.id, 1, dataKey);
    });
    return {};
  },

  async DeleteLogGroup(call, input) {
    await call.kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, input.logGroupName!);
      if (group.deletionProtected) throw protectedGroup();
      removeGroup(tx, call, group.name);
      await scheduleErasure(tx, call.kernel, group.id);
    });
    return {};
  },

  async DescribeLogGroups(call, input) {
    const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input;
    if (prefix !== undefined && pattern !== undefined)
      throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
    if (input.includeLinkedAccounts) throw unsupported('linked accounts of a monitoring account');
    const limit = pageLimit(input.limit, 50);
    const only = input.logGroupIdentifiers?.map((identifier) => groupNameOf(call, identifier));
    const matches = ({ name }: GroupRow) =>
      (pattern === undefined || name.includes(pattern)) && (only === undefined || only.includes(name));
    const none = input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD';
    const rows: GroupRow[] = [];
    if (!none)
      for await (const group of scanGroups(call.kernel.store, call, prefix, readToken(input.nextToken))) {
        if (matches(group)) rows.push(group);
        if (rows.length > limit) break;
      }
    const { page, nextToken } = pageOf(rows, limit, ({ name }) => name);
    return {
      logGroups: await Promise.all(
        page.map(async (group) => ({
          logGroupName: group.name,
          creationTime: group.created,
          retentionInDays: group.retentionDays,
          metricFilterCount: 0,
          ...arns(call, group.name),
          storedBytes: await storedBytes(call, group),
          kmsKeyId: group.kmsKeyId,
          logGroupClass: 'STANDARD' as const,
          deletionProtectionEnabled: group.deletionProtected,
        })),
      ),
      nextToken,
    };
  },

  async PutRetentionPolicy(call, input) {
    const days = input.retentionInDays!;
    if (!retentions.includes(days))
      throw constraint('retentionInDays', days, `satisfy enum value set: [${retentions.join(', ')}]`);
    await changeGroup(call, input.logGroupName!, (group) => ({ ...group, retentionDays: days }));
    return {};
  },

  async DeleteRetentionPolicy(call, input) {
    await changeGroup(call, input.logGroupName!, (group) => ({ ...group, retentionDays: undefined }));
    return {};
  },

  async PutLogGroupDeletionProtection(call, input) {
    const name = groupNameIn(call, { logGroupIdentifier: input.logGroupIdentifier });
    const deletionProtected = input.deletionProtectionEnabled!;
    await changeGroup(call, name, (group) => ({ ...group, deletionProtected }));
    return {};
  },

  async AssociateKmsKey(call, input) {
    const name = encryptedGroup(call, input);
    const { id } = await needGroup(call.kernel.store, call, name);
    const row = await makeDataKey(call, name, input.kmsKeyId!);
    await call.kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, name);
      if (group.id !== id) throw groupNotFound();
      const number = (group.lastDataKey ?? 0) + 1;
      writeDataKey(tx, id, number, row);
      writeGroup(tx, call, { ...group, kmsKeyId: input.kmsKeyId, dataKey: number, lastDataKey: number });
    });
    return {};
  },

  async DisassociateKmsKey(call, input) {
    await changeGroup(call, encryptedGroup(call, input), (group) => ({
      ...group,
      kmsKeyId: undefined,
      dataKey: undefined,
    }));
    return {};
  },
} satisfies Handlers<typeof Logs>;
