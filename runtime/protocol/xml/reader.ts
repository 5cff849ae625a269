/**
 * XML documents into typed values, strictly and in one pass: what the schema does not know, says twice or cannot be the
 * value it should be is refused, with its place. A shape is compiled once into a plan of elements; the parser's events
 * then walk the plan. No DTDs and no entities but XML's own five; namespaces count by URI, not by prefix.
 */
import { setImmediate } from 'node:timers/promises';
import type { SaxesAttributeNS, SaxesTagNS } from 'saxes';
import type { AwsError } from '../../base/errors';
import { malformedXml, missingRequestBody } from '../errors';
import { assign, type Check, checkOf, MAX_DEPTH, Reading } from '../reading';
import type { Dictionary, List, Shape, Slot, Structure } from '../schema';
import { type TextOptions, type TextReader, textReader } from '../text';
import type { ModelNotes } from '../wire';
import { XSI } from './names';

export interface XmlReaderOptions extends TextOptions {
  /** Elements are in this namespace or in none. */
  readonly namespace?: string;
  readonly notes?: ModelNotes;
}

/** Reads a document with the given root into `target`: a short one at once, a long one slice by slice. */
export type XmlReader = (bytes: Uint8Array, target: Record<string, unknown>) => void | Promise<void>;

/** Between two slices of a long document everybody else has a turn: some 5 ms of work, characters. */
const SLICE_LENGTH = 64 * 1024;

/** What one element may hold. Exactly one of `leaf` and `child` is set. */
interface Plan {
  readonly leaf?: TextReader;
  child?(name: string): Child | undefined;
  attribute?(name: string): Child | undefined;
  make?(): object;
  /** After the element's end: complete and within bounds? */
  finish?(value: object, reading: Reading): void;
}

/** A child element or attribute: how it is read, and how its value goes into its parent's. */
interface Child {
  readonly plan: Plan;
  readonly repeats: boolean;
  put(parent: object, value: unknown): void;
}

interface Frame {
  readonly plan: Plan;
  readonly child?: Child;
  readonly value: object | undefined;
  /** Names of the children so far. */
  seen?: Set<string>;
  text: string;
}

/** The parser is loaded with the first document: not every run reads one. */
const saxes = (): typeof import('saxes') => require('saxes');

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function compileXmlReader(
  structure: Structure,
  members: readonly string[],
  rootName: string,
  options: XmlReaderOptions,
): XmlReader {
  const root = new Compiler(options).structure(structure, new Set(members));
  return (bytes, target) => {
    if (bytes.length === 0) throw missingRequestBody();
    return walk(decode(bytes), root, rootName, target, options.namespace);
  };
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformedXml('the document is not UTF-8');
  }
}

// ---- walking ---------------------------------------------------------------------------------------------------------

function walk(
  xml: string,
  root: Plan,
  rootName: string,
  target: object,
  namespace: string | undefined,
): void | Promise<void> {
  const { SaxesParser } = saxes();
  const parser = new SaxesParser({ xmlns: true, position: true });
  const reading = new Reading();
  const frames: Frame[] = [];
  const fail = (what: string): AwsError =>
    malformedXml(`${what} at line ${parser.line}, column ${parser.column}, in /${reading.path.join('/')}`);

  parser.on('doctype', () => {
    throw fail('a document type declaration');
  });
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding && !/^(utf-?8|us-ascii)$/i.test(encoding)) throw fail(`the unsupported encoding ${encoding}`);
  });
  parser.on('error', (error) => {
    throw malformedXml(error.message);
  });

  parser.on('opentag', (tag) => {
    if (tag.uri !== '' && tag.uri !== namespace)
      throw fail(`element <${tag.name}> of the unknown namespace ${tag.uri}`);
    const frame = frames.length === 0 ? openRoot(tag) : openChild(frames[frames.length - 1], tag);
    if (frames.length >= MAX_DEPTH) throw fail(`elements nested more than ${MAX_DEPTH} deep`);
    reading.path.push(tag.local);
    frames.push(frame);
    for (const attribute of Object.values(tag.attributes)) readAttribute(frame, attribute);
  });
  const openRoot = (tag: SaxesTagNS): Frame => {
    if (tag.local !== rootName) throw fail(`root element <${tag.name}> where <${rootName}> is expected`);
    return { plan: root, value: target, text: '' };
  };
  const openChild = (parent: Frame, tag: SaxesTagNS): Frame => {
    const child = parent.plan.child?.(tag.local);
    if (!child) throw fail(`unexpected element <${tag.name}>`);
    if (!child.repeats) {
      parent.seen ??= new Set();
      if (parent.seen.has(tag.local)) throw fail(`element <${tag.name}> occurs more than once`);
      parent.seen.add(tag.local);
    }
    return { plan: child.plan, child, value: child.plan.make?.(), text: '' };
  };
  const readAttribute = (frame: Frame, { prefix, uri, local, name, value }: SaxesAttributeNS) => {
    if (prefix === 'xmlns' || name === 'xmlns') return;
    const child = frame.plan.attribute?.(uri === XSI ? `xsi:${local}` : local);
    if (child) child.put(frame.value as object, leaf(child.plan.leaf as TextReader, value));
    else if (uri !== XSI) throw fail(`unexpected attribute ${name}`);
  };

  const leaf = (reader: TextReader, text: string): unknown => {
    const value = reader.read(reader.expected === 'a string' ? text : text.trim());
    if (value === undefined) throw fail(`"${text.slice(0, 64)}" is not ${reader.expected}`);
    return value;
  };
  const addText = (text: string) => {
    const frame = frames[frames.length - 1];
    if (!frame) return;
    if (frame.plan.leaf) frame.text += text;
    else if (text.trim() !== '') throw fail('text between elements');
  };
  parser.on('text', addText);
  parser.on('cdata', addText);

  parser.on('closetag', () => {
    const { plan, child, value, text } = frames.pop() as Frame;
    if (value) plan.finish?.(value, reading);
    const result = plan.leaf ? leaf(plan.leaf, text) : value;
    const parent = frames[frames.length - 1];
    if (child && parent) child.put(parent.value as object, result);
    if (reading.violations.length > 0) throw fail(reading.violations.join('; '));
    reading.path.pop();
  });

  if (xml.length > SLICE_LENGTH) return walkSlices(parser, xml);
  parser.write(xml).close();
}

