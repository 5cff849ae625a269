/**
 * Reads the schema constants of the vendor's clients (`PutObject$`, `Tagging$`, ...) into shapes that the rest of this
 * floor compiles. The only file that knows their encoding, which is that of `@smithy/types` "static-schemas", "sentinels"
 * and "traits". Shapes are read when first looked at: a client describes hundreds of operations and a run uses few.
 */
import type { Wire } from './wire';

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

/** What the model says of a shape or member beyond its type. Names are those of the Smithy traits. */
export interface Traits {
  readonly httpLabel?: unknown;
  readonly httpQuery?: string;
  readonly httpQueryParams?: unknown;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpPayload?: unknown;
  readonly httpResponseCode?: unknown;
  readonly hostLabel?: unknown;
  readonly jsonName?: string;
  readonly xmlName?: string;
  readonly xmlFlattened?: unknown;
  readonly xmlAttribute?: unknown;
  readonly xmlNamespace?: readonly [prefix: string, uri: string];
  readonly sparse?: unknown;
  readonly streaming?: unknown;
  readonly eventPayload?: unknown;
  readonly eventHeader?: unknown;
  readonly error?: 'client' | 'server';
  readonly httpError?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
  readonly http?: readonly [method: string, path: string, status: number];
}

/** A place that holds a value: a member of a structure, the item of a list, the key or value of a map. */
export interface Slot {
  readonly shape: Shape;
  /** Traits of the place, not of what it holds. */
  readonly traits: Traits;
}

export interface Member extends Slot {
  readonly name: string;
  readonly required: boolean;
}

export interface Simple {
  readonly kind: 'string' | 'boolean' | 'number' | 'bigInteger' | 'bigDecimal' | 'blob' | 'timestamp' | 'document';
  /** Timestamps only: where the model fixes it; else it depends on protocol and place. */
  readonly format?: TimestampFormat;
  readonly traits: Traits;
}

export interface List {
  readonly kind: 'list';
  readonly item: Slot;
  readonly traits: Traits;
}

export interface Dictionary {
  readonly kind: 'map';
  readonly key: Slot;
  readonly value: Slot;
  readonly traits: Traits;
}

export interface Structure {
  readonly kind: 'structure';
  readonly name: string;
  readonly namespace: string;
  /** Exactly one member is set. */
  readonly union: boolean;
  readonly members: readonly Member[];
  readonly traits: Traits;
}

export type Shape = Simple | List | Dictionary | Structure;

export interface OperationSchema {
  readonly name: string;
  readonly http?: { readonly method: string; readonly path: string; readonly query: string; readonly status: number };
  /** Absent: the operation takes nothing. */
  readonly input?: Structure;
  /** Absent: the operation answers nothing, which in Query also means no result element. */
  readonly output?: Structure;
}

export interface Client {
  readonly namespace: string;
  readonly operations: ReadonlyMap<string, OperationSchema>;
  /** A modelled error by its shape's name or its Query code. */
  error(code: string): Structure | undefined;
}

// ---- the encoding --------------------------------------------------------------------------------------------------

type RawTraits = number | Traits;
type RawRef = number | string | Raw | (() => RawRef);
type Raw = readonly unknown[];

const KIND = { error: -3, simple: 0, list: 1, map: 2, structure: 3, union: 4, operation: 9 } as const;
const LIST_OF = 64;
const MAP_OF = 128;

const SIMPLES: Readonly<Record<number, Simple>> = {
  0: { kind: 'string', traits: {} },
  1: { kind: 'number', traits: {} },
  2: { kind: 'boolean', traits: {} },
  4: { kind: 'timestamp', traits: {} },
  5: { kind: 'timestamp', format: 'date-time', traits: {} },
  6: { kind: 'timestamp', format: 'http-date', traits: {} },
  7: { kind: 'timestamp', format: 'epoch-seconds', traits: {} },
  15: { kind: 'document', traits: {} },
  17: { kind: 'bigInteger', traits: {} },
  19: { kind: 'bigDecimal', traits: {} },
  21: { kind: 'blob', traits: {} },
  42: { kind: 'blob', traits: { streaming: 1 } },
};

const BIT_TRAITS = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
] as const;

function traitsOf(raw: RawTraits): Traits {
  if (typeof raw !== 'number') return raw;
  const traits: Record<string, unknown> = {};
  for (const [bit, name] of BIT_TRAITS.entries()) if ((raw >> bit) & 1) traits[name] = 1;
  return traits;
}

/** A reference is a schema, a function that answers one, or a pair of a reference and the traits of the place. */
function slotOf(ref: RawRef): Slot {
  let raw = ref;
  let traits: Traits = {};
  for (;;) {
    if (typeof raw === 'function') raw = raw();
    else if (Array.isArray(raw) && raw.length === 2) {
      traits = { ...traitsOf(raw[1] as RawTraits), ...traits };
      raw = raw[0] as RawRef;
    } else break;
  }
  return { traits, shape: shapeOf(raw as number | string | Raw) };
}

