/**
 * What of an input stands in the request's head (labels, query, headers), and what of an output goes into the
 * response's: compiled once per operation into tables, so that a request costs as many look-ups as it has headers.
 * Source: Smithy specification, "HTTP bindings".
 */
import type { Request } from '../base/http';
import { invalidArgument, jsonWords, missingHeader } from './errors';
import { assign, type Check, checkOf, Reading, settle } from './reading';
import type { Dictionary, List, Member, Shape, Simple, Structure } from './schema';
import { type TextReader, textReader, textWriter } from './text';
import type { ModelNotes } from './wire';

type Fields = Record<string, unknown>;

/** Where each member of a structure goes. */
export interface Places {
  readonly labels: readonly Member[];
  readonly queries: readonly Member[];
  readonly headers: readonly Member[];
  readonly prefixHeaders: readonly Member[];
  readonly queryParams?: Member;
  readonly status?: Member;
  readonly payload?: Member;
  /** Names of the members that make up the document, when there is no payload member. */
  readonly document: readonly string[];
}

export function placesOf(structure: Structure | undefined): Places {
  const labels: Member[] = [];
  const queries: Member[] = [];
  const headers: Member[] = [];
  const prefixHeaders: Member[] = [];
  const document: string[] = [];
  let queryParams: Member | undefined;
  let status: Member | undefined;
  let payload: Member | undefined;
  for (const member of structure?.members ?? []) {
    const { traits } = member;
    if (traits.httpPayload) payload = member;
    else if (traits.httpLabel) labels.push(member);
    else if (traits.httpQuery !== undefined) queries.push(member);
    else if (traits.httpHeader !== undefined) headers.push(member);
    else if (traits.httpPrefixHeaders !== undefined) prefixHeaders.push(member);
    else if (traits.httpQueryParams) queryParams = member;
    else if (traits.httpResponseCode) status = member;
    else document.push(member.name);
  }
  return { labels, queries, headers, prefixHeaders, queryParams, status, payload, document };
}

// ---- request head in ---------------------------------------------------------------------------------------------------

export interface HeadOptions {
  /** S3 words its refusals its own way, and takes any header from the query of a presigned URL. */
  readonly s3: boolean;
  readonly notes?: ModelNotes;
}

interface Binding {
  readonly member: Member;
  /** As the client wrote it in the model: for messages. */
  readonly name: string;
  readonly read: (text: string) => unknown;
  /** The value of one more occurrence, when the member is a list. */
  readonly many: boolean;
  readonly check?: Check;
}

export type HeadReader = (request: Request, labels: Readonly<Record<string, string>>) => Fields;

const INT32 = 2 ** 31 - 1;

export function compileHeadReader(structure: Structure, places: Places, options: HeadOptions): HeadReader {
  const labels = places.labels.map((member) => bindingOf(structure, member, member.name, 'label', options));
  const queries = new Map<string, Binding>();
  for (const member of places.queries) {
    const name = member.traits.httpQuery as string;
    queries.set(name, bindingOf(structure, member, name, 'query', options));
  }
  const headers = new Map<string, Binding>();
  for (const member of places.headers) {
    const name = member.traits.httpHeader as string;
    headers.set(name.toLowerCase(), bindingOf(structure, member, name, 'header', options));
  }
  const prefixes = places.prefixHeaders.map(({ name, traits }) => ({
    name,
    prefix: (traits.httpPrefixHeaders as string).toLowerCase(),
  }));
  const required = [...labels, ...queries.values(), ...headers.values()].filter(({ member }) => member.required);
  const { queryParams } = places;
  const rest = queryParams && queryParams.shape.kind === 'map' ? queryParams.shape : undefined;

  return (request, values) => {
    const input: Fields = {};
    const reading = new Reading();
    for (const binding of labels) {
      const text = values[binding.name];
      if (text !== undefined) put(input, binding, text, reading);
    }
    for (const [name, text] of request.query) {
      const binding = queries.get(name);
      if (binding) put(input, binding, text, reading);
      else if (queryParams && rest) putRest(input, queryParams.name, rest, name, text);
      else if (options.s3 && /^(x-amz-|if-(none-)?match$)/i.test(name))
        putHeader(input, name.toLowerCase(), text, reading);
    }
    for (const name in request.headers) putHeader(input, name, request.headers[name], reading);
    for (const binding of required) if (input[binding.member.name] === undefined) refuseMissing(binding, reading);
    settle(reading, jsonWords, options.notes);
    return input;
  };

  function putHeader(input: Fields, name: string, text: string, reading: Reading): void {
    const binding = headers.get(name);
    if (binding) {
      put(input, binding, text, reading);
      return;
    }
    for (const { name: member, prefix } of prefixes) {
      if (!name.startsWith(prefix)) continue;
      input[member] ??= {};
      assign(input[member] as Fields, name.slice(prefix.length), text);
    }
  }

  function put(input: Fields, binding: Binding, text: string, reading: Reading): void {
    const value = binding.read(text);
    if (value === undefined) return;
    const { name } = binding.member;
    const before = input[name];
    input[name] = binding.many && before !== undefined ? [...(before as unknown[]), ...(value as unknown[])] : value;
    if (!binding.check) return;
    binding.check(value, reading);
    if (options.s3 && reading.violations.length > 0) throw invalidArgument(reading.violations[0], binding.name, text);
  }

  function refuseMissing({ member, name }: Binding, reading: Reading): void {
    if (!options.s3) reading.missing(member.name);
    else if (member.traits.httpHeader) throw missingHeader(name);
    else throw invalidArgument(`This operation requires the parameter ${name}`, name, 'null');
  }
}

