/**
 * Documents of nested objects, as JSON and CBOR have them, to typed values and back. Unknown members are ignored, as AWS
 * does; wrong types are refused in the words of AWS's services. What the simple values look like is for `json.ts` and
 * `cbor.ts` to say.
 */
import { jsonWords } from './errors';
import { assign, type Check, checkOf, MAX_DEPTH, Reading, settle } from './reading';
import type { Dictionary, List, Shape, Simple, Structure } from './schema';
import type { ModelNotes } from './wire';

type Fields = Record<string, unknown>;

// ---- reading ---------------------------------------------------------------------------------------------------------

export type Read = (value: unknown, reading: Reading) => unknown;

/** Reads the given members of a structure into `target`. @throws AwsError */
export function compileDocumentReader(
  structure: Structure,
  members: readonly string[],
  readSimple: (shape: Simple) => Read,
  notes: ModelNotes | undefined,
): (document: unknown, target: Fields) => void {
  const read = new ReaderCompiler(readSimple, notes).structure(structure, new Set(members));
  return (document, target) => {
    const reading = new Reading();
    Object.assign(target, read(document, reading));
    settle(reading, jsonWords, notes);
  };
}

/** Coral's names for what it met. */
function tokenOf(value: unknown): string {
  if (Array.isArray(value)) return 'Start of list';
  if (value && typeof value === 'object') return 'Start of structure or map';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}

export function mismatch(value: unknown, wanted: string, reading: Reading) {
  const found = tokenOf(value);
  const what =
    found.startsWith('Start') || wanted === ''
      ? `${found.startsWith('Start') ? found : 'Unexpected value'} found where not expected`
      : `${found} cannot be converted to ${wanted}`;
  return jsonWords.malformed(what, reading.place());
}

class ReaderCompiler {
  private readonly structures = new Map<Structure, Read>();

  constructor(
    private readonly readSimple: (shape: Simple) => Read,
    private readonly notes: ModelNotes | undefined,
  ) {}

  structure(shape: Structure, only?: ReadonlySet<string>): Read {
    const known = only ? undefined : this.structures.get(shape);
    if (known) return known;
    let fields: Map<string, { name: string; read: Read; check?: Check }> | undefined;
    const required: string[] = [];
    const compile = () => {
      const compiled = new Map<string, { name: string; read: Read; check?: Check }>();
      for (const member of shape.members) {
        if (only && !only.has(member.name)) continue;
        const check = checkOf(shape, member, this.notes);
        compiled.set(member.traits.jsonName ?? member.name, {
          name: member.name,
          read: this.shape(member.shape),
          check,
        });
        if (member.required) required.push(member.name);
      }
      return compiled;
    };
    const read: Read = (value, reading) => {
      fields ??= compile();
      const result: Fields = {};
      for (const [name, item] of entriesOf(value, reading)) {
        const field = item === null ? undefined : fields.get(name);
        if (!field) continue;
        reading.path.push(name);
        result[field.name] = field.read(item, reading);
        reading.path.pop();
        field.check?.(result[field.name], reading);
      }
      for (const name of required) if (result[name] === undefined) reading.missing(name);
      if (shape.union && Object.keys(result).length !== 1) {
        throw jsonWords.malformed(`Exactly one member of ${shape.name} must be set`, reading.place());
      }
      return result;
    };
    if (!only) this.structures.set(shape, read);
    return read;
  }

  private shape(shape: Shape): Read {
    switch (shape.kind) {
      case 'structure':
        return this.structure(shape);
      case 'list':
        return this.list(shape);
      case 'map':
        return this.map(shape);
      default:
        return this.readSimple(shape);
    }
  }

  private list({ item }: List): Read {
    const read = this.shape(item.shape);
    return (value, reading) => {
      if (!Array.isArray(value)) throw mismatch(value, '', reading);
      return value.map((one, index) => {
        reading.path.push(`${index + 1}.member`);
        if (one === null) reading.violate('null', 'Member must not be null');
        const result = one === null ? undefined : read(one, reading);
        reading.path.pop();
        return result;
      });
    };
  }

  private map({ value: slot }: Dictionary): Read {
    const read = this.shape(slot.shape);
    return (value, reading) => {
      const result: Fields = {};
      for (const [name, item] of entriesOf(value, reading)) {
        if (item === null) continue;
        if (!name.isWellFormed()) throw jsonWords.malformed('A key holds half a character', reading.place());
        reading.path.push(name);
        assign(result, name, read(item, reading));
        reading.path.pop();
      }
      return result;
    };
  }
}

function entriesOf(value: unknown, reading: Reading): [string, unknown][] {
  if (!value || Object.getPrototypeOf(value) !== Object.prototype) throw mismatch(value, '', reading);
  if (reading.path.length > MAX_DEPTH) throw jsonWords.malformed('The document is nested too deeply', '');
  return Object.entries(value);
}

// ---- writing ---------------------------------------------------------------------------------------------------------

export type Write = (value: unknown) => unknown;

/** Makes a plain document of the given members of a structure. */
export function compileDocumentWriter(
  structure: Structure,
  members: readonly string[],
  writeSimple: (shape: Simple) => Write,
): (value: Readonly<Fields>) => Fields {
  return new WriterCompiler(writeSimple).structure(structure, new Set(members)) as (value: Readonly<Fields>) => Fields;
}

class WriterCompiler {
  private readonly structures = new Map<Structure, Write>();

  constructor(private readonly writeSimple: (shape: Simple) => Write) {}

  structure(shape: Structure, only?: ReadonlySet<string>): Write {
    const known = only ? undefined : this.structures.get(shape);
    if (known) return known;
    let fields: { name: string; as: string; write: Write }[] | undefined;
    const write: Write = (value) => {
      fields ??= shape.members
        .filter(({ name }) => !only || only.has(name))
        .map(({ name, traits, shape }) => ({ name, as: traits.jsonName ?? name, write: this.shape(shape) }));
      const result: Fields = {};
      for (const { name, as, write } of fields) {
        const field = (value as Fields)[name];
        if (field !== undefined && field !== null) result[as] = write(field);
      }
      return result;
    };
    if (!only) this.structures.set(shape, write);
    return write;
  }

  private shape(shape: Shape): Write {
    switch (shape.kind) {
      case 'structure':
        return this.structure(shape);
      case 'list': {
        const write = this.shape(shape.item.shape);
        return (value) => (value as unknown[]).map(write);
      }
      case 'map': {
        const write = this.shape(shape.value.shape);
        return (value) => {
          const result: Fields = {};
          for (const [name, item] of Object.entries(value as Fields)) {
            if (item !== undefined && item !== null) assign(result, name, write(item));
          }
          return result;
        };
      }
      default:
        return this.writeSimple(shape);
    }
  }
}
