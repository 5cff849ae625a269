/**
 * An operation compiled for one protocol: what binds its head and body, what makes its answer. Compiled at first use and
 * kept: no request looks at a schema.
 */
import type { Bytes } from '../base/bytes';
import type { Request, Response } from '../base/http';
import { compileHeadReader, compileHeadWriter, type Places, placesOf } from './bind';
import type { Entry } from './catalogue';
import { compileCborReader, compileCborWriter, encodeCbor } from './cbor';
import { missingRequestBody, notUtf8 } from './errors';
import { compileEventWriter, EVENT_STREAM } from './events';
import { compileJsonReader, compileJsonWriter } from './json';
import type { Operation } from './port';
import { compileQueryReader, formPairs } from './query';
import { responseHeaders, withBody } from './response';
import type { Member, OperationSchema, Structure } from './schema';
import type { ProtocolName } from './wire';
import { payloadName, rootName } from './xml/names';
import { compileXmlReader, type XmlReader, type XmlReaderOptions } from './xml/reader';
import { compileXmlWriter, escapeXml, xmlDocument } from './xml/writer';

type Fields = Record<string, unknown>;
type BindBody = Operation['bindBody'];
type Write = Operation['write'];

const MIB = 1024 * 1024;
/** What an operation takes or answers when its model says `unit`. */
const NOTHING: Structure = { kind: 'structure', name: 'unit', namespace: '', union: false, members: [], traits: {} };

export function compileOperation(entry: Entry, schema: OperationSchema, protocol: ProtocolName): Operation {
  const notes = entry.wire.model;
  const input = schema.input ?? NOTHING;
  const isRest = protocol === 'restXml' || protocol === 'restJson1';
  const places = placesOf(isRest ? input : NOTHING);
  const readHead = compileHeadReader(input, places, { s3: entry.s3, notes });
  return {
    service: entry.name,
    name: schema.name,
    protocol,
    streamsInput: places.payload !== undefined && isStream(places.payload),
    documentIsInput: !isRest,
    bodyLimitBytes: notes?.bodyLimits?.[schema.name] ?? MIB,
    bindHead: (request, route) => readHead(request, route.labels),
    bindBody: isRest ? restBody(entry, schema, protocol, input, places) : documentBody(entry, protocol, input),
    write: isRest ? restWrite(entry, schema, protocol) : documentWrite(entry, schema, protocol),
  };
}

const isStream = ({ shape }: Member) => shape.traits.streaming !== undefined && shape.kind === 'blob';
const isEventStream = ({ shape }: Member) => shape.traits.streaming !== undefined && shape.kind === 'structure';
const namesOf = ({ members }: Structure) => members.map(({ name }) => name);

// ---- requests ----------------------------------------------------------------------------------------------------------

/** Protocols of which the whole input is one document. */
function documentBody(entry: Entry, protocol: ProtocolName, input: Structure): BindBody {
  const notes = entry.wire.model;
  if (protocol === 'awsQuery') return queryBody(entry, input);
  return protocol === 'rpcv2Cbor'
    ? compileCborReader(input, namesOf(input), notes)
    : compileJsonReader(input, namesOf(input), notes);
}

/** Parameters may stand in the query, in a posted form, or partly in each. */
function queryBody(entry: Entry, input: Structure): BindBody {
  const { model } = entry.wire;
  const read = compileQueryReader(input, model);
  const address = input.members.find(({ name }) => name === model?.addressMember);
  return (bytes, target, request) => {
    const posted = bytes.length > 0 ? formPairs(bytes) : [];
    const pairs = request.query.length > 0 ? [...request.query, ...posted] : posted;
    const isLeftOut = address && request.path.length > 1 && !pairs.some(([name]) => name === address.name);
    read(isLeftOut ? [...pairs, [address.name, addressOf(request)]] : pairs, target);
  };
}

const addressOf = ({ headers, path }: Request) => `http://${headers.host ?? 'localhost'}${path}`;

