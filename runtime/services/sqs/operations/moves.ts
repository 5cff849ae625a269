/**
 * Message move tasks: dead letters go back to where they came from, or to a queue of choice, as new messages, at once
 * or so many a second. Source: Amazon SQS API Reference, "StartMessageMoveTask"; Developer Guide, "Dead-letter queue
 * redrive".
 */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import type { Arrivals } from '../arrivals';
import { readRedrive } from '../attributes';
import { candidates, type Delivery, deliver, enqueue, isExpired } from '../delivery';
import { invalidParameter, invalidValue, notFound, otherAccount, queueDoesNotExist, unsupported } from '../errors';
import { arnOf, nameOfArn } from '../names';
import {
  type MoveRow,
  movesOf,
  type QueueRow,
  readBody,
  readMessage,
  readQueue,
  removeMessage,
  scanQueues,
  scanVisible,
  writeMove,
} from '../state';

/** Most messages that one transaction moves. */
const moveBatch = 500;
const mostPerSecond = 500;

const timerOf = (queue: QueueRow, at: number) => ({
  at,
  service: 'sqs',
  task: 'move',
  id: queue.id,
  payload: { account: queue.account, region: queue.region, name: queue.name, id: queue.id },
});

/** Moves the next messages of the task that runs on this queue. @returns whether to go on at once */
export async function moveSome(delivery: Delivery, queue: QueueRow): Promise<boolean> {
  const { tx, kernel, now } = delivery;
  const [task] = await movesOf(tx, queue.id, 1);
  if (task?.status !== 'RUNNING') return false;
  const limit = task.perSecond ?? moveBatch;
  let moved = 0;
  for await (const sequence of candidates(delivery, queue)) {
    if (moved === limit) {
      writeMove(tx, queue.id, { ...task, moved: task.moved + moved });
      if (task.perSecond === undefined) return true;
      await kernel.timers.schedule(tx, timerOf(queue, now + 1000));
      return false;
    }
    const failure = await moveOne(delivery, queue, task, sequence);
    if (failure) {
      writeMove(tx, queue.id, { ...task, moved: task.moved + moved, status: 'FAILED', failure });
      return false;
    }
    moved++;
  }
  writeMove(tx, queue.id, { ...task, moved: task.moved + moved, status: 'COMPLETED' });
  return false;
}

/** @returns why the message cannot be moved */
async function moveOne(
  delivery: Delivery,
  queue: QueueRow,
  task: MoveRow,
  sequence: number,
): Promise<string | undefined> {
  const { tx, kernel, now } = delivery;
  const row = (await readMessage(tx, queue.id, sequence))!;
  const body = (await readBody(tx, queue.id, sequence))!;
  if (!isExpired(queue, row, now)) {
    const name = nameOfArn(task.destinationArn ?? row.source ?? '');
    if (!name) return 'CouldNotDetermineMessageSource';
    const target = await readQueue(tx, name);
    if (!target) return 'AWS.SimpleQueueService.NonExistentQueue';
    const { receipt: _, source: __, firstReceived: ___, lastReceived: ____, ...rest } = row;
    const message = { ...rest, messageId: kernel.random.uuid(), sent: now, visibleAt: now, receives: 0 };
    await enqueue(delivery, target, message, body);
  }
  removeMessage(tx, queue.id, sequence, row);
  return undefined;
}

async function isDeadLetterQueue(from: Reader, queue: QueueRow): Promise<boolean> {
  const arn = arnOf(queue);
  for await (const { attributes } of scanQueues(from, queue.account, queue.region))
    if (readRedrive(attributes.RedrivePolicy)?.deadLetterTargetArn === arn) return true;
  return false;
}

async function needSource(call: Call, arn: string): Promise<QueueRow> {
  const name = nameOfArn(arn);
  if (!name) throw invalidValue(arn, 'SourceArn', 'Must be the ARN of a queue.');
  if (name.account !== call.account) throw otherAccount(call.operation);
  const queue = await readQueue(call.kernel.store, name);
  if (!queue) throw notFound('The resource that you specified for the SourceArn parameter does not exist.');
  return queue;
}

