/**
 * Errors as bytes, in each protocol. Sources: Amazon S3 API Reference, "REST error responses"; Smithy specification,
 * "Operation error serialization" of each AWS protocol, and "awsQueryCompatible trait".
 */
import type { AwsError } from '../base/errors';
import type { Response } from '../base/http';
import { compileHeadWriter, type HeadWriter, placesOf } from './bind';
import type { Entry } from './catalogue';
import { compileCborWriter, encodeCbor } from './cbor';
import { compileJsonWriter } from './json';
import type { WriteContext } from './port';
import { responseHeaders, withBody } from './response';
import type { Structure } from './schema';
import type { ProtocolName } from './wire';
import { compileXmlWriter, escapeXml, xmlDocument } from './xml/writer';

type Fields = Readonly<Record<string, unknown>>;

export function writeFailure(
  error: AwsError,
  entry: Entry | undefined,
  protocol: ProtocolName,
  context: WriteContext,
): Response {
  const headers = { ...responseHeaders(entry?.s3 ?? protocol === 'restXml', context), ...error.headers };
  if (context.request?.method === 'HEAD' || error.status === 304 || error.status === 204) {
    return { status: error.status, headers };
  }
  const modelled = entry && !entry.s3 ? entry.client.error(error.code) : undefined;
  switch (protocol) {
    case 'restXml':
      if (!entry || entry.s3) return withBody(error.status, headers, 'application/xml', s3Document(error, context));
      return withBody(error.status, headers, 'text/xml', queryDocument(error, entry, modelled, context));
    case 'awsQuery':
      return withBody(error.status, headers, 'text/xml', queryDocument(error, entry, modelled, context));
    case 'rpcv2Cbor': {
      addQueryCode(headers, error, entry, modelled);
      headers['smithy-protocol'] = 'rpc-v2-cbor';
      const body = { __type: typeOf(error, entry, modelled), ...documentOf(error, modelled, 'cbor') };
      return withBody(error.status, headers, 'application/cbor', encodeCbor(body));
    }
    default: {
      addQueryCode(headers, error, entry, modelled);
      headers['x-amzn-errortype'] = modelled?.name ?? error.code;
      const body: Record<string, unknown> = documentOf(error, modelled, 'json');
      if (protocol === 'restJson1') {
        if (modelled) writersOf(modelled).head(error.fields, headers);
        return withBody(error.status, headers, 'application/json', Buffer.from(JSON.stringify(body)));
      }
      const isOld = protocol === 'awsJson1_1';
      const document = { __type: isOld ? (modelled?.name ?? error.code) : typeOf(error, entry, modelled), ...body };
      const type = isOld ? 'application/x-amz-json-1.1' : 'application/x-amz-json-1.0';
      return withBody(error.status, headers, type, Buffer.from(JSON.stringify(document)));
    }
  }
}

// ---- XML ---------------------------------------------------------------------------------------------------------------

function s3Document(error: AwsError, { requestId, hostId }: WriteContext): Uint8Array {
  const parts = { Code: error.code, Message: error.message, ...error.fields, RequestId: requestId, HostId: hostId };
  return xmlDocument('Error', undefined, elements(parts));
}

function queryDocument(
  error: AwsError,
  entry: Entry | undefined,
  modelled: Structure | undefined,
  { requestId }: WriteContext,
): Uint8Array {
  const namespace = entry?.wire.xmlNamespace;
  const Type = error.fault === 'client' ? 'Sender' : 'Receiver';
  const Code = modelled?.traits.awsQueryError?.[0] ?? error.code;
  const members = modelled ? writersOf(modelled).xml(error.fields) : '';
  const inner = elements({ Type, Code, Message: error.message }) + members;
  return xmlDocument('ErrorResponse', namespace, `<Error>${inner}</Error>${elements({ RequestId: requestId })}`);
}

/** Elements named as the fields are, nested as the values are. */
function elements(fields: object): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === null) continue;
      const nested = typeof one === 'object' && !(one instanceof Date);
      const shown = one instanceof Date ? one.toISOString() : String(one);
      text += `<${name}>${nested ? elements(one) : escapeXml(shown)}</${name}>`;
    }
  }
  return text;
}

// ---- documents of objects ----------------------------------------------------------------------------------------------

/** JSON 1.0 and CBOR name the error's namespace; an error that every service has belongs to none of theirs. */
function typeOf(error: AwsError, entry: Entry | undefined, modelled: Structure | undefined): string {
  return modelled && entry ? `${entry.client.namespace}#${modelled.name}` : `com.amazon.coral.service#${error.code}`;
}

function documentOf(error: AwsError, modelled: Structure | undefined, form: 'json' | 'cbor'): Record<string, unknown> {
  if (!modelled) return { message: error.message };
  const message = modelled.members.find(({ name }) => isMessage(name))?.name ?? 'message';
  return { [message]: error.message, ...writersOf(modelled)[form](error.fields) };
}

const isMessage = (name: string) => name === 'message' || name === 'Message';

/** Services that once spoke Query only tell new clients the old code. */
function addQueryCode(
  headers: Record<string, string>,
  error: AwsError,
  entry: Entry | undefined,
  modelled: Structure | undefined,
): void {
  if (!entry?.speaks('awsQuery')) return;
  const code = modelled?.traits.awsQueryError?.[0] ?? error.code;
  headers['x-amzn-query-error'] = `${code};${error.fault === 'client' ? 'Sender' : 'Receiver'}`;
}

interface Writers {
  readonly head: HeadWriter;
  readonly json: (fields: Fields) => Record<string, unknown>;
  readonly cbor: (fields: Fields) => Record<string, unknown>;
  readonly xml: (fields: Fields) => string;
}

const compiled = new WeakMap<Structure, Writers>();

/** Writers for what an error has besides its message. */
function writersOf(structure: Structure): Writers {
  let writers = compiled.get(structure);
  if (!writers) {
    const places = placesOf(structure);
    const members = places.document.filter((name) => !isMessage(name));
    writers = {
      head: compileHeadWriter(places),
      json: compileJsonWriter(structure, members),
      cbor: compileCborWriter(structure, members),
      xml: compileXmlWriter(structure, members, { timestamps: 'date-time' }),
    };
    compiled.set(structure, writers);
  }
  return writers;
}
