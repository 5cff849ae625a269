/**
 * Shapes of properties, as AWS's registry has them: written small by the build, and held against what a template says,
 * in CloudFormation's words: `#/Rules/0: extraneous key [X] is not permitted`. Scalars are taken for one another, as
 * CloudFormation takes them; where a property may have several shapes, nothing is said.
 */
import { isObject } from '../../engine/template/parse';

/** Number of a definition, `s` for a scalar, `*` for anything, a list or a map of something. */
type Shape = number | 's' | '*' | readonly ['l' | 'm', Shape];

/** Members of one object; an exclamation mark behind the name of one that is required. */
type Members = Readonly<Record<string, Shape>>;

/** The properties themselves come first, then what they consist of. */
export type Definitions = readonly Members[];

export function violations(definitions: Definitions, properties: object): string[] {
  const found: string[] = [];
  checkMembers(properties as Record<string, unknown>, 0, definitions, '#', found);
  return found;
}

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  at: number,
  definitions: Definitions,
  path: string,
  found: string[],
): void {
  const members = new Map(Object.entries(definitions[at]));
  for (const name of members.keys()) {
    if (!name.endsWith('!')) continue;
    const required = name.slice(0, -1);
    if (value[required] === undefined) found.push(`${path}: required key [${required}] not found`);
  }
  for (const [name, item] of Object.entries(value)) {
    const shape = members.get(name) ?? members.get(`${name}!`);
    if (shape === undefined) found.push(`${path}: extraneous key [${name}] is not permitted`);
    else check(item, shape, definitions, `${path}/${name}`, found);
  }
}

function check(value: unknown, shape: Shape, definitions: Definitions, path: string, found: string[]): void {
  // A symbol stands for what is only known when the resource is made.
  if (value === undefined || typeof value === 'symbol' || shape === '*') return;
  const wrong = (expected: string) => void found.push(`${path}: expected type: ${expected}, found: ${kindOf(value)}`);
  if (shape === 's') {
    if (typeof value === 'object') wrong('String');
  } else if (typeof shape === 'number') {
    if (isObject(value)) checkMembers(value, shape, definitions, path, found);
    else wrong('JSONObject');
  } else if (shape[0] === 'l') {
    if (!Array.isArray(value)) wrong('JSONArray');
    else for (const [index, item] of value.entries()) check(item, shape[1], definitions, `${path}/${index}`, found);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) check(item, shape[1], definitions, `${path}/${key}`, found);
  } else {
    wrong('JSONObject');
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'JSONArray';
  if (typeof value === 'object') return 'JSONObject';
  return typeof value === 'string' ? 'String' : typeof value === 'boolean' ? 'Boolean' : 'Integer';
}

// ---- Making them --------------------------------------------------------------------------------------------------

/** As much of `@aws-cdk/aws-service-spec` as is read here. */
export interface SpecType {
  readonly type: string;
  readonly element?: SpecType;
  readonly reference?: { readonly $ref: string };
}

export type SpecProperties = Readonly<Record<string, { readonly type: SpecType; readonly required?: boolean }>>;

/** @param definition properties of a type definition, by its id */
export function definitionsOf(properties: SpecProperties, definition: (id: string) => SpecProperties): Definitions {
  const made: (Members | undefined)[] = [undefined];
  const numbers = new Map<string, number>();
  const shapeOf = ({ type, element, reference }: SpecType): Shape => {
    switch (type) {
      case 'ref': {
        const id = reference!.$ref;
        const known = numbers.get(id);
        if (known !== undefined) return known;
        const number = made.push(undefined) - 1;
        numbers.set(id, number);
        made[number] = membersOf(definition(id));
        return number;
      }
      case 'array':
        return ['l', shapeOf(element!)];
      case 'map':
        return ['m', shapeOf(element!)];
      case 'string':
      case 'number':
      case 'integer':
      case 'boolean':
      case 'date-time':
        return 's';
      default:
        return '*';
    }
  };
  const membersOf = (all: SpecProperties): Members =>
    Object.fromEntries(Object.entries(all).map(([name, it]) => [it.required ? `${name}!` : name, shapeOf(it.type)]));
  made[0] = membersOf(properties);
  return made as Members[];
}