const writeHandle = ({ taskId, sourceArn }: MoveRow): string =>
  Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64');

/** @throws InvalidParameterValue */
function readHandle(handle: string): { taskId: string; sourceArn: string } {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString());
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // Not one of ours.
  }
  throw invalidParameter('Value for parameter TaskHandle is invalid.');
}

export const sourceArnOf = (handle: string): string => readHandle(handle).sourceArn;

export function moveHandlers(arrivals: Arrivals) {
  return {
    async StartMessageMoveTask(call, input) {
      const { kernel, now } = call;
      const { store } = kernel;
      const source = await needSource(call, input.SourceArn!);
      const perSecond = input.MaxNumberOfMessagesPerSecond;
      if (perSecond !== undefined && (perSecond < 1 || perSecond > mostPerSecond))
        throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${mostPerSecond}.`);
      if (!(await isDeadLetterQueue(store, source)))
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      if (input.DestinationArn !== undefined) {
        const name = nameOfArn(input.DestinationArn);
        if (!name || !(await readQueue(store, name)))
          throw notFound('The resource that you specified for the DestinationArn parameter does not exist.');
        await call.authorize({ action: 'sqs:SendMessage', resource: input.DestinationArn });
      }
      let toMove = 0;
      for await (const _ of scanVisible(store, source.id, now)) toMove++;
      const task: MoveRow = {
        taskId: kernel.random.uuid(),
        status: 'RUNNING',
        sourceArn: arnOf(source),
        destinationArn: input.DestinationArn,
        perSecond,
        moved: 0,
        toMove,
        started: now,
      };
      for (let more = true, first = true; more; first = false) {
        const { result, visible } = await deliver(kernel, now, async (delivery) => {
          const queue = await readQueue(delivery.tx, source);
          if (queue?.id !== source.id) throw queueDoesNotExist();
          if (first) {
            const [running] = await movesOf(delivery.tx, queue.id, 1);
            if (running?.status === 'RUNNING')
              throw unsupported(
                'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
              );
            writeMove(delivery.tx, queue.id, task);
            // Should this process end before the messages have moved, the timer goes on with them.
            await kernel.timers.schedule(delivery.tx, timerOf(queue, now + 1000));
          }
          return moveSome(delivery, queue);
        });
        for (const id of visible) arrivals.ring(id);
        more = result;
      }
      return { TaskHandle: writeHandle(task) };
    },

    async CancelMessageMoveTask(call, input) {
      const { taskId, sourceArn } = readHandle(input.TaskHandle!);
      const source = await needSource(call, sourceArn);
      const moved = await call.kernel.store.write(async (tx) => {
        const [task] = await movesOf(tx, source.id, 1);
        if (task?.taskId !== taskId || task.status !== 'RUNNING') throw notFound('Task does not exist.');
        writeMove(tx, source.id, { ...task, status: 'CANCELLED' });
        await call.kernel.timers.cancel(tx, 'sqs', 'move', source.id);
        return task.moved;
      });
      return { ApproximateNumberOfMessagesMoved: moved };
    },

    async ListMessageMoveTasks(call, input) {
      const limit = input.MaxResults ?? 1;
      if (limit < 1 || limit > 10)
        throw invalidValue(limit, 'MaxResults', 'Value for MaxResults must be between 1 and 10.');
      const source = await needSource(call, input.SourceArn!);
      const tasks = await movesOf(call.kernel.store, source.id, limit);
      return {
        Results: tasks.map((task) => ({
          TaskHandle: task.status === 'RUNNING' ? writeHandle(task) : undefined,
          Status: task.status,
          SourceArn: task.sourceArn,
          DestinationArn: task.destinationArn,
          MaxNumberOfMessagesPerSecond: task.perSecond,
          ApproximateNumberOfMessagesMoved: task.moved,
          ApproximateNumberOfMessagesToMove: task.toMove,
          FailureReason: task.failure,
          StartedTimestamp: task.started,
        })),
      };
    },
  } satisfies Handlers<typeof Sqs>;
}
