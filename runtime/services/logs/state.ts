/**
 * What CloudWatch Logs keeps. Events lie in order of time within their group, whatever their stream; a second table
 * finds those of one stream. Ids, not names, are in their keys: a group that is made again starts empty.
 */
import type { Origin } from '../../kernel/call';
import { type Key, type Reader, table, type Writer } from '../../store/port';

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly created: number;
  readonly retentionDays?: number;
  readonly kmsKeyId?: string;
  /** The data key in use, as KMS sealed it: number in `logs.dataKeys`. Older events keep the one they were sealed with. */
  readonly dataKey?: number;
  readonly lastDataKey?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly deletionProtected: boolean;
}

export interface StreamRow {
  readonly id: string;
  readonly name: string;
  readonly created: number;
  /** Number of the newest event. */
  readonly sequence: number;
  readonly firstEvent?: number;
  readonly lastEvent?: number;
  readonly lastIngestion?: number;
  readonly bytes: number;
}

export interface EventRow {
  readonly stream: string;
  readonly ingested: number;
  /** Text, or bytes sealed under data key number `dataKey`. */
  readonly message: string | Uint8Array;
  readonly dataKey?: number;
}

/** Bytes of a message as they are kept. */
export const bytesOf = ({ message }: Pick<EventRow, 'message'>): number =>
  typeof message === 'string' ? Buffer.byteLength(message) : message.length;

export interface DataKeyRow {
  readonly keyId: string;
  readonly blob: Uint8Array;
}

/** A subscription filter. */
export interface FilterRow {
  readonly name: string;
  readonly pattern: string;
  readonly destinationArn: string;
  readonly created: number;
}

export interface PolicyRow {
  readonly name: string;
  readonly document: string;
  readonly updated: number;
  readonly origin?: Origin;
}

/** Where an event stands: time, id of its stream, number in its stream. */
export interface Position {
  readonly time: number;
  readonly stream: string;
  readonly sequence: number;
}

/** [account, region, name] */
const groups = table<GroupRow>('logs.groups');
/** [group id, stream name] */
const streams = table<StreamRow>('logs.streams');
/** [group id, time, stream id, sequence] */
const events = table<EventRow>('logs.events');
/** [stream id, time, sequence] */
const eventsOfStream = table<true>('logs.eventsOfStream');
/** [group id, number] */
const dataKeys = table<DataKeyRow>('logs.dataKeys');
/** [group id]: when the next sweep is due. */
const sweeps = table<number>('logs.sweeps');
/** [group id, name] */
const filters = table<FilterRow>('logs.subscriptionFilters');
/** [account, region, name] */
const policies = table<PolicyRow>('logs.policies');

export interface Place {
  readonly account: string;
  readonly region: string;
}

export const readGroup = (from: Reader, { account, region }: Place, name: string) =>
  from.get(groups, [account, region, name]);
export const writeGroup = (tx: Writer, { account, region }: Place, row: GroupRow) =>
  tx.put(groups, [account, region, row.name], row);
export const removeGroup = (tx: Writer, { account, region }: Place, name: string) =>
  tx.delete(groups, [account, region, name]);
export async function* scanGroups(from: Reader, { account, region }: Place, prefix = '', after?: string) {
  const within = [account, region];
  const rows = from.scan(groups, { within, prefix, after: after === undefined ? undefined : [...within, after] });
  for await (const { value } of rows) yield value;
}

export const readStream = (from: Reader, group: string, name: string) => from.get(streams, [group, name]);
export const writeStream = (tx: Writer, group: string, row: StreamRow) => tx.put(streams, [group, row.name], row);
export const removeStream = (tx: Writer, group: string, name: string) => tx.delete(streams, [group, name]);
export async function* scanStreams(from: Reader, group: string, prefix = '') {
  for await (const { value } of from.scan(streams, { within: [group], prefix })) yield value;
}

export function writeEvent(tx: Writer, group: string, { time, stream, sequence }: Position, row: EventRow): void {
  tx.put(events, [group, time, stream, sequence], row);
  tx.put(eventsOfStream, [stream, time, sequence], true);
}
export function removeEvent(tx: Writer, group: string, { time, stream, sequence }: Position): void {
  tx.delete(events, [group, time, stream, sequence]);
  tx.delete(eventsOfStream, [stream, time, sequence]);
}
export const readEvent = (from: Reader, group: string, { time, stream, sequence }: Position) =>
  from.get(events, [group, time, stream, sequence]);

