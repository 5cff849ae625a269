/**
 * What a message may hold, and its digests. Sources: Amazon SQS API Reference, "SendMessage"; Developer Guide, "Amazon
 * SQS message attributes", with the calculation of the MD5 digest of attributes.
 */
import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { invalidContents, invalidParameter, missingParameter, unsupported } from './errors';

export type Attributes = Readonly<Record<string, MessageAttributeValue>>;

const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** @throws MissingParameter, InvalidMessageContents */
export function checkBody(body: string | undefined): string {
  if (!body) throw missingParameter('MessageBody');
  if (forbidden.test(body)) throw invalidContents();
  return body;
}

/** @throws InvalidParameterValue */
export function checkAttributes(attributes: Attributes | undefined): void {
  const names = Object.keys(attributes ?? {});
  if (names.length > 10)
    throw invalidParameter(`Number of message attributes [${names.length}] exceeds the allowed maximum [10].`);
  for (const name of names) checkAttribute(name, attributes![name]);
}

function checkAttribute(name: string, attribute: MessageAttributeValue): void {
  if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name) || /^\.|\.$|\.\./.test(name) || /^(aws|amazon)\./i.test(name))
    throw invalidParameter(`The message attribute name '${name}' is invalid.`);
  const type = attribute.DataType ?? '';
  const [base] = type.split('.');
  if (!type || type.length > 256 || !['String', 'Number', 'Binary'].includes(base))
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  if (attribute.StringListValues?.length || attribute.BinaryListValues?.length)
    throw unsupported(`Message attribute list values in SendMessage operation are not supported.`);
  const value = base === 'Binary' ? attribute.BinaryValue : attribute.StringValue;
  if (!value?.length)
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${base}'.`,
    );
  if (typeof value === 'string' && forbidden.test(value)) throw invalidContents();
  if (base === 'Number' && !Number.isFinite(Number(value)))
    throw invalidParameter(`Can't cast the value of message attribute '${name}' to a number.`);
}

/** Bytes of a message as its limits count them: body, and names, types and values of attributes. */
export function sizeOf(body: string, attributes: Attributes | undefined): number {
  let size = Buffer.byteLength(body);
  for (const [name, { DataType = '', StringValue, BinaryValue }] of Object.entries(attributes ?? {}))
    size += Buffer.byteLength(name) + DataType.length + (BinaryValue?.length ?? Buffer.byteLength(StringValue ?? ''));
  return size;
}

export const md5OfBody = (body: string): string => createHash('md5').update(body).digest('hex');

/** Undefined when there are no attributes. */
export function md5OfAttributes(attributes: Attributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue } = attributes![name];
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    const binary = DataType.startsWith('Binary');
    hash.update(Buffer.from([binary ? 2 : 1]));
    add(binary ? BinaryValue! : Buffer.from(StringValue!));
  }
  return hash.digest('hex');
}

/** The attributes that a receiver asks for: names, `All`, `.*`, or prefixes ending in `.*`. */
export function selectAttributes(attributes: Attributes | undefined, wanted: readonly string[] | undefined) {
  if (!attributes || !wanted?.length) return undefined;
  const matches = (name: string) =>
    wanted.some((one) =>
      one === 'All' || one === '.*' ? true : one.endsWith('.*') ? name.startsWith(one.slice(0, -2)) : one === name,
    );
  const selected = Object.entries(attributes).filter(([name]) => matches(name));
  return selected.length > 0 ? Object.fromEntries(selected) : undefined;
}