/** Protocols of which the body is a payload member, or the document of those that are nowhere in the head. */
function restBody(
  entry: Entry,
  schema: OperationSchema,
  protocol: ProtocolName,
  input: Structure,
  { payload, document }: Places,
): BindBody {
  const notes = entry.wire.model;
  if (!payload) {
    if (document.length === 0) return () => {};
    const root = rootName(input, notes);
    return protocol === 'restXml'
      ? compileXmlReader(input, document, root, xmlOptions(entry))
      : compileJsonReader(input, document, notes);
  }
  if (isStream(payload)) return () => {};
  const read = payloadReader(entry, protocol, payload);
  const mayBeEmpty = !payload.required || notes?.optionalBody?.includes(schema.name);
  return (bytes, target) => {
    if (bytes.length > 0) return read(bytes, target);
    if (!mayBeEmpty) throw missingRequestBody();
  };
}

function payloadReader(entry: Entry, protocol: ProtocolName, payload: Member): XmlReader {
  const { name, shape } = payload;
  if (shape.kind !== 'structure') {
    const read = shape.kind === 'blob' ? (bytes: Uint8Array) => bytes : readText;
    return (bytes, target) => {
      target[name] = read(bytes);
    };
  }
  const notes = entry.wire.model;
  const read =
    protocol === 'restXml'
      ? compileXmlReader(shape, namesOf(shape), payloadName(payload, notes), xmlOptions(entry))
      : compileJsonReader(shape, namesOf(shape), notes);
  return (bytes, target) => {
    const value: Fields = {};
    target[name] = value;
    return read(bytes, value);
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw notUtf8();
  }
}

function xmlOptions({ wire, s3 }: Entry) {
  return {
    timestamps: 'date-time',
    integers: true,
    milliseconds: s3,
    namespace: wire.xmlNamespace,
    notes: wire.model,
  } as const satisfies XmlReaderOptions;
}

// ---- answers -----------------------------------------------------------------------------------------------------------

function documentWrite(entry: Entry, { name, output }: OperationSchema, protocol: ProtocolName): Write {
  const members = output ? namesOf(output) : [];
  const shape = output ?? NOTHING;
  if (protocol === 'awsQuery') {
    const content = compileXmlWriter(shape, members, xmlOptions(entry));
    return (value, context) => {
      const result = output ? `<${name}Result>${content(value)}</${name}Result>` : '';
      const metadata = `<ResponseMetadata><RequestId>${context.requestId}</RequestId></ResponseMetadata>`;
      const body = xmlDocument(`${name}Response`, entry.wire.xmlNamespace, result + metadata);
      return withBody(200, responseHeaders(false, context), 'text/xml', body);
    };
  }
  if (protocol === 'rpcv2Cbor') {
    const document = compileCborWriter(shape, members);
    return (value, context) => {
      const headers = { ...responseHeaders(false, context), 'smithy-protocol': 'rpc-v2-cbor' };
      return withBody(200, headers, 'application/cbor', output ? encodeCbor(document(value)) : NO_BYTES);
    };
  }
  const document = compileJsonWriter(shape, members);
  const type = protocol === 'awsJson1_0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  return (value, context) => {
    const body = output ? Buffer.from(JSON.stringify(document(value))) : NO_BYTES;
    return withBody(200, responseHeaders(false, context), type, body);
  };
}

const NO_BYTES = Buffer.alloc(0);

function restWrite(entry: Entry, { name, http, output = NOTHING }: OperationSchema, protocol: ProtocolName): Write {
  const places = placesOf(output);
  const writeHead = compileHeadWriter(places);
  const usual = entry.wire.model?.statuses?.[name] ?? http?.status ?? 200;
  const statusMember = places.status?.name ?? entry.wire.model?.statusMembers?.[name];
  const more = Object.entries(entry.wire.model?.headers?.[name] ?? {});
  const writeBody = bodyWriter(entry, name, protocol, output, places);
  return (value, context) => {
    const headers = responseHeaders(entry.s3, context);
    writeHead(value, headers);
    for (const [member, header] of more) if (value[member] !== undefined) headers[header] = String(value[member]);
    const chosen = statusMember === undefined ? undefined : (value[statusMember] as number | undefined);
    const status = chosen ?? (headers['content-range'] === undefined ? usual : 206);
    return writeBody ? writeBody(value, status, headers) : { status, headers };
  };
}

