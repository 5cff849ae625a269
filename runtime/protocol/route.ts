/**
 * Step 2: which service and operation a request asks for, in which protocol. The service comes from the credential
 * scope when there is one; else from the target header, the form's Action and Version, the host or the path. The
 * protocol comes from the request, never from the service alone: old clients speak to SQS in Query, new ones in JSON.
 */
import type { Request } from '../base/http';
import type { Catalogue, Entry } from './catalogue';
import { missingAction, unknownOperation, unknownService } from './errors';
import { createHostReader, type HostName } from './host';
import type { Route } from './port';
import { formPairs, type Pair } from './query';
import { createBucketTable, createPathTable, type Match } from './rest';
import type { ProtocolName } from './wire';

export interface Router {
  /** Whether `route` needs the request's form to see its Action. */
  needsForm(request: Request, signingName: string | undefined): boolean;
  route(request: Request, signingName: string | undefined, form: Uint8Array | undefined): Route;
  /** The service and protocol that a request suggests, for an answer to what could not be routed. Never throws. */
  guess(request: Request | undefined): { readonly entry?: Entry; readonly protocol: ProtocolName };
}

const FORM = 'application/x-www-form-urlencoded';
const CBOR_PATH = /^\/service\/([^/]+)\/operation\/([^/]+)$/;
/** The paths of REST-JSON services begin with the version of their API: `/2015-03-31/functions`. */
const VERSIONED_PATH = /^\/\d{4}-\d{2}-\d{2}\//;
const CREDENTIAL_SCOPE = /Credential=[^/,\s]+\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;

