/** Queues: making, finding, changing, emptying, deleting. */
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import type { Arrivals } from '../arrivals';
import { admits, isFifo, mergeAttributes, readRedrive, readWanted, shownAttributes } from '../attributes';
import { deliver, expire, removalBatch } from '../delivery';
import {
  deletedRecently,
  invalidAttributeName,
  invalidAttributeValue,
  invalidParameter,
  invalidValue,
  purgeInProgress,
  queueDoesNotExist,
  queueNameExists,
} from '../errors';
import { arnOf, checkName, nameOfArn, needOwnQueue, needQueue, urlOf } from '../names';
import {
  eraseQueue,
  type QueueRow,
  readDeleted,
  readProgress,
  readQueue,
  removeDeleted,
  removeMessages,
  removeQueue,
  scanHidden,
  scanQueues,
  scanVisible,
  writeDeleted,
  writeProgress,
  writeQueue,
} from '../state';
import { readTags } from '../tags';

const minuteMs = 60_000;

type Attributes = Readonly<Record<string, string>>;

/** The dead-letter queue must be there, of the same kind and place, and willing. @throws InvalidParameterValue */
async function checkRedrive(from: Reader, queue: QueueRow): Promise<void> {
  const text = queue.attributes.RedrivePolicy;
  const redrive = readRedrive(text);
  if (!redrive) return;
  const wrong = (reason: string) => invalidValue(text, 'RedrivePolicy', reason);
  const name = nameOfArn(redrive.deadLetterTargetArn);
  if (name?.account !== queue.account || name.region !== queue.region)
    throw wrong('Dead-letter queue must be in the same account and Region as the source.');
  const target = await readQueue(from, name);
  if (!target) throw wrong('Dead letter target does not exist.');
  if (isFifo(target) !== isFifo(queue)) throw wrong('Dead-letter queue must be same type of queue as the source.');
  if (!admits(target, arnOf(queue)))
    throw wrong('The redrive allow policy of the dead-letter queue does not admit this source.');
}