type WriteBody = (value: Fields, status: number, headers: Record<string, string>) => Response;

/** @returns undefined when the answer never has a body */
function bodyWriter(
  entry: Entry,
  operation: string,
  protocol: ProtocolName,
  output: Structure,
  { payload, document }: Places,
): WriteBody | undefined {
  if (!payload) {
    if (document.length === 0) return undefined;
    const { type, write } = documentWriter(entry, protocol, output, document, rootName(output, entry.wire.model));
    return (value, status, headers) => withBody(status, headers, type, write(value));
  }
  if (isEventStream(payload)) {
    const write = compileEventWriter(payload.shape as Structure, (shape, members, member) => {
      const root = member ? payloadName(member, entry.wire.model) : rootName(shape, entry.wire.model);
      return eventDocument(entry, protocol, shape, members, root);
    });
    return (value, status, headers) => {
      headers['content-type'] ??= EVENT_STREAM;
      return { status, headers, body: write(value[payload.name] as AsyncIterable<unknown>) };
    };
  }
  const { name, shape } = payload;
  if (shape.kind === 'structure') {
    const root = payloadName(payload, entry.wire.model);
    const { type, write } = documentWriter(entry, protocol, shape, namesOf(shape), root);
    return (value, status, headers) =>
      value[name] === undefined ? { status, headers } : withBody(status, headers, type, write(value[name] as Fields));
  }
  const usual = shape.kind === 'blob' ? 'application/octet-stream' : 'text/plain';
  const type = entry.wire.model?.contentTypes?.[operation] ?? usual;
  return (value, status, headers) => {
    const body = value[name] as string | Uint8Array | Bytes | undefined;
    if (body === undefined) return { status, headers };
    if (typeof body === 'string') return withBody(status, headers, type, Buffer.from(body));
    if (body instanceof Uint8Array) return withBody(status, headers, type, body);
    headers['content-type'] ??= type;
    return { status, headers, body };
  };
}

function documentWriter(
  entry: Entry,
  protocol: ProtocolName,
  shape: Structure,
  members: readonly string[],
  root: string,
): { readonly type: string; readonly write: (value: Fields) => Uint8Array } {
  if (protocol === 'restJson1') {
    const document = compileJsonWriter(shape, members);
    return { type: 'application/json', write: (value) => Buffer.from(JSON.stringify(document(value))) };
  }
  const namespace = entry.wire.xmlNamespace;
  const content = unwrapped(shape, members, root) ?? compileXmlWriter(shape, members, xmlOptions(entry));
  return { type: 'application/xml', write: (value) => xmlDocument(root, namespace, content(value)) };
}

/** Documents in events carry no namespace, and S3 calls them `text/xml`. */
function eventDocument(
  entry: Entry,
  protocol: ProtocolName,
  shape: Structure,
  members: readonly string[],
  root: string,
): { readonly type: string; readonly write: (value: Fields) => Uint8Array } {
  if (protocol === 'restJson1') return documentWriter(entry, protocol, shape, members, root);
  const content = compileXmlWriter(shape, members, xmlOptions(entry));
  return { type: 'text/xml', write: (value) => xmlDocument(root, undefined, content(value)) };
}

/** GetBucketLocation answers `<LocationConstraint>eu-west-1</LocationConstraint>`: its one member is the root itself. */
function unwrapped(shape: Structure, members: readonly string[], root: string) {
  const [only] = members.length === 1 ? shape.members.filter(({ name }) => name === members[0]) : [];
  if (!only || (only.traits.xmlName ?? only.name) !== root || only.shape.kind !== 'string') return undefined;
  return (value: unknown) => escapeXml(String((value as Fields)[only.name] ?? ''));
}