/** A map that takes all query pairs that no other member takes. */
function putRest(input: Fields, member: string, { value }: Dictionary, name: string, text: string): void {
  input[member] ??= {};
  const all = input[member] as Fields;
  if (value.shape.kind !== 'list') assign(all, name, text);
  else if (Object.hasOwn(all, name)) (all[name] as string[]).push(text);
  else assign(all, name, [text]);
}

function bindingOf(
  structure: Structure,
  member: Member,
  name: string,
  place: 'label' | 'query' | 'header',
  options: HeadOptions,
): Binding {
  const check = checkOf(structure, member, options.notes);
  const { shape } = member;
  const refuse = (text: string, reader: TextReader) => {
    if (!options.s3) return jsonWords.malformed(`"${text.slice(0, 64)}" is not ${reader.expected}`, name);
    const words = options.notes?.words?.[name];
    if (words !== undefined) return invalidArgument(words, name, text);
    const whole = place === 'query' && reader.expected === 'an integer';
    const what = whole ? `${name} not an integer or within integer range` : `${name} is not ${reader.expected}`;
    return invalidArgument(whole ? `Provided ${what}` : what, name, text);
  };
  if (shape.kind === 'list') {
    const reader = simpleReader(shape.item.shape, place, options);
    const split = place === 'header' ? splitHeader : (text: string) => [text];
    const read = (text: string) =>
      split(text).map((one) => {
        const value = reader.read(one);
        if (value === undefined) throw refuse(one, reader);
        return value;
      });
    return { member, name, read, many: true, check };
  }
  const reader = simpleReader(shape, place, options);
  // RFC 9110 has recipients ignore a date that is none; S3 keeps such an `Expires` as it came.
  const lenient = shape.kind === 'timestamp' && place === 'header' && (shape.format ?? 'http-date') === 'http-date';
  const read = (text: string) => {
    // To S3 a number that is left empty is one that was not given.
    if (options.s3 && place === 'query' && shape.kind === 'number' && text === '') return undefined;
    const value = reader.read(text);
    if (value === undefined && !lenient) throw refuse(text, reader);
    return value;
  };
  return { member, name, read, many: false, check };
}

function simpleReader(shape: Shape, place: 'label' | 'query' | 'header', { s3 }: HeadOptions): TextReader {
  const reader = textReader(shape as Simple, {
    timestamps: place === 'header' ? 'http-date' : 'date-time',
    integers: s3,
  });
  if (!s3 || place !== 'query' || shape.kind !== 'number') return reader;
  return { ...reader, read: (text) => within(reader.read(text) as number | undefined) };
}

const within = (value: number | undefined) => (value !== undefined && Math.abs(value) <= INT32 ? value : undefined);

/** The items of a list in a header: separated by commas, quoted when they hold commas or quotes. */
function splitHeader(text: string): string[] {
  if (!text.includes('"')) return text.split(',').map((item) => item.trim());
  return [...text.matchAll(/\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)/g)]
    .map(([, item]) => (item.startsWith('"') ? item.slice(1, -1).replace(/\\(.)/g, '$1') : item.trim()))
    .filter((item, index, all) => item !== '' || index < all.length - 1);
}

// ---- response head out -------------------------------------------------------------------------------------------------

export type HeadWriter = (output: Readonly<Fields>, headers: Record<string, string>) => void;

export function compileHeadWriter(places: Places): HeadWriter {
  const plain = new Map(
    places.headers.map(({ name, traits, shape }) => [
      name,
      { header: (traits.httpHeader as string).toLowerCase(), write: headerWriter(shape) },
    ]),
  );
  const prefixes = places.prefixHeaders.map(({ name, traits }) => ({
    name,
    prefix: (traits.httpPrefixHeaders as string).toLowerCase(),
  }));
  return (output, headers) => {
    // A dozen of forty members are there: it is cheaper to ask what they are than to ask for each.
    for (const member in output) {
      const value = output[member];
      const place = value === undefined || value === null ? undefined : plain.get(member);
      if (place) headers[place.header] = place.write(value);
    }
    for (const { name, prefix } of prefixes) {
      const values = output[name] as Record<string, string> | undefined;
      if (values) for (const [rest, value] of Object.entries(values)) headers[prefix + rest.toLowerCase()] = value;
    }
  };
}

function headerWriter(shape: Shape): (value: unknown) => string {
  if (shape.kind === 'list') return listHeaderWriter(shape);
  return textWriter(shape as Simple, { timestamps: 'http-date' });
}

function listHeaderWriter({ item }: List): (value: unknown) => string {
  const write = textWriter(item.shape as Simple, { timestamps: 'http-date' });
  const quote = (text: string) => (/[",]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text);
  return (value) => (value as unknown[]).map((one) => quote(write(one))).join(', ');
}
