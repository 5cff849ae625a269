/** Log streams: making, listing by name or by their newest event, deleting. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../../kernel/service';
import { alreadyExists, invalidParameter } from '../errors';
import { arnOfStream, checkStreamName, groupNameIn, needGroup, needStream } from '../names';
import { pageLimit, pageOf, readToken } from '../paging';
import { readStream, removeEvent, removeStream, type StreamRow, scanStream, scanStreams, writeStream } from '../state';

/** Sorts like (time, name). */
const orderOf = ({ lastEvent = 0, name }: StreamRow) => `${String(lastEvent).padStart(16, '0')} ${name}`;

export const streamHandlers = {
  async CreateLogStream(call, input) {
    const name = input.logStreamName!;
    checkStreamName(name);
    const id = call.kernel.random.hex(16);
    await call.kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, input.logGroupName!);
      if (await readStream(tx, group.id, name)) throw alreadyExists('log stream');
      writeStream(tx, group.id, { id, name, created: call.now, sequence: 0, bytes: 0 });
    });
    return {};
  },

  async DeleteLogStream(call, input) {
    await call.kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, input.logGroupName!);
      const stream = await needStream(tx, group, input.logStreamName!);
      removeStream(tx, group.id, stream.name);
      for await (const at of scanStream(tx, stream.id, {})) removeEvent(tx, group.id, at);
    });
    return {};
  },

  async DescribeLogStreams(call, input) {
    const { store } = call.kernel;
    const byTime = input.orderBy === 'LastEventTime';
    if (byTime && input.logStreamNamePrefix !== undefined)
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
    const limit = pageLimit(input.limit, 50);
    const group = await needGroup(store, call, groupNameIn(call, input));
    const order = byTime ? orderOf : ({ name }: StreamRow) => name;
    const rows: StreamRow[] = [];
    for await (const stream of scanStreams(store, group.id, input.logStreamNamePrefix)) rows.push(stream);
    const sign = input.descending ? -1 : 1;
    const compare = (a: string, b: string) => (a < b ? -sign : a > b ? sign : 0);
    const after = readToken(input.nextToken);
    const rest = rows
      .sort((a, b) => compare(order(a), order(b)))
      .filter((row) => after === undefined || compare(order(row), after) > 0);
    const { page, nextToken } = pageOf(rest, limit, order);
    return {
      logStreams: page.map((stream) => ({
        logStreamName: stream.name,
        creationTime: stream.created,
        firstEventTimestamp: stream.firstEvent,
        lastEventTimestamp: stream.lastEvent,
        lastIngestionTime: stream.lastIngestion,
        uploadSequenceToken: String(stream.sequence).padStart(56, '0'),
        arn: arnOfStream(call, group.name, stream.name),
        storedBytes: 0,
      })),
      nextToken,
    };
  },
} satisfies Handlers<typeof Logs>;