/** Numbers of messages by what they wait for. */
async function countMessages(call: Call, queue: QueueRow): Promise<Attributes> {
  const { store } = call.kernel;
  let [visible, delayed, inFlight] = [0, 0, 0];
  for await (const _ of scanVisible(store, queue.id, call.now)) visible++;
  for await (const { received } of scanHidden(store, queue.id, call.now)) {
    if (received) inFlight++;
    else delayed++;
  }
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

/** @throws InvalidAttributeValue for a policy that names a user or role that is not there */
async function needPrincipals(call: Call, policy: string | undefined): Promise<void> {
  if (policy === undefined || (await call.kernel.absentPrincipal(policy, call)) === undefined) return;
  throw invalidAttributeValue('Policy');
}

export function queueHandlers(arrivals: Arrivals) {
  return {
    async CreateQueue(call, input) {
      const name = input.QueueName!;
      checkName(name);
      const { FifoQueue, ...rest } = (input.Attributes ?? {}) as Attributes;
      const fifo = name.endsWith('.fifo');
      if (FifoQueue !== undefined && FifoQueue !== 'true') throw invalidAttributeName('FifoQueue');
      if (fifo !== (FifoQueue === 'true'))
        throw invalidParameter(
          fifo
            ? 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length'
            : 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
        );
      await needPrincipals(call, rest.Policy);
      const { account, region, partition, now } = call;
      const queue: QueueRow = {
        id: call.kernel.random.hex(32),
        account,
        region,
        partition,
        name,
        created: now,
        modified: now,
        attributes: { ...mergeAttributes({}, rest, fifo), ...(fifo && { FifoQueue: 'true' }) },
        tags: readTags(input.tags),
        policyOrigin: call.origin,
      };
      await call.kernel.store.write(async (tx) => {
        const existing = await readQueue(tx, queue);
        if (existing) {
          const shown = shownAttributes(existing);
          for (const [attribute, value] of Object.entries(rest))
            if ((shown[attribute] ?? '') !== value) throw queueNameExists(attribute);
          return;
        }
        const gone = await readDeleted(tx, queue);
        if (gone !== undefined && gone + minuteMs > now) throw deletedRecently();
        await checkRedrive(tx, queue);
        removeDeleted(tx, queue);
        writeQueue(tx, queue);
      });
      return { QueueUrl: await urlOf(call, queue) };
    },

    async DeleteQueue(call, input) {
      const { kernel, now } = call;
      const found = await needOwnQueue(call, input.QueueUrl);
      await kernel.store.write(async (tx) => {
        const queue = await readQueue(tx, found);
        if (!queue) throw queueDoesNotExist();
        removeQueue(tx, queue);
        writeDeleted(tx, queue, now);
        for (const task of ['wake', 'expire']) await kernel.timers.cancel(tx, 'sqs', task, queue.id);
        const { id } = queue;
        await kernel.timers.schedule(tx, { at: now, service: 'sqs', task: 'erase', id, payload: { id } });
        const { account, region, name } = queue;
        const payload = { account, region, name, when: now };
        await kernel.timers.schedule(tx, { at: now + minuteMs, service: 'sqs', task: 'forget', id, payload });
      });
      arrivals.ring(found.id);
      return {};
    },

    async GetQueueUrl(call, input) {
      const account = input.QueueOwnerAWSAccountId ?? call.account;
      const queue = await readQueue(call.kernel.store, { account, region: call.region, name: input.QueueName! });
      if (!queue) throw queueDoesNotExist();
      return { QueueUrl: await urlOf(call, queue) };
    },

    async ListQueues(call, input) {
      const limit = pageLimit(input.MaxResults);
      const { kernel, account, region } = call;
      const names: string[] = [];
      for await (const { name } of scanQueues(
        kernel.store,
        account,
        region,
        input.QueueNamePrefix,
        readToken(input.NextToken),
      ))
        if (names.push(name) > limit) break;
      return { QueueUrls: await urlsOf(call, names.slice(0, limit)), NextToken: nextToken(input, names, limit) };
    },

    async ListDeadLetterSourceQueues(call, input) {
      const limit = pageLimit(input.MaxResults);
      const arn = arnOf(await needQueue(call, input.QueueUrl));
      const { kernel, account, region } = call;
      const names: string[] = [];
      for await (const queue of scanQueues(kernel.store, account, region, '', readToken(input.NextToken))) {
        if (readRedrive(queue.attributes.RedrivePolicy)?.deadLetterTargetArn !== arn) continue;
        if (names.push(queue.name) > limit) break;
      }
      return { queueUrls: await urlsOf(call, names.slice(0, limit)), NextToken: nextToken(input, names, limit) };
    },

    async GetQueueAttributes(call, input) {
      const queue = await needQueue(call, input.QueueUrl);
      const wanted: readonly string[] = input.AttributeNames ?? [];
      const { all, counts } = readWanted(wanted);
      if (wanted.length === 0) return {};
      const known: Attributes = {
        ...shownAttributes(queue),
        ...(counts && (await countMessages(call, queue))),
        QueueArn: arnOf(queue),
        CreatedTimestamp: String(Math.floor(queue.created / 1000)),
        LastModifiedTimestamp: String(Math.floor(queue.modified / 1000)),
      };
      return {
        Attributes: all ? known : Object.fromEntries(Object.entries(known).filter(([name]) => wanted.includes(name))),
      };
    },

    async SetQueueAttributes(call, input) {
      const found = await needOwnQueue(call, input.QueueUrl);
      const change = input.Attributes as Attributes;
      if ('FifoQueue' in change && change.FifoQueue !== found.attributes.FifoQueue)
        throw invalidAttributeName('FifoQueue');
      await needPrincipals(call, change.Policy);
      const { result: queue } = await deliver(call.kernel, call.now, async (delivery) => {
        const { tx } = delivery;
        const before = await readQueue(tx, found);
        if (!before) throw queueDoesNotExist();
        const { FifoQueue: _, ...rest } = change;
        const attributes = mergeAttributes(before.attributes, rest, isFifo(before));
        const policyOrigin = 'Policy' in change ? call.origin : before.policyOrigin;
        const after = { ...before, attributes, policyOrigin, modified: call.now };
        if ('RedrivePolicy' in change) await checkRedrive(tx, after);
        writeQueue(tx, after);
        return after;
      });
      if ('MessageRetentionPeriod' in change)
        while ((await deliver(call.kernel, call.now, (delivery) => expire(delivery, queue))).result);
      return {};
    },

    async PurgeQueue(call, input) {
      const { kernel, now } = call;
      const queue = await needQueue(call, input.QueueUrl);
      await kernel.store.write(async (tx) => {
        const progress = await readProgress(tx, queue.id);
        if (progress.purged !== undefined && progress.purged + minuteMs > now) throw purgeInProgress(queue.name);
        writeProgress(tx, queue.id, { ...progress, purged: now });
      });
      while (!(await kernel.store.write((tx) => removeMessages(tx, queue.id, removalBatch))));
      return {};
    },
  } satisfies Handlers<typeof Sqs>;
}

/** The rows of a queue that is gone, in batches. */
/** A name may be given again a minute after its queue was deleted: then nothing needs to be known of it. */
export async function forgetDeleted(
  { account, region, name, when }: Readonly<Record<string, unknown>>,
  kernel: Call['kernel'],
): Promise<void> {
  const queue = { account: String(account), region: String(region), name: String(name) };
  await kernel.store.write(async (tx) => {
    if ((await readDeleted(tx, queue)) === when) removeDeleted(tx, queue);
  });
}

export async function eraseWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Call['kernel']): Promise<void> {
  while (!(await kernel.store.write((tx) => eraseQueue(tx, String(payload.id), removalBatch))));
}

// ---- pages of names ------------------------------------------------------------------------------------------------

const mostResults = 1000;

function pageLimit(limit: number | undefined): number {
  if (limit !== undefined && (limit < 1 || limit > mostResults))
    throw invalidValue(limit, 'MaxResults', `Value must be between 1 and ${mostResults}.`);
  return limit ?? mostResults;
}

const urlsOf = (call: Call, names: readonly string[]) =>
  Promise.all(names.map((name) => urlOf(call, { account: call.account, name })));

/** Without MaxResults there is no next page. */
const nextToken = (input: { MaxResults?: number }, names: readonly string[], limit: number) =>
  input.MaxResults !== undefined && names.length > limit
    ? Buffer.from(JSON.stringify(names[limit - 1])).toString('base64')
    : undefined;

function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  try {
    const name: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof name === 'string') return name;
  } catch {
    // Not one of ours.
  }
  throw invalidParameter('Invalid or expired next token.');
}
