/**
 * What each operation asks of IAM; a batch asks what its single operation asks. Source: Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon SQS".
 */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { arnOf, nameOfArn, nameOfUrl } from './names';
import { sourceArnOf } from './operations/moves';
import { type QueueName, readQueue } from './state';

async function onQueue(call: Call, name: QueueName, action: string, more: Partial<Check> = {}): Promise<Check[]> {
  const queue = await readQueue(call.kernel.store, name);
  const resource = arnOf({ ...name, partition: call.partition });
  return [{ action: `sqs:${action}`, resource, resourceTags: queue?.tags, ...more }];
}

/** The action of this name on the queue of the URL; the operation's own when no name is given. */
const on =
  (action?: string) =>
  (input: { QueueUrl?: string }, call: Call): Promise<Check[]> =>
    onQueue(call, nameOfUrl(call, input.QueueUrl ?? call.request.path), action ?? call.operation);

const own = on();

/** Moving dead letters is receiving and deleting them, too. The destination is asked about in the handler. */
async function onSource(call: Call, arn: string, actions: readonly string[]): Promise<Check[]> {
  const name = nameOfArn(arn) ?? { account: call.account, region: call.region, name: '' };
  const [check] = await onQueue(call, name, call.operation);
  return actions.map((action) => ({ ...check, action: `sqs:${action}` }));
}

export const actions: Actions<typeof Sqs> = {
  AddPermission: own,
  CancelMessageMoveTask: (input, call) => onSource(call, sourceArnOf(input.TaskHandle!), ['CancelMessageMoveTask']),
  ChangeMessageVisibility: own,
  ChangeMessageVisibilityBatch: on('ChangeMessageVisibility'),
  CreateQueue: async (input, call) => {
    const name = { account: call.account, region: call.region, name: input.QueueName! };
    const [check] = await onQueue(call, name, 'CreateQueue', { requestTags: input.tags });
    return Object.keys(input.tags ?? {}).length > 0 ? [check, { ...check, action: 'sqs:TagQueue' }] : [check];
  },
  DeleteMessage: own,
  DeleteMessageBatch: on('DeleteMessage'),
  DeleteQueue: own,
  GetQueueAttributes: own,
  GetQueueUrl: (input, call) =>
    onQueue(
      call,
      { account: input.QueueOwnerAWSAccountId ?? call.account, region: call.region, name: input.QueueName! },
      'GetQueueUrl',
    ),
  ListDeadLetterSourceQueues: own,
  ListMessageMoveTasks: (input, call) => onSource(call, input.SourceArn!, ['ListMessageMoveTasks']),
  ListQueueTags: own,
  ListQueues: (_, call) => onQueue(call, { account: call.account, region: call.region, name: '*' }, 'ListQueues'),
  PurgeQueue: own,
  ReceiveMessage: own,
  RemovePermission: own,
  SendMessage: own,
  SendMessageBatch: on('SendMessage'),
  SetQueueAttributes: own,
  StartMessageMoveTask: (input, call) =>
    onSource(call, input.SourceArn!, ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']),
  TagQueue: async (input, call) => {
    const [check] = await own(input, call);
    return [{ ...check, requestTags: input.Tags }];
  },
  UntagQueue: async (input, call) => {
    const [check] = await own(input, call);
    return [{ ...check, keys: { 'aws:TagKeys': input.TagKeys } }];
  },
};