export function createRouter(catalogue: Catalogue): Router {
  const tables = new Map<Entry, (request: Request, bucket: string | undefined) => Match | undefined>();
  const readHost = createHostReader((label) => catalogue.signing(label).length > 0);
  const s3 = catalogue.entries.find((entry) => entry.s3);

  return { needsForm, route, guess };

  function needsForm(request: Request, signingName: string | undefined): boolean {
    if (!isForm(request) || request.headers['x-amz-target'] !== undefined) return false;
    if (request.query.some(([name]) => name === 'Action')) return false;
    const candidates = signingName === undefined ? catalogue.entries : catalogue.signing(signingName);
    return candidates.some((entry) => entry.speaks('awsQuery'));
  }

  function route(request: Request, signingName: string | undefined, form: Uint8Array | undefined): Route {
    const asked = readAction(request, form);
    const host = readHost(request.headers.host);
    const entry = serviceOf(request, signingName, asked, host);
    const rest = entry.speaks('restXml', 'restJson1');
    if (rest) return matched(entry, rest, request, host);
    const target = request.headers['x-amz-target'];
    const json = entry.speaks(...jsonProtocols(request));
    if (target !== undefined && json) return named(entry, json, target.slice(target.lastIndexOf('.') + 1));
    const cbor = entry.speaks('rpcv2Cbor') && CBOR_PATH.exec(request.path);
    if (cbor) return named(entry, 'rpcv2Cbor', cbor[2]);
    if (!entry.speaks('awsQuery')) throw unknownOperation(json ?? entry.wire.protocols[0], target ?? request.path);
    if (asked.action === undefined) throw missingAction();
    return named(entry, 'awsQuery', asked.action, asked.version);
  }

  function serviceOf(request: Request, signingName: string | undefined, asked: Asked, host: HostName): Entry {
    if (signingName !== undefined) {
      const candidates = catalogue.signing(signingName);
      if (candidates.length === 0) throw unknownService(signingName);
      return candidates.find((entry) => isMeant(entry, request, asked)) ?? candidates[0];
    }
    const target = request.headers['x-amz-target'];
    if (target !== undefined) {
      const prefix = target.slice(0, target.lastIndexOf('.'));
      const entry = catalogue.targeted(prefix);
      if (!entry) throw unknownService(prefix);
      return entry;
    }
    const byHost = host.service === undefined ? undefined : catalogue.signing(host.service)[0];
    const entry = byHost ?? byAction(asked) ?? byPath(request) ?? s3;
    if (!entry) throw unknownService(request.headers.host ?? request.path);
    return entry;
  }

  function byAction({ action, version }: Asked): Entry | undefined {
    if (action === undefined) return undefined;
    const speakers = catalogue.entries.filter((entry) => entry.speaks('awsQuery'));
    const candidates = version === undefined ? speakers : speakers.filter(({ wire }) => wire.version === version);
    return candidates.find(({ client }) => client.operations.has(action)) ?? candidates[0];
  }

  function byPath(request: Request): Entry | undefined {
    const cbor = CBOR_PATH.exec(request.path);
    if (cbor) return catalogue.targeted(cbor[1]);
    if (!VERSIONED_PATH.test(request.path)) return undefined;
    return catalogue.entries.find((entry) => entry.speaks('restJson1') && tableOf(entry)(request, undefined));
  }

  function named(entry: Entry, protocol: ProtocolName, operation: string, version?: string): Route {
    const wrongVersion = version !== undefined && version !== entry.wire.version;
    if (wrongVersion || !entry.client.operations.has(operation)) throw unknownOperation(protocol, operation, version);
    return { service: entry.name, operation, protocol, labels: NO_LABELS };
  }

  function matched(entry: Entry, protocol: ProtocolName, request: Request, host: HostName): Route {
    const match = tableOf(entry)(request, host.bucket);
    if (!match) throw unknownOperation(protocol, `${request.method} ${request.path}`);
    return { service: entry.name, operation: match.operation, protocol, labels: match.labels };
  }

  function tableOf(entry: Entry) {
    let table = tables.get(entry);
    if (!table) {
      table = entry.s3 ? createBucketTable(entry.client) : createPathTable(entry.client);
      tables.set(entry, table);
    }
    return table;
  }

  function guess(request: Request | undefined): { entry?: Entry; protocol: ProtocolName } {
    if (!request) return { entry: s3, protocol: 'restXml' };
    const scope = CREDENTIAL_SCOPE.exec(request.headers.authorization ?? '')?.[1];
    const target = request.headers['x-amz-target'];
    const host = readHost(request.headers.host);
    const signed = scope ?? host.service;
    const entry = target
      ? catalogue.targeted(target.slice(0, target.lastIndexOf('.')))
      : signed === undefined
        ? undefined
        : catalogue.signing(signed)[0];
    if (target !== undefined) return { entry, protocol: entry?.speaks(...jsonProtocols(request)) ?? 'awsJson1_1' };
    if (CBOR_PATH.test(request.path)) return { entry, protocol: 'rpcv2Cbor' };
    if (entry) return { entry, protocol: entry.speaks('restXml', 'restJson1', 'awsQuery') ?? entry.wire.protocols[0] };
    if (isForm(request) || request.query.some(([name]) => name === 'Action')) return { protocol: 'awsQuery' };
    const isJson =
      VERSIONED_PATH.test(request.path) || /^application\/(x-amz-)?json/.test(request.headers['content-type'] ?? '');
    return isJson ? { protocol: 'restJson1' } : { entry: s3, protocol: 'restXml' };
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

function isForm({ method, headers }: Request): boolean {
  return method === 'POST' && headers['content-type']?.startsWith(FORM) === true;
}

interface Asked {
  readonly action?: string;
  readonly version?: string;
}

const NOTHING: Asked = {};

function readAction({ method, query }: Request, form: Uint8Array | undefined): Asked {
  if (query.length === 0 && !form) return NOTHING;
  if (method !== 'GET' && method !== 'POST') return NOTHING;
  const find = (pairs: readonly Pair[], name: string) => pairs.find(([key]) => key === name)?.[1];
  const posted = form ? formPairs(form) : [];
  return {
    action: find(query, 'Action') ?? find(posted, 'Action'),
    version: find(query, 'Version') ?? find(posted, 'Version'),
  };
}

/** Among services that sign with the same name: is it this one? */
function isMeant({ wire, client }: Entry, request: Request, { action, version }: Asked): boolean {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return wire.target === target.slice(0, target.lastIndexOf('.'));
  if (action !== undefined) return version === undefined ? client.operations.has(action) : version === wire.version;
  return true;
}

/** JSON 1.0 and 1.1 differ in their content type alone: the client's own is answered. */
function jsonProtocols({ headers }: Request): readonly ProtocolName[] {
  return headers['content-type']?.includes('json-1.1') ? ['awsJson1_1', 'awsJson1_0'] : ['awsJson1_0', 'awsJson1_1'];
}