export interface Span {
  /** Earliest time, inclusive. */
  readonly from?: number;
  /** Latest time, exclusive. */
  readonly before?: number;
  /** Exclusive, in the direction of the scan. */
  readonly after?: Position;
  readonly reverse?: boolean;
}

const bounds = (lead: string, { from, before, after, reverse }: Span, place: (at: Position) => Key) => {
  const [low, high] = [
    from === undefined ? undefined : [lead, from],
    before === undefined ? undefined : [lead, before],
  ];
  const past = after && [lead, ...place(after)];
  // In reverse the lower time is where the scan ends: one before it, so that the time itself is still in.
  return reverse
    ? { within: [lead], reverse, after: past ?? high, before: from === undefined ? undefined : [lead, from - 0.5] }
    : { within: [lead], from: past ? undefined : low, after: past, before: high };
};

/** Events of a group in order of time. */
export async function* scanEvents(from: Reader, group: string, span: Span) {
  const range = bounds(group, span, (at) => [at.time, at.stream, at.sequence]);
  for await (const { key, value } of from.scan(events, range))
    yield { at: { time: Number(key[1]), stream: String(key[2]), sequence: Number(key[3]) }, row: value };
}

/** Positions of a stream's events in order of time. */
export async function* scanStream(from: Reader, stream: string, span: Span): AsyncIterable<Position> {
  const range = bounds(stream, span, (at) => [at.time, at.sequence]);
  for await (const { key } of from.scan(eventsOfStream, range))
    yield { stream, time: Number(key[1]), sequence: Number(key[2]) };
}

export const readDataKey = (from: Reader, group: string, number: number) => from.get(dataKeys, [group, number]);
export const writeDataKey = (tx: Writer, group: string, number: number, row: DataKeyRow) =>
  tx.put(dataKeys, [group, number], row);

export const readSweep = (from: Reader, group: string) => from.get(sweeps, [group]);
export const writeSweep = (tx: Writer, group: string, at: number) => tx.put(sweeps, [group], at);
export const removeSweep = (tx: Writer, group: string) => tx.delete(sweeps, [group]);

export const readFilter = (from: Reader, group: string, name: string) => from.get(filters, [group, name]);
export const writeFilter = (tx: Writer, group: string, row: FilterRow) => tx.put(filters, [group, row.name], row);
export const removeFilter = (tx: Writer, group: string, name: string) => tx.delete(filters, [group, name]);
export async function filtersOf(from: Reader, group: string): Promise<FilterRow[]> {
  return (await from.page(filters, { within: [group] })).map(({ value }) => value);
}

/** Of all accounts and Regions. */
export const scanPolicies = (from: Reader) => from.scan(policies);
export const readPolicy = (from: Reader, { account, region }: Place, name: string) =>
  from.get(policies, [account, region, name]);
export const writePolicy = (tx: Writer, { account, region }: Place, row: PolicyRow) =>
  tx.put(policies, [account, region, row.name], row);
export const removePolicy = (tx: Writer, { account, region }: Place, name: string) =>
  tx.delete(policies, [account, region, name]);
export async function listPolicies(from: Reader, { account, region }: Place): Promise<PolicyRow[]> {
  return (await from.page(policies, { within: [account, region] })).map((row) => row.value);
}

/** Removes up to `limit` rows that hang on a group that is gone. @returns whether there are none left */
export async function eraseGroup(tx: Writer, group: string, limit: number): Promise<boolean> {
  const gone = await tx.page(events, { within: [group], limit });
  for (const { key } of gone)
    removeEvent(tx, group, { time: Number(key[1]), stream: String(key[2]), sequence: Number(key[3]) });
  const names = await tx.page(streams, { within: [group], limit });
  for (const { key } of names) tx.delete(streams, key);
  const keys = await tx.page(dataKeys, { within: [group], limit });
  for (const { key } of keys) tx.delete(dataKeys, key);
  for (const { name } of await filtersOf(tx, group)) removeFilter(tx, group, name);
  tx.delete(sweeps, [group]);
  return [gone, names, keys].every((rows) => rows.length < limit);
}
