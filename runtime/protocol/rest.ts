/**
 * Which operation a method and a path mean, for services with HTTP bindings. Tables are built once, by method and by
 * what of the path is fixed; within them the query's literal keys (`?acl`, `?list-type=2`) decide, then what an
 * operation cannot do without (`uploadId`, `x-amz-copy-source`).
 */
import type { Request } from '../base/http';
import { placesOf } from './bind';
import { invalidArgument, invalidUri, methodNotAllowed } from './errors';
import type { Client, OperationSchema } from './schema';

export interface Match {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Candidate {
  readonly operation: string;
  /** Query keys, with their values where the model fixes them. */
  readonly literals: readonly (readonly [key: string, value: string])[];
  /** The SDKs' `x-id`: names the operation where nothing else tells it from its neighbour. */
  readonly xId?: string;
  readonly needsQueries: readonly string[];
  readonly needsHeaders: readonly string[];
}

function candidateOf(operation: OperationSchema): Candidate {
  const literals: [string, string][] = [];
  let xId: string | undefined;
  for (const part of operation.http?.query.split('&') ?? []) {
    const [key, value = ''] = part.split('=');
    if (key === 'x-id') xId = value;
    else if (key) literals.push([key, value]);
  }
  const { queries, headers } = placesOf(operation.input);
  const needs = (members: typeof queries) => members.filter(({ required }) => required).map(({ traits }) => traits);
  return {
    operation: operation.name,
    literals,
    xId,
    needsQueries: needs(queries).map(({ httpQuery }) => httpQuery as string),
    needsHeaders: needs(headers).map(({ httpHeader }) => (httpHeader as string).toLowerCase()),
  };
}

const has = (request: Request, key: string) => request.query.some(([name]) => name === key);

function fits(candidate: Candidate, request: Request): boolean {
  return candidate.literals.every(([key, value]) =>
    request.query.some(([name, given]) => name === key && (value === '' || given === value)),
  );
}

function complete(candidate: Candidate, request: Request): boolean {
  return (
    candidate.needsQueries.every((key) => has(request, key)) &&
    // A presigned URL carries headers in its query.
    candidate.needsHeaders.every((key) => request.headers[key] !== undefined || has(request, key))
  );
}

/** Candidates of one method and path, the most specific first. */
function choose(candidates: readonly Candidate[], request: Request): Candidate | undefined {
  let fallback: Candidate | undefined;
  for (const candidate of candidates) {
    if (fallback && fallback.literals.length > candidate.literals.length) return fallback;
    if (!fits(candidate, request)) continue;
    if (complete(candidate, request)) return twinOf(candidate, candidates, request) ?? candidate;
    fallback ??= candidate;
  }
  return fallback;
}

/** Another candidate that nothing but its `x-id`, which the request carries, tells from the chosen one. */
function twinOf(chosen: Candidate, candidates: readonly Candidate[], request: Request): Candidate | undefined {
  const xId = request.query.length > 0 ? request.query.find(([name]) => name === 'x-id')?.[1] : undefined;
  if (xId === undefined || xId === chosen.xId) return undefined;
  return candidates.find((other) => other.xId === xId && weight(other) === weight(chosen) && fits(other, request));
}

const weight = ({ literals, needsQueries, needsHeaders }: Candidate) =>
  literals.length * 100 + needsQueries.length + needsHeaders.length;

function insert(list: Candidate[], candidate: Candidate): void {
  list.push(candidate);
  list.sort((a, b) => weight(b) - weight(a));
}

export function decodePath(text: string, target: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUri(target);
  }
}

// ---- S3 ----------------------------------------------------------------------------------------------------------------

type Level = 'SERVICE' | 'BUCKET' | 'OBJECT';

/** The operations on one kind of resource by one method. */
interface Slotted {
  /** Without a literal query key. */
  readonly plain: Candidate[];
  /** By the first of their literal query keys. */
  readonly byKey: Map<string, Candidate[]>;
}

/**
 * S3's table. Its model leaves the bucket out of the path (the client's endpoint rules put it there, or into the host),
 * so that it is told apart here.
 */
export function createBucketTable(client: Client): (request: Request, bucketInHost: string | undefined) => Match {
  const slots = new Map<string, Slotted>();
  const fixed = new Map<string, string>();
  /** Every `?key` that makes another resource of a bucket or object. */
  const subresources = new Set<string>();
  for (const operation of client.operations.values()) {
    const { http } = operation;
    if (!http) continue;
    const level = levelOf(operation);
    if (!level) {
      fixed.set(`${http.method} ${http.path}`, operation.name);
      continue;
    }
    const candidate = candidateOf(operation);
    const slot = slotOf(slots, level, http.method);
    const [first] = candidate.literals;
    if (!first) insert(slot.plain, candidate);
    else {
      if (first[1] === '') subresources.add(first[0]);
      const list = slot.byKey.get(first[0]) ?? [];
      insert(list, candidate);
      slot.byKey.set(first[0], list);
    }
  }

  return (request, bucketInHost) => {
    const { method, path, query } = request;
    const operation = fixed.get(`${method} ${path}`);
    if (operation) return { operation, labels: {} };
    const labels = bucketAndKey(request, bucketInHost);
    const level = labels.Key !== undefined ? 'OBJECT' : labels.Bucket !== undefined ? 'BUCKET' : 'SERVICE';
    const slot = slots.get(`${level} ${method}`);
    let candidates = slot?.plain ?? [];
    let subresource: string | undefined;
    for (const [key, value] of query) {
      const more = slot?.byKey.get(key);
      if (!more && !(value === '' && subresources.has(key))) continue;
      if (more?.some((candidate) => fits(candidate, request)) === false) continue;
      if (subresource !== undefined && subresource !== key) throw conflict(subresource, key);
      subresource = key;
      candidates = more ?? [];
    }
    const chosen = choose(candidates, request);
    if (!chosen || (chosen.literals.length === 0 && !complete(chosen, request))) {
      const allowed = methods.filter((other) => slots.get(`${level} ${other}`)?.plain.length);
      throw methodNotAllowed(method, (subresource ?? level).toUpperCase(), allowed);
    }
    return { operation: chosen.operation, labels };
  };
}

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];