const shapes = new WeakMap<Raw, Shape>();

function shapeOf(raw: number | string | Raw): Shape {
  if (typeof raw === 'number') return codedShape(raw);
  if (typeof raw === 'string')
    return { kind: 'structure', name: raw, namespace: '', union: false, members: [], traits: {} };
  let shape = shapes.get(raw);
  if (!shape) {
    shape = readShape(raw);
    shapes.set(raw, shape);
  }
  return shape;
}

function codedShape(code: number): Shape {
  if (code & LIST_OF) return { kind: 'list', item: slotOf(code & ~LIST_OF), traits: {} };
  if (code & MAP_OF) return { kind: 'map', key: slotOf(0), value: slotOf(code & ~MAP_OF), traits: {} };
  const simple = SIMPLES[code];
  if (!simple) throw new TypeError(`the client's schema uses the unknown type code ${code}`);
  return simple;
}

function readShape(raw: Raw): Shape {
  const [kind, namespace, name, rawTraits] = raw as readonly [number, string, string, RawTraits];
  const traits = traitsOf(rawTraits);
  switch (kind) {
    case KIND.simple: {
      const { shape } = slotOf(raw[4] as RawRef);
      return { ...shape, traits: { ...shape.traits, ...traits } };
    }
    case KIND.list:
      return lazily({ kind: 'list', traits }, { item: () => slotOf(raw[4] as RawRef) });
    case KIND.map:
      return lazily(
        { kind: 'map', traits },
        { key: () => slotOf(raw[4] as RawRef), value: () => slotOf(raw[5] as RawRef) },
      );
    case KIND.structure:
    case KIND.union:
    case KIND.error:
      return lazily(
        { kind: 'structure', name, namespace, union: kind === KIND.union, traits },
        { members: () => membersOf(raw) },
      );
    default:
      throw new TypeError(`the client's schema of ${name} is of the unknown kind ${kind}`);
  }
}

function membersOf(raw: Raw): Member[] {
  const names = raw[4] as readonly string[];
  const refs = raw[5] as readonly RawRef[];
  const required = (raw[6] as number | undefined) ?? 0;
  return names.map((name, index) => {
    const { shape, traits } = slotOf(refs[index]);
    return { name, required: index < required, shape, traits: corrected(traits) };
  });
}

/** The client reads S3's `Expires` twice, as a date and as text, and calls the text's header `ExpiresString`. */
function corrected(traits: Traits): Traits {
  return traits.httpHeader === 'ExpiresString' ? { ...traits, httpHeader: 'Expires' } : traits;
}

/** Adds properties that are computed when first read: shapes refer to each other in circles. */
function lazily<T extends object, P extends Record<string, () => unknown>>(
  target: T,
  properties: P,
): T & { readonly [K in keyof P]: ReturnType<P[K]> } {
  for (const [key, compute] of Object.entries(properties)) {
    Object.defineProperty(target, key, {
      configurable: true,
      enumerable: true,
      get() {
        const value = compute();
        Object.defineProperty(target, key, { value, enumerable: true });
        return value;
      },
    });
  }
  return target as T & { readonly [K in keyof P]: ReturnType<P[K]> };
}

// ---- a client ------------------------------------------------------------------------------------------------------

/** All that a client package says of its service. Loads the package. */
export function readClient(wire: Wire): Client {
  const operations = new Map<string, OperationSchema>();
  const errors = new Map<string, Raw>();
  let namespace = '';
  for (const [exported, raw] of Object.entries(wire.client())) {
    if (!exported.endsWith('$') || !Array.isArray(raw)) continue;
    if (raw[0] === KIND.operation) {
      namespace = raw[1];
      operations.set(raw[2], operationOf(raw));
    } else if (raw[0] === KIND.error) {
      errors.set(raw[2], raw);
      const code = traitsOf(raw[3]).awsQueryError?.[0];
      if (code && !errors.has(code)) errors.set(code, raw);
    }
  }
  return {
    namespace,
    operations,
    error: (code) => {
      const raw = errors.get(code);
      return raw && (shapeOf(raw) as Structure);
    },
  };
}

function operationOf(raw: Raw): OperationSchema {
  const name = raw[2] as string;
  const { http } = traitsOf(raw[3] as RawTraits);
  const [path, query = ''] = http ? http[1].split('?') : [''];
  return lazily(
    { name, http: http && { method: http[0], path, query, status: http[2] } },
    { input: () => structureOf(raw[4] as RawRef), output: () => structureOf(raw[5] as RawRef) },
  );
}

function structureOf(ref: RawRef): Structure | undefined {
  const { shape } = slotOf(ref);
  return shape.kind === 'structure' && shape.name !== 'unit' ? shape : undefined;
}
