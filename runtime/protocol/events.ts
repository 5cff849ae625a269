/**
 * Event streams: answers that are a series of messages, each framed and checksummed, written as they come about. What a
 * message holds is compiled from the members of the output's streaming union. Source: Smithy specification, "Amazon
 * event stream specification"; S3 API reference, "Appendix: SelectObjectContent Response". Leaves out event streams in
 * requests: no modelled operation has one.
 */
import type { Bytes } from '../base/bytes';
import { isAwsError } from '../base/errors';
import type { Member, Structure } from './schema';

type Fields = Readonly<Record<string, unknown>>;

export const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** Makes the document of a structure: the protocol's own way. */
export type DocumentWriter = (
  shape: Structure,
  members: readonly string[],
  member?: Member,
) => { readonly type: string; readonly write: (value: Fields) => Uint8Array };

/** One event as the handler gives it, a union with one member set, into a message. */
type WriteEvent = (value: Fields) => Uint8Array;

/** @param union the streaming union of which each member is a kind of event */
export function compileEventWriter(union: Structure, documents: DocumentWriter) {
  const events = new Map(union.members.map((member) => [member.name, compileEvent(member, documents)]));
  const write = (event: Fields): Uint8Array => {
    for (const name in event) {
      const writer = event[name] === undefined ? undefined : events.get(name);
      if (writer) return writer(event[name] as Fields);
    }
    throw new TypeError(`no event of ${union.name} is named ${Object.keys(event).join()}`);
  };
  return (stream: AsyncIterable<unknown>) => frames(stream, write);
}

/** An error by name ends the stream as its last message; anything else breaks it off, so that nobody takes it for whole. */
async function* frames(stream: AsyncIterable<unknown>, write: WriteEvent): Bytes {
  try {
    for await (const event of stream) yield write(event as Fields);
  } catch (error) {
    if (!isAwsError(error)) throw error;
    const { code, message } = error;
    yield frame({ ':error-code': code, ':error-message': message, ':message-type': 'error' }, NOTHING);
  }
}

function compileEvent({ name, shape }: Member, documents: DocumentWriter): WriteEvent {
  const { members } = shape as Structure;
  const payload = members.find(({ traits }) => traits.eventPayload);
  const headers = members.filter(({ traits }) => traits.eventHeader);
  const rest = members.filter((member) => member !== payload && !headers.includes(member));
  const { type, write } = payload
    ? compilePayload(payload, documents)
    : rest.length > 0
      ? documents(
          shape as Structure,
          rest.map((member) => member.name),
        )
      : { type: undefined, write: () => NOTHING };
  return (value) => {
    const named: Record<string, string> = { ':message-type': 'event', ':event-type': name };
    if (type !== undefined) named[':content-type'] = type;
    for (const { name } of headers) if (value[name] !== undefined) named[name] = String(value[name]);
    return frame(named, write(value));
  };
}

const NOTHING = new Uint8Array(0);

function compilePayload(member: Member, documents: DocumentWriter) {
  const { name, shape } = member;
  if (shape.kind === 'structure') {
    const all = shape.members.map((one) => one.name);
    const { type, write } = documents(shape, all, member);
    return { type, write: (value: Fields) => (value[name] === undefined ? NOTHING : write(value[name] as Fields)) };
  }
  if (shape.kind === 'string')
    return { type: 'text/plain', write: (value: Fields) => Buffer.from(String(value[name] ?? '')) };
  return { type: 'application/octet-stream', write: (value: Fields) => (value[name] as Uint8Array) ?? NOTHING };
}

// ---- frames ------------------------------------------------------------------------------------------------------------

/** Length, length of the headers, checksum of the two; checksum of the whole. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** A header's value is text. */
const STRING = 7;

/** A message: all integers big-endian, checksums as in gzip. */
export function frame(headers: Readonly<Record<string, string>>, payload: Uint8Array): Uint8Array {
  const { crc32 } = require('@node-rs/crc32') as typeof import('@node-rs/crc32');
  const encoded = Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const);
  const headerBytes = encoded.reduce((sum, [name, value]) => sum + 1 + name.length + 3 + value.length, 0);
  const length = PRELUDE_BYTES + headerBytes + payload.length + CHECKSUM_BYTES;
  const message = Buffer.allocUnsafe(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headerBytes, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  let offset = PRELUDE_BYTES;
  for (const [name, value] of encoded) {
    offset = message.writeUInt8(name.length, offset);
    offset += name.copy(message, offset);
    offset = message.writeUInt8(STRING, offset);
    offset = message.writeUInt16BE(value.length, offset);
    offset += value.copy(message, offset);
  }
  message.set(payload, offset);
  message.writeUInt32BE(crc32(message.subarray(0, length - CHECKSUM_BYTES)), length - CHECKSUM_BYTES);
  return message;
}