function slotOf(slots: Map<string, Slotted>, level: Level, method: string): Slotted {
  const name = `${level} ${method}`;
  const slot = slots.get(name) ?? { plain: [], byKey: new Map() };
  slots.set(name, slot);
  return slot;
}

function levelOf({ http, input }: OperationSchema): Level | undefined {
  if (http?.path === '/{Key+}') return 'OBJECT';
  if (http?.path !== '/') return undefined;
  return input?.members.some(({ name, traits }) => name === 'Bucket' && traits.httpLabel) ? 'BUCKET' : 'SERVICE';
}

function conflict(one: string, other: string) {
  return invalidArgument(`Conflicting query string parameters: ${one}, ${other}`, 'ResourceType', one);
}

function bucketAndKey({ path, target }: Request, bucketInHost: string | undefined): Record<string, string> {
  if (bucketInHost !== undefined) {
    return path.length > 1
      ? { Bucket: bucketInHost, Key: decodePath(path.slice(1), target) }
      : { Bucket: bucketInHost };
  }
  const slash = path.indexOf('/', 1);
  if (slash < 0) return path.length > 1 ? { Bucket: decodePath(path.slice(1), target) } : {};
  const Bucket = decodePath(path.slice(1, slash), target);
  return slash < path.length - 1 ? { Bucket, Key: decodePath(path.slice(slash + 1), target) } : { Bucket };
}

// ---- all others --------------------------------------------------------------------------------------------------------

type Segment = string | { readonly label: string; readonly greedy: boolean };

interface Pattern {
  readonly method: string;
  readonly segments: readonly Segment[];
  readonly candidates: Candidate[];
}

/** The table of a service whose paths are all its own. @returns undefined from the matcher: no operation has this path */
export function createPathTable(client: Client): (request: Request) => Match | undefined {
  const exact = new Map<string, Pattern[]>();
  const greedy = new Map<string, Pattern[]>();
  for (const operation of client.operations.values()) {
    const { http } = operation;
    if (!http) continue;
    const segments = trimSlash(http.path).split('/').map(segmentOf);
    const isGreedy = segments.some((segment) => typeof segment !== 'string' && segment.greedy);
    const table = isGreedy ? greedy : exact;
    const key = isGreedy ? http.method : `${http.method} ${segments.length}`;
    const patterns = table.get(key) ?? [];
    table.set(key, patterns);
    let pattern = patterns.find((other) => shapeOf(other.segments) === shapeOf(segments));
    if (!pattern) {
      pattern = { method: http.method, segments, candidates: [] };
      patterns.push(pattern);
      patterns.sort((a, b) => fixedness(b.segments) - fixedness(a.segments));
    }
    insert(pattern.candidates, candidateOf(operation));
  }

  return (request) => {
    const given = trimSlash(request.path).split('/');
    const patterns = exact.get(`${request.method} ${given.length}`) ?? [];
    return first(patterns, given, request) ?? first(greedy.get(request.method) ?? [], given, request);
  };
}

function first(patterns: readonly Pattern[], given: readonly string[], request: Request): Match | undefined {
  for (const pattern of patterns) {
    const labels = labelsOf(pattern.segments, given, request.target);
    const chosen = labels && choose(pattern.candidates, request);
    if (chosen) return { operation: chosen.operation, labels };
  }
  return undefined;
}

const trimSlash = (path: string) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
const shapeOf = (segments: readonly Segment[]) =>
  segments.map((segment) => (typeof segment === 'string' ? segment : `{${segment.label}}`)).join('/');

function segmentOf(text: string): Segment {
  const match = /^\{([^+}]+)(\+?)\}$/.exec(text);
  return match ? { label: match[1], greedy: match[2] === '+' } : text;
}

/** Fixed segments count more the earlier they stand. */
function fixedness(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment, index) => sum + (typeof segment === 'string' ? 2 ** (30 - index) : 0), 0);
}

function labelsOf(pattern: readonly Segment[], given: readonly string[], target: string) {
  const labels: Record<string, string> = {};
  const surplus = given.length - pattern.length;
  let at = 0;
  for (const segment of pattern) {
    const taken = typeof segment !== 'string' && segment.greedy ? 1 + surplus : 1;
    const text = taken === 1 ? given[at] : given.slice(at, at + taken).join('/');
    if (typeof segment === 'string' ? segment !== text : !text) return undefined;
    if (typeof segment !== 'string') labels[segment.label] = decodePath(text, target);
    at += taken;
  }
  return at === given.length ? labels : undefined;
}