async function walkSlices(parser: { write(xml: string): unknown; close(): unknown }, xml: string): Promise<void> {
  for (let from = 0; from < xml.length; from += SLICE_LENGTH) {
    if (from > 0) await setImmediate();
    parser.write(xml.slice(from, from + SLICE_LENGTH));
  }
  parser.close();
}

// ---- compiling -------------------------------------------------------------------------------------------------------

type Fields = Record<string, unknown>;

class Compiler {
  private readonly structures = new Map<Structure, Plan>();

  constructor(private readonly options: XmlReaderOptions) {}

  /** @param only the members that are in the document, when the others are bound to the request's head */
  structure(shape: Structure, only?: ReadonlySet<string>): Plan {
    const known = only ? undefined : this.structures.get(shape);
    if (known) return known;
    const children = new Map<string, Child>();
    const attributes = new Map<string, Child>();
    const required: string[] = [];
    const checks: [name: string, check: Check][] = [];
    const plan: Plan = {
      child: (name) => children.get(name),
      attribute: (name) => attributes.get(name),
      make: () => ({}),
      finish: (value, reading) => {
        const fields = value as Fields;
        for (const name of required) if (fields[name] === undefined) reading.missing(name);
        for (const [name, check] of checks) if (fields[name] !== undefined) check(fields[name], reading);
        if (shape.union && Object.keys(value).length !== 1) {
          reading.violate(`'${Object.keys(value).join(', ')}'`, 'Exactly one member must be set');
        }
      },
    };
    if (!only) this.structures.set(shape, plan);
    for (const member of shape.members) {
      if (only && !only.has(member.name)) continue;
      const name = member.traits.xmlName ?? member.name;
      const check = checkOf(shape, member, this.options.notes);
      if (check) checks.push([member.name, check]);
      const child = this.member(member, member.name);
      (member.traits.xmlAttribute ? attributes : children).set(name, child);
      if (member.required) required.push(member.name);
    }
    return plan;
  }

  private member(slot: Slot, name: string): Child {
    const { shape, traits } = slot;
    if (shape.kind === 'list' && traits.xmlFlattened) {
      const put = (parent: object, value: unknown) => {
        const fields = parent as Record<string, unknown[] | undefined>;
        const list = fields[name];
        if (list) list.push(value);
        else fields[name] = [value];
      };
      return { plan: this.shape(shape.item.shape), repeats: true, put };
    }
    if (shape.kind === 'map' && traits.xmlFlattened) {
      const put = (parent: object, value: unknown) => {
        const fields = parent as Record<string, Fields | undefined>;
        fields[name] ??= {};
        addEntry(fields[name], value as Entry);
      };
      return { plan: this.entry(shape), repeats: true, put };
    }
    const put = (parent: object, value: unknown) => {
      (parent as Fields)[name] = value;
    };
    return { plan: this.shape(shape), repeats: false, put };
  }

  private shape(shape: Shape): Plan {
    if (shape.kind === 'structure') return this.structure(shape);
    if (shape.kind === 'list') return this.list(shape);
    return shape.kind === 'map' ? this.map(shape) : { leaf: textReader(shape, this.options) };
  }

  private list({ item }: List): Plan {
    const itemName = item.traits.xmlName ?? 'member';
    const put = (parent: object, value: unknown) => {
      (parent as unknown[]).push(value);
    };
    const child: Child = { plan: this.shape(item.shape), repeats: true, put };
    return { child: (name) => (name === itemName ? child : undefined), make: () => [] };
  }

  private map(shape: Dictionary): Plan {
    const put = (parent: object, value: unknown) => addEntry(parent as Fields, value as Entry);
    const child: Child = { plan: this.entry(shape), repeats: true, put };
    return { child: (name) => (name === 'entry' ? child : undefined), make: () => ({}) };
  }

  private entry({ key, value }: Dictionary): Plan {
    const children = new Map<string, Child>();
    children.set(key.traits.xmlName ?? 'key', this.member(key, 'key'));
    children.set(value.traits.xmlName ?? 'value', this.member(value, 'value'));
    return {
      child: (name) => children.get(name),
      make: () => ({}),
      finish: (entry, reading) => {
        for (const name of ['key', 'value']) if ((entry as Fields)[name] === undefined) reading.missing(name);
      },
    };
  }
}

interface Entry {
  readonly key: string;
  readonly value: unknown;
}

function addEntry(target: Fields, { key, value }: Entry): void {
  assign(target, key, value);
}
