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
import type { ProtocolName, Wire } from './wire';

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
const CREDENTIAL = /^[^/]+\/\d{8}\/[^/]+\/([^/]+)\/aws4_request$/;

export function createRouter(catalogue: Catalogue): Router {
  const tables = new Map<Entry, (request: Request, bucket: string | undefined) => Match | undefined>();
  const readHost = createHostReader((label) => catalogue.signing(label).length > 0);
  const s3 = catalogue.entries.find((entry) => entry.s3);
  const own = catalogue.entries.filter(({ wire }) => wire.paths);

  return { needsForm, route, guess };

  function needsForm(request: Request, signingName: string | undefined): boolean {
    if (!isForm(request) || request.headers['x-amz-target'] !== undefined) return false;
    if (hasAction(request)) return false;
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
    if (target !== undefined && json) {
      if (!isTarget(entry.wire, target)) throw unknownOperation(json, target);
      return named(entry, json, target.slice(target.lastIndexOf('.') + 1));
    }
    if (isCbor(request) && entry.speaks('rpcv2Cbor')) {
      return named(entry, 'rpcv2Cbor', CBOR_PATH.exec(request.path)?.[2] ?? request.path);
    }
    if (!entry.speaks('awsQuery')) throw unknownOperation(json ?? entry.wire.protocols[0], target ?? request.path);
    if (asked.action === undefined) throw missingAction();
    return named(entry, 'awsQuery', asked.action, asked.version);
  }

  function serviceOf(request: Request, signingName: string | undefined, asked: Asked, host: HostName): Entry {
    const owner = own.find((entry) => isOwn(entry, request, signingName));
    if (owner) return owner;
    if (signingName !== undefined) {
      const candidates = catalogue.signing(signingName);
      if (candidates.length === 0) throw unknownService(signingName);
      return candidates.find((entry) => isMeant(entry, request, asked)) ?? candidates[0];
    }
    const target = request.headers['x-amz-target'];
    if (target !== undefined) {
      const prefix = prefixOf(target);
      const entry = catalogue.targeted(prefix);
      if (!entry) throw unknownService(prefix);
      return entry;
    }
    const entry = byHost(host, asked) ?? byAction(asked) ?? byPath(request, host) ?? s3;
    if (!entry) throw unknownService(request.headers.host ?? request.path);
    return entry;
  }

  /** A name in the host that may be a bucket's as well is a service's only when an Action is asked of it. */
  function byHost({ service, bucket }: HostName, { action }: Asked): Entry | undefined {
    const entry = service === undefined ? undefined : catalogue.signing(service)[0];
    const isClear = entry?.s3 || bucket === undefined || (action !== undefined && entry?.speaks('awsQuery'));
    return isClear ? entry : undefined;
  }

  function byAction({ action, version }: Asked): Entry | undefined {
    if (action === undefined) return undefined;
    const speakers = catalogue.entries.filter((entry) => entry.speaks('awsQuery'));
    const candidates = version === undefined ? speakers : speakers.filter(({ wire }) => wire.version === version);
    if (candidates.length === 0) throw unknownOperation('awsQuery', action, version);
    return candidates.find(({ client }) => client.operations.has(action)) ?? candidates[0];
  }

  function byPath(request: Request, { bucket }: HostName): Entry | undefined {
    if (isCbor(request)) return catalogue.targeted(CBOR_PATH.exec(request.path)?.[1] ?? '');
    if (bucket !== undefined || !VERSIONED_PATH.test(request.path)) return undefined;
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
    const entry = own.find((one) => isOwn(one, request)) ?? suspect(request);
    if (request.headers['x-amz-target'] !== undefined) {
      return { entry, protocol: entry?.speaks(...jsonProtocols(request)) ?? 'awsJson1_1' };
    }
    if (isCbor(request)) return { entry, protocol: 'rpcv2Cbor' };
    if (entry) return { entry, protocol: entry.speaks('restXml', 'restJson1', 'awsQuery') ?? entry.wire.protocols[0] };
    if (isForm(request) || hasAction(request)) return { protocol: 'awsQuery' };
    return isJson(request) ? { protocol: 'restJson1' } : { entry: s3, protocol: 'restXml' };
  }

  function suspect(request: Request): Entry | undefined {
    const target = request.headers['x-amz-target'];
    if (target !== undefined) return catalogue.targeted(prefixOf(target));
    const host = readHost(request.headers.host);
    const name = signingNameOf(request) ?? (host.bucket === undefined ? host.service : undefined);
    return name === undefined ? undefined : catalogue.signing(name)[0];
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** What stands before the dot of `TrentService.Encrypt`. */
/** Older clients write the name of a service with that of its package before it. */
const isTarget = ({ target }: Wire, given: string) =>
  prefixOf(given) === target || prefixOf(given).endsWith(`.${target}`);

const prefixOf = (target: string) => target.slice(0, target.lastIndexOf('.'));
const isCbor = ({ headers }: Request) => headers['smithy-protocol'] === 'rpc-v2-cbor';
const hasAction = ({ query }: Request) => query.some(([name]) => name === 'Action');

function isJson({ path, headers }: Request): boolean {
  return VERSIONED_PATH.test(path) || /^application\/(x-amz-)?json/.test(headers['content-type'] ?? '');
}

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

/** Whether a request is one of a service with paths of its own. */
function isOwn({ wire: { paths, signingNames } }: Entry, { path, headers }: Request, signingName?: string): boolean {
  if (!paths || headers[paths.header] === undefined || !path.startsWith(paths.prefix)) return false;
  return signingName === undefined || signingNames.includes(signingName);
}

/** Among services that sign with the same name: is it this one? */
function isMeant({ wire, client }: Entry, request: Request, { action, version }: Asked): boolean {
  if (wire.paths) return false;
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return isTarget(wire, target);
  if (action !== undefined) return version === undefined ? client.operations.has(action) : version === wire.version;
  return true;
}

/** The service that a request is signed for, whether the signature holds or not. */
function signingNameOf({ headers, query }: Request): string | undefined {
  const credential =
    /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ??
    query.find(([name]) => name === 'X-Amz-Credential')?.[1];
  return credential === undefined ? undefined : CREDENTIAL.exec(credential)?.[1];
}

/** JSON 1.0 and 1.1 differ in their content type alone: the client's own is answered. */
function jsonProtocols({ headers }: Request): readonly ProtocolName[] {
  return headers['content-type']?.includes('json-1.1') ? ['awsJson1_1', 'awsJson1_0'] : ['awsJson1_0', 'awsJson1_1'];
}
