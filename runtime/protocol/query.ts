/**
 * Query requests (`Action=...&Version=...&Tags.member.1.Key=...`) to typed values. What they answer is XML: see
 * `xml/writer.ts`. Parameters that the schema does not know are ignored, as AWS does (signatures of old clients are
 * among them); syntax, types and list indices are strict. Source: Smithy specification, "AWS query protocol".
 */
import { malformedQueryString, queryWords } from './errors';
import { assign, type Check, checkOf, MAX_DEPTH, Reading, settle } from './reading';
import type { Dictionary, List, Shape, Structure } from './schema';
import { type TextOptions, textReader } from './text';
import type { ModelNotes } from './wire';

type Fields = Record<string, unknown>;
export type Pair = readonly [name: string, value: string];

/** Most parameters in one request. */
const MAX_PAIRS = 20_000;
const TEXT: TextOptions = { timestamps: 'date-time' };

const parsed = new WeakMap<Uint8Array, readonly Pair[]>();

/** The pairs of a form that is looked at twice: for its Action and for its parameters. */
export function formPairs(bytes: Uint8Array): readonly Pair[] {
  let pairs = parsed.get(bytes);
  if (!pairs) {
    pairs = parseForm(bytes);
    parsed.set(bytes, pairs);
  }
  return pairs;
}

/** The pairs of an `application/x-www-form-urlencoded` document. */
function parseForm(bytes: Uint8Array): Pair[] {
  const parts = textOf(bytes).split('&', MAX_PAIRS + 1);
  if (parts.length > MAX_PAIRS) throw malformedQueryString(`more than ${MAX_PAIRS} parameters`);
  return parts
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
    });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformedQueryString('it is not UTF-8');
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformedQueryString(`"${text.slice(0, 64)}" is not percent-encoded UTF-8`);
  }
}

/** The parameters as the tree that their dotted names describe. */
interface Node {
  text?: string;
  children?: Map<string, Node>;
}

function treeOf(pairs: readonly Pair[]): Node {
  const root: Node = {};
  for (const [name, value] of pairs) {
    const steps = name.split('.', 2 * MAX_DEPTH + 1);
    if (steps.length > 2 * MAX_DEPTH)
      throw malformedQueryString(`the parameter ${name.slice(0, 64)}... is nested too deeply`);
    let node = root;
    for (const step of steps) {
      node.children ??= new Map();
      let next = node.children.get(step);
      if (!next) {
        next = {};
        node.children.set(step, next);
      }
      node = next;
    }
    if (node.text !== undefined) throw malformedQueryString(`the parameter ${name} occurs more than once`);
    node.text = value;
  }
  return root;
}

type Read = (node: Node, reading: Reading) => unknown;

export function compileQueryReader(
  structure: Structure,
  notes: ModelNotes | undefined,
): (pairs: readonly Pair[], target: Fields) => void {
  const read = new Compiler(notes).structure(structure);
  return (pairs, target) => {
    const reading = new Reading();
    Object.assign(target, read(treeOf(pairs), reading));
    settle(reading, queryWords, notes);
  };
}

class Compiler {
  private readonly structures = new Map<Structure, Read>();

  constructor(private readonly notes: ModelNotes | undefined) {}

  structure(shape: Structure): Read {
    const known = this.structures.get(shape);
    if (known) return known;
    let fields: { name: string; as: string; required: boolean; read: Read; check?: Check }[] | undefined;
    const read: Read = (node, reading) => {
      fields ??= shape.members.map((member) => ({
        name: member.name,
        as: member.traits.xmlName ?? member.name,
        required: member.required,
        read: this.shape(member.shape, Boolean(member.traits.xmlFlattened)),
        check: checkOf(shape, member, this.notes),
      }));
      const result: Fields = {};
      for (const { name, as, required, read, check } of fields) {
        const child = node.children?.get(as);
        if (child) {
          reading.path.push(name);
          result[name] = read(child, reading);
          reading.path.pop();
          check?.(result[name], reading);
        } else if (required) reading.missing(name);
      }
      if (shape.union && Object.keys(result).length !== 1) {
        throw queryWords.malformed(`Exactly one member of ${shape.name} must be set`, reading.place());
      }
      return result;
    };
    this.structures.set(shape, read);
    return read;
  }

  private shape(shape: Shape, flat: boolean): Read {
    switch (shape.kind) {
      case 'structure': {
        const read = this.structure(shape);
        return (node, reading) => {
          if (node.text) throw queryWords.malformed('Start of structure or map expected', reading.place());
          return read(node, reading);
        };
      }
      case 'list':
        return this.list(shape, flat);
      case 'map':
        return this.map(shape, flat);
      default: {
        const { read, expected } = textReader(shape, TEXT);
        return (node, reading) => {
          if (node.text === undefined) {
            throw queryWords.malformed('Start of structure or map found where not expected', reading.place());
          }
          const value = read(node.text);
          if (value === undefined) {
            throw queryWords.malformed(`"${node.text.slice(0, 64)}" is not ${expected}`, reading.place());
          }
          return value;
        };
      }
    }
  }

  private list({ item }: List, flat: boolean): Read {
    const read = this.shape(item.shape, false);
    const itemName = item.traits.xmlName ?? 'member';
    return (node, reading) => {
      const numbered = numberedChildren(flat ? node : stepInto(node, itemName, reading), reading);
      return numbered.map((child, index) => {
        reading.path.push(`${index + 1}.member`);
        const value = read(child, reading);
        reading.path.pop();
        return value;
      });
    };
  }

  private map({ key, value }: Dictionary, flat: boolean): Read {
    const readValue = this.shape(value.shape, false);
    const keyName = key.traits.xmlName ?? 'key';
    const valueName = value.traits.xmlName ?? 'value';
    return (node, reading) => {
      const result: Fields = {};
      for (const entry of numberedChildren(flat ? node : stepInto(node, 'entry', reading), reading)) {
        const name = entry.children?.get(keyName)?.text;
        const child = entry.children?.get(valueName);
        if (name === undefined || !child)
          throw queryWords.malformed('A map entry lacks its key or value', reading.place());
        reading.path.push(name);
        assign(result, name, readValue(child, reading));
        reading.path.pop();
      }
      return result;
    };
  }
}

/** `Tags.member` below `Tags`; `Tags=` alone is an empty list. */
function stepInto(node: Node, name: string, reading: Reading): Node {
  if (!node.children && node.text === '') return {};
  const child = node.children?.get(name);
  if (!child || node.text || node.children?.size !== 1) {
    throw queryWords.malformed(`Only "${name}" is expected in this list`, reading.place());
  }
  return child;
}

function numberedChildren(node: Node, reading: Reading): Node[] {
  if (node.text) throw queryWords.malformed('A list without numbers', reading.place());
  const numbered = [...(node.children ?? [])].map(([step, child]) => {
    if (!/^\d{1,6}$/.test(step)) throw queryWords.malformed(`"${step}" is not a number in a list`, reading.place());
    return { number: Number(step), child };
  });
  return numbered.sort((a, b) => a.number - b.number).map(({ child }) => child);
}
