/** Log events: taking them in, reading a stream from either end, searching a group. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type {
  FilteredLogEvent,
  InputLogEvent,
  OutputLogEvent,
  RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidParameter, unsupported } from '../errors';
import { groupNameIn, needGroup, needStream } from '../names';
import { pageLimit, readToken, writeToken } from '../paging';
import { compilePattern } from '../pattern';
import { horizonOf, scheduleSweep } from '../retention';
import {
  bytesOf,
  type GroupRow,
  type Position,
  readEvent,
  scanEvents,
  scanStream,
  scanStreams,
  writeEvent,
  writeStream,
} from '../state';
import { announceBatch } from '../subscribers';
import type { Vault } from '../vault';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Source: CloudWatch Logs API Reference, "PutLogEvents". */
const batchBytes = 1_048_576;
const batchEvents = 10_000;
const eventOverheadBytes = 26;
/** Source: "GetLogEvents" and "FilterLogEvents": as many events as fit into 1 MB, up to 10,000. */
const pageBytes = 1_048_576;
const pageEvents = 10_000;
/** Most events that one search looks at before it answers with what it has and a token. */
const searchedEvents = 100_000;

/** What is wrong with a batch as such. @throws InvalidParameterException */
function checkBatch(events: readonly InputLogEvent[]): void {
  if (events.length < 1 || events.length > batchEvents)
    throw constraint('logEvents', `${events.length} events`, `have length between 1 and ${batchEvents}`);
  let bytes = 0;
  for (const [i, { timestamp, message }] of events.entries()) {
    if (!message) throw constraint(`logEvents.${i + 1}.member.message`, '', 'have length greater than or equal to 1');
    if (timestamp! < 0)
      throw constraint(`logEvents.${i + 1}.member.timestamp`, timestamp, 'have value greater than or equal to 0');
    bytes += Buffer.byteLength(message) + eventOverheadBytes;
    if (i > 0 && timestamp! < events[i - 1].timestamp!)
      throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
  }
  if (bytes > batchBytes) throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${batchBytes}`);
}

/** Which part of a batch is acceptable now, and what is said about the rest. */
function acceptable(events: readonly InputLogEvent[], group: GroupRow, now: number) {
  const from = (time: number) => {
    const index = events.findIndex(({ timestamp }) => timestamp! >= time);
    return index < 0 ? events.length : index;
  };
  const tooOld = from(now - 14 * dayMs);
  const expired = group.retentionDays === undefined ? 0 : from(horizonOf(group, now)!);
  const tooNew = from(now + 2 * hourMs + 1);
  const accepted = events.slice(Math.max(tooOld, expired), tooNew);
  const last = accepted[accepted.length - 1];
  if (last && last.timestamp! - accepted[0].timestamp! > dayMs)
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  const rejected: RejectedLogEventsInfo = {
    tooOldLogEventEndIndex: tooOld > 0 ? tooOld : undefined,
    expiredLogEventEndIndex: expired > 0 ? expired : undefined,
    tooNewLogEventStartIndex: tooNew < events.length ? tooNew : undefined,
  };
  return { accepted, rejected: accepted.length < events.length ? rejected : undefined };
}

/** An event's id, 56 digits, as subscribers and searches see it. */
function idOf({ time, stream, sequence }: Position): string {
  return ((BigInt(time) << 136n) | (BigInt(`0x${stream}`) << 64n) | BigInt(sequence)).toString().padStart(56, '0');
}

// ---- positions in a stream, as tokens ----------------------------------------------------------------------------

/** `f/…`: what comes after a place; `b/…`: what comes before it. */
const streamToken = (direction: 'f' | 'b', { time, sequence }: Omit<Position, 'stream'>) =>
  `${direction}/${String(time).padStart(36, '0')}/${String(sequence).padStart(16, '0')}`;

function readStreamToken(token: string, stream: string): { forward: boolean; at: Position } {
  const parts = /^([fb])\/(\d{36})\/(\d{16})$/.exec(token);
  if (!parts) throw invalidParameter('The specified nextToken is invalid.');
  return { forward: parts[1] === 'f', at: { time: Number(parts[2]), stream, sequence: Number(parts[3]) } };
}

const later = (a: number | undefined, b: number | undefined) =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

export const eventHandlers = (vault: Vault) =>
  ({
    async PutLogEvents(call, input) {
      const { kernel, now } = call;
      const events = input.logEvents!;
      checkBatch(events);
      if (input.entity !== undefined) throw unsupported('entities of log events');
      const found = await needGroup(kernel.store, call, input.logGroupName!);
      const { accepted, rejected } = acceptable(events, found, now);
      const seal = await vault.sealer(call, found);
      const rows = accepted.map(({ timestamp, message }) => ({ time: timestamp!, ...seal(message!) }));
      const texts = accepted.map(({ message }) => message!);
      const sequence = await kernel.store.write(async (tx) => {
        const group = await needGroup(tx, call, input.logGroupName!);
        const stream = await needStream(tx, group, input.logStreamName!);
        if (rows.length === 0) return stream.sequence;
        const first = stream.sequence + 1;
        let { sequence, bytes } = stream;
        for (const { time, ...row } of rows) {
          sequence++;
          bytes += bytesOf(row);
          writeEvent(
            tx,
            group.id,
            { time, stream: stream.id, sequence },
            { ...row, stream: stream.name, ingested: now },
          );
        }
        const [earliest, last] = [rows[0].time, rows[rows.length - 1].time];
        writeStream(tx, group.id, {
          ...stream,
          sequence,
          bytes,
          firstEvent: Math.min(earliest, stream.firstEvent ?? earliest),
          lastEvent: Math.max(last, stream.lastEvent ?? last),
          lastIngestion: now,
        });
        await scheduleSweep(tx, kernel, call, group, earliest);
        const told = rows.map(({ time }, i) => {
          const id = idOf({ time, stream: stream.id, sequence: first + i });
          return { id, timestamp: time, message: texts[i] };
        });
        await announceBatch(tx, call, group, stream.name, told);
        return sequence;
      });
      return { nextSequenceToken: String(sequence).padStart(56, '0'), rejectedLogEventsInfo: rejected };
    },

    async GetLogEvents(call, input) {
      const { store } = call.kernel;
      const limit = pageLimit(input.limit, pageEvents);
      if (input.unmask) throw unsupported('data protection policies');
      const group = await needGroup(store, call, groupNameIn(call, input));
      const stream = await needStream(store, group, input.logStreamName!);
      const token = input.nextToken === undefined ? undefined : readStreamToken(input.nextToken, stream.id);
      const forward = token?.forward ?? input.startFromHead ?? false;
      const span = {
        from: later(input.startTime, horizonOf(group, call.now)),
        before: input.endTime,
        after: token?.at,
        reverse: !forward,
      };
      const events: (OutputLogEvent & { at: Position })[] = [];
      let bytes = 0;
      for await (const at of scanStream(store, stream.id, span)) {
        const row = await readEvent(store, group.id, at);
        if (!row) continue;
        bytes += bytesOf(row) + eventOverheadBytes;
        if (events.length > 0 && bytes > pageBytes) break;
        const message = await vault.open(call, group, row);
        events.push({ timestamp: at.time, message, ingestionTime: row.ingested, at });
        if (events.length === limit) break;
      }
      if (!forward) events.reverse();
      const start = { time: span.from ?? 0, sequence: 0 };
      const first = events[0]?.at ?? (token ? { ...token.at, sequence: token.at.sequence + (forward ? 1 : 0) } : start);
      const last =
        events.at(-1)?.at ?? (token ? { ...token.at, sequence: token.at.sequence - (forward ? 0 : 1) } : start);
      return {
        events: events.map(({ at: _, ...event }) => event),
        nextForwardToken: streamToken('f', { ...last, sequence: Math.max(0, last.sequence) }),
        nextBackwardToken: streamToken('b', first),
      };
    },

    async FilterLogEvents(call, input) {
      const { store } = call.kernel;
      if (input.logStreamNames?.length && input.logStreamNamePrefix !== undefined)
        throw invalidParameter('Cannot specify both logStreamNames and logStreamNamePrefix.');
      if (input.unmask) throw unsupported('data protection policies');
      const limit = pageLimit(input.limit, pageEvents);
      const matches = compilePattern(input.filterPattern);
      const group = await needGroup(store, call, groupNameIn(call, input));
      const streams = await searchedStreams(call, group, input);
      const after = readSearchToken(input.nextToken);
      const span = {
        from: later(input.startTime, horizonOf(group, call.now)),
        before: input.endTime === undefined ? undefined : input.endTime + 1,
        after: after?.at,
        reverse: after?.reverse ?? input.startFromHead === false,
      };
      const events: FilteredLogEvent[] = [];
      let [bytes, searched] = [0, 0];
      let nextToken: string | undefined;
      let last: Position | undefined;
      for await (const { at, row } of scanEvents(store, group.id, span)) {
        const full = events.length === limit || bytes > pageBytes || searched === searchedEvents;
        if (full) {
          nextToken = writeSearchToken(last!, span.reverse);
          break;
        }
        last = at;
        searched++;
        if (streams && !streams.has(row.stream)) continue;
        const message = await vault.open(call, group, row);
        if (!matches(message)) continue;
        bytes += bytesOf(row) + eventOverheadBytes;
        events.push({
          logStreamName: row.stream,
          timestamp: at.time,
          message,
          ingestionTime: row.ingested,
          eventId: idOf(at),
        });
      }
      return { events, searchedLogStreams: [], nextToken };
    },
  }) satisfies Handlers<typeof Logs>;

async function searchedStreams(call: Call, group: GroupRow, input: Logs.FilterLogEventsCommandInput) {
  const { store } = call.kernel;
  if (input.logStreamNames?.length) {
    for (const name of input.logStreamNames) await needStream(store, group, name);
    return new Set(input.logStreamNames);
  }
  if (input.logStreamNamePrefix === undefined) return undefined;
  const names = new Set<string>();
  for await (const { name } of scanStreams(store, group.id, input.logStreamNamePrefix)) names.add(name);
  return names;
}

const writeSearchToken = ({ time, stream, sequence }: Position, reverse: boolean): string =>
  writeToken(`${reverse ? 'b' : 'f'} ${time} ${stream} ${sequence}`);

function readSearchToken(token: string | undefined): { at: Position; reverse: boolean } | undefined {
  const text = readToken(token);
  if (text === undefined) return undefined;
  const parts = /^([fb]) (\d+) ([0-9a-f]+) (\d+)$/.exec(text);
  if (!parts) throw invalidParameter('The specified nextToken is invalid.');
  return { at: { time: Number(parts[2]), stream: parts[3], sequence: Number(parts[4]) }, reverse: parts[1] === 'b' };
}
