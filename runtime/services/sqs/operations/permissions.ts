/** The queue policy, statement by statement, and tags. */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { invalidParameter, invalidValue, missingParameter, queueDoesNotExist } from '../errors';
import { arnOf, needOwnQueue } from '../names';
import { type QueueRow, readQueue, writeQueue } from '../state';
import { readTags } from '../tags';

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

function policyOf(queue: QueueRow): Policy {
  const text = queue.attributes.Policy;
  if (text === undefined) return { Version: '2012-10-17', Id: `${arnOf(queue)}/SQSDefaultPolicy`, Statement: [] };
  const policy = JSON.parse(text);
  return { ...policy, Statement: Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement] };
}

/** Changes one's own queue in one transaction. */
async function changeQueue(call: Call, url: string | undefined, change: (queue: QueueRow) => QueueRow) {
  const found = await needOwnQueue(call, url);
  await call.kernel.store.write(async (tx) => {
    const queue = await readQueue(tx, found);
    if (!queue) throw queueDoesNotExist();
    writeQueue(tx, change(queue));
  });
  return {};
}

function withPolicy(queue: QueueRow, call: Call, policy: Policy): QueueRow {
  const { Policy: _, ...attributes } = queue.attributes;
  const kept = policy.Statement.length > 0 ? { ...attributes, Policy: JSON.stringify(policy) } : attributes;
  return { ...queue, attributes: kept, policyOrigin: call.origin, modified: call.now };
}

export const permissionHandlers = {
  async AddPermission(call, input) {
    const { Label, AWSAccountIds: accounts = [], Actions: actions = [] } = input;
    if (!Label || !/^[\w-]{1,80}$/.test(Label))
      throw invalidValue(Label, 'Label', 'Can only include alphanumeric characters, hyphens, or underscores.');
    if (accounts.length === 0) throw missingParameter('AWSAccountIds');
    if (actions.length === 0 || actions.length > 7) throw missingParameter('Actions');
    const stranger = accounts.find((account) => !/^\d{12}$/.test(account));
    if (stranger) throw invalidValue(stranger, 'PrincipalId', 'Unable to verify.');
    return changeQueue(call, input.QueueUrl, (queue) => {
      const policy = policyOf(queue);
      if (policy.Statement.some(({ Sid }) => Sid === Label)) throw invalidValue(Label, 'Label', 'Already exists.');
      const statement = {
        Sid: Label,
        Effect: 'Allow',
        Principal: { AWS: accounts.map((account) => `arn:${call.partition}:iam::${account}:root`) },
        Action: actions.map((action) => `SQS:${action}`),
        Resource: arnOf(queue),
      };
      return withPolicy(queue, call, { ...policy, Statement: [...policy.Statement, statement] });
    });
  },

  async RemovePermission(call, input) {
    return changeQueue(call, input.QueueUrl, (queue) => {
      const policy = policyOf(queue);
      const rest = policy.Statement.filter(({ Sid }) => Sid !== input.Label);
      if (rest.length === policy.Statement.length)
        throw invalidValue(input.Label, 'Label', "can't find label on existing policy.");
      return withPolicy(queue, call, { ...policy, Statement: rest });
    });
  },

  async TagQueue(call, input) {
    if (Object.keys(input.Tags ?? {}).length === 0) throw missingParameter('Tags');
    return changeQueue(call, input.QueueUrl, (queue) => ({ ...queue, tags: readTags(input.Tags, queue.tags) }));
  },

  async UntagQueue(call, input) {
    const { TagKeys: keys = [] } = input;
    if (keys.length === 0) throw invalidParameter('Tag keys must be between 1 and 128 characters in length.');
    return changeQueue(call, input.QueueUrl, (queue) => ({
      ...queue,
      tags: Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !keys.includes(key))),
    }));
  },

  async ListQueueTags(call, input) {
    return { Tags: { ...(await needOwnQueue(call, input.QueueUrl)).tags } };
  },
} satisfies Handlers<typeof Sqs>;
